"""The bodies of requests in ASGI, decoded as applications receive them."""

from __future__ import annotations

from collections.abc import Awaitable
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from typing import Any

from ..border import DECODED
from ..decoding import RequestBody
from ..errors import RequestBodyError
from ..http.fields import encoded
from ..http.fields import whole_number
from ..http.requests import is_coded
from .messages import BODY
from .messages import LENGTH
from .messages import START
from .messages import Message
from .messages import nbytes_in
from .threads import others_first

if TYPE_CHECKING:
    from ..policy import Policy

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

REQUEST = "http.request"
"""Has a part of a request's body."""

# After so many steps that made nothing the event loop goes on: less than a millisecond.
_TURN_STEPS = 64

_CODED, _TRANSFER = b"content-encoding", b"transfer-encoding"
_HIDDEN = frozenset({_CODED, LENGTH})


def decoded(app: Application, policy: Policy) -> Application:
    """Return an application that receives the bodies of its requests as they are before coding.

    If one cannot be had, that is answered, unless the response has started, and the application
    is told that its client has left.
    """

    async def call(scope: Any, receive: Receive, send: Send) -> None:
        headers = scope.get("headers", ())
        if scope.get("type") == "http":
            if hasattr(headers, "__next__"):
                # They can be iterated over once.
                headers = list(headers)
                scope = {**scope, "headers": headers}
            try:
                coding, nbytes = _value(headers, _CODED), _length_in(headers)
            except Exception:
                # There is something odd in it.
                coding, nbytes = "", None
            if is_coded(coding) and nbytes != 0:
                headers = [line for line in headers if line[0] not in _HIDDEN]
                make_body = partial(RequestBody, coding, nbytes, policy)
                exchange = _Exchange(make_body, bool(nbytes), receive, send)
                await exchange.run(app, {**scope, "headers": headers, DECODED: True})
                return
        await app(scope, receive, send)

    return call


async def with_whole_body(app: Application, scope: Any, receive: Receive, send: Send) -> None:
    """Receive all of a body, then call an application that is told its length."""
    messages: list[Message] = []
    is_last = False
    while not is_last:
        message = await receive()
        if message["type"] != REQUEST:
            # Its client has left, or has been answered.
            return
        messages.append(message)
        is_last = not message.get("more_body", False)
    headers = [line for line in scope["headers"] if line[0] != _TRANSFER]
    nbytes = sum(map(nbytes_in, messages))
    messages.reverse()

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    headers.append((LENGTH, b"%d" % nbytes))
    await app({**scope, "headers": headers}, receive_again, send)


def _value(headers: list[tuple[bytes, bytes]], name: bytes) -> str:
    """Return the value of a field, its lines joined; an empty one if there are none."""
    return b",".join([value for key, value in headers if key == name]).decode("latin-1")


def _length_in(headers: list[tuple[bytes, bytes]]) -> int | None:
    """Return how many bytes a body has as it is sent; None if that is not known."""
    return None if _value(headers, _TRANSFER) else whole_number(_value(headers, LENGTH))


class _Exchange:
    """A request whose body is decoded, and its response.

    :param make_body: returns the body, when it is first asked for.
    :param has_body: whether it is known that there is one.
    :param receive: the server's, and so is ``send``.
    """

    __slots__ = (
        "_body",
        "_has_body",
        "_is_head",
        "_is_last",
        "_is_over",
        "_is_refused",
        "_is_started",
        "_make_body",
        "_receive",
        "_send",
    )

    def __init__(
        self, make_body: Callable[[], RequestBody], has_body: bool, receive: Receive, send: Send
    ) -> None:
        self._make_body = make_body
        self._body: RequestBody | None = None
        self._has_body = has_body
        self._receive = receive
        self._send = send
        # Nothing more comes of the body, and all of it was handed on.
        self._is_last = self._is_over = False
        self._is_started = False
        # Nothing is sent of a body.
        self._is_head = False
        # Another response is sent in place of the application's.
        self._is_refused = False

    async def run(self, app: Application, scope: Any) -> None:
        """Have an application respond."""
        self._is_head = scope.get("method") == "HEAD"
        try:
            await app(scope, self.receive, self.send)
        except Exception:
            # It may be of having no client any more.
            if not self._is_refused:
                raise
        if self._is_refused:
            await self._answer()

    async def send(self, message: Message) -> None:
        """Be the application's ``send``."""
        if self._is_refused:
            await self._answer()
            return
        self._is_started = self._is_started or message["type"] == START
        await self._send(message)

    async def receive(self) -> Message:
        """Be the application's ``receive``."""
        if self._is_over:
            return await self._receive()
        if self._body is None:
            self._body = self._make_body()
        try:
            return await self._next(self._body)
        except RequestBodyError:
            # It is not answered here: whoever asks without waiting whether the client has left
            # would cancel that.
            self._is_refused = self._is_refused or not self._is_started
            return {"type": "http.disconnect"}

    async def _next(self, body: RequestBody) -> Message:
        """Return the next message with something of the decoded body, or the last one."""
        if self._has_body or body.has_raised:
            # Nobody needs to send it who waits to be asked.
            body.check()
        nsteps = 0
        while True:
            if not body.needs_input and nsteps % _TURN_STEPS == 0:
                await others_first()
            while body.needs_input:
                if self._is_last:
                    body.end()
                    self._is_over = True
                    return {"type": REQUEST, "body": b"", "more_body": False}
                message = await self._receive()
                if message["type"] != REQUEST:
                    return message
                self._is_last = not message.get("more_body", False)
                if data := bytes(message.get("body", b"")):
                    body.push(data)
            made, nsteps = body.step(), nsteps + 1
            if made:
                if body.needs_input and self._is_last:
                    body.end()
                    self._is_over = True
                return {"type": REQUEST, "body": made, "more_body": not self._is_over}

    async def _answer(self) -> None:
        """Send why there is no body, unless that was sent."""
        if self._is_started:
            return
        self._is_started = True
        assert self._body is not None
        refusal = self._body.refusal
        assert refusal is not None
        lines, text = refusal.response()
        await self._send({"type": START, "status": refusal.status, "headers": encoded(lines)})
        sent = b"" if self._is_head else text
        await self._send({"type": BODY, "body": sent, "more_body": False})
