"""Entity tags and conditional requests through Flask."""

from __future__ import annotations

import os
import random
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
from pyfastgz import engine

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
    @app.get("/own-noise", endpoint="own_noise")
    @app.get("/tiny", endpoint="tiny")
    @app.get("/own-tiny", endpoint="own_tiny")
    def noise() -> Response:
        body = "tiny" if "tiny" in request.path else random.Random(1).randbytes(3000)
        fields = {"ETag": '"tag"', "Last-Modified": DATE}
        response = Response(body, mimetype="text/plain", headers=fields)
        if "own" in request.path:
            response.make_conditional(request)
        return response

    @app.get("/bare-304")
    def bare_304() -> Response:
        if request.if_none_match.contains_weak("tag"):
            return Response(status=304, headers={"ETag": '"tag"'})
        return Response(BODY, headers={"ETag": '"tag"'})

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

    monkeypatch.setattr(engine, "compress", fail)
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


@pytest.mark.parametrize("path", ["/strong", "/static/app.js"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_412_says_nothing_of_the_representation(
    get: Get, static_file: bytes, path: str, method: str
) -> None:
    # The application passes the tag of its own, which is not that of the coded representation.
    plain = get(path, accept=None).field("ETag")
    exchange = get(path, method=method, If_Match=plain)
    assert exchange.status == 412
    for name in ("ETag", "Last-Modified", "Content-Encoding", "Accept-Ranges"):
        assert exchange.field(name) is None
    assert exchange.field("Vary") == "Accept-Encoding"
    assert exchange.field("Content-Type") == "text/plain; charset=utf-8"
    body = exchange.body()
    assert (b"condition" in body) is (method == "GET")
    assert len(body) < 100


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


def test_static_file_with_its_plain_tag(get: Get, static_file: bytes) -> None:
    tag = get("/static/app.js", accept=None).field("ETag")
    exchange = get("/static/app.js", If_None_Match=tag)
    assert exchange.status == 304
    assert exchange.field("ETag") == tag
    assert exchange.field("Vary") == "Accept-Encoding"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/static/app.js", "/own-strong"])
def test_r48_a_304_by_date_carries_the_tag_of_the_coded_200(
    get: Get, static_file: bytes, path: str, method: str
) -> None:
    full = get(path, method=method)
    exchange = get(path, method=method, If_Modified_Since=full.field("Last-Modified"))
    assert exchange.status == 304
    assert exchange.field("ETag") == full.field("ETag")
    assert exchange.field("ETag").endswith(':gzip"')
    assert exchange.field("Vary") == "Accept-Encoding"
    assert exchange.field("Accept-Ranges") is None
    plain = get(path, accept=None, method=method, If_Modified_Since=full.field("Last-Modified"))
    assert plain.status == 304
    assert not plain.field("ETag").endswith(':gzip"')


@pytest.mark.parametrize(
    ("path", "why"), [("/own-noise", "it does not shrink"), ("/own-tiny", "it is too small")]
)
def test_r48_a_304_by_date_carries_the_tag_of_a_200_that_is_not_coded(
    get: Get, path: str, why: str
) -> None:
    assert get(path).field("ETag") == '"tag"', why
    exchange = get(path, If_Modified_Since=DATE)
    assert exchange.status == 304
    assert exchange.field("ETag") == '"tag"'


@pytest.mark.parametrize(
    "condition", ['"tag:gzip"', 'W/"tag:gzip"', '"x", "tag:gzip"', "tag:gzip"]
)
@pytest.mark.parametrize("path", ["/strong", "/own-strong", "/bare-304", "/static/app.js"])
def test_r45_r48_whoever_evaluates_the_tag_the_304_is_the_same(
    get: Get, static_file: bytes, path: str, condition: str
) -> None:
    tag = get(path).field("ETag")
    opaque = "tag:gzip" if tag == '"tag:gzip"' else tag[1:-1]
    exchange = get(path, If_None_Match=condition.replace("tag:gzip", opaque))
    assert exchange.status == 304
    assert exchange.field("ETag") == tag
    assert exchange.field("Accept-Ranges") is None


@pytest.mark.parametrize("path", ["/own-strong", "/static/app.js"])
@pytest.mark.parametrize("accept", ["br", "zstd, gzip", None, "gzip;q=0, br"])
def test_r31_another_coding_is_a_200_though_the_view_says_304(
    get: Get, static_file: bytes, path: str, accept: str | None
) -> None:
    tag = get(path, accept="gzip").field("ETag")
    exchange = get(path, accept=accept, If_None_Match=tag)
    assert exchange.status == 200
    assert exchange.field("ETag") != tag
    assert exchange.body() == (static_file if path.startswith("/static") else BODY.encode())


def test_r48_a_304_without_a_body_to_send_instead_keeps_the_clients_tag(get: Get) -> None:
    exchange = get("/bare-304", accept="gzip", If_None_Match='"tag:gzip"')
    assert (exchange.status, exchange.field("ETag")) == (304, '"tag:gzip"')
    # Here a 200 would have another coding, so the view is not told of the tag.
    for accept in ("gzip, zstd", "zstd", None):
        exchange = get("/bare-304", accept=accept, If_None_Match='"tag:gzip"')
        assert exchange.status == 200
        assert exchange.body() == BODY.encode()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/own-strong", "/static/app.js"])
def test_r45_if_match_of_a_get_passes_the_view_and_the_coding(
    get: Get, static_file: bytes, path: str, method: str
) -> None:
    tag = get(path).field("ETag")
    exchange = get(path, method=method, If_Match=tag)
    assert exchange.status == 200
    assert exchange.field("ETag") == tag
    assert get(path, method=method, If_Match='"other:gzip"').status == 412
    assert get(path, method=method, If_Match=f"W/{tag}").status == 412


@pytest.mark.parametrize("why", ["exempt", "not registered"])
def test_r31_what_is_not_coded_any_more_is_no_304_for_a_coded_copy(
    app: Flask, get: Get, why: str
) -> None:
    @app.get("/no-longer")
    def no_longer() -> Response:
        response = Response(BODY, mimetype="text/html", headers={"ETag": '"tag"'})
        response.make_conditional(request)
        return response

    if why == "not registered":
        app.config["COMPRESS_REGISTER"] = False
        Compress(app)
    if why == "exempt":
        app.view_functions["no_longer"] = Compress(app).exempt(no_longer)
    exchange = get("/no-longer", If_None_Match='"tag:gzip"')
    assert exchange.status == 200
    assert exchange.field("ETag") == '"tag"'
    assert exchange.body() == BODY.encode()
    assert get("/no-longer", If_None_Match='"tag"').status == 304


def test_r48_what_is_no_candidate_any_more_keeps_the_tag_that_the_client_has(
    app: Flask, get: Get
) -> None:
    @app.get("/no-longer")
    def no_longer() -> Response:
        response = Response(BODY, mimetype="image/png", headers={"ETag": '"tag"'})
        response.make_conditional(request)
        return response

    exchange = get("/no-longer", If_None_Match='"tag:gzip"')
    assert (exchange.status, exchange.field("ETag")) == (304, '"tag:gzip"')


STATES = {
    "noise": '"tag"',
    "tiny": '"tag"',
    "fails": '"tag"',
    "strong": '"tag:gzip"',
}


@pytest.mark.parametrize("kind", STATES)
@pytest.mark.parametrize("evaluates", [True, False])
def test_conditions_are_evaluated_whatever_becomes_of_the_body(
    app: Flask, get: Get, monkeypatch: pytest.MonkeyPatch, kind: str, evaluates: bool
) -> None:
    app.config["COMPRESS_EVALUATE_CONDITIONAL_REQUEST"] = evaluates
    if kind == "fails":
        monkeypatch.setattr(engine, "compress", None)
    tag = get(f"/{kind}").field("ETag")
    assert tag == STATES[kind]
    for condition, status in [(tag, 304), ("*", 304), ('"x"', 200)]:
        exchange = get(f"/{kind}", If_None_Match=condition)
        assert exchange.status == (status if evaluates else 200)
        assert exchange.field("ETag") == tag
        assert exchange.field("Vary") == "Accept-Encoding"
    exchange = get("/strong", accept=None, If_None_Match='"tag"')
    assert exchange.status == (304 if evaluates else 200)


def test_if_unmodified_since(get: Get) -> None:
    earlier = "Wed, 01 Jan 2025 00:00:00 GMT"
    assert get("/strong", If_Unmodified_Since=DATE).status == 200
    assert get("/strong", If_Unmodified_Since=earlier).status == 412
    assert get("/strong", If_Unmodified_Since="yesterday").status == 200
    # It does not count where If-Match is (RFC 9110 section 13.1.4).
    assert get("/strong", If_Unmodified_Since=earlier, If_Match='"tag:gzip"').status == 200


@pytest.mark.parametrize("status", [203, 404, 500])
def test_conditions_of_errors_are_not_evaluated(app: Flask, get: Get, status: int) -> None:
    app.config["COMPRESS_ERRORS"] = True
    Compress(app)
    app.add_url_rule("/error", view_func=lambda: (BODY, status, {"ETag": '"t"'}))
    exchange = get("/error", If_None_Match='"t:gzip"')
    assert exchange.status == (304 if status == 203 else status)


RANGE = {"Range": "bytes=5-9"}


@pytest.mark.parametrize(
    "condition",
    [
        {"If_Range": DATE},
        {"If_Range": "coded"},
        {"If_Match": "coded"},
        {"If_Match": "coded and other"},
        {"If_Match": "coded", "If_Range": "plain"},
        {"If_Unmodified_Since": DATE},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["file", "page", "stream"])
@pytest.mark.parametrize("coding", CODINGS)
def test_r47_no_range_for_a_client_that_may_hold_coded_bytes(
    get: Get,
    ranged: dict[str, bytes],
    kind: str,
    coding: str,
    condition: dict[str, str],
) -> None:
    path = f"/ranged/{kind}"
    plain = get(path, accept=None).field("ETag")
    full = get(path, accept=coding)
    tag = full.field("ETag")
    assert tag.endswith(f':{coding}"')
    raw = full.read()
    named = {"coded": tag, "coded and other": f'"x", {tag}', "plain": plain}
    conditions = {name: named.get(value, value) for name, value in condition.items()}
    exchange = get(path, accept=coding, **RANGE, **conditions)
    assert exchange.status == 200
    assert exchange.field("Content-Range") is None
    assert exchange.field("Accept-Ranges") is None
    assert exchange.field("ETag") == tag
    # The same tag, the same bytes.
    assert exchange.read() == raw


@pytest.mark.parametrize("kind", ["file", "page", "stream"])
@pytest.mark.parametrize(
    ("accept", "condition"),
    [
        ("gzip", {}),
        ("gzip", {"If_Range": "plain"}),
        ("gzip", {"If_Match": "plain"}),
        ("gzip", {"If_Match": "*"}),
        ("gzip", {"If_Match": "plain", "If_Range": "plain"}),
        (None, {"If_Range": DATE}),
        ("identity", {"If_Unmodified_Since": DATE}),
    ],
    ids=str,
)
def test_r47_a_range_for_a_client_that_holds_identity_bytes(
    get: Get,
    ranged: dict[str, bytes],
    kind: str,
    accept: str | None,
    condition: dict[str, str],
) -> None:
    path = f"/ranged/{kind}"
    plain = get(path, accept=None).field("ETag")
    conditions = {
        name: plain if value == "plain" else value for name, value in condition.items()
    }
    exchange = get(path, accept=accept, **RANGE, **conditions)
    assert exchange.status == 206
    assert exchange.field("Content-Encoding") is None
    assert exchange.field("Content-Range") == f"bytes 5-9/{len(ranged[kind])}"
    assert exchange.field("ETag") == plain
    assert exchange.field("Vary") == "Accept-Encoding"
    assert exchange.read() == ranged[kind][5:10]


def test_r47_no_range_of_identity_for_a_client_that_refuses_identity(
    get: Get, ranged: dict[str, bytes]
) -> None:
    exchange = get("/ranged/file", accept="gzip, identity;q=0", **RANGE)
    assert exchange.status == 200
    assert exchange.body() == ranged["file"]


def test_r47_a_weak_tag_is_no_reason_for_a_range(app: Flask, get: Get) -> None:
    @app.get("/weak-range")
    def weak_range() -> Response:
        response = Response(BODY, headers={"ETag": 'W/"tag"'})
        response.make_conditional(request, True, len(BODY))
        return response

    exchange = get("/weak-range", Range="bytes=5-9", If_Range='W/"tag"')
    assert exchange.status == 200
    assert exchange.body() == BODY.encode()
    assert get("/weak-range", Range="bytes=5-9").status == 206


def test_r47_a_304_comes_before_the_range(get: Get, ranged: dict[str, bytes]) -> None:
    tag = get("/ranged/file").field("ETag")
    for condition in ({"If_None_Match": tag}, {"If_Modified_Since": DATE}):
        exchange = get("/ranged/file", **RANGE, **condition)
        assert (exchange.status, exchange.field("ETag")) == (304, tag)
    assert get("/ranged/file", If_None_Match='"x"', **RANGE).status == 206
    assert get("/ranged/file", If_Match='"x"', **RANGE).status == 412


def test_r47_a_range_of_coded_bytes_that_is_beyond_the_others(
    get: Get, ranged: dict[str, bytes]
) -> None:
    tag = get("/ranged/file").field("ETag")
    exchange = get("/ranged/file", Range="bytes=99999999-", If_Match=tag)
    assert exchange.status == 200
    assert exchange.body() == ranged["file"]


def test_r47_ranges_of_what_is_too_small(app: Flask, get: Get, tmp_path: Path) -> None:
    (tmp_path / "small.js").write_bytes(b"small enough" * 20)
    app.add_url_rule("/small", view_func=lambda: send_file(tmp_path / "small.js"))
    full = get("/small")
    modified, tag = full.field("Last-Modified"), full.field("ETag")
    assert get("/small", If_Range=tag, **RANGE).status == 206
    # Identity may have been refused before, and then it was coded.
    assert get("/small", accept="gzip, identity;q=0").field("Content-Encoding") == "gzip"
    assert get("/small", If_Range=modified, **RANGE).status == 200


@pytest.mark.parametrize("accept", [None, "gzip;q=0", "identity"])
def test_r47_no_range_beside_a_coded_tag_whatever_is_accepted_now(
    get: Get, ranged: dict[str, bytes], accept: str | None
) -> None:
    tag = get("/ranged/file").field("ETag")
    assert get("/ranged/file", accept=accept, If_Match=tag, **RANGE).status in {200, 412}


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


def test_r47_ranges_of_what_is_never_coded_stay(app: Flask, get: Get) -> None:
    @app.get("/image")
    def image() -> Response:
        fields = {"ETag": '"tag"', "Last-Modified": DATE}
        response = Response(BODY, mimetype="image/png", headers=fields)
        response.make_conditional(request, True, len(BODY))
        return response

    assert get("/image", If_Range=DATE, **RANGE).status == 206


@pytest.fixture
def ranged(app: Flask, static_file: bytes) -> dict[str, bytes]:
    """Serve a file, a body in memory and a stream, each in ranges too."""
    bodies = {"file": static_file, "page": BODY.encode(), "stream": BODY.encode()}
    os.utime(f"{app.static_folder}/app.js", (1, 1_700_000_000))

    @app.get("/ranged/<kind>")
    def ranges(kind: str) -> Response:
        if kind == "file":
            response = send_file(f"{app.static_folder}/app.js", last_modified=1_767_225_600)
            assert response.headers["Last-Modified"] == DATE
            return response
        body: Any = bodies[kind]
        if kind == "stream":
            body = (part for part in (body[:50], body[50:]))
        fields = {"ETag": '"tag"', "Last-Modified": DATE}
        response = Response(body, mimetype="text/html", headers=fields)
        response.make_conditional(request, True, len(bodies[kind]))
        return response

    return bodies


MALFORMED = [
    "",
    '""',
    '"a", ""',
    '"',
    '"a',
    'a"',
    'a"b',
    '"a" "b"',
    '"a""b"',
    "W/",
    'W/"',
    "w/*",
    "*, *",
    '*, "a"',
    ",",
    ",,,",
    " , ",
    '"a",,"b"',
    "'a'",
    '"a"b"',
    '"tag:gzip',
    'tag:gzip"',
    '"\xff\x00"',
    ";",
    "\t",
    '"a"' * 300,
    '"a",' * 16000,
    "x" + " " * 64000 + "x",
    '"' * 5001,
    "," * 5001,
    "W/" * 5001,
]


@pytest.mark.parametrize("name", ["If_Match", "If_None_Match", "If_Range"])
@pytest.mark.parametrize("value", MALFORMED, ids=range(len(MALFORMED)))
def test_r46_any_value_of_a_condition_is_survived(
    app: Flask, get: Get, static_file: bytes, name: str, value: str
) -> None:
    seen = []
    key = f"HTTP_{name.upper()}"

    @app.route("/any", methods=["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"])
    def any_method() -> tuple[str, dict[str, str]]:
        seen.append(request.environ[key])
        return BODY, {"ETag": '"tag"'}

    for method in ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"):
        exchange = get("/any", method=method, **{name: value})
        assert exchange.status in {200, 304, 412}
        exchange.read()
        exchange = get("/missing/page", method=method, **{name: value})
        assert exchange.status == 404
        exchange.read()
        # werkzeug reads these itself; what we add must not disturb it.
        if len(value) < 1000 and value.count('""') == 0:
            assert get("/static/app.js", method=method, **{name: value}).status in {
                200,
                304,
                405,
                412,
            }
    assert seen == [value] * len(seen)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
@pytest.mark.parametrize("coding", CODINGS)
def test_r45_the_application_sees_its_tags_in_both_fields(
    app: Flask, get: Get, method: str, coding: str
) -> None:
    written = []

    @app.route("/create", methods=["PUT", "PATCH", "DELETE", "POST"])
    def create() -> tuple[str, int]:
        if request.if_none_match.contains_weak("t"):
            return "it is there already", 412
        written.append(request.method)
        return "made", 201

    for condition in (f'"t:{coding}"', '"t"', f'"x", W/"t:{coding}"', f"t:{coding}"):
        assert get("/create", method=method, If_None_Match=condition).status == 412
    assert written == []
    assert get("/create", method=method, If_None_Match='"other:gzip"').status == 201


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


@pytest.mark.parametrize("evaluates", [True, False])
@pytest.mark.parametrize("kind", ["text", "stream"])
def test_r30_a_304_that_a_view_makes_by_hand_stays_one(
    app: Flask, get: Get, kind: str, evaluates: bool
) -> None:
    app.config["COMPRESS_EVALUATE_CONDITIONAL_REQUEST"] = evaluates

    @app.get("/by-hand")
    def by_hand() -> Response:
        if "t" in request.if_none_match or request.if_modified_since:
            body: Any = "Not modified" if kind == "text" else iter(())
            response = Response(body, 304)
        else:
            response = Response(BODY, mimetype="text/html")
        response.set_etag("t")
        return response

    for condition in (
        {"If_None_Match": '"t:gzip"'},
        {"If_None_Match": '"t:zstd"'},
        {"If_Modified_Since": DATE},
    ):
        exchange = get("/by-hand", accept="gzip", **condition)
        if exchange.status == 200:
            assert exchange.body() == BODY.encode()
            assert condition != {"If_Modified_Since": DATE}
            assert not evaluates or condition == {"If_None_Match": '"t:zstd"'}
        else:
            assert (exchange.status, exchange.field("ETag")) == (304, '"t:gzip"')


def test_nothing_is_coded_for_a_304_of_a_view_by_a_tag(
    get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "compress", None)
    exchange = get("/own-strong", If_None_Match='"tag:gzip"')
    assert (exchange.status, exchange.field("ETag")) == (304, '"tag:gzip"')


@pytest.mark.parametrize("body", ["", BODY])
def test_r48_a_304_that_names_no_tag_gets_the_one_that_it_stands_for(
    app: Flask, get: Get, body: str
) -> None:
    @app.get("/untagged")
    def untagged() -> Any:
        if request.headers.get("If-None-Match") == '"t"':
            return body, 304
        return BODY, {"ETag": '"t"'}

    tag = get("/untagged").field("ETag")
    exchange = get("/untagged", If_None_Match=tag)
    assert (exchange.status, exchange.field("ETag")) == (304, tag)
    # Nothing was translated, so nothing is added.
    plain = get("/untagged", accept=None, If_None_Match='"t"')
    assert (plain.status, plain.field("ETag")) == (304, None)


@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("accept", ["gzip", None])
def test_r45_an_application_that_compares_the_text(
    app: Flask, get: Get, accept: str | None, quoted: bool
) -> None:
    version = '"v1"' if quoted else "v1"
    made = []

    @app.route("/text", methods=["GET", "PUT"])
    def text() -> Any:
        if request.method == "PUT":
            if request.headers.get("If-Match") != version:
                return "somebody else was faster", 412
            return "", 204
        if request.headers.get("If-None-Match") == version:
            return "", 304, {"ETag": version}
        made.append(1)
        return BODY, {"ETag": version}

    tag = get("/text", accept=accept).field("ETag")
    again = get("/text", accept=accept, If_None_Match=tag)
    assert (again.status, again.field("ETag")) == (304, tag)
    assert made == [1]
    assert get("/text", method="PUT", If_Match=tag).status == 204
    assert get("/text", method="PUT", If_Match='"v0:gzip"').status == 412


def test_r45_a_layer_between_may_put_in_a_condition_of_its_own(app: Flask, get: Get) -> None:
    inner = app.wsgi_app

    def layer(environ: dict[str, Any], start_response: Any) -> Any:
        list(inner(environ, lambda *args: lambda data: None))
        environ["HTTP_IF_NONE_MATCH"] = '"other"'
        return inner(environ, start_response)

    app.wsgi_app = layer  # type: ignore[method-assign]
    assert get("/strong", If_None_Match='"tag:gzip"').status == 200


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


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("condition", ["If_None_Match", "If_Modified_Since", "If_Match"])
def test_a_condition_does_not_make_a_stream_be_read(
    app: Flask, get: Get, method: str, condition: str
) -> None:
    pulled = []

    def produce() -> Iterator[str]:
        pulled.append(1)
        yield BODY

    app.extensions["compress"].settings.set_of("streaming_endpoint_conditional").add("produced")
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


def test_r34_an_own_tag_protects_what_is_there_before_it_was_ever_sent(get: Get) -> None:
    app = Flask("own")

    @app.put("/")
    def view() -> Any:
        return "", 412 if request.if_none_match.contains_weak("v1:br") else 204

    Compress(app)
    assert get("/", method="PUT", to=app, If_None_Match='"v1:br"').status == 412


def test_r52_own_tags_that_are_remembered_are_bounded(app: Flask, get: Get) -> None:
    app.add_url_rule("/own/<n>", view_func=lambda n: (BODY, {"ETag": f'"{n}:br"'}))
    for number in range(1100):
        get(f"/own/{number}").read()
    own = app.extensions["compress"].own_tags
    assert len(own) <= 1024
    assert "1099:br" in own


def test_r34_r32_an_edit_under_the_applications_own_tag_that_ends_like_ours(
    get: Get, edit: list[str]
) -> None:
    for condition in ('"abc:br"', get("/page/abc:br", "gzip").field("ETag")):
        assert get("/page/abc:br", method="PUT", If_Match=condition).status == 200
    assert get("/page/abc:br", method="PUT", If_Match='"abc"').status == 412


@pytest.mark.parametrize("path", ["/strong", "/own-strong", "/static/app.js"])
@pytest.mark.parametrize("condition", ["*", " * "])
def test_if_match_of_anything(get: Get, static_file: bytes, path: str, condition: str) -> None:
    assert get(path, If_Match=condition).status == 200
    tag = get(path).field("ETag")
    assert get(path, If_Match=condition, If_None_Match=tag).status == 304


def test_r32_if_match_of_a_get_is_compared_with_the_coded_tag(get: Get) -> None:
    assert get("/strong", "gzip", If_Match='"tag:gzip"').status == 200
    assert get("/strong", "br", If_Match='"tag:gzip"').status == 412
