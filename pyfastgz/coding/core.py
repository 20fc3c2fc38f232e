"""The compiled core, by cffi: its calls, and the encoders that are kept for the next one.

This is the only module that touches the core. Every call crosses into C once, and the input is
passed as it is. The output of whole bodies is written where it stays; that of streams, which is
mostly much less than it could be, goes to scratch memory that is reused, and is copied once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Any
from typing import cast

from .._core import compress_bytes as _compress_bytes
from .._core import ffi
from .._core import lib
from ..errors import EncoderStateError
from .buffers import as_bytes
from .idle import Kept
from .idle import Shelf

if TYPE_CHECKING:
    from typing_extensions import Buffer

GZIP: int = lib.FGZ_GZIP
ZLIB: int = lib.FGZ_ZLIB
ZSTD: int = lib.FGZ_ZSTD

MAX_SIZE: int = lib.FGZ_SIZE_UNKNOWN - 1
"""The largest number of bytes that a stream may be said to have."""

# Output of at most this many bytes goes to scratch memory that is kept. A call that may need
# more has memory of its own, so that one large body does not stay allocated for ever.
_SCRATCH_NBYTES = 1024 * 1024

# The most bytes of input whose output certainly fits there.
_SMALL_NBYTES = _SCRATCH_NBYTES - 340 * 1024

# ``ffi.new`` clears what it allocates, and scratch memory needs no clearing.
_new_scratch: Callable[[str, int], Any] = ffi.new_allocator(should_clear_after_alloc=False)

_idle_scratch = Shelf()

compress_bytes = _compress_bytes
"""Codes a whole body: the address of an encoder, the body, how long it may be.

Returns None if it is longer, or not of the type bytes.
"""

_unpack = cast("Callable[[Any, int], bytes]", ffi.unpack)


def _fingerprint_of() -> Callable[[bytes, int], int]:
    """Return what calls ``fgz_fingerprint`` and keeps the interpreter's lock meanwhile.

    cffi gives the lock up around every call. Where other threads run, as in most servers, it
    takes 10 microseconds to get it back, which is more than all the rest of finding a body.
    """
    try:
        import ctypes  # noqa: PLC0415
    except (ImportError, MemoryError):
        # Python was built without libffi, or the system forbids what ctypes tries when it is
        # imported by older versions.
        function: Callable[[bytes, int], int] = lib.fgz_fingerprint
        return function
    prototype = ctypes.PYFUNCTYPE(ctypes.c_uint64, ctypes.c_char_p, ctypes.c_size_t)
    address = ffi.cast("uintptr_t", ffi.addressof(cast("Any", lib), "fgz_fingerprint"))
    return prototype(int(address))


fingerprint_of = _fingerprint_of()
"""Returns 64 bits, for a body and its length, that hardly any other body has.

