"""Brotli (RFC 7932) through the optional ``brotli`` or ``brotlicffi`` package."""

from __future__ import annotations

from importlib import import_module
from math import inf
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from ..errors import DecodeError
from ..errors import EncoderStateError
from ..errors import WindowError
from .buffers import as_bytes

if TYPE_CHECKING:
    from typing_extensions import Buffer


class BrotliSettings(NamedTuple):
    """How to use brotli, apart from the level.

    :param mode: 0 for any input, 1 for UTF-8 text, 2 for WOFF 2 fonts.
    :param window: base-2 logarithm of the window in bytes, 10 to 24; an
        :class:`~pyfastgz.Encoder` uses at most 17.
    :param block: base-2 logarithm of the largest input block in bytes, 16 to 24; 0 lets brotli
        choose by level.

    .. versionadded:: 0.1
    """

    mode: int = 0
    window: int = 22
    block: int = 0


LEVELS = range(12)

# The largest windows of streams, as powers of 2. With 17 a stream takes 2 MB at most at level
# 4, with 22, the default, 10; and it is 1 % larger at 128 KB to 1 MB and 2.7 % above. 18 halves
# that for 2.6 MB.
_STREAM_WINDOW = 17
_SMALL_STREAM_WINDOW = 14


# A decoder decodes all that it is given, and a meta-block of 10 bytes may stand for 16 MB (RFC
# 7932 section 9.2).
_PIECE_NBYTES = 16


