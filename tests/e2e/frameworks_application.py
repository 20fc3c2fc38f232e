"""Applications of Quart and FastAPI, each twice: below ``/coded`` in the ASGI middleware.

Below ``/plain`` they are alone.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.responses import StreamingResponse
from fastapi.staticfiles import StaticFiles
from quart import Quart
from quart import Response
from quart import send_file
from sse_starlette import EventSourceResponse

from pyfastgz.asgi import CompressMiddleware
from tools.kit.documents.content import make_events
from tools.kit.documents.prose import Writer
from tools.kit.events import COUNT

FOLDER = "PYFASTGZ_TEST_FOLDER"
"""The environment variable that has the folder of the files; the tests import this without."""

PAGE = "".join(f"<p>{Writer('frameworks').paragraph(20)}</p>\n" for _ in range(30))
ITEMS = [{"id": number, "name": f"lamp {number * 7919 % 1000}"} for number in range(300)]
PATIENCE_SECONDS = 30.0

_seen: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(0))


async def rows() -> AsyncIterator[bytes]:
    for item in ITEMS:
        yield f"<li>{item['name']}</li>\n".encode()


async def events(channel: str) -> AsyncIterator[bytes]:
    """Yield an event, and wait until the client says that it has decoded it."""
    for event in make_events(COUNT):
        yield event
        await asyncio.wait_for(_seen[channel].acquire(), PATIENCE_SECONDS)


def make_quart() -> Any:
    app = Quart("site")

    @app.get("/page")
    async def page() -> str:
        return PAGE

    @app.get("/file")
    async def file() -> Any:
        return await send_file(f"{os.environ[FOLDER]}/page.html", conditional=True)

    @app.get("/stream")
    async def stream() -> Response:
        return Response(rows(), mimetype="text/html")

    @app.get("/events/<channel>")
    async def follow(channel: str) -> Response:
        response = Response(events(channel), mimetype="text/event-stream")
        response.timeout = None
        return response

    @app.post("/events/<channel>")
    async def acknowledge(channel: str) -> tuple[str, int]:
        _seen[channel].release()
        return "", 204

    return app


def make_fastapi() -> Any:
    app = FastAPI()

    @app.get("/page")
    def page() -> list[dict[str, Any]]:
        return ITEMS

    @app.get("/file")
    def file() -> FileResponse:
        return FileResponse(f"{os.environ[FOLDER]}/page.html")

    @app.get("/stream")
    def stream() -> StreamingResponse:
        return StreamingResponse(rows(), media_type="text/html")

    @app.get("/made-events")
    async def made_events() -> EventSourceResponse:
        async def made() -> AsyncIterator[dict[str, str]]:
            for item in ITEMS:
                yield {"data": str(item["name"])}

        return EventSourceResponse(made())

    @app.get("/events/{channel}")
    def follow(channel: str) -> StreamingResponse:
        return StreamingResponse(events(channel), media_type="text/event-stream")

    @app.post("/events/{channel}", status_code=204)
    def acknowledge(channel: str) -> None:
        _seen[channel].release()

    app.mount("/static", StaticFiles(directory=os.environ.get(FOLDER, ".")))
    return app


def twice(make: Callable[[], Any]) -> Any:
    plain, coded = make(), CompressMiddleware(make(), extra_mimetypes=["text/event-stream"])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        which, _, rest = scope.get("path", "/")[1:].partition("/")
        if which in {"plain", "coded"}:
            scope = {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}
        await (plain if which == "plain" else coded)(scope, receive, send)

    return app


quart = twice(make_quart)
fastapi = twice(make_fastapi)
