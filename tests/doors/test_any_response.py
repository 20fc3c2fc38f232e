"""Whatever a view leaves in its response, the hook neither raises nor spoils it (R49)."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import pytest
from flask import Flask
from flask import Response
from flask import after_this_request
from flask import g
from flask import send_file
from werkzeug.datastructures import Headers

from pyfastgz import Compress
from pyfastgz import SkipReason

Get = Callable[..., Any]
CODINGS = ("gzip", "deflate", "zstd", "br")
BODY = "<p>whatever a view leaves</p>\n" * 100


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/html", "WWW-Authenticate": "Basic"},
        [("Content-Type", "text/html"), ("X-One", "1"), ("X-One", "2")],
        (("content-type", "text/html"),),
        {"content-type": "text/html", "X-Number": 3},
        {"Content-Type": "text/html", "X-Many": ["1", "2"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("coding", CODINGS)
def test_r49_headers_of_any_kind(app: Flask, get: Get, headers: Any, coding: str) -> None:
    Compress(app)

    @app.get("/")
    def view() -> Response:
        response = Response(BODY)
        response.headers = headers
        return response

    exchange = get(accept=coding)
    assert exchange.field("Content-Encoding") == coding
    assert exchange.body() == BODY.encode()
    for name, value in Headers(headers):
        assert value in exchange.lines(name)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/html", "ETag": '"t:gzip"'},
        [("Content-Type", "text/html"), ("ETag", '"t:gzip"')],
    ],
    ids=str,
)
def test_r49_headers_of_any_kind_in_a_response_that_nobody_asked_to_look_at(
    app: Flask, get: Get, headers: Any
) -> None:
    app.config["COMPRESS_REGISTER"] = False
    Compress(app)

    @app.get("/")
    def view() -> Response:
        response = Response(BODY)
        response.headers = headers
        return response

    exchange = get()
    assert exchange.status == 200
    assert exchange.field("Content-Encoding") is None
    assert exchange.body() == BODY.encode()
    assert "t:gzip" in app.extensions["pyfastgz"].own_tags


@pytest.mark.parametrize("headers", [None, 3, [("one",)], object()], ids=str)
def test_r49_what_nobody_understands_is_logged_once_and_passed_on(
    app: Flask, headers: Any, caplog: pytest.LogCaptureFixture
) -> None:
    compress = Compress(app)
    response = Response(BODY)
    response.headers = headers
    with app.test_request_context("/"), caplog.at_level(logging.ERROR, logger="pyfastgz"):
        for _ in range(3):
            assert compress.after_request(response) is response
    assert response.headers is headers or headers is None
    assert len(caplog.records) == (headers is not None)
    caplog.clear()


@pytest.mark.parametrize(
    "body",
    [
        [b"<p>", b"bytes" * 300],
        [bytearray(b"x" * 900), memoryview(b"y" * 900)],
        ("<p>", "text" * 300),
        ["<p>", b"both" * 300],
    ],
    ids=range(4),
)
@pytest.mark.parametrize("passthrough", [True, False])
def test_r49_lists_of_any_pieces(app: Flask, get: Get, body: Any, passthrough: bool) -> None:
    Compress(app)

    @app.get("/")
    def view() -> Response:
        response = Response(mimetype="text/html", direct_passthrough=passthrough)
        response.response = body
        return response

    exchange = get()
    assert exchange.field("Content-Encoding") == "gzip"
    pieces = (piece.encode() if isinstance(piece, str) else bytes(piece) for piece in body)
    assert exchange.body() == b"".join(pieces)


@pytest.mark.parametrize("status", [99, 199, 299, 306, 499, 600, 999, 12345])
@pytest.mark.parametrize("errors", [True, False])
def test_r49_odd_statuses(app: Flask, get: Get, status: int, errors: bool) -> None:
    app.config["COMPRESS_ERRORS"] = errors
    Compress(app)
    app.add_url_rule("/", view_func=lambda: Response(BODY, status=status))
    exchange = get()
    body = exchange.body()
    assert body in {BODY.encode(), b""}


SHARED = {
    "page": lambda: Response(BODY, headers={"ETag": '"t"', "Vary": "Cookie"}),
    "pieces": lambda: Response([BODY, BODY], mimetype="text/html"),
    "tiny": lambda: Response("tiny", headers={"ETag": '"t"'}),
    "current": lambda: Response(status=304, headers={"ETag": '"t"'}),
}


@pytest.mark.parametrize("kind", SHARED)
def test_r49_a_response_returned_again_and_again(app: Flask, get: Get, kind: str) -> None:
    app.config["COMPRESS_SERVER_TIMING"] = True
    Compress(app)
    shared = SHARED[kind]()
    before = list(shared.headers), shared.response, shared.status, list(shared._on_close)
    app.add_url_rule("/", view_func=lambda: shared)
    alone = Flask("alone")
    alone.config["COMPRESS_SERVER_TIMING"] = True
    Compress(alone)
    alone.add_url_rule("/", view_func=SHARED[kind])
    for _ in range(2):
        for accept in ("gzip", None, "br", "zstd", "*;q=0"):
            for condition in ({}, {"If_None_Match": '"t:gzip"'}, {"If_None_Match": '"t"'}):
                exchange = get(accept=accept, **condition)
                expected = get(accept=accept, to=alone, **condition)
                assert exchange.status == expected.status
                assert exchange.body() == expected.body()
                for name in ("Content-Encoding", "Content-Length", "ETag", "Vary"):
                    assert exchange.lines(name) == expected.lines(name)
                assert len(exchange.lines("Server-Timing")) == 1
    # That one is right for every client, so it may stay.
    lines = [line for line in shared.headers if line != ("Vary", "Accept-Encoding")]
    assert (lines, shared.response, shared.status, list(shared._on_close)) == before
    assert len(shared.headers.getlist("Vary")) <= 1


def test_r49_r51_a_response_that_threads_share(app: Flask, get: Get) -> None:
    Compress(app)

    @app.get("/")
    @lru_cache
    def view() -> Response:
        return Response(BODY, headers={"ETag": '"t"'})

    start = threading.Barrier(8)

    def ask(number: int) -> None:
        accept = (*CODINGS, None)[number % 5]
        start.wait()
        for _ in range(100):
            exchange = get(accept=accept)
            assert exchange.field("Content-Encoding") == accept
            assert exchange.body() == BODY.encode()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))


@pytest.mark.parametrize("body", [[b"tiny"], [b"tiny", b"pieces"]])
@pytest.mark.parametrize("look", [1, 2, 3])
def test_r21_r49_threads_that_share_a_response_add_to_vary_once(
    app: Flask, get: Get, body: list[bytes], look: int
) -> None:
    class Overtaken(Response):
        """Is looked at by somebody else, as by another thread, while it is looked at."""

        looks = 0

        @property
        def status_code(self) -> int:
            self.looks -= 1
            if self.looks == 0:
                app.process_response(self)
            return super().status_code

        @status_code.setter
        def status_code(self, code: int) -> None:
            Response.status_code.__set__(self, code)  # type: ignore[attr-defined]

    app.response_class = Overtaken
    Compress(app)
    shared = Overtaken(mimetype="text/html")
    shared.response = body
    app.add_url_rule("/", view_func=lambda: shared)
    shared.looks = look
    assert get().lines("Vary") == ["Accept-Encoding"]


def test_r49_r38_what_a_shared_response_closes(app: Flask, get: Get) -> None:
    class Rows(list[str]):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    rows = Rows([BODY])
    shared = Response(rows, mimetype="text/html")
    called = []
    shared.call_on_close(lambda: called.append(1))
    Compress(app)
    app.add_url_rule("/", view_func=lambda: shared)
    for number in range(1, 4):
        assert get().body() == BODY.encode()
        assert (rows.closed, len(called)) == (number, number)


class Custom(Response):
    """What applications make of a response class."""

    default_mimetype = "application/json"
    note = "of the class"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.extra = "of the object"


class Lines(Response):
    """Makes bytes of its chunks in a way of its own."""

    default_mimetype = "text/plain"

    def iter_encoded(self) -> Iterator[bytes]:
        for item in self.response:
            yield f"{item!s}\n".encode()


@pytest.mark.parametrize("kind", ["stream", "list"])
@pytest.mark.parametrize("accept", ["gzip", "br", None])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_r49_a_class_that_encodes_its_chunks_itself(
    app: Flask, get: Get, kind: str, accept: str | None, method: str
) -> None:
    app.config["COMPRESS_NOT_ACCEPTABLE"] = True
    Compress(app)
    closed = []

    class Numbers:
        def __iter__(self) -> Iterator[Any]:
            return iter(range(500))

        def close(self) -> None:
            closed.append(1)

    def view() -> Response:
        response = Lines()
        response.response = Numbers() if kind == "stream" else list(map(str, range(500)))
        return response

    app.add_url_rule("/", view_func=view)
    exchange = get(accept=accept, method=method)
    assert exchange.field("Content-Encoding") == accept
    body = "".join(f"{number}\n" for number in range(500)).encode()
    # Werkzeug before 2.3 takes the length of the items for that of the body.
    sent = exchange.read() if accept is None else exchange.body()
    assert sent == (body if method == "GET" else b"")
    assert closed == [1] * (kind == "stream")
    assert get(accept="lzma, *;q=0").status == 406
    assert b"neither" in get(accept="lzma, *;q=0").body()


@pytest.mark.parametrize("kind", ["file", "list", "stream"])
@pytest.mark.parametrize("accept", ["gzip", "br", None])
def test_r49_what_passes_through_such_a_class(
    app: Flask, get: Get, kind: str, accept: str | None
) -> None:
    app.response_class = Lines
    Compress(app)

    def view() -> Response:
        if kind == "file":
            return send_file(io.BytesIO(BODY.encode()), "text/html")
        response = Lines(direct_passthrough=True)
        response.response = [BODY.encode()] if kind == "list" else iter([BODY.encode()])
        return response

    app.add_url_rule("/", view_func=view)
    exchange = get(accept=accept)
    assert exchange.field("Content-Encoding") == accept
    # Werkzeug takes the length that its items would have for that of the list.
    sent = exchange.read() if accept is None else exchange.body()
    assert sent == BODY.encode()


class Slotted(Custom):
    """Keeps an attribute outside of its dictionary."""

    __slots__ = ("extra",)


class Stamped(Response):
    """Sends its body in a way of its own."""

    def get_app_iter(self, environ: Any) -> Any:
        for chunk in super().get_app_iter(environ):
            yield chunk.replace(b"whatever", b"WHATEVER")
        yield b"<!-- end -->"


@pytest.mark.parametrize("kind", ["stream", "list"])
def test_r49_a_class_that_sends_itself_is_left_alone(app: Flask, get: Get, kind: str) -> None:
    compress = Compress(app)
    body = [BODY] if kind == "list" else None
    app.add_url_rule("/", view_func=lambda: Stamped(body or iter([BODY]), mimetype="text/html"))

    @app.get("/current")
    def current() -> Response:
        return Stamped(status=304, mimetype="text/html", headers={"ETag": '"t"'})

    exchange = get()
    assert exchange.field("Content-Encoding") is None
    expected = BODY.replace("whatever", "WHATEVER").encode() + b"<!-- end -->"
    assert exchange.read() == expected
    assert compress.stats().skipped == {SkipReason.OWN_WAY: 1}
    assert get("/current", If_Modified_Since="now").field("ETag") == '"t"'


@pytest.mark.parametrize("accept", ["gzip", None])
def test_r38_r49_what_a_stream_registers_while_it_runs_is_called(
    app: Flask, get: Get, accept: str | None
) -> None:
    closed: list[int] = []
    Compress(app)

    @app.get("/")
    def view() -> Response:
        def chunks() -> Iterator[str]:
            yield BODY
            response.call_on_close(lambda: closed.append(1))
            yield BODY

        response = Response(chunks(), mimetype="text/html")
        return response

    assert get(accept=accept).body() == (BODY * 2).encode()
    assert closed == [1]


class Sized(Response):
    """Has a length, so that it may count as false."""

    def __len__(self) -> int:
        return 0


class Undecided(Response):
    """Is neither true nor false."""

    def __bool__(self) -> bool:
        raise ValueError


@pytest.mark.parametrize("kind", [Sized, Undecided])
def test_c9_only_none_is_an_empty_204(app: Flask, get: Get, kind: type[Response]) -> None:
    app.config["COMPRESS_ERRORS"] = True
    Compress(app)
    app.add_url_rule("/", view_func=lambda: kind(BODY, 404, {"X-A": "1"}))
    exchange = get()
    assert (exchange.status, exchange.field("X-A")) == (404, "1")
    assert exchange.field("Content-Encoding") == "gzip"


@pytest.mark.parametrize(
    ("name", "value", "coded"),
    [
        ("Vary", "Cookie", True),
        ("Cache-Control", "no-transform", False),
        ("Content-Encoding", "br", False),
        ("X-Sendfile", "/a", False),
        ("Content-Type", "image/png", False),
    ],
)
def test_fields_that_a_predicate_sets_count(
    app: Flask, get: Get, name: str, value: str, coded: bool
) -> None:
    def predicate(request: Any, response: Response) -> bool:
        response.headers[name] = value
        return True

    app.config["COMPRESS_PREDICATE"] = predicate
    Compress(app)
    app.add_url_rule("/", view_func=lambda: BODY)
    exchange = get()
    assert (exchange.field("Content-Encoding") == "gzip") is coded
    assert exchange.field(name).startswith(value)
    if coded:
        assert exchange.field("Vary") == "Cookie, Accept-Encoding"


def test_a_predicate_that_reads_or_replaces_a_stream(app: Flask, get: Get) -> None:
    def predicate(request: Any, response: Response) -> bool:
        if request.args:
            response.set_data("other" * 500)
        return bool(response.get_data())

    app.config["COMPRESS_PREDICATE"] = predicate
    Compress(app)
    app.add_url_rule("/", view_func=lambda: Response(iter([BODY]), mimetype="text/html"))
    for path, body in (("/", BODY), ("/?replace", "other" * 500)):
        exchange = get(path)
        assert exchange.field("Content-Encoding") == "gzip"
        assert exchange.body() == body.encode()


def test_what_is_logged_once_is_bounded(
    app: Flask, get: Get, caplog: pytest.LogCaptureFixture
) -> None:
    def predicate(request: Any, response: Response) -> bool:
        raise type("Made", (Exception,), {})

    app.config["COMPRESS_PREDICATE"] = predicate
    Compress(app)
    app.add_url_rule("/", view_func=lambda: BODY)
    for _ in range(100):
        assert get().body() == BODY.encode()
    assert len(caplog.records) < 100


@pytest.mark.parametrize("kind", [Custom, Slotted])
def test_r49_the_class_and_attributes_of_a_response_stay(
    app: Flask, kind: type[Custom]
) -> None:
    compress = Compress(app)
    response = kind(BODY)
    with app.test_request_context("/", headers={"Accept-Encoding": "gzip"}):
        coded = compress.after_request(response)
    assert type(coded) is kind
    assert coded.extra == "of the object"
    assert coded.content_encoding == "gzip"
    assert response.content_encoding is None


@pytest.mark.parametrize("registered", ["before", "after"])
@pytest.mark.parametrize("everywhere", [True, False])
def test_the_hook_runs_after_all_others(
    app: Flask, get: Get, registered: str, everywhere: bool
) -> None:
    app.config["COMPRESS_REGISTER"] = everywhere
    compress = Compress()

    def shout(response: Response) -> Response:
        # Coded bytes are no text: a 500.
        response.set_data(response.get_data(as_text=True).upper())
        return response

    if registered == "before":
        app.after_request(shout)
        compress.init_app(app)
    else:
        compress.init_app(app)
        app.after_request(shout)

    @app.get("/")
    @compress.compressed()
    def view() -> str:
        after_this_request(shout)
        g.seen = True
        return BODY

    exchange = get()
    assert exchange.field("Content-Encoding") == "gzip"
    assert exchange.body() == BODY.upper().encode()
    # Initialised again, it still runs once and last.
    compress.init_app(app)
    assert get().body() == BODY.upper().encode()


def test_errors_that_flask_makes_are_coded_too(app: Flask, get: Get) -> None:
    app.config["COMPRESS_ERRORS"] = True
    app.config["COMPRESS_MIN_SIZE"] = 1
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.testing = False
    Compress(app)

    @app.get("/")
    def view() -> str:
        raise RuntimeError

    exchange = get()
    assert exchange.status == 500
    assert exchange.field("Content-Encoding") == "gzip"
    assert b"Internal Server Error" in exchange.body()
