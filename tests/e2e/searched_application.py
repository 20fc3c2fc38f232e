"""The demo's application with its search in several ways: as it is, with noise, and exempt."""

from __future__ import annotations

from asgiref.wsgi import WsgiToAsgi
from flask import Flask

from pyfastgz import Compress
from tools.kit.shop.application import create_app as create_demo


def create_app() -> Flask:
    """Return the application."""
    app = create_demo()
    app.secret_key = "a secret of the test"
    compress, find = Compress(), app.view_functions["find"]
    ways = {
        "noise": compress.compressed(length_noise=64),
        "exempt": compress.exempt,
    }
    for name, way in ways.items():
        app.add_url_rule(f"/search/{name}", f"find_{name}", way(find))
    return app


asgi_app = WsgiToAsgi(create_app())  # type: ignore[no-untyped-call]
"""The same for servers that speak ASGI."""
