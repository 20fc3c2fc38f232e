"""What the hook does to whole bodies."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import Any
from unittest.mock import create_autospec

import pytest
from flask import Flask
from flask import Response
from flask import make_response

from pyfastgz import Compress
from pyfastgz import NotInitialisedError
from pyfastgz.http.eligibility import SkipReason

CODINGS = ("gzip", "deflate", "zstd", "br")
Get = Callable[..., Any]
BODY = "<p>Der Jäger ✓ aus Kurpfalz.</p>" * 100


@pytest.fixture
def view(app: Flask) -> Callable[[Callable[[], Any]], None]:
    Compress(app)

    def add(function: Callable[[], Any]) -> None:
        app.add_url_rule("/", view_func=function, methods=["GET", "POST", "PUT"])

    return add


View = Callable[[Callable[[], Any]], None]


def test_c3_levels_make_a_difference(app: Flask, get: Get, view: View) -> None:
    chooser = random.Random(3)
    words = ["lorem", "ipsum", "dolor", "sit", "amet", "consectetur", "adipiscing", "elit"]
    page = " ".join(chooser.choices(words, k=160))[:968]
    view(lambda: page)
    for key, coding, low, high in [
        ("COMPRESS_LEVEL", "gzip", 1, 6),
        ("COMPRESS_DEFLATE_LEVEL", "deflate", 1, -1),
        ("COMPRESS_BR_LEVEL", "br", 4, 11),
        ("COMPRESS_ZSTD_LEVEL", "zstd", 1, 11),
    ]:
        sizes = []
        for level in (low, high):
            app.config[key] = level
            exchange = get(accept=coding)
            sizes.append(int(exchange.field("Content-Length")))
            assert exchange.body() == page.encode()
        assert sizes[0] != sizes[1], (key, sizes)


def test_c2_minimum_size_may_change(app: Flask, get: Get, view: View) -> None:
    view(lambda: "x" * 100)
    assert get().field("Content-Encoding") is None
    app.config["COMPRESS_MIN_SIZE"] = 50
    assert get().field("Content-Encoding") == "gzip"


def test_an_unusable_change_at_run_time_fails_no_request(
    app: Flask, get: Get, view: View, caplog: pytest.LogCaptureFixture
) -> None:
    view(lambda: BODY)
    app.config["COMPRESS_LEVEL"] = "best"
    with caplog.at_level(logging.ERROR, logger="pyfastgz"):
        for _ in range(3):
            assert get().body() == BODY.encode()
    assert len(caplog.records) == 1


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("core"), ValueError("x")])
def test_a_failure_to_code_is_logged_and_the_body_sent_as_it_is(
    get: Get,
    view: View,
    fail_to_code: Callable[[Exception], None],
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    fail_to_code(error)
    view(lambda: (BODY, {"ETag": '"t"', "Accept-Ranges": "bytes"}))
    with caplog.at_level(logging.ERROR, logger="pyfastgz"):
        exchange = get()
    assert exchange.status == 200
    assert exchange.field("Content-Encoding") is None
    assert exchange.field("ETag") == '"t"'
    assert exchange.field("Accept-Ranges") == "bytes"
    assert exchange.field("Vary") == "Accept-Encoding"
    assert exchange.read() == BODY.encode()
    assert len(caplog.records) == 1


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("core"), ValueError("x")])
def test_so_is_one_of_a_plain_response_that_was_coded_before(
    get: Get,
    view: View,
    fail_to_code: Callable[[Exception], None],
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    numbers = iter(range(9))
    view(lambda: f"{next(numbers)}{BODY}")
    assert get().field("Content-Encoding") == "gzip"
    fail_to_code(error)
    with caplog.at_level(logging.ERROR, logger="pyfastgz"):
        for number in range(1, 5):
            exchange = get()
            assert exchange.field("Content-Encoding") is None
            assert exchange.field("Vary") == "Accept-Encoding"
            assert exchange.read() == f"{number}{BODY}".encode()
    assert len(caplog.records) == 1


def test_c9_a_falsy_response_is_an_empty_204(app: Flask) -> None:
    compress = Compress(app)
    with app.test_request_context("/"):
        assert compress.after_request(None).status_code == 204


def test_c9_registering_twice_is_harmless(app: Flask, get: Get) -> None:
    compress = Compress(app)
    compress.init_app(app)
    Compress(app)
    app.after_request(compress.after_request)
    app.add_url_rule("/", view_func=lambda: (BODY, {"ETag": '"t"'}))
    exchange = get()
    assert exchange.lines("Content-Encoding") == ["gzip"]
    assert exchange.field("ETag") == '"t:gzip"'
    assert exchange.field("Vary") == "Accept-Encoding"
    assert exchange.body() == BODY.encode()


def test_c9_registering_twice_looks_at_each_response_once(app: Flask, get: Get) -> None:
    compress = Compress(app)
    compress.init_app(app)
    Compress(app)
    app.add_url_rule("/", view_func=compress.compressed()(lambda: "tiny"))
    get()
    assert compress.stats().skipped == {SkipReason.TOO_SMALL: 1}


def test_a_subclass_may_override_the_hook(app: Flask, get: Get) -> None:
    class Mine(Compress):
        def after_request(self, response: Response | None) -> Response:
            coded = super().after_request(response)
            coded.headers["X-Mine"] = "1"
            return coded

    Mine(app)
    app.add_url_rule("/", view_func=lambda: BODY)
    assert get().field("X-Mine") == "1"


@pytest.mark.parametrize("owner", ["class", "object"])
def test_the_hook_may_be_replaced(
    app: Flask, get: Get, monkeypatch: pytest.MonkeyPatch, owner: str
) -> None:
    compress = Compress()
    hook = compress.after_request
    called = []

    def watched(*args: Any) -> Response:
        called.append(args)
        return hook(args[-1])

    monkeypatch.setattr(Compress if owner == "class" else compress, "after_request", watched)
    compress.init_app(app)
    app.add_url_rule("/", view_func=lambda: BODY)
    assert get().body() == BODY.encode()
    assert len(called) == 1


def test_no_media_types_no_hook(app: Flask, get: Get) -> None:
    app.config["COMPRESS_MIMETYPES"] = []
    Compress(app)
    assert not app.after_request_funcs
    app.add_url_rule("/", view_func=lambda: BODY)
    exchange = get()
    assert exchange.field("Vary") is None
    assert exchange.body() == BODY.encode()


@pytest.mark.parametrize("passthrough", [True, False])
def test_r38_close_of_a_list_that_has_one_is_called_once(
    get: Get, view: View, passthrough: bool
) -> None:
    class Rows(list[bytes]):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    rows = Rows([b"x" * 600])
    view(lambda: Response(rows, mimetype="text/html", direct_passthrough=passthrough))
    assert get().body() == b"x" * 600
    assert rows.closed == 1


def test_r38_call_on_close_still_works(get: Get, view: View) -> None:
    closed = []

    def closing() -> Response:
        response = make_response(BODY)
        response.call_on_close(lambda: closed.append(1))
        return response

    view(closing)
    assert get().body() == BODY.encode()
    assert closed == [1]


def test_r41_teardown_runs_once_per_request(app: Flask, get: Get, view: View) -> None:
    requests: list[object] = []
    contexts: list[object] = []
    app.teardown_request(requests.append)
    app.teardown_appcontext(contexts.append)
    view(lambda: BODY)
    get().body()
    assert (len(requests), len(contexts)) == (1, 1)


@pytest.mark.parametrize("expected", [NotInitialisedError, RuntimeError, AttributeError])
def test_uninitialised(app: Flask, expected: type[Exception]) -> None:
    compress = Compress()
    with pytest.raises(expected, match="init_app"):
        compress.cache  # noqa: B018
    with pytest.raises(expected, match="init_app"):
        compress.cache = None
    with app.test_request_context("/"), pytest.raises(expected, match="init_app"):
        compress.after_request(Response("x"))


def test_an_uninitialised_extension_can_be_mocked(app: Flask) -> None:
    compress = Compress()
    assert not hasattr(compress, "cache")
    mock = create_autospec(compress)
    mock.init_app(app)
    mock.init_app.assert_called_once_with(app)
