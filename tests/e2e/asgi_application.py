"""What the tests of the ASGI middleware talk to: an application of Starlette, three times.

Below ``/coded`` it is in the middleware, below ``/plain`` it is alone, and below ``/between``
there is middleware of Starlette on both sides of ours.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.base import RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.responses import HTMLResponse
from starlette.responses import Response
from starlette.responses import StreamingResponse
from starlette.routing import Mount
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from pyfastgz.asgi import CompressMiddleware
from tools.kit.documents.content import make_events
from tools.kit.documents.prose import Writer
from tools.kit.events import COUNT

FOLDER = "PYFASTGZ_TEST_FOLDER"
"""The environment variable that has the folder of the files; the tests import this without."""

CHUNKS = [f"<p>{Writer('asgi').paragraph(20)}</p>\n".encode() for _ in range(30)]
PAGE = b"".join(CHUNKS)
LONG = PAGE * 20
PATIENCE_SECONDS = 30.0

_seen: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(0))


async def page(request: Request) -> Response:
    return HTMLResponse(PAGE)


async def long(request: Request) -> Response:
    return HTMLResponse(LONG)


async def stream(request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in CHUNKS:
            yield chunk

    return StreamingResponse(chunks(), media_type="text/html")


async def file(request: Request) -> Response:
    return FileResponse(os.path.join(os.environ[FOLDER], "page.html"))


async def raises(request: Request) -> Response:
    raise ZeroDivisionError("as it should")


async def events(request: Request) -> Response:
    """Send an event, and wait until the client says that it has decoded it."""
    seen = _seen[request.path_params["channel"]]

    async def chunks() -> AsyncIterator[bytes]:
        for event in make_events(COUNT):
            yield event
            await asyncio.wait_for(seen.acquire(), PATIENCE_SECONDS)

    return StreamingResponse(chunks(), media_type="text/event-stream")


async def acknowledge(request: Request) -> Response:
    _seen[request.path_params["channel"]].release()
    return Response(status_code=204)


def routes() -> list[Route | Mount]:
    return [
        Route("/page", page),
        Route("/long", long),
        Route("/stream", stream),
        Route("/file", file),
        Route("/raises", raises),
        Route("/events/{channel}", events),
        Mount("/static", StaticFiles(directory=os.environ.get(FOLDER, "."))),
    ]


async def passed_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
    return await call_next(request)


def create_app() -> Starlette:
    application = Starlette(routes=routes())
    coded = CompressMiddleware(application, extra_mimetypes=["text/event-stream"])
    inner = BaseHTTPMiddleware(application, dispatch=passed_on)
    between = BaseHTTPMiddleware(CompressMiddleware(inner), dispatch=passed_on)
    return Starlette(
        routes=[
            Route("/events/{channel}", acknowledge, methods=["POST"]),
            Mount("/coded", coded),
            Mount("/between", between),
            Mount("/plain", application),
            # The kit asks for events here.
            Mount("/", coded),
        ]
    )


app = create_app()
