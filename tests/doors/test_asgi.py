"""What is ASGI's alone: the order of messages, idle streams, threads, those who leave."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Awaitable
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz import ConfigurationError
from pyfastgz import EncoderStateError
from pyfastgz.asgi import CompressMiddleware
from pyfastgz.asgi import compressed
from pyfastgz.asgi import exempt
from pyfastgz.asgi.threads import THREAD_NBYTES

PAGE = b"<p>a page</p>\n" * 200
PATIENCE_SECONDS = 30.0


def sender(*messages: Message | BaseException) -> Callable[..., Awaitable[None]]:
    """Return an application that sends messages, and raises the exceptions among them."""

    async def app(scope: Message, receive: Any, send: Any) -> None:
        for message in messages:
            if isinstance(message, BaseException):
                raise message
            await send(message)

    return app


def sent_by(app: Any, scope: Message) -> tuple[list[Message], BaseException | None]:
    """Return what an application sends, and what it raises."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        asyncio.run(app(scope, nothing, send))
    except Exception as error:
        return sent, error
    return sent, None


# ---- Messages ----


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_other_connections_pass_untouched(kind: str) -> None:
    seen = []

    async def app(*arguments: Any) -> None:
        seen.append(arguments)

    arguments = ({"type": kind}, nothing, nothing)
    asyncio.run(CompressMiddleware(app)(*arguments))
    assert seen == [arguments]


def test_names_are_in_lower_case_and_what_follows_is_passed_on() -> None:
    app = CompressMiddleware(
        sender(
            {"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload"]},
            start(HTML, (b"content-length", b"%d" % len(PAGE)), trailers=True),
            body(PAGE),
            {
                "type": "http.response.trailers",
                "headers": [(b"x", b"1")],
                "more_trailers": False,
            },
        )
    )
    messages, error = sent_by(app, scope_of())
    assert error is None
    assert [message["type"].rpartition(".")[2] for message in messages] == [
        "early_hint",
        "start",
        "body",
        "trailers",
    ]
    coded = messages[2]["body"]
    assert decoded("gzip", coded) == PAGE
    assert fields_of(messages[1]) == {
        "content-type": "text/html; charset=utf-8",
        "vary": "Accept-Encoding",
        "content-encoding": "gzip",
        "content-length": str(len(coded)),
    }


def test_a_body_that_a_wrapper_ends_with_an_empty_message_is_whole() -> None:
    length = (b"content-length", b"%d" % len(PAGE))
    app = CompressMiddleware(
        sender(start(HTML, length), body(PAGE, more=True), body(more=True), body())
    )
    messages, error = sent_by(app, scope_of())
    assert error is None
    assert decoded("gzip", body_of(messages)) == PAGE
    assert fields_of(messages[0])["content-length"] == str(len(body_of(messages)))
    assert [message.get("more_body") for message in messages[1:]] == [False]


@pytest.mark.parametrize("accept", ["gzip", "identity"])
@pytest.mark.parametrize("kind", [HTML, (b"content-type", b"image/png")])
@pytest.mark.parametrize("rest", [[body(PAGE)], [body(PAGE, more=True), body()], []])
def test_fields_that_can_be_iterated_over_once(
    accept: str, kind: tuple[bytes, bytes], rest: list[Message]
) -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        lines = [kind, (b"x", b"1")]
        await send(
            {"type": "http.response.start", "status": 200, "headers": (line for line in lines)}
        )
        for message in rest:
            await send(message)

    messages, error = sent_by(CompressMiddleware(app), scope_of(accept=accept))
    assert error is None
    fields = {name.lower(): value for name, value in messages[0]["headers"]}
    assert (fields[b"content-type"], fields[b"x"]) == (kind[1], b"1")
    is_coded = accept == "gzip" and kind == HTML and rest != []
    assert (b"content-encoding" in fields) is is_coded


@pytest.mark.parametrize("rest", [[body(PAGE)], [body(PAGE, more=True), body()]])
def test_what_is_done_to_the_scope_does_not_change_the_request(rest: list[Message]) -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        scope["headers"].append((b"accept-encoding", b"identity;q=1, gzip;q=0"))
        scope.update(method="HEAD", path="/elsewhere")
        await sender(start(HTML), *rest)(scope, receive, send)

    messages, error = sent_by(CompressMiddleware(app), scope_of())
    assert error is None
    assert decoded("gzip", body_of(messages)) == PAGE


