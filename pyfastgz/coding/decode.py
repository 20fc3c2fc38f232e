"""Decoders for what nobody vouches for: the bodies of requests.

A decoder takes input whenever it has none left, and works in steps, each of them small: a step
takes some kilobytes of input, or makes a piece of output, or comes to the end of a member or
frame. So whoever steps can stop, count, or let others go on, whatever a few bytes stand for.
"""

from __future__ import annotations

import zlib
from typing import Any

from ..errors import DecodeError
from . import br
from . import core

PIECE_NBYTES = 64 * 1024
"""What a step makes at most, but for br, which makes up to half as much more."""

# What a step takes at most. zlib copies what it leaves of it, at the end of each member.
_SLICE_NBYTES = 4096

_GZIP_WINDOW, _ZLIB_WINDOW, _RAW_WINDOW = 31, 15, -15

# How zlib says that there is no memory for a window: Z_MEM_ERROR, which is nobody's fault.
_NO_MEMORY = "Error -4 "

# The method of compression, in the low bits of the first byte (RFC 1950 section 2.2). As the
# beginning of a raw body that is a stored block whose filling is not 0, which nobody writes.
_ZLIB_METHOD, _ZLIB_METHOD_MASK = 8, 0x0F


class Decoder:
    """Decodes one body in one coding. Not safe for concurrent use.

    :raises DecodeError: in its methods, for input that is not what the coding says.
    """

    __slots__ = ("_at", "_input", "_is_full", "made_nbytes", "nframes", "taken_nbytes")

    def __init__(self) -> None:
        self._input = b""
        self._at = 0
        # The last step has made a whole piece: there may be more, without any input.
        self._is_full = False
        self.taken_nbytes = 0
        """How many bytes of the input were decoded."""
        self.made_nbytes = 0
        """How many bytes came out."""
        self.nframes = 0
        """How many members or frames have begun."""

    @property
    def needs_input(self) -> bool:
        """Whether there is nothing more to be made of what was pushed."""
        return self._at == len(self._input) and not self._is_full

    @property
    def is_whole(self) -> bool:
        """Whether a body may end here. One of no bytes at all is empty."""
        raise NotImplementedError

    def push(self, data: bytes) -> None:
        """Take input, when that is needed."""
        self._input = data
        self._at = 0

    def step(self) -> bytes:
        """Do a bit of work and return what came of it, often nothing.

        To be called when no input is needed.
        """
        data = self._input[self._at : self._at + _SLICE_NBYTES]
        made, nleft = self._decode(data)
        self._at += len(data) - nleft
        self.taken_nbytes += len(data) - nleft
        self.made_nbytes += len(made)
        self._is_full = len(made) >= PIECE_NBYTES
        return made

    def _decode(self, data: bytes) -> tuple[bytes, int]:
        """Return a piece of output, and how many bytes were left of the input."""
        raise NotImplementedError


class _Inflater(Decoder):
    """Decodes what zlib does."""

    __slots__ = ("_stream",)

    def __init__(self) -> None:
        super().__init__()
        self._stream: Any = None

    @property
    def is_whole(self) -> bool:
        """Whether no member has begun that has not ended."""
        return self._stream is None

    def _begin(self, window: int) -> None:
        self._stream = zlib.decompressobj(window)
        self.nframes += 1

    def _inflate(self, data: bytes) -> tuple[bytes, int]:
        """Decode a part of the member that has begun."""
        stream = self._stream
        try:
            made: bytes = stream.decompress(data, PIECE_NBYTES)
        except zlib.error as error:
            if str(error).startswith(_NO_MEMORY):
                raise MemoryError(str(error)) from error
            raise DecodeError(str(error)) from error
        if not stream.eof:
            return made, len(stream.unconsumed_tail)
        self._stream = None
        return made, len(stream.unused_data)


class GzipDecoder(_Inflater):
    """Decodes the members of a gzip file (RFC 1952 section 2.2).

    Zeros may follow them, as ``gzip`` itself allows it.
    """

    __slots__ = ()

    def _decode(self, data: bytes) -> tuple[bytes, int]:
        if self._stream is None:
            if self.nframes:
                data = data.lstrip(b"\0")
            if not data:
                return b"", 0
            self._begin(_GZIP_WINDOW)
        return self._inflate(data)


class DeflateDecoder(_Inflater):
    """Decodes the zlib format (RFC 1950), or its blocks alone, which some clients send."""

    __slots__ = ()

    def _decode(self, data: bytes) -> tuple[bytes, int]:
        if self._stream is None:
            if not data:
                return b"", 0
            if self.nframes:
                raise DecodeError("something follows the end")
            is_zlib = data[0] & _ZLIB_METHOD_MASK == _ZLIB_METHOD
            self._begin(_ZLIB_WINDOW if is_zlib else _RAW_WINDOW)
        return self._inflate(data)


class BrotliDecoder(Decoder):
    """Decodes a stream of br (RFC 7932).

    Of that a step may decode as much as a window holds, 8 MB, before it hands out the first
    piece.
    """

    __slots__ = ("_stream",)

    def __init__(self) -> None:
        super().__init__()
        self._stream = br.BoundedDecoder(PIECE_NBYTES)

    @property
    def needs_input(self) -> bool:
        """Whether there is nothing more to be made of what was pushed."""
        return super().needs_input and not self._stream.holds_input

    @property
    def is_whole(self) -> bool:
        """Whether the stream has ended, if one has begun."""
        return not self.nframes or self._stream.is_finished()

    def _decode(self, data: bytes) -> tuple[bytes, int]:
        if self._stream.is_finished():
            if data:
                raise DecodeError("something follows the end")
            return b"", 0
        self.nframes = 1
        if self._stream.holds_input:
            return self._stream.decode(b""), len(data)
        return self._stream.decode(data), 0


class ZstdDecoder(Decoder):
    """Decodes frames of zstd (RFC 8878), whose windows are 8 MB at most (RFC 9659 section 3).

    Frames that are skipped count as others do.
    """

    __slots__ = ("_stream",)

    def __init__(self) -> None:
        super().__init__()
        self._stream = core.ZstdStream(PIECE_NBYTES)

    @property
    def is_whole(self) -> bool:
        """Whether no frame has begun that has not ended."""
        return self._stream.is_between_frames()

    def _decode(self, data: bytes) -> tuple[bytes, int]:
        if data and self._stream.is_between_frames():
            self.nframes += 1
        made, taken_nbytes = self._stream.decode(data)
        return made, len(data) - taken_nbytes