def _import_or_none(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


_brotli = _import_or_none("brotli") or _import_or_none("brotlicffi")


def is_available() -> bool:
    """Tell whether a brotli package is installed."""
    return _brotli is not None


def version() -> str:
    """Return which brotli package codes, and its version.

    :raises ValueError: none is installed.
    """
    package = _package()
    return f"{package.__name__}-{package.__version__}"


def compress(data: Buffer, level: int, settings: BrotliSettings) -> bytes:
    """Return the coded form of a whole body.

    :param level: one of :data:`LEVELS`.
    :raises TypeError: data is not bytes-like.
    :raises ValueError: no brotli package is installed.
    """
    coded: bytes = _package().compress(
        as_bytes(data),
        mode=settings.mode,
        quality=level,
        lgwin=settings.window,
        lgblock=settings.block,
    )
    return coded


def decompress(coded: bytes, max_nbytes: int) -> bytes:
    """Return what a whole stream stands for, or else its beginning, which is longer than asked.

    :param max_nbytes: how many bytes it should stand for at most. A stream of a kilobyte may
        stand for a gigabyte: no more of that is decoded than some 32 MB above this.
    :raises ValueError: it is no br stream, or not just one, or no brotli package is installed.
    """
    package = _package()
    decompressor = package.Decompressor()
    beginning = bytearray()
    try:
        for at in range(0, len(coded), _PIECE_NBYTES):
            if decompressor.is_finished():
                break
            beginning += decompressor.process(coded[at : at + _PIECE_NBYTES])
            if len(beginning) > max_nbytes:
                return bytes(beginning)
        # Only this tells in all versions whether something follows the stream.
        body: bytes = package.decompress(coded)
    except package.error as error:
        raise ValueError("it is no br stream") from error
    return body


class Bodies:
    """Codes whole bodies at one level.

    :raises ValueError: no brotli package is installed.
    """

    __slots__ = ("_level",)

    idle = None
    """No encoders are kept."""

    def __init__(self, level: int) -> None:
        _package()
        self._level = level

    def compress(self, data: Buffer, settings: BrotliSettings) -> bytes:
        """Return the coded form of a whole body."""
        return compress(data, self._level, settings)


class Streams:
    """Opens streams of one level.

    :param small: whether they take little memory.
    :raises ValueError: no brotli package is installed.
    """

    __slots__ = ("_level", "_max_window")

    def __init__(self, level: int, small: bool) -> None:
        _package()
        self._level = level
        self._max_window = _SMALL_STREAM_WINDOW if small else _STREAM_WINDOW

    def open(self, size: int | None, settings: BrotliSettings) -> BrotliStream:
        """Return a new stream of so many bytes, or of any number."""
        window = min(settings.window, self._max_window)
        return BrotliStream(self._level, settings._replace(window=window), size)


class BrotliStream:
    """Codes a body piece by piece. Not safe for concurrent use; the caller sees to that.

    :param level: one of :data:`LEVELS`.
    :param size: the total number of bytes, a promise; None if it is not certain.
    :raises ValueError: no brotli package is installed.
    :raises EncoderStateError: in its methods, when the promise is broken.
    """

    __slots__ = ("_compressor", "_left")

    def __init__(self, level: int, settings: BrotliSettings, size: int | None = None) -> None:
        self._left = size
        self._compressor: Any = _package().Compressor(
            mode=settings.mode, quality=level, lgwin=settings.window, lgblock=settings.block
        )

    def call(self, verb: int, data: bytes, /) -> bytes:
        """Take more of the body and return coded bytes; a verb is its place among the three."""
        return (self.write, self.flush, self.finish)[verb](data)

    def write(self, data: bytes) -> bytes:
        """Take more of the body; return the coded bytes that are ready, often none."""
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                raise EncoderStateError("input differs from the declared size")
        coded: bytes = self._compressor.process(data)
        return coded

    def flush(self, data: bytes = b"") -> bytes:
        """Take more of the body; return enough for all so far to be decoded."""
        coded: bytes = self.write(data) + self._compressor.flush()
        return coded

    def finish(self, data: bytes = b"") -> bytes:
        """Take the rest of the body; return the end of the coded stream."""
        written = self.write(data)
        if self._left:
            raise EncoderStateError("input differs from the declared size")
        coded: bytes = written + self._compressor.finish()
        return coded

    def close(self) -> None:
        """Free the memory of the stream, which takes no more calls."""
        self._compressor = None


def can_bound() -> bool:
    """Tell whether a package is installed whose decoder can be told how much to make."""
    if _brotli is None:
        return False
    try:
        _brotli.Decompressor().process(b"", output_buffer_limit=1)
    except TypeError:
        return False
    return True


# How streams begin whose windows are of 16 and of 8 MB: the low bits of the first byte (RFC
# 7932 section 9.1).
_WIDEST, _WIDE, _WINDOW_MASK = 0x0F, 0x0D, 0x0F

# How far such a window of 8 MB reaches back.
_WIDE_NBYTES = (1 << 23) - 16


class BoundedDecoder:
    """Decodes a stream in pieces of bounded length, with a window of 8 MB at most.

    As far as that reaches back all is as with the largest window, which is twice as large: a
    shorter stream may say that it has that one. Not safe for concurrent use.

    :param piece_nbytes: how long a piece is; it may be half as long again.
    """

    __slots__ = ("_decompressor", "_has_begun", "_left_nbytes", "_piece_nbytes")

    def __init__(self, piece_nbytes: int) -> None:
        self._decompressor = _package().Decompressor()
        self._piece_nbytes = piece_nbytes
        self._has_begun = False
        # How much may be made yet.
        self._left_nbytes: float = inf

    @property
    def holds_input(self) -> bool:
        """Whether some input is not decoded yet: until it is, no more is taken."""
        return not self._decompressor.can_accept_more_data()

    def is_finished(self) -> bool:
        """Tell whether all of the stream was returned."""
        finished: bool = self._decompressor.is_finished()
        return finished

    def decode(self, data: bytes) -> bytes:
        """Return a piece of what the stream stands for.

        :raises DecodeError: it is no br stream, or something follows it.
        :raises WindowError: it needs a window of 16 MB.
        """
        if data and not self._has_begun:
            self._has_begun = True
            if data[0] & _WINDOW_MASK == _WIDEST:
                self._left_nbytes = _WIDE_NBYTES
                data = bytes([data[0] & ~_WINDOW_MASK | _WIDE]) + data[1:]
        try:
            made: bytes = self._decompressor.process(
                data, output_buffer_limit=self._piece_nbytes
            )
        except _package().error as error:
            raise DecodeError("it is no br stream") from error
        self._left_nbytes -= len(made)
        if self._left_nbytes < 0:
            raise WindowError("the window is larger than 8 MB")
        return made


def _package() -> Any:
    if _brotli is None:
        raise ValueError('the coding "br" needs a package: pip install "pyfastgz[br]"')
    return _brotli
