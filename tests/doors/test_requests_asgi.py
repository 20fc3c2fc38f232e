"""Bodies of requests to ASGI applications: messages, turns of the loop, who stops waiting."""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import trio
from asking import DECODED

from pyfastgz import Encoder
from pyfastgz import compress
from pyfastgz.asgi import CompressMiddleware
from pyfastgz.asgi import with_length
from pyfastgz.coding.decode import PIECE_NBYTES

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MB = 1 << 20
DATA = random.Random(1).randbytes(300_000)
ZEROS = bytes(10 * MB)
REFUSED = {
    "another coding": ("lzma", DATA, 415),
    "not coded": ("gzip", DATA, 400),
    "cut short": ("gzip", gzip.compress(DATA)[:-1], 400),
    "a bomb": ("gzip", gzip.compress(ZEROS), 413),
}


def start(status: int = 200) -> Message:
    headers = [(b"content-type", b"image/png")]
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(data: bytes = b"", *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


class Server:
    """What a server has for one request: messages to be received, and what was sent."""

    def __init__(
        self, coding: str, *parts: bytes, has_length: bool = True, more: bool = False
    ) -> None:
        self.waiting = [
            {
                "type": "http.request",
                "body": part,
                "more_body": more or number + 1 < len(parts),
            }
            for number, part in enumerate(parts)
        ]
        self.received = 0
        self.sent: list[Message] = []
        headers = [(b"content-encoding", coding.encode()), (b"x-mine", b"1")]
        if has_length:
            headers.append((b"content-length", b"%d" % sum(map(len, parts))))
        self.scope: Message = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "query_string": b"",
            "headers": headers,
        }

    async def receive(self) -> Message:
        if not self.waiting:
            return {"type": "http.disconnect"}
        self.received += 1
        return self.waiting.pop(0)

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    def run(self, app: Any, **options: Any) -> None:
        asyncio.run(self.serve(app, **options))

    async def serve(self, app: Any, **options: Any) -> None:
        middleware = CompressMiddleware(app, decode_requests=True, **options)
        await middleware(self.scope, self.receive, self.send)

    @property
    def status(self) -> int:
        starts = [each for each in self.sent if each["type"] == "http.response.start"]
        assert len(starts) == 1
        return int(starts[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


async def read_all(receive: Receive) -> bytes:
    data = b""
    while (message := await receive())["type"] == "http.request":
        data += bytes(message["body"])
        if not message["more_body"]:
            return data
    raise ConnectionError


async def echo(scope: Message, receive: Receive, send: Send) -> None:
    data = await read_all(receive)
    await send(start())
    await send(body(data))


def pieces(data: bytes, nbytes: int) -> Iterator[bytes]:
    return (data[at : at + nbytes] for at in range(0, len(data), nbytes))


@pytest.mark.parametrize("coding", DECODED)
@pytest.mark.parametrize("nbytes", [1000, 65_536, 10**9])
@pytest.mark.parametrize("options", [{}, {"mimetypes": []}], ids=["coded", "not"])
def test_what_is_received_is_decoded(coding: str, nbytes: int, options: dict[str, Any]) -> None:
    server = Server(coding, *pieces(compress(DATA, coding), nbytes))
    server.run(echo, **options)
    assert (server.status, server.body) == (200, DATA)


def test_the_fields_of_the_coding_are_gone() -> None:
    seen = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        seen.append(scope["headers"])
        await echo(scope, receive, send)

    server = Server("gzip", gzip.compress(DATA))
    sent = list(server.scope["headers"])
    server.run(app)
    assert seen == [[(b"x-mine", b"1")]]
    assert server.scope["headers"] == sent


@pytest.mark.parametrize("coding", ["", "identity", "gzip"])
def test_what_is_not_coded_passes_untouched(coding: str) -> None:
    seen: list[Any] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        seen.extend([scope["headers"], await receive()])
        await send(start())
        await send(body())

    server = Server(coding, b"" if coding == "gzip" else DATA)
    message = server.waiting[0]
    server.run(app)
    assert seen == [server.scope["headers"], message]


def test_headers_may_be_anything_that_is_iterated_over() -> None:
    for coding, data in (("gzip", gzip.compress(DATA)), ("", DATA)):
        every: list[dict[str, Any]] = [{}, {"mimetypes": []}]
        for options in every:
            server = Server(coding, data)
            server.scope["headers"] = iter(server.scope["headers"])

            async def app(scope: Message, receive: Receive, send: Send) -> None:
                assert (b"x-mine", b"1") in list(scope["headers"])
                await echo(scope, receive, send)

            server.run(app, **options)
            assert server.body == DATA


def test_a_short_body_is_one_message() -> None:
    messages = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        messages.append(await receive())
        messages.append(await receive())
        await send(start())
        await send(body())

    Server("gzip", gzip.compress(b"lamp")).run(app)
    assert messages == [
        {"type": "http.request", "body": b"lamp", "more_body": False},
        {"type": "http.disconnect"},
    ]


@pytest.mark.parametrize("coding", DECODED)
def test_what_was_flushed_is_received_before_more_is_sent(coding: str) -> None:
    encoder = Encoder(coding)
    coded = [encoder.flush(b"line %d\n" % number) for number in range(5)] + [encoder.finish()]
    taken = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        for number in range(5):
            assert (await receive())["body"] == b"line %d\n" % number
            taken.append(server.received)
        assert await receive() == {"type": "http.request", "body": b"", "more_body": False}
        await send(start())
        await send(body())

    server = Server(coding, *coded)
    server.run(app)
    assert taken == [1, 2, 3, 4, 5]


def test_nothing_is_received_before_the_application_receives() -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"not read"))

    for coding in ("gzip", "lzma"):
        server = Server(coding, b"anything")
        server.run(app)
        assert (server.status, server.body, server.received) == (200, b"not read", 0)


