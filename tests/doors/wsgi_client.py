"""Applications called as a WSGI server calls them (PEP 3333), in the thread of whoever asks."""

from __future__ import annotations

import io
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from described import Application
from described import Ask
from described import Cut
from described import Lines
from described import MakeWsgi
from described import Received
from described import Request
from werkzeug.datastructures import Headers
from werkzeug.test import create_environ


class WsgiClient:
    """An application without a server: what it hands to one is what is looked at.

    :param make: makes it of what is described.
    :param sees: see :class:`described.Door`.
    """

    def __init__(self, make: MakeWsgi, *, sees: frozenset[str]) -> None:
        self._make = make
        self.sees = sees

    def __enter__(self) -> WsgiClient:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def serve(self, application: Application) -> Ask:
        """Serve an application; see :class:`described.Door`."""
        app = self._make(application)

        def ask(request: Request) -> Received:
            started: list[tuple[int, Lines]] = []

            def start_response(status: str, headers: Lines, *_: Any) -> Any:
                started.append((int(status[:3]), headers))

            environ = create_environ(
                request.target, method=request.method, headers=Headers(request.lines)
            )
            environ |= body_of(request)
            iterable: Any = app(environ, start_response)
            close = getattr(iterable, "close", lambda: None)
            left: list[bool] = []

            def leave() -> None:
                if not left:
                    left.append(True)
                    close()

            chunks = until_the_end(iterable)
            ((status, lines),) = started
            if has_no_body(request.method, status):
                chunks = iter(())
            return Received(status, lines, chunks, leave)

        return ask


def body_of(request: Request) -> dict[str, Any]:
    """Return the variables that stand for the body of a request."""
    if isinstance(request.body, list):
        return {
            "wsgi.input": io.BytesIO(b"".join(request.body)),
            "wsgi.input_terminated": True,
            "HTTP_TRANSFER_ENCODING": "chunked",
        }
    if not request.body:
        return {}
    return {
        "wsgi.input": io.BytesIO(request.body),
        "CONTENT_LENGTH": str(len(request.body)),
    }


def has_no_body(method: str, status: int) -> bool:
    """Tell whether servers send no body, whatever they get (RFC 9112 section 6.3)."""
    return method == "HEAD" or status < 200 or status in {204, 304}


def until_the_end(iterable: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what an application yields; a server would cut the body off where it raises."""
    try:
        for chunk in iterable:
            assert isinstance(chunk, bytes)
            if chunk:
                yield chunk
    except Exception as error:
        raise Cut from error
