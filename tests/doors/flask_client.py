"""Flask, called as a WSGI server calls it (PEP 3333), in the thread of whoever asks."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from described import Application
from described import Ask
from described import Cut
from described import Lines
from described import Received
from described import Request
from flask_application import make_flask
from werkzeug.datastructures import Headers
from werkzeug.test import create_environ


class FlaskClient:
    """Flask without a server: what it hands to one is what is looked at."""

    def __enter__(self) -> FlaskClient:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def serve(self, application: Application) -> Ask:
        """Serve an application; see :class:`described.Door`."""
        app = make_flask(application)

        def ask(request: Request) -> Received:
            started: list[tuple[int, Lines]] = []

            def start_response(status: str, headers: Lines, *_: Any) -> Any:
                started.append((int(status[:3]), headers))

            environ = create_environ(
                request.target, method=request.method, headers=Headers(request.lines)
            )
            iterable: Any = app(environ, start_response)
            close = getattr(iterable, "close", lambda: None)
            left: list[bool] = []

            def leave() -> None:
                if not left:
                    left.append(True)
                    close()

            (answer,) = started
            return Received(*answer, until_the_end(iterable), leave)

        return ask


def until_the_end(iterable: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what an application yields; a server would cut the body off where it raises."""
    try:
        for chunk in iterable:
            assert isinstance(chunk, bytes)
            if chunk:
                yield chunk
    except Exception as error:
        raise Cut from error
