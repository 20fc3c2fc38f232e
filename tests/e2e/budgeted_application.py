"""An application whose CPU budget is used up by one page, in each process that has one."""

from __future__ import annotations

from itertools import count

from flask import Flask

from pyfastgz import Compress
from tests.e2e.all_workers import prepare
from tools.kit.documents.prose import Writer


def create_app() -> Flask:
    """Return the application."""
    app = Flask(__name__)
    # What takes more than a millisecond leaves nothing for an hour.
    app.config.update(COMPRESS_CPU_BUDGET=0.0001, COMPRESS_LEVEL=12)
    Compress(app)
    text = Writer("budget").paragraph(500)
    numbers = count()

    @app.get("/")
    def page() -> str:
        return f"{next(numbers)} {text}"

    prepare(app)
    return app
