"""Serves the files of a folder, however big, and tells what that takes."""

from __future__ import annotations

from flask import Flask

from pyfastgz import Compress
from tools.kit import usage


def create_app(folder: str) -> Flask:
    app = Flask(__name__, static_folder=folder, static_url_path="/files")
    Compress(app)

    @app.get("/usage")
    def used() -> dict[str, int]:
        return usage.measure()

    return app
