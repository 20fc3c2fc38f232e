"""Starts streams, takes a chunk of each, and closes them, in the bare WSGI application.

``python -m tests.e2e.abort_streams COUNT`` prints as JSON by how many bytes the memory of the
process grew, by kind of stream, while so many of that kind were aborted, and nothing was left
to the garbage collector.
"""

from __future__ import annotations

import gc
import itertools
import json
import sys
from typing import Any

from flask import Flask
from flask import Response
from werkzeug.test import create_environ

from pyfastgz import Compress
from tools.kit.decoders import CODINGS
from tools.kit.documents.content import make_events
from tools.kit.documents.prose import Writer
from tools.kit.usage import resident_nbytes

KINDS = [
    f"{coding} {path}" for coding in ("identity", *CODINGS) for path in ("/text", "/events")
]
WARM_UP = 1000
"""How many of a kind are aborted before the memory is measured."""


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["COMPRESS_MIMETYPES"] = ["text/plain", "text/event-stream"]
    Compress(app)
    paragraph = f"{Writer('aborted').paragraph(20)}\n"
    event = make_events(1)[0]

    @app.get("/text")
    def text() -> Response:
        return Response(itertools.repeat(paragraph), mimetype="text/plain")

    @app.get("/events")
    def events() -> Response:
        return Response(itertools.repeat(event), mimetype="text/event-stream")

    return app


def abort(app: Flask, kind: str, count: int) -> None:
    """Start so many streams and take a chunk of each."""
    coding, path = kind.split()
    environ = create_environ(path, headers={"Accept-Encoding": coding})

    def start_response(status: str, fields: list[tuple[str, str]], *_: object) -> Any:
        assert dict(fields).get("Content-Encoding", "identity") == coding

    for _ in range(count):
        chunks = app.wsgi_app(dict(environ), start_response)
        assert next(iter(chunks))
        chunks.close()  # type: ignore[attr-defined]


def main(count: int) -> None:
    gc.disable()
    app = create_app()
    growth = {}
    for kind in KINDS:
        abort(app, kind, WARM_UP)
        before = resident_nbytes()
        abort(app, kind, count)
        growth[kind] = resident_nbytes() - before
    print(json.dumps(growth))


if __name__ == "__main__":
    main(int(sys.argv[1]))
