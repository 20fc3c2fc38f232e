"""Applications of ASGI that do what nobody expects, and servers that refuse it."""

from __future__ import annotations

import array
import asyncio
import gc
import threading
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any
from typing import NamedTuple

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

from pyfastgz.asgi import CompressMiddleware
from pyfastgz.asgi import compressed
from pyfastgz.asgi import exempt
from pyfastgz.asgi.threads import in_thread

PAGE = b"<p>the same again and again</p>" * 40
LENGTH = (b"content-length", b"%d" % len(PAGE))


class Refused(Exception):
    """What servers raise."""


class Server:
    """Keeps what it takes.

    :param refuses: tells what it does not take.
    """

    def __init__(self, refuses: Callable[[Message], bool] = lambda message: False) -> None:
        self.messages: list[Message] = []
        self._refuses = refuses

    async def send(self, message: Message) -> None:
        if self._refuses(message):
            raise Refused
        self.messages.append(message)

    def serve(self, app: Any, **scope: Any) -> list[Message]:
        """Have an application respond, and return what was taken."""
        asyncio.run(CompressMiddleware(app)(scope_of(**scope), nothing, self.send))
        return self.messages


def kinds(messages: list[Message]) -> list[str]:
    return [message["type"].rpartition(".")[2] for message in messages]


# ---- Requests ----

LINES: list[Any] = [
    None,
    7,
    "text",
    {b"lamp": b"lit"},
    [(b"if-none-match", None)],
    [(b"if-none-match", "text"), (b"if-match", 7)],
    [("if-none-match", "*"), (b"range", b"bytes=0-9")],
    [(b"if-match", b"*", b"more")],
    [(b"content-encoding", None), (b"content-length", 7)],
    [(b"if-match", bytearray(b"*")), (b"if-match", None)],
]


@pytest.mark.parametrize("lines", LINES, ids=range(len(LINES)))
@pytest.mark.parametrize("decodes", [True, False])
def test_r46_r49_fields_of_a_request_that_are_none(
    caplog: pytest.LogCaptureFixture, lines: Any, *, decodes: bool
) -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        assert scope["headers"] == lines
        exempt(scope) if decodes else compressed(scope, 1)
        await send(start(HTML, (b"etag", b'"e"')))
        await send(body(PAGE))

    server = Server()
    middleware = CompressMiddleware(app, decode_requests=decodes)
    asyncio.run(middleware(scope_of(headers=lines), nothing, server.send))
    assert (server.messages[0]["status"], body_of(server.messages)) == (200, PAGE)
    caplog.clear()


@pytest.mark.parametrize("name", ["headers", "method", "path", "root_path"])
@pytest.mark.parametrize("value", [..., None, 7, b"/", "\udcff"], ids=repr)
def test_r49_a_scope_that_lacks_something(tmp_path: Path, name: str, value: Any) -> None:
    """As scopes of tests do. What is left out is an ellipsis here."""
    scope = scope_of()
    scope["headers"].append((b"if-none-match", b'"other"'))
    scope |= {"root_path": "", name: value}
    if value is ...:
        del scope[name]
    if name == "headers" and value is not ...:
        pytest.skip("the test above has these")

    async def app(scope: Message, receive: Any, send: Any) -> None:
        await send(start(HTML))
        await send(body(PAGE))

    for options in ({}, {"dictionaries": tmp_path}, {"decode_requests": True}):
        server = Server()
        middleware = CompressMiddleware(app, **options)
        asyncio.run(middleware(scope, nothing, server.send))
        raw = body_of(server.messages)
        assert PAGE in {raw, raw if name == "headers" else decoded("gzip", raw)}


# ---- The start ----


@pytest.mark.parametrize("accept", ["gzip", "identity"])
def test_r49_a_message_may_be_used_again(accept: str) -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        message = start(HTML)
        lines = message["headers"]
        await send(message)
        lines.append((b"x-late", b"1"))
        message.clear()
        message.update(body(PAGE))
        await send(message)

    messages = Server().serve(app, accept=accept)
    assert kinds(messages) == ["start", "body"]
    assert "x-late" not in fields_of(messages[0])
    raw = body_of(messages)
    assert (decoded("gzip", raw) if accept == "gzip" else raw) == PAGE


