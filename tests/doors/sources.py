"""Bodies that tell what was done to them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from asking import Answer
from asking import decoded_part

PATIENCE_SECONDS = 30.0


class Held(Exception):
    """A chunk was asked for before the client had the one before it."""


class Source:
    """An iterable that counts what is asked of it, and raises the exceptions that it holds.

    :param in_step: each chunk waits until the client has acknowledged the one before it.
    """

    patience_seconds = PATIENCE_SECONDS

    def __init__(self, *chunks: Any, in_step: bool = False) -> None:
        self._chunks = iter(chunks)
        self._in_step = in_step
        self._client = threading.current_thread()
        self._changed = threading.Condition()
        self._seen = 0
        self.pulled = 0
        self._closed = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._in_step:
            self._wait()
        chunk = next(self._chunks)
        self.pulled += 1
        if isinstance(chunk, BaseException):
            raise chunk
        return chunk

    def _wait(self) -> None:
        # Whoever waits for a chunk in the client's own thread acknowledges none.
        seconds = 0 if threading.current_thread() is self._client else self.patience_seconds
        with self._changed:
            if not self._changed.wait_for(lambda: self._seen >= self.pulled, seconds):
                # The tests fail that come after this one, too: soon.
                Source.patience_seconds = 1.0
                raise Held(f"{self.pulled} chunks were pulled, {self._seen} seen")

    def acknowledge(self) -> None:
        """Say that all chunks so far have been seen."""
        with self._changed:
            self._seen = self.pulled
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed += 1
            self._seen = 1 << 60
            self._changed.notify_all()

    @property
    def closed(self) -> int:
        """How often it was closed, once it was: servers close it after the client is gone."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, PATIENCE_SECONDS)
            return self._closed


def follow(answer: Answer, source: Source, *chunks: str | bytes) -> bytes:
    """Read a stream that is in step, decode each chunk before the next is made; return all.

    :param chunks: the next ones of the source.
    """
    coded = expected = b""
    for number, chunk in enumerate(chunks, 1):
        expected += chunk.encode() if isinstance(chunk, str) else chunk
        while (seen := decoded_part(answer.coding, coded)) != expected:
            assert expected.startswith(seen)
            piece = answer.more()
            assert piece
            coded += piece
        assert source.pulled == number
        source.acknowledge()
    return coded
