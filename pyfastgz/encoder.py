"""Compress bytes: whole bodies with :func:`compress`, streams with :class:`Encoder`.

This is the only module that touches the compiled core. Every call crosses into C once: the
input is passed as it is, the output goes to scratch memory that is reused, and is copied once,
into the result.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING
from typing import Any
from typing import NoReturn
from typing import cast

from . import brotli as _brotli
from ._core import ffi
from ._core import lib
from .brotli import BrotliSettings
from .brotli import BrotliStream
from .errors import EncoderStateError
from .idle import Kept
from .idle import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Buffer
    from typing_extensions import Self

_CORE_CODINGS = {"gzip": lib.FGZ_GZIP, "deflate": lib.FGZ_ZLIB, "zstd": lib.FGZ_ZSTD}
_DEFAULT_LEVELS = {"gzip": 6, "deflate": 6, "zstd": 3, "br": 4}
_DEFAULT_BROTLI_SETTINGS = BrotliSettings()

# The largest windows of br in streams, as powers of 2. With 17 a stream takes 2 MB at most at
# level 4, with 22, the default, 10; and it is 1 % larger at 128 KB to 1 MB and 2.7 % above. 18
# halves that for 2.6 MB.
_STREAM_BROTLI_WINDOW = 17
_SMALL_STREAM_BROTLI_WINDOW = 14


def available_codings() -> tuple[str, ...]:
    """Return the codings that can be written here; ``"br"`` only with the brotli package.

    .. versionadded:: 0.1
    """
    return (*_CORE_CODINGS, "br") if _brotli.is_available() else tuple(_CORE_CODINGS)


def core_versions() -> dict[str, str]:
    """Return the versions of the core and of libzstd, and the instruction sets in use.

    .. versionadded:: 0.1
    """
    zstd = lib.fgz_zstd_version()
    names = [lib.fgz_cpu_feature_name(index) for index in range(32)]
    in_use = [_text(name) for name in names if name != ffi.NULL]
    return {
        "core": _text(lib.fgz_version()),
        "libzstd": f"{zstd // 10000}.{zstd // 100 % 100}.{zstd % 100}",
        "instruction sets": " ".join(in_use) or "portable",
    }


def level_range(coding: str) -> range:
    """Return the levels of a coding, whether or not it can be written here.

    :raises ValueError: the coding is unknown.

    .. versionadded:: 0.1
    """
    if coding == "br":
        return _brotli.LEVELS
    number = _core_coding(coding)
    return range(lib.fgz_level_min(number), lib.fgz_level_max(number) + 1)


def checked_level(coding: str, level: int | None) -> int:
    """Return a level as a plain int, the coding's default for None.

    This is the one rule for a level, wherever it is given: an int, and so a member of an
    :class:`~enum.IntEnum` too, but no bool, and nothing that is only equal to an int or could
    be turned into one, such as 6.0.

    :raises TypeError: level is neither such an int nor None.
    :raises ValueError: level is not a level of the coding, or as for :func:`level_range`.

    .. versionadded:: 0.1
    """
    levels = level_range(coding)
    if level is None:
        return _DEFAULT_LEVELS[coding]
    if not isinstance(level, int) or isinstance(level, bool):
        raise TypeError(f"level must be an int or None, not {type(level).__name__}")
    # Of a subclass only the value: it may have equality, arithmetic and a text of its own.
    number = int.__index__(level)
    if number not in levels:
        raise ValueError(f"level {number} of {coding} is not in {levels[0]} to {levels[-1]}")
    return number


def compress(
    data: Buffer,
    coding: str = "gzip",
    *,
    level: int | None = None,
    brotli: BrotliSettings = _DEFAULT_BROTLI_SETTINGS,
) -> bytes:
    """Return the coded form of a whole body.

    The same data, options and version always give the same bytes.

    :param data: any bytes-like object, of any length.
    :param coding: ``"gzip"`` (RFC 1952), ``"deflate"`` (RFC 1950, as RFC 9110 section 8.4.1.2
        means it), ``"zstd"`` (RFC 8878, window within RFC 9659), or ``"br"`` (RFC 7932) if the
        brotli package is installed.
    :param level: gzip and deflate: 0, which stores, to 9, the smallest; -1 is 6. zstd:
        libzstd's. br: 0 to 11. None: 6, 6, 3 and 4.
    :param brotli: what only ``"br"`` has to set.
    :raises TypeError: data is not bytes-like.
    :raises ValueError: the coding is unknown or not available, or the level is not one of its
        levels.
    :raises MemoryError: there is no memory for the coded form.

    .. versionadded:: 0.1
    """
    # Only an int may find a pool by its value: 6.0 is equal to 6, and no level.
    pool = _pools.get((coding, level)) if level is None or type(level) is int else None
    if pool is None:
        pool = _find_pool(coding, level)
        if pool is None:
            return _brotli.compress(_viewed(data), checked_level(coding, level), brotli)
    if type(data) is not bytes or len(data) > _SHORT_NBYTES:
        return pool.compress(data)
    # All the rest for short bodies: a kilobyte takes libzstd 4 microseconds, so that every call
    # of a Python function on the way there shows.
    nbytes = len(data)
    idle = pool.for_short.items
    try:
        kept = idle.pop()
    except IndexError:
        kept = Kept(pool.make(), _new_scratch("char[]", _SHORT_SCRATCH_NBYTES))
    out = kept.scratch
    made = _core_compress(kept.encoder, data, nbytes, out, _SHORT_SCRATCH_NBYTES)
    if made > _SHORT_SCRATCH_NBYTES:
        _checked(made)
    coded = _unpack(out, made)
    if nbytes <= kept.longest_nbytes:
        idle.append(kept)
    else:
        pool.keep_for_short(kept, nbytes)
    return coded


class Encoder:
    """Codes a stream piece by piece into one gzip member, zlib stream, zstd frame or br stream.

    Its memory is bounded, however much it carries: zstd and br refer back less far in streams
    than in whole bodies, 256 and 128 KB.

    An encoder serves one thread at a time; a second one that comes in meanwhile gets an
    :class:`EncoderStateError`. It is a context manager that closes itself. It cannot be copied
    or pickled.

    :param coding: as for :func:`compress`.
    :param level: as for :func:`compress`.
    :param size: the total number of bytes that will be written, or None if it is not certain.
        It is a promise: a stream that breaks it ends in :class:`EncoderStateError`. A zstd
        frame declares it.
    :param small: take little memory, for streams that stay open for long and send little at a
        time: at most 64 KB in gzip and deflate, with a window of 8 KB in these and zstd, and
        of 16 KB in br.
    :param brotli: as for :func:`compress`, but the window is at most 17, which is 128 KB.
    :raises ValueError: as for :func:`compress`, or size is negative.

    .. versionadded:: 0.1
    """

    __slots__ = ("_end", "_is_whole", "_lock", "_stream")

    def __init__(
        self,
        coding: str = "gzip",
        level: int | None = None,
        size: int | None = None,
        *,
        small: bool = False,
        brotli: BrotliSettings = _DEFAULT_BROTLI_SETTINGS,
    ) -> None:
        if size is not None and not 0 <= size < lib.FGZ_SIZE_UNKNOWN:
            raise ValueError(f"size must be a number of bytes or None, not {size}")
        self._lock = Lock()
        self._end = ""
        self._is_whole = True
        pools = _small_stream_pools if small else _stream_pools
        pool = _find_pool(coding, level, pools, small=small)
        self._stream: _CoreStream | BrotliStream | None
        if pool is None:
            max_window = _SMALL_STREAM_BROTLI_WINDOW if small else _STREAM_BROTLI_WINDOW
            brotli = brotli._replace(window=min(brotli.window, max_window))
            self._stream = BrotliStream(checked_level(coding, level), brotli, size)
        else:
            self._stream = _CoreStream(pool, size)

    def write(self, data: Buffer) -> bytes:
        """Take data into the stream and return what is ready, often nothing.

        :raises TypeError: data is not bytes-like; the encoder is as it was.
        :raises EncoderStateError: the stream was finished or closed, another thread is inside,
            data exceeds the declared size, or an earlier call was interrupted and its output
            lost.
        """
        return self._call("write", data)

    def flush(self, data: Buffer = b"") -> bytes:
        """Take data into the stream, and return what makes all input so far decodable.

        gzip and deflate then end in an empty stored block, ``00 00 ff ff`` (RFC 1951 section
        3.2.4), before which some clients hand nothing out. With nothing new since the last
        flush the result is empty, but for the frame's header where it has not left yet.

        Raises as :meth:`write`.
        """
        return self._call("flush", data)

    def finish(self, data: Buffer = b"") -> bytes:
        """Take data into the stream, end it, and return its last bytes.

        Raises as :meth:`write`, and :class:`EncoderStateError` too if less was written than the
        declared size. The encoder's memory is given back.
        """
        return self._call("finish", data)

    def close(self) -> None:
        """Give back the encoder's memory; a stream that was not finished stays without its end.

        May be called again.

        :raises EncoderStateError: another thread is inside.
        """
        if self._lock.locked():
            raise EncoderStateError(_IN_USE)
        with self._lock:
            self._give_back(self._end or "closed")

    def __enter__(self) -> Self:
        """Return the encoder."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the encoder."""
        self.close()

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or pickled: two encoders cannot go on with one stream.

        :raises TypeError: always.
        """
        raise TypeError("an Encoder cannot be copied or pickled")

    def _call(self, verb: str, data: Buffer) -> bytes:
        """Call a method of the open stream, alone."""
        # Acquiring without blocking would leave the lock taken for ever if a signal handler
        # raised before the try that releases it. Threads that pass the check together wait.
        if self._lock.locked():
            raise EncoderStateError(_IN_USE)
        with self._lock:
            stream = self._stream
            if stream is None or not self._is_whole:
                raise EncoderStateError(f"the Encoder is {self._end or _BROKEN}")
            piece = _viewed(data)
            # A signal handler may raise after any call from here on, that of the lock's release
            # too, and the stream has then gone on while its output is lost.
            self._is_whole = False
            try:
                coded = stream.call(verb, piece)
            except BaseException:
                self._give_back(_BROKEN)
                raise
            if verb == "finish":
                self._give_back("finished")
        # No handler runs between this and the result's arrival in the caller's expression, but
        # in CPython 3.10, where one may run between any two instructions.
        self._is_whole = True
        return coded

    def _give_back(self, end: str) -> None:
        """Let go of the stream."""
        stream = self._stream
        self._end = end
        self._stream = None
        if isinstance(stream, _CoreStream):
            stream.close()


_IN_USE = "the Encoder is in use by another thread"
_BROKEN = "broken: an earlier call failed"


# ---- Codings and levels ----


def _core_coding(coding: str) -> int:
    """Return the core's number of a coding, or say what is wrong with it."""
    number = _CORE_CODINGS.get(coding)
    if number is None:
        raise ValueError(
            f"unknown coding {coding!r}: not one of {', '.join(available_codings())}"
        )
    return int(number)


