"""Entity tags and conditional requests through Flask."""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from flask import Blueprint
from flask import Flask
from flask import Response
from flask import make_response
from flask import request
from flask import send_file
from flask import send_from_directory
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from pyfastgz import Compress
from pyfastgz import compress

CODINGS = ("gzip", "deflate", "zstd", "br")
Get = Callable[..., Any]
BODY = "<p>conditional</p>" * 100
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"


@pytest.fixture(autouse=True)
def _views(app: Flask) -> None:
    Compress(app)

    @app.get("/<kind>")
    def view(kind: str) -> Response:
        response = make_response(BODY)
        response.set_etag("tag", weak="weak" in kind)
        response.headers["Cache-Control"] = "max-age=60"
        response.headers["Content-Location"] = "/here"
        response.headers["Last-Modified"] = DATE
        response.headers["Expires"] = DATE
        if "own" in kind:
            response.make_conditional(request)
        return response

    @app.get("/stream")
    def stream() -> Response:
        return Response(iter([BODY]), mimetype="text/html", headers={"ETag": '"tag"'})


def test_r30_nothing_is_coded_for_a_client_that_lists_the_tag(
    get: Get, fail_to_code: Callable[[Exception], None]
) -> None:
    fail_to_code(AssertionError())
    assert get("/strong", If_None_Match='"tag:gzip"').status == 304


def test_c5_with_evaluation_off_the_suffixed_tag_is_a_200(app: Flask, get: Get) -> None:
    app.config["COMPRESS_EVALUATE_CONDITIONAL_REQUEST"] = False
    exchange = get("/own-strong", If_None_Match='"tag:gzip"')
    assert exchange.status == 200
    assert exchange.field("ETag") == '"tag:gzip"'
    assert exchange.body() == BODY.encode()
    app.config["COMPRESS_EVALUATE_CONDITIONAL_REQUEST"] = True
    assert get("/own-strong", If_None_Match='"tag:gzip"').status == 304


def test_c5_with_evaluation_off_a_view_may_answer_weak_tags(app: Flask, get: Get) -> None:
    app.config["COMPRESS_EVALUATE_CONDITIONAL_REQUEST"] = False
    exchange = get("/own-weak", If_None_Match='W/"tag"')
    assert exchange.status == 304
    assert exchange.field("ETag") == 'W/"tag"'


def test_c6_a_stream_keeps_answering_200(get: Get) -> None:
    exchange = get("/stream", If_None_Match='"tag:gzip"')
    assert exchange.status == 200
    assert exchange.field("ETag") == '"tag:gzip"'
    assert exchange.body() == BODY.encode()


@pytest.fixture
def static_file(app: Flask, tmp_path: Path) -> bytes:
    content = b"function f() { return 1; }\n" * 2000
    (tmp_path / "app.js").write_bytes(content)
    os.utime(tmp_path / "app.js", (1, 1_700_000_000))
    app.static_folder = str(tmp_path)
    return content


@pytest.mark.parametrize("coding", CODINGS)
def test_c6_static_files(get: Get, static_file: bytes, coding: str) -> None:
    first = get("/static/app.js", accept=coding)
    tag = first.field("ETag")
    assert tag.endswith(f':{coding}"')
    assert first.field("Content-Encoding") == coding
    assert first.field("Content-Length") == str(len(compress(static_file, coding)))
    assert first.field("Accept-Ranges") is None
    assert first.body() == static_file
    again = get("/static/app.js", accept=coding, If_None_Match=tag)
    assert again.status == 304
    assert again.field("ETag") == tag
    assert again.field("Vary") == "Accept-Encoding"
    assert again.field("Content-Encoding") is None
    assert again.field("Accept-Ranges") is None
    assert again.read() == b""


