"""A stream that is coded as an ASGI application sends it, and flushed when that is idle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from functools import partial
from io import FileIO
from math import inf
from typing import Any

from .asgi_messages import BODY
from .asgi_messages import DESCRIPTOR
from .asgi_messages import Message
from .asgi_messages import is_last
from .asgi_threads import THREAD_NBYTES
from .asgi_threads import in_thread
from .asgi_threads import running_loop
from .asgi_turns import Turns
from .coding.cutting import Buffer
from .coding.cutting import pieces_of
from .coding.stream import StreamCoder
from .errors import EncoderStateError
from .files import PIECE_NBYTES
from .files import pieces_of_descriptor

Send = Callable[[Message], Awaitable[None]]


class AsgiStream:
    """Codes what is sent, and sends what is held once nothing was sent for a while.

    :param coder: codes it, and is closed with the stream, or when turns are over.
    :param send: the server's.
    :param start: the start of the response, which is sent first.
    :param turns: those of the response; :meth:`send` is called by whoever has one.
    """

    __slots__ = ("_coder", "_error", "_loop", "_send", "_start", "_timer", "_turns")

    def __init__(self, coder: StreamCoder, send: Send, start: Message, turns: Turns) -> None:
        self._coder = coder
        self._send = send
        self._start: Message | None = start
        self._turns = turns
        turns.free = self.close
        self._loop = running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._error: Exception | None = None

    async def send(self, message: Message, chunks: Iterable[bytes] | None = None) -> None:
        """Code what a message brings, and send what there is to send.

        :param chunks: the pieces of the file that it names; None to open that.
        :raises Exception: what coding or sending raised, this or something before it: what
            comes later could not be decoded.
        """
        self._cancel_timer()
        if self._error is not None:
            raise self._error
        try:
            await self._sent(message, chunks)
        except Exception as error:
            self._error = error
            raise
        except BaseException:
            self._error = EncoderStateError(
                "the sending of a part of the body was cancelled while the server had it, so "
                "that what follows could not be decoded"
            )
            raise
        coder = self._coder
        if self._loop and coder.is_open and coder.holds and coder.flush_seconds != inf:
            self._timer = self._loop.call_later(coder.flush_seconds, self._start_flush)

    async def _sent(self, message: Message, chunks: Iterable[bytes] | None) -> None:
        if self._start is not None:
            start, self._start = self._start, None
            await self._send(start)
        if message["type"] == BODY:
            for piece in pieces_of(message.get("body", b"")):
                await self._code(piece)
        elif chunks is not None:
            await self._code_all(chunks)
        elif message["type"] == DESCRIPTOR:
            await self._code_all(pieces_of_descriptor(message))
        else:
            file = await in_thread(FileIO, message["path"], drop=FileIO.close)
            with file:
                await self._code_all(iter(partial(file.read, PIECE_NBYTES), b""))
        if is_last(message):
            await self._send_body(self._coder.finish(), is_last=True)
            self.close()

    async def _code_all(self, chunks: Iterable[bytes]) -> None:
        """Code the pieces of a file."""
        pieces = iter(chunks)
        while piece := await in_thread(lambda: next(pieces, b"")):
            await self._code(piece)

    async def _code(self, piece: Buffer) -> None:
        coder = self._coder
        is_long = len(piece) >= THREAD_NBYTES
        coded = await in_thread(coder.code, piece) if is_long else coder.code(piece)
        if self._loop is None:
            # Nobody calls when time has passed.
            coded += coder.flush()
        if coded:
            await self._send_body(coded)

    async def _send_body(self, body: bytes, *, is_last: bool = False) -> None:
        await self._send({"type": BODY, "body": body, "more_body": not is_last})

    def _start_flush(self) -> None:
        if not self._turns.are_over:
            self._turns.start(self._flush)

    async def _flush(self) -> None:
        """Send what is held."""
        coded = self._coder.flush()
        if coded:
            try:
                await self._send_body(coded)
            except Exception as error:
                # The application is to learn of it.
                self._error = error

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """Free the encoder, and tell what was coded; safe to call more than once.

        Not while a message is coded.
        """
        self._cancel_timer()
        self._coder.close()


async def send_pieces(send: Send, start: Message, file: Any) -> None:
    """Send a coded form that lies ready, after its start.

    :param send: the server's.
    :param file: what it is read from, or its pieces; it is closed.
    """
    read = file.read if hasattr(file, "read") else None
    pieces = iter(lambda: read(PIECE_NBYTES), b"") if read is not None else iter(file)
    try:
        await send(start)
        while piece := await in_thread(lambda: next(pieces, b"")):
            await send({"type": BODY, "body": piece, "more_body": True})
    finally:
        file.close()
    await send({"type": BODY, "body": b"", "more_body": False})
