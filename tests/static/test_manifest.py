"""The manifest of a folder: written and read again, and every way to be of no use."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz.errors import FastgzError
from pyfastgz.errors import ManifestError
from pyfastgz.static import manifest
from pyfastgz.static.manifest import Manifest
from pyfastgz.static.manifest import SiblingFile
from pyfastgz.static.manifest import Source
from pyfastgz.static.manifest import fits
from pyfastgz.static.manifest import read_manifest
from pyfastgz.static.manifest import sibling_path
from pyfastgz.static.manifest import write_manifest

DIGEST = "0123456789abcdef" * 4
LATER_NS = 1_700_000_000_123_456_789
SIBLINGS = {
    "gzip": SiblingFile("app.js.gz", 45, DIGEST),
    "zstd": SiblingFile("app.js.zst", 40, DIGEST[::-1]),
}
MANIFEST = Manifest(
    {
        "js/app.js": Source(123, LATER_NS, DIGEST, SIBLINGS),
        "tiny.txt": Source(0, -5, DIGEST, {}, ("br", "gzip")),
    }
)


def document() -> Any:
    """What the manifest above is in JSON."""
    return {
        "version": 1,
        "files": {
            "js/app.js": {
                "nbytes": 123,
                "mtime_ns": LATER_NS,
                "sha256": DIGEST,
                "siblings": {
                    "gzip": {"name": "app.js.gz", "nbytes": 45, "sha256": DIGEST},
                    "zstd": {"name": "app.js.zst", "nbytes": 40, "sha256": DIGEST[::-1]},
                },
                "not_worth": [],
            },
            "tiny.txt": {
                "nbytes": 0,
                "mtime_ns": -5,
                "sha256": DIGEST,
                "siblings": {},
                "not_worth": ["br", "gzip"],
            },
        },
    }


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_manifest(tmp_path, MANIFEST)
    assert os.listdir(tmp_path) == [".pyfastgz.json"]
    assert json.loads((tmp_path / manifest.NAME).read_bytes()) == document()
    assert read_manifest(tmp_path) == MANIFEST
    assert read_manifest(str(tmp_path)) == MANIFEST


def test_the_same_manifest_is_the_same_bytes(tmp_path: Path) -> None:
    write_manifest(tmp_path, MANIFEST)
    first = (tmp_path / manifest.NAME).read_bytes()
    files = {
        path: source._replace(siblings=dict(reversed([*source.siblings.items()])))
        for path, source in reversed([*MANIFEST.files.items()])
    }
    write_manifest(tmp_path, Manifest(files))
    assert (tmp_path / manifest.NAME).read_bytes() == first


def test_no_manifest(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    assert read_manifest(tmp_path / "missing") is None


NAMES = st.text(
    st.characters(exclude_characters="/\0\\:") | st.characters(categories=["Cs"]), min_size=1
).filter(lambda name: name not in {".", ".."})
NUMBERS = st.integers(0, 2**63 - 1)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(
    st.dictionaries(
        st.lists(NAMES, min_size=1, max_size=3).map("/".join),
        st.builds(
            Source,
            NUMBERS,
            st.integers(1 - 2**63, 2**63 - 1),
            DIGESTS,
            st.just({}),
            st.sampled_from([(), ("br",), ("br", "zstd")]),
        ),
        max_size=3,
    ),
    st.dictionaries(
        st.sampled_from(["br", "gzip", "zstd"]), st.builds(SiblingFile, NAMES, NUMBERS, DIGESTS)
    ),
)
def test_any_names_survive(
    tmp_path_factory: pytest.TempPathFactory,
    files: dict[str, Source],
    siblings: dict[str, SiblingFile],
) -> None:
    """Those too that are no Unicode, which Python reads from a disk as lone surrogates."""
    folder = tmp_path_factory.mktemp("names")
    names = {sibling.name for sibling in siblings.values()}
    if len(names) == len(siblings) and not names & files.keys() and "own" not in names:
        files["own"] = Source(1, 1, DIGEST, siblings)
    write_manifest(folder, Manifest(files))
    assert read_manifest(folder) == Manifest(files)
    (folder / manifest.NAME).read_bytes().decode("ascii")


def test_who_may_list_the_folder_may_read_its_manifest(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        for mode, expected in ((0o755, 0o644), (0o700, 0o600), (0o2775, 0o664)):
            folder = tmp_path / oct(mode)
            folder.mkdir()
            folder.chmod(mode)
            write_manifest(folder, MANIFEST)
            assert stat.S_IMODE((folder / manifest.NAME).stat().st_mode) == expected
    finally:
        os.umask(before)


def test_a_manifest_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    write_manifest(tmp_path, MANIFEST)
    impossible = Manifest({"a": Source(1, 1, DIGEST, {"gzip": SiblingFile("b", 1, object())})})  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        write_manifest(tmp_path, impossible)
    assert read_manifest(tmp_path) == MANIFEST
    with pytest.raises(OSError, match="missing"):
        write_manifest(tmp_path / "missing", MANIFEST)
    assert os.listdir(tmp_path) == [manifest.NAME]


def test_one_that_cannot_be_put_in_its_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / manifest.NAME).mkdir()
    with pytest.raises(OSError, match="pyfastgz"):
        write_manifest(tmp_path, MANIFEST)
    assert os.listdir(tmp_path) == [manifest.NAME]


@pytest.mark.parametrize(
    ("mtime_ns", "expected"),
    [
        (LATER_NS, True),
        (LATER_NS // 10**9 * 10**9, True),
        (LATER_NS + 1, False),
        (LATER_NS // 1000 * 1000, False),
        (LATER_NS // 10**9 * 10**9 + 10**9, False),
        (LATER_NS - 10**9, False),
    ],
)
def test_a_source_is_known_by_size_and_time(mtime_ns: int, expected: bool) -> None:
    source = MANIFEST.files["js/app.js"]
    assert fits(source, 123, mtime_ns) is expected
    assert fits(source._replace(mtime_ns=mtime_ns), 123, LATER_NS) is expected
    assert not fits(source, 124, mtime_ns)


def test_a_fraction_before_1970_is_cut_off_downwards() -> None:
    source = Source(1, -1, DIGEST, {})
    assert fits(source, 1, -(10**9))
    assert not fits(source, 1, 0)


def test_a_sibling_is_in_the_folder_of_its_source() -> None:
    assert sibling_path("js/sub/app.js", "app.js.gz") == "js/sub/app.js.gz"
    assert sibling_path("app.js", "app.js.gz") == "app.js.gz"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is damaged: Expecting value"),
        (b"{", "is damaged: "),
        (b"\xff", "it is not UTF-8"),
        (b"\xef\xbb\xbf{}", "is damaged: "),
        (b"[" * 10**5, "nested too deeply"),
        (b"[]", "it is not an object"),
        (b"{}", "its version is None"),
        (b'{"version": 1}', "it has no files"),
        (b'{"version": 1, "files": []}', "files is not an object"),
        (b'{"version": 1, "files": {}, "more": 1}', "it has 'more', which is unknown"),
        (b'{"version": 1, "version": 1, "files": {}}', "'version' is there twice"),
        (b'{"version": 0, "files": {}}', "its version is 0"),
        (b'{"version": 1.0, "files": {}}', "its version is 1.0"),
        (b'{"version": true, "files": {}}', "its version is True"),
        (b'{"version": ' + b"9" * 5000 + b"}", ""),
    ],
)
def test_what_is_no_manifest_is_named(tmp_path: Path, content: bytes, fault: str) -> None:
    place = tmp_path / manifest.NAME
    place.write_bytes(content)
    with pytest.raises(ManifestError) as caught:
        read_manifest(tmp_path)
    assert str(caught.value).startswith(f"{place} ")
    assert fault in str(caught.value)
    assert isinstance(caught.value, FastgzError)


def at(*keys: str, to: Any) -> Callable[[Any], None]:
    """What changes a document in one place."""

    def change(document: Any) -> None:
        for key in keys[:-1]:
            document = document[key]
        document[keys[-1]] = to

    return change


def without(*keys: str) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for key in keys[:-1]:
            document = document[key]
        del document[keys[-1]]

    return change


FILE = ("files", "js/app.js")
NO_SIZES: list[Any] = [-1, 1.5, "1", None, True, 2**63, float("inf")]
NO_TIMES: list[Any] = [1.5, "1", None, False, 2**63, []]
ENTRY = document()["files"]["tiny.txt"]
GZIP = (*FILE, "siblings", "gzip")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        *(
            (at("files", path, to=ENTRY), f"{path!r} is not the path of a file below")
            for path in ("", "/etc/passwd", "../a", "a/../b", "a//b", "./a", "a/", "a\0b")
        ),
        (at(*FILE, to=None), "the entry of 'js/app.js' is not an object"),
        (without(*FILE, "sha256"), "the entry of 'js/app.js' has no sha256"),
        (without(*FILE, "siblings"), "has no siblings"),
        (at(*FILE, "more", to=1), "the entry of 'js/app.js' has 'more', which is unknown"),
        *(
            (at(*place, "nbytes", to=value), f"nbytes is {value!r}")
            for place in (FILE, GZIP)
            for value in NO_SIZES
        ),
        *((at(*FILE, "mtime_ns", to=value), f"mtime_ns is {value!r}") for value in NO_TIMES),
        *(
            (at(*place, "sha256", to=value), f"sha256 is {value!r}")
            for place in (FILE, GZIP)
            for value in (None, 7, "", DIGEST[1:], DIGEST.upper(), f"{DIGEST}\n", "g" * 64)
        ),
        (at(*FILE, "siblings", to=[]), "the entry of 'js/app.js': siblings is not an object"),
        (
            at(*FILE, "siblings", "deflate", to=document()["files"]),
            "the entry of 'js/app.js', deflate: there are no files in this coding",
        ),
        *(
            (at(*FILE, "not_worth", to=value), f"not_worth is {value!r}")
            for value in ("gzip", None, ["deflate"], [["gzip"]], [7], {"gzip": 1})
        ),
        (at(*FILE, "siblings", "lzma", to={}), "lzma: there are no files in this coding"),
        (at(*GZIP, to=7), "the entry of 'js/app.js', gzip is not an object"),
        (without(*GZIP, "name"), "the entry of 'js/app.js', gzip has no name"),
        *(
            (at(*GZIP, "name", to=name), f"gzip: {name!r} is not the name of a file beside it")
            for name in ("", ".", "..", "../app.js.gz", "/app.js.gz", "app.js", "\0", 7, None)
        ),
        (at(*GZIP, "name", to="app.js.zst"), "'js/app.js.zst' stands for two files"),
        (at("files", "js/app.js.gz", to=ENTRY), "'js/app.js.gz' stands for two files"),
    ],
)
def test_every_fault_of_an_entry_is_named(
    tmp_path: Path, change: Callable[[Any], None], fault: str
) -> None:
    faulty = document()
    change(faulty)
    place = tmp_path / manifest.NAME
    place.write_text(json.dumps(faulty))
    with pytest.raises(ManifestError) as caught:
        read_manifest(tmp_path)
    assert str(caught.value).startswith(f"{place} is damaged: ")
    assert fault in str(caught.value)


def test_what_was_tried_need_not_be_there(tmp_path: Path) -> None:
    shorter = document()
    del shorter["files"]["tiny.txt"]["not_worth"]
    (tmp_path / manifest.NAME).write_text(json.dumps(shorter))
    source = MANIFEST.files["tiny.txt"]._replace(not_worth=())
    assert read_manifest(tmp_path) == Manifest({**MANIFEST.files, "tiny.txt": source})


def test_one_of_a_later_version_says_so(tmp_path: Path) -> None:
    """Whatever else it has: a later version may mean anything by it."""
    (tmp_path / manifest.NAME).write_text('{"version": 2, "folders": []}')
    with pytest.raises(ManifestError, match=r"json has version 2, which a later version of"):
        read_manifest(tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(st.data())
def test_nothing_else_is_raised_whatever_stands_where(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    faulty = document()
    places = [(), ("version",), ("files",), FILE, GZIP]
    places += [(*FILE, name) for name in Source._fields]
    places += [(*GZIP, name) for name in SiblingFile._fields]
    place = data.draw(st.sampled_from(places))
    value = data.draw(JSON)
    if place:
        at(*place, to=value)(faulty)
    else:
        faulty = value
    folder = tmp_path_factory.mktemp("any")
    (folder / manifest.NAME).write_text(json.dumps(faulty))
    try:
        result = read_manifest(folder)
    except ManifestError:
        return
    assert result is not None
    write_manifest(folder, result)
    assert read_manifest(folder) == result


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / manifest.NAME).mkdir()
    with pytest.raises(ManifestError, match=r"\.pyfastgz\.json: it is not a regular file"):
        read_manifest(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / manifest.NAME)
    with pytest.raises(ManifestError, match=r"\.pyfastgz\.json: it is not a regular file"):
        read_manifest(tmp_path)


def test_a_link_to_nowhere_in_its_place(tmp_path: Path) -> None:
    (tmp_path / manifest.NAME).symlink_to(tmp_path / "missing")
    with pytest.raises(ManifestError, match=r"\.pyfastgz\.json: No such file"):
        read_manifest(tmp_path)
