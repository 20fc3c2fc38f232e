"""Compress bytes: whole bodies with :func:`compress`, streams with :class:`Encoder`."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING
from typing import NoReturn

from ..errors import EncoderStateError
from . import CODINGS
from . import FINISH
from . import FLUSH
from . import WRITE
from . import Settings
from . import Stream
from . import Streams
from . import checked_level
from . import coding_named
from .br import BrotliSettings
from .buffers import as_bytes
from .core import MAX_SIZE
from .core import compress_idle
from .dictionary import Dictionary
from .idle import Kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Buffer
    from typing_extensions import Self

_DEFAULT_BROTLI_SETTINGS = BrotliSettings()

# Idle encoders for whole bodies, by coding and level as they were given, and the level's type:
# only an int may be found by its value. 6.0 is equal to 6, and no level.
_idle: dict[tuple[str, int | None, type], list[Kept]] = {}
# What opens streams at a level, by coding and level as they were given.
_streams: dict[tuple[str, int | None, bool], Streams] = {}


def compress(
    data: Buffer,
    coding: str = "gzip",
    *,
    level: int | None = None,
    brotli: BrotliSettings = _DEFAULT_BROTLI_SETTINGS,
    dictionary: Dictionary | None = None,
) -> bytes:
    """Return the coded form of a whole body.

    The same data, options and version always give the same bytes.

    :param data: any bytes-like object, of any length. What is not bytes is copied first, as
        another thread might change it.
    :param coding: ``"gzip"`` (RFC 1952), ``"deflate"`` (RFC 1950, as RFC 9110 section 8.4.1.2
        means it), ``"zstd"`` (RFC 8878, window within RFC 9659), ``"br"`` (RFC 7932) if the
        brotli package is installed, or ``"dcz"`` (RFC 9842).
    :param level: gzip and deflate: 0, which stores, to 12, the smallest; -1 is 6. zstd and dcz:
        libzstd's. br: 0 to 11. None: 6, 6, 3, 3 and 4.
    :param brotli: what only ``"br"`` has to set.
    :param dictionary: what only ``"dcz"`` has, and cannot do without.
    :raises TypeError: data is not bytes-like.
    :raises ValueError: the coding is unknown or not available, the level is not one of its
        levels, or there is a dictionary too many or too few.
    :raises MemoryError: there is no memory for the coded form.

    .. versionadded:: 0.1
    """
    # A kilobyte takes libzstd 4 microseconds: each line here shows.
    if dictionary is not None:
        return _compress_with(data, coding, level, dictionary)
    try:
        idle = _idle.get((coding, level, type(level)))
    except TypeError:  # What is no level may have no hash.
        idle = None
    coded = None if idle is None else compress_idle(idle, data)
    return _compress_any(data, coding, level, brotli) if coded is None else coded


def coder_of(
    coding: str, level: int, settings: BrotliSettings
) -> list[Kept] | Callable[[bytes], bytes] | None:
    """Return what codes whole bodies, with nothing to be looked up.

    :return: a list of idle encoders, or else a function; None as long as no body was coded.
    """
    bodies = CODINGS[coding].bodies(level)
    if bodies.idle is None:
        return lambda body: bodies.compress(body, settings)
    return _idle.get((coding, level, int))


def compress_in_time(
    body: bytes, coding: str, level: int, settings: Settings
) -> tuple[bytes, float]:
    """Code a whole body, and tell how many seconds that took.

    Raises as :func:`compress`.

    :param settings: what only ``"br"`` has to set, or the dictionary.
    """
    start = perf_counter()
    idle = _idle.get((coding, level, int))
    coded = None if idle is None else compress_idle(idle, body)
    if coded is None:
        if isinstance(settings, Dictionary):
            coded = _compress_with(body, coding, level, settings)
        else:
            coded = _compress_any(body, coding, level, settings)
    return coded, perf_counter() - start


def _compress_any(
    data: Buffer, coding: str, level: int | None, brotli: BrotliSettings
) -> bytes:
    """Return the coded form of any body: the first, the longest, one that is not bytes."""
    number = checked_level(coding, level)
    coding_row = CODINGS[coding]
    bodies = coding_row.bodies(number)
    if bodies.idle is not None and not coding_row.has_dictionary:
        as_given = None if level is None else number
        _idle[coding, as_given, type(as_given)] = bodies.idle.items
    return bodies.compress(data, brotli)


def _compress_with(
    data: Buffer, coding: str, level: int | None, dictionary: Dictionary
) -> bytes:
    """Return the coded form of a body that refers to a dictionary."""
    number = checked_level(coding, level)
    return CODINGS[coding].bodies(number).compress(data, checked_dictionary(coding, dictionary))


def checked_dictionary(coding: str, dictionary: Dictionary) -> Dictionary:
    """Return a dictionary for a coding that has one.

    :raises TypeError: it is none.
    :raises ValueError: the coding has none.
    """
    if not isinstance(dictionary, Dictionary):
        raise TypeError(f"dictionary must be a Dictionary, not {type(dictionary).__name__}")
    if not coding_named(coding).has_dictionary:
        raise ValueError(f"the coding {coding!r} takes no dictionary")
    return dictionary


class Encoder:
    """Codes a stream piece by piece into one gzip member, zlib stream, zstd frame or br stream.

    Its memory is bounded, however much it carries: zstd and br refer back less far in streams
    than in whole bodies, at most 1 MB and 128 KB. A dictionary is referred to as long as no
    more than that was written.

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
    :param dictionary: as for :func:`compress`.
    :raises ValueError: as for :func:`compress`, or size is negative.

    .. versionadded:: 0.1
    """

    __slots__ = ("_free", "_state")

    def __init__(
        self,
        coding: str = "gzip",
        level: int | None = None,
        size: int | None = None,
        *,
        small: bool = False,
        brotli: BrotliSettings = _DEFAULT_BROTLI_SETTINGS,
        dictionary: Dictionary | None = None,
    ) -> None:
        if size is not None and not 0 <= size <= MAX_SIZE:
            raise ValueError(f"size must be a number of bytes or None, not {size}")
        key = (coding, level, small)
        # Only an int may be found by its value, as for bodies.
        streams = _streams.get(key) if level is None or type(level) is int else None
        if streams is None:
            number = checked_level(coding, level)
            streams = CODINGS[coding].streams(number, small)
            _streams[coding, None if level is None else number, small] = streams
        # The stream, while nobody is inside and it is open. Whoever takes it out is alone with
        # it, because that is one operation; and what the encoder is to all others is its state.
        settings = brotli if dictionary is None else checked_dictionary(coding, dictionary)
        self._free: dict[str, Stream] = {"stream": streams.open(size, settings)}
        self._state = _IN_USE

    def write(self, data: Buffer) -> bytes:
        """Take data into the stream and return what is ready, often nothing.

        :raises TypeError: data is not bytes-like; the encoder is as it was.
        :raises EncoderStateError: the stream was finished or closed, another thread is inside,
            data exceeds the declared size, or an earlier call was interrupted and its output
            lost.
        """
        return self._call(WRITE, data)

    def flush(self, data: Buffer = b"") -> bytes:
        """Take data into the stream, and return what makes all input so far decodable.

        gzip and deflate then end in an empty stored block, ``00 00 ff ff`` (RFC 1951 section
        3.2.4), before which some clients hand nothing out. With nothing new since the last
        flush the result is empty, but for the frame's header where it has not left yet.

        Raises as :meth:`write`.
        """
        return self._call(FLUSH, data)

    def finish(self, data: Buffer = b"") -> bytes:
        """Take data into the stream, end it, and return its last bytes.

        Raises as :meth:`write`, and :class:`EncoderStateError` too if less was written than the
        declared size. The encoder's memory is given back.
        """
        return self._call(FINISH, data)

    def close(self) -> None:
        """Give back the encoder's memory; a stream that was not finished stays without its end.

        May be called again.

        :raises EncoderStateError: another thread is inside.
        """
        try:
            stream = self._free.pop("stream", None)
            if stream is not None:
                stream.close()
                self._state = "closed"
        except BaseException:
            self._state = _BROKEN
            raise
        if stream is None and self._state == _IN_USE:
            raise EncoderStateError(f"the Encoder is {_IN_USE}")

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

    def _call(self, verb: int, data: Buffer) -> bytes:
        """Call the open stream, alone."""
        piece = data if type(data) is bytes else as_bytes(data)
        # A signal handler may raise after any call, and the stream has then gone on while its
        # output is lost: so it comes back by no call. No handler runs between that and the
        # result's arrival in the caller's expression, but in CPython 3.10, where one may run
        # between any two instructions.
        coded = None
        try:
            stream = self._free.pop("stream", None)
            if stream is not None:
                coded = stream.call(verb, piece)
                if verb == FINISH:
                    stream.close()
                    self._state = "finished"
                else:
                    self._free["stream"] = stream
        except BaseException:
            self._state = _BROKEN
            raise
        if coded is None:
            raise EncoderStateError(f"the Encoder is {self._state}")
        return coded


_IN_USE = "in use by another thread"
_BROKEN = "broken: an earlier call failed"
