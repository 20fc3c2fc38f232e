"""Work on a folder of dictionaries: what is kept and dropped, and what killed runs leave."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz import ConfigurationError
from pyfastgz.store.dictionaries import Dictionaries
from pyfastgz.store.dictionary_folder import About
from pyfastgz.store.dictionary_folder import choose_dropped
from pyfastgz.store.dictionary_folder import choose_superseded
from pyfastgz.store.dictionary_folder import opened
from pyfastgz.store.dictionary_index import NAME
from pyfastgz.store.dictionary_index import Entry
from pyfastgz.store.dictionary_index import difference_name
from pyfastgz.store.dictionary_index import read_index

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = About("file", "/static/app.*.js")
SHOP = About("pages", "shop", "/*", ("document",))


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def nobody() -> None:
    pytest.fail("nobody else is inside")


def put(folder: Path, *contents: bytes, about: About = SCRIPT, at: int = 100) -> list[Entry]:
    with opened(str(folder), nobody, lambda: at) as work:
        return [work.put(content, about) for content in contents]


def state_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what changes when a file is written again."""
    statuses = {path.name: path.stat() for path in folder.iterdir()}
    return {name: (each.st_ino, each.st_mtime_ns) for name, each in statuses.items()}


def test_what_is_put_into_a_folder_is_there_for_servers(tmp_path: Path) -> None:
    folder = tmp_path / "instance" / "dictionaries"
    put(folder, b"one")
    put(folder, b"page", about=SHOP, at=200)
    dictionaries = Dictionaries(folder)
    assert dictionaries.entries == {
        digest(b"one"): Entry(digest(b"one"), 3, *SCRIPT, 100),
        digest(b"page"): Entry(digest(b"page"), 4, *SHOP, 200),
    }
    loaded = dictionaries.load(digest(b"page"))
    assert loaded is not None
    assert loaded.data == b"page"


def test_nothing_is_written_twice(tmp_path: Path) -> None:
    put(tmp_path, b"one", b"two")
    before = state_of(tmp_path)
    put(tmp_path, b"two", at=300)
    assert state_of(tmp_path) == before


def test_a_version_that_comes_back_is_the_newest(tmp_path: Path) -> None:
    put(tmp_path, b"one")
    (two,) = put(tmp_path, b"two")
    (one,) = put(tmp_path, b"one")
    # Within the same second each is later than the one before.
    assert one.added > two.added > 100


def test_what_changes_of_a_dictionary_is_recorded(tmp_path: Path) -> None:
    put(tmp_path, b"page", about=SHOP)
    put(tmp_path, b"page", about=SHOP._replace(match="/shop/*"))
    (entry,) = Dictionaries(tmp_path).pages
    assert entry.match == "/shop/*"


def test_differences_go_with_their_dictionaries(tmp_path: Path) -> None:
    one, two, three = put(tmp_path, b"one", b"two", b"three")
    with opened(str(tmp_path), nobody) as work:
        assert work.read(one.sha256) == b"one"
        work.put_difference((two.sha256, one.sha256), b"coded")
        work.put_difference((three.sha256, one.sha256), None)
        work.put_difference((three.sha256, two.sha256), b"coded too")
    names = {path.name for path in tmp_path.iterdir()}
    kept = difference_name((three.sha256, two.sha256))
    assert names == {
        *(NAME, one.sha256, two.sha256, three.sha256),
        *(difference_name((two.sha256, one.sha256)), kept),
    }
    with opened(str(tmp_path), nobody) as work:
        work.drop([one.sha256])
        assert [*work.differences] == [(three.sha256, two.sha256)]
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {NAME, two.sha256, three.sha256, kept}