@pytest.mark.parametrize("coding", DECODED)
def test_a_message_is_a_piece(coding: str) -> None:
    lengths = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        more = True
        while more:
            message = await receive()
            lengths.append(len(message["body"]))
            more = message["more_body"]
        await send(start())
        await send(body())

    Server(coding, compress(ZEROS, coding)).run(app, request_max_ratio=float("inf"))
    assert sum(lengths) == len(ZEROS)
    assert max(lengths) <= PIECE_NBYTES * (1.5 if coding == "br" else 1)


TIMES = random.Random(2)
# Of times of their own, as what is between two codings may not shrink much.
EMPTY = b"".join(gzip.compress(b"", mtime=TIMES.getrandbits(32)) for _ in range(20_000))


@pytest.mark.parametrize(
    ("coding", "coded"),
    [
        ("gzip", gzip.compress(ZEROS)),
        ("gzip", EMPTY),
        ("gzip, zstd", compress(EMPTY, "zstd")),
    ],
    ids=["much", "nothing", "nothing of little"],
)
def test_others_have_their_turns_while_a_body_is_decoded(coding: str, coded: bytes) -> None:
    """One after each piece, and each some dozen members."""
    turns = 0

    async def main() -> None:
        nonlocal turns
        done = asyncio.Event()

        async def count() -> None:
            nonlocal turns
            while not done.is_set():
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.ensure_future(count())
        server = Server(coding, coded)
        await server.serve(echo, request_max_ratio=float("inf"), request_max_bytes=1 << 40)
        done.set()
        await counting
        assert server.status == 200

    asyncio.run(main())
    assert turns >= 150


# ---- Applications that need a length ----


