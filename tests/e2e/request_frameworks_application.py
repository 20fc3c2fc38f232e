"""Applications of frameworks that are sent coded bodies, side by side, behind both middlewares.

Each has the same four paths, below its name: ``json``, ``form``, ``upload`` and ``stream``, and
says what it has read. ``asgi`` and what ``make_wsgi`` returns are the applications of all. Only
servers import this: it sets Django up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated
from typing import Any

import django
import falcon
import falcon.asgi
import quart
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest
from django.http import JsonResponse
from django.urls import path as route
from fastapi import FastAPI
from fastapi import Form
from fastapi import Request
from fastapi import UploadFile
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from pyfastgz.asgi import CompressMiddleware as AsgiMiddleware
from pyfastgz.asgi import with_length as asgi_with_length
from pyfastgz.wsgi import CompressMiddleware as WsgiMiddleware
from pyfastgz.wsgi import with_length as wsgi_with_length

MB = 1 << 20
Said = dict[str, Any]


class Lamp(BaseModel):
    """A lamp."""

    name: str
    hours: list[float]


def said_of_lamp(name: str, hours: list[float]) -> Said:
    """Return what is said of JSON."""
    return {"name": name, "hours": sum(hours)}


def said_of_file(name: str, filename: str | None, data: bytes) -> Said:
    """Return what is said of a form with a file."""
    return {"name": name, "filename": filename, **said_of(data)}


def said_of(data: bytes) -> Said:
    """Return what is said of a body."""
    return {"nbytes": len(data), "sha256": sha256(data).hexdigest()}


# ---- FastAPI ----

fastapi = FastAPI()


@fastapi.post("/json")
async def fastapi_json(lamp: Lamp) -> Said:
    """Validate by a model."""
    return said_of_lamp(lamp.name, lamp.hours)


@fastapi.post("/form")
async def fastapi_form(name: Annotated[str, Form()], table: Annotated[int, Form()]) -> Said:
    """Read a form."""
    return {"name": name, "table": table}


@fastapi.post("/upload")
def fastapi_upload(name: Annotated[str, Form()], file: UploadFile) -> Said:
    """Read a form with a file, in a thread."""
    return said_of_file(name, file.filename, file.file.read())


@fastapi.post("/stream")
async def fastapi_stream(asked: Request) -> Said:
    """Read what comes as it comes."""
    return said_of(b"".join([part async for part in asked.stream()]))


# ---- Starlette ----


async def starlette_json(asked: StarletteRequest) -> JSONResponse:
    """Read JSON."""
    lamp = await asked.json()
    return JSONResponse(said_of_lamp(lamp["name"], lamp["hours"]))


async def starlette_form(asked: StarletteRequest) -> JSONResponse:
    """Read a form."""
    async with asked.form() as form:
        return JSONResponse({"name": form["name"], "table": int(str(form["table"]))})


async def starlette_upload(asked: StarletteRequest) -> JSONResponse:
    """Read a form with a file."""
    async with asked.form() as form:
        file: Any = form["file"]
        said = said_of_file(str(form["name"]), file.filename, await file.read())
    return JSONResponse(said)


async def starlette_stream(asked: StarletteRequest) -> JSONResponse:
    """Read what comes as it comes."""
    return JSONResponse(said_of(b"".join([part async for part in asked.stream()])))


starlette = Starlette(
    routes=[
        Route("/json", starlette_json, methods=["POST"]),
        Route("/form", starlette_form, methods=["POST"]),
        Route("/upload", starlette_upload, methods=["POST"]),
        Route("/stream", starlette_stream, methods=["POST"]),
    ]
)


# ---- Quart ----

quart_app = quart.Quart("site")
quart_app.config["MAX_CONTENT_LENGTH"] = 64 * MB


@quart_app.post("/json")
async def quart_json() -> Said:
    """Read JSON."""
    lamp = await quart.request.get_json()
    return said_of_lamp(lamp["name"], lamp["hours"])


@quart_app.post("/form")
async def quart_form() -> Said:
    """Read a form."""
    form = await quart.request.form
    return {"name": form["name"], "table": int(form["table"])}


@quart_app.post("/upload")
async def quart_upload() -> Said:
    """Read a form with a file."""
    file = (await quart.request.files)["file"]
    form = await quart.request.form
    return said_of_file(form["name"], file.filename, file.read())


@quart_app.post("/stream")
async def quart_stream() -> Said:
    """Read what comes as it comes."""
    return said_of(b"".join([part async for part in quart.request.body]))


# ---- Falcon ----


class FalconAsgi:
    """What Falcon answers over ASGI."""

    async def on_post_json(self, asked: Any, response: Any) -> None:
        """Read JSON."""
        lamp = await asked.get_media()
        response.media = said_of_lamp(lamp["name"], lamp["hours"])

    async def on_post_form(self, asked: Any, response: Any) -> None:
        """Read a form."""
        form = await asked.get_media()
        response.media = {"name": form["name"], "table": int(form["table"])}

    async def on_post_upload(self, asked: Any, response: Any) -> None:
        """Read a form with a file."""
        name, said = "", {}
        async for part in await asked.get_media():
            if part.name == "name":
                name = await part.text
            else:
                said = said_of_file(name, part.filename, await part.stream.read())
        response.media = said

    async def on_post_stream(self, asked: Any, response: Any) -> None:
        """Read what comes as it comes."""
        response.media = said_of(b"".join([part async for part in asked.stream]))


class FalconWsgi:
    """What Falcon answers over WSGI."""

    def on_post_json(self, asked: Any, response: Any) -> None:
        """Read JSON."""
        lamp = asked.get_media()
        response.media = said_of_lamp(lamp["name"], lamp["hours"])

    def on_post_form(self, asked: Any, response: Any) -> None:
        """Read a form."""
        form = asked.get_media()
        response.media = {"name": form["name"], "table": int(form["table"])}

    def on_post_upload(self, asked: Any, response: Any) -> None:
        """Read a form with a file."""
        name, said = "", {}
        for part in asked.get_media():
            if part.name == "name":
                name = part.text
            else:
                said = said_of_file(name, part.filename, part.stream.read())
        response.media = said

    def on_post_stream(self, asked: Any, response: Any) -> None:
        """Read what comes as it comes."""
        parts = []
        while part := asked.bounded_stream.read(10_000):
            parts.append(part)
        response.media = said_of(b"".join(parts))


def route_falcon(app: Any, resource: Any) -> Any:
    """Return an application of Falcon with the four paths."""
    for name in ("json", "form", "upload", "stream"):
        app.add_route(f"/{name}", resource, suffix=name)
    # A file may be longer than a megabyte.
    handlers = app.req_options.media_handlers
    handlers[falcon.MEDIA_MULTIPART].parse_options.max_body_part_buffer_size = 64 * MB
    return app


# ---- Django ----


def django_json(asked: HttpRequest) -> JsonResponse:
    """Read JSON."""
    lamp = json.loads(asked.body)
    return JsonResponse(said_of_lamp(lamp["name"], lamp["hours"]))


def django_form(asked: HttpRequest) -> JsonResponse:
    """Read a form."""
    return JsonResponse({"name": asked.POST["name"], "table": int(str(asked.POST["table"]))})


def django_upload(asked: HttpRequest) -> JsonResponse:
    """Read a form with a file."""
    file: Any = asked.FILES.get("file")
    if file is None:
        return JsonResponse({"name": None})
    return JsonResponse(said_of_file(str(asked.POST["name"]), file.name, file.read()))


def django_stream(asked: HttpRequest) -> JsonResponse:
    """Read what comes as it comes."""
    parts = []
    while part := asked.read(10_000):
        parts.append(part)
    return JsonResponse(said_of(b"".join(parts)))


settings.configure(
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=[],
    ROOT_URLCONF=type(
        "urls",
        (),
        {
            "urlpatterns": [
                route("json", django_json),
                route("form", django_form),
                route("upload", django_upload),
                route("stream", django_stream),
            ]
        },
    ),
    USE_TZ=True,
)
django.setup()


# ---- Side by side ----

ASGI: Mapping[str, Any] = {
    "fastapi": fastapi,
    "starlette": starlette,
    "quart": quart_app,
    "falcon": route_falcon(falcon.asgi.App(), FalconAsgi()),
    "django": asgi_with_length(get_asgi_application()),
    "django-without-length": get_asgi_application(),
}
WSGI: Mapping[str, Any] = {
    "falcon": wsgi_with_length(route_falcon(falcon.App(), FalconWsgi())),
    "django": wsgi_with_length(get_wsgi_application()),
}


async def dispatch_asgi(scope: Any, receive: Any, send: Any) -> None:
    """Be the application whose name a path begins with."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    name, _, rest = scope["path"].lstrip("/").partition("/")
    if name not in ASGI:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    moved = {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode(), "root_path": ""}
    await ASGI[name](moved, receive, send)


def dispatch_wsgi(environ: dict[str, Any], start_response: Any) -> Any:
    """Be the application whose name a path begins with."""
    name, _, rest = environ["PATH_INFO"].lstrip("/").partition("/")
    if name not in WSGI:
        start_response("404 Not Found", [])
        return []
    return WSGI[name]({**environ, "SCRIPT_NAME": "", "PATH_INFO": f"/{rest}"}, start_response)


asgi = AsgiMiddleware(dispatch_asgi, decode_requests=True)


def make_wsgi() -> Any:
    """Return the applications over WSGI."""
    return WsgiMiddleware(dispatch_wsgi, decode_requests=True)
