"""A described application as one of ASGI alone, with the middleware round it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from described import Application
from werkzeug.wsgi import FileWrapper
from wsgi_application import answered
from wsgi_application import asked_of

from pyfastgz.asgi import CompressMiddleware
from pyfastgz.asgi import compressed
from pyfastgz.asgi import exempt

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_END: Any = object()


def make_asgi(application: Application) -> CompressMiddleware:
    """Return the application in the middleware."""
    options = dict(application.settings)
    if (wanted := application.wanted) is not None:
        options["predicate"] = lambda scope, response: wanted(asked_of(environ_of(scope)))
    if (cache_key := application.cache_key) is not None:
        options["cache_key"] = lambda scope: cache_key(asked_of(environ_of(scope)))

    async def respond(scope: Any, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        if application.exempt:
            exempt(scope)
        if application.own:
            compressed(scope, **application.own)
        environ = environ_of(scope)
        loop = asyncio.get_running_loop()

        def read() -> bytes:
            return asyncio.run_coroutine_threadsafe(read_all(receive), loop).result()

        started: list[tuple[str, list[tuple[str, str]]]] = []

        def answer() -> Iterable[bytes]:
            reply = application.respond(asked_of(environ)._replace(read=read))
            return answered(reply, environ, lambda *start: started.append(start))

        body: Any = await asyncio.to_thread(answer)
        ((status, lines),) = started
        headers = [(name.lower().encode(), raw(value)) for name, value in lines]
        start = {"type": "http.response.start", "status": int(status[:3]), "headers": headers}
        if isinstance(body, list):
            await send(start)
            await send({"type": "http.response.body", "body": b"".join(body)})
        elif type(body) is FileWrapper and "http.response.pathsend" in extensions(scope):
            path = body.file.name
            body.close()
            await send(start)
            await send({"type": "http.response.pathsend", "path": str(path)})
        else:
            await unless_left(stream(start, body, send), receive)

    door = CompressMiddleware(respond, **options)
    application.prepare(door.engine)
    return door


def raw(value: str) -> bytes:
    """Return the bytes of a field value; any may be sent."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


def extensions(scope: Any) -> Any:
    """Return what the server can do beyond the protocol."""
    return scope.get("extensions") or {}


def environ_of(scope: Any) -> dict[str, Any]:
    """Return the variables of WSGI that stand for a request."""
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
    }
    for name, value in scope["headers"]:
        key = f"HTTP_{name.decode().upper().replace('-', '_')}"
        if name in {b"content-length", b"content-type"}:
            key = key.removeprefix("HTTP_")
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


class ClientLeft(Exception):
    """The client of a request has left."""


async def read_all(receive: Receive) -> bytes:
    """Return the body of a request.

    :raises ClientLeft: there is no client who sends it.
    """
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


async def stream(start: Message, body: Any, send: Send) -> None:
    """Send what is made as it is sent, a message for each chunk, and then one without any."""
    loop = asyncio.get_running_loop()
    chunks = iter(body)
    pulled: asyncio.Future[bytes] | None = None
    try:
        await send(start)
        while True:
            pulled = loop.run_in_executor(None, next, chunks, _END)
            chunk = await asyncio.shield(pulled)
            if chunk is _END:
                break
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        close = getattr(body, "close", lambda: None)
        try:
            close()
        except ValueError:
            # A generator that a thread is in.
            assert pulled is not None
            await asyncio.wait([pulled])
            close()
        if pulled is not None and not pulled.done():
            await asyncio.wait([pulled])


async def unless_left(streamed: Any, receive: Receive) -> None:
    """Send a stream until its client leaves, as frameworks do."""
    sending = asyncio.ensure_future(streamed)

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        sending.cancel()

    watching = asyncio.ensure_future(watch())
    try:
        with suppress(asyncio.CancelledError):
            await sending
    finally:
        sending.cancel()
        watching.cancel()
        await asyncio.wait([sending, watching])
