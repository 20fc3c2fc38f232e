"""Streamed responses through Flask: laziness, close, contexts, files."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask import Response
from flask import has_app_context
from flask import has_request_context
from flask import request
from flask import send_file
from flask import stream_template
from flask import stream_with_context
from jinja2 import DictLoader
from sources import Source

from pyfastgz import Compress
from pyfastgz import Encoder
from pyfastgz import EncoderStateError
from pyfastgz import engine

CODINGS = ("gzip", "deflate", "zstd", "br")
Get = Callable[..., Any]
Decode = Callable[[str, bytes], bytes]


Serve = Callable[..., Source]


@pytest.fixture
def serve(app: Flask) -> Serve:
    app.config["COMPRESS_MIMETYPES"] = ["text/html", "text/css", "text/event-stream"]
    Compress(app)

    def add(*chunks: Any, content_type: str = "text/html", **headers: str) -> Source:
        source = Source(*chunks)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        app.add_url_rule(
            "/", view_func=lambda: Response(source, content_type=content_type, headers=named)
        )
        return source

    return add


@pytest.mark.parametrize("coding", CODINGS)
def test_r36_a_streamed_template_shows_what_precedes_a_slow_query(
    app: Flask, get: Get, decode_part: Decode, coding: str
) -> None:
    app.jinja_loader = DictLoader(
        {
            "page.html": "<head>{{ title }}</head><nav>{{ user }}</nav>"
            "<table>{% for row in rows() %}<tr>{{ row }}</tr>{% endfor %}</table>"
        }
    )
    Compress(app)
    seen = []

    def rows() -> Iterator[int]:
        seen.append(decode_part(coding, coded))
        yield from range(3)

    app.add_url_rule(
        "/", view_func=lambda: stream_template("page.html", title="t", user="u", rows=rows)
    )
    exchange, coded = get(accept=coding), b""
    for item in exchange.chunks:
        coded += item
    (before,) = seen
    assert before == b"<head>t</head><nav>u</nav><table>"


def test_r36_what_a_pipe_gives_is_not_held(app: Flask, get: Get, decode_part: Decode) -> None:
    """It is sent like a file, but has no tag."""
    Compress(app)
    reading, writing = os.pipe()
    app.add_url_rule(
        "/", view_func=lambda: send_file(os.fdopen(reading, "rb", 0), mimetype="text/css")
    )
    exchange, coded = get(), b""
    with os.fdopen(writing, "wb", 0) as pipe:
        for number in range(8):
            pipe.write(b"%d" % number)
            coded += next(exchange.chunks)
            assert decode_part("gzip", coded) == b"01234567"[: number + 1]


def test_r38_close_before_the_first_chunk(get: Get, serve: Serve) -> None:
    source = serve("a")
    get().close()
    assert (source.pulled, source.closed) == (0, 1)


def test_r26_head_of_a_stream_makes_no_encoder(
    get: Get, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise AssertionError

    monkeypatch.setattr(engine, "Encoder", fail)
    serve("a")
    assert get(method="HEAD").field("Content-Encoding") == "gzip"


def test_c2_streams_may_be_switched_off(app: Flask, get: Get, serve: Serve) -> None:
    source = serve("a" * 900, ETag='"t"')
    app.config["COMPRESS_STREAMS"] = False
    exchange = get()
    assert exchange.field("Content-Encoding") is None
    assert exchange.field("ETag") == '"t"'
    assert exchange.field("Vary") is None
    assert exchange.body() == b"a" * 900
    assert source.closed == 1


def test_no_encoder_no_coding(
    get: Get,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise MemoryError

    monkeypatch.setattr(engine, "Encoder", fail)
    source = serve("a" * 900, ETag='"t"', Content_Length="900")
    with caplog.at_level(logging.ERROR, logger="pyfastgz"):
        exchange = get()
    assert exchange.field("Content-Encoding") is None
    assert exchange.field("ETag") == '"t"'
    assert exchange.field("Content-Length") == "900"
    assert exchange.body() == b"a" * 900
    assert source.closed == 1
    assert len(caplog.records) == 1


@pytest.mark.parametrize("accept", ["gzip", None])
def test_r41_contexts_and_teardown_are_as_without_the_hook(
    app: Flask, get: Get, accept: str | None
) -> None:
    Compress(app)
    teardowns: list[object] = []
    seen = []
    app.teardown_request(teardowns.append)
    app.teardown_appcontext(teardowns.append)

    def produce() -> Iterator[str]:
        seen.append((has_request_context(), has_app_context(), len(teardowns)))
        yield "a"

    app.add_url_rule("/", view_func=lambda: Response(produce(), mimetype="text/html"))
    assert get(accept=accept).body() == b"a"
    assert seen == [(False, False, 2)]
    assert len(teardowns) == 2


def test_r41_stream_with_context_works(app: Flask, get: Get) -> None:
    Compress(app)
    teardowns: list[object] = []
    app.teardown_request(teardowns.append)

    def produce() -> Iterator[str]:
        yield request.path
        yield request.method

    app.add_url_rule(
        "/", view_func=lambda: Response(stream_with_context(produce()), mimetype="text/html")
    )
    assert get(accept=None).body() == b"/GET"
    without_coding = len(teardowns)
    assert get().body() == b"/GET"
    assert len(teardowns) == 2 * without_coding


def test_call_on_close_runs_once(app: Flask, get: Get) -> None:
    Compress(app)
    closed = []

    def view() -> Response:
        response = Response(iter(["a"]), mimetype="text/html")
        response.call_on_close(lambda: closed.append(1))
        return response

    app.add_url_rule("/", view_func=view)
    assert get().body() == b"a"
    assert closed == [1]


def test_r39_encoders_are_freed_on_close(
    get: Get, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    real = Encoder

    def make(*args: Any, **kwargs: Any) -> Any:
        made.append(real(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(engine, "Encoder", make)
    serve("a", "b", content_type="text/event-stream")
    exchange = get()
    next(exchange.chunks)
    exchange.close()
    assert len(made) == 1
    with pytest.raises(EncoderStateError):
        made[0].write(b"x")


class File(io.BytesIO):
    closes = 0
    largest_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.largest_read = max(self.largest_read, len(data))
        return data

    def close(self) -> None:
        self.closes += 1
        super().close()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("accept", [*CODINGS, None])
def test_r38_send_file_reads_in_pieces_and_closes_once(
    app: Flask, get: Get, method: str, accept: str | None
) -> None:
    Compress(app)
    content = b"line of a file\n" * 100_000
    file = File(content)
    app.add_url_rule("/", view_func=lambda: send_file(file, mimetype="text/css"))
    exchange = get(accept=accept, method=method)
    assert exchange.field("Content-Encoding") == accept
    if method == "HEAD":
        assert exchange.read() == b""
        assert file.largest_read == 0
    else:
        assert exchange.body() == content
        assert 0 < file.largest_read < 100_000
    assert file.closes == 1


def test_a_file_wrapper_of_the_server(app: Flask, get: Get, tmp_path: Path) -> None:
    """Servers may hand out any iterable, even one without __iter__ or close."""

    class Wrapper:
        def __init__(self, file: Any, size: int = 8192) -> None:
            self.file, self.size = file, size

        def __getitem__(self, index: int) -> bytes:
            data: bytes = self.file.read(self.size)
            if not data:
                self.file.close()
                raise IndexError
            return data

    Compress(app)
    (tmp_path / "a.css").write_bytes(b"body { color: red }\n" * 3000)

    def view() -> Response:
        request.environ["wsgi.file_wrapper"] = Wrapper
        return send_file(tmp_path / "a.css")

    app.add_url_rule("/", view_func=view)
    assert get().body() == b"body { color: red }\n" * 3000
