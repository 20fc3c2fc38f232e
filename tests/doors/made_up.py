"""What responses and requests can be made of that nobody would think of, for Hypothesis."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from typing import NamedTuple

from flask import Flask
from flask import Response
from flask import request
from flask import send_file
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.test import create_environ

from pyfastgz import DictCache

METHODS = ("GET", "HEAD", "POST", "PUT", "OPTIONS", "CONNECT")
DATES = ("Thu, 01 Jan 2026 00:00:00 GMT", "Fri, 02 Jan 2026 00:00:00 GMT", "then", "", "0")

latin = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30)
tags = st.sampled_from(
    ['"t"', 'W/"t"', "t", '"t:gzip"', '"t:br"', '"t:zstd"', 'W/"t:gzip"', '""', '"', "*", ""]
)
tag_lists = st.one_of(tags, st.lists(tags, max_size=4).map(", ".join), latin)
dates = st.sampled_from(DATES) | latin
ranges = st.sampled_from(["bytes=0-9", "bytes=5-", "bytes=-5", "bytes=0-0,2-3", "x=1", ""])

codings = st.sampled_from(["gzip", "x-gzip", "deflate", "br", "zstd", "identity", "*", "lzma"])
weights = st.sampled_from(["", ";q=0", ";q=1", ";q=0.5", "; q=0.001", ";q=x", ";Q=1.0", ";"])
accepts = st.lists(st.tuples(codings, weights).map("".join), max_size=5).map(", ".join)

usual_accepts = st.sampled_from(["gzip, deflate, br, zstd", "gzip", "deflate", "br", "zstd"])

request_fields = st.fixed_dictionaries(
    {},
    optional={
        "Accept-Encoding": usual_accepts | usual_accepts | accepts | latin,
        "If-Match": tag_lists,
        "If-None-Match": tag_lists,
        "If-Modified-Since": dates,
        "If-Unmodified-Since": dates,
        "If-Range": tags | dates,
        "Range": ranges,
    },
)

types = st.sampled_from(
    ["text/html", "text/html; charset=utf-8", "TEXT/HTML", "text/event-stream", "image/png", ""]
)
lengths = st.sampled_from(["0", "5", "600", "99999", "-1", "x", "9" * 5000])
response_fields = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["ETag", "etag"]), tags | latin),
        st.tuples(st.just("Last-Modified"), dates),
        st.tuples(st.just("Vary"), st.sampled_from(["*", "Cookie", "accept-encoding", ", ,"])),
        st.tuples(st.just("Content-Type"), types | latin),
        st.tuples(st.just("Content-Encoding"), st.sampled_from(["gzip", "identity", ""])),
        st.tuples(
            st.just("Content-Range"), st.sampled_from(["bytes 0-9/10", "rows 1-2/*", ""])
        ),
        st.tuples(st.just("Cache-Control"), st.sampled_from(["no-transform", "max-age=1", ""])),
        st.tuples(st.just("Content-Length"), lengths),
        st.tuples(st.sampled_from(["Accept-Ranges", "Digest", "Content-MD5", "Date"]), latin),
        st.tuples(st.sampled_from(["X-Sendfile", "Upgrade", "Server-Timing"]), latin),
        st.tuples(st.from_regex(r"[A-Za-z-]{1,12}", fullmatch=True), latin),
    ),
    max_size=4,
)

pieces = st.one_of(
    st.sampled_from(["<p>page</p>" * 200, b"<p>bytes</p>" * 6000]),
    st.sampled_from(["<p>more</p>" * 100, b"data: 1\n\n" * 90]),
    st.text(max_size=40),
    st.binary(max_size=40),
    st.integers(0, 2000).map(lambda count: "<p>again</p>" * count),
    st.binary(min_size=600, max_size=700),
    st.binary(max_size=9).map(bytearray),
)


class Recipe(NamedTuple):
    """How to make a response; every time the same."""

    shape: str
    pieces: list[Any]
    headers: str
    fields: list[tuple[str, str]]
    status: int
    passthrough: bool
    conditional: bool
    has_ranges: bool

    def body(self) -> Any:
        """Return the body, anew."""
        if self.shape == "list":
            return list(self.pieces)
        if self.shape == "tuple":
            return tuple(self.pieces)
        if self.shape == "generator":
            return (piece for piece in self.pieces)
        return b"".join(p.encode() if isinstance(p, str) else bytes(p) for p in self.pieces)

    def response(self) -> Response:
        """Return the response, anew."""
        if self.shape == "file":
            response = send_file(
                io.BytesIO(self.body()), mimetype="text/html", conditional=self.conditional
            )
        else:
            response = Response(mimetype="text/html", direct_passthrough=self.passthrough)
            body = self.body()
            response.response = [body] if isinstance(body, bytes) else body
        headers = Headers([*response.headers, *self.fields])
        if self.shape != "file" or not self.conditional:
            response.status_code = self.status
        response.headers = headers
        # Of another status werkzeug would make a 206 or 304 and forget it.
        if self.conditional and self.shape != "file" and self.status == 200:
            nbytes = sum(len(piece) for piece in self.pieces)
            response.make_conditional(request, self.has_ranges, nbytes)
        if self.headers == "dict":
            response.headers = dict(response.headers)  # type: ignore[assignment]
        elif self.headers == "list":
            response.headers = list(response.headers)  # type: ignore[assignment]
        return response


statuses = st.sampled_from([201, 204, 205, 206, 301, 304, 404, 412, 416, 500, 99])

recipes = st.builds(
    Recipe,
    shape=st.sampled_from(["list", "tuple", "generator", "bytes", "file"]),
    pieces=st.lists(pieces, max_size=4),
    headers=st.sampled_from(["Headers", "dict", "list"]),
    fields=response_fields,
    status=st.just(200) | statuses,
    passthrough=st.booleans(),
    conditional=st.booleans(),
    has_ranges=st.booleans(),
)

configurations = st.fixed_dictionaries(
    {},
    optional={
        "COMPRESS_ERRORS": st.booleans(),
        "COMPRESS_EVALUATE_CONDITIONAL_REQUEST": st.booleans(),
        "COMPRESS_MIN_SIZE": st.sampled_from([0, 1, 500, 5000]),
        "COMPRESS_NOT_ACCEPTABLE": st.booleans(),
        "COMPRESS_SERVER_TIMING": st.booleans(),
        "COMPRESS_STREAMS": st.booleans(),
        "COMPRESS_ALGORITHM": st.sampled_from(["auto", "gzip", "br, gzip", "zstd, deflate"]),
        "COMPRESS_EXTRA_MIMETYPES": st.just(["text/event-stream"]),
        "COMPRESS_CACHE_KEY": st.just(lambda request: request.full_path),
        "COMPRESS_CACHE_BACKEND": st.just(DictCache),
    },
)


class Sent(NamedTuple):
    """What came out of an application."""

    status: int
    headers: Headers
    body: bytes


def ask(app: Flask, method: str, fields: dict[str, str]) -> Sent | None:
    """Ask an application; None where it fails, as with a body that nobody can send."""
    started: list[tuple[int, Headers]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        started.append((int(status[:3]), Headers(headers)))

    environ = create_environ("/", method=method, headers=fields)
    try:
        iterable = app.wsgi_app(environ, start_response)
        body = b"".join(
            piece.encode() if isinstance(piece, str) else piece for piece in iterable
        )
        close: Callable[[], object] = getattr(iterable, "close", lambda: None)
        close()
    except (TypeError, ValueError, AttributeError):
        return None
    return Sent(*started[-1], body)


def make_app(recipe: Recipe) -> Flask:
    app = Flask("made up")
    app.testing = True
    app.add_url_rule("/", view_func=recipe.response, methods=METHODS)
    app.register_error_handler(
        RequestedRangeNotSatisfiable, lambda error: ("no such range", 416)
    )
    return app
