"""The application of the benchmarks of the hook: with ours, with another, with none.

Objects become JSON in the view, as in nearly every API; pages and files are ready to be sent,
as from a cache. There are several documents of a kind, because a processor learns a single one
by heart. They are asked for again and again: an application that keeps coded bodies codes each
twice, one without a store every time. Documents of the kinds that end in ``new`` have a counter
in them, which makes each unlike all before it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace
from functools import cache
from itertools import count
from time import process_time
from time import sleep
from time import time
from typing import TYPE_CHECKING
from typing import Any

import flask_compress
from flask import Flask
from flask import Response
from flask import render_template
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import pyfastgz
from pyfastgz.policy.table import DEFAULTS
from tools.kit.documents import content
from tools.kit.server import ROOT
from tools.kit.shop.application import create_app as create_shop

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIApplication
    from _typeshed.wsgi import WSGIEnvironment

NONE, RIVAL, OURS = "no hook", "Flask-Compress", "pyfastgz"

STORELESS = "pyfastgz without its store"
"""Ours, but nothing that was coded is kept."""

SIBLINGS = "pyfastgz with siblings"
"""Ours, with files that were coded ahead of time beside those of its static folder."""


def _without_store(app: Flask) -> None:
    app.config["COMPRESS_STORE_BYTES"] = 0
    pyfastgz.Compress(app)


EXTENSIONS: dict[str, Callable[[Flask], object]] = {
    NONE: lambda app: None,
    RIVAL: flask_compress.Compress,
    STORELESS: _without_store,
    OURS: pyfastgz.Compress,
    SIBLINGS: pyfastgz.Compress,
}
"""What is put into an application, by name."""

EVERYBODY = NONE, RIVAL, STORELESS, OURS
"""Who is measured in cases with whole bodies."""

WITH_DEFAULTS, WITH_FILES, STORES = (
    (NONE, RIVAL, OURS),
    (NONE, RIVAL, OURS, SIBLINGS),
    EVERYBODY[2:],
)
"""Who is where bodies are not kept, with files, and where nothing repeats."""

DOCUMENTS, BROWSER = 8, "gzip, deflate, br, zstd"
"""How many documents there are of each kind; what browsers send as Accept-Encoding."""

STATIC, STATIC_WITH_SIBLINGS = (ROOT / "build" / "bench" / name for name in ("static", "coded"))
"""Where the same files are: alone, and with their siblings."""

_SETTLED_SECONDS = 2.5
_CHUNK_NBYTES = 16 * 1024
_EVENTS = 20


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked for, what the client accepts, and what has to come of it."""

    name: str  # for tables and commands
    kind: str  # what is asked for: the first part of the path
    accept_encoding: str  # the Accept-Encoding of the request
    coding: str | None = None  # the coding that all extensions must choose
    weight: int = 1  # how many times as long as the shortest it may take, about
    contenders: tuple[str, ...] = WITH_DEFAULTS  # whose applications are asked

    @property
    def paths(self) -> list[str]:
        """Where the documents of its kind are, which requests ask for in turns."""
        return [f"/{self.kind}/{number}" for number in range(DOCUMENTS)]

    @property
    def uncoded(self) -> Case:
        """The same for a client that accepts no coding."""
        return replace(self, accept_encoding="identity", coding=None)

    def check_coding(self, extension: str, coding: str | None) -> None:
        """Check that an extension chose the coding that it must.

        :raises ValueError: it did not.
        """
        if coding != (None if extension == NONE else self.coding):
            raise ValueError(f"{extension} answers {self.name} with {coding}")


def _coded(
    name: str, kind: str, weight: int = 1, contenders: tuple[str, ...] = EVERYBODY
) -> list[Case]:
    """Return a case in each of the codings that are compared."""
    return [
        Case(f"{name}, {coding}", kind, coding, coding, weight, contenders)
        for coding in ("gzip", "zstd")
    ]


CASES = {
    case.name: case
    for case in (
        Case("not eligible", "picture", BROWSER),
        Case("below minimum size", "tiny", BROWSER),
        Case("no acceptable coding", "json-2k", "identity"),
        *_coded("2 KB JSON", "json-2k"),
        *_coded("12 KB JSON", "json-12k"),
        *_coded("182 KB HTML", "html", weight=10),
        *_coded("streamed 1 MB", "streamed", weight=100, contenders=WITH_DEFAULTS),
        Case("event stream, gzip", "events", "gzip", "gzip", weight=10),
        *_coded("2 KB JSON, always new", "json-2k-new", contenders=STORES),
        *_coded("12 KB JSON, always new", "json-12k-new", contenders=STORES),
        *_coded("182 KB HTML, always new", "html-new", weight=3, contenders=STORES),
    )
}
"""Every case by name; those of the coding gzip and zstd ask for nothing else."""


