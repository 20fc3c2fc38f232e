"""A described application as one of WSGI alone, with the middleware round it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from described import Application
from described import Asked
from described import Chunk
from described import Reply
from werkzeug import Request
from werkzeug import Response
from werkzeug.exceptions import HTTPException
from werkzeug.utils import send_file

from pyfastgz.wsgi import CompressMiddleware
from pyfastgz.wsgi import compressed
from pyfastgz.wsgi import exempt

Environ = dict[str, Any]


def make_wsgi(application: Application) -> CompressMiddleware:
    """Return the application in the middleware."""
    options = dict(application.settings)
    if (wanted := application.wanted) is not None:
        options["predicate"] = lambda environ, response: wanted(asked_of(environ))
    if (cache_key := application.cache_key) is not None:
        options["cache_key"] = lambda environ: cache_key(asked_of(environ))

    def respond(environ: Environ, start_response: Any) -> Iterable[bytes]:
        if application.exempt:
            exempt(environ)
        if application.own:
            compressed(environ, **application.own)
        return answered(application.respond(asked_of(environ)), environ, start_response)

    door = CompressMiddleware(respond, **options)
    application.prepare(door.engine)
    return door


def asked_of(environ: Environ) -> Asked:
    """Return what an application sees of a request."""
    request = Request(environ)
    fields = {name.lower(): value for name, value in request.headers}

    def read() -> bytes:
        length = environ.get("CONTENT_LENGTH")
        if length is None and not environ.get("wsgi.input_terminated"):
            return b""
        data: bytes = environ["wsgi.input"].read(*([int(length)] if length else []))
        return data

    return Asked(request.method, request.path, request.query_string.decode(), fields, read)


def answered(reply: Reply, environ: Environ, start_response: Any) -> Iterable[bytes]:
    """Answer a request as an application of no framework does, or one of werkzeug's."""
    body = reply.body
    if reply.conditional or isinstance(body, Path):
        try:
            response = conditional(reply, environ)
        except HTTPException as error:
            return error(environ, start_response)
        return response(environ, start_response)
    lines = reply.lines()
    names = {name.lower() for name, _ in lines}
    if reply.content_type is not None and "content-type" not in names:
        lines.insert(0, ("Content-Type", reply.content_type))
    parts: Any = [body] if isinstance(body, str | bytes) else body
    if isinstance(parts, list | tuple):
        items = [encoded(part) for part in parts]
        if "content-length" not in names and reply.status not in {204, 304}:
            lines.append(("Content-Length", str(sum(map(len, items)))))
        close = getattr(parts, "close", None)
        parts = items if close is None else Closed(iter(items), close)
    else:
        # What is made as it is sent is not made for nobody.
        chunks = iter(()) if environ["REQUEST_METHOD"] == "HEAD" else map(encoded, parts)
        parts = Closed(chunks, getattr(parts, "close", lambda: None))
    start_response(f"{reply.status} {phrase(reply.status)}", lines)
    return parts  # type: ignore[no-any-return]


class Closed(Iterator[bytes]):
    """Chunks, and what closes them."""

    def __init__(self, chunks: Iterator[bytes], close: Callable[[], object]) -> None:
        self._chunks = chunks
        self.close = close

    def __next__(self) -> bytes:
        return next(self._chunks)


def encoded(chunk: Chunk) -> bytes:
    """Return the bytes that a server takes (PEP 3333)."""
    return chunk.encode() if isinstance(chunk, str) else bytes(chunk)


def phrase(status: int) -> str:
    """Return the reason phrase of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def conditional(reply: Reply, environ: Environ) -> Response:
    """Return a response of werkzeug's, which evaluates conditions and ranges."""
    body: Any = reply.body
    if isinstance(body, Path):
        kind = None if reply.content_type is None else reply.content_type.partition(";")[0]
        response = send_file(body, environ, mimetype=kind, conditional=reply.conditional)
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
        response.make_conditional(environ, nbytes is not None, nbytes)
    return response