@pytest.fixture(params=["blueprint", "send_file", "make_conditional"])
def file_elsewhere(app: Flask, static_file: bytes, request: pytest.FixtureRequest) -> str:
    """Serve the static file from an endpoint of another name, and return its path there."""
    folder = str(app.static_folder)
    kind = request.param
    if kind == "blueprint":
        blueprint = Blueprint("shop", __name__, static_folder=folder, url_prefix="/shop")
        app.register_blueprint(blueprint)
        return "/shop/" + Path(folder).name + "/app.js"

    @app.get("/download")
    def download() -> Response:
        if kind == "send_file":
            return send_from_directory(folder, "app.js")
        response = Response(
            iter([static_file]),
            mimetype="text/javascript",
            headers={"ETag": '"tag"'},
            direct_passthrough=True,
        )
        response.make_conditional(flask.request)
        return response

    return "/download"


@pytest.mark.parametrize("kind", ["send_file", "Response"])
@pytest.mark.parametrize("condition", ["If_None_Match", "If_Modified_Since", "If_Match"])
def test_r49_conditions_that_a_view_declines_stay_declined(
    app: Flask, get: Get, static_file: bytes, kind: str, condition: str
) -> None:
    path = f"{app.static_folder}/app.js"

    @app.get("/declined")
    def declined() -> Response:
        if kind == "send_file":
            return send_file(path, conditional=False)
        fields = {"ETag": '"tag"', "Last-Modified": DATE}
        return Response(
            iter([static_file]),
            mimetype="text/javascript",
            headers=fields,
            direct_passthrough=True,
        )

    value = {
        "If_None_Match": get("/declined").field("ETag"),
        "If_Modified_Since": "Fri, 01 Jan 2027 00:00:00 GMT",
        "If_Match": '"other"',
    }
    exchange = get("/declined", **{condition: value[condition]})
    assert exchange.status == 200
    assert exchange.field("Content-Encoding") == "gzip"
    assert exchange.body() == static_file


@pytest.mark.parametrize("coding", CODINGS)
def test_files_from_other_endpoints(
    get: Get, static_file: bytes, file_elsewhere: str, coding: str
) -> None:
    first = get(file_elsewhere, accept=coding)
    tag = first.field("ETag")
    assert tag.endswith(f':{coding}"')
    assert first.body() == static_file
    for method in ("GET", "HEAD"):
        again = get(file_elsewhere, accept=coding, method=method, If_None_Match=tag)
        assert again.status == 304
        assert again.field("ETag") == tag
        assert again.field("Vary") == "Accept-Encoding"
        assert again.read() == b""
    other = get(file_elsewhere, accept=coding, If_None_Match='"other"')
    assert other.status == 200
    assert other.body() == static_file


def test_files_from_other_endpoints_are_left_to_the_application(
    app: Flask, get: Get, static_file: bytes, file_elsewhere: str
) -> None:
    app.config["COMPRESS_EVALUATE_CONDITIONAL_REQUEST"] = False
    tag = get(file_elsewhere).field("ETag")
    exchange = get(file_elsewhere, If_None_Match=tag)
    assert exchange.status == 200
    assert exchange.body() == static_file


def test_r31_what_nobody_asks_to_code_any_more_is_no_304_for_a_coded_copy(
    app: Flask, get: Get
) -> None:
    @app.get("/no-longer")
    def no_longer() -> Response:
        response = Response(BODY, mimetype="text/html", headers={"ETag": '"tag"'})
        response.make_conditional(request)
        return response

    app.config["COMPRESS_REGISTER"] = False
    Compress(app)
    exchange = get("/no-longer", If_None_Match='"tag:gzip"')
    assert exchange.status == 200
    assert exchange.field("ETag") == '"tag"'
    assert exchange.body() == BODY.encode()
    assert get("/no-longer", If_None_Match='"tag"').status == 304