@pytest.mark.parametrize("coding", DECODED)
def test_with_length_what_is_received_has_its_length(coding: str) -> None:
    scopes: list[Message] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await echo(scope, receive, send)
        assert await receive() == {"type": "http.disconnect"}

    server = Server(coding, *pieces(compress(DATA, coding), 50_000), has_length=False)
    server.scope["headers"].append((b"transfer-encoding", b"chunked"))
    server.run(with_length(app))
    assert (server.status, server.body) == (200, DATA)
    assert scopes[0]["headers"] == [(b"x-mine", b"1"), (b"content-length", b"%d" % len(DATA))]


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_with_length_what_is_not_decoded_passes_untouched(coding: str) -> None:
    seen: list[Any] = []

    async def app(*arguments: Any) -> None:
        seen.append(arguments)

    async def main() -> None:
        server = Server(coding, b"" if coding else DATA, has_length=False)
        for kind in ("http", "websocket", "lifespan"):
            arguments = ({**server.scope, "type": kind}, server.receive, server.send)
            await with_length(app)(*arguments)
            assert seen.pop() == arguments

    asyncio.run(main())


@pytest.mark.parametrize("name", REFUSED)
def test_with_length_what_is_refused_is_answered_and_the_application_not_called(
    name: str,
) -> None:
    async def app(*arguments: Any) -> None:
        pytest.fail("it is called")

    coding, data, status = REFUSED[name]
    server = Server(coding, *pieces(data, 5000))
    server.run(with_length(app))
    assert server.status == status


def test_with_length_a_client_that_leaves_is_not_answered() -> None:
    async def app(*arguments: Any) -> None:
        pytest.fail("it is called")

    server = Server("gzip", gzip.compress(DATA)[:-1], more=True)
    server.run(with_length(app))
    assert server.sent == []


# ---- What is answered instead ----


async def answers_itself(scope: Message, receive: Receive, send: Send) -> None:
    try:
        data = await read_all(receive)
    except ConnectionError:
        data = b"mine"
    await send(start())
    await send(body(data))


async def raises_another(scope: Message, receive: Receive, send: Send) -> None:
    try:
        data = await read_all(receive)
    except ConnectionError as error:
        raise KeyError("lamp") from error
    await send(start())
    await send(body(data))


async def receives_on(scope: Message, receive: Receive, send: Send) -> None:
    with suppress(ConnectionError):
        await read_all(receive)
    for _ in range(3):
        assert await receive() == {"type": "http.disconnect"}
    await send(start())
    await send(body(b"mine"))


async def returns(scope: Message, receive: Receive, send: Send) -> None:
    with suppress(ConnectionError):
        await read_all(receive)


async def reads_in_a_task(scope: Message, receive: Receive, send: Send) -> None:
    data = await asyncio.ensure_future(read_all(receive))
    await send(start())
    await send(body(data))


APPLICATIONS = [echo, answers_itself, raises_another, receives_on, returns, reads_in_a_task]


@pytest.mark.parametrize("app", APPLICATIONS)
@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("has_length", [True, False])
@pytest.mark.parametrize("options", [{}, {"mimetypes": []}], ids=["coded", "not"])
def test_r79_whatever_an_application_makes_of_it(
    app: Any, name: str, has_length: bool, options: dict[str, Any]
) -> None:
    coding, data, status = REFUSED[name]
    for nbytes in (10**9, 5000):
        server = Server(coding, *pieces(data, nbytes), has_length=has_length)
        server.run(app, **options)
        assert server.status == status
        assert server.body.startswith(b"The body of the request ")
        headers = dict(server.sent[0]["headers"])
        assert headers[b"content-type"] == b"text/plain; charset=utf-8"
        assert headers[b"content-length"] == b"%d" % len(server.body)
        assert (b"accept-encoding" in headers) == (status == 415)
        assert [message.get("more_body", False) for message in server.sent[1:]] == [False]


def test_to_head_nothing_is_sent_of_a_body() -> None:
    server = Server("gzip", DATA)
    server.scope["method"] = "HEAD"
    server.run(echo)
    assert (server.status, server.body) == (400, b"")


def test_what_is_refused_at_sight_is_not_received() -> None:
    """Clients that expect a 100 need not send it."""
    server = Server("lzma", DATA)
    server.run(echo)
    assert (server.status, server.received) == (415, 0)
    server = Server("gzip", DATA)
    server.run(echo, request_max_bytes=len(DATA) - 1)
    assert (server.status, server.received) == (413, 0)


