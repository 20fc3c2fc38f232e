"""What the tests put behind a proxy: their application, and what only proxies can get wrong."""

from __future__ import annotations

from flask import Flask
from flask import Response
from flask import request

from tests.e2e import served_application
from tools.kit.documents.prose import Writer


def make_text(version: str) -> str:
    """Return a text; one for each version."""
    return Writer(version).paragraph(60)


def create_app() -> Flask:
    """Return the tests' application with more views, and with fields for proxies."""
    app = served_application.create_app()
    # Otherwise Flask forbids to keep static files.
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    version = "first"

    @app.get("/changing")
    def changing() -> Response:
        response = Response(make_text(version), mimetype="text/plain")
        response.cache_control.max_age = 1
        return response

    @app.post("/changing")
    def change() -> Response:
        nonlocal version
        version = request.args["version"]
        return Response(status=204)

    @app.get("/untransformed")
    def untransformed() -> Response:
        response = Response(make_text("untransformed"), mimetype="text/plain")
        response.cache_control.no_transform = True
        response.cache_control.max_age = 3600
        return response

    @app.after_request
    def pass_events_on(response: Response) -> Response:
        if response.mimetype == "text/event-stream":
            response.cache_control.no_store = True
            response.headers["X-Accel-Buffering"] = "no"
        return response

    return app
