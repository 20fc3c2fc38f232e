"""Negotiation through Flask: what attributes and counts say of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask import Response

from pyfastgz import Compress
from pyfastgz import SkipReason

Get = Callable[..., Any]
BODY = "<p>negotiated</p>\n" * 100


def test_the_codings_that_auto_stands_for(app: Flask, get: Get) -> None:
    app.config["COMPRESS_ALGORITHM"] = "auto"
    app.add_url_rule("/", view_func=lambda: BODY)
    compress = Compress(app)
    assert set(compress.enabled_algorithms) == {"gzip", "br", "zstd", "deflate"}
    compress.enabled_algorithms = ("deflate", "gzip")
    assert get("/", "gzip, zstd, deflate").field("Content-Encoding") == "deflate"


def test_a_406_is_counted(app: Flask, get: Get) -> None:
    app.config["COMPRESS_NOT_ACCEPTABLE"] = True
    app.add_url_rule("/", view_func=lambda: BODY)
    compress = Compress(app)
    assert get("/", "identity;q=0, lzma").status == 406
    assert compress.stats().skipped == {SkipReason.NOT_ACCEPTABLE: 1}


def test_media_types_may_be_assigned(app: Flask, get: Get) -> None:
    app.add_url_rule(
        "/<path:mimetype>", view_func=lambda mimetype: Response(BODY, mimetype=mimetype)
    )
    compress = Compress(app)
    compress.compress_mimetypes_set = {"image/*"}
    assert get("/image/png").field("Content-Encoding") == "gzip"
    assert get("/text/html").field("Content-Encoding") is None
