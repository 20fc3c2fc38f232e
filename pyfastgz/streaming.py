"""A stream of chunks as a stream of coded chunks: when to flush, and what to close."""

from __future__ import annotations

import enum
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from time import monotonic

from .encoder import Encoder

Chunk = str | bytes | bytearray | memoryview
"""What a response may yield; text is sent as UTF-8.

.. versionadded:: 0.1
"""

MAX_HOLD_SECONDS = 0.02
"""How old the last flush may be when a chunk arrives before that chunk is flushed too.

A flush costs five bytes or more and ends a block, so a template that yields a hundred small
pieces at once must not flush a hundred times. A producer that takes longer than this for each
chunk, say a page that waits for its database or a model that writes word by word, is flushed at
every chunk.

.. versionadded:: 0.1
"""

EVENT_MEDIA_TYPES = frozenset(
    {
        "text/event-stream",
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/jsonlines",
        "application/x-jsonlines",
        "application/json-seq",
        "application/stream+json",
        "multipart/x-mixed-replace",
    }
)
"""Media types whose chunks are messages: somebody waits for each of them.

.. versionadded:: 0.1
"""


class FlushPolicy(enum.Enum):
    """Which chunks are flushed, that is, can be decoded before the next one is produced.

    .. versionadded:: 0.1
    """

    EVERY_CHUNK = enum.auto()
    FIRST_AND_LATE = enum.auto()
    FIRST = enum.auto()


def flush_policy(media_type: str, *, repeatable: bool) -> FlushPolicy:
    """Return when to flush a stream of this media type.

    :param media_type: in lower case, without parameters.
    :param repeatable: the response has a strong ETag, which promises the same bytes every time
        (RFC 9110 section 8.8.1). A flush leaves a trace, so none may depend on the clock.

    .. versionadded:: 0.1
    """
    if media_type in EVENT_MEDIA_TYPES or media_type.endswith("+json-seq"):
        return FlushPolicy.EVERY_CHUNK
    return FlushPolicy.FIRST if repeatable else FlushPolicy.FIRST_AND_LATE


class CodedStream(Iterator[bytes]):
    """The coded form of a stream, produced as it is pulled and closed with it.

    Every item has at least one byte. An exception of the wrapped iterable propagates, and the
    coded stream then has no valid end, so that a client can tell that something is missing.

    :param chunks: what to code. Its ``close``, if it has one, is called once (PEP 3333).
    :param encoder: a fresh encoder, owned from here on: it is closed at the end of the stream,
        on an exception, and in :meth:`close`, whichever comes first.
    :param policy: when to flush.
    :param clock: seconds since some fixed point.

    .. versionadded:: 0.1
    """

    __slots__ = ("_chunks", "_clock", "_close_chunks", "_encoder", "_flushed_at", "_policy")

    def __init__(
        self,
        chunks: Iterable[Chunk],
        encoder: Encoder,
        *,
        policy: FlushPolicy,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._chunks: Iterator[Chunk] = iter(chunks)
        self._close_chunks: Callable[[], object] | None = getattr(chunks, "close", None)
        self._encoder: Encoder | None = encoder
        self._policy = policy
        self._clock = clock
        self._flushed_at: float | None = None

    def __next__(self) -> bytes:
        """Pull chunks until there are coded bytes to send.

        .. versionadded:: 0.1
        """
        encoder = self._encoder
        if encoder is None:
            raise StopIteration
        try:
            for chunk in self._chunks:
                data = chunk.encode() if isinstance(chunk, str) else chunk
                if len(data) == 0:
                    continue
                coded = encoder.flush(data) if self._flush_is_due() else encoder.write(data)
                if coded:
                    return coded
            coded = encoder.finish()
        except BaseException:
            self._free_encoder()
            raise
        self._free_encoder()
        return coded

    def close(self) -> None:
        """Free the encoder and close the wrapped iterable; safe to call more than once.

        .. versionadded:: 0.1
        """
        self._chunks = iter(())
        close_chunks, self._close_chunks = self._close_chunks, None
        try:
            self._free_encoder()
        finally:
            if close_chunks is not None:
                close_chunks()

    def _free_encoder(self) -> None:
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.close()

    def _flush_is_due(self) -> bool:
        if self._policy is FlushPolicy.EVERY_CHUNK:
            return True
        if self._flushed_at is None:
            self._flushed_at = self._clock()
            return True
        if self._policy is FlushPolicy.FIRST:
            return False
        now = self._clock()
        if now - self._flushed_at < MAX_HOLD_SECONDS:
            return False
        self._flushed_at = now
        return True