FILES = {
    case.name: case
    for case in (
        *_coded("100 KB script", "static/app.js", contenders=WITH_FILES),
        *_coded("5 KB style sheet", "static/site.css", contenders=WITH_FILES),
    )
}
"""Cases whose documents are files, one of each, for servers."""


def mount(extension: str) -> str:
    """Return the path below which a worker has the application with an extension."""
    return f"/{list(EXTENSIONS).index(extension)}"


def create_worker() -> WSGIApplication:
    """Return all applications in one: each where :func:`mount` says.

    ``/cpu`` says how much of the processor the process took so far, in seconds.
    """

    def tell(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        body = repr(process_time()).encode("ascii")
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    apps: dict[str, WSGIApplication] = {mount(e): create_app(e) for e in EXTENSIONS}
    return DispatcherMiddleware(tell, apps)


def create_app(extension: str) -> Flask:
    """Return an application with an extension of :data:`EXTENSIONS`."""
    folder = STATIC_WITH_SIBLINGS if extension == SIBLINGS else STATIC
    app = Flask(__name__, static_folder=folder, static_url_path="/static")
    app.config["COMPRESS_MIMETYPES"] = [*DEFAULTS["COMPRESS_MIMETYPES"], "text/event-stream"]
    # Flask-Compress leaves gzip out of its default.
    app.config["COMPRESS_ALGORITHM_STREAMING"] = ["zstd", "br", "gzip"]
    EXTENSIONS[extension](app)
    turns, serials = count(), count()
    views = {
        **_VIEWS,
        "json-2k-new": lambda number: _order(number) | {"serial": f"{next(serials):012}"},
        "json-12k-new": lambda number: _list(number) | {"serial": f"{next(serials):012}"},
        "html-new": lambda number: _html(
            b"%b<!-- %012d -->" % (make_page(number), next(serials))
        ),
    }
    for kind, view in views.items():
        app.add_url_rule(f"/{kind}/<int:number>", kind, view)
        # Load generators know one path only.
        next_one = f"{kind}-next"
        app.add_url_rule(f"/{kind}", next_one, lambda v=view: v(next(turns) % DOCUMENTS))
    return app


def write_files() -> None:
    """Write the files of :data:`FILES` that are not there yet, and code their siblings.

    Return when they are so old that another change could not be taken for this one: until then
    nobody relies on them.

    :raises subprocess.CalledProcessError: the command that does so fails.
    """
    catalogue = json.dumps(_products(0, 160), indent=1)
    rules = (
        f".{product['slug']} {{\n  width: {product['weight_g']}px;\n  margin: 0 auto;\n}}\n"
        for product in _products(0, 75)
    )
    texts = {"app.js": f"const catalogue = {catalogue};\n", "site.css": "".join(rules)}
    for folder in (STATIC, STATIC_WITH_SIBLINGS):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            path = folder / name
            # What is made of it, and what is kept of it, go by when it was written.
            if not path.exists() or path.read_text("utf-8") != text:
                path.write_text(text, "utf-8")
    command = [sys.executable, "-m", "pyfastgz", "static", str(STATIC_WITH_SIBLINGS)]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    paths = [path for folder in (STATIC, STATIC_WITH_SIBLINGS) for path in folder.iterdir()]
    changed = max(path.stat().st_ctime for path in paths)
    sleep(max(0.0, changed + _SETTLED_SECONDS - time()))


@cache
def make_page(number: int) -> bytes:
    """Return a page of 182 KB, one of those of its kind."""
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


def _html(page: bytes) -> Response:
    return Response(page, mimetype="text/html")


def _list(number: int) -> dict[str, Any]:
    return {"items": _products(21 * number, 21)}


_make_picture, _order = cache(content.make_png), content.make_order
_VIEWS: dict[str, Callable[[int], Any]] = {
    "picture": lambda number: Response(_make_picture(50 + number), mimetype="image/png"),
    "tiny": lambda number: {"id": number, "state": "ready"},
    "json-2k": _order,
    "json-12k": _list,
    "html": lambda number: _html(make_page(number)),
    "streamed": _streamed,
    "events": _events,
}
