"""A stream that is coded as an ASGI application sends it, and flushed when that is idle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from contextlib import suppress
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
from .messages import nbytes_in
from .threads import in_thread
from .threads import running_loop
from .turns import Turns

Send = Callable[[Message], Awaitable[None]]


class AsgiStream:
    """Codes what is sent, and sends what is held once nothing was sent for a while.

    :param sent: has what codes it, which is closed with the stream, or when turns are over.
    :param send: the server's.
    :param turns: those of the response; :meth:`send` is called by whoever has one.
    """

    __slots__ = (
        "_code",
        "_coder",
        "_error",
        "_loop",
        "_quick_nbytes",
        "_send",
        "_timer",
        "_turns",
    )

    def __init__(self, sent: Sent, send: Send, turns: Turns) -> None:
        coder, coding = sent.coder, sent.answer.coding
        assert coder is not None
        assert coding is not None
        self._coder = coder
        # What is coded at once, and not in a thread.
        self._quick_nbytes = quick_nbytes(coding, sent.level)
        self._send = send
        self._turns = turns
        turns.takes_long = self._takes_long
        turns.free = self.close
        self._loop = running_loop()
        # Without a loop nobody calls when time has passed.
        self._code = self._flushed if self._loop is None else coder.code
        self._timer: asyncio.TimerHandle | None = None
        self._error: Exception | None = None

    def _takes_long(self, message: Message) -> bool:
        """Tell whether what a message brings is coded in a thread, at least in part."""
        if message["type"] != BODY:
            return True
        return nbytes_in(message) + self._coder.held_nbytes >= self._quick_nbytes

    async def send(self, message: Message, chunks: Iterable[bytes] | None = None) -> None:
        """Code what a message brings, and send what there is to send.

        :param chunks: the pieces of the file that it names; None to open that.
        :raises Exception: what coding or sending raised, this or something before it: what
            comes later could not be decoded. What reading a file raises does no such harm.
        """
        self._cancel_timer()
        if self._error is not None:
            raise self._error
        try:
            await self._sent(message, chunks)
        finally:
            self._set_timer()

    async def _sent(self, message: Message, chunks: Iterable[bytes] | None) -> None:
        if message["type"] == BODY:
            for piece in pieces_of(message.get("body", b"")):
                await self._send_coded(self._code, piece, nbytes=len(piece))
        elif chunks is not None:
            await self._code_all(chunks)
        elif message["type"] == DESCRIPTOR:
            await self._code_all(pieces_of_descriptor(message))
        else:
            file = await in_thread(FileIO, message["path"], drop=FileIO.close)
            with file:
                await self._code_all(iter(partial(file.read, PIECE_NBYTES), b""))
        if is_last(message):
            await self._send_coded(self._coder.finish, is_last=True)
            self.close()

    async def _code_all(self, chunks: Iterable[bytes]) -> None:
        """Code the pieces of a file."""
        pieces = iter(chunks)
        while piece := await in_thread(lambda: next(pieces, b"")):
            await self._send_coded(self._code, piece, nbytes=len(piece))

    def _flushed(self, piece: Buffer) -> bytes:
        return self._coder.code(piece) + self._coder.flush()

    async def _send_coded(
        self, code: Callable[..., bytes], *piece: Buffer, nbytes: int = 0, is_last: bool = False
    ) -> None:
        """Send what comes of coding, if anything; remember if that fails."""
        coder = self._coder
        if not coder.is_open:
            # The application has ended, and nothing is to look like the end of its body.
            return
        try:
            is_long = nbytes + coder.held_nbytes >= self._quick_nbytes
            coded = await in_thread(code, *piece) if is_long else code(*piece)
            if coded or is_last:
                await self._send({"type": BODY, "body": coded, "more_body": not is_last})
        except Exception as error:
            self._error = error
            raise
        except BaseException:
            self._error = EncoderStateError(
                "the sending of a part of the body was cancelled while the server had it, so "
                "that what follows could not be decoded"
            )
            raise

    def _set_timer(self) -> None:
        coder = self._coder
        if (
            self._loop is not None
            and self._error is None
            and coder.can_flush
            and coder.flush_seconds != inf
        ):
            self._timer = self._loop.call_later(coder.flush_seconds, self._start_flush)

    def _start_flush(self) -> None:
        if not self._turns.are_over:
            self._turns.start(self._flush)

    async def _flush(self) -> None:
        """Send what is held."""
        if self._error is None:
            # The application is to learn of what fails.
            with suppress(Exception):
                await self._send_coded(self._coder.flush)

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


async def send_pieces(send: Send, file: Any) -> None:
    """Send a coded form that lies ready.

    :param send: the server's.
    :param file: what it is read from, or its pieces; it is closed.
    """
    read = file.read if hasattr(file, "read") else None
    pieces = iter(lambda: read(PIECE_NBYTES), b"") if read is not None else iter(file)
    try:
        while piece := await in_thread(lambda: next(pieces, b"")):
            await send({"type": BODY, "body": piece, "more_body": True})
    finally:
        file.close()
    await send({"type": BODY, "body": b"", "more_body": False})
