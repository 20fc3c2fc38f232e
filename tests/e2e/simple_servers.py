"""Serves an application with what comes with Python, or with werkzeug.

``python -m tests.e2e.simple_servers NAME DESCRIPTOR APPLICATION`` serves on a listening socket
that is inherited, until the process is told to end.
"""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable
from pkgutil import resolve_name
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler
from wsgiref.simple_server import WSGIServer

from werkzeug.serving import make_server

from tools.kit.server import Command


class ThreadedServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Says nothing of requests, and speaks HTTP/1.0, as it does."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def serve_wsgiref(descriptor: int, app: Callable[..., object]) -> None:
    server = ThreadedServer(("127.0.0.1", 0), Quiet, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=descriptor)
    server.server_address = server.socket.getsockname()
    server.server_name, server.server_port = "127.0.0.1", server.server_address[1]
    server.setup_environ()
    server.set_app(app)  # type: ignore[arg-type]
    server.serve_forever()


def serve_werkzeug(descriptor: int, app: Callable[..., object]) -> None:
    server = make_server("127.0.0.1", 0, app, threaded=True, fd=descriptor)  # type: ignore[arg-type]
    server.serve_forever()


SERVERS = {"wsgiref": serve_wsgiref, "werkzeug": serve_werkzeug}


def command(name: str, application: str) -> Command:
    """Return the command that serves an application with one of these."""

    def start(descriptor: int) -> list[str]:
        module = "tests.e2e.simple_servers"
        return [sys.executable, "-m", module, name, str(descriptor), application]

    return start


def main(name: str, descriptor: int, application: str) -> None:
    """Serve until the process is told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    app = resolve_name(application.removesuffix("()"))()
    SERVERS[name](descriptor, app)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
