"""Applications of ASGI that send by several tasks, and cancel what sends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asgi_messages import EVENTS
from asgi_messages import HTML
from asgi_messages import Message
from asgi_messages import body
from asgi_messages import body_of
from asgi_messages import fields_of
from asgi_messages import nothing
from asgi_messages import scope_of
from asgi_messages import start
from asking import CODINGS
from asking import decoded
from asking import decoded_part

from pyfastgz import EncoderStateError
from pyfastgz.asgi import CompressMiddleware
from pyfastgz.asgi.threads import THREAD_NBYTES

LONG = b"".join(b"<p>%d</p>\n" % (n * n % 99_991) for n in range(30_000))
PICTURE = (b"content-type", b"image/png")
assert len(LONG) > 3 * THREAD_NBYTES

Send = Callable[[Message], Awaitable[None]]


def part(number: int, *, long: bool) -> bytes:
    """Return what shows whether it was lost, cut or sent at another place."""
    return b"[%d " % number + (LONG if long else b"short") + b" %d]" % number


class Server:
    """Keeps what it is sent, and takes some turns of the loop for each message.

    :param turns: how many.
    :param is_first: whether it has a message before these turns, or after them.
    """

    def __init__(self, turns: int = 0, *, is_first: bool = True) -> None:
        self.messages: list[Message] = []
        self._turns = turns
        self._is_first = is_first

    async def send(self, message: Message) -> None:
        if self._is_first:
            self.messages.append(message)
        for _ in range(self._turns):
            await asyncio.sleep(0)
        if not self._is_first:
            self.messages.append(message)

    @property
    def is_complete(self) -> bool:
        """Whether the body has its end."""
        return self.messages[-1].get("more_body", False) is False


async def turn(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


async def others_are_done() -> None:
    """Wait for what nobody else waits for: a thread is not interrupted."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others)
    await asyncio.sleep(0)


SERVERS = [Server, lambda: Server(1), lambda: Server(3), lambda: Server(2, is_first=False)]
MIXED = [True, False, True, True, False, False, True]


@pytest.mark.parametrize("accept", [*CODINGS, "identity"])
@pytest.mark.parametrize("kind", [HTML, EVENTS, PICTURE])
@pytest.mark.parametrize("server", SERVERS)
def test_messages_that_are_sent_side_by_side_are_taken_in_their_order(
    accept: str, kind: tuple[bytes, bytes], server: Callable[[], Server]
) -> None:
    async def run(kinds: list[bool]) -> None:
        parts = [part(number, long=long) for number, long in enumerate(kinds)]

        async def app(scope: Message, receive: Any, send: Send) -> None:
            await send(start(kind))
            await asyncio.gather(*(send(body(each, more=True)) for each in parts))
            await send(body(b"end"))

        taken = server()
        middleware = CompressMiddleware(app, extra_mimetypes=["text/event-stream"])
        await middleware(scope_of(accept=accept), nothing, taken.send)
        coding = fields_of(taken.messages[0]).get("content-encoding")
        assert coding == (None if accept == "identity" or kind == PICTURE else accept)
        raw = body_of(taken.messages)
        whole = raw if coding is None else decoded(coding, raw)
        assert whole == b"".join(parts) + b"end"

    asyncio.run(run(MIXED))
    asyncio.run(run(MIXED[1:]))


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("cancelled", [{0}, {1, 2}, {6}, set(range(7))])
def test_messages_whose_senders_are_cancelled_are_taken_all_the_same(
    coding: str, cancelled: set[int]
) -> None:
    """As they are by a server that has room for them."""

    async def run(turns: int) -> None:
        parts = [part(number, long=long) for number, long in enumerate(MIXED)]

        async def app(scope: Message, receive: Any, send: Send) -> None:
            await send(start(HTML))
            tasks = [asyncio.ensure_future(send(body(each, more=True))) for each in parts]
            await turn(turns)
            for number in cancelled:
                tasks[number].cancel()
            await turn(turns % 3)
            await send(body(b"next", more=True))
            await asyncio.wait(tasks)
            await send(body(b"end"))

        server = Server()
        await CompressMiddleware(app)(scope_of(accept=coding), nothing, server.send)
        assert decoded(coding, body_of(server.messages)) == b"".join(parts) + b"nextend"

    for turns in (1, 2, 3, 5, 10, 100):
        asyncio.run(run(turns))


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("long", [True, False])
def test_who_cancels_the_last_message_and_returns_has_sent_it(
    coding: str, *, long: bool
) -> None:
    async def run(turns: int) -> None:
        async def app(scope: Message, receive: Any, send: Send) -> None:
            await send(start(HTML))
            await send(body(b"first", more=True))
            sending = asyncio.ensure_future(send(body(part(1, long=long))))
            await turn(turns)
            sending.cancel()

        server = Server()
        await CompressMiddleware(app)(scope_of(accept=coding), nothing, server.send)
        assert decoded(coding, body_of(server.messages)) == b"first" + part(1, long=long)
        assert server.is_complete

    for turns in (1, 2, 10):
        asyncio.run(run(turns))