def test_nothing_is_recorded_of_work_that_fails(tmp_path: Path) -> None:
    put(tmp_path, b"one")
    before = (tmp_path / NAME).read_bytes()

    def fail() -> None:
        with opened(str(tmp_path), nobody) as work:
            work.put(b"two", SCRIPT)
            work.drop([digest(b"one")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (tmp_path / NAME).read_bytes() == before
    assert (tmp_path / digest(b"one")).exists()
    # What it wrote is removed by the next one.
    put(tmp_path, b"three")
    assert {path.name for path in tmp_path.iterdir()} == {
        NAME,
        digest(b"one"),
        digest(b"three"),
    }


def test_what_is_damaged_is_dropped_and_told(tmp_path: Path) -> None:
    one, two, three, four = put(tmp_path, b"one", b"two", b"three", b"four")
    pairs = [(one.sha256, two.sha256), (two.sha256, one.sha256), (one.sha256, four.sha256)]
    with opened(str(tmp_path), nobody) as work:
        for pair in pairs:
            work.put_difference(pair, b"coded")
    (tmp_path / three.sha256).write_bytes(b"other")
    (tmp_path / four.sha256).unlink()
    (tmp_path / difference_name(pairs[0])).write_bytes(b"other")
    with pytest.raises(ConfigurationError):
        Dictionaries(tmp_path)
    with opened(str(tmp_path), nobody) as work:
        assert sorted(work.notes) == sorted(
            [
                f"{three.sha256}: dropped, it is damaged",
                f"{four.sha256}: dropped, it is gone",
                f"{difference_name(pairs[0])}: dropped, it is damaged",
            ]
        )
    assert Dictionaries(tmp_path).entries.keys() == {one.sha256, two.sha256}
    assert not (tmp_path / three.sha256).exists()
    assert not (tmp_path / difference_name(pairs[0])).exists()
    assert (tmp_path / difference_name(pairs[1])).exists()
    put(tmp_path, b"three")
    assert three.sha256 in Dictionaries(tmp_path).entries


def test_what_is_not_of_this_program_is_left_alone(tmp_path: Path) -> None:
    for name in ("README", "a" * 63, "A" * 64, f"{'a' * 64}.dcz", ".gitignore"):
        (tmp_path / name).write_text("somebody's")
    (tmp_path / f".{'0' * 16}.pyfastgz-tmp").write_text("half of")
    put(tmp_path, b"one")
    assert {path.name for path in tmp_path.iterdir()} == {
        *(NAME, digest(b"one"), "README", "a" * 63, "A" * 64, f"{'a' * 64}.dcz", ".gitignore")
    }


def test_a_damaged_index_is_not_written_over(tmp_path: Path) -> None:
    put(tmp_path, b"one")
    (tmp_path / NAME).write_text("{")
    with pytest.raises(ConfigurationError, match="is damaged"):
        put(tmp_path, b"two")
    assert (tmp_path / NAME).read_text() == "{"
    assert (tmp_path / digest(b"one")).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="has other permissions")
def test_whoever_may_list_the_folder_may_read_what_is_in_it(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        tmp_path.chmod(0o755)
        put(tmp_path, b"one")
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {0o644}


PROGRAM = """
import os, sys
from pyfastgz.store.dictionary_folder import About, opened
folder, name, count = sys.argv[1:]
for number in range(int(count)):
    with opened(folder, lambda: None) as work:
        entry = work.put(f"{name} {number}".encode() * 500, About("file", f"/{name}.js"))
        first = work.put(b"first", About("file", "/f.js"))
        work.put_difference((entry.sha256, first.sha256), b"d" * 99)
        work.drop([each.sha256 for each in work.entries.values()
                   if each.name == f"/{name}.js" and each != entry])
"""


def started(folder: Path, name: str, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), name, str(count)], cwd=ROOT
    )