# ---- The core ----

# Output of at most this many bytes goes to scratch memory that is kept. A call that may need
# more has memory of its own, so that one large body does not stay allocated for ever.
_SCRATCH_NBYTES = 1024 * 1024

# The most bytes of input whose output certainly fits there.
_SMALL_NBYTES = _SCRATCH_NBYTES - 200 * 1024

# Whole bodies of at most this many bytes are short: their output certainly fits into the
# scratch memory after it.
_SHORT_NBYTES = 64 * 1024
_SHORT_SCRATCH_NBYTES = _SHORT_NBYTES + 1024

# ``ffi.new`` clears what it allocates, and scratch memory needs no clearing.
_new_scratch: Callable[[str, int], Any] = ffi.new_allocator(should_clear_after_alloc=False)

_idle_scratch = Shelf()

# Looking these up in their modules takes as long as a call of a Python function.
_core_compress: Callable[..., int] = lib.fgz_compress
_unpack = cast("Callable[[Any, int], bytes]", ffi.unpack)
_CORE_VERBS = {"write": lib.fgz_write, "flush": lib.fgz_flush, "finish": lib.fgz_finish}


def _text(pointer: Any) -> str:
    """Return a text of the core."""
    return cast("bytes", ffi.string(pointer)).decode()


def _checked(result: int) -> int:
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