@pytest.mark.parametrize("has_end", [True, False])
def test_who_cancels_a_long_body_and_goes_on_has_sent_it(*, has_end: bool) -> None:
    """Of which all is there, so that it is coded as a whole, in a thread."""

    async def run(turns: int) -> None:
        async def app(scope: Message, receive: Any, send: Send) -> None:
            await send(start(HTML, (b"content-length", b"%d" % len(LONG))))
            sending = asyncio.ensure_future(send(body(LONG, more=has_end)))
            await turn(turns)
            sending.cancel()
            await asyncio.wait([sending])
            if has_end:
                await send(body())

        server = Server()
        await CompressMiddleware(app)(scope_of(), nothing, server.send)
        assert decoded("gzip", body_of(server.messages)) == LONG
        assert server.is_complete
        assert len(server.messages) == 2

    for turns in (1, 2, 10):
        asyncio.run(run(turns))


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("how", ["returns", "raises", "is cancelled"])
def test_r39_r40_an_application_that_ends_while_its_tasks_send(coding: str, how: str) -> None:
    """No encoder is left, and nothing is sent later that could end the body."""

    async def run(turns: int) -> None:
        tasks: list[asyncio.Future[None]] = []

        async def app(scope: Message, receive: Any, send: Send) -> None:
            await send(start(HTML))
            await send(body(b"first", more=True))
            for number in range(5):
                message = body(part(number, long=number % 2 == 0), more=number < 4)
                tasks.append(asyncio.ensure_future(send(message)))
            await turn(turns)
            if how == "raises":
                raise ZeroDivisionError
            if how == "is cancelled":
                await asyncio.sleep(60)

        server = Server()
        middleware = CompressMiddleware(app)
        serving = middleware(scope_of(accept=coding), nothing, server.send)
        running = asyncio.ensure_future(serving)
        await turn(turns + 2)
        if how == "is cancelled":
            running.cancel()
        await asyncio.wait([running])
        await others_are_done()
        nmessages = len(server.messages)
        stats = middleware.stats().codings[coding]
        assert stats.responses == 1
        raw = body_of(server.messages)
        expected = b"first" + b"".join(part(n, long=n % 2 == 0) for n in range(5))
        if how == "returns":
            assert decoded(coding, raw) == expected
            return
        assert expected.startswith(decoded_part(coding, raw))
        assert not server.is_complete
        await turn(20)
        assert len(server.messages) == nmessages

    for turns in (1, 2, 3, 10):
        asyncio.run(run(turns))


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("is_first", [True, False])
def test_r40_after_a_message_that_the_server_may_have_nothing_follows(
    coding: str, *, is_first: bool
) -> None:
    """What was coded after it could not be decoded if it was lost."""

    async def app(scope: Message, receive: Any, send: Send) -> None:
        await send(start(HTML))
        await send(body(b"first", more=True))
        sending = asyncio.ensure_future(send(body(b"second", more=True)))
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait([sending])
        assert sending.cancelled()
        for message in (body(b"third", more=True), body()):
            with pytest.raises(EncoderStateError, match="of a part of the body was cancelled"):
                await send(message)

    async def run() -> None:
        server = Server(2, is_first=is_first)
        middleware = CompressMiddleware(app)
        await middleware(scope_of(accept=coding), nothing, server.send)
        taken = decoded_part(coding, body_of(server.messages))
        assert taken == (b"firstsecond" if is_first else b"first")
        assert not server.is_complete

    asyncio.run(run())


