"""The compiled core: its calls, and the encoders that are kept for the next one.

This is the only module that touches the core. Every call crosses into C once. What is called
for each body, piece of a stream or request are functions of Python's own kind; all else goes by
cffi.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING
from typing import Any
from typing import cast

from .._core import answer_plainly as _answer_plainly
from .._core import compress_bytes as _compress_bytes
from .._core import compress_idle as _compress_idle
from .._core import ffi
from .._core import fingerprint_of as _fingerprint_of
from .._core import lib
from .._core import saving_of as _saving_of
from .._core import start_of as _start_of
from .._core import stream_bytes
from ..errors import DecodeError
from ..errors import WindowError
from .buffers import as_bytes
from .idle import Kept
from .idle import Shelf

if TYPE_CHECKING:
    from typing_extensions import Buffer

GZIP: int = lib.FGZ_GZIP
ZLIB: int = lib.FGZ_ZLIB
ZSTD: int = lib.FGZ_ZSTD
DCZ: int = lib.FGZ_DCZ

MAX_SIZE: int = lib.FGZ_SIZE_UNKNOWN - 1
"""The largest number of bytes that a stream may be said to have."""

compress_bytes = _compress_bytes
"""Codes a whole body: the address of an encoder, the body, how long it may be; for dcz the
address of a dictionary, too.

Returns None if it is longer, or not of the type bytes.
"""

compress_idle = _compress_idle
"""Codes a whole body with an encoder that is idle: the list of such, the body.

Returns None if there is none, and if it is not of the type bytes or longer than what the
encoder had before.
"""

answer_plainly = _answer_plainly
"""Settles what is sent of a body whose plan was looked up: what settles it if there is more to
be done than the core does, the plan, the body, the lines of the response, which of these is not
true of a coded body (None for none), the name of the field with the length.

The core codes what never came before, and finds what is kept, by the way of the plan, as
:mod:`~pyfastgz.settling` has it. Returns what was settled, and the lines that it is sent with.
"""

start_of = _start_of
"""Looks at the start of a response in ASGI: the message, and what names of fields say.

Returns a copy of the message, its lines, what their names say, and its Content-Type. None if
its status is not 200, or if there is something odd in it.
"""

fingerprint_of = _fingerprint_of
"""Returns 64 bits, for a body, that hardly any other one has.

