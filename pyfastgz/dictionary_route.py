"""Serves the dictionaries that are made of pages, each by its hash."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask
from flask import Response
from flask import abort
from flask import request

from .http.dictionaries import PATH

if TYPE_CHECKING:
    from .engine import Engine

ENDPOINT = "compress_dictionary"
"""The endpoint that serves them."""


def add_route(app: Flask, engine_of: Callable[[Flask], Engine | None]) -> None:
    """Have an application serve its dictionaries of pages, unless it does already.

    :param engine_of: returns what the door keeps for an application.
    """
    if ENDPOINT in app.view_functions:
        return

    def serve(sha256: str) -> Response:
        """Return a dictionary, for as long as there is one of this hash."""
        engine = engine_of(app)
        transports = None if engine is None else engine.transports
        served = None if transports is None else transports.served(f"{PATH}{sha256}")
        if served is None:
            abort(404)
        response = Response(served.body, headers=served.lines)
        response.make_conditional(request.environ)
        return response

    app.add_url_rule(f"{PATH}<sha256>", ENDPOINT, serve, methods=["GET"])
