"""What is kept for whoever needs it next: encoders that are idle.

A process keeps a bounded number of bytes of them, whatever they are for. Each kind has a shelf.
When there is no room, the shelf that has the most gives something up for one that has less.

What is kept counts from when it is first put on a shelf until it is freed. Bodies take
things off and put them back without any counting, unless there was none so long: what they have
in hand goes on counting. Streams, which keep what they take for long, hand its count back.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from weakref import ref

from ..forks import ProcessLock

MAX_NBYTES = 16 * 1024 * 1024
"""How many bytes are kept in a process."""

MAX_ITEM_NBYTES = MAX_NBYTES // 2
"""What is larger is never kept: zstd takes some hundred megabytes at its highest levels."""

# What all counts for, or more: what is freed is not noticed before there seems to be no room.
# No destructor could notice it: a signal handler's exception is lost in one.
_counted_nbytes = 0
_counted: dict[int, ref[Kept]] = {}  # by id()

_shelves: list[Shelf] = []

# The garbage collector may close a stream, whose encoder is then kept, while this is held.
_lock = ProcessLock()


class Kept:
    """An encoder."""

    __slots__ = ("__weakref__", "address", "counted_nbytes", "encoder", "longest_nbytes")

    def __init__(self, encoder: Any, address: int) -> None:
        self.encoder = encoder
        self.address = address
        """Where the encoder is."""
        self.counted_nbytes = 0
        """What it counts for; 0 if it was never put on a shelf."""
        self.longest_nbytes = -1
        """The longest input when its memory was last measured."""


class Shelf:
    """Idle things of one kind. Shelves are as many as kinds, and are never given up."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: list[Kept] = []
        """Take with ``pop()``; put back with ``append()`` what counts for what it takes."""
        with _lock.own:
            _shelves.append(self)

    def take(self) -> Kept:
        """Take something for long, so that it counts no more.

        :raises IndexError: there is nothing.
        """
        kept = self.items.pop()
        with _lock.own:
            _count(kept, 0)
        return kept

    def keep(self, kept: Kept, nbytes: int) -> None:
        """Put something on the shelf that takes so many bytes, if there is room."""
        if nbytes > MAX_ITEM_NBYTES:
            return
        with _lock.own:
            if self._make_room(nbytes - kept.counted_nbytes):
                _count(kept, nbytes)
                self.items.append(kept)

    def nbytes(self) -> int:
        """Return what the things on the shelf count for."""
        return sum(kept.counted_nbytes for kept in self.items.copy())

    def _make_room(self, nbytes: int) -> bool:
        """Tell whether so much more may be counted, after freeing what there is too much of."""
        if _counted_nbytes + nbytes <= MAX_NBYTES:
            return True
        while counted_nbytes() + nbytes > MAX_NBYTES:
            fullest = max(_shelves, key=Shelf.nbytes)
            if fullest.nbytes() <= self.nbytes():
                return False
            with suppress(IndexError):
                del fullest.items[0]
        return True


def counted_nbytes() -> int:
    """Return what all counts for that is on shelves, or in hand for a body."""
    global _counted, _counted_nbytes  # noqa: PLW0603
    with _lock.own:
        alive = [kept for weak in _counted.values() if (kept := weak()) is not None]
        # A signal handler may raise after any call: before this, or after it.
        _counted = {id(kept): ref(kept) for kept in alive}
        _counted_nbytes = sum(kept.counted_nbytes for kept in alive)
        return _counted_nbytes


def _count(kept: Kept, nbytes: int) -> None:
    """Have something count for so many bytes."""
    global _counted_nbytes  # noqa: PLW0603
    if not kept.counted_nbytes:
        _counted[id(kept)] = ref(kept)
    _counted_nbytes += nbytes - kept.counted_nbytes
    kept.counted_nbytes = nbytes
