"""An ASGI application with a long answer, and a small one that is asked for meanwhile."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from itertools import count
from typing import Any

import brotli
import zstandard

from .bodies import Body
from .bodies import Document
from .bodies import list_of

SMALL = "/small"
"""Where the small answer is."""

WHOLE, STREAM = "in one piece", "as a stream"
"""How the long answer is sent."""

PATHS = {WHOLE: "/whole", STREAM: "/stream"}
"""Where it is; another each time."""

PRODUCTS = 8500
"""How many products there are in it: 5 MB."""

PIECE_NBYTES = 64 * 1024
"""How long the pieces of a stream are: as those in which Starlette reads files."""

CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 6),
    "zstd": lambda body: zstandard.compress(body, 3),
    "br": lambda body: brotli.compress(body, quality=4),
}
"""What codes an answer beforehand."""


def ready_path(how: str, coding: str) -> str:
    """Return where the long answer is that was coded beforehand."""
    return f"{PATHS[how]}-{coding}"


def make_document() -> Document:
    """Return the long answer."""
    return list_of(0, PRODUCTS)


def create_app() -> Any:
    """Return an application that sends long answers.

    Between the pieces of a stream others have their turn, as where an application waits for
    what it sends. Answers that were coded beforehand take as long to be made as the others, so
    that all that they lack is the coding.
    """
    document, numbers = make_document(), count()
    plain = document.body(0).content
    ready = {coding: code(plain) for coding, code in CODERS.items()}
    answers: dict[str, tuple[str, str | None]] = {}
    for how, path in PATHS.items():
        answers[path] = (how, None)
        answers.update({ready_path(how, coding): (how, coding) for coding in CODERS})

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] not in answers:
            await _send(send, Body("application/json", b'{"state": "ready"}'), WHOLE, None)
            return
        how, coding = answers[scope["path"]]
        body = document.next_body(numbers)
        if coding is not None:
            body = body._replace(content=ready[coding])
        await _send(send, body, how, coding)

    return app


async def _send(send: Any, body: Body, how: str, coding: str | None) -> None:
    headers = [(b"content-type", body.content_type.encode("latin-1"))]
    if coding is not None:
        headers.append((b"content-encoding", coding.encode("ascii")))
    content = body.content
    if how == WHOLE:
        headers.append((b"content-length", b"%d" % len(content)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if how == WHOLE:
        await send({"type": "http.response.body", "body": content})
        return
    for start in range(0, len(content), PIECE_NBYTES):
        piece = content[start : start + PIECE_NBYTES]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b""})
