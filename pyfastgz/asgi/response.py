"""One response of an ASGI application, on its way to the server."""

from __future__ import annotations

import enum
from collections.abc import Awaitable
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from typing import Any

from ..border import can_ask_again
from ..carrying import AS_IT_IS
from ..carrying import ASKED_AGAIN
from ..carrying import Sent
from ..carrying import carry_out
from ..coding.core import answer_plainly
from ..http.exchange import NO_WISHES
from ..http.fields import is_of_events
from ..http.fields import media_type
from ..http.steps import Plan
from ..http.steps import Step
from ..middleware import NOT_LOOKED_AT
from .messages import BODY
from .messages import LENGTH
from .messages import OF_BODY
from .messages import OPENED
from .messages import PATH
from .messages import START
from .messages import TRAILERS
from .messages import Message
from .messages import Source
from .messages import decoded
from .messages import is_last
from .messages import takes_long
from .messages import with_bytes
from .scope import Receive
from .scope import after_no_body
from .start import ResponseStart
from .stream import AsgiStream
from .stream import Send
from .stream import send_pieces
from .threads import THREAD_NBYTES
from .threads import in_thread
from .turns import Turns

if TYPE_CHECKING:
    from ..middleware import Middleware
    from .scope import AsgiRequest


class _State(enum.Enum):
    """What becomes of what the application sends next."""

    BEFORE = "its response has not started"
    STARTED = "nothing is decided until its body comes"
    DIRECT = "it is sent as it is"
    STREAMED = "it is coded"
    COMPLETE = "all bytes of the body were there, and their coded form was sent"
    REPLACED = "its bytes are not sent, something else was"
    ASKED_AGAIN = "it is not sent: the application is to be asked again"


# To look one up by its name takes a tenth of a microsecond before CPython 3.12.
_BEFORE, _STARTED, _DIRECT, _STREAMED, _COMPLETE, _REPLACED, _ASKED_AGAIN = _State


