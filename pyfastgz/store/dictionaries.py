"""The dictionaries in a folder, as a server sees them while commands write there."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from collections.abc import Mapping
from time import monotonic
from typing import NamedTuple

from ..coding.dictionary import Dictionary
from ..disk import digest_of
from ..disk import fault_of
from ..disk import read_regular
from ..disk import state_in
from ..errors import ConfigurationError
from .dictionary_index import EMPTY
from .dictionary_index import NAME
from .dictionary_index import Entry
from .dictionary_index import Index
from .dictionary_index import Pair
from .dictionary_index import by_age
from .dictionary_index import difference_name
from .dictionary_index import read_index
from .sibling import Sibling

_log = logging.getLogger("pyfastgz")

LOOK_SECONDS = 1.0
"""How long what was found in the folder holds."""

_MAX_LOADED_NBYTES = 64 * 1024 * 1024
_MAX_LOOKS = 3

# No file's state.
_UNREADABLE = (0,)

_State = tuple[int, ...] | None


class _Seen(NamedTuple):
    """What there is in the folder.

    :param until: when to look again.
    :param state: of the index's file; None if there is none.
    :param listed: what it says.
    :param pages: its dictionaries of pages, the newest last.
    :param differences: its differences.
    """

    until: float
    state: _State
    listed: Index
    pages: tuple[Entry, ...]
    differences: Mapping[Pair, Sibling]


class Dictionaries:
    """The dictionaries in a folder. Any number of threads may use it.

    The folder is looked at again once a second. Whatever is written there by
    :mod:`pyfastgz.store.dictionary_folder` is seen as a whole.

    :param folder: it need not be there yet.
    :param clock: seconds since some fixed point.
    :param max_nbytes: how many bytes of dictionaries are kept in memory.
    :param named: what the folder was given for, for messages.
    :raises ConfigurationError: the folder or its index cannot be read or is damaged, or a
        dictionary that the index names is not there or is not what it was; the message names
        the culprit.
    """

    __slots__ = ("_clock", "_loaded", "_max_nbytes", "_missed", "_named", "_seen", "folder")

    def __init__(
        self,
        folder: str | os.PathLike[str],
        clock: Callable[[], float] = monotonic,
        max_nbytes: int = _MAX_LOADED_NBYTES,
        named: str = "COMPRESS_DICTIONARIES",
    ) -> None:
        self.folder = os.path.realpath(folder)
        """Where they are."""
        self._clock = clock
        self._max_nbytes = max_nbytes
        self._named = named
        self._loaded: dict[str, Dictionary] = {}
        # When to try again to load what could not be.
        self._missed: dict[str, float] = {}
        self._seen = self._checked()

    @property
    def entries(self) -> Mapping[str, Entry]:
        """The dictionaries that there are now, by their SHA-256."""
        return self._now().listed.entries

    @property
    def until(self) -> float:
        """When the folder is looked at again, in the seconds of the clock."""
        return self._seen.until

    @property
    def pages(self) -> tuple[Entry, ...]:
        """Those of pages, the newest last."""
        return self._now().pages

    def load(self, sha256: str) -> Dictionary | None:
        """Return a dictionary, None if there is none with the bytes that it is named by.

        It is read once, unless others have taken its place in memory since. That it is missing
        or damaged is logged once.

        :param sha256: of its bytes, in lower-case hexadecimal digits.
        """
        entry = self._now().listed.entries.get(sha256)
        if entry is None:
            return None
        dictionary = self._loaded.get(sha256)
        if dictionary is not None:
            return dictionary
        until = self._missed.get(sha256)
        if until is not None and self._clock() < until:
            return None
        try:
            dictionary = _read(self.folder, entry)
        except OSError as error:
            # A command may have dropped it.
            if sha256 in self._look(self._clock()).listed.entries:
                self._miss(sha256, error)
            return None
        self._keep(dictionary)
        return dictionary

    def difference(self, source_sha256: str, dictionary_sha256: str) -> Sibling | None:
        """Return a file coded with a dictionary, if that was done ahead of time.

        :func:`~pyfastgz.store.sibling.open_sibling` tells whether its bytes are as they were.

        :param source_sha256: of the file's bytes, in lower-case hexadecimal digits.
        :param dictionary_sha256: of the dictionary's.
        """
        return self._now().differences.get((source_sha256, dictionary_sha256))

    def _now(self) -> _Seen:
        seen = self._seen
        now = self._clock()
        return seen if now < seen.until else self._look(now)

    def _look(self, now: float) -> _Seen:
        """Look whether the index has changed."""
        seen = self._seen
        until = now + LOOK_SECONDS
        state = self._state()
        if state == seen.state:
            seen = seen._replace(until=until)
        else:
            try:
                seen = self._read(until, state, seen)
            except ConfigurationError as error:
                if isinstance(error.__cause__, OSError):
                    # It may be readable the next time.
                    state = _UNREADABLE
                if state != _UNREADABLE or seen.state != _UNREADABLE:
                    _log.error("%s; the dictionaries are those from before", error)
                seen = seen._replace(until=until, state=state)
        self._seen = seen
        return seen

    def _state(self) -> _State:
        """Return what changes with the index, None if there is none."""
        try:
            status = os.stat(os.path.join(self.folder, NAME))
        except FileNotFoundError:
            return None
        except OSError:
            return _UNREADABLE
        return state_in(status)

    def _read(self, until: float, state: _State, before: _Seen | None) -> _Seen:
        """Read the index.

        :param state: what it was a moment ago, so that no later change is missed.
        :param before: what was there before.
        :raises ConfigurationError: it cannot be read or is damaged.
        """
        index = read_index(self.folder) or EMPTY
        pages = sorted((e for e in index.entries.values() if e.kind == "pages"), key=by_age)
        known = {} if before is None else before.differences
        differences = {}
        for pair, difference in index.differences.items():
            if difference is None:
                continue
            sibling = known.get(pair)
            # What was found out about its bytes still holds.
            if sibling is None or sibling.digest != difference.sha256:
                sibling = Sibling(
                    os.path.join(self.folder, difference_name(pair)),
                    self.folder,
                    os.path.join(self.folder, pair[0]),
                    "dcz",
                    difference.nbytes,
                    difference.sha256,
                    pair[0],
                )
            differences[pair] = sibling
        return _Seen(until, state, index, tuple(pages), differences)

    def _checked(self) -> _Seen:
        """Return what there is in the folder, after a look at every dictionary.

        :raises ConfigurationError: one of them, or the folder, is not as it should be.
        """
        looks = 0
        while True:
            looks += 1
            state = self._state()
            try:
                seen = self._read(self._clock() + LOOK_SECONDS, state, None)
                for entry in seen.listed.entries.values():
                    _check(self.folder, entry)
            except ConfigurationError as error:
                # A command may have dropped what it is about.
                if looks < _MAX_LOOKS and self._state() != state:
                    continue
                raise ConfigurationError(f"{self._named}: {error}") from error
            return seen

    def _miss(self, sha256: str, error: OSError) -> None:
        """Log that a dictionary cannot be loaded, unless that was logged before."""
        if sha256 not in self._missed:
            where = os.path.join(self.folder, sha256)
            _log.error("the dictionary %s is not used: %s", where, fault_of(error))
        self._missed[sha256] = self._clock() + LOOK_SECONDS

    def _keep(self, dictionary: Dictionary) -> None:
        """Keep a dictionary in memory, and forget those that were there the longest.

        What two threads keep at the same time may be lost, and is then read again.
        """
        self._missed.pop(dictionary.sha256, None)
        kept: dict[str, Dictionary] = {}
        nbytes = 0
        for each in (dictionary, *reversed(self._loaded.values())):
            nbytes += len(each.data)
            if nbytes > self._max_nbytes:
                break
            kept[each.sha256] = each
        self._loaded = dict(reversed(kept.items()))


def _check(folder: str, entry: Entry) -> None:
    """Check that a dictionary is what the index says.

    :raises ConfigurationError: it is not; the message names it.
    """
    try:
        _read(folder, entry)
    except OSError as error:
        where = os.path.join(folder, entry.sha256)
        raise ConfigurationError(
            f"{where}: {fault_of(error)}; the folder begins anew if its {NAME} is removed"
        ) from error


def _read(folder: str, entry: Entry) -> Dictionary:
    """Return a dictionary.

    :raises OSError: it cannot be read, or its bytes are not those it is named by.
    """
    content, _ = read_regular(os.path.join(folder, entry.sha256), entry.nbytes)
    if digest_of(content) != entry.sha256:
        raise OSError("its bytes are not those that it is named by")
    return Dictionary(content)
