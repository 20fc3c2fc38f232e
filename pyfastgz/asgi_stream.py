"""A stream that is coded as an ASGI application sends it, and flushed when that is idle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from math import inf
from typing import Any

from .asgi_messages import BODY
from .asgi_messages import DESCRIPTOR
from .asgi_messages import Message
from .asgi_threads import THREAD_NBYTES
from .asgi_threads import in_thread
from .asgi_threads import running_loop
from .coding.cutting import Buffer
from .coding.cutting import pieces_of
from .coding.stream import StreamCoder
from .files import PIECE_NBYTES
from .files import pieces_of_descriptor


class AsgiStream:
    """Codes what is sent, and sends what is held once nothing was sent for a while.

    :param coder: codes it, and is closed with the stream.
    :param send: the server's.
    """

    __slots__ = (
        "_coder",
        "_error",
        "_flusher",
        "_is_busy",
        "_is_closed",
        "_lock",
        "_long",
        "_loop",
        "_send",
        "_timer",
    )

    def __init__(self, coder: StreamCoder, send: Callable[[Message], Awaitable[None]]) -> None:
        self._coder = coder
        self._send = send
        self._loop = running_loop()
        self._lock = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._flusher: asyncio.Task[None] | None = None
        # Codes the last long message.
        self._long: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        # A thread works with the coder.
        self._is_busy = False
        self._is_closed = False

    async def code(self, body: bytes, *, is_last: bool) -> None:
        """Code a part of the body, and send what there is to send.

        :param is_last: nothing follows.
        """
        self._cancel_timer()
        if self._loop is None:
            await self._code(body, is_last=is_last)
        elif len(body) < THREAD_NBYTES:
            await self._code_in_turn(body, is_last=is_last)
        else:
            # A task of its own, so that one who is cancelled and sends on, as after a timeout,
            # finds the encoder between two messages: none is lost in part.
            self._long = self._loop.create_task(self._code_in_turn(body, is_last=is_last))
            await asyncio.shield(self._long)

    async def code_message(self, message: Message, chunks: Iterable[bytes]) -> None:
        """Code what a message brings, and send what there is to send.

        :param chunks: the pieces of the file that it names, opened before.
        """
        is_last = not message.get("more_body", False)
        if message["type"] == BODY:
            await self.code(message.get("body", b""), is_last=is_last)
            return
        if message["type"] == DESCRIPTOR:
            chunks = pieces_of_descriptor(message)
        pieces = iter(chunks)
        while piece := await in_thread(_next_of, pieces):
            await self.code(piece, is_last=False)
        if is_last:
            await self.code(b"", is_last=True)

    async def _code_in_turn(self, body: bytes, *, is_last: bool) -> None:
        assert self._loop is not None
        coder = self._coder
        async with self._lock:
            if self._error is not None:
                # Of sending what nobody waited for: the application is to learn of it.
                raise self._error
            try:
                await self._code(body, is_last=is_last)
            except Exception as error:
                self._error = error
                raise
            self._cancel_timer()
            if coder.holds and not is_last and coder.flush_seconds != inf:
                self._timer = self._loop.call_later(coder.flush_seconds, self._start_flush)

    async def _code(self, body: bytes, *, is_last: bool) -> None:
        coder = self._coder
        for piece in pieces_of(body):
            coded = await self._coded(piece)
            if self._loop is None:
                # Nobody calls when time has passed.
                coded += coder.flush()
            if coded:
                await self._send_body(coded, is_last=False)
        if is_last:
            await self._send_body(coder.finish(), is_last=True)

    async def _coded(self, piece: Buffer) -> bytes:
        coder = self._coder
        if len(piece) < THREAD_NBYTES:
            return coder.code(piece)
        self._is_busy = True
        return await in_thread(self._code_in_thread, piece)

    def _code_in_thread(self, piece: Buffer) -> bytes:
        try:
            return self._coder.code(piece)
        finally:
            self._is_busy = False
            if self._is_closed:
                # Whoever waited for this was cancelled.
                self._coder.close()

    def _start_flush(self) -> None:
        assert self._loop is not None
        self._flusher = self._loop.create_task(self._flush())

    async def _flush(self) -> None:
        """Send what is held."""
        async with self._lock:
            coded = self._coder.flush()
            if not coded:
                return
            try:
                await self._send_body(coded, is_last=False)
            except Exception as error:
                self._error = error

    async def _send_body(self, body: bytes, *, is_last: bool) -> None:
        await self._send({"type": BODY, "body": body, "more_body": not is_last})

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """Free the encoder, and tell what was coded; safe to call more than once."""
        self._cancel_timer()
        for task in (self._flusher, self._long):
            if task is not None:
                task.cancel()
        self._is_closed = True
        if not self._is_busy:
            self._coder.close()


async def send_pieces(source: Any, send: Callable[[Message], Awaitable[None]]) -> None:
    """Send a whole body that lies ready.

    :param source: a file, or what can be iterated over and closed.
    """
    read = source.read if hasattr(source, "read") else None
    pieces = iter(source) if read is None else iter(lambda: read(PIECE_NBYTES), b"")
    try:
        while piece := await in_thread(_next_of, pieces):
            await send({"type": BODY, "body": piece, "more_body": True})
    finally:
        source.close()
    await send({"type": BODY, "body": b"", "more_body": False})


def _next_of(pieces: Iterator[bytes]) -> bytes:
    return next(pieces, b"")
