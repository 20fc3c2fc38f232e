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

from ..carrying import Sent
from ..coding import quick_nbytes
from ..coding.cutting import Buffer
from ..coding.cutting import pieces_of
from ..errors import EncoderStateError
from ..files import PIECE_NBYTES
from ..files import pieces_of_descriptor
from .messages import BODY
from .messages import DESCRIPTOR
from .messages import Message
from .messages import is_last
from .threads import in_thread
from .threads import running_loop
from .turns import Turns

Send = Callable[[Message], Awaitable[None]]


class AsgiStream:
    """Codes what is sent, and sends what is held once nothing was sent for a while.

    :param sent: has what codes it, which is closed with the stream, or when turns are over.
    :param send: the server's.
    :param start: the start of the response, which is sent first.
    :param turns: those of the response; :meth:`send` is called by whoever has one.
    """

    __slots__ = (
        "_coder",
        "_error",
        "_loop",
        "_quick_nbytes",
        "_send",
        "_start",
        "_timer",
        "_turns",
    )

    def __init__(self, sent: Sent, send: Send, start: Message, turns: Turns) -> None:
        coder, coding = sent.coder, sent.answer.coding
        assert coder is not None
        assert coding is not None
        self._coder = coder
        # What is coded at once, and not in a thread.
        self._quick_nbytes = quick_nbytes(coding, sent.level)
        self._send = send
        self._start: Message | None = start
        self._turns = turns
        turns.takes_long = self._takes_long
        turns.free = self.close
        self._loop = running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._error: Exception | None = None

    def _takes_long(self, message: Message) -> bool:
        """Tell whether what a message brings is coded in a thread, at least in part."""
        if message["type"] != BODY:
            return True
        nbytes = len(message.get("body", b""))
        return nbytes + self._coder.held_nbytes >= self._quick_nbytes

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
        if self._loop is not None and coder.can_flush and coder.flush_seconds != inf:
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
            await self._send_body(await self._rest(self._coder.finish), is_last=True)
            self.close()

    async def _code_all(self, chunks: Iterable[bytes]) -> None:
        """Code the pieces of a file."""
        pieces = iter(chunks)
        while piece := await in_thread(lambda: next(pieces, b"")):
            await self._code(piece)

    async def _code(self, piece: Buffer) -> None:
        coder = self._coder
        is_long = len(piece) + coder.held_nbytes >= self._quick_nbytes
        coded = await in_thread(coder.code, piece) if is_long else coder.code(piece)
        if self._loop is None:
            # Nobody calls when time has passed.
            coded += coder.flush()
        if coded:
            await self._send_body(coded)

    async def _rest(self, code: Callable[[], bytes]) -> bytes:
        """Return what flushing or finishing returns."""
        is_long = self._coder.held_nbytes >= self._quick_nbytes
        return await in_thread(code) if is_long else code()

    async def _send_body(self, body: bytes, *, is_last: bool = False) -> None:
        await self._send({"type": BODY, "body": body, "more_body": not is_last})

    def _start_flush(self) -> None:
        if not self._turns.are_over:
            self._turns.start(self._flush)

    async def _flush(self) -> None:
        """Send what is held."""
        try:
            coded = await self._rest(self._coder.flush)
            if coded:
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