def test_r49_what_fields_raise_is_raised() -> None:
    """And is not taken for their end."""

    def lines() -> Iterator[tuple[bytes, bytes]]:
        yield HTML
        raise ZeroDivisionError

    async def app(scope: Message, receive: Any, send: Any) -> None:
        with pytest.raises(ZeroDivisionError):
            await send({"type": "http.response.start", "status": 200, "headers": lines()})
        await send(start(HTML, status=500))
        await send(body(b"sorry"))

    messages = Server().serve(app)
    assert (messages[0]["status"], body_of(messages)) == (500, b"sorry")


@pytest.mark.parametrize("kind", ["push", "debug", "early_hint", "lamp"])
def test_r49_nothing_gets_ahead_of_the_start(kind: str) -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        await send(start(HTML))
        await send({"type": f"http.response.{kind}"})
        await send(body(PAGE))

    assert kinds(Server().serve(app)) == ["start", kind, "body"]


RESPONSES: dict[str, tuple[Message, list[Message], Message]] = {
    "plain": (start(HTML), [body(PAGE)], {}),
    "declared": (start(HTML, LENGTH), [body(PAGE, more=True), body()], {}),
    "stream": (start(HTML), [body(PAGE, more=True), body()], {}),
    "messages": (start(EVENTS), [body(PAGE, more=True), body()], {}),
    "head": (start(HTML), [body(PAGE)], {"method": "HEAD"}),
    "condition": (start(HTML, (b"etag", b'"e"')), [body(PAGE)], {"condition": b'"e:gzip"'}),
    "alone": (start(HTML), [], {}),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_r49_another_response_may_follow_one_that_the_server_refuses(name: str) -> None:
    """As frameworks that answer errors send one."""
    first, rest, request = RESPONSES[name]
    condition = request.get("condition")
    scope = scope_of(request.get("method", "GET"))
    if condition is not None:
        scope["headers"].append((b"if-none-match", condition))

    async def app(scope: Message, receive: Any, send: Any) -> None:
        try:
            for message in (first, *rest):
                await send(message)
        except Refused:
            pass
        await send(start(HTML, status=500))
        await send(body(b"sorry"))

    server = Server(lambda message: message.get("status") in {200, 304})
    middleware = CompressMiddleware(app, extra_mimetypes=["text/event-stream"])
    asyncio.run(middleware(scope, nothing, server.send))
    assert kinds(server.messages) == ["start", "body"]
    assert (server.messages[0]["status"], body_of(server.messages)) == (500, b"sorry")


def test_r47_a_part_whose_application_raises_after_it_is_made_whole() -> None:
    """As it would have been sent: what is done afterwards concerns no client."""

    async def app(scope: Message, receive: Any, send: Any) -> None:
        is_part = (b"range", b"bytes=0-9") in scope["headers"]
        part = (b"content-range", b"bytes 0-9/%d" % len(PAGE))
        await send(start(HTML, *([part] if is_part else []), status=206 if is_part else 200))
        await send(body(PAGE[:10] if is_part else PAGE))
        if is_part:
            await send({"type": "http.response.trailers"})
            raise ZeroDivisionError

    server = Server()
    scope = scope_of(accept="gzip, identity;q=0")
    scope["headers"].append((b"range", b"bytes=0-9"))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(CompressMiddleware(app)(scope, nothing, server.send))
    assert server.messages[0]["status"] == 200
    assert decoded("gzip", body_of(server.messages)) == PAGE


ODD_LINES: list[Any] = [(b"x", b"1", b"more"), (b"x",), (), b"lamp", ("x", b"1"), None]


@pytest.mark.parametrize("line", ODD_LINES, ids=repr)
def test_r49_a_start_with_an_odd_line_is_the_servers_matter(
    caplog: pytest.LogCaptureFixture, line: Any
) -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        await send(start(HTML, LENGTH, line))
        await send(body(PAGE))

    assert Server().serve(app) == [start(HTML, LENGTH, line), body(PAGE)]
    assert "could not be looked at" in caplog.text
    caplog.clear()


class Bytes(bytes):
    """Bytes of a kind of its own."""


class Field(NamedTuple):
    """A line of a kind of its own."""

    name: bytes
    value: bytes


UNUSUAL: list[Any] = [
    OrderedDict(start(EVENTS)),
    MappingProxyType(start(EVENTS)),
    start(Field(*EVENTS)),
    start(EVENTS, status=HTTPStatus.OK),
    *(
        {**start(), "headers": lines}
        for lines in (
            (EVENTS,),
            [list(EVENTS)],
            [(b"content-type", Bytes(EVENTS[1]))],
            [(Bytes(b"content-type"), EVENTS[1])],
            [(b"content-type", bytearray(EVENTS[1]))],
        )
    ),
]


@pytest.mark.parametrize("unusual", UNUSUAL, ids=range(len(UNUSUAL)))
def test_r35_the_start_of_a_stream_of_messages_may_be_of_unusual_types(unusual: Any) -> None:
    """It waits for no message."""
    server, begun = Server(), []

    async def app(scope: Message, receive: Any, send: Any) -> None:
        await send(unusual)
        begun.extend(kinds(server.messages))
        await send(body(b"data: lamp\n\n" * 99))

    messages = server.serve(app)
    assert begun == ["start"]
    # Nothing is said of coding them.
    assert body_of(messages) == b"data: lamp\n\n" * 99


# ---- The body ----


@pytest.mark.parametrize("odd", [None, 7, [60, 112], PAGE.decode(), object()], ids=type)
@pytest.mark.parametrize("lines", [[HTML], [HTML, LENGTH], [EVENTS]])
def test_r49_a_body_that_is_no_bytes_is_the_servers_matter(odd: Any, lines: Any) -> None:
    """Of the beginning; what is coded already cannot be given up."""

    async def app(scope: Message, receive: Any, send: Any) -> None:
        await send(start(*lines))
        await send(body(odd, more=True))
        await send(body(PAGE))

    messages = Server().serve(app)
    assert messages[1:] == [body(odd, more=True), body(PAGE)]
    assert "content-encoding" not in fields_of(messages[0])


@pytest.mark.parametrize("odd", [None, 7, [60, 112], PAGE.decode(), object()], ids=type)
@pytest.mark.parametrize("is_declared", [True, False])
def test_r40_what_is_no_bytes_within_a_body_is_an_error(odd: Any, *, is_declared: bool) -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        await send(start(HTML, *([LENGTH] if is_declared else [])))
        await send(body(PAGE[:5], more=True))
        with pytest.raises(TypeError):
            await send(body(odd, more=True))
        await send(body(PAGE[5:]))

    assert decoded("gzip", body_of(Server().serve(app))) == PAGE


BUFFERS: list[Any] = [
    memoryview(PAGE).cast("I"),
    memoryview(PAGE)[::2],
    memoryview(PAGE).cast("B", (40, len(PAGE) // 40)),
    array.array("H", PAGE),
]


@pytest.mark.parametrize("buffer", BUFFERS, ids=range(4))
@pytest.mark.parametrize("is_whole", [True, False])
def test_r49_bodies_may_be_buffers_of_any_items(buffer: Any, *, is_whole: bool) -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        await send(start(HTML))
        await send(body(buffer, more=not is_whole))
        if not is_whole:
            await send(body())

    messages = Server().serve(app)
    assert decoded("gzip", body_of(messages)) == memoryview(buffer).tobytes()


@pytest.mark.parametrize("kind", [bytearray, lambda data: array.array("B", data)])
def test_r49_a_buffer_that_changes_when_its_sender_is_cancelled(kind: Any) -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        await send(start(HTML))
        before = asyncio.ensure_future(send(body(PAGE * 100, more=True)))
        buffer = kind(PAGE)
        message = body(buffer, more=True)
        sending = asyncio.ensure_future(send(message))
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.sleep(0)
        buffer[:3] = kind(b"???")
        message["body"] = b"???"
        await before
        await send(body())

    assert decoded("gzip", body_of(Server().serve(app))) == PAGE * 101


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    "message",
    [
        {"type": "http.response.zerocopysend", "file": None, "more_body": True},
        {"type": "http.response.zerocopysend", "file": 10**6, "more_body": True},
        {"type": "http.response.pathsend", "path": "/none"},
    ],
    ids=["no file", "no descriptor", "no path"],
)
def test_r49_another_part_may_follow_a_file_that_cannot_be_read(
    message: Message, *, is_first: bool
) -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        await send(start(HTML))
        if not is_first:
            await send(body(b"first", more=True))
        with pytest.raises((OSError, AttributeError, Refused)):
            await send(message)
        await send(body(PAGE))

    messages = Server(lambda message: message["type"].endswith("send")).serve(app)
    raw = body_of(messages)
    is_coded = "content-encoding" in fields_of(messages[0])
    whole = decoded("gzip", raw) if is_coded else raw
    assert whole == (PAGE if is_first else b"first" + PAGE)


# ---- Tasks ----


def complaints_of(run: Callable[[], Any]) -> list[Any]:
    """Return what an event loop complains of."""
    complaints: list[Any] = []
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    try:
        loop.run_until_complete(run())
        gc.collect()
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
    return complaints


@pytest.mark.parametrize("parts", [[PAGE, PAGE, PAGE], [PAGE * 1000]], ids=len)
def test_nobody_is_told_of_what_the_sending_of_a_cancelled_message_raises(
    parts: list[bytes],
) -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        await send(start(EVENTS))
        sending = [asyncio.ensure_future(send(body(data, more=True))) for data in parts]
        await asyncio.sleep(0)
        for each in sending:
            each.cancel()
        await asyncio.wait(sending)

    async def send(message: Message) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        if message.get("body"):
            raise OSError("the client has left")

    async def run() -> None:
        middleware = CompressMiddleware(app, extra_mimetypes=["text/event-stream"])
        await middleware(scope_of(), nothing, send)

    assert complaints_of(run) == []


def test_nobody_is_told_of_what_a_thread_raises_for_somebody_cancelled() -> None:
    is_cancelled = threading.Event()

    def fail() -> None:
        is_cancelled.wait()
        raise ZeroDivisionError

    async def run() -> None:
        working = asyncio.ensure_future(in_thread(fail))
        await asyncio.sleep(0)
        working.cancel()
        await asyncio.sleep(0)
        is_cancelled.set()
        await asyncio.wait([working])
        assert working.cancelled()

    assert complaints_of(run) == []


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("how", ["returns", "raises", "is cancelled"])
def test_r40_an_application_that_ends_while_a_task_sends_the_last_part(
    coding: str, how: str
) -> None:
    """What the server has of the body is all of it, or has no end."""

    async def run(turns: int) -> None:
        messages: list[Message] = []
        tasks: list[asyncio.Future[None]] = []

        async def app(scope: Message, receive: Any, send: Any) -> None:
            await send(start(EVENTS))
            tasks.append(asyncio.ensure_future(send(body(b"data: lamp\n\n"))))
            for _ in range(turns):
                await asyncio.sleep(0)
            if how == "raises":
                raise ZeroDivisionError
            if how == "is cancelled":
                raise asyncio.CancelledError

        async def send(message: Message) -> None:
            for _ in range(3):
                await asyncio.sleep(0)
            messages.append(message)

        middleware = CompressMiddleware(app, extra_mimetypes=["text/event-stream"])
        serving = asyncio.ensure_future(middleware(scope_of(accept=coding), nothing, send))
        _ = await asyncio.gather(serving, return_exceptions=True)
        await asyncio.wait(tasks)
        raw = body_of(messages)
        if (how == "returns" and turns) or not messages[-1].get("more_body", True):
            assert decoded(coding, raw) == b"data: lamp\n\n"

    for turns in range(12):
        asyncio.run(run(turns))


@pytest.mark.parametrize("more", [True, False])
def test_r39_a_task_that_outlives_a_cancelled_application_begins_nothing(*, more: bool) -> None:
    tasks: list[asyncio.Future[None]] = []

    async def run() -> None:
        async def late(send: Any) -> None:
            for _ in range(5):
                await asyncio.sleep(0)
            await send(body(PAGE * 100, more=more))

        async def app(scope: Message, receive: Any, send: Any) -> None:
            await send(start(HTML))
            tasks.append(asyncio.ensure_future(late(send)))
            await asyncio.sleep(60)

        server = Server()
        middleware = CompressMiddleware(app)
        serving = asyncio.ensure_future(middleware(scope_of(), nothing, server.send))
        await asyncio.sleep(0)
        serving.cancel()
        await asyncio.wait([serving])
        await asyncio.wait(tasks)
        await asyncio.sleep(0)
        assert server.messages == []
        assert middleware.stats().codings == {}
        assert asyncio.all_tasks() == {asyncio.current_task()}

    assert complaints_of(run) == []


def test_a_path_that_is_gone_is_still_the_servers_matter(tmp_path: Path) -> None:
    message = {"type": "http.response.pathsend", "path": str(tmp_path / "none")}

    async def app(scope: Message, receive: Any, send: Any) -> None:
        await send(start(HTML))
        await send(message)

    assert Server().serve(app)[1:] == [message]
