"""Flask behind a real threaded server, asked over HTTP/1.1."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from described import Application
from described import Ask
from described import Received
from described import Request
from flask_application import make_flask
from http_client import ask_over_http
from werkzeug.serving import WSGIRequestHandler
from werkzeug.serving import make_server


class Quiet(WSGIRequestHandler):
    """Says nothing of requests, nor of views that fail as they should, nor of itself."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """Send the status, and not what the application may send itself, such as Date."""
        self.send_response_only(code, message)


class FlaskServer:
    """One server for all applications: each has a host of its own.

    The server is werkzeug's: it sends each chunk at once, and puts nothing into a body.
    """

    def __init__(self) -> None:
        self._apps: dict[str, Any] = {}
        self._numbers = itertools.count()

    def __enter__(self) -> FlaskServer:
        self._server = make_server(
            "127.0.0.1", 0, self._dispatch, threaded=True, request_handler=Quiet
        )
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _dispatch(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self._apps[environ["HTTP_HOST"]](environ, start_response)

    def serve(self, application: Application) -> Ask:
        """Serve an application; see :class:`described.Door`."""
        app = make_flask(application)
        host = f"{next(self._numbers)}.test"
        self._apps[host] = app

        def ask(request: Request) -> Received:
            return ask_over_http(self._server.port, host, request)

        return ask
