"""A bare ASGI application, and the middleware that is put around it.

It is called as a server calls it, but nothing is sent. A response that is there at once never
waits, so its coroutine ends at the first step: no event loop's work is measured with it.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from brotli_asgi import BrotliMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette_compress import CompressMiddleware as StarletteCompress

from pyfastgz.asgi import CompressMiddleware

from .bodies import create_routes
from .contenders import NONE
from .contenders import OURS
from .contenders import Contender
from .contenders import Door
from .contenders import Fetch
from .contenders import Received
from .contenders import request_fields

STARLETTE = "Starlette's GZipMiddleware"
STARLETTE_COMPRESS, BROTLI_ASGI = "starlette-compress", "brotli-asgi"

CONTENDERS = {
    NONE: Contender(lambda app: app, {}),
    OURS: Contender(
        CompressMiddleware,
        {"gzip": 6, "zstd": 3, "br": 4},
        {"gzip": "level", "zstd": "zstd_level", "br": "br_level"},
    ),
    STARLETTE: Contender(GZipMiddleware, {"gzip": 9}, {"gzip": "compresslevel"}),
    STARLETTE_COMPRESS: Contender(
        StarletteCompress,
        {"gzip": 4, "zstd": 4, "br": 4},
        {"gzip": "gzip_level", "zstd": "zstd_level", "br": "brotli_quality"},
    ),
    # Its gzip is Starlette's.
    BROTLI_ASGI: Contender(
        BrotliMiddleware, {"gzip": 9, "br": 4}, {"br": "quality"}, leaves_pictures=False
    ),
}
"""Everybody, by name."""


def create_app() -> Any:
    """Return an application that sends the bodies of :mod:`~bench.doors.bodies`."""
    routes = create_routes()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        content_type, content = routes[scope["path"]]()
        headers = [
            (b"content-length", b"%d" % len(content)),
            (b"content-type", content_type.encode("latin-1")),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return app


def fetcher(app: Any, accept_encoding: str | None) -> Fetch:
    """Return what has an application respond; see :class:`~bench.doors.contenders.Door`."""
    headers = _headers(accept_encoding)

    async def send(message: Any) -> None:
        pass

    def fetch(path: str) -> None:
        _complete(app(_scope(path, headers), _receive, send))

    return fetch


def receive(app: Any, accept_encoding: str | None, path: str) -> Received:
    """Return the response to a request."""
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    _complete(app(_scope(path, _headers(accept_encoding)), _receive, send))
    start, *parts = messages
    coding = {name.lower(): value.decode("latin-1") for name, value in start["headers"]}.get(
        b"content-encoding"
    )
    return Received(start["status"], coding, b"".join(part["body"] for part in parts))


async def _receive() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def _headers(accept_encoding: str | None) -> list[tuple[bytes, bytes]]:
    lines = request_fields(accept_encoding).items()
    return [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in lines]


def _scope(path: str, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """Return what is said of a request, as uvicorn says it, for one that may change it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": "GET",
        "root_path": "",
        "path": path,
        "raw_path": path.encode("ascii"),
        "query_string": b"",
        "headers": list(headers),
        "state": {},
    }


def _complete(response: Coroutine[Any, Any, None]) -> None:
    """Run a response that waits for nothing.

    :raises RuntimeError: it waits.
    """
    try:
        response.send(None)
    except StopIteration:
        return
    response.close()
    raise RuntimeError("a response waits for something")


ASGI = Door(CONTENDERS, create_app, fetcher, receive)
"""The way into ASGI applications."""
