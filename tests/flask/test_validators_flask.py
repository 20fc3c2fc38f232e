"""Entity tags and conditional requests through Flask."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint
from flask import Flask
from flask import Response
from flask import make_response
from flask import request
from flask import send_from_directory

from pyfastgz import Compress
from pyfastgz import candidate

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

    @app.get("/noise")
    def noise() -> Response:
        body = random.Random(1).randbytes(3000)
        return Response(body, mimetype="text/plain", headers={"ETag": '"tag"'})

    @app.get("/ends-like-ours")
    def ends_like_ours() -> Response:
        return Response(BODY, headers={"ETag": '"tag:br"'})

    @app.get("/stream")
    def stream() -> Response:
        return Response(iter([BODY]), mimetype="text/html", headers={"ETag": '"tag"'})

    @app.put("/put")
    def put() -> Response:
        response = Response(BODY, headers={"ETag": '"tag"'})
        return response


@pytest.mark.parametrize("coding", CODINGS)
def test_c5_a_strong_tag_names_its_coding(get: Get, coding: str) -> None:
    assert get("/strong", accept=coding).field("ETag") == f'"tag:{coding}"'


def test_r27_identity_keeps_the_tag(get: Get) -> None:
    assert get("/strong", accept=None).field("ETag") == '"tag"'


def test_r29_weak_tags_stay(get: Get) -> None:
    exchange = get("/weak")
    assert exchange.field("ETag") == 'W/"tag"'
    assert exchange.field("Content-Encoding") == "gzip"


@pytest.mark.parametrize(
    "condition",
    ['"tag:gzip"', 'W/"tag:gzip"', '"a", "tag:gzip" , "b"', "*"],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_r30_a_current_client_gets_a_304_with_the_fields_of_the_200(
    get: Get, condition: str, method: str
) -> None:
    full = get("/strong", method=method)
    exchange = get("/strong", method=method, If_None_Match=condition)
    assert exchange.status == 304
    assert exchange.read() == b""
    for name in ("ETag", "Vary", "Cache-Control", "Expires", "Content-Location"):
        assert exchange.field(name) == full.field(name) is not None
    for name in ("Content-Encoding", "Content-Length", "Content-Type"):
        assert exchange.field(name) is None


def test_r30_nothing_is_coded_for_a_client_that_lists_the_tag(
    get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr(candidate, "compress", fail)
    assert get("/strong", If_None_Match='"tag:gzip"').status == 304


@pytest.mark.parametrize("condition", ['"tag"', '"tag:br"', '"tag:gzip:gzip"', '"x"', ""])
def test_r31_another_tag_is_a_full_200(get: Get, condition: str) -> None:
    exchange = get("/strong", If_None_Match=condition)
    assert exchange.status == 200
    assert exchange.field("ETag") == '"tag:gzip"'
    assert exchange.body() == BODY.encode()


@pytest.mark.parametrize("condition", ['W/"tag"', '"tag"'])
def test_r30_weak_tags_compare_weakly(get: Get, condition: str) -> None:
    exchange = get("/weak", If_None_Match=condition)
    assert exchange.status == 304
    assert exchange.field("ETag") == 'W/"tag"'


def test_r30_if_modified_since(get: Get) -> None:
    exchange = get("/strong", If_Modified_Since=DATE)
    assert exchange.status == 304
    assert exchange.field("ETag") == '"tag:gzip"'
    assert exchange.read() == b""
    assert get("/strong", If_Modified_Since="Wed, 01 Jan 2025 00:00:00 GMT").status == 200


def test_if_none_match_goes_before_if_modified_since(get: Get) -> None:
    assert get("/strong", If_None_Match='"tag"', If_Modified_Since=DATE).status == 200


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


def test_r20_a_304_of_the_view_itself_varies(get: Get) -> None:
    exchange = get("/own-weak", If_None_Match='W/"tag"')
    assert exchange.status == 304
    assert exchange.field("Vary") == "Accept-Encoding"


def test_r18_a_body_that_does_not_shrink_keeps_its_tag_in_the_304_too(get: Get) -> None:
    for condition in ('"tag"', "*"):
        exchange = get("/noise", If_None_Match=condition)
        assert exchange.status == 304
        assert exchange.field("ETag") == '"tag"'
        assert exchange.field("Vary") == "Accept-Encoding"


def test_r33_if_range_with_our_suffix_is_a_full_200(get: Get) -> None:
    exchange = get("/own-strong", Range="bytes=0-9", If_Range='"tag:gzip"')
    assert exchange.status == 200
    assert exchange.body() == BODY.encode()


def test_r34_a_tag_of_the_application_that_ends_like_ours(get: Get) -> None:
    assert get("/ends-like-ours", accept=None).field("ETag") == '"tag:br"'
    tag = get("/ends-like-ours", accept="gzip").field("ETag")
    assert tag == '"tag:br:gzip"'
    assert get("/ends-like-ours", If_None_Match=tag).status == 304
    assert get("/ends-like-ours", accept="br", If_None_Match='"tag:br"').status == 200


def test_if_match_of_a_get(get: Get) -> None:
    assert get("/strong", If_Match='"tag:gzip"').status == 200
    assert get("/strong", If_Match="*").status == 200
    assert get("/strong", If_Match='"x"').status == 412
    assert get("/strong", If_Match='"x"', If_None_Match='"tag:gzip"').status == 412
    assert get("/strong", If_Match='"x"').body() == BODY.encode()


def test_conditions_of_other_methods_are_the_applications(get: Get) -> None:
    exchange = get("/put", method="PUT", If_None_Match='"tag:gzip"', If_Match='"x"')
    assert exchange.status == 200
    assert exchange.field("ETag") == '"tag:gzip"'


def test_c6_a_stream_keeps_answering_200(get: Get) -> None:
    exchange = get("/stream", If_None_Match='"tag:gzip"')
    assert exchange.status == 200
    assert exchange.field("ETag") == '"tag:gzip"'
    assert exchange.body() == BODY.encode()


@pytest.mark.parametrize("spelling", ["tag", '"tag', "'tag'"])
def test_malformed_tags_do_no_harm(app: Flask, get: Get, spelling: str) -> None:
    app.add_url_rule("/", view_func=lambda: (BODY, {"ETag": spelling}))
    exchange = get("/", If_None_Match='"x"')
    assert exchange.status == 200
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
    assert first.field("Content-Length") is None
    assert first.field("Accept-Ranges") is None
    assert first.body() == static_file
    again = get("/static/app.js", accept=coding, If_None_Match=tag)
    assert again.status == 304
    assert again.field("ETag") == tag
    assert again.field("Vary") == "Accept-Encoding"
    assert again.field("Content-Encoding") is None
    assert again.field("Accept-Ranges") is None
    assert again.read() == b""


def test_r31_static_file_in_another_coding(get: Get, static_file: bytes) -> None:
    tag = get("/static/app.js", accept="br").field("ETag")
    exchange = get("/static/app.js", accept="gzip", If_None_Match=tag)
    assert exchange.status == 200
    assert exchange.body() == static_file


@pytest.fixture(params=["blueprint", "send_file", "passed through"])
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
        return Response(
            iter([static_file]),
            mimetype="text/javascript",
            headers={"ETag": '"tag"'},
            direct_passthrough=True,
        )

    return "/download"


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


def test_static_file_with_its_plain_tag(get: Get, static_file: bytes) -> None:
    tag = get("/static/app.js", accept=None).field("ETag")
    exchange = get("/static/app.js", If_None_Match=tag)
    assert exchange.status == 304
    assert exchange.field("ETag") == tag
    assert exchange.field("Vary") == "Accept-Encoding"


def test_static_file_by_date(get: Get, static_file: bytes) -> None:
    modified = get("/static/app.js").field("Last-Modified")
    assert get("/static/app.js", If_Modified_Since=modified).status == 304


def test_r12_r33_parts_of_a_static_file(get: Get, static_file: bytes) -> None:
    part = get("/static/app.js", Range="bytes=5-9")
    assert part.status == 206
    assert part.field("Content-Encoding") is None
    assert part.field("Content-Range") == f"bytes 5-9/{len(static_file)}"
    assert not part.field("ETag").endswith(':gzip"')
    assert part.read() == static_file[5:10]
    tag = get("/static/app.js").field("ETag")
    whole = get("/static/app.js", Range="bytes=5-9", If_Range=tag)
    assert whole.status == 200
    assert whole.body() == static_file


def test_r28_a_static_file_has_the_same_bytes_every_time(get: Get, static_file: bytes) -> None:
    for coding in CODINGS:
        assert get("/static/app.js", coding).read() == get("/static/app.js", coding).read()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("condition", ["If_None_Match", "If_Modified_Since", "If_Match"])
def test_a_condition_does_not_make_a_stream_be_read(
    app: Flask, get: Get, method: str, condition: str
) -> None:
    pulled = []

    def produce() -> Iterator[str]:
        pulled.append(1)
        yield BODY

    app.extensions["compress"].streaming_endpoint_with_conditional.add("produced")
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


@pytest.fixture
def edit(app: Flask) -> list[str]:
    """Let ``/page/<tag>`` be edited under If-Match; returns what was written."""
    written: list[str] = []

    @app.route("/page/<tag>", methods=["GET", "PUT", "PATCH", "DELETE"])
    def page(tag: str) -> Response:
        response = Response(BODY, headers={"ETag": f'"{tag}"'})
        if request.method != "GET":
            response.make_conditional(request)
            if request.if_match and not request.if_match.contains(tag):
                return Response("somebody else was faster", 412)
            written.append(request.method)
        return response

    return written


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("coding", CODINGS)
def test_r32_an_edit_of_what_was_sent_coded_passes(
    get: Get, edit: list[str], method: str, coding: str
) -> None:
    tag = get("/page/abc", coding).field("ETag")
    assert tag == f'"abc:{coding}"'
    for condition in (tag, '"abc"', f'"x", {tag}', "*"):
        assert get("/page/abc", method=method, If_Match=condition).status == 200
    assert edit == [method] * 4


@pytest.mark.parametrize("condition", ['"old"', '"old:gzip"', '"abc:lzma"', 'W/"abc:gzip"'])
def test_r32_an_edit_of_something_else_does_not(
    get: Get, edit: list[str], condition: str
) -> None:
    assert get("/page/abc", method="PUT", If_Match=condition).status == 412
    assert edit == []


def test_r34_r32_an_edit_under_the_applications_own_tag_that_ends_like_ours(
    get: Get, edit: list[str]
) -> None:
    for condition in ('"abc:br"', get("/page/abc:br", "gzip").field("ETag")):
        assert get("/page/abc:br", method="PUT", If_Match=condition).status == 200
    assert get("/page/abc:br", method="PUT", If_Match='"abc"').status == 412


def test_r32_if_match_of_a_get_is_compared_with_the_coded_tag(get: Get) -> None:
    assert get("/strong", "gzip", If_Match='"tag:gzip"').status == 200
    assert get("/strong", "br", If_Match='"tag:gzip"').status == 412
