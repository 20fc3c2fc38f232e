"""Streams of chunks, coded as they come: when to flush, and what to close.

When to flush is one number: in how many seconds a stream may be flushed once more. 0 flushes
every chunk; with infinity nothing is flushed early.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from math import inf
from time import perf_counter

from ..errors import EncoderStateError
from .cutting import FIRST_FLUSH_NBYTES
from .cutting import FLUSH_NBYTES
from .cutting import Budget
from .cutting import Buffer
from .cutting import Chunk
from .cutting import Cutter
from .cutting import always
from .cutting import pieces_in
from .encoder import Encoder


class StreamCoder:
    """Codes the pieces of a stream as they come, and flushes by a rule.

    A piece that is flushed can be decoded out of what was returned so far. A flush costs ten
    bytes or more and ends a block, so a template that yields thousands of small pieces at once
    must not flush at each; but whether a piece is followed by a slow one cannot be told when it
    comes. So flushes are a budget: :data:`~.cutting.BURST_FLUSHES` at first, and one comes back
    each ``flush_seconds``. Pieces that come no more often than that are all flushed; of those
    that come faster, what is held is bounded by :data:`~.cutting.FIRST_FLUSH_NBYTES`. Whoever
    knows that nothing follows for a while calls :meth:`flush`.

    Not for use by several threads at once. What an encoder raises is raised, and the stream is
    then lost.

    :param encoder: a fresh encoder, owned from here on.
    :param flush_seconds: in which time a flush of the budget comes back. 0 flushes every piece;
        with infinity there is no budget, and flushes are :data:`~.cutting.FLUSH_NBYTES` apart.
    :param repeatable: the response has a strong ETag, which promises the same bytes every time
        (RFC 9110 section 8.8.1). A flush leaves a trace, and some encoders do of each call, so
        the input is cut, and flushed, at the same places however it came: after 1, 2, 4, ... 64
        KB and each 64 KB from there on, with infinite ``flush_seconds`` only these. Pieces are
        then not flushed as they come, so a stream of messages must not be repeatable: no strong
        tag is right for one.
    :param declared_nbytes: so many bytes were promised. A stream of fewer has no end, so that
        nobody takes it for all of something; of more it has.
    :param on_close: called once, when the stream is closed, with how many bytes were coded, how
        many were returned, and how many seconds the encoder took.
    :param clock: seconds since some fixed point.
    """

    __slots__ = (
        "_cutter",
        "_declared_nbytes",
        "_encoder",
        "_in_nbytes",
        "_is_due",
        "_on_close",
        "_out_nbytes",
        "_seconds",
        "flush_seconds",
        "held_nbytes",
    )

    def __init__(
        self,
        encoder: Encoder,
        *,
        flush_seconds: float,
        repeatable: bool = False,
        declared_nbytes: int | None = None,
        on_close: Callable[[int, int, float], object] | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.flush_seconds = flush_seconds
        """In how many seconds the stream may be flushed once more."""
        self._cutter: Cutter | None = None
        if repeatable:
            first_nbytes = FLUSH_NBYTES if flush_seconds == inf else FIRST_FLUSH_NBYTES
            self._cutter = Cutter(first_nbytes)
        self._is_due = Budget(flush_seconds, clock).is_due if flush_seconds else always
        self._encoder: Encoder | None = encoder
        self._declared_nbytes = declared_nbytes or 0
        self._on_close = on_close
        self._in_nbytes = 0
        self._out_nbytes = 0
        self._seconds = 0.0
        self.held_nbytes = 0
        """How many bytes of input cannot be decoded before something is flushed."""

    @property
    def is_open(self) -> bool:
        """Whether more can be coded: it is neither finished nor closed."""
        return self._encoder is not None

    @property
    def can_flush(self) -> bool:
        """Whether there is something that :meth:`flush` would make decodable."""
        return self.held_nbytes > 0 and self._encoder is not None and self._cutter is None

    def code(self, piece: Buffer) -> bytes:
        """Code a piece, and return what there is to send; nothing if the stream is not open.

        :param piece: one of those that :func:`~.cutting.pieces_of` yields.
        """
        encoder = self._encoder
        if encoder is None:
            return b""
        start = perf_counter()
        if self._cutter is not None:
            cut = self._cutter.cut(piece)
            coded = b"".join([encoder.flush(each) for each in cut])
            self.held_nbytes = self._cutter.gathered_nbytes
        elif self._is_due(len(piece)):
            coded, self.held_nbytes = encoder.flush(piece), 0
        else:
            coded = encoder.write(piece)
            self.held_nbytes += len(piece)
        return self._sent(coded, len(piece), start)

    def flush(self) -> bytes:
        """Return what makes decodable all that is held, unless the stream is repeatable."""
        encoder = self._encoder
        if encoder is None or not self.can_flush:
            return b""
        self.held_nbytes = 0
        start = perf_counter()
        return self._sent(encoder.flush(), 0, start)

    def finish(self) -> bytes:
        """Return the end of the stream; nothing if it is not open.

        :raises EncoderStateError: fewer bytes have come than were declared.
        """
        encoder = self._encoder
        if encoder is None:
            return b""
        if self._in_nbytes < self._declared_nbytes:
            self.free()
            raise EncoderStateError(
                f"the body ended after {self._in_nbytes} bytes, but {self._declared_nbytes} "
                "were declared"
            )
        start = perf_counter()
        rest = b"" if self._cutter is None else self._cutter.rest()
        coded = encoder.write(rest) if rest else b""
        coded = self._sent(coded + encoder.finish(), 0, start)
        self.free()
        return coded

    def free(self) -> None:
        """Let go of the encoder, and of input that was not coded."""
        encoder, self._encoder, self._cutter = self._encoder, None, None
        if encoder is not None:
            encoder.close()

    def close(self) -> None:
        """Free the encoder and tell what was coded; safe to call more than once."""
        on_close, self._on_close = self._on_close, None
        try:
            self.free()
        finally:
            if on_close is not None:
                on_close(self._in_nbytes, self._out_nbytes, self._seconds)

    def _sent(self, coded: bytes, in_nbytes: int, start: float) -> bytes:
        self._seconds += perf_counter() - start
        self._in_nbytes += in_nbytes
        self._out_nbytes += len(coded)
        return coded


class CodedStream(Iterator[bytes]):
    """The coded form of an iterable, produced as it is pulled and closed with it.

    Every item has at least one byte. An exception of the wrapped iterable propagates, and the
    coded stream then has no valid end, so that a client can tell that something is missing. A
    chunk that is flushed can be decoded before the next one is pulled.

    :param chunks: what to code. Its ``close``, if it has one, is called once (PEP 3333).
    :param coder: codes it: freed at the end of the stream and on an exception, closed in
        :meth:`close`.
    """

    # No generator, though one takes a call less for each item: the garbage collector closes
    # generators, when it may have freed the encoder already.
    __slots__ = ("_close_chunks", "_coder", "_pieces")

    def __init__(self, chunks: Iterable[Chunk], coder: StreamCoder) -> None:
        self._pieces: Iterator[Buffer] = pieces_in(chunks)
        self._close_chunks: Callable[[], object] | None = getattr(chunks, "close", None)
        self._coder = coder

    def __next__(self) -> bytes:
        """Pull chunks until there are coded bytes to send."""
        coder = self._coder
        if not coder.is_open:
            raise StopIteration
        try:
            for piece in self._pieces:
                coded = coder.code(piece)
                if coded:
                    return coded
                if not coder.is_open:
                    # Closed while a chunk was pulled, by the wrapped iterable or a thread.
                    break
            if not coder.is_open:
                raise StopIteration
            coded = coder.finish()
        except BaseException:
            self._free()
            raise
        self._free()
        return coded

    def close(self) -> None:
        """Free the encoder and close the wrapped iterable; safe to call more than once."""
        close_chunks, self._close_chunks = self._close_chunks, None
        try:
            self._free()
        finally:
            try:
                if close_chunks is not None:
                    close_chunks()
            finally:
                self._coder.close()

    def _free(self) -> None:
        """Let go of the encoder, and of input that was not coded."""
        self._pieces = iter(())
        self._coder.free()
