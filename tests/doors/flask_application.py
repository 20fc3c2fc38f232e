"""A described application as one of Flask's, with the extension."""

from __future__ import annotations

from pathlib import Path

from described import Application
from described import Asked
from described import Reply
from flask import Flask
from flask import Response
from flask import request
from flask import send_file
from werkzeug import Request

from pyfastgz import Compress

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT")


def make_flask(application: Application) -> Flask:
    """Return the application, initialised."""
    app = Flask("described", static_folder=None)
    app.testing = True
    for name, value in application.settings.items():
        app.config[f"COMPRESS_{name.upper()}"] = value
    if (wanted := application.wanted) is not None:
        app.config["COMPRESS_PREDICATE"] = lambda asked, response: wanted(asked_of(asked))
    if (cache_key := application.cache_key) is not None:
        app.config["COMPRESS_CACHE_KEY"] = lambda asked: cache_key(asked_of(asked))
    compress = Compress(app)
    application.prepare(app.extensions["pyfastgz"])

    def view(path: str) -> Response:
        return make_response(application.respond(asked_of(request)))

    if application.exempt:
        view = compress.exempt(view)
    if application.own:
        view = compress.compressed(**application.own)(view)
    for rule, defaults in (("/", {"path": ""}), ("/<path:path>", None)):
        app.add_url_rule(
            rule,
            "view",
            view,
            defaults=defaults,
            methods=METHODS,
            provide_automatic_options=False,
        )
    return app


def asked_of(request: Request) -> Asked:
    """Return what a view sees of a request."""
    fields = {name.lower(): value for name, value in request.headers}
    return Asked(
        request.method, request.path, request.query_string.decode(), fields, request.get_data
    )


def make_response(reply: Reply) -> Response:
    """Return the response that a view would make of a reply."""
    body = reply.body
    if isinstance(body, Path):
        kind = None if reply.content_type is None else reply.content_type.partition(";")[0]
        response = send_file(body, mimetype=kind, conditional=reply.conditional)
    else:
        response = Response(body, reply.status, content_type=reply.content_type)
        if reply.content_type is None:
            response.headers.remove("Content-Type")
    for name, _ in reply.lines():
        response.headers.remove(name)
    for name, value in reply.lines():
        response.headers.add(name, value)
    if reply.conditional and not isinstance(body, Path):
        nbytes = reply.nbytes
        if isinstance(body, str | bytes | list | tuple):
            nbytes = len(response.get_data())
        response.make_conditional(request, nbytes is not None, nbytes)
    return response