@pytest.mark.parametrize("evaluates", [True, False])
def test_conditions_are_evaluated_though_the_encoder_fails(
    app: Flask, get: Get, fail_to_code: Callable[[Exception], None], evaluates: bool
) -> None:
    app.config["COMPRESS_EVALUATE_CONDITIONAL_REQUEST"] = evaluates
    fail_to_code(AssertionError())
    for condition, status in [('"tag"', 304), ("*", 304), ('"x"', 200)]:
        exchange = get("/strong", If_None_Match=condition)
        assert exchange.status == (status if evaluates else 200)
        assert exchange.field("ETag") == '"tag"'
        assert exchange.field("Vary") == "Accept-Encoding"


RANGE = {"Range": "bytes=5-9"}


def test_r28_r47_a_stream_that_is_never_read_whole_stays_a_stream(app: Flask, get: Get) -> None:
    class Unread(Response):
        implicit_sequence_conversion = False

    @app.get("/unread")
    def unread() -> Response:
        pieces = (BODY.encode() for _ in range(50))
        fields = {"ETag": '"t"', "Last-Modified": DATE}
        response = Unread(pieces, mimetype="text/html", headers=fields)
        response.make_conditional(request, True, 50 * len(BODY))
        return response

    whole = get("/unread")
    restored = get("/unread", If_Range=DATE, **RANGE)
    assert restored.field("ETag") == whole.field("ETag") == '"t:gzip"'
    assert restored.read() == whole.read()


def test_r45_the_environment_is_changed_in_place_and_back(app: Flask, get: Get) -> None:
    seen = []

    @app.route("/environ", methods=["GET", "PUT"])
    def note_environ() -> str:
        request.environ["application.says"] = request.environ["HTTP_IF_MATCH"]
        assert "HTTP_RANGE" not in request.environ
        return BODY

    inner = app.wsgi_app

    def layer(environ: dict[str, Any], start_response: Any) -> Any:
        # Somebody asks the application twice, as for an internal redirect.
        list(inner(environ, lambda *args: lambda data: None))
        result = inner(environ, start_response)
        seen.append(environ)
        return result

    app.wsgi_app = layer  # type: ignore[method-assign]
    get("/environ", If_Match='"a:gzip"', Range="bytes=0-9").read()
    (environ,) = seen
    # What the application put there is there; a log shows what the client sent.
    assert environ["application.says"] == '"a"'
    assert environ["HTTP_IF_MATCH"] == '"a:gzip"'
    assert environ["HTTP_RANGE"] == "bytes=0-9"


def test_r45_what_the_application_changes_stays_changed(app: Flask, get: Get) -> None:
    seen = []

    @app.get("/change")
    def change() -> str:
        request.environ["HTTP_IF_MATCH"] = '"mine"'
        return BODY

    inner = app.wsgi_app

    def layer(environ: dict[str, Any], start_response: Any) -> Any:
        result = inner(environ, start_response)
        seen.append(environ["HTTP_IF_MATCH"])
        return result

    app.wsgi_app = layer  # type: ignore[method-assign]
    get("/change", If_Match='"a:gzip"').read()
    assert seen == ['"mine"']


def test_r45_an_application_mounted_in_another(app: Flask, get: Get) -> None:
    outer = Flask("outer")
    Compress(outer)
    outer.wsgi_app = DispatcherMiddleware(outer.wsgi_app, {"/in": app.wsgi_app})  # type: ignore[method-assign]
    layered = Flask("layered")
    layered.wsgi_app = app.wsgi_app  # type: ignore[method-assign]
    Compress(layered)
    for mounted, path in ((outer, "/in/own-strong"), (layered, "/own-strong")):
        tag = get(path, to=mounted).field("ETag")
        assert tag == '"tag:gzip"'
        assert get(path, to=mounted, If_None_Match=tag).status == 304
        assert get(path, to=mounted, If_Match=tag).status == 200
        assert get(path, to=mounted, If_Match="*").status == 200
        assert get(path, to=mounted, If_Match='"x:gzip"').status == 412


