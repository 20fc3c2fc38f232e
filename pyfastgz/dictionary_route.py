"""Serves the dictionaries that are made of pages, each by its hash."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask
from flask import Response
from flask import abort
from flask import request

from .http.dictionaries import PATH
from .http.dictionaries import use_as_dictionary

if TYPE_CHECKING:
    from .engine import Engine

ENDPOINT = "compress_dictionary"
"""The endpoint that serves them."""

_YEAR = 365 * 24 * 3600


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
        if transports is None:
            abort(404)
        entry = transports.dictionaries.entries.get(sha256)
        if entry is None or entry.match is None:
            abort(404)
        dictionary = transports.dictionaries.load(sha256)
        if dictionary is None:
            abort(404)
        # Pieces of pages, which nobody is to take for one.
        response = Response(dictionary.data, content_type="text/plain; charset=utf-8")
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Use-As-Dictionary"] = use_as_dictionary(
            entry.match, entry.destinations
        )
        # Its bytes are its name.
        control = response.cache_control
        control.public, control.max_age, control.immutable = True, _YEAR, True
        response.set_etag(sha256)
        response.make_conditional(request.environ)
        return response

    app.add_url_rule(f"{PATH}<sha256>", ENDPOINT, serve, methods=["GET"])
