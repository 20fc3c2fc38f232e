"""The application of the benchmarks of the hook: with ours, with another, with none.

Objects become JSON in the view, as in nearly every API; pages and files are ready to be sent,
as from a cache. There are several documents of a kind, because a processor learns a single one
by heart.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import count
from time import process_time
from typing import Any

import flask_compress
from flask import Flask
from flask import Response
from flask import render_template

import pyfastgz
from pyfastgz.policy.table import DEFAULTS
from tools.kit.documents import content
from tools.kit.shop.application import create_app as create_shop

NONE, RIVAL, OURS = "no hook", "Flask-Compress", "pyfastgz"

EXTENSIONS: dict[str, Callable[[Flask], object]] = {
    NONE: lambda app: None,
    RIVAL: flask_compress.Compress,
    OURS: pyfastgz.Compress,
}
"""What is put into an application, by name."""

DOCUMENTS, BROWSER = 8, "gzip, deflate, br, zstd"
"""How many documents there are of each kind; what browsers send as Accept-Encoding."""

_CHUNK_NBYTES = 16 * 1024
_EVENTS = 20


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked for, what the client accepts, and what has to come of it."""

    name: str  # for tables and commands
    kind: str  # what is asked for: the first part of the path
    accept_encoding: str  # the Accept-Encoding of the request
    coding: str | None = None  # the coding that both extensions must choose
    weight: int = 1  # how many times as long as the shortest it may take, about

    @property
    def paths(self) -> list[str]:
        """Where the documents of its kind are, which requests ask for in turns."""
        return [f"/{self.kind}/{number}" for number in range(DOCUMENTS)]

    def check_coding(self, extension: str, coding: str | None) -> None:
        """Check that an extension chose the coding that it must.

        :raises ValueError: it did not.
        """
        if coding != (None if extension == NONE else self.coding):
            raise ValueError(f"{extension} answers {self.name} with {coding}")


CASES = {
    case.name: case
    for case in (
        Case("not eligible", "picture", BROWSER),
        Case("below minimum size", "tiny", BROWSER),
        Case("no acceptable coding", "json-2k", "identity"),
        Case("2 KB JSON, gzip", "json-2k", "gzip", "gzip"),
        Case("2 KB JSON, zstd", "json-2k", "zstd", "zstd"),
        Case("12 KB JSON, gzip", "json-12k", "gzip", "gzip"),
        Case("12 KB JSON, zstd", "json-12k", "zstd", "zstd"),
        Case("182 KB HTML, gzip", "html", "gzip", "gzip", weight=10),
        Case("182 KB HTML, zstd", "html", "zstd", "zstd", weight=10),
        Case("streamed 1 MB, gzip", "streamed", "gzip", "gzip", weight=100),
        Case("streamed 1 MB, zstd", "streamed", "zstd", "zstd", weight=100),
        Case("event stream, gzip", "events", "gzip", "gzip", weight=10),
    )
}
"""Every case by name; those of the coding gzip and zstd ask for nothing else."""


def create_app(extension: str) -> Flask:
    """Return an application with an extension of :data:`EXTENSIONS`."""
    app = Flask(__name__)
    app.config["COMPRESS_MIMETYPES"] = [*DEFAULTS["COMPRESS_MIMETYPES"], "text/event-stream"]
    # Flask-Compress leaves gzip out of its default.
    app.config["COMPRESS_ALGORITHM_STREAMING"] = ["zstd", "br", "gzip"]
    EXTENSIONS[extension](app)
    turns = count()
    for kind, view in _VIEWS.items():
        app.add_url_rule(f"/{kind}/<int:number>", kind, view)
        # Load generators know one path only.
        next_one = f"{kind}-next"
        app.add_url_rule(f"/{kind}", next_one, lambda v=view: v(next(turns) % DOCUMENTS))
    # The processor time of this process so far, in seconds.
    app.add_url_rule("/cpu", "cpu", lambda: {"seconds": process_time()})
    return app


@cache
def _page(number: int) -> bytes:
    with create_shop(compress=False).test_request_context():
        entries = content.make_ledger(f"{number}", 710)
        return render_template("ledger.html", entries=entries).encode()


@cache
def _export(number: int) -> bytes:
    return json.dumps(_products(100 * number, 1900)).encode()


def _products(first: int, number: int) -> list[Any]:
    return [content.make_product(product) for product in range(first, first + number)]


def _streamed(number: int) -> Response:
    body = memoryview(_export(number))
    starts = range(0, len(body), _CHUNK_NBYTES)
    chunks = (bytes(body[start : start + _CHUNK_NBYTES]) for start in starts)
    return Response(chunks, mimetype="application/json")


def _events(number: int) -> Response:
    events = content.make_events(DOCUMENTS * _EVENTS)[number::DOCUMENTS]
    return Response((event for event in events), mimetype="text/event-stream")


_make_picture = cache(content.make_png)
_VIEWS: dict[str, Callable[[int], Any]] = {
    "picture": lambda number: Response(_make_picture(50 + number), mimetype="image/png"),
    "tiny": lambda number: {"id": number, "state": "ready"},
    "json-2k": content.make_order,
    "json-12k": lambda number: {"items": _products(21 * number, 21)},
    "html": lambda number: Response(_page(number), mimetype="text/html"),
    "streamed": _streamed,
    "events": _events,
}