def test_nothing_is_coded_for_a_304_of_a_view_by_a_tag(
    get: Get, fail_to_code: Callable[[Exception], None]
) -> None:
    fail_to_code(AssertionError())
    exchange = get("/own-strong", If_None_Match='"tag:gzip"')
    assert (exchange.status, exchange.field("ETag")) == (304, '"tag:gzip"')


def test_r45_a_layer_between_may_put_in_a_condition_of_its_own(app: Flask, get: Get) -> None:
    inner = app.wsgi_app

    def layer(environ: dict[str, Any], start_response: Any) -> Any:
        list(inner(environ, lambda *args: lambda data: None))
        environ["HTTP_IF_NONE_MATCH"] = '"other"'
        return inner(environ, start_response)

    app.wsgi_app = layer  # type: ignore[method-assign]
    assert get("/strong", If_None_Match='"tag:gzip"').status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("condition", ["If_None_Match", "If_Modified_Since", "If_Match"])
def test_a_condition_does_not_make_a_stream_be_read(
    app: Flask, get: Get, method: str, condition: str
) -> None:
    pulled = []

    def produce() -> Iterator[str]:
        pulled.append(1)
        yield BODY

    app.extensions["pyfastgz"].settings.set_of("streaming_endpoint_conditional").add("produced")
    app.add_url_rule(
        "/",
        "produced",
        lambda: Response(produce(), mimetype="text/html", headers={"ETag": '"t"'}),
    )
    value = {"If_None_Match": '"x"', "If_Modified_Since": DATE, "If_Match": '"t:gzip"'}
    exchange = get(method=method, **{condition: value[condition]})
    assert exchange.status == 200
    assert exchange.field("Content-Length") is None
    assert pulled == []
    assert exchange.body() == (BODY.encode() if method == "GET" else b"")


@pytest.mark.parametrize("looked_at", ["all", "marked", "none"])
def test_r34_the_applications_own_tags_that_end_like_ours(get: Get, looked_at: str) -> None:
    app = Flask("own")
    app.config["COMPRESS_REGISTER"] = looked_at == "all"
    if looked_at == "none":
        app.config["COMPRESS_MIMETYPES"] = []

    @app.route("/<tag>", methods=["GET", "PUT"])
    def view(tag: str) -> Any:
        if request.method == "PUT":
            by_text = request.headers.get("If-Match", f'"{tag}"') == f'"{tag}"'
            if not by_text or request.if_none_match.contains_weak(tag):
                return "", 412
            return "", 204
        return Response(BODY, headers={"ETag": f'"{tag}"'})

    Compress(app)
    get("/v1:br", to=app)
    assert get("/v1:br", method="PUT", to=app, If_Match='"v1:br"').status == 204
    assert get("/v1:br", method="PUT", to=app, If_None_Match='"v1:br"').status == 412
    # It has nothing to do with the tags of others.
    coded = '"v2"' if looked_at == "none" else '"v2:br"'
    assert get("/v2", method="PUT", to=app, If_Match=coded).status == 204
    assert get("/v2", method="PUT", to=app, If_Match='"v1:br"').status == 412


def test_r52_own_tags_that_are_remembered_are_bounded(app: Flask, get: Get) -> None:
    app.add_url_rule("/own/<n>", view_func=lambda n: (BODY, {"ETag": f'"{n}:br"'}))
    for number in range(1100):
        get(f"/own/{number}").read()
    own = app.extensions["pyfastgz"].own_tags
    assert len(own) <= 1024
    assert "1099:br" in own


def test_c2_settings_that_change_hold_for_a_file_that_was_just_sent(
    app: Flask, get: Get, static_file: bytes
) -> None:
    coded = {}
    for level in (1, 9, 1):
        app.config["COMPRESS_LEVEL"] = level
        coded[level] = get("/static/app.js").read()
        assert coded[level] == compress(static_file, "gzip", level=level)
    assert coded[1] != coded[9]
    app.config["COMPRESS_STREAMS"] = False
    answer = get("/static/app.js")
    assert answer.field("Content-Encoding") is None
    assert answer.read() == static_file
