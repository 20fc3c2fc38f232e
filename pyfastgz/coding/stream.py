"""A stream of chunks as a stream of coded chunks: when to flush, and what to close.

When to flush is one number: in how many seconds a stream may be flushed once more. 0 flushes
every chunk; with infinity nothing is flushed early.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from itertools import repeat
from math import inf
from time import perf_counter

from .encoder import Encoder

Chunk = str | bytes | bytearray | memoryview
"""What a response may yield: text, which is sent as UTF-8, or any bytes-like object."""

FLUSH_NBYTES = 64 * 1024
"""After so many bytes of input a stream is flushed whatever its rule.

Codings keep up to 128 KB back, to gather a block. A flush this rare takes no measurable time or
size.
"""

FIRST_FLUSH_NBYTES = 1024
"""So many bytes of input may be held, or as many as were flushed before, if those are more.

So flushes of what comes at once are ever farther apart, up to :data:`FLUSH_NBYTES`: of a page
that has come so far less than half is held, or less than a kilobyte. Each costs some 25 bytes;
docs/streaming.md has the figures.
"""

BURST_FLUSHES = 8
"""How many flushes a stream may spend at once on chunks that come one right after the other."""

PIECE_NBYTES = 256 * 1024
"""A longer chunk is coded, flushed and sent in pieces of this many bytes, so that no more than
one is held in coded form.
"""


class CodedStream(Iterator[bytes]):
    """The coded form of a stream, produced as it is pulled and closed with it.

    Every item has at least one byte. An exception of the wrapped iterable propagates, and the
    coded stream then has no valid end, so that a client can tell that something is missing.

    A chunk that is flushed can be decoded before the next one is pulled. A flush costs ten
    bytes or more and ends a block, so a template that yields thousands of small pieces at once
    must not flush at each; but whether a chunk is followed by a slow one cannot be told when it
    comes. So flushes are a budget: :data:`BURST_FLUSHES` at first, and one comes back each
    ``flush_seconds``. Chunks that come no more often than that are all flushed; of those that
    come faster, what is held is bounded by :data:`FIRST_FLUSH_NBYTES`.

    :param chunks: what to code. Its ``close``, if it has one, is called once (PEP 3333).
    :param encoder: a fresh encoder, owned from here on: it is closed at the end of the stream,
        on an exception, and in :meth:`close`, whichever comes first.
    :param flush_seconds: in which time a flush of the budget comes back. 0 flushes every chunk;
        with infinity there is no budget, and flushes are :data:`FLUSH_NBYTES` apart.
    :param repeatable: the response has a strong ETag, which promises the same bytes every time
        (RFC 9110 section 8.8.1). A flush leaves a trace, and some encoders do of each call, so
        the input is cut, and flushed, at the same places however it came: after 1, 2, 4, ... 64
        KB and each 64 KB from there on, with infinite ``flush_seconds`` only these. Chunks are
        then not flushed as they come, so a stream of messages must not be repeatable: no strong
        tag is right for one.
    :param on_close: called once, when the stream is closed, with how many bytes were coded, how
        many were returned, and how many seconds the encoder took.
    :param clock: seconds since some fixed point.
    """

    # No generator, though one takes a call less for each item: the garbage collector closes
    # generators, when it may have freed the encoder already.
    __slots__ = (
        "_close_chunks",
        "_encode_seconds",
        "_encoder",
        "_in_nbytes",
        "_on_close",
        "_out_nbytes",
        "_pieces",
    )

    def __init__(
        self,
        chunks: Iterable[Chunk],
        encoder: Encoder,
        *,
        flush_seconds: float,
        repeatable: bool = False,
        on_close: Callable[[int, int, float], object] | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        buffers = _buffers(iter(chunks), _name(chunks))
        if repeatable:
            first_nbytes = FLUSH_NBYTES if flush_seconds == inf else FIRST_FLUSH_NBYTES
            self._pieces: _Pieces = _cut_at_offsets(buffers, first_nbytes)
        elif flush_seconds == 0.0:
            self._pieces = zip(buffers, repeat(True))
        else:
            self._pieces = _cut_in_time(buffers, flush_seconds, clock)
        self._close_chunks: Callable[[], object] | None = getattr(chunks, "close", None)
        self._encoder: Encoder | None = encoder
        self._on_close = on_close
        self._in_nbytes = 0
        self._out_nbytes = 0
        self._encode_seconds = 0.0

    def __next__(self) -> bytes:
        """Pull chunks until there are coded bytes to send."""
        encoder = self._encoder
        if encoder is None:
            raise StopIteration
        try:
            for piece, is_flushed in self._pieces:
                if self._encoder is None:
                    # While a chunk was pulled, by the wrapped iterable or another thread.
                    raise StopIteration
                start = perf_counter()
                coded = encoder.flush(piece) if is_flushed else encoder.write(piece)
                self._encode_seconds += perf_counter() - start
                self._in_nbytes += len(piece)
                if coded:
                    self._out_nbytes += len(coded)
                    return coded
            if self._encoder is None:
                raise StopIteration
            start = perf_counter()
            coded = encoder.finish()
            self._encode_seconds += perf_counter() - start
            self._out_nbytes += len(coded)
        except BaseException:
            self._free()
            raise
        self._free()
        return coded

    def close(self) -> None:
        """Free the encoder and close the wrapped iterable; safe to call more than once."""
        close_chunks, self._close_chunks = self._close_chunks, None
        on_close, self._on_close = self._on_close, None
        try:
            self._free()
        finally:
            try:
                if close_chunks is not None:
                    close_chunks()
            finally:
                if on_close is not None:
                    on_close(self._in_nbytes, self._out_nbytes, self._encode_seconds)

    def _free(self) -> None:
        """Let go of the encoder, and of input that was not coded."""
        self._pieces = iter(())
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.close()


# ---- Where a stream is cut into calls of the encoder, and which of them flush ----

_Buffer = bytes | memoryview
_Pieces = Iterator[tuple[_Buffer, bool]]


def _name(chunks: object) -> str:
    """Return what to call an iterable in a message: a generator, as its function."""
    name = getattr(chunks, "__qualname__", None)
    return name if isinstance(name, str) else type(chunks).__qualname__


def _buffers(chunks: Iterator[Chunk], name: str) -> Iterator[_Buffer]:
    """Yield the bytes of all chunks that have any, those of long ones in pieces.

    Bytes that may change are copied: the buffer is the iterable's again once it goes on.

    :raises TypeError: a chunk is neither text nor bytes-like.
    """
    for number, chunk in enumerate(chunks):
        if isinstance(chunk, bytes):
            data = chunk
        elif isinstance(chunk, str):
            data = chunk.encode()
        else:
            try:
                data = memoryview(chunk).tobytes()
            except TypeError:
                raise TypeError(
                    f"a stream is made of str or bytes-like objects, but item {number} of "
                    f"{name} is of type {type(chunk).__qualname__}"
                ) from None
        if len(data) > PIECE_NBYTES:
            view = memoryview(data)
            for start in range(0, len(data), PIECE_NBYTES):
                yield view[start : start + PIECE_NBYTES]
        elif data:
            yield data


def _held_at_most(flushed_nbytes: int) -> int:
    """Return after how much input at once another flush is due."""
    return min(max(flushed_nbytes, FIRST_FLUSH_NBYTES), FLUSH_NBYTES)


def _cut_in_time(
    buffers: Iterator[_Buffer], flush_seconds: float, clock: Callable[[], float]
) -> _Pieces:
    """Yield all that comes as it comes, and whether to flush with it."""
    never = flush_seconds == inf
    budget = float(BURST_FLUSHES)
    then = None
    flushed_nbytes = held_nbytes = 0
    for buffer in buffers:
        held_nbytes += len(buffer)
        due = held_nbytes >= (FLUSH_NBYTES if never else _held_at_most(flushed_nbytes))
        if not due and not never:
            now = clock()
            if then is not None:
                budget += max(now - then, 0.0) / flush_seconds
                budget = min(budget, float(BURST_FLUSHES))
            then = now
            if budget >= 1.0:
                budget -= 1.0
                due = True
        if due:
            flushed_nbytes += held_nbytes
            held_nbytes = 0
        yield buffer, due


def _cut_at_offsets(buffers: Iterator[_Buffer], first_nbytes: int) -> _Pieces:
    """Yield what comes gathered and cut to the same pieces, however it came.

    All but the last, if it is shorter, are to be flushed.

    :param first_nbytes: where the first piece ends; the second is as long, and each after that
        as long as all before it, up to ``FLUSH_NBYTES``.
    """
    gathered = bytearray()
    flushed_nbytes, wanted_nbytes = 0, first_nbytes
    for buffer in buffers:
        rest = memoryview(buffer)
        while len(gathered) + len(rest) >= wanted_nbytes:
            missing_nbytes = wanted_nbytes - len(gathered)
            if gathered:
                yield b"".join((gathered, rest[:missing_nbytes])), True
                gathered.clear()
            else:
                yield rest[:missing_nbytes], True
            rest = rest[missing_nbytes:]
            flushed_nbytes += wanted_nbytes
            wanted_nbytes = min(max(flushed_nbytes, first_nbytes), FLUSH_NBYTES)
        gathered += rest
    if gathered:
        yield bytes(gathered), False