@pytest.mark.parametrize("accept", ["gzip", "identity"])
@pytest.mark.parametrize("kind", [HTML, PICTURE])
@pytest.mark.parametrize("long", [True, False])
def test_nothing_gets_ahead_of_the_start(
    accept: str, kind: tuple[bytes, bytes], *, long: bool
) -> None:
    """Which a server may take a while to have, as other middleware does."""

    async def run() -> None:
        parts = [part(number, long=long) for number in range(4)]

        async def app(scope: Message, receive: Any, send: Send) -> None:
            sequence = [start(kind), *(body(each, more=True) for each in parts), body()]
            await asyncio.gather(*map(send, sequence))

        server = Server(2, is_first=False)
        await CompressMiddleware(app)(scope_of(accept=accept), nothing, server.send)
        assert server.messages[0]["type"] == "http.response.start"
        assert server.is_complete
        raw, is_coded = body_of(server.messages), accept == "gzip" and kind == HTML
        assert (decoded("gzip", raw) if is_coded else raw) == b"".join(parts)

    asyncio.run(run())


# ---- Files ----


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("turns", [1, 2, 10, 100])
def test_who_cancels_the_sending_of_an_open_file_and_goes_on(
    tmp_path: Path, turns: int, *, is_first: bool
) -> None:
    """And closes it, and opens another."""
    path, other = tmp_path / "page.html", tmp_path / "secret.html"
    path.write_bytes(LONG)
    other.write_bytes(b"secret" * 100_000)

    async def app(scope: Message, receive: Any, send: Send) -> None:
        await send(start(HTML))
        if not is_first:
            await send(body(b"first", more=True))
        with path.open("rb", buffering=0) as file:
            message = {"type": "http.response.zerocopysend", "file": file, "more_body": True}
            sending = asyncio.ensure_future(send(message))
            await turn(turns)
            sending.cancel()
            await asyncio.wait([sending])
        with other.open("rb", buffering=0):
            await send(body(b"next", more=True))
            await send(body(b"end"))

    server = Server()
    asyncio.run(CompressMiddleware(app)(scope_of(), nothing, server.send))
    first = b"" if is_first else b"first"
    assert decoded("gzip", body_of(server.messages)) == first + LONG + b"nextend"


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("store_bytes", [0, 1 << 24])
@pytest.mark.parametrize("turns", [1, 2, 10, 100])
def test_who_cancels_the_sending_of_a_path_has_sent_all_of_it(
    tmp_path: Path, store_bytes: int, turns: int, *, is_first: bool
) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(LONG)

    async def app(scope: Message, receive: Any, send: Send) -> None:
        await send(start(HTML))
        if not is_first:
            await send(body(b"first", more=True))
        # Nothing can follow a file, whatever an application says.
        message = {"type": "http.response.pathsend", "path": str(path), "more_body": True}
        sending = asyncio.ensure_future(send(message))
        await turn(turns)
        sending.cancel()
        await asyncio.wait([sending])

    server = Server()
    middleware = CompressMiddleware(app, store_bytes=store_bytes)
    asyncio.run(middleware(scope_of(), nothing, server.send))
    first = b"" if is_first else b"first"
    assert decoded("gzip", body_of(server.messages)) == first + LONG
    assert server.is_complete


def test_a_file_that_is_sent_as_it_is_may_be_closed_too(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(LONG)
    read = b""

    async def app(scope: Message, receive: Any, send: Send) -> None:
        await send(start(HTML))
        with path.open("rb", buffering=0) as file:
            message = {"type": "http.response.zerocopysend", "file": file}
            sending = asyncio.ensure_future(send(message))
            await asyncio.sleep(0)
            sending.cancel()
            await asyncio.wait([sending])

    async def send(message: Message) -> None:
        nonlocal read
        await turn(3)
        if "file" in message:
            read = message["file"].read()

    asyncio.run(CompressMiddleware(app)(scope_of(accept="identity"), nothing, send))
    assert read == LONG


@pytest.mark.parametrize("store_bytes", [0, 1 << 20])
def test_r39_who_is_cancelled_while_a_file_is_read_leaves_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, store_bytes: int
) -> None:
    """No file is closed while a thread reads it."""
    path = tmp_path / "page.html"
    path.write_bytes(LONG * 3)

    async def run() -> None:
        async def app(scope: Message, receive: Any, send: Send) -> None:
            await send(start(HTML))
            await send({"type": "http.response.pathsend", "path": str(path)})

        for turns in range(25):
            server = Server()
            middleware = CompressMiddleware(app, store_bytes=store_bytes, level=9)
            serving = asyncio.ensure_future(middleware(scope_of(), nothing, server.send))
            await turn(turns)
            serving.cancel()
            await asyncio.wait([serving])
            await others_are_done()
            if server.messages and not server.is_complete:
                decoded_part("gzip", body_of(server.messages))

    asyncio.run(run())
    assert caplog.records == []