def test_several_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    processes = [started(tmp_path, name, 6) for name in ("a", "b", "c")]
    for process in processes:
        assert process.wait() == 0
    entries = Dictionaries(tmp_path).entries
    assert sorted(each.name for each in entries.values()) == [
        "/a.js",
        "/b.js",
        "/c.js",
        "/f.js",
    ]
    index = read_index(str(tmp_path))
    assert index is not None
    assert len(index.differences) == 3
    assert {path.name for path in tmp_path.iterdir()} == {
        *(NAME, *entries, *map(difference_name, index.differences))
    }


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_servers_and_the_next_run_do_not_mind_a_process_that_is_killed(tmp_path: Path) -> None:
    put(tmp_path, b"first", about=About("file", "/f.js"))
    for count in range(4):
        process = started(tmp_path, "a", 10_000)
        names: set[str] = set()
        while len(names) < 3 + count and process.poll() is None:
            # All that a server could start with meanwhile.
            Dictionaries(tmp_path)
            names |= {path.name for path in tmp_path.iterdir()}
        process.kill()
        process.wait()
        Dictionaries(tmp_path)
    put(tmp_path, b"last")
    index = read_index(str(tmp_path))
    assert index is not None
    assert {path.name for path in tmp_path.iterdir()} == {
        *(NAME, *index.entries, *map(difference_name, index.differences))
    }


# ---- What is dropped ----


def entries_of(*versions: tuple[str, int, int]) -> dict[str, Entry]:
    """Return entries of names, sizes and times, whose digests are their numbers."""
    return {
        str(number): Entry(str(number), nbytes, "file", name, None, (), added)
        for number, (name, nbytes, added) in enumerate(versions)
    }


def test_the_newest_of_a_name_are_kept_and_what_is_current() -> None:
    entries = entries_of(("a", 9, 1), ("a", 9, 2), ("a", 9, 3), ("b", 9, 1), ("a", 9, 4))
    assert choose_dropped(entries, {"4", "3"}, 3, 1000) == ["0"]
    assert choose_dropped(entries, {"4", "3"}, 1, 1000) == ["0", "1", "2"]
    assert choose_dropped(entries, {"0", "3"}, 1, 1000) == ["1", "2"]


def test_the_oldest_of_any_name_go_if_all_are_too_much() -> None:
    entries = entries_of(("a", 50, 1), ("b", 10, 2), ("a", 50, 5), ("b", 10, 4))
    assert choose_dropped(entries, {"2", "3"}, 3, 120) == []
    assert choose_dropped(entries, {"2", "3"}, 3, 119) == ["0"]
    assert choose_dropped(entries, {"2", "3"}, 3, 60) == ["0", "1"]
    # Current ones only when there are no others.
    assert choose_dropped(entries, {"0", "3"}, 3, 60) == ["1", "2"]
    assert choose_dropped(entries, {"2", "3"}, 3, 50) == ["0", "1", "3"]
    assert choose_dropped(entries, {"2", "3"}, 3, 0) == ["0", "1", "3", "2"]


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(1, 9), st.integers(0, 20)), max_size=12
    ),
    st.sets(st.integers(0, 11)),
    st.integers(1, 4),
    st.integers(0, 60),
)
def test_the_bound_holds_and_nothing_newer_goes_before_something_older(
    versions: list[tuple[str, int, int]], numbers: set[int], keep: int, max_nbytes: int
) -> None:
    entries = entries_of(*versions)
    current = {str(number) for number in numbers if number < len(versions)}
    dropped = choose_dropped(entries, current, keep, max_nbytes)
    kept = entries.keys() - set(dropped)
    assert len(dropped) == len(set(dropped))
    assert sum(entries[each].nbytes for each in kept) <= max_nbytes
    for name in "abc":
        others = [each for each in kept - current if entries[each].name == name]
        assert len(others) <= keep
        newest = max(
            (
                entries[each].added
                for each in dropped
                if entries[each].name == name and each not in current
            ),
            default=-1,
        )
        assert all(entries[each].added >= newest for each in others)
    if not current & set(dropped):
        return
    assert kept <= current


def test_pages_are_superseded_by_those_of_the_same_name(tmp_path: Path) -> None:
    put(tmp_path, b"file")
    put(tmp_path, b"1", about=SHOP, at=1)
    put(tmp_path, b"2", about=SHOP, at=2)
    put(tmp_path, b"3", about=SHOP, at=3)
    put(tmp_path, b"other", about=SHOP._replace(name="other"))
    entries = Dictionaries(tmp_path).entries
    assert choose_superseded(entries, "shop", 3) == []
    assert choose_superseded(entries, "shop", 1) == [digest(b"1"), digest(b"2")]
