"""The store in the process: bodies that come again are coded once.

A body is found by its length and a fingerprint, and then proved by comparing all its bytes with
those that are kept beside its coded forms. So no hash is trusted: of two bodies with the same
key one is a miss for the other, and nobody gets a wrong one. Both take less than a fiftieth of
what coding takes.

A body is kept when it comes for the second time. A fixed table remembers the first, of the
latest some ten thousand bodies: newer ones take the places of older ones. So bodies that never
come again cost a fingerprint and one look-up, and take no room.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterable
from threading import RLock
from typing import Any
from typing import NamedTuple

from ..coding import Settings
from ..coding.core import fingerprint_of
from ..coding.encoder import compress_in_time
from ..counter import Counter

ENTRY_NBYTES = 700
"""What an entry takes beside the bytes of its body and coded forms."""

MAX_SHARE = 8
"""One entry takes at most this part of the room: an eighth."""

# Of these a level says all.
_SIMPLE = frozenset({"gzip", "deflate", "zstd"})

# The parameters of what is kept without being coded here.
_AS_IT_IS = "as it is"

# Of the doorkeeper, 4 bytes each; a power of two.
_DOORS = 16 * 1024

Code = Callable[[bytes, str, int, Settings], tuple[bytes, float]]
"""Codes a body in a coding at a level, with the settings of brotli; returns the coded body and
the seconds that the encoder took, 0 if it did not have to."""


def form_key(coding: str, level: int, settings: Any) -> tuple[Any, ...]:
    """Return what the coded form of a body depends on, beside the body."""
    if coding in _SIMPLE:
        return coding, level
    # A dictionary that is no longer in use is not to be held by what was made with it.
    return coding, level, getattr(settings, "sha256", settings)


class StoreStats(NamedTuple):
    """What a store has, and what it was good for.

    :param hits: how many bodies and files did not have to be coded.
    :param misses: how many were not kept, those too long for that too.
    :param entries: how many are kept.
    :param nbytes: how many bytes they take, with their coded forms.

    .. versionadded:: 0.1
    """

    hits: int
    misses: int
    entries: int
    nbytes: int


NOTHING_KEPT = StoreStats(0, 0, 0, 0)
"""What the store has where there is none."""


class Form:
    """A body in coded form.

    :param coded: its bytes.
    """

    __slots__ = ("__weakref__", "coded", "note")

    def __init__(self, coded: bytes) -> None:
        self.coded = coded
        self.note: Any = None
        """What whoever sends it has made of it, to be found again with it."""


class Entry:
    """A body, or a file, and its coded forms."""

    __slots__ = ("body", "forms", "nbytes", "seen", "used")

    def __init__(self, body: bytes | None) -> None:
        self.body = body
        self.forms: dict[Hashable, Form] = {}
        self.nbytes = ENTRY_NBYTES + (0 if body is None else len(body))
        self.used = -1
        """The number of the hit that it was last, -1 for none."""
        self.seen = -1
        """The same when it was last thought of dropping it."""


class BodyStore:
    """Keeps coded bodies and files, those that are in use. Safe for concurrent use.

    The same bytes come out as without it.

    :param max_nbytes: how many bytes all takes: bodies, coded forms and overhead.
    :param code: codes what is not kept.
    """

    __slots__ = (
        "_count_hit",
        "_count_miss",
        "_doors",
        "_entries",
        "_hits",
        "_max_entry_nbytes",
        "_misses",
        "_nbytes",
        "code",
        "max_nbytes",
        "parts",
    )

    def __init__(self, max_nbytes: int, code: Code = compress_in_time) -> None:
        self.max_nbytes = max_nbytes
        self._max_entry_nbytes = max_nbytes // MAX_SHARE
        self.code = code
        """Codes what is not kept."""
        doors = bytearray(4 * _DOORS)
        self._doors = memoryview(doors).cast("I")
        # By fingerprint and length, or by what names a file.
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()
        self._nbytes = 0
        self._hits = Counter()
        self._misses = Counter()
        self._count_hit, self._count_miss = self._hits.add, self._misses.add
        self.parts = (
            self._entries.get,
            doors,
            self._max_entry_nbytes,
            self._count_hit,
            self._count_miss,
        )
        """What the core needs to find bodies here, and to note that they came."""

    def compress(
        self, body: bytes, coding: str, level: int, settings: Settings
    ) -> tuple[Form, float]:
        """Return the coded form of a body, and the seconds that coding took, 0 if it was kept.

        Raises what coding raises.
        """
        nbytes = len(body)
        if nbytes > self._max_entry_nbytes:
            self._count_miss()
            coded, seconds = self.code(body, coding, level, settings)
            return Form(coded), seconds
        fingerprint = fingerprint_of(body)
        key = fingerprint, nbytes
        parameters = (coding, level) if coding in _SIMPLE else form_key(coding, level, settings)
        entry = self._entries.get(key)
        if entry is not None and entry.body == body:
            kept = entry.forms.get(parameters)
            if kept is not None:
                entry.used = self._count_hit()
                return kept, 0.0
        self._count_miss()
        coded, seconds = self.code(body, coding, level, settings)
        form = Form(coded)
        door, name = fingerprint & (_DOORS - 1), fingerprint >> 32
        if entry is not None or self._doors[door] == name:
            self._keep(key, body, parameters, form)
        else:
            self._doors[door] = name
        return form, seconds

    def kept(self, body: bytes, parameters: Hashable) -> Form | None:
        """Return the coded form of a body if it is kept, and then count a hit.

        :param parameters: the coding, the level and, with a dictionary, its hash.
        """
        entry = self._entries.get((fingerprint_of(body), len(body)))
        if entry is None or entry.body != body:
            return None
        kept = entry.forms.get(parameters)
        if kept is not None:
            entry.used = self._count_hit()
        return kept

    def compress_file(
        self,
        name: Hashable,
        read: Callable[[], tuple[bytes, bool]],
        coding: str,
        level: int,
        settings: Settings,
    ) -> tuple[Form, float]:
        """Return the coded form of what has a name, without reading it if that is kept.

        It is kept from the first time on: reading it again takes time as well.

        :param name: stands for certain bytes, and never for others.
        :param read: returns these bytes, and whether the name may be trusted to stand for them.
        :return: as for :meth:`compress`. Raises what reading and coding raise.
        """
        parameters = (coding, level) if coding in _SIMPLE else form_key(coding, level, settings)
        kept = self._named(name, parameters)
        if kept is not None:
            return kept, 0.0
        body, is_certain = read()
        coded, seconds = self.code(body, coding, level, settings)
        form = Form(coded)
        if is_certain:
            self._keep(name, None, parameters, form)
        return form, seconds

    def read_file(self, name: Hashable, read: Callable[[], tuple[bytes, bool]]) -> bytes:
        """Return the bytes of what has a name, without reading them if they are kept.

        :param name: as for :meth:`compress_file`, and so is ``read``. Raises what that raises.
        """
        kept = self._named(name, _AS_IT_IS)
        if kept is not None:
            return kept.coded
        body, is_certain = read()
        if is_certain:
            self._keep(name, None, _AS_IT_IS, Form(body))
        return body

    def _named(self, name: Hashable, parameters: Hashable) -> Form | None:
        """Return a form of what has a name, if it is kept, and count a hit or a miss."""
        entry = self._entries.get(name)
        kept = None if entry is None else entry.forms.get(parameters)
        if entry is None or kept is None:
            self._count_miss()
            return None
        entry.used = self._count_hit()
        return kept

    def stats(self) -> StoreStats:
        """Return what is kept, and what it was good for."""
        with _lock:
            return StoreStats(
                self._hits.value(), self._misses.value(), len(self._entries), self._nbytes
            )

    def _keep(
        self, key: Hashable, body: bytes | None, parameters: Hashable, form: Form
    ) -> None:
        """Keep a coded form, and make room for it."""
        nbytes = len(form.coded)
        with _lock:
            entries = self._entries
            entry = entries.get(key)
            if entry is None or entry.body != body:
                # Of two bodies with one key the latest is kept.
                added = Entry(body)
                added_nbytes = added.nbytes + nbytes
            else:
                added, added_nbytes = entry, nbytes
            if parameters in added.forms or (added.nbytes + nbytes > self._max_entry_nbytes):
                return
            # A signal handler may raise between any two of these: then too much is counted.
            self._nbytes += added_nbytes
            added.nbytes += nbytes
            added.forms[parameters] = form
            entries[key] = added
            entries.move_to_end(key)
            if entry is not None and entry is not added:
                self._nbytes -= entry.nbytes
            self._make_room()

    def _drop(self, key: Hashable, several: Iterable[Hashable]) -> None:
        """Drop some coded forms of what is kept under a key, those of some parameters."""
        with _lock:
            entry = self._entries.get(key)
            if entry is None:
                return
            for parameters in several:
                form = entry.forms.pop(parameters, None)
                if form is not None:
                    entry.nbytes -= len(form.coded)
                    self._nbytes -= len(form.coded)

    def _make_room(self) -> None:
        """Drop what was not used since it was last thought of dropping it, the oldest first.

        So a hit changes no order, which would take a lock: in free-threaded CPython 3.13 an
        OrderedDict is not safe (cpython issue 125996).
        """
        entries = self._entries
        chances = len(entries)
        while self._nbytes > self.max_nbytes and entries:
            key, entry = entries.popitem(last=False)
            if entry.used != entry.seen and chances > 0:
                entry.seen = entry.used
                entries[key] = entry
                chances -= 1
            else:
                self._nbytes -= entry.nbytes
        if not entries:
            # What was counted too much must not leave ever less room.
            self._nbytes = 0


# One for all stores: it is held for microseconds. Reentrant, because a signal handler may fork.
_lock = RLock()

if hasattr(os, "register_at_fork"):
    # A child inherits stores as they are between two changes, whatever other threads do.
    os.register_at_fork(
        before=_lock.acquire,
        after_in_parent=_lock.release,
        after_in_child=_lock.release,
    )
