"""Negotiation through Flask: refusals, orders that depend on size, media types."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask import Response

from pyfastgz import Compress
from pyfastgz import SkipReason

Get = Callable[..., Any]
BODY = "<p>negotiated</p>\n" * 100
NOTHING = "identity;q=0, lzma"


@pytest.fixture
def closings(app: Flask) -> list[str]:
    closings: list[str] = []

    class Chunks:
        def __iter__(self) -> Iterator[str]:
            raise AssertionError("nobody may see this")

        def close(self) -> None:
            closings.append("closed")

    @app.route("/", methods=["GET", "POST"])
    def view() -> Response:
        fields = {
            "ETag": '"tag"',
            "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT",
            "Content-Language": "en",
            "Content-Digest": "sha-256=:AA==:",
            "Vary": "Cookie",
            "Access-Control-Allow-Origin": "*",
        }
        return Response(BODY, mimetype="text/html", headers=fields)

    @app.get("/stream")
    def stream() -> Response:
        return Response(Chunks(), mimetype="text/html")

    return closings


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_r10_r20_nothing_acceptable_is_a_406_if_that_is_configured(
    app: Flask, get: Get, closings: list[str], method: str
) -> None:
    app.config["COMPRESS_NOT_ACCEPTABLE"] = True
    compress = Compress(app)
    exchange = get("/", NOTHING, method=method)
    assert exchange.status == 406
    names = {name for name, _ in exchange.headers}
    assert names == {"Content-Type", "Content-Length", "Vary", "Access-Control-Allow-Origin"}
    assert exchange.field("Vary") == "Cookie, Accept-Encoding"
    assert exchange.field("Content-Type").startswith("text/plain")
    body = exchange.body()
    assert b"negotiated" not in body
    assert (body == b"") is (method == "HEAD")
    assert compress.stats().skipped == {SkipReason.NOT_ACCEPTABLE: 1}
    # Whoever accepts something gets it.
    assert get("/", "*;q=0, gzip").field("Content-Encoding") == "gzip"
    assert get("/", "lzma").status == 200
    assert get("/", None).status == 200


def test_r10_r38_a_stream_that_is_refused_is_closed_and_never_read(
    app: Flask, get: Get, closings: list[str]
) -> None:
    app.config["COMPRESS_NOT_ACCEPTABLE"] = True
    Compress(app)
    exchange = get("/stream", NOTHING)
    assert exchange.status == 406
    assert b"accepts neither" in exchange.body()
    assert closings == ["closed"]


def test_r10_nothing_acceptable_is_identity_otherwise(
    app: Flask, get: Get, closings: list[str]
) -> None:
    Compress(app)
    exchange = get("/", NOTHING)
    assert exchange.status == 200
    assert exchange.body() == BODY.encode()
    assert exchange.field("Vary") == "Cookie, Accept-Encoding"


def test_auto_chooses_by_size(app: Flask, get: Get) -> None:
    app.config["COMPRESS_ALGORITHM"] = "auto"
    app.config["COMPRESS_ALGORITHM_STREAMING"] = "auto"
    app.add_url_rule("/<int:nbytes>", view_func=lambda nbytes: "x" * nbytes)
    app.add_url_rule(
        "/list/<int:nbytes>",
        view_func=lambda nbytes: Response(["x" * (nbytes - 1), b"x"], mimetype="text/html"),
        endpoint="list",
    )
    app.add_url_rule(
        "/stream", view_func=lambda: Response(iter([BODY]), mimetype="text/html"), endpoint="s"
    )
    app.add_url_rule(
        "/text/<int:nbytes>",
        view_func=lambda nbytes: Response(
            ["é" * (nbytes // 2), "x" * (nbytes % 2)], mimetype="text/html"
        ),
        endpoint="text",
    )
    compress = Compress(app)
    for path in ("", "/list", "/text"):
        assert get(f"{path}/16383", "gzip, zstd").field("Content-Encoding") == "gzip"
        assert get(f"{path}/16384", "gzip, zstd").field("Content-Encoding") == "zstd"
        # What the client likes better goes first.
        assert get(f"{path}/16384", "gzip, zstd;q=0.9").field("Content-Encoding") == "gzip"
    assert get("/stream", "gzip, zstd").field("Content-Encoding") == "zstd"
    assert set(compress.enabled_algorithms) == {"gzip", "br", "zstd", "deflate"}
    compress.enabled_algorithms = ("deflate", "gzip")
    assert get("/99999", "gzip, zstd, deflate").field("Content-Encoding") == "deflate"


def test_the_border_of_auto_may_be_moved(app: Flask, get: Get) -> None:
    app.config["COMPRESS_ALGORITHM"] = "auto"
    app.config["COMPRESS_AUTO_SIZE"] = 1000
    app.add_url_rule("/", view_func=lambda: BODY)
    Compress(app)
    assert len(BODY) > 1000
    assert get("/", "gzip, zstd").field("Content-Encoding") == "zstd"


def test_media_types_with_wildcards(app: Flask, get: Get) -> None:
    app.config["COMPRESS_MIMETYPES"] = ["text/*", "application/*+json"]
    app.add_url_rule(
        "/<path:mimetype>", view_func=lambda mimetype: Response(BODY, mimetype=mimetype)
    )
    compress = Compress(app)
    for mimetype in ("text/html", "text/x-anything", "application/geo+json"):
        assert get(f"/{mimetype}").field("Content-Encoding") == "gzip"
    for mimetype in ("application/json", "image/png"):
        assert get(f"/{mimetype}").field("Content-Encoding") is None
    compress.compress_mimetypes_set = {"image/*"}
    assert get("/image/png").field("Content-Encoding") == "gzip"
    assert get("/text/html").field("Content-Encoding") is None


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd", "br"])
def test_r22_r23_r37_tokens_length_and_a_single_member(
    app: Flask, get: Get, coding: str
) -> None:
    app.config["COMPRESS_ALGORITHM_STREAMING"] = coding
    app.add_url_rule("/", view_func=lambda: BODY)
    app.add_url_rule(
        "/stream",
        view_func=lambda: Response((BODY for _ in range(9)), mimetype="text/html"),
        endpoint="stream",
    )
    Compress(app)
    exchange = get("/", coding)
    assert exchange.lines("Content-Encoding") == [coding]
    assert exchange.field("Content-Length") != str(len(BODY))
    # Decoding checks the length, that "deflate" is the zlib format, and that nothing follows
    # the end of the first member, frame or stream.
    assert exchange.field("Content-Length") is not None
    assert exchange.body() == BODY.encode()
    exchange = get("/stream", coding)
    assert exchange.lines("Content-Encoding") == [coding]
    assert exchange.field("Content-Length") is None
    assert exchange.body() == 9 * BODY.encode()
