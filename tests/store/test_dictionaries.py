"""A folder of dictionaries, as a server sees it: real files, damaged ones, and changes."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pyfastgz import ConfigurationError
from pyfastgz.coding.dictionary import MAX_NBYTES
from pyfastgz.store.dictionaries import Dictionaries
from pyfastgz.store.dictionary_index import NAME
from pyfastgz.store.dictionary_index import Difference
from pyfastgz.store.dictionary_index import Entry
from pyfastgz.store.dictionary_index import Index
from pyfastgz.store.dictionary_index import difference_name
from pyfastgz.store.dictionary_index import read_index
from pyfastgz.store.dictionary_index import write_index
from pyfastgz.store.sibling import open_sibling

needs_permissions = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="everything may be read"
)

ONE, TWO, PAGE = b"one" * 100, b"two" * 100, b"<html>" * 100
Change = Callable[[dict[str, Any]], object]


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def entry(content: bytes, added: int = 1, **members: Any) -> Entry:
    every = {
        "kind": "file",
        "name": "/static/app.*.js",
        "match": None,
        "destinations": (),
        **members,
    }
    return Entry(sha256=digest(content), nbytes=len(content), added=added, **every)


def page(content: bytes, added: int = 1) -> Entry:
    return entry(
        content, added, kind="pages", name="shop", match="/*", destinations=("document",)
    )


def fill(folder: Path, *entries: tuple[bytes, Entry]) -> Index:
    """Put dictionaries into a folder."""
    folder.mkdir(exist_ok=True)
    index = Index({each.sha256: each for _, each in entries}, {})
    for content, each in entries:
        (folder / each.sha256).write_bytes(content)
    write_index(str(folder), index)
    return index


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(tmp_path / "dictionaries", (ONE, entry(ONE)), (TWO, entry(TWO, 2)), (PAGE, page(PAGE)))
    return tmp_path / "dictionaries"


def change(folder: Path, how: Change) -> None:
    """Write an index that says something else."""
    document = json.loads((folder / NAME).read_text())
    how(document)
    (folder / NAME).write_text(json.dumps(document))


def test_what_is_in_a_folder(folder: Path) -> None:
    dictionaries = Dictionaries(folder)
    assert dictionaries.entries == {
        digest(ONE): entry(ONE),
        digest(TWO): entry(TWO, 2),
        digest(PAGE): page(PAGE),
    }
    assert dictionaries.pages == (page(PAGE),)
    loaded = dictionaries.load(digest(ONE))
    assert loaded is not None
    assert (loaded.data, loaded.sha256) == (ONE, digest(ONE))
    assert dictionaries.load(digest(ONE)) is loaded
    assert dictionaries.load(digest(b"another")) is None
    assert dictionaries.load("../" + NAME) is None
    assert dictionaries.difference(digest(ONE), digest(TWO)) is None


def test_a_relative_folder_does_not_depend_on_where_the_process_goes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    dictionaries = Dictionaries("dictionaries")
    monkeypatch.chdir("/")
    assert dictionaries.load(digest(ONE)) is not None


def test_the_newest_pages_are_last(tmp_path: Path) -> None:
    contents = [b"a" * number for number in (5, 3, 9, 4)]
    pages = [
        page(content, added) for content, added in zip(contents, (7, 3, 9, 5), strict=True)
    ]
    fill(tmp_path, *zip(contents, pages, strict=True))
    assert [each.added for each in Dictionaries(tmp_path).pages] == [3, 5, 7, 9]


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    clock = Clock()
    dictionaries = Dictionaries(tmp_path / "later", clock)
    assert (dictionaries.entries, dictionaries.pages) == ({}, ())
    (tmp_path / "later").mkdir()
    clock.now = 2
    assert dictionaries.entries == {}
    fill(tmp_path / "later", (ONE, entry(ONE)))
    assert dictionaries.entries == {}
    clock.now = 3.5
    assert [*dictionaries.entries] == [digest(ONE)]


def test_changes_are_seen_a_second_later(folder: Path) -> None:
    clock = Clock()
    dictionaries = Dictionaries(folder, clock)
    fill(folder, (PAGE, page(PAGE)), (b"new", page(b"new", 5)))
    clock.now = 0.9
    assert len(dictionaries.entries) == 3
    clock.now = 1
    assert [*dictionaries.entries] == [digest(PAGE), digest(b"new")]
    assert [each.sha256 for each in dictionaries.pages] == [digest(PAGE), digest(b"new")]
    # What it has in memory, it does not say it has.
    assert dictionaries.load(digest(ONE)) is None


def test_an_index_that_is_damaged_later_is_told_once_and_changes_nothing(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    dictionaries = Dictionaries(folder, clock)
    (folder / NAME).write_text("{")
    for clock.now in (2, 4, 6):
        assert len(dictionaries.entries) == 3
    assert dictionaries.load(digest(ONE)) is not None
    (message,) = [record.getMessage() for record in caplog.records]
    assert f"{folder / NAME} is damaged" in message
    fill(folder, (ONE, entry(ONE)))
    clock.now = 8
    assert len(dictionaries.entries) == 1


def test_an_index_that_is_gone_leaves_nothing(folder: Path) -> None:
    clock = Clock()
    dictionaries = Dictionaries(folder, clock)
    (folder / NAME).unlink()
    clock.now = 2
    assert dictionaries.entries == {}
    assert dictionaries.load(digest(ONE)) is None


@pytest.mark.parametrize("damage", ["missing", "empty", "shorter", "longer", "other", "folder"])
def test_a_dictionary_that_is_damaged_later_is_a_miss_that_is_told_once(
    folder: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    dictionaries = Dictionaries(folder, clock)
    spoil(folder / digest(ONE), damage)
    for clock.now in (0, 0.5, 2, 4):
        assert dictionaries.load(digest(ONE)) is None
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert str(folder / digest(ONE)) in record.getMessage()
    if damage == "folder":
        (folder / digest(ONE)).rmdir()
    (folder / digest(ONE)).write_bytes(ONE)
    clock.now = 6
    loaded = dictionaries.load(digest(ONE))
    assert loaded is not None
    assert loaded.data == ONE


def spoil(path: Path, damage: str) -> None:
    if damage == "missing":
        path.unlink()
    elif damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        contents = {"empty": b"", "shorter": ONE[1:], "longer": ONE + b"!", "other": TWO}
        path.write_bytes(contents[damage])


def test_a_dictionary_that_was_dropped_is_no_miss(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    dictionaries = Dictionaries(folder, clock)
    fill(folder, (TWO, entry(TWO)))
    (folder / digest(ONE)).unlink()
    # The index was not looked at again.
    assert digest(ONE) in dictionaries.entries
    assert dictionaries.load(digest(ONE)) is None
    assert digest(ONE) not in dictionaries.entries
    assert caplog.records == []


@pytest.mark.parametrize("damage", ["missing", "empty", "shorter", "longer", "other", "folder"])
def test_no_start_with_a_dictionary_that_is_not_what_it_was(folder: Path, damage: str) -> None:
    spoil(folder / digest(ONE), damage)
    with pytest.raises(ConfigurationError) as raised:
        Dictionaries(folder)
    assert str(raised.value).startswith(f"COMPRESS_DICTIONARIES: {folder / digest(ONE)}: ")


def test_no_start_with_a_file_for_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match=r"COMPRESS_DICTIONARIES: .*file.*irectory"):
        Dictionaries(tmp_path / "file")


@needs_permissions
@pytest.mark.parametrize("name", ["", NAME, digest(ONE)])
def test_no_start_with_what_may_not_be_read(folder: Path, name: str) -> None:
    path = folder / name
    path.chmod(0)
    try:
        with pytest.raises(
            ConfigurationError, match=r"COMPRESS_DICTIONARIES: .*denied"
        ) as raised:
            Dictionaries(folder)
        assert str(path) in str(raised.value)
    finally:
        path.chmod(0o700)


def test_how_much_is_kept_in_memory_is_bounded(tmp_path: Path) -> None:
    contents = [bytes([number]) * 100 for number in range(5)]
    fill(tmp_path, *((content, page(content)) for content in contents))
    dictionaries = Dictionaries(tmp_path, max_nbytes=250)
    loaded = [dictionaries.load(digest(content)) for content in contents]
    assert all(loaded)
    again = [dictionaries.load(digest(content)) for content in contents[3:]]
    assert [each is before for each, before in zip(again, loaded[3:], strict=True)] == [
        True
    ] * 2
    first = dictionaries.load(digest(contents[0]))
    assert first == loaded[0]
    assert first is not loaded[0]
    # One that is longer than the bound is not kept.
    dictionaries = Dictionaries(tmp_path, max_nbytes=99)
    assert dictionaries.load(digest(contents[0])) == first


def test_a_difference_is_found_and_looked_at(folder: Path) -> None:
    clock = Clock()
    pair = digest(TWO), digest(ONE)
    coded = b"what was coded"
    index = read_index(str(folder))
    assert index is not None
    difference = Difference(len(coded), digest(coded))
    other = pair[1], pair[0]
    write_index(str(folder), index._replace(differences={pair: difference, other: None}))
    for content, name in ((coded, difference_name(pair)), (TWO, digest(TWO))):
        (folder / name).write_bytes(content)
        # It changed long ago.
        os.utime(folder / name, (0, 0))
    dictionaries = Dictionaries(folder, clock)
    found = dictionaries.difference(*pair)
    assert found is not None
    assert (found.nbytes, found.digest, found.coding) == (len(coded), digest(coded), "dcz")
    assert found.source_digest == digest(TWO)
    assert dictionaries.difference(*other) is None
    assert dictionaries.difference(pair[0], digest(PAGE)) is None
    # It is the same one as long as its bytes are.
    fill(folder, (b"new", page(b"new")), (ONE, entry(ONE)), (TWO, entry(TWO)))
    index = read_index(str(folder))
    assert index is not None
    write_index(str(folder), index._replace(differences={pair: difference}))
    clock.now = 2
    assert digest(b"new") in dictionaries.entries
    assert dictionaries.difference(*pair) is found
    with open(folder / digest(TWO), "rb") as source:
        wait_until_settled(folder / difference_name(pair), folder / digest(TWO))
        opened = open_sibling(found, source)
        assert opened is not None
        with opened:
            assert opened.read() == coded
    (folder / difference_name(pair)).write_bytes(coded[::-1])
    with open(folder / digest(TWO), "rb") as source:
        assert open_sibling(found, source) is None


def wait_until_settled(*paths: Path) -> None:
    """Wait until a change would show."""
    latest = max(path.stat().st_ctime_ns for path in paths)
    while time.time_ns() - latest <= 2_000_000_000:
        time.sleep(0.05)


def test_readers_see_whole_states_while_one_writes(tmp_path: Path) -> None:
    """Each state has one page and one file that belong together."""
    states = [(b"a%d" % number, b"b%d" % number) for number in range(6)]
    clock = Clock()

    def put(number: int) -> None:
        first, second = states[number % len(states)]
        fill(
            tmp_path,
            (first, page(first, number)),
            (second, entry(second, number, name=f"/{number}.js")),
        )

    put(0)
    dictionaries = Dictionaries(tmp_path, clock)
    faults: list[object] = []
    is_done = threading.Event()

    def read() -> None:
        while not is_done.is_set():
            seen = dictionaries.entries
            if len(seen) != 2 or len({each.added for each in seen.values()}) != 1:
                faults.append(seen)
            for sha256_, each in seen.items():
                loaded = dictionaries.load(sha256_)
                if loaded is not None and len(loaded.data) != each.nbytes:
                    faults.append(each)
            time.sleep(0.001)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(60):
        put(number)
        clock.now += 2
    is_done.set()
    for thread in threads:
        thread.join()
    assert faults == []


# ---- The index ----


def test_an_index_is_always_the_same_bytes(folder: Path) -> None:
    before = (folder / NAME).read_bytes()
    index = read_index(str(folder))
    assert index is not None
    write_index(str(folder), Index(dict([*index.entries.items()][::-1]), index.differences))
    assert (folder / NAME).read_bytes() == before


def test_whoever_may_list_the_folder_may_read_its_index(folder: Path) -> None:
    index = read_index(str(folder))
    assert index is not None
    for mode, expected in ((0o755, 0o644), (0o750, 0o640), (0o700, 0o600)):
        folder.chmod(mode)
        write_index(str(folder), index)
        assert (folder / NAME).stat().st_mode & 0o777 == expected


def of_one(document: dict[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = document["dictionaries"][digest(ONE)]
    return members


DAMAGES: dict[str, Change] = {
    "its version is 0": lambda it: it.update(version=0),
    "has version 2, which a later version": lambda it: it.update(version=2),
    "its version is True": lambda it: it.update(version=True),
    "it has no dictionaries": lambda it: it.pop("dictionaries"),
    "it has 'more', which is unknown": lambda it: it.update(more=1),
    "dictionaries is not an object": lambda it: it.update(dictionaries=[]),
    "differences is not an object": lambda it: it.update(differences=None),
    "'x', which is no SHA-256": lambda it: it["dictionaries"].update(x={}),
    "is not an object": lambda it: it["dictionaries"].update({digest(ONE): 1}),
    "has no kind": lambda it: of_one(it).pop("kind"),
    "kind is 'x'": lambda it: of_one(it).update(kind="x"),
    "kind is \\['x'\\]": lambda it: of_one(it).update(kind=("x",)),
    "nbytes is 0": lambda it: of_one(it).update(nbytes=0),
    f"nbytes is {MAX_NBYTES + 1}": lambda it: of_one(it).update(nbytes=MAX_NBYTES + 1),
    "nbytes is 1.5": lambda it: of_one(it).update(nbytes=1.5),
    "name is ''": lambda it: of_one(it).update(name=""),
    "name is 'ä'": lambda it: of_one(it).update(name="ä"),
    r"name is 'a\\nb'": lambda it: of_one(it).update(name="a\nb"),
    "match is '/\\*'": lambda it: of_one(it).update(match="/*"),
    "match is None": lambda it: of_one(it).update(kind="pages"),
    "match is '\\*'": lambda it: of_one(it).update(kind="pages", match="*"),
    "destinations is 'x'": lambda it: of_one(it).update(destinations="x"),
    r"destinations is \['a b'\]": lambda it: of_one(it).update(destinations=["a b"]),
    "added is None": lambda it: of_one(it).update(added=None),
    "which is no version of a file in it": lambda it: it["differences"].update(x={}),
    f"{digest(PAGE)}', which is no": lambda it: it["differences"].update(
        {digest(ONE): {digest(PAGE): None}}
    ),
    "are not an object": lambda it: it["differences"].update({digest(ONE): None}),
    "is none": lambda it: it["differences"].update({digest(ONE): {digest(ONE): None}}),
    "sha256 is 1": lambda it: it["differences"].update(
        {digest(ONE): {digest(TWO): {"nbytes": 1, "sha256": 1}}}
    ),
}


@pytest.mark.parametrize("message", DAMAGES)
def test_a_damaged_index_is_an_error_that_names_it(folder: Path, message: str) -> None:
    change(folder, DAMAGES[message])
    with pytest.raises(ConfigurationError, match=message) as raised:
        Dictionaries(folder)
    assert str(folder / NAME) in str(raised.value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"version": 1, "version": 1}']
)
def test_what_is_no_index_is_an_error(folder: Path, content: bytes) -> None:
    (folder / NAME).write_bytes(content)
    with pytest.raises(ConfigurationError, match="is damaged"):
        read_index(str(folder))


SHOWN = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)
SHA256 = st.text("0123456789abcdef", min_size=64, max_size=64)
FILES = st.builds(
    Entry,
    SHA256,
    st.integers(1, MAX_NBYTES),
    st.just("file"),
    SHOWN,
    st.none(),
    st.just(()),
    st.integers(0, 2**40),
)
PAGES = st.builds(
    Entry,
    SHA256,
    st.integers(1, MAX_NBYTES),
    st.just("pages"),
    SHOWN,
    SHOWN.map("/".__add__),
    st.lists(st.sampled_from(["document", "frame", "script"])).map(tuple),
    st.integers(0, 2**40),
)


@st.composite
def indexes(draw: st.DrawFn) -> Index:
    files = draw(st.lists(FILES, unique_by=lambda each: each.sha256, max_size=5))
    others = draw(st.lists(PAGES, max_size=3))
    names = [each.sha256 for each in files]
    pairs = [(one, other) for one in names for other in names if one != other]
    made = st.none() | st.builds(Difference, st.integers(0, 2**40), SHA256)
    differences = {pair: draw(made) for pair in pairs if draw(st.booleans())}
    return Index({each.sha256: each for each in (*others, *files)}, differences)


@given(indexes())
@settings(max_examples=50)
def test_an_index_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, index: Index
) -> None:
    folder = str(tmp_path_factory.mktemp("index"))
    write_index(folder, index)
    assert read_index(folder) == index


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | SHA256,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | SHA256, inner, max_size=3)
    ),
    max_leaves=8,
)


@given(indexes(), st.data())
@settings(max_examples=150)
def test_whatever_an_index_says_is_checked(
    tmp_path_factory: pytest.TempPathFactory, index: Index, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("index")
    write_index(str(folder), index)
    document = json.loads((folder / NAME).read_text())
    # Something else somewhere.
    at = document
    while True:
        key = data.draw(st.sampled_from(sorted(at)) if at else st.text(max_size=8))
        if isinstance(at.get(key), dict) and data.draw(st.booleans()):
            at = at[key]
            continue
        at[key] = data.draw(JSON)
        break
    (folder / NAME).write_text(json.dumps(document))
    try:
        found = read_index(str(folder))
    except ConfigurationError:
        return
    assert found is not None
    # What was let in can be written, and is the same then.
    write_index(str(folder), found)
    assert read_index(str(folder)) == found
