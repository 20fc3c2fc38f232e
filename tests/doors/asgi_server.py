"""Applications behind uvicorn, asked over HTTP/1.1."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from typing import Any

import uvicorn
from asgi_client import MakeAsgi
from described import Application
from described import Ask
from described import Received
from described import Request
from http_client import ask_over_http


class AsgiServer:
    """One server for all applications: each has a host of its own.

    :param make: makes an application of what is described.
    """

    # It sends no files by their paths, so that frameworks read them.
    sees: frozenset[str] = frozenset()

    def __init__(self, make: MakeAsgi) -> None:
        self._make = make
        self._apps: dict[bytes, Any] = {}
        self._numbers = itertools.count()

    def __enter__(self) -> AsgiServer:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._port = self._socket.getsockname()[1]
        config = uvicorn.Config(
            self._dispatch,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            h11_max_incomplete_event_size=1 << 20,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    async def _dispatch(self, scope: Any, receive: Any, send: Any) -> None:
        host = dict(scope["headers"])[b"host"]
        await self._apps[host](scope, receive, send)

    def serve(self, application: Application) -> Ask:
        """Serve an application; see :class:`described.Door`."""
        app = self._make(application)
        host = f"{next(self._numbers)}.test"
        self._apps[host.encode()] = app

        def ask(request: Request) -> Received:
            return ask_over_http(self._port, host, request, half_closes=False)

        return ask
