"""Work on a folder of dictionaries: whoever looks meanwhile sees what was, or what is.

Files are written whole before the index names them, and are removed when it does not name them
any more. What a killed process leaves is a file that no index names, and its name says what it
is, so that the next one removes it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from contextlib import suppress
from typing import NamedTuple

from ..disk import alone_in
from ..disk import digest_of
from ..disk import fault_of
from ..disk import is_temporary
from ..disk import read_regular
from ..disk import write_whole
from ..documents import is_sha256
from ..documents import readable_mode
from .dictionary_index import EMPTY
from .dictionary_index import Difference
from .dictionary_index import Entry
from .dictionary_index import Index
from .dictionary_index import Kind
from .dictionary_index import Pair
from .dictionary_index import by_age
from .dictionary_index import difference_name
from .dictionary_index import pair_of
from .dictionary_index import read_index
from .dictionary_index import write_index


class About(NamedTuple):
    """What a dictionary is for; see :class:`~pyfastgz.store.dictionary_index.Entry`."""

    kind: Kind
    name: str
    match: str | None = None
    destinations: tuple[str, ...] = ()


class DictionaryFolder:
    """A folder of dictionaries that is worked on; :func:`opened` returns it.

    :param path: of the folder.
    :param recorded: what its index says.
    :param clock: seconds since 1970.
    """

    def __init__(self, path: str, recorded: Index, clock: Callable[[], float]) -> None:
        self.path = path
        self._recorded = recorded
        self._clock = clock
        self._mode = readable_mode(path)
        self.entries: dict[str, Entry] = {}
        """The dictionaries that the index is to name."""
        self.differences: dict[Pair, Difference | None] = {}
        """Its differences."""
        self._newest: dict[tuple[str, str], Entry] = {}
        self.notes: list[str] = []
        """What is to be told of it."""

    def read(self, sha256: str) -> bytes:
        """Return a dictionary.

        :raises OSError: it cannot be read any more.
        """
        return read_regular(os.path.join(self.path, sha256))[0]

    def put(self, content: bytes, about: About) -> Entry:
        """Put a dictionary into the folder, as the newest of its name.

        :raises OSError: it cannot be written.
        """
        sha256 = digest_of(content)
        newest = self._newest.get((about.kind, about.name))
        if newest is not None and newest.sha256 == sha256 and newest[2:6] == about:
            return newest
        added = int(self._clock())
        if newest is not None and newest.sha256 != sha256:
            # Two runs within a second.
            added = max(added, newest.added + 1)
        if sha256 not in self.entries:
            self._write(sha256, content)
        entry = Entry(sha256, len(content), *about, added)
        self.entries[sha256] = entry
        self._newest[about.kind, about.name] = entry
        return entry

    def put_difference(self, pair: Pair, coded: bytes | None) -> None:
        """Put a difference into the folder; None for one that is not worth it.

        :raises OSError: it cannot be written.
        """
        difference = None
        if coded is not None:
            self._write(difference_name(pair), coded)
            difference = Difference(len(coded), digest_of(coded))
        self.differences[pair] = difference

    def drop(self, dropped: Collection[str]) -> None:
        """Forget dictionaries, and the differences that are made of them or with them."""
        for sha256 in dropped:
            del self.entries[sha256]
        self._sort()
        for pair in [*self.differences]:
            if not self.entries.keys() >= {*pair}:
                del self.differences[pair]

    def _sort(self) -> None:
        """Note the newest dictionary of each name."""
        self._newest = {
            (entry.kind, entry.name): entry
            for entry in sorted(self.entries.values(), key=by_age)
        }

    def _write(self, name: str, content: bytes) -> None:
        def finish(temporary: str) -> None:
            os.chmod(temporary, self._mode)

        write_whole(os.path.join(self.path, name), content, finish)

    def _examine(self) -> None:
        """Take up what the index says, as far as it is true."""
        for sha256, entry in self._recorded.entries.items():
            problem = _problem(os.path.join(self.path, sha256), entry.nbytes, sha256)
            if problem is None:
                self.entries[sha256] = entry
            else:
                self.notes.append(f"{sha256}: dropped, {problem}")
        self._sort()
        for pair, difference in self._recorded.differences.items():
            if not self.entries.keys() >= {*pair}:
                continue
            name = difference_name(pair)
            problem = None
            if difference is not None:
                place = os.path.join(self.path, name)
                problem = _problem(place, difference.nbytes, difference.sha256)
            if problem is None:
                self.differences[pair] = difference
            else:
                self.notes.append(f"{name}: dropped, {problem}")

    def _record(self, is_alone: bool) -> None:
        """Write the index if it says something else, and remove what it does not name."""
        index = Index(self.entries, self.differences)
        if index != self._recorded:
            write_index(self.path, index)
        made = {difference_name(pair) for pair, each in self.differences.items() if each}
        # One that another process writes is a temporary file too, or not named yet.
        before = set() if is_alone else _names_in(self._recorded)
        for name in sorted(os.listdir(self.path)):
            is_ours = is_temporary(name) or is_sha256(name) or pair_of(name) is not None
            if not is_ours or name in self.entries or name in made:
                continue
            if is_alone or name in before:
                with suppress(FileNotFoundError):
                    os.unlink(os.path.join(self.path, name))


@contextmanager
def opened(
    path: str, on_wait: Callable[[], object], clock: Callable[[], float] = time.time
) -> Iterator[DictionaryFolder]:
    """Open a folder of dictionaries for work, and record afterwards what was done.

    It is made if it is not there. Nothing is recorded if the work fails. Processes that do this
    wait for each other.

    :param on_wait: called once if there is another one to be waited for.
    :param clock: seconds since 1970.
    :raises ConfigurationError: its index cannot be read or is damaged.
    :raises OSError: it cannot be opened, or not be written to.
    """
    os.makedirs(path, exist_ok=True)
    with alone_in(path, on_wait) as is_alone:
        folder = DictionaryFolder(path, read_index(path) or EMPTY, clock)
        folder._examine()
        yield folder
        folder._record(is_alone)


def choose_dropped(
    entries: Mapping[str, Entry], current: Collection[str], keep: int, max_nbytes: int
) -> list[str]:
    """Return which versions of files are dropped, the oldest first.

    Of each name the newest ones are kept, and all that are current. If they are too much, the
    oldest go, of any name, and current ones last.

    :param entries: those of files.
    :param current: the SHA-256 of the versions that files have now.
    :param keep: how many of a name are kept.
    :param max_nbytes: how many bytes all may have.
    """
    by_name: dict[str, list[Entry]] = {}
    for entry in sorted(entries.values(), key=by_age):
        by_name.setdefault(entry.name, []).append(entry)
    dropped = [
        entry
        for versions in by_name.values()
        for entry in versions[: max(len(versions) - keep, 0)]
        if entry.sha256 not in current
    ]
    kept = sorted(
        entries.keys() - {entry.sha256 for entry in dropped},
        key=lambda sha256: (sha256 in current, *by_age(entries[sha256])),
    )
    nbytes = sum(entries[sha256].nbytes for sha256 in kept)
    for sha256 in kept:
        if nbytes <= max_nbytes:
            break
        dropped.append(entries[sha256])
        nbytes -= entries[sha256].nbytes
    return [entry.sha256 for entry in sorted(dropped, key=by_age)]


def choose_superseded(entries: Mapping[str, Entry], name: str, keep: int) -> list[str]:
    """Return which dictionaries of pages are dropped, of those that have a name.

    :param keep: how many are kept.
    """
    same = [each for each in entries.values() if each.kind == "pages" and each.name == name]
    same.sort(key=by_age)
    return [entry.sha256 for entry in same[: max(len(same) - keep, 0)]]


def _names_in(index: Index) -> set[str]:
    return {*index.entries, *map(difference_name, index.differences)}


def _problem(path: str, nbytes: int, sha256: str) -> str | None:
    """Return why a file is not what the index says, None if it is."""
    try:
        content, _ = read_regular(path, nbytes)
    except FileNotFoundError:
        return "it is gone"
    except OSError as error:
        return f"it cannot be read: {fault_of(error)}"
    return None if digest_of(content) == sha256 else "it is damaged"