def test_r79_what_has_started_goes_on() -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send(start())
        with suppress(ConnectionError):
            await read_all(receive)
        await send(body(b"the end"))

    server = Server("gzip", DATA)
    server.run(app)
    assert (server.status, server.body) == (200, b"the end")


def test_an_error_after_the_start_is_the_servers() -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"some", more=True))
        await read_all(receive)

    with pytest.raises(ConnectionError):
        Server("gzip", DATA).run(app)


def test_other_errors_are_the_applications() -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await read_all(receive)
        raise KeyError("lamp")

    with pytest.raises(KeyError):
        Server("gzip", gzip.compress(DATA)).run(app)


def test_a_client_that_leaves_is_told() -> None:
    """What it has sent is not cut short: nobody needs an answer."""
    messages = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        messages.extend([await receive() for _ in range(3)])
        raise ConnectionError

    server = Server("gzip", gzip.compress(b"lamp")[:-1], more=True, has_length=False)
    with pytest.raises(ConnectionError):
        server.run(app)
    kinds = [message["type"] for message in messages]
    assert kinds == ["http.request", "http.disconnect", "http.disconnect"]
    assert server.sent == []


# ---- Those who stop waiting ----


def test_whoever_is_cancelled_loses_nothing() -> None:
    """As where somebody asks, without waiting, whether the client has left."""

    async def main() -> bytes:
        queue: asyncio.Queue[Message] = asyncio.Queue()
        server = Server("gzip", b"", has_length=False)
        server.receive = queue.get  # type: ignore[method-assign]
        found = []

        async def app(scope: Message, receive: Receive, send: Send) -> None:
            data, more = b"", True
            while more:
                with suppress(asyncio.TimeoutError):
                    message = await asyncio.wait_for(receive(), 0.001)
                    data += message["body"]
                    more = message["more_body"]
            found.append(data)
            await send(start())
            await send(body())

        async def feed() -> None:
            coded = list(pieces(gzip.compress(DATA), 40_000))
            for number, part in enumerate(coded, 1):
                await asyncio.sleep(0.003)
                more = number < len(coded)
                await queue.put({"type": "http.request", "body": part, "more_body": more})

        await asyncio.gather(server.serve(app), feed())
        return found[0]

    assert asyncio.run(main()) == DATA


@pytest.mark.parametrize("name", REFUSED)
def test_r79_whoever_is_cancelled_does_not_cancel_the_answer(name: str) -> None:
    """As Starlette's ``is_disconnected`` is, by which a server's ``send`` may be, too."""
    coding, data, status = REFUSED[name]

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        kind = "http.request"
        while kind == "http.request":
            asking = asyncio.ensure_future(receive())
            # So many turns may pass before others have theirs, or anything is sent.
            for _ in range(3):
                await asyncio.sleep(0)
            asking.cancel()
            with suppress(asyncio.CancelledError):
                kind = (await asking)["type"]
        await send(start())
        await send(body(b"mine"))

    async def main(server: Server) -> None:
        at_once = server.send

        async def send(message: Message) -> None:
            for _ in range(5):
                await asyncio.sleep(0)
            await at_once(message)

        server.send = send  # type: ignore[method-assign]
        await server.serve(app)

    server = Server(coding, data)
    asyncio.run(main(server))
    assert server.status == status
    assert server.body.startswith(b"The body of the request ")


def test_under_trio() -> None:
    server = Server("zstd", *pieces(compress(DATA, "zstd"), 70_000))
    trio.run(server.serve, echo)
    assert (server.status, server.body) == (200, DATA)
    server = Server("zstd", DATA)
    trio.run(server.serve, echo)
    assert server.status == 400


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_other_connections_pass_untouched(kind: str) -> None:
    seen = []

    async def app(*arguments: Any) -> None:
        seen.append(arguments)

    arguments = ({"type": kind}, read_all, read_all)
    asyncio.run(CompressMiddleware(app, decode_requests=True)(*arguments))
    assert seen == [arguments]
