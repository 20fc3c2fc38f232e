"""Versions of files, kept as dictionaries, and the differences between them."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import zstandard
from trees import noise
from trees import run
from trees import state_of
from trees import text
from trees import write

from pyfastgz import ConfigurationError
from pyfastgz.coding.dictionary import MAX_NBYTES
from pyfastgz.errors import ManifestError
from pyfastgz.static.manifest import NAME as MANIFEST
from pyfastgz.static.manifest import read_manifest
from pyfastgz.static.report import Progress
from pyfastgz.static.versions import Keeping
from pyfastgz.static.versions import Served
from pyfastgz.static.versions import VersionsReport
from pyfastgz.static.versions import check_versions
from pyfastgz.static.versions import keep_versions
from pyfastgz.store.dictionaries import Dictionaries
from pyfastgz.store.dictionary_folder import About
from pyfastgz.store.dictionary_folder import opened
from pyfastgz.store.dictionary_index import EMPTY
from pyfastgz.store.dictionary_index import NAME
from pyfastgz.store.dictionary_index import Pair
from pyfastgz.store.dictionary_index import by_age
from pyfastgz.store.dictionary_index import difference_name
from pyfastgz.store.dictionary_index import read_index
from pyfastgz.store.sibling import Sibling

Keep = Callable[..., VersionsReport]


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def script(version: int, nbytes: int = 20_000) -> bytes:
    """A script that is nearly the same in each version."""
    return text(1, nbytes) + f"version({version});".encode() + text(2, nbytes)


@pytest.fixture
def static(tmp_path: Path) -> Path:
    return tmp_path / "static"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "dictionaries"


def keeping(folder: Path, **options: Any) -> Keeping:
    every: dict[str, Any] = {"keep": 3, "max_nbytes": 1 << 26, "differences": False, "jobs": 2}
    return Keeping(str(folder), **{**every, **options})


@pytest.fixture
def keep(static: Path, folder: Path) -> Keep:
    """Make the siblings of the files, and keep their versions."""

    def keep(**options: Any) -> VersionsReport:
        run(static, "zstd", "gzip")
        served = [Served(str(static), "/static")]
        report = keep_versions(served, keeping(folder, **options), Progress())
        check_folder(folder)
        return report

    return keep


def check_folder(folder: Path) -> None:
    """Assert that a server could start, and that there is nothing else than the index says."""
    entries = Dictionaries(folder).entries
    index = read_index(str(folder)) or EMPTY
    made = {difference_name(pair) for pair, each in index.differences.items() if each}
    assert {path.name for path in folder.iterdir()} - {NAME} == {*entries, *made}


def versions_of(folder: Path, name: str) -> list[bytes]:
    """Return the versions of a name, the newest last."""
    entries = sorted(Dictionaries(folder).entries.values(), key=by_age)
    return [(folder / each.sha256).read_bytes() for each in entries if each.name == name]


def decoded(folder: Path, pair: Pair) -> bytes:
    """Return what a difference stands for, by another decoder."""
    coded = (folder / difference_name(pair)).read_bytes()
    assert coded[:8] == bytes.fromhex("5e2a4d1820000000")
    assert coded[8:40].hex() == pair[1]
    other = (folder / pair[1]).read_bytes()
    dictionary = zstandard.ZstdCompressionDict(other, zstandard.DICT_TYPE_RAWCONTENT)
    decoder = zstandard.ZstdDecompressor(dictionary, max_window_size=1 << 23)
    return decoder.decompress(coded[40:])


def test_each_version_of_a_file_is_kept_and_the_last_three_of_a_name(
    static: Path, folder: Path, keep: Keep
) -> None:
    for version in range(5):
        write(static / "app.js", script(version))
        report = keep()
        assert (report.added, report.faults) == (1, [])
    assert versions_of(folder, "/static/app.js") == [script(2), script(3), script(4)]
    assert (report.files, report.kept, report.dropped) == (1, 3, 1)
    assert report.nbytes == sum(map(len, versions_of(folder, "/static/app.js")))
    entry = Dictionaries(folder).entries[digest(script(4))]
    assert (entry.kind, entry.match, entry.destinations) == ("file", None, ())


def test_names_with_hashes_are_versions_of_one_file(
    static: Path, folder: Path, keep: Keep
) -> None:
    for version, name in enumerate(("app.3f2a9c1b.js", "app.27e20196.js", "app.9d0e1f2a.js")):
        write(static / "js" / name, script(version))
        keep()
        (static / "js" / name).unlink()
    assert versions_of(folder, "/static/js/app.*.js") == [script(0), script(1), script(2)]


def test_nothing_is_written_if_nothing_has_changed(
    static: Path, folder: Path, keep: Keep
) -> None:
    # Two are versions of one name at the same time, and two have the same content.
    write(static / "app.3f2a9c1b.js", script(1))
    write(static / "app.27e20196.js", script(2))
    write(static / "copy.js", script(1))
    keep(differences=True)
    before = state_of(folder)
    report = keep(differences=True)
    assert state_of(folder) == before
    assert (report.added, report.dropped, report.made) == (0, 0, 0)
    assert (report.files, report.kept) == (2, 2)


def test_a_version_that_comes_back_is_the_newest(
    static: Path, folder: Path, keep: Keep
) -> None:
    for version in (1, 2, 1):
        write(static / "app.js", script(version))
        assert keep().added == 1
    assert versions_of(folder, "/static/app.js") == [script(2), script(1)]


def test_what_cannot_be_a_dictionary_is_left_out(
    static: Path, folder: Path, keep: Keep
) -> None:
    write(static / "3f2a9c1b.js", script(1))
    write(static / "huge.js", text(1) * (MAX_NBYTES // 3000 + 1))
    write(static / "picture.png", noise(1))
    report = keep()
    assert Dictionaries(folder).entries == {}
    assert report.left_out == {
        "whose names do not say what they are versions of": 1,
        f"above {MAX_NBYTES:,} bytes": 1,
    }


def test_a_file_that_changes_in_between_is_a_fault(static: Path, folder: Path) -> None:
    write(static / "app.js", script(1))
    write(static / "site.css", text(7))
    run(static, "zstd")
    write(static / "app.js", script(2))
    served = [Served(str(static), "/static")]
    report = keep_versions(served, keeping(folder), Progress())
    (fault,) = report.faults
    assert fault.startswith(f"{static / 'app.js'}: it has changed")
    assert versions_of(folder, "/static/site.css") == [text(7)]
    assert versions_of(folder, "/static/app.js") == []


def test_the_oldest_go_when_all_are_too_much(static: Path, folder: Path, keep: Keep) -> None:
    for version in range(3):
        write(static / "app.js", script(version))
        write(static / "site.css", text(version, 9000))
        keep(keep=5)
    report = keep(keep=5, max_nbytes=100_000)
    assert report.nbytes <= 100_000
    assert versions_of(folder, "/static/app.js") == [script(1), script(2)]
    assert versions_of(folder, "/static/site.css") == [text(1, 9000), text(2, 9000)]
    report = keep(keep=5, max_nbytes=len(script(2)))
    assert report.kept == 1
    (kept,) = Dictionaries(folder).entries
    both = {digest(script(2)): static / "app.js", digest(text(2, 9000)): static / "site.css"}
    del both[kept]
    assert report.notes == [
        f"{path}: not kept, all would be too much" for path in both.values()
    ]


def test_pages_are_not_touched(static: Path, folder: Path, keep: Keep) -> None:
    with opened(str(folder), lambda: None) as work:
        page = work.put(b"<html>" * 99, About("pages", "shop", "/*"))
    write(static / "app.js", script(1))
    keep(max_nbytes=0)
    assert [*Dictionaries(folder).entries] == [page.sha256]


def test_differences_decode_to_the_new_file(static: Path, folder: Path, keep: Keep) -> None:
    for version in range(3):
        write(static / "app.js", script(version))
        report = keep(differences=True)
    assert (report.differences, report.made) == (2, 2)
    new = digest(script(2))
    nbytes = 0
    for version in (0, 1):
        pair = new, digest(script(version))
        assert decoded(folder, pair) == script(2)
        nbytes += (folder / difference_name(pair)).stat().st_size
    assert report.difference_nbytes == nbytes
    manifest = read_manifest(static)
    assert manifest is not None
    zstd = manifest.files["app.js"].siblings["zstd"].nbytes
    assert report.best_nbytes == 2 * zstd
    assert nbytes < zstd / 10
    # What was coded of an older version is of no use any more.
    index = read_index(str(folder))
    assert index is not None
    assert {source for source, _ in index.differences} == {new}
    found = Dictionaries(folder).difference(new, digest(script(0)))
    assert isinstance(found, Sibling)
    assert found.source_digest == new


def test_a_difference_that_is_not_smaller_is_not_kept_and_not_tried_again(
    static: Path, folder: Path, keep: Keep
) -> None:
    write(static / "app.js", text(1, 3000))
    keep()
    write(static / "app.js", text(9, 600))
    report = keep(differences=True)
    index = read_index(str(folder))
    assert index is not None
    pair = digest(text(9, 600)), digest(text(1, 3000))
    assert [*index.differences] == [pair]
    is_there = index.differences[pair] is not None
    assert report.made == report.differences == is_there
    before = state_of(folder)
    assert keep(differences=True).made == 0
    assert state_of(folder) == before


def test_differences_stay_if_they_are_not_asked_for_again(
    static: Path, folder: Path, keep: Keep
) -> None:
    for version in range(2):
        write(static / "app.js", script(version))
        keep(differences=True)
    before = state_of(folder)
    report = keep()
    assert report.differences == 1
    assert state_of(folder) == before


def test_a_folder_that_another_application_uses_too(
    static: Path, folder: Path, tmp_path: Path, keep: Keep
) -> None:
    other = tmp_path / "other"
    for version in range(2):
        write(other / "lib.js", script(version + 10))
        run(other, "zstd")
        served = [Served(str(other), "/other")]
        keep_versions(served, keeping(folder, differences=True), Progress())
    write(static / "app.js", script(1))
    keep(differences=True)
    assert len(versions_of(folder, "/other/lib.js")) == 2
    index = read_index(str(folder))
    assert index is not None
    assert (digest(script(11)), digest(script(10))) in index.differences


def test_a_check_changes_nothing(static: Path, folder: Path, keep: Keep) -> None:
    write(static / "app.js", script(1))
    run(static, "zstd", "gzip")
    served = [Served(str(static), "/static")]
    report = check_versions(served, keeping(folder))
    assert report.stale == [f"{static / 'app.js'}: not kept as a dictionary"]
    assert not folder.exists()
    keep()
    before = state_of(folder)
    assert check_versions(served, keeping(folder)).stale == []
    assert state_of(folder) == before


def test_what_is_damaged_is_told_and_made_again(static: Path, folder: Path, keep: Keep) -> None:
    write(static / "app.js", script(1))
    keep()
    (folder / digest(script(1))).write_bytes(b"nothing")
    report = keep()
    assert report.notes == [f"{digest(script(1))}: dropped, it is damaged"]
    assert versions_of(folder, "/static/app.js") == [script(1)]


def test_faults_name_the_culprit(static: Path, folder: Path, keep: Keep) -> None:
    write(static / "app.js", script(1))
    keep()
    (folder / NAME).write_text("[]")
    with pytest.raises(ConfigurationError, match=f"{NAME} is damaged"):
        keep()
    (static / MANIFEST).write_text("[]")
    served = [Served(str(static), "/static")]
    with pytest.raises(ManifestError, match="is damaged"):
        keep_versions(served, keeping(folder.parent / "new"), Progress())
    assert not (folder.parent / "new").exists()
    (folder.parent / "file").write_text("")
    with pytest.raises(OSError, match="ile"):
        keep_versions([], keeping(folder.parent / "file"), Progress())


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may write anywhere"
)
def test_a_folder_that_may_not_be_written(static: Path, folder: Path, keep: Keep) -> None:
    write(static / "app.js", script(1))
    keep()
    before = state_of(folder)
    folder.chmod(0o555)
    try:
        write(static / "app.js", script(2))
        with pytest.raises(PermissionError):
            keep()
        assert state_of(folder) == before
    finally:
        folder.chmod(0o755)
