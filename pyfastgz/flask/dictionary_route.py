"""Serves the dictionaries that are made of pages, each by its hash."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask
from flask import Response
from flask import abort
from flask import request

from ..errors import ConfigurationError
from ..http.dictionaries import PATH

if TYPE_CHECKING:
    from ..engine import Engine

ENDPOINT = "compress_dictionary"
"""The endpoint that serves them."""

# By this attribute of the view.
_OURS = "pyfastgz_serves_dictionaries"


def add_route(app: Flask, engine_of: Callable[[Flask], Engine | None]) -> None:
    """Have an application serve its dictionaries of pages, unless it does already.

    A page links to them on its own host, so they are on every one.

    :param engine_of: returns what the door keeps for an application.
    :raises ConfigurationError: the application has an endpoint of this name.
    """
    known = app.view_functions.get(ENDPOINT)
    if hasattr(known, _OURS):
        return
    if known is not None:
        raise ConfigurationError(
            f"COMPRESS_DICTIONARIES: they are served at the endpoint {ENDPOINT}, and the "
            "application has one of its own with that name"
        )

    def serve(sha256: str, **place: str) -> Response:
        """Return a dictionary, for as long as there is one of this hash."""
        engine = engine_of(app)
        transports = None if engine is None else engine.transports
        served = None if transports is None else transports.served(f"{PATH}{sha256}")
        if served is None:
            abort(404)
        response = Response(served.body, headers=served.lines)
        response.make_conditional(request.environ)
        return response

    setattr(serve, _OURS, True)
    rule = f"{PATH}<sha256>"
    if app.url_map.host_matching:
        app.add_url_rule(rule, ENDPOINT, serve, methods=["GET"], host="<host>")
        return
    app.add_url_rule(rule, ENDPOINT, serve, methods=["GET"])
    if app.subdomain_matching:
        app.add_url_rule(rule, ENDPOINT, serve, methods=["GET"], subdomain="<subdomain>")
