"""The application that is served: what a shop's site consists of, and a few corner cases."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import werkzeug
from flask import Flask
from flask import Response
from flask import render_template
from flask import request
from flask import send_from_directory
from flask import stream_template

import pyfastgz

from ..documents import content
from ..events import Acknowledgements

# Style and script of a debugger that other people wrote, and that is installed with Flask.
_DEBUGGER = Path(werkzeug.__file__).parent / "debug" / "shared"


def create_app(
    *, compress: bool = True, acknowledgements: Acknowledgements | None = None
) -> Flask:
    """Return the application; every page is the same in every process.

    :param compress: False leaves the extension out, which shows what the pages are without it.
    :param acknowledgements: what the event streams wait for, if several processes share it.
    """
    app = Flask(__name__)
    app.config["COMPRESS_EXTRA_MIMETYPES"] = ["text/event-stream"]
    app.config["COMPRESS_STREAMING_ENDPOINT_CONDITIONAL"] = ["static", "debugger"]
    if compress:
        pyfastgz.Compress(app)
    # What is registered last runs first: the extension sees the tag.
    app.after_request(_tag)
    _add_pages(app)
    _add_api(app)
    _add_assets(app)
    _add_corner_cases(app)
    _add_events(app, acknowledgements or Acknowledgements())
    return app


def plain_bodies(paths: Iterable[str]) -> dict[str, bytes]:
    """Return what the application says without the extension, by path."""
    client = create_app(compress=False).test_client()
    bodies = {}
    for path in paths:
        with client.get(path) as response:
            bodies[path] = response.data
    return bodies


def _tag(response: Response) -> Response:
    """Give a whole body a strong ETag, from its bytes, and answer requests that carry it."""
    if isinstance(response.response, list) and response.status_code == 200:
        response.add_etag()
        response.make_conditional(request)
    return response


def _add_pages(app: Flask) -> None:
    @app.get("/login")
    def login() -> str:
        return render_template("login.html")

    @app.get("/magazine/<int:number>")
    def article(number: int) -> str:
        return render_template("article.html", article=content.make_article(number, sections=5))

    @app.get("/products")
    def products() -> str:
        items = [content.make_product(number) for number in range(50)]
        return render_template("products.html", products=items)

    @app.get("/products/<int:number>")
    def product_page(number: int) -> str:
        return render_template("product.html", product=content.make_product(number))

    @app.get("/search")
    def find() -> str:
        # A secret of whoever asks, and what the request says: what length noise is for.
        token = content.make_token(request.cookies.get("session", ""))
        items = [content.make_product(number) for number in range(8)]
        query = request.args.get("q", "")
        return render_template("search.html", query=query, token=token, products=items)

    @app.get("/ledger")
    def ledger() -> str:
        entries = content.make_ledger("year", 1500)
        return render_template("ledger.html", entries=entries)

    @app.get("/ledger/live")
    def live_ledger() -> Any:
        return stream_template("ledger.html", entries=iter(content.make_ledger("live", 750)))


def _add_api(app: Flask) -> None:
    @app.get("/api/products/<int:number>")
    def product(number: int) -> dict[str, Any]:
        return content.make_product(number)

    @app.get("/api/orders/<int:number>")
    def order(number: int) -> dict[str, Any]:
        return content.make_order(number)

    @app.get("/api/products")
    def search() -> dict[str, Any]:
        return {"total": 310, "items": [content.make_product(n) for n in range(20, 41)]}

    @app.get("/api/export")
    def export() -> dict[str, Any]:
        return {"items": [content.make_product(number) for number in range(310)]}


def _add_assets(app: Flask) -> None:
    @app.get("/utility.css")
    def utility_css() -> Response:
        return Response(content.make_utility_css(), mimetype="text/css")

    @app.get("/chart.svg")
    def chart() -> Response:
        svg = render_template("chart.svg", points=content.make_readings(900))
        return Response(svg, mimetype="image/svg+xml")

    @app.get("/debugger/<path:name>")
    def debugger(name: str) -> Response:
        return send_from_directory(_DEBUGGER, name)

    @app.get("/picture.png")
    def picture() -> Response:
        return Response(content.make_png(100), mimetype="image/png")


def _add_corner_cases(app: Flask) -> None:
    @app.get("/health")
    def health() -> Response:
        return Response(json.dumps({"status": "ok"}), mimetype="application/json")

    @app.get("/empty")
    def empty() -> str:
        return ""

    @app.get("/noise")
    def noise() -> Response:
        return Response(content.make_noise(50_000), mimetype="text/plain")


def _add_events(app: Flask, acknowledgements: Acknowledgements) -> None:
    @app.get("/events/<channel>")
    def events(channel: str) -> Response:
        return Response(acknowledgements.stream(channel), mimetype="text/event-stream")

    @app.post("/events/<channel>")
    def acknowledge(channel: str) -> dict[str, int]:
        return {"acknowledged": acknowledgements.add(channel)}