def _viewed(data: Any) -> bytes | memoryview:
    """Return a bytes-like object as bytes or a view of them; anything else is a TypeError."""
    if type(data) is bytes:
        return data
    try:
        return memoryview(data)
    except TypeError:
        raise TypeError(f"a bytes-like object is required, not {type(data).__name__}") from None


def _input(data: Any) -> tuple[Any, int]:
    """Return what the core takes for a bytes-like object, and its length in bytes."""
    try:
        view = ffi.from_buffer(data)
    except (TypeError, BufferError, ValueError):  # not bytes-like, or not contiguous
        copy = memoryview(_viewed(data)).tobytes()
        return copy, len(copy)
    return view, len(view)


class _Pool:
    """The idle encoders of one coding and level: for whole bodies, or for streams."""

    __slots__ = ("_idle", "_level", "_number", "_options", "for_short")

    def __init__(self, coding: str, level: int, *, small: bool = False) -> None:
        self._number = _core_coding(coding)
        self._level = level
        self._options = ffi.new("fgz_options *", [ffi.sizeof("fgz_options"), small])
        self._idle = Shelf()
        # For short bodies, encoders that are kept together with their scratch memory.
        self.for_short = Shelf()

    def make(self) -> Any:
        """Return a new encoder."""
        made = ffi.new("fgz_encoder **")
        _checked(lib.fgz_create(made, self._number, self._level, self._options))
        return ffi.gc(made[0], lib.fgz_free, lib.fgz_memory_nbytes(made[0]))

    def take(self) -> Kept:
        """Return an encoder that nobody else uses, to be in use for long."""
        try:
            return self._idle.take()
        except IndexError:
            return Kept(self.make(), None)

    def give(self, kept: Kept) -> None:
        """Keep an encoder that was taken for whoever needs one next, if there is room."""
        self._idle.keep(kept, lib.fgz_memory_nbytes(kept.encoder))

    def keep_for_short(self, kept: Kept, nbytes: int) -> None:
        """Keep an encoder that may have grown, with a body of so many bytes."""
        kept.longest_nbytes = nbytes
        encoder_nbytes = lib.fgz_memory_nbytes(kept.encoder)
        self.for_short.keep(kept, encoder_nbytes + _SHORT_SCRATCH_NBYTES)

    def call(self, function: Callable[..., int], encoder: Any, data: Any) -> bytes:
        """Call a function of the core once with data, and return what it wrote."""
        if type(data) is bytes:
            nbytes = len(data)
        else:
            data, nbytes = _input(data)
        if nbytes > _SMALL_NBYTES:
            room = _checked(lib.fgz_stream_bound(self._number, nbytes))
            out = _new_scratch("char[]", room)
            return _unpack(out, _checked(function(encoder, data, nbytes, out, room)))
        try:
            kept = _idle_scratch.items.pop()
        except IndexError:
            kept = Kept(None, _new_scratch("char[]", _SCRATCH_NBYTES))
        out = kept.scratch
        made = function(encoder, data, nbytes, out, _SCRATCH_NBYTES)
        if made > _SCRATCH_NBYTES:
            _checked(made)
        coded = _unpack(out, made)
        if kept.counted_nbytes:
            _idle_scratch.items.append(kept)
        else:
            _idle_scratch.keep(kept, _SCRATCH_NBYTES)
        return coded

    def compress(self, data: Buffer) -> bytes:
        """Return the coded form of a whole body."""
        kept = self.take()
        coded = self.call(_core_compress, kept.encoder, data)
        self.give(kept)
        return coded


