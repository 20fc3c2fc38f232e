"""Codes bytes: whole bodies and streams, in every content coding. Knows no HTTP.

Here is what there is to know of each coding, a row each, and the one rule for levels.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from functools import cache
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple
from typing import Protocol
from typing import TypeGuard

from . import br
from . import core
from . import dcz
from .decode import BrotliDecoder
from .decode import Decoder
from .decode import DeflateDecoder
from .decode import GzipDecoder
from .decode import ZstdDecoder
from .dictionary import Dictionary
from .idle import Shelf

if TYPE_CHECKING:
    from typing_extensions import Buffer


WRITE, FLUSH, FINISH = range(3)
"""What is done with a stream after taking data: nothing, make all decodable, end it."""


Settings = br.BrotliSettings | Dictionary
"""What the bodies and streams of a coding have to be told beside the level.

dcz takes a dictionary, and cannot do without; br takes how to use brotli; others heed nothing.
"""


class Bodies(Protocol):
    """Codes whole bodies at one level."""

    @property
    def idle(self) -> Shelf | None:
        """The encoders that nobody uses, None if none are kept."""

    def compress(self, data: Buffer, settings: Any, /) -> bytes:
        """Return the coded form of a body.

        :param settings: those :data:`Settings` that the coding has.
        """
        ...


class Stream(Protocol):
    """Codes one body piece by piece. Not safe for concurrent use."""

    def call(self, verb: int, data: bytes, /) -> bytes:
        """Do what :data:`WRITE`, :data:`FLUSH` or :data:`FINISH` says; return what is ready."""
        ...

    def close(self) -> None:
        """Free what the stream has."""


class Streams(Protocol):
    """Opens streams of one level."""

    def open(self, size: int | None, settings: Any, /) -> Stream:
        """Return a new stream of so many bytes, or of any number.

        :param settings: those :data:`Settings` that the coding has.
        """
        ...


class Coding(NamedTuple):
    """One content coding.

    :param name: as Content-Encoding has it (RFC 9110 section 8.4.1).
    :param suffix: of the names of files in this coding; empty if nobody keeps such files.
    :param levels: those that may be asked for.
    :param default_level: the level if none is.
    :param default_sign: the level that stands for this one as well; None for none.
    :param file_level: the level of what is coded once and sent often.
    :param quick: how many bytes of text take no more than about half a millisecond, from the
        level on under which that stands here. Measured on an AMD EPYC (family 25, model 17).
    :param fast_level: the level that takes the least time. Lower ones save none that would be
        worth what they make longer.
    :param is_available: whether it can be written here.
    :param has_dictionary: whether it needs a dictionary that the client has. It is then never
        chosen by its name alone.
    :param short_rank: its place among those without a dictionary, the best first, for bodies of
        a few kilobytes; 0 if it has one.
    :param long_rank: the same for larger ones, and for streams.
    :param bodies: returns, for a level, what codes whole bodies; the same each time.
    :param streams: returns, for a level, and whether streams are to take little memory, what
        opens them; the same each time.
    :param decoder: makes what decodes a body that nobody vouches for; None if nothing here can.
    """

    name: str
    suffix: str
    levels: range
    default_level: int
    default_sign: int | None
    file_level: int
    quick: Mapping[int, int]
    fast_level: int
    is_available: bool
    has_dictionary: bool
    short_rank: int
    long_rank: int
    bodies: Callable[[int], Bodies]
    streams: Callable[[int, bool], Streams]
    decoder: Callable[[], Decoder] | None


def _of_core(number: int) -> dict[str, Any]:
    """Return what the core knows of a coding, by its number there."""
    return {
        "levels": core.levels(number),
        "is_available": True,
        "has_dictionary": False,
        "bodies": cache(partial(core.Bodies, number)),
        "streams": cache(partial(core.Streams, number)),
    }


_KB = 1024

# With a dictionary, too. Those above the latter find next to nothing more in the 8 MB that a
# window may have (RFC 9659).
_ZSTD_LEVEL, _ZSTD_FILE_LEVEL = 3, 19
_ZSTD_QUICK = {core.levels(core.ZSTD)[0]: 64 * _KB, 9: 32 * _KB, 13: 16 * _KB, 16: 4 * _KB}

_DEFLATE_QUICK = {core.levels(core.ZLIB)[0]: 64 * _KB, 8: 32 * _KB, 10: 4 * _KB, 12: _KB}

_BR_QUICK = {br.LEVELS[0]: 64 * _KB, 4: 32 * _KB, 6: 16 * _KB, 9: 2 * _KB, 10: 0}

_ROWS = (
    Coding(
        **_of_core(core.ZSTD),
        name="zstd",
        suffix=".zst",
        default_level=_ZSTD_LEVEL,
        default_sign=0,
        file_level=_ZSTD_FILE_LEVEL,
        quick=_ZSTD_QUICK,
        fast_level=1,
        short_rank=3,
        long_rank=1,
        decoder=ZstdDecoder,
    ),
    Coding(
        name="br",
        suffix=".br",
        levels=br.LEVELS,
        default_level=4,
        default_sign=None,
        file_level=br.LEVELS[-1],
        quick=_BR_QUICK,
        fast_level=0,
        is_available=br.is_available(),
        has_dictionary=False,
        short_rank=2,
        long_rank=3,
        bodies=cache(br.Bodies),
        streams=cache(br.Streams),
        decoder=BrotliDecoder if br.can_bound() else None,
    ),
    Coding(
        **_of_core(core.GZIP),
        name="gzip",
        suffix=".gz",
        default_level=6,
        default_sign=-1,
        file_level=core.levels(core.GZIP)[-1],
        quick=_DEFLATE_QUICK,
        fast_level=1,
        short_rank=1,
        long_rank=2,
        decoder=GzipDecoder,
    ),
    Coding(
        **_of_core(core.ZLIB),
        name="deflate",
        suffix="",
        default_level=6,
        default_sign=-1,
        file_level=core.levels(core.ZLIB)[-1],
        quick=_DEFLATE_QUICK,
        fast_level=1,
        short_rank=4,
        long_rank=4,
        decoder=DeflateDecoder,
    ),
    Coding(
        name="dcz",
        suffix="",
        levels=core.levels(core.DCZ),
        default_level=_ZSTD_LEVEL,
        default_sign=0,
        file_level=_ZSTD_FILE_LEVEL,
        quick=_ZSTD_QUICK,
        fast_level=1,
        is_available=True,
        has_dictionary=True,
        short_rank=0,
        long_rank=0,
        bodies=cache(dcz.Bodies),
        streams=cache(dcz.Streams),
        decoder=None,
    ),
)

CODINGS: Mapping[str, Coding] = MappingProxyType({row.name: row for row in _ROWS})
"""Every coding by its name, in the order of preference where nothing else is said."""

KNOWN_CODINGS = tuple(row.name for row in _ROWS if not row.has_dictionary)
"""The names of the codings that may be wished for, whether or not they are available here."""

TAGGED_CODINGS = tuple(CODINGS)
"""The names of all codings, those with a dictionary too: the tag of a response may tell any."""


def available_codings() -> tuple[str, ...]:
    """Return which of the :data:`KNOWN_CODINGS` can be written here, in their order."""
    return tuple(name for name in KNOWN_CODINGS if CODINGS[name].is_available)


def decodable_codings() -> tuple[str, ...]:
    """Return which of the :data:`KNOWN_CODINGS` can be decoded here, in their order."""
    return tuple(name for name in KNOWN_CODINGS if CODINGS[name].decoder is not None)


def coding_named(name: str) -> Coding:
    """Return a coding by its name.

    :raises ValueError: it is unknown.
    """
    coding = CODINGS.get(name)
    if coding is None:
        known = ", ".join(row.name for row in _ROWS if row.is_available)
        raise ValueError(f"unknown coding {name!r}: not one of {known}")
    return coding


def quick_nbytes(coding: str, level: int) -> int:
    """Return how many bytes take a coding no more than about half a millisecond."""
    quick = CODINGS[coding].quick
    return quick[max(first for first in quick if first <= level)]


def is_integer(value: object) -> TypeGuard[int]:
    """Tell whether a value is an int, of a subclass perhaps, and not a bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def checked_level(coding: str, level: int | None) -> int:
    """Return a level as a plain int, the coding's default for None.

    This is the one rule for a level, wherever it is given: an int, and so a member of an
    :class:`~enum.IntEnum` too, but no bool, and nothing that is only equal to an int or could
    be turned into one, such as 6.0.

    :raises TypeError: level is neither such an int nor None.
    :raises ValueError: level is not a level of the coding, or that is unknown.
    """
    row = coding_named(coding)
    if level is None:
        return row.default_level
    if not is_integer(level):
        raise TypeError(f"level must be an int or None, not {type(level).__name__}")
    # Of a subclass only the value: it may have equality, arithmetic and a text of its own.
    number = int.__index__(level)
    if number not in row.levels:
        first, last = row.levels[0], row.levels[-1]
        raise ValueError(f"level {number} of {coding} is not in {first} to {last}")
    return number


STEPS_DOWN = 3
"""How many levels :func:`levels_down` finds below one."""


def levels_down(coding: str, level: int) -> tuple[int, ...]:
    """Return a level, and :data:`STEPS_DOWN` to go down to, the last of them the fastest.

    They are as far from each other as whole numbers can be. One that is as fast as the fastest
    has no other below.

    :param level: one of the coding.
    """
    row = CODINGS[coding]
    start = row.default_level if level == row.default_sign else level
    way = start - row.fast_level
    if way <= 0:
        return (level,) * (1 + STEPS_DOWN)
    # Rounded down.
    return level, *(start - -(-way * step // STEPS_DOWN) for step in range(1, 1 + STEPS_DOWN))
