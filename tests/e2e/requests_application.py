"""What the tests of request bodies talk to: an application behind each of the doors.

``/flask`` has the extension, ``/wsgi`` is one of no framework in the WSGI middleware, and
``asgi_app`` one of Starlette in the ASGI middleware. All of them say what they have read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask
from flask import Response
from flask import jsonify
from flask import request
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pyfastgz import Compress
from pyfastgz.asgi import CompressMiddleware as AsgiMiddleware
from pyfastgz.wsgi import CompressMiddleware as WsgiMiddleware
from tools.kit import usage

CODED = {"content-encoding", "content-length"}


def read_of(data: bytes, names: Iterable[str]) -> dict[str, Any]:
    """Return what is said of a body."""
    seen = sorted(CODED.intersection(name.lower() for name in names))
    return {"nbytes": len(data), "sha256": sha256(data).hexdigest(), "seen": seen}


def usage_from_now() -> dict[str, Any]:
    """Return what the process has used, and have its most memory counted anew."""
    used = {**usage.measure(), "seconds": time.process_time()}
    # See proc(5).
    Path("/proc/self/clear_refs").write_text("5")
    return used


# ---- Flask ----


def make_flask() -> Flask:
    """Return an application that decodes, and keeps what monitors report."""
    app = Flask(__name__)
    app.config["COMPRESS_DECODE_REQUESTS"] = True
    Compress(app)
    spans: list[str] = []
    events: list[Any] = []

    @app.route("/echo", methods=["GET", "POST", "PUT"])
    def echo() -> Response:
        return jsonify(read_of(request.get_data(), dict(request.headers)))

    @app.post("/ignored")
    def ignored() -> Response:
        return jsonify(read_of(b"", []))

    @app.post("/streamed")
    def streamed() -> Response:
        hashed, nbytes = sha256(), 0
        while piece := request.stream.read(65_536):
            hashed.update(piece)
            nbytes += len(piece)
        return jsonify(nbytes=nbytes, sha256=hashed.hexdigest(), seen=[])

    @app.post("/v1/traces")
    def traces() -> Response:
        asked = ExportTraceServiceRequest.FromString(request.get_data())
        for resource in asked.resource_spans:
            for scope in resource.scope_spans:
                spans.extend(span.name for span in scope.spans)
        answer = ExportTraceServiceResponse().SerializeToString()
        return Response(answer, mimetype="application/x-protobuf")

    @app.post("/api/<int:project>/envelope/")
    def envelope(project: int) -> Response:
        lines = request.get_data().splitlines()
        events.extend(json.loads(line) for line in lines if line.startswith(b"{"))
        return jsonify(id="1")

    @app.get("/reported")
    def reported() -> Response:
        return jsonify(spans=spans, events=events)

    @app.get("/usage")
    def used() -> Response:
        return jsonify(usage_from_now())

    return app


# ---- WSGI ----


def wsgi_echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Say what was read; as an application does that knows no framework."""
    length = environ.get("CONTENT_LENGTH")
    data = b""
    if length:
        data = environ["wsgi.input"].read(int(length))
    elif environ.get("wsgi.input_terminated"):
        data = environ["wsgi.input"].read()
    names = [key.removeprefix("HTTP_").replace("_", "-") for key in environ]
    if not length:
        names = [name for name in names if name != "CONTENT-LENGTH"]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(read_of(data, names)).encode()]


def create_app() -> Any:
    """Return the application of Flask, and below ``/wsgi`` the other."""
    flask = make_flask()
    wsgi = WsgiMiddleware(wsgi_echo, decode_requests=True)

    def dispatch(environ: dict[str, Any], start_response: Any) -> Any:
        door, _, rest = environ["PATH_INFO"].lstrip("/").partition("/")
        moved = {**environ, "SCRIPT_NAME": f"/{door}", "PATH_INFO": f"/{rest}"}
        return (wsgi if door == "wsgi" else flask)(moved, start_response)

    return dispatch


# ---- ASGI ----


async def asgi_echo(asked: Request) -> JSONResponse:
    """Say what was read."""
    return JSONResponse(read_of(await asked.body(), asked.headers.keys()))


async def asgi_streamed(asked: Request) -> JSONResponse:
    """Say what was read, without ever holding it."""
    hashed, nbytes = sha256(), 0
    async for piece in asked.stream():
        hashed.update(piece)
        nbytes += len(piece)
    return JSONResponse({"nbytes": nbytes, "sha256": hashed.hexdigest(), "seen": []})


async def asgi_ignored(asked: Request) -> JSONResponse:
    """Answer without reading."""
    return JSONResponse(read_of(b"", []))


async def asgi_usage(asked: Request) -> JSONResponse:
    """Say what the process has used."""
    return JSONResponse(usage_from_now())


asgi_app = AsgiMiddleware(
    Starlette(
        routes=[
            Route("/asgi/echo", asgi_echo, methods=["GET", "POST", "PUT"]),
            Route("/asgi/streamed", asgi_streamed, methods=["POST"]),
            Route("/asgi/ignored", asgi_ignored, methods=["POST"]),
            Route("/asgi/usage", asgi_usage),
        ]
    ),
    decode_requests=True,
)