def test_the_fields_of_a_request_may_come_one_by_one() -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        assert list(scope["headers"]) == lines
        await sender(start(HTML), body(PAGE))(scope, receive, send)

    lines = [(b"accept-encoding", b"zstd;q=0"), (b"accept-encoding", b"gzip")]
    messages, error = sent_by(CompressMiddleware(app), scope_of(headers=iter(lines)))
    assert error is None
    assert decoded("gzip", body_of(messages)) == PAGE


@pytest.mark.parametrize("broken", [{}, {"status": 200, "headers": None}, {"headers": []}])
def test_a_start_that_is_odd_is_the_servers_matter(broken: Message) -> None:
    odd = {"type": "http.response.start", **broken}
    assert sent_by(CompressMiddleware(sender(odd, body(PAGE))), scope_of()) == (
        [odd, body(PAGE)],
        None,
    )


@pytest.mark.parametrize("is_whole", [True, False])
@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_bodies_may_be_other_buffers(kind: type, is_whole: bool) -> None:
    """Starlette, for one, sends what its responses are given."""
    parts = [body(kind(PAGE), more=not is_whole), *([] if is_whole else [body()])]
    for lines in ([HTML], [HTML, (b"content-length", b"%d" % len(PAGE))]):
        app = CompressMiddleware(sender(start(*lines), *parts))
        messages, error = sent_by(app, scope_of())
        assert error is None
        assert fields_of(messages[0])["content-encoding"] == "gzip"
        assert decoded("gzip", body_of(messages)) == PAGE


@pytest.mark.parametrize("accept", [*CODINGS, "identity"])
def test_the_start_waits_for_the_first_message_and_no_longer(accept: str) -> None:
    async def run() -> None:
        started = asyncio.Event()

        async def app(scope: Message, receive: Any, send: Any) -> None:
            await send(start(HTML))
            await send(body(more=True))
            await asyncio.wait_for(started.wait(), PATIENCE_SECONDS)
            await send(body(PAGE))

        messages = []

        async def send(message: Message) -> None:
            messages.append(message)
            started.set()

        await CompressMiddleware(app)(scope_of(accept=accept), nothing, send)
        raw = body_of(messages)
        assert (raw if accept == "identity" else decoded(accept, raw)) == PAGE

    asyncio.run(run())