_Pools = dict[tuple[str, "int | None"], _Pool]

_pools: _Pools = {}
# Streams have encoders of their own: one that was used for a large body would keep the memory
# that it took.
_stream_pools: _Pools = {}
_small_stream_pools: _Pools = {}


def _find_pool(
    coding: str, level: int | None, pools: _Pools = _pools, *, small: bool = False
) -> _Pool | None:
    """Return the pool of a coding and level, which may be wrong; None for ``"br"``."""
    # Only an int may find a pool by its value, as in compress.
    if level is None or type(level) is int:
        pool = pools.get((coding, level))
        if pool is not None:
            return pool
    checked = checked_level(coding, level)
    if coding == "br":
        return None
    pool = pools.get((coding, checked))
    if pool is None:
        pool = pools.setdefault((coding, checked), _Pool(coding, checked, small=small))
    if level is None:
        pools[coding, None] = pool
    return pool


class _CoreStream:
    """A stream in an encoder of the core, called like a BrotliStream."""

    __slots__ = ("_encoder", "_kept", "_pool")

    def __init__(self, pool: _Pool, size: int | None) -> None:
        self._pool = pool
        self._kept: Kept | None = pool.take()
        self._encoder: Any = self._kept.encoder
        _checked(lib.fgz_reset(self._encoder, lib.FGZ_SIZE_UNKNOWN if size is None else size))

    def call(self, verb: str, data: Buffer) -> bytes:
        return self._pool.call(_CORE_VERBS[verb], self._encoder, data)

    def close(self) -> None:
        kept, self._kept = self._kept, None
        # Whoever takes it next may find any size in it: leave no stream open.
        if kept is not None and not lib.fgz_is_error(lib.fgz_reset(kept.encoder, 0)):
            self._pool.give(kept)
        self._encoder = None