Whoever wants to can make one.
"""

saving_of = _saving_of
"""Returns what a dictionary saves of a whole body, one of the three below: the address of the
dictionary, the body.
"""

SAVES_NOTHING: int = lib.FGZ_SAVES_NOTHING
MAY_SAVE: int = lib.FGZ_MAY_SAVE
SAVES: int = lib.FGZ_SAVES

# ``ffi.new`` clears what it allocates, and memory for output needs no clearing.
_new_output = ffi.new_allocator(should_clear_after_alloc=False)


def _text(pointer: Any) -> str:
    """Return a text of the core."""
    return cast("bytes", ffi.string(pointer)).decode()


VERSION = _text(lib.fgz_version())
"""The version of the core, and of the package: they have the same."""


def versions() -> dict[str, str]:
    """Return the versions of the core and of libzstd, and what depends on the processor."""
    zstd = lib.fgz_zstd_version()
    names = [lib.fgz_cpu_feature_name(index) for index in range(32)]
    in_use = [_text(name) for name in names if name != ffi.NULL]
    return {
        "core": VERSION,
        "libzstd": f"{zstd // 10000}.{zstd // 100 % 100}.{zstd % 100}",
        "instruction sets": " ".join(in_use) or "portable",
    }


def levels(number: int) -> range:
    """Return the levels of a coding by its number in the core."""
    return range(lib.fgz_level_min(number), lib.fgz_level_max(number) + 1)


def checked(result: int) -> int:
    """Return a count of bytes from the core, or raise the error that it stands for."""
    if not lib.fgz_is_error(result):
        return result
    code = lib.fgz_error_code(result)
    message = _text(lib.fgz_error_message(result))
    if code == lib.FGZ_ERROR_MEMORY:
        raise MemoryError(message)
    if code == lib.FGZ_ERROR_INPUT:
        raise DecodeError(message)
    if code == lib.FGZ_ERROR_WINDOW:
        raise WindowError(message)
    raise RuntimeError(f"{message} (error {code} of the compression core)")


def _options(small: bool) -> Any:
    """Return the options that the core takes."""
    return ffi.new("fgz_options *", [ffi.sizeof("fgz_options"), small])


class Prepared:
    """A dictionary as encoders of one level and size take it. Any number may use it at a time.

    :param data: its bytes, of a number that is allowed.
    :param digest: their SHA-256.
    :raises MemoryError: there is no memory.
    """

    __slots__ = ("address", "data", "handle", "nbytes", "was_used")

    def __init__(self, data: bytes, digest: bytes, level: int, *, small: bool) -> None:
        made = ffi.new("fgz_dictionary **")
        checked(
            lib.fgz_dictionary_create(
                made, ffi.from_buffer(data), len(data), digest, level, _options(small)
            )
        )
        nbytes = lib.fgz_dictionary_memory_nbytes(made[0])
        self.data = data
        """Where the core goes on reading."""
        self.handle: Any = ffi.gc(made[0], lib.fgz_dictionary_free, nbytes)
        self.address = int(ffi.cast("uintptr_t", self.handle))
        self.nbytes = nbytes + len(data)
        """What it takes, with the bytes themselves."""
        self.was_used = False
        """For whoever keeps it."""


class _Maker:
    """Makes encoders of one coding and level."""

    __slots__ = ("_level", "_options", "number")

    def __init__(self, number: int, level: int, *, small: bool = False) -> None:
        self.number = number
        self._level = level
        self._options = _options(small)

    def make(self) -> Kept:
        """Return a new encoder."""
        made = ffi.new("fgz_encoder **")
        checked(lib.fgz_create(made, self.number, self._level, self._options))
        encoder = ffi.gc(made[0], lib.fgz_free, lib.fgz_memory_nbytes(made[0]))
        return Kept(encoder, int(ffi.cast("uintptr_t", encoder)))


class _Pool:
    """The encoders of one kind that nobody uses.

    Streams have encoders of their own: one that was used for a large body would keep the memory
    that it took.
    """

    __slots__ = ("_maker", "idle")

    def __init__(self, maker: _Maker) -> None:
        self._maker = maker
        self.idle = Shelf()

    def take(self) -> Kept:
        """Return an encoder, to be in use for long."""
        try:
            return self.idle.take()
        except IndexError:
            return self._maker.make()

    def give(self, kept: Kept) -> None:
        """Keep an encoder that was taken for whoever needs one next, if there is room."""
        self.idle.keep(kept, lib.fgz_memory_nbytes(kept.encoder))


class Bodies(_Pool):
    """Codes whole bodies in one coding at one level."""

    __slots__ = ()

    def __init__(self, number: int, level: int) -> None:
        super().__init__(_Maker(number, level))

    def compress(self, data: Buffer, _settings: Any) -> bytes:
        """Return the coded form of a whole body."""
        # What is not bytes may be changed by another thread while the core reads it.
        body = as_bytes(data)
        kept = self._take_for_body()
        coded = cast("bytes", compress_bytes(kept.address, body, sys.maxsize))
        kept.longest_nbytes = max(kept.longest_nbytes, len(body))
        self.give(kept)
        return coded

    def _take_for_body(self) -> Kept:
        """Return an encoder, to be put back at once."""
        try:
            return self.idle.items.pop()
        except IndexError:
            return self._maker.make()


class Streams(_Pool):
    """Opens streams in one coding at one level.

    :param small: whether they take little memory.
    """

    __slots__ = ()

    def __init__(self, number: int, level: int, small: bool) -> None:
        super().__init__(_Maker(number, level, small=small))

    def open(self, size: int | None, _settings: Any) -> CoreStream:
        """Return a new stream of so many bytes, or of any number."""
        return CoreStream(self, size)


class CoreStream:
    """A stream in an encoder of the core. Not safe for concurrent use.

    :param prepared: the dictionary that it refers to.
    """

    __slots__ = ("_kept", "_pool", "_prepared", "call", "encoder")

    def __init__(self, pool: _Pool, size: int | None, prepared: Prepared | None = None) -> None:
        self._pool = pool
        self._prepared = prepared
        self._kept: Kept | None = pool.take()
        self.encoder: Any = self._kept.encoder
        self.call = partial(stream_bytes, self._kept.address)
        """Calls a verb by its number, with bytes, until the stream is closed."""
        if prepared is not None:
            checked(lib.fgz_refer(self.encoder, prepared.handle))
        checked(lib.fgz_reset(self.encoder, lib.FGZ_SIZE_UNKNOWN if size is None else size))

    def close(self) -> None:
        """Give the encoder back, for the next stream."""
        kept, self._kept = self._kept, None
        del self.call
        if kept is not None and self._prepared is not None:
            lib.fgz_refer(kept.encoder, ffi.NULL)
        # Whoever takes it next may find any size in it: leave no stream open.
        if kept is not None and not lib.fgz_is_error(lib.fgz_reset(kept.encoder, 0)):
            self._pool.give(kept)
        self.encoder = self._prepared = None


class ZstdStream:
    """Decodes frames of zstd in pieces of bounded length. Not safe for concurrent use.

    :param piece_nbytes: how long a piece is at most.
    """

    __slots__ = ("_decoder", "_piece", "_piece_nbytes", "_taken_nbytes")

    def __init__(self, piece_nbytes: int) -> None:
        made = ffi.new("fgz_decoder **")
        checked(lib.fgz_decoder_create(made))
        self._decoder: Any = ffi.gc(made[0], lib.fgz_decoder_free)
        self._piece = _new_output("char[]", piece_nbytes)
        self._piece_nbytes = piece_nbytes
        self._taken_nbytes = ffi.new("size_t *")

    def decode(self, data: bytes) -> tuple[bytes, int]:
        """Return a piece, and how many bytes of the input it took; no more than a frame.

        :raises DecodeError: it is no sound frame.
        :raises WindowError: its window is larger than 8 MB.
        """
        made_nbytes = checked(
            lib.fgz_decode(
                self._decoder,
                ffi.from_buffer(data),
                len(data),
                self._taken_nbytes,
                self._piece,
                self._piece_nbytes,
            )
        )
        made = cast("bytes", ffi.unpack(self._piece, made_nbytes))
        return made, int(self._taken_nbytes[0])

    def is_between_frames(self) -> bool:
        """Tell whether all that was taken are whole frames, or nothing."""
        return bool(lib.fgz_decoder_is_between_frames(self._decoder))
