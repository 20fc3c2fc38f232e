"""Applications called as an ASGI server calls them, in an event loop of a thread."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from described import Application
from described import Ask
from described import Cut
from described import Received
from described import Request
from sources import PATIENCE_SECONDS
from wsgi_client import has_no_body

Message = dict[str, Any]
MakeAsgi = Callable[[Application], Any]


class AsgiClient:
    """An application without a server: what it sends to one is what is looked at.

    :param make: makes it of what is described.
    """

    sees = frozenset({"files", "odd"})

    def __init__(self, make: MakeAsgi) -> None:
        self._make = make

    def __enter__(self) -> AsgiClient:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def serve(self, application: Application) -> Ask:
        """Serve an application; see :class:`described.Door`."""
        app = self._make(application)

        def ask(request: Request) -> Received:
            connection = Connection(app, request, self._loop)
            status, lines = connection.start()
            chunks = connection.chunks()
            if has_no_body(request.method, status):
                chunks = iter(())
            return Received(status, lines, chunks, connection.leave)

        return ask


def length_of(request: Request) -> list[tuple[bytes, bytes]]:
    """Return the fields that say how long the body of a request is."""
    if isinstance(request.body, list):
        return [(b"transfer-encoding", b"chunked")]
    return [(b"content-length", b"%d" % len(request.body))] if request.body else []


class Connection:
    """One request, and what the application sends."""

    def __init__(self, app: Any, request: Request, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._messages: queue.Queue[Message | BaseException] = queue.Queue()
        self._is_left = asyncio.Event()
        body = request.body
        self._body = list(body) or [b""] if isinstance(body, list) else [body]
        path, _, query = request.target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": [
                (name.lower().encode(), value.strip(" \t").encode("latin-1"))
                for name, value in request.lines
            ]
            + length_of(request),
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "extensions": {"http.response.pathsend": {}},
        }
        self._done = asyncio.run_coroutine_threadsafe(self._run(app, scope), loop)

    async def _run(self, app: Any, scope: Message) -> None:
        try:
            await app(scope, self._receive, self._send)
        except Exception as error:
            self._messages.put(error)
        else:
            self._messages.put(Cut("the application has returned"))

    async def _receive(self) -> Message:
        if self._body:
            part = self._body.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(self._body)}
        await self._is_left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self._messages.put(message)

    def _next(self) -> Message:
        message = self._messages.get(timeout=PATIENCE_SECONDS)
        if isinstance(message, BaseException):
            raise message
        return message

    def start(self) -> tuple[int, list[tuple[str, str]]]:
        """Return status and fields."""
        message = self._next()
        assert message["type"] == "http.response.start"
        for name, value in message["headers"]:
            assert isinstance(name, bytes)
            assert isinstance(value, bytes)
            assert name == name.lower()
        return message["status"], [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in message["headers"]
        ]

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes."""
        try:
            while True:
                message = self._next()
                if message["type"] == "http.response.pathsend":
                    with open(message["path"], "rb") as file:
                        yield file.read()
                    break
                assert message["type"] == "http.response.body"
                if message.get("body"):
                    yield message["body"]
                if not message.get("more_body", False):
                    break
        except Exception as error:
            raise Cut from error
        self._done.result(PATIENCE_SECONDS)
        with_end = self._messages.get(timeout=PATIENCE_SECONDS)
        assert isinstance(with_end, Cut), "something follows the end of the body"

    def leave(self) -> None:
        """Tell the application that nobody is there."""
        self._loop.call_soon_threadsafe(self._is_left.set)
