"""Applications behind a real threaded server, asked over HTTP/1.1."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from described import Application
from described import Ask
from described import MakeWsgi
from described import Received
from described import Request
from http_client import ask_over_http
from werkzeug.serving import WSGIRequestHandler
from werkzeug.serving import make_server
from wsgi_application import Closed
from wsgi_client import has_no_body


class Quiet(WSGIRequestHandler):
    """Says nothing of requests, nor of views that fail as they should, nor of itself."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """Send the status, and not what the application may send itself, such as Date."""
        self.send_response_only(code, message)


class WsgiServer:
    """One server for all applications: each has a host of its own.

    The server is werkzeug's: it sends each chunk at once, and puts nothing into a body.

    :param make: makes an application of what is described.
    :param sees: see :class:`described.Door`.
    """

    def __init__(self, make: MakeWsgi, *, sees: frozenset[str]) -> None:
        self._make = make
        self.sees = sees
        self._apps: dict[str, Any] = {}
        self._numbers = itertools.count()

    def __enter__(self) -> WsgiServer:
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
        started = []

        def start(status: str, lines: Any, *exc_info: Any) -> Any:
            started.append(int(status[:3]))
            return start_response(status, lines, *exc_info)

        iterable = self._apps[environ["HTTP_HOST"]](environ, start)
        if started and has_no_body(environ["REQUEST_METHOD"], started[-1]):
            # Other servers see to that, but this one does not.
            return Closed(iter(()), getattr(iterable, "close", lambda: None))
        return iterable

    def serve(self, application: Application) -> Ask:
        """Serve an application; see :class:`described.Door`."""
        app = self._make(application)
        host = f"{next(self._numbers)}.test"
        self._apps[host] = app

        def ask(request: Request) -> Received:
            return ask_over_http(self._server.port, host, request)

        return ask