class AsgiResponse(ResponseStart):
    """The response to one request.

    :param door: decides about it.
    :param request: what it is for.
    :param receive: the server's, and so is ``send``.
    """

    __slots__ = (
        "_receive",
        "_request",
        "_send",
        "_state",
        "_stream",
        "_turns",
        "is_done",
    )

    def __init__(
        self, door: Middleware, request: AsgiRequest, receive: Receive, send: Send
    ) -> None:
        self._door = door
        self._request = request
        self._receive = receive
        self._send = send
        self._state = _BEFORE
        self._stream: AsgiStream | None = None
        self._turns: Turns | None = None
        self.is_done = False
        """Whether nothing is left to be done but to pass on what comes."""

    async def finish(
        self, app: Callable[[dict[str, Any], Receive, Send], Awaitable[None]]
    ) -> None:
        """Do what is to be done when the application has returned, or have it respond again."""
        if self._turns is not None:
            await self._turns.finish()
        if self._state is _ASKED_AGAIN:
            # A GET without a body allows that: it is safe, and nothing was sent.
            self._state = _BEFORE
            self._receive = after_no_body(self._receive)
            self._request.without_range()
            await app(self._request.scope, self.receive, self.send)
            if self._turns is not None:
                await self._turns.finish()
        await self._give_up()

    async def give_up(
        self, app: Callable[[dict[str, Any], Receive, Send], Awaitable[None]]
    ) -> None:
        """Do what is left to be done when the application has raised."""
        try:
            if self._state is _ASKED_AGAIN:
                # It had sent its part, and raises again, or need not.
                await self.finish(app)
        finally:
            if self._turns is not None:
                self._turns.close()
            await self._give_up()

    def close(self) -> None:
        """Free what the response has, however it ended."""
        if self._state is not _DIRECT:
            # Nothing is begun for tasks that outlive the application.
            self._state = _DIRECT if self._state is _BEFORE else _REPLACED
        if self._turns is not None:
            self._turns.close()

    async def send(self, message: Message) -> None:
        """Be the ``send`` of the application."""
        if self.is_done:
            await self._send(message)
            return
        kind, state, turns = message["type"], self._state, self._turns
        if state is _BEFORE and kind == START:
            if not self._waits(message):
                self._state, self.is_done = _DIRECT, True
                await self._send(self._start)
                return
            self._state = _STARTED
            if self._shape.length_at is None and is_of_events(media_type(self._content_type)):
                # Somebody waits for the start alone: messages follow, perhaps much later.
                await self._in_turn(OPENED)
        elif turns is not None:
            if state is _DIRECT and turns.are_free:
                await self._send(message)
            else:
                await turns.take(self._handle, message)
        elif state is _STARTED and kind == BODY and (short := self._short_way(message)):
            self._state, self.is_done = _DIRECT, True
            await self._send(self._start)
            await self._send(short)
        elif kind in OF_BODY and state is not _BEFORE:
            await self._in_turn(message)
        else:
            await self._handle(message)

    async def _in_turn(self, message: Message) -> None:
        """Handle the first part of a body, and those that follow when that is done."""
        if takes_long(message) or not is_last(message):
            self._turns = turns = self._turns or Turns()
            await turns.take(self._handle, message)
        else:
            await self._handle(message)

    async def _handle(self, message: Message) -> None:
        kind, state = message["type"], self._state
        if state is _DIRECT or state is _BEFORE:
            # Before a start the server is to complain.
            await self._send(message)
        elif kind in OF_BODY:
            await self._on_body(message)
        elif kind == START and state is _STARTED:
            # The server is to complain of a second one, unless it refuses the first.
            with suppress(Exception):
                await self._give_up()
            await self._send(message)
        elif state is not _ASKED_AGAIN and (kind != TRAILERS or state is not _REPLACED):
            # Nothing gets ahead of the start.
            await self._give_up()
            await self._send(message)

    async def receive(self) -> Message:
        """Be the ``receive`` of the application: it is to stop if nobody waits for more."""
        if self._state in {_REPLACED, _ASKED_AGAIN}:
            return {"type": "http.disconnect"}
        return await self._receive()

    async def _give_up(self) -> None:
        """Send the start that the application left without a body."""
        if self._state is _STARTED:
            self._state = _DIRECT
            await self._send(self._start)

    # ---- The body ----

    async def _on_body(self, message: Message, chunks: Any = None) -> None:
        try:
            message = with_bytes(message)
        except TypeError:
            if self._state is not _STARTED:
                raise
            # The server is to say what it makes of that.
            await self._give_up()
            await self._send(message)
            return
        if self._stream is not None:
            await self._stream.send(message, chunks)
            if is_last(message):
                self._state = _DIRECT
        elif self._state is _STARTED:
            await self._on_first(message)
        elif self._state is _COMPLETE and is_last(message):
            self._state = _DIRECT

    async def _on_first(self, message: Message) -> None:
        """Decide, when the first part of the body is there."""
        source = Source(self._request.scope, message)
        try:
            if message["type"] == PATH:
                await in_thread(source.open)
            sent = await self._planned(source)
            if sent is ASKED_AGAIN:
                self._state = _ASKED_AGAIN
                return
            await self._begin(sent, message)
        finally:
            source.close()

    def _short_way(self, message: Message) -> Message | None:
        """Return what is sent of a body whose plan is looked up; None if it has to be made.

        :param message: the first part of it.
        """
        body, request, shape = message.get("body"), self._request, self._shape
        if (
            type(body) is not bytes
            or not body
            or len(body) >= THREAD_NBYTES
            or message.get("more_body")
            or not shape.is_plain
            or request.wishes is not NO_WISHES
            or (method := request.method) == "CONNECT"
        ):
            return None
        door = self._door
        try:
            accepted = request.fields.get(b"accept-encoding")
            text = None if accepted is None else accepted.decode("latin-1")
            plans = door.plans or door.plans_for(shape, request.environ)
            if plans is None:
                return None
            plan = plans.plan(self._content_type, len(body), text)
            if plan is None:
                return None
            (answer, coded, outcome, _, _), lines = answer_plainly(
                door.engine.settle_plain, plan, body, self._lines, shape.length_at, LENGTH
            )
        except Exception:
            # There is something odd in the fields; nothing was sent yet.
            return None
        if answer.coding is not None:
            message = {**message, "body": b"" if method == "HEAD" else coded}
        self._start["headers"] = self._lines = lines
        door.told(outcome, self)
        return message

    async def _planned(self, source: Source) -> Sent:
        """Return what is sent; whatever is odd in the response, it is sent as it is."""
        door, request = self._door, self._request
        try:
            lines = decoded(self._lines)
            found = source.found(request.method, lines)
            if self._status == 206 and can_ask_again(request.environ()):
                found = found._replace(is_cut=True)
            plan = door.decided(
                request.environ(), request.scope, self._status, lines, found, request.wishes
            )
            more = source, door.engine, request.wishes, self._report
            if isinstance(plan, Plan):
                if plan.step is Step.RESTORE:
                    return ASKED_AGAIN
                is_long = source.file is not None or (found.nbytes or 0) >= THREAD_NBYTES
                if plan.step is not Step.STREAM and is_long:
                    return await in_thread(partial(carry_out, plan, *more), drop=Sent.close)
            return carry_out(plan, *more)
        except Exception as error:
            door.engine.log_once(NOT_LOOKED_AT, error)
            return AS_IT_IS

    async def _begin(self, sent: Sent, message: Message) -> None:
        """Start the server's response, and send what is there of its body."""
        start = self._started(sent)
        replaced = b"" if sent.chunks == [] else sent.in_place(self._request.method)
        if sent.coder is not None:
            self._state = _STREAMED
            self._turns = turns = self._turns or Turns()
            self._stream = AsgiStream(sent, self._send, turns)
            await self._send_start(start, sent)
            await self._on_body(message, sent.chunks)
        elif sent.file is not None or sent.chunks:
            self._state = _REPLACED
            await self._send_start(start, sent)
            await send_pieces(self._send, sent.file or sent.chunks)
        elif replaced is not None:
            if sent.body is None:
                self._state = _REPLACED
                start["trailers"] = False
            else:
                self._state = _DIRECT if is_last(message) else _COMPLETE
            await self._send_start(start, sent)
            await self._send({"type": BODY, "body": replaced, "more_body": False})
        else:
            self._state = _DIRECT
            await self._send(start)
            if message is not OPENED:
                await self._send(message)

    async def _send_start(self, start: Message, sent: Sent) -> None:
        """Send the start of what is sent in place of the application's response.

        If the server refuses it, the application may send another response.
        """
        try:
            await self._send(start)
        except BaseException:
            self._state = _DIRECT
            sent.close()
            raise
