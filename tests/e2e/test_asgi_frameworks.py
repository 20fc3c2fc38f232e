"""Applications of Quart and FastAPI in the middleware, beside the same without it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from quart import Quart
from quart import Response
from quart import send_file
from sse_starlette import EventSourceResponse

from pyfastgz.asgi import CompressMiddleware

ITEMS = [{"id": number, "name": f"lamp {number * 7919 % 1000}"} for number in range(300)]
DOCS = Path(__file__).resolve().parents[2] / "docs"


def quart_application() -> Any:
    app = Quart("site")

    @app.get("/page")
    async def page() -> str:
        return "".join(f"<p>{item['name']}</p>\n" for item in ITEMS)

    @app.get("/file")
    async def file() -> Any:
        return await send_file(DOCS / "rules.md", mimetype="text/plain", conditional=True)

    @app.get("/stream")
    async def stream() -> Response:
        async def rows() -> AsyncIterator[bytes]:
            for item in ITEMS:
                yield f"<li>{item['name']}</li>\n".encode()

        return Response(rows(), mimetype="text/html")

    return app


def fastapi_application() -> Any:
    app = FastAPI()

    @app.get("/page")
    def page() -> list[dict[str, Any]]:
        return ITEMS

    @app.get("/stream")
    async def stream() -> EventSourceResponse:
        async def events() -> AsyncIterator[dict[str, str]]:
            for item in ITEMS:
                yield {"data": str(item["name"])}

        return EventSourceResponse(events())

    app.mount("/", StaticFiles(directory=DOCS))
    return app


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd", "br", "identity"])
@pytest.mark.parametrize(
    ("make", "paths"),
    [
        (quart_application, ["/page", "/file", "/stream"]),
        (fastapi_application, ["/page", "/stream", "/rules.md", "/none"]),
    ],
    ids=["Quart", "FastAPI"],
)
def test_every_response_is_what_it_is_without(make: Any, paths: list[str], coding: str) -> None:
    plain = make()
    wrapped = CompressMiddleware(make(), extra_mimetypes=["text/event-stream", "text/markdown"])

    async def ask() -> None:
        for path in paths:
            expected = await get(plain, path, {"Accept-Encoding": coding})
            answer = await get(wrapped, path, {"Accept-Encoding": coding})
            assert (answer.status_code, answer.content) == (
                expected.status_code,
                expected.content,
            )
            if path == "/none":
                continue
            sent = None if coding == "identity" else coding
            assert answer.headers.get("Content-Encoding") == sent
            assert "Accept-Encoding" in answer.headers["Vary"]
            tag = answer.headers.get("ETag")
            if tag is not None:
                fields = {"Accept-Encoding": coding, "If-None-Match": tag}
                current = await get(wrapped, path, fields)
                assert (current.status_code, current.headers["ETag"]) == (304, tag)
                assert current.content == b""

    asyncio.run(ask())


async def get(app: Any, path: str, fields: dict[str, str]) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://site.test") as client:
        return await client.get(path, headers=fields)
