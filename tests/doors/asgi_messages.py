"""The messages of ASGI, as applications send them, and what servers make of them."""

from __future__ import annotations

from typing import Any

Message = dict[str, Any]
HTML = (b"content-type", b"text/html; charset=utf-8")
EVENTS = (b"content-type", b"text/event-stream")


def start(*headers: tuple[bytes, bytes], status: int = 200, **more: Any) -> Message:
    """Return the start of a response."""
    return {"type": "http.response.start", "status": status, "headers": [*headers], **more}


def body(data: bytes = b"", *, more: bool = False) -> Message:
    """Return a part of a body."""
    return {"type": "http.response.body", "body": data, "more_body": more}


def scope_of(method: str = "GET", accept: str = "gzip", **more: Any) -> Message:
    """Return a request."""
    return {
        "type": "http",
        "method": method,
        "path": "/",
        "query_string": b"",
        "headers": [(b"accept-encoding", accept.encode())],
        **more,
    }


async def nothing() -> Message:
    """Be the ``receive`` of a request without a body."""
    return {"type": "http.request", "body": b"", "more_body": False}


def fields_of(message: Message) -> dict[str, str]:
    """Return the fields of a response."""
    return {name.decode(): value.decode() for name, value in message["headers"]}


def body_of(messages: list[Message]) -> bytes:
    """Return the bytes of all parts of a body."""
    return b"".join(message.get("body", b"") for message in messages[1:])
