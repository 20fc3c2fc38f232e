"""The coding dcz (RFC 9842): zstd with a dictionary that the client has.

To prepare a dictionary takes a hundred times as long as to code a short body with it. So what
is prepared of one, for a level and for small encoders or others, is kept and shared by all
threads. A process keeps a bounded number of bytes of that; what has not been used for longest
goes first, and lives on as long as somebody uses it.
"""

from __future__ import annotations

import sys
from enum import Enum
from typing import TYPE_CHECKING
from typing import cast

from ..forks import ProcessLock
from . import core
from .buffers import as_bytes
from .dictionary import Dictionary

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_NBYTES = 16 * 1024 * 1024
"""How many bytes of prepared dictionaries are kept in a process, their own among them.

At level 3 a dictionary of 100 KB takes .6 megabytes.
"""

MIN_NBYTES = 4096
"""What takes less beside the dictionary's own bytes is not kept: nothing was prepared, as of a
long one.
"""

_Key = tuple[bytes, int, bool]

# By digest, level, and whether it is for small encoders; what comes first goes first, unless it
# was used again since it came there.
_kept: dict[_Key, core.Prepared] = {}

_lock = ProcessLock()


def prepared(dictionary: Dictionary, level: int, *, small: bool) -> core.Prepared:
    """Return what is prepared of a dictionary, the same for all as long as it is kept.

    :raises ValueError: it is no dictionary.
    :raises MemoryError: there is no memory.
    """
    if not isinstance(dictionary, Dictionary):
        raise ValueError('the coding "dcz" needs a dictionary')
    key = (dictionary.digest, level, small)
    found = _kept.get(key)
    if found is not None:
        found.was_used = True
        return found
    with _lock.own:
        # Another thread may have been first.
        found = _kept.get(key)
        if found is None:
            found = core.Prepared(dictionary.data, dictionary.digest, level, small=small)
            _keep(key, found)
    return found


def kept_nbytes() -> int:
    """Return how many bytes are kept."""
    with _lock.own:
        return sum(found.nbytes for found in _kept.values())


def _keep(key: _Key, found: core.Prepared) -> None:
    """Keep what was prepared, if it can be, and let go of what there is too much of."""
    if found.nbytes - len(found.data) < MIN_NBYTES or found.nbytes > MAX_NBYTES:
        return
    room_nbytes = MAX_NBYTES - found.nbytes
    left_nbytes = kept_nbytes()
    # Each twice: the first time it may stay, for having been used.
    for oldest in [*_kept, *_kept]:
        if left_nbytes <= room_nbytes:
            break
        other = _kept.pop(oldest, None)
        if other is None:
            continue
        if other.was_used:
            other.was_used = False
            _kept[oldest] = other
        else:
            left_nbytes -= other.nbytes
    if left_nbytes <= room_nbytes:
        _kept[key] = found


class Saving(Enum):
    """What a dictionary saves of a body, beside zstd of the same level.

    ``NOTHING``: hardly anything, or less than what names it. ``PERHAPS``: whoever wants to know
    has to code it both ways. ``MUCH``: nearly always; where not, the body is a few hundredths
    larger, seldom a tenth.
    """

    NOTHING = core.SAVES_NOTHING
    PERHAPS = core.MAY_SAVE
    MUCH = core.SAVES


_SAVINGS = {saving.value: saving for saving in Saving}


def saving(dictionary: Dictionary, level: int, body: bytes) -> Saving:
    """Guess what a dictionary saves of a whole body, in a fraction of what it takes to code it.

    The same body and dictionary give the same, whatever the level.

    :raises MemoryError: there is no memory.
    """
    # Not all that is prepared is kept: it has to live until the core has seen it.
    referred = prepared(dictionary, level, small=False)
    return _SAVINGS[core.saving_of(referred.address, body)]


class Bodies(core.Bodies):
    """Codes whole bodies at one level."""

    __slots__ = ("_level",)

    def __init__(self, level: int) -> None:
        super().__init__(core.DCZ, level)
        self._level = level

    def compress(self, data: Buffer, dictionary: Dictionary) -> bytes:
        """Return the coded form of a whole body.

        :raises ValueError: there is no dictionary.
        """
        referred = prepared(dictionary, self._level, small=False)
        body = as_bytes(data)
        kept = self._take_for_body()
        coded = cast(
            "bytes", core.compress_bytes(kept.address, body, sys.maxsize, referred.address)
        )
        # An encoder takes the more memory the longer either is.
        nbytes = len(body) + len(referred.data)
        if nbytes <= kept.longest_nbytes:
            self.idle.items.append(kept)
        else:
            kept.longest_nbytes = nbytes
            self.give(kept)
        return coded


class Streams(core.Streams):
    """Opens streams of one level.

    :param small: whether they take little memory.
    """

    __slots__ = ("_level", "_small")

    def __init__(self, level: int, small: bool) -> None:
        super().__init__(core.DCZ, level, small)
        self._level = level
        self._small = small

    def open(self, size: int | None, dictionary: Dictionary) -> core.CoreStream:
        """Return a new stream of so many bytes, or of any number.

        :raises ValueError: there is no dictionary.
        """
        referred = prepared(dictionary, self._level, small=self._small)
        return core.CoreStream(self, size, referred)