Whoever wants to can make one.
"""

_VERBS = {"write": lib.fgz_write, "flush": lib.fgz_flush, "finish": lib.fgz_finish}


def versions() -> dict[str, str]:
    """Return the versions of the core and of libzstd, and the instruction sets in use."""
    zstd = lib.fgz_zstd_version()
    names = [lib.fgz_cpu_feature_name(index) for index in range(32)]
    in_use = [_text(name) for name in names if name != ffi.NULL]
    return {
        "core": _text(lib.fgz_version()),
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
    if code in {lib.FGZ_ERROR_STATE, lib.FGZ_ERROR_SIZE}:
        raise EncoderStateError(message)
    raise RuntimeError(f"{message} (error {code} of the compression core)")


def _text(pointer: Any) -> str:
    """Return a text of the core."""
    return cast("bytes", ffi.string(pointer)).decode()


def _input(data: Any) -> tuple[Any, int]:
    """Return what the core takes for a bytes-like object, and its length in bytes."""
    try:
        view = ffi.from_buffer(data)
    except (TypeError, BufferError, ValueError):  # not bytes-like, or not contiguous
        copy = as_bytes(data)
        return copy, len(copy)
    return view, len(view)


class _Maker:
    """Makes encoders of one coding and level."""

    __slots__ = ("_level", "_options", "number")

    def __init__(self, number: int, level: int, *, small: bool = False) -> None:
        self.number = number
        self._level = level
        self._options = ffi.new("fgz_options *", [ffi.sizeof("fgz_options"), small])

    def make(self) -> Kept:
        """Return a new encoder."""
        made = ffi.new("fgz_encoder **")
        checked(lib.fgz_create(made, self.number, self._level, self._options))
        encoder = ffi.gc(made[0], lib.fgz_free, lib.fgz_memory_nbytes(made[0]))
        return Kept(encoder, None, int(ffi.cast("uintptr_t", encoder)))


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

    def call(self, function: Callable[..., int], encoder: Any, data: Any) -> bytes:
        """Call a function of the core once with data, and return what it wrote."""
        if type(data) is bytes:
            nbytes = len(data)
        else:
            data, nbytes = _input(data)
        if nbytes > _SMALL_NBYTES:
            room = checked(lib.fgz_stream_bound(self._maker.number, nbytes))
            out = _new_scratch("char[]", room)
            return _unpack(out, checked(function(encoder, data, nbytes, out, room)))
        try:
            kept = _idle_scratch.items.pop()
        except IndexError:
            kept = Kept(None, _new_scratch("char[]", _SCRATCH_NBYTES))
        out = kept.scratch
        made = function(encoder, data, nbytes, out, _SCRATCH_NBYTES)
        if made > _SCRATCH_NBYTES:
            checked(made)
        coded = _unpack(out, made)
        if kept.counted_nbytes:
            _idle_scratch.items.append(kept)
        else:
            _idle_scratch.keep(kept, _SCRATCH_NBYTES)
        return coded


class Bodies(_Pool):
    """Codes whole bodies in one coding at one level."""

    __slots__ = ()

    def __init__(self, number: int, level: int) -> None:
        super().__init__(_Maker(number, level))

    def compress(self, data: Buffer, _settings: object) -> bytes:
        """Return the coded form of a whole body."""
        try:
            kept = self.idle.items.pop()
        except IndexError:
            kept = self._maker.make()
        if type(data) is bytes:
            coded = cast("bytes", compress_bytes(kept.address, data, sys.maxsize))
            kept.longest_nbytes = max(kept.longest_nbytes, len(data))
        else:
            coded = self.call(lib.fgz_compress, kept.encoder, data)
        self.give(kept)
        return coded


class Streams(_Pool):
    """Opens streams in one coding at one level.

    :param small: whether they take little memory.
    """

    __slots__ = ()

    def __init__(self, number: int, level: int, small: bool) -> None:
        super().__init__(_Maker(number, level, small=small))

    def open(self, size: int | None, _settings: object) -> CoreStream:
        """Return a new stream of so many bytes, or of any number."""
        return CoreStream(self, size)


class CoreStream:
    """A stream in an encoder of the core. Not safe for concurrent use."""

    __slots__ = ("_kept", "_pool", "encoder")

    def __init__(self, pool: _Pool, size: int | None) -> None:
        self._pool = pool
        self._kept: Kept | None = pool.take()
        self.encoder: Any = self._kept.encoder
        checked(lib.fgz_reset(self.encoder, lib.FGZ_SIZE_UNKNOWN if size is None else size))

    def call(self, verb: str, data: Buffer) -> bytes:
        """Call ``"write"``, ``"flush"`` or ``"finish"``."""
        return self._pool.call(_VERBS[verb], self.encoder, data)

    def close(self) -> None:
        """Give the encoder back, for the next stream."""
        kept, self._kept = self._kept, None
        # Whoever takes it next may find any size in it: leave no stream open.
        if kept is not None and not lib.fgz_is_error(lib.fgz_reset(kept.encoder, 0)):
            self._pool.give(kept)
        self.encoder = None
