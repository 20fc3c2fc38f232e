"""An application whose CPU budget is used up by one page, in each process that has one."""

from __future__ import annotations

import os
from itertools import count

from flask import Flask
from flask import Response

from pyfastgz import Compress
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

    @app.after_request
    def sign(response: Response) -> Response:
        response.headers["X-Worker"] = str(os.getpid())
        return response

    return app
