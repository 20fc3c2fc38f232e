"""Applications inside of applications, each with an extension of its own (R51, R52)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask import Response
from flask import request

from pyfastgz import Compress

Get = Callable[..., Any]
BODY = "<p>nested</p>" * 200
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"


def make() -> tuple[Flask, Compress]:
    app = Flask(__name__)
    return app, Compress(app)


def test_r52_exempt_holds_though_another_application_is_called_meanwhile(get: Get) -> None:
    outer, outer_compress = make()
    inner, inner_compress = make()
    inner.add_url_rule("/", view_func=inner_compress.compressed()(lambda: "part"))

    @outer.get("/")
    @outer_compress.exempt
    def view() -> bytes:
        part = b"".join(inner.wsgi_app(request.environ, lambda *args: lambda data: None))
        return BODY.encode() + part

    exchange = get(to=outer)
    assert exchange.field("Content-Encoding") is None
    assert exchange.body() == BODY.encode() + b"part"


def test_r52_exempt_ends_with_the_application_that_has_the_view(get: Get) -> None:
    first, compress = make()
    second, _ = make()
    first.add_url_rule("/", view_func=compress.exempt(lambda: ("", 404)))
    second.add_url_rule("/", view_func=lambda: BODY)

    class Cascade:
        """Asks the second where the first has nothing."""

        def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Any:
            started: list[Any] = []
            body = first.wsgi_app(environ, lambda *args: started.append(args))  # type: ignore[arg-type]
            if started[0][0].startswith("404"):
                return second.wsgi_app(environ, start_response)
            start_response(*started[0])
            return body

    assert get(to=Cascade()).field("Content-Encoding") == "gzip"


def test_what_is_exempt_inside_is_compressed_outside_unless_it_is_exempt_there(
    get: Get,
) -> None:
    outer, compress = make()
    inner, inner_compress = make()
    inner.add_url_rule("/", view_func=inner_compress.exempt(lambda: BODY))
    inner.add_url_rule("/both", "both", inner_compress.exempt(lambda: BODY))

    def view() -> Any:
        return Response.from_app(inner.wsgi_app, request.environ)

    outer.add_url_rule("/", "view", view)
    outer.add_url_rule("/both", "both", compress.exempt(view))
    assert get("/", to=outer).field("Content-Encoding") == "gzip"
    assert get("/both", to=outer).field("Content-Encoding") is None


def test_r52_codings_of_an_outer_view_are_not_those_of_an_inner_application(get: Get) -> None:
    outer, compress = make()
    inner, _ = make()
    inner.add_url_rule("/", view_func=lambda: BODY)

    @outer.get("/")
    @compress.compressed(codings="deflate")
    def view() -> Any:
        return Response.from_app(inner.wsgi_app, request.environ)

    exchange = get(accept="gzip, deflate;q=0.5", to=outer)
    assert exchange.field("Content-Encoding") == "gzip"
    assert exchange.body() == BODY.encode()


@pytest.mark.parametrize(
    "condition",
    [{"If_Modified_Since": DATE}, {"If_None_Match": "*"}, {"If_None_Match": '"t:gzip"'}],
    ids=str,
)
def test_r48_a_304_of_an_inner_application_keeps_its_tag(
    get: Get, condition: dict[str, str]
) -> None:
    outer, _ = make()
    inner, _ = make()

    @inner.get("/")
    def page() -> Response:
        response = Response(BODY, headers={"ETag": '"t"', "Last-Modified": DATE})
        response.make_conditional(request)
        return response

    outer.add_url_rule(
        "/", view_func=lambda: Response.from_app(inner.wsgi_app, request.environ)
    )
    assert get(to=outer).field("ETag") == '"t:gzip"'
    exchange = get(to=outer, **condition)
    assert (exchange.status, exchange.field("ETag")) == (304, '"t:gzip"')


def test_a_response_that_was_looked_at_by_hand_is_not_looked_at_again(get: Get) -> None:
    app, compress = make()

    @app.get("/")
    def view() -> Response:
        response = Response(BODY, headers={"ETag": '"t"', "Last-Modified": DATE})
        response.make_conditional(request)
        return compress.after_request(response)

    exchange = get(to=app)
    assert exchange.field("ETag") == '"t:gzip"'
    assert exchange.body() == BODY.encode()
    assert get(to=app, If_Modified_Since=DATE).field("ETag") == '"t:gzip"'
    assert get(to=app, method="GET", If_Match='"t:gzip"').status == 200
    assert sum(coding.responses for coding in compress.stats().codings.values()) == 2


class Prefixed:
    """A layer that an application knows, and asks for its attributes."""

    def __init__(self, wsgi_app: Any) -> None:
        self.wsgi_app = wsgi_app
        self.prefix = "/shop"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.wsgi_app(environ, start_response)


def test_an_application_finds_its_own_layers_in_place(get: Get) -> None:
    app = Flask(__name__)
    app.wsgi_app = Prefixed(app.wsgi_app)  # type: ignore[method-assign]
    Compress(app)
    layer: Any = app.wsgi_app
    assert layer.prefix == "/shop"
    assert isinstance(layer, Prefixed)
    assert not hasattr(layer, "suffix")
    app.add_url_rule("/", view_func=lambda: (BODY, {"ETag": '"t"'}))
    assert get(to=app, If_None_Match='"t:gzip"').status == 304
    assert copy.copy(layer).prefix == "/shop"
