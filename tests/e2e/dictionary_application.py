"""What a browser visits with compression dictionaries: scripts, pages, JSON and events."""

from __future__ import annotations

import json
from html import escape

from flask import Flask
from flask import Response
from flask import request

import pyfastgz
from pyfastgz.policy.table import DEFAULTS
from tests.e2e.browser_application import Watch
from tests.e2e.browser_application import add_events
from tests.e2e.browser_application import add_record
from tools.kit.documents.content import make_product
from tools.kit.documents.prose import Writer

EVENTS = [json.dumps({**make_product(n), "stock": n * n % 89}) for n in range(10)]
"""The data of the events: products of the API that have changed."""

_SHELVES = [Writer(f"shelf {number}").title() for number in range(120)]
_LAYOUT = "".join(
    f'<nav><a class="entry entry-{n}" href="/shelf/{n * 37 % 91}">{title}</a></nav>\n'
    for n, title in enumerate(_SHELVES)
)
_LINK = '<link rel="compression-dictionary" href="{}">'
_PAGE = '<!doctype html>\n<meta charset="utf-8">\n<title>{}</title>\n'


def make_layout(version: int = 1) -> str:
    """Return what all pages have in common, as a version of the dictionary knows it."""
    return f"{_PAGE.format('shop')}{_LAYOUT}<!-- {version} -->\n"


def make_items(number: int) -> list[str]:
    """Return what is on a page alone."""
    writer = Writer(f"page {number}")
    return [writer.paragraph(3) for _ in range(3)]


def make_page(number: int) -> str:
    """Return a page of HTML."""
    items = "".join(f"<li>{escape(item)}</li>\n" for item in make_items(number))
    return f"{_PAGE.format(number)}{_LAYOUT}<ul>\n{items}</ul>\n"


def make_products(first: int) -> str:
    """Return a page of what the API has: 20 KB of JSON."""
    return json.dumps([make_product(number) for number in range(first, first + 30)])


def make_script(version: int) -> str:
    """Return a version of a script: of 40 KB, of which few lines change."""
    lines = [
        f"function item{n}(count) {{ return count * {n * n + (n % 97 == version)}; }} // Maß\n"
        for n in range(700)
    ]
    return f"{''.join(lines)}const version = {version};\n"


def create_app(folder: str, static: str) -> Flask:
    """Return an application.

    :param folder: that of its dictionaries.
    :param static: that of its static files.
    """
    app = Flask(__name__, static_folder=static, static_url_path="/static")
    app.config["COMPRESS_DICTIONARIES"] = folder
    app.config["COMPRESS_MIMETYPES"] = [*DEFAULTS["COMPRESS_MIMETYPES"], "text/event-stream"]
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    watch = Watch()
    pyfastgz.Compress(app)
    add_record(app, watch)
    add_events(app, watch, EVENTS)

    @app.get("/")
    def start() -> str:
        """Link to the dictionaries that are named in the query, and load its script."""
        links = map(_LINK.format, request.args.getlist("dictionary"))
        scripts = (f'<script src="{url}"></script>' for url in request.args.getlist("script"))
        return f"{_PAGE.format('start')}{''.join(links)}{''.join(scripts)}"

    @app.get("/pages/<int:number>")
    def page(number: int) -> Response:
        response = Response(make_page(number), mimetype="text/html")
        response.cache_control.no_cache = True
        response.add_etag()
        return response

    @app.get("/api/products/<int:first>")
    def products(first: int) -> Response:
        response = Response(make_products(first), mimetype="application/json")
        response.cache_control.max_age = 3600
        response.add_etag()
        return response

    return app
