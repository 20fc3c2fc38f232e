"""The application: pages, an API, static files, a streamed page and an event stream."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path

import werkzeug
from flask import Flask
from flask import Response
from flask import abort
from flask import jsonify
from flask import render_template

from pyfastgz import Compress

from .content import Writer

# Real style sheets and scripts, which every installation of Flask has.
ASSETS = Path(werkzeug.__file__).parent / "debug" / "shared"

NEVENTS = 40
# How long the event stream waits for its client before it gives up, in seconds.
ACKNOWLEDGEMENT_SECONDS = 20.0


def event(number: int) -> bytes:
    """Return one server-sent event."""
    words = Writer(number).sentence()
    return f'id: {number}\nevent: token\ndata: {{"n": {number}, "text": "{words}"}}\n\n'.encode()


def streamed_page() -> Iterator[str]:
    """Yield a page of about 200 KB, a paragraph at a time."""
    writer = Writer(11)
    yield "<!doctype html><title>Stream</title><body>\n"
    for _ in range(450):
        yield f"<p>{writer.paragraph()}</p>\n"
    yield "</body>\n"


def create_app() -> Flask:
    """Return the application."""
    app = Flask("tools.demo", static_folder=str(ASSETS), static_url_path="/static")
    app.config["COMPRESS_MIMETYPES"] = [
        *("text/html", "text/css", "text/plain", "text/javascript", "application/javascript"),
        *("application/json", "image/svg+xml", "text/event-stream"),
    ]
    Compress(app)
    acknowledged: dict[str, queue.Queue[int]] = {}

    @app.get("/small")
    def small() -> str:
        return render_template("small.html", sentence=Writer(1).sentence())

    @app.get("/article")
    def article() -> str:
        writer = Writer(2)
        paragraphs = [writer.paragraph() for _ in range(16)]
        return render_template("article.html", heading=writer.sentence(), paragraphs=paragraphs)

    @app.get("/listing")
    def listing() -> str:
        return render_template("products.html", products=Writer(3).products(64))

    @app.get("/catalogue")
    def catalogue() -> str:
        return render_template("products.html", products=Writer(4).products(430))

    @app.get("/api/products/<int:count>")
    def api(count: int) -> Response:
        response = jsonify({"count": count, "items": Writer(5).products(count)})
        response.add_etag()
        return response

    @app.get("/chart.svg")
    def chart() -> Response:
        return Response(Writer(6).chart(900), mimetype="image/svg+xml")

    @app.get("/stream")
    def stream() -> Response:
        return Response(streamed_page(), mimetype="text/html")

    @app.get("/events/<client>")
    def events(client: str) -> Response:
        # Event n + 1 is not even made before the client says that it has read event n.
        acknowledgements = acknowledged.setdefault(client, queue.Queue())

        def produce() -> Iterator[bytes]:
            for number in range(NEVENTS):
                yield event(number)
                if acknowledgements.get(timeout=ACKNOWLEDGEMENT_SECONDS) != number:
                    raise RuntimeError(f"event {number} was not acknowledged")

        return Response(produce(), mimetype="text/event-stream")

    @app.post("/events/<client>/<int:number>")
    def acknowledge(client: str, number: int) -> tuple[str, int]:
        if client not in acknowledged:
            abort(404)
        acknowledged[client].put(number)
        return "", 204

    @app.get("/tiny")
    def tiny() -> str:
        return "<p>Too small to be worth it.</p>"

    @app.get("/empty")
    def empty() -> str:
        return ""

    @app.get("/noise")
    def noise() -> Response:
        return Response(Writer(7).noise(50_000), mimetype="text/plain")

    @app.get("/picture")
    def picture() -> Response:
        return Response(Writer(8).noise(9_000), mimetype="image/png")

    return app