@pytest.mark.parametrize("is_coded", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("accept", [*CODINGS, "identity"])
def test_r35_the_start_of_a_stream_of_messages_waits_for_none_of_them(
    accept: str, method: str, is_coded: bool
) -> None:
    """A browser tells its page that an EventSource is open when the fields are there."""

    async def run() -> None:
        started = asyncio.Event()

        async def app(scope: Message, receive: Any, send: Any) -> None:
            await send(start(EVENTS))
            await asyncio.wait_for(started.wait(), PATIENCE_SECONDS)
            assert len(messages) == 1
            await send(body(b"data: 1\n\n", more=True))
            await send(body())

        messages = []

        async def send(message: Message) -> None:
            messages.append(message)
            started.set()

        mimetypes = ["text/event-stream" if is_coded else "text/html"]
        middleware = CompressMiddleware(app, mimetypes=mimetypes)
        await middleware(scope_of(method, accept), nothing, send)
        coding = fields_of(messages[0]).get("content-encoding")
        assert coding == (accept if is_coded and accept != "identity" else None)
        raw = body_of(messages)
        if method == "GET":
            assert (decoded(coding, raw) if coding else raw) == b"data: 1\n\n"

    asyncio.run(run())


def test_two_starts_are_the_servers_matter() -> None:
    messages, _ = sent_by(CompressMiddleware(sender(start(HTML), start(HTML))), scope_of())
    assert messages == [start(HTML), start(HTML)]


def test_an_application_that_raises_is_seen_as_it_is() -> None:
    error = ZeroDivisionError("as it should")
    for sequence in ([error], [start(HTML), error], [start(HTML)]):
        app = sender(*sequence)
        assert sent_by(CompressMiddleware(app), scope_of()) == sent_by(app, scope_of())


@pytest.mark.parametrize("coding", CODINGS)
def test_r40_a_stream_that_raises_has_no_end(coding: str) -> None:
    app = CompressMiddleware(
        sender(start(EVENTS), body(b"data: 1\n\n", more=True), ZeroDivisionError()),
        mimetypes=["text/event-stream"],
    )
    messages, error = sent_by(app, scope_of(accept=coding))
    assert isinstance(error, ZeroDivisionError)
    assert decoded_part(coding, body_of(messages)) == b"data: 1\n\n"
    assert all(message["more_body"] for message in messages[1:])


chunks = st.binary(max_size=40) | st.integers(0, 3000).map(lambda n: PAGE[:n])


@given(
    st.lists(chunks, max_size=6),
    st.sampled_from([HTML, EVENTS, (b"content-type", b"image/png")]),
    st.sampled_from([*CODINGS, "identity"]),
    st.sampled_from([None, "right", "less"]),
    st.none() | st.integers(0, 6),
)
def test_r35_any_sequence_of_messages(
    parts: list[bytes],
    kind: tuple[bytes, bytes],
    accept: str,
    declared: str | None,
    fails_at: int | None,
) -> None:
    """A server gets what the application sends, coded or not, and its exceptions."""
    sequence: list[Message | BaseException] = [start(kind)]
    if declared is not None:
        nbytes = sum(map(len, parts)) // (1 if declared == "right" else 2)
        sequence = [start(kind, (b"content-length", b"%d" % nbytes))]
    sequence += [body(part, more=True) for part in parts]
    sequence.append(body())
    if fails_at is not None:
        sequence.insert(min(fails_at, len(sequence)), ZeroDivisionError())
    app = sender(*sequence)
    plain, plain_error = sent_by(app, scope_of(accept=accept))
    middleware = CompressMiddleware(app, extra_mimetypes=["text/event-stream"], min_size=0)
    messages, error = sent_by(middleware, scope_of(accept=accept))
    assert type(error) is type(plain_error)
    assert bool(messages) == bool(plain)
    if not messages:
        return
    coding = fields_of(messages[0]).get("content-encoding")
    raw, expected = body_of(messages), body_of(plain)
    is_complete = len(messages) > 1 and not messages[-1].get("more_body", False)
    if coding is None:
        assert raw == expected
    elif is_complete:
        whole = decoded(coding, raw)
        # Of a body that was longer than declared, nobody knows more.
        assert whole == expected or declared == "less"
        assert expected.startswith(whole)
    else:
        assert expected.startswith(decoded_part(coding, raw))


@pytest.mark.parametrize("has_body", [False, True])
def test_r47_an_application_that_has_read_a_body_is_not_asked_again(has_body: bool) -> None:
    asked = []

    async def app(scope: Message, receive: Any, send: Any) -> None:
        asked.append(dict(scope["headers"]).get(b"range"))
        status = 200 if asked[-1] is None else 206
        part = (b"content-range", b"bytes 0-9/%d" % len(PAGE))
        await send(start(HTML, *([] if status == 200 else [part]), status=status))
        await send(body(PAGE if status == 200 else PAGE[:10]))

    scope = scope_of(accept="gzip, identity;q=0")
    scope["headers"].append((b"range", b"bytes=0-9"))
    if has_body:
        scope["headers"].append((b"content-length", b"5"))
    messages, error = sent_by(CompressMiddleware(app), scope)
    assert error is None
    assert asked == ([b"bytes=0-9"] if has_body else [b"bytes=0-9", None])
    assert messages[0]["status"] == (206 if has_body else 200)


# ---- Streams ----


@pytest.mark.parametrize("coding", CODINGS)
def test_nothing_is_held_while_the_application_sleeps(coding: str) -> None:
    """Though so much has come at once that it may not be flushed as it comes."""

    async def run() -> None:
        is_seen = asyncio.Event()
        expected = b""
        coded = b""

        async def app(scope: Message, receive: Any, send: Any) -> None:
            nonlocal expected
            await send(start(HTML))
            for turn in range(3):
                for number in range(40):
                    expected += b"<li>%d.%d</li>" % (turn, number)
                    await send(body(b"<li>%d.%d</li>" % (turn, number), more=True))
                # It is all there already if the machine was so slow that all was flushed.
                while decoded_part(coding, coded) != expected:
                    is_seen.clear()
                    await asyncio.wait_for(is_seen.wait(), PATIENCE_SECONDS)
            await send(body())

        async def send(message: Message) -> None:
            nonlocal coded
            coded += message.get("body", b"")
            if decoded_part(coding, coded) == expected:
                is_seen.set()

        middleware = CompressMiddleware(app)
        await middleware(scope_of(accept=coding), nothing, send)
        assert decoded(coding, coded) == expected
        assert middleware.stats().codings[coding].in_nbytes == len(expected)

    asyncio.run(run())


@pytest.mark.parametrize("coding", CODINGS)
def test_r35_messages_come_one_by_one(coding: str) -> None:
    sent = [b"data: %d\n\n" % number for number in range(30)]
    app = CompressMiddleware(
        sender(start(EVENTS), *(body(data, more=True) for data in sent), body()),
        mimetypes=["text/event-stream"],
        stream_flush_ms=float("inf"),
    )
    messages, _ = sent_by(app, scope_of(accept=coding))
    coded = b""
    for number, message in enumerate(messages[1:-1], 1):
        coded += message["body"]
        assert decoded_part(coding, coded) == b"".join(sent[:number])


def test_backpressure_is_kept() -> None:
    """Nothing is asked of the application while the server takes nothing."""

    async def run() -> None:
        may_go_on = asyncio.Event()
        sent = 0

        async def app(scope: Message, receive: Any, send: Any) -> None:
            nonlocal sent
            await send(start(EVENTS))
            for _ in range(5):
                await send(body(b"data: 1\n\n", more=True))
                sent += 1
            await send(body())

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                await may_go_on.wait()

        middleware = CompressMiddleware(app, mimetypes=["text/event-stream"])
        task = asyncio.ensure_future(middleware(scope_of(), nothing, send))
        for _ in range(50):
            await asyncio.sleep(0)
        assert sent == 0
        may_go_on.set()
        await task
        assert sent == 5

    asyncio.run(run())


def test_what_a_server_raises_reaches_the_application() -> None:
    """Even when it comes of sending what was held."""

    async def run() -> None:
        raised = []
        failed = asyncio.Event()

        async def app(scope: Message, receive: Any, send: Any) -> None:
            await send(start(HTML))
            try:
                for _ in range(40):
                    await send(body(b"<li>", more=True))
                await asyncio.wait_for(failed.wait(), PATIENCE_SECONDS)
                await asyncio.sleep(0)
                await send(body(b"<li>"))
            except OSError as error:
                raised.append(error)

        is_gone = False

        async def send(message: Message) -> None:
            nonlocal is_gone
            if is_gone:
                failed.set()
                raise OSError("the client has left")
            # What comes next is flushed by the clock.
            is_gone = message.get("body", b"") != b"" and count() >= 8

        sent = 0

        def count() -> int:
            nonlocal sent
            sent += 1
            return sent

        await CompressMiddleware(app)(scope_of(), nothing, send)
        assert len(raised) == 1

    asyncio.run(run())


@pytest.mark.parametrize("nbytes", [10, 4 * THREAD_NBYTES])
def test_r39_who_is_cancelled_leaves_no_encoder(nbytes: int) -> None:
    async def run() -> None:
        is_coding = asyncio.Event()

        async def app(scope: Message, receive: Any, send: Any) -> None:
            await send(start(EVENTS))
            await send(body(b"data: 1\n\n", more=True))
            is_coding.set()
            while True:
                await send(body(bytes(range(256)) * (nbytes // 256 + 1), more=True))

        async def send(message: Message) -> None:
            await asyncio.sleep(0)

        middleware = CompressMiddleware(app, mimetypes=["text/event-stream"])
        for number in range(20):
            task = asyncio.ensure_future(middleware(scope_of(), nothing, send))
            await is_coding.wait()
            is_coding.clear()
            for _ in range(number):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            # A thread is not interrupted.
            await asyncio.wait(others)
        await asyncio.sleep(0)
        # Each has told what became of it, as it does when its encoder is freed.
        assert middleware.stats().codings["gzip"].responses == 20

    asyncio.run(run())
    gc.collect()


@pytest.mark.parametrize("coding", CODINGS)
def test_who_cancels_a_message_and_goes_on_loses_none_of_it(coding: str) -> None:
    """As with a timeout around ``send``; a thread may be coding that message then."""

    async def run(turns: int) -> None:
        long = b"".join(b"<p>%d</p>\n" % (n * n % 99_991) for n in range(60_000))
        assert len(long) > THREAD_NBYTES

        async def app(scope: Message, receive: Any, send: Any) -> None:
            await send(start(HTML))
            await send(body(b"first", more=True))
            sending = asyncio.ensure_future(send(body(long, more=True)))
            for _ in range(turns):
                await asyncio.sleep(0)
            sending.cancel()
            await asyncio.wait([sending])
            await send(body(b"next", more=True))
            await send(body(b"last"))

        messages = []

        async def send(message: Message) -> None:
            messages.append(message)

        await CompressMiddleware(app)(scope_of(accept=coding), nothing, send)
        assert decoded(coding, body_of(messages)) == b"first" + long + b"nextlast"

    for turns in (1, 2, 10):
        asyncio.run(run(turns))


def test_several_tasks_may_send_and_nothing_is_left_to_do_in_the_end() -> None:
    async def run() -> None:
        async def app(scope: Message, receive: Any, send: Any) -> None:
            await send(start(HTML))
            for _ in range(20):
                parts = [send(body(b"<li>", more=True)) for _ in range(5)]
                await asyncio.gather(*parts)
            await send(body())

        messages = []

        async def send(message: Message) -> None:
            messages.append(message)
            await asyncio.sleep(0)

        loop = asyncio.get_running_loop()
        timers = []
        call_later = loop.call_later

        def counted(*arguments: Any, **more: Any) -> asyncio.TimerHandle:
            timers.append(call_later(*arguments, **more))
            return timers[-1]

        loop.call_later = counted  # type: ignore[assignment,method-assign]
        await CompressMiddleware(app)(scope_of(), nothing, send)
        assert decoded("gzip", body_of(messages)) == b"<li>" * 100
        assert timers
        # None is left to be called for a stream that has ended.
        assert all(timer.cancelled() or timer.when() < loop.time() for timer in timers)

    asyncio.run(run())


class Threads(ThreadPoolExecutor):
    """The threads of an event loop, which count what they get to do."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        asyncio.get_running_loop().set_default_executor(self)

    def submit(self, *arguments: Any, **more: Any) -> Any:
        self.calls += 1
        return super().submit(*arguments, **more)


def test_a_long_body_does_not_stop_the_loop() -> None:
    """Others are served while it is coded: that is done in a thread."""

    async def run() -> None:
        page = b"".join(b"<p>%d</p>\n" % (n * n % 99_991) for n in range(400_000))
        middleware = CompressMiddleware(sender(start(HTML), body(page)), store_bytes=0)
        threads, sent = Threads(), []

        async def send(message: Message) -> None:
            sent.append(message)

        await middleware(scope_of(), nothing, send)
        assert threads.calls == 1
        assert decoded("gzip", body_of(sent)) == page

    asyncio.run(run())


@pytest.mark.parametrize(
    ("coding", "options", "nbytes"),
    [("br", {"br_level": 11}, 4_000), ("gzip", {"level": 12}, 2_000), ("br", {}, 1_000)],
)
def test_what_takes_long_at_a_high_level_does_not_stop_the_loop(
    coding: str, options: dict[str, int], nbytes: int
) -> None:
    """Parts that are coded as they come, and the end of what was held of them."""
    pytest.importorskip("brotli")

    async def run() -> None:
        text = b"".join(b"<p>%d</p>\n" % (n * n % 99_991) for n in range(12_000))
        parts = [text[at : at + nbytes] for at in range(0, len(text), nbytes)]
        threads, during = Threads(), []

        async def app(scope: Message, receive: Any, send: Any) -> None:
            await send(start(HTML))
            for message in (*(body(part, more=True) for part in parts), body()):
                before = threads.calls
                await send(message)
                during.append(threads.calls - before)

        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        middleware = CompressMiddleware(app, **options)
        await middleware(scope_of(accept=coding), nothing, send)
        assert decoded(coding, body_of(sent)) == text
        assert any(during)
        if "br_level" in options:
            assert sum(map(bool, during)) > len(during) // 2

    asyncio.run(run())


# ---- Files ----


def test_a_file_that_is_sent_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(PAGE)
    message = {"type": "http.response.pathsend", "path": str(path)}
    for options in ({}, {"store_bytes": 0}):
        app = CompressMiddleware(sender(start(HTML), message), **options)
        for accept in CODINGS:
            messages, error = sent_by(app, scope_of(accept=accept))
            assert error is None
            assert decoded(accept, body_of(messages)) == PAGE
        assert sent_by(app, scope_of(accept="identity"))[0][1:] == [message]
    picture = CompressMiddleware(sender(start((b"content-type", b"image/png")), message))
    assert sent_by(picture, scope_of())[0][1:] == [message]


@pytest.mark.parametrize(("length", "is_cut"), [(b"5", False), (b"99999", True)])
def test_a_file_of_which_nothing_is_sure(
    tmp_path: Path, length: bytes, *, is_cut: bool
) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(PAGE)
    message = {"type": "http.response.pathsend", "path": str(path)}
    app = CompressMiddleware(
        sender(start(HTML, (b"content-length", length)), message), min_size=0
    )
    messages, error = sent_by(app, scope_of())
    assert isinstance(error, EncoderStateError) is is_cut
    assert decoded_part("gzip", body_of(messages)) == PAGE
    assert messages[-1]["more_body"] is is_cut


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.html").touch()
    message = {"type": "http.response.pathsend", "path": str(tmp_path / "empty.html")}
    messages, _ = sent_by(CompressMiddleware(sender(start(HTML), message)), scope_of())
    assert messages[1:] == [message] or decoded("gzip", body_of(messages)) == b""


def test_a_path_to_nothing_is_the_servers_matter(tmp_path: Path) -> None:
    message = {"type": "http.response.pathsend", "path": str(tmp_path / "none")}
    messages, _ = sent_by(CompressMiddleware(sender(start(HTML), message)), scope_of())
    assert messages[1:] == [message]
    assert "content-encoding" not in fields_of(messages[0])


@pytest.mark.parametrize("offset", [None, 0, 100])
@pytest.mark.parametrize("count", [None, 1000])
def test_a_file_that_is_sent_by_its_descriptor(
    tmp_path: Path, offset: int | None, count: int | None
) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(PAGE)
    expected = PAGE[offset or 0 :][:count]
    with path.open("rb", buffering=0) as file:
        message = {"type": "http.response.zerocopysend", "file": file, "more_body": True}
        if offset is not None:
            message["offset"] = offset
        if count is not None:
            message["count"] = count
        app = CompressMiddleware(sender(start(HTML), message, body(b"end")))
        messages, error = sent_by(app, scope_of())
    assert error is None
    assert decoded("gzip", body_of(messages)) == expected + b"end"


# ---- What applications ask for ----


def test_wishes() -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        if scope["path"] == "/exempt":
            exempt(scope)
        elif scope["path"] == "/br":
            compressed(scope, codings="br", level=9)
        await send(start(HTML))
        await send(body(PAGE))

    for wrapped in (CompressMiddleware(app), CompressMiddleware(CompressMiddleware(app))):
        codings = {}
        for path in ("/", "/exempt", "/br"):
            messages, _ = sent_by(wrapped, scope_of(accept="gzip, br", path=path))
            codings[path] = fields_of(messages[0]).get("content-encoding")
        assert codings == {"/": "br", "/exempt": None, "/br": "br"}
    # Without the middleware they change nothing.
    assert sent_by(app, scope_of(path="/exempt"))[0] == [start(HTML), body(PAGE)]


@pytest.mark.parametrize(
    "messages",
    [
        [start(HTML), body(PAGE)],
        [start(HTML), body(PAGE, more=True), body(PAGE)],
        [start(HTML, (b"vary", b"Cookie")), body(PAGE)],
        [start(HTML)],
    ],
    ids=["plain", "stream", "planned", "no body"],
)
def test_a_request_is_freed_without_the_garbage_collector(messages: list[Message]) -> None:
    class State(dict[str, Any]):
        """May be referred to weakly."""

    # What is made once for an application, and may take a collection.
    app = CompressMiddleware(sender(*messages))
    scope = scope_of(state=State())
    sent_by(app, {**scope})
    state = weakref.ref(scope["state"])
    gc.collect()
    gc.disable()
    try:
        sent_by(app, scope)
        del scope
        assert state() is None
    finally:
        gc.enable()


def test_bad_options_name_themselves() -> None:
    with pytest.raises(ConfigurationError, match="level is 99"):
        CompressMiddleware(sender(), level=99)
    with pytest.raises(TypeError, match="min_sizes; did you mean min_size"):
        CompressMiddleware(sender(), min_sizes=6)


def test_it_runs_under_trio() -> None:
    trio = pytest.importorskip("trio")
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    parts = [body(b"<li>%d</li>" % n, more=True) for n in range(30)]
    app = CompressMiddleware(sender(start(HTML), *parts, body()))
    trio.run(app, scope_of(), nothing, send)
    coded = b""
    for number, message in enumerate(sent[1:-1], 1):
        coded += message["body"]
        # Where nothing calls after a while, nothing is held.
        assert decoded_part("gzip", coded) == b"".join(m["body"] for m in parts[:number])
