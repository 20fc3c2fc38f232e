"""A stream of chunks as a stream of coded chunks: when to flush, and what to close."""

from __future__ import annotations

import enum
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from time import perf_counter
from typing import Any

from .encoder import Encoder

Chunk = str | bytes | bytearray | memoryview
"""What a response may yield; text is sent as UTF-8.

.. versionadded:: 0.1
"""

FLUSH_NBYTES = 64 * 1024
"""After so many bytes of input a stream is flushed whatever its policy.

Codings keep up to 128 KB back, to gather a block. A flush this rare takes no measurable time or
size.

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

    - ``EVERY_CHUNK``: all.
    - ``LATE``: the first, and those that arrive some time after the last flush. A flush costs
      five bytes or more and ends a block, so a template that yields a hundred small pieces at
      once must not flush a hundred times; but a page that waits for its database, or a model
      that writes word by word, is flushed at every chunk.
    - ``FIRST``: the first.

    With each of them, a chunk with which :data:`FLUSH_NBYTES` have come in since the last flush
    is flushed too.

    .. versionadded:: 0.1
    """

    EVERY_CHUNK = enum.auto()
    LATE = enum.auto()
    FIRST = enum.auto()


def is_of_events(media_type: str) -> bool:
    """Tell whether the chunks of a stream are messages that somebody waits for.

    :param media_type: in lower case, without parameters.

    .. versionadded:: 0.1
    """
    return media_type in EVENT_MEDIA_TYPES or media_type.endswith("+json-seq")


def flush_policy(media_type: str, *, repeatable: bool) -> FlushPolicy:
    """Return when to flush a stream of this media type.

    :param media_type: in lower case, without parameters.
    :param repeatable: the response has a strong ETag, which promises the same bytes every time
        (RFC 9110 section 8.8.1). A flush leaves a trace, so none may depend on the clock.

    .. versionadded:: 0.1
    """
    if is_of_events(media_type):
        return FlushPolicy.EVERY_CHUNK
    return FlushPolicy.FIRST if repeatable else FlushPolicy.LATE


class CodedStream(Iterator[bytes]):
    """The coded form of a stream, produced as it is pulled and closed with it.

    Every item has at least one byte. An exception of the wrapped iterable propagates, and the
    coded stream then has no valid end, so that a client can tell that something is missing.

    :param chunks: what to code. Its ``close``, if it has one, is called once (PEP 3333).
    :param encoder: a fresh encoder, owned from here on: it is closed at the end of the stream,
        on an exception, and in :meth:`close`, whichever comes first.
    :param policy: when to flush.
    :param flush_seconds: how old the last flush may be when a chunk arrives, with
        ``FlushPolicy.LATE``.
    :param on_close: called once, when the stream is closed, with how many bytes were pulled,
        how many were returned, and how many seconds the encoder took.
    :param clock: seconds since some fixed point.

    .. versionadded:: 0.1
    """

    __slots__ = (
        "_chunks",
        "_clock",
        "_close_chunks",
        "_encode_seconds",
        "_encoder",
        "_flush_seconds",
        "_flushed_at",
        "_held_nbytes",
        "_in_nbytes",
        "_on_close",
        "_out_nbytes",
        "_policy",
    )

    def __init__(
        self,
        chunks: Iterable[Chunk],
        encoder: Encoder,
        *,
        policy: FlushPolicy,
        flush_seconds: float = 0.02,
        on_close: Callable[[int, int, float], object] | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._chunks: Iterator[Chunk] = iter(chunks)
        self._close_chunks: Callable[[], object] | None = getattr(chunks, "close", None)
        self._encoder: Encoder | None = encoder
        self._policy = policy
        self._flush_seconds = flush_seconds
        self._on_close = on_close
        self._clock = clock
        self._flushed_at: float | None = None
        self._held_nbytes = 0
        self._in_nbytes = 0
        self._out_nbytes = 0
        self._encode_seconds = 0.0

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
                nbytes = data.nbytes if isinstance(data, memoryview) else len(data)
                if nbytes == 0:
                    continue
                self._in_nbytes += nbytes
                coded = self._timed(
                    encoder.flush if self._flush_is_due(nbytes) else encoder.write, data
                )
                if coded:
                    return coded
            coded = self._timed(encoder.finish, b"")
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
        on_close, self._on_close = self._on_close, None
        try:
            self._free_encoder()
        finally:
            try:
                if close_chunks is not None:
                    close_chunks()
            finally:
                if on_close is not None:
                    on_close(self._in_nbytes, self._out_nbytes, self._encode_seconds)

    def _timed(
        self, call: Callable[[bytes | bytearray | memoryview], bytes], data: Any
    ) -> bytes:
        start = perf_counter()
        coded = call(data)
        self._encode_seconds += perf_counter() - start
        self._out_nbytes += len(coded)
        return coded

    def _free_encoder(self) -> None:
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.close()

    def _flush_is_due(self, nbytes: int) -> bool:
        """Tell whether to flush with a chunk of so many bytes, and then remember that."""
        if self._policy is FlushPolicy.EVERY_CHUNK:
            return True
        self._held_nbytes += nbytes
        now = self._clock()
        due = (
            self._flushed_at is None
            or self._held_nbytes >= FLUSH_NBYTES
            or (
                self._policy is FlushPolicy.LATE
                and now - self._flushed_at >= self._flush_seconds
            )
        )
        if due:
            self._held_nbytes = 0
            self._flushed_at = now
        return due
