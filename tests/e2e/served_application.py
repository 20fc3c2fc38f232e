"""What the end-to-end tests talk to: the demo's application, and what can go wrong in one."""

from __future__ import annotations

import os
import random
import tempfile
import time
import weakref
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from flask import Flask
from flask import Response
from flask import request

from pyfastgz import Compress
from pyfastgz.http import fields
from pyfastgz.policy.table import DEFAULTS
from tools.kit import events
from tools.kit import usage
from tools.kit.documents.prose import Writer
from tools.kit.events import Acknowledgements
from tools.kit.shop.application import create_app as create_demo

NOISE_NBYTES = 20 * 1024 * 1024
PAGE_HEAD = ("<!doctype html><title>lamps</title>", "<link href=/style.css>", "<nav>", "</nav>")
"""What ``/page`` yields at once; then it waits until somebody acknowledges that."""

PAGE_BODY = [f"<tr><td>{number}<td>lamp" for number in range(100)]
"""What it yields then, at once again."""

WORDS = Writer("words").paragraph(2).split(" ")
"""What ``/words`` yields, each when the one before was acknowledged, and not at once."""

PATIENCE_SECONDS = 30.0
"""How long ``/closed`` waits for a stream to be closed before it says that none was."""


def make_noise() -> bytes:
    """Return the body of ``/big``."""
    return random.Random("big").randbytes(NOISE_NBYTES)


def make_failing_chunks() -> list[str]:
    """Return what ``/failing`` yields before it raises."""
    writer = Writer("failing")
    return [f"<p>{writer.paragraph(20)}</p>\n" for _ in range(30)]


class SharedCounts:
    """Counts by name, which all processes share that are forked later: lines of one file."""

    def __init__(self) -> None:
        # Lines that are appended at the same time are both kept.
        self._file = tempfile.TemporaryFile("a+b", buffering=0)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def add(self, name: str) -> int:
        """Count one more, and return how many that makes."""
        self._file.write(f"{name}\n".encode())
        return self.get(name)

    def get(self, name: str) -> int:
        descriptor = self._file.fileno()
        written = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        return written.split(b"\n").count(name.encode())

    def wait_for(self, name: str, count: int, seconds: float) -> bool:
        """Wait until the count is reached; False if that takes too long."""
        give_up_at = time.monotonic() + seconds
        while self.get(name) < count:
            if time.monotonic() > give_up_at:
                return False
            time.sleep(0.002)
        return True


class SharedAcknowledgements(Acknowledgements):
    """Acknowledgements that may come to another process than the one that waits for them."""

    def __init__(self) -> None:
        self._shared = SharedCounts()

    def add(self, channel: str) -> int:
        return self._shared.add(channel)

    def wait_for(self, channel: str, count: int) -> bool:
        return self._shared.wait_for(channel, count, events.PATIENCE_SECONDS)


def create_damaging_app(coding: str = "gzip") -> Flask:
    """Return an application whose bodies in one coding are sent twice in one response."""
    app = create_demo()
    inner = app.wsgi_app

    def send_twice(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        response = Response.from_app(inner, environ)
        if response.content_encoding == coding:
            response.set_data(2 * response.get_data())
        return response(environ, start_response)

    # Outside of the extension, wherever that is among the functions after a request.
    app.wsgi_app = send_twice  # type: ignore[method-assign]
    return app


def create_holding_app(patience_seconds: float) -> Flask:
    """Return an application that flushes one event only, and waits so long for its client."""
    fields.EVENT_MEDIA_TYPES = frozenset()
    events.PATIENCE_SECONDS = patience_seconds
    app = create_demo()
    app.config["COMPRESS_STREAM_FLUSH_MS"] = float("inf")
    Compress(app)
    return app


def create_app() -> Flask:
    """Return the demo's application with more views, whose streams can be watched."""
    acknowledgements = SharedAcknowledgements()
    app = create_demo(acknowledgements=acknowledgements)
    app.config["COMPRESS_MIMETYPES"] = [*app.config["COMPRESS_MIMETYPES"], "multipart/mixed"]
    Compress(app)
    closings = SharedCounts()

    @app.get("/big")
    def big() -> Response:
        return Response(make_noise(), mimetype="text/plain")

    @app.get("/big/streamed")
    def big_streamed() -> Response:
        noise = memoryview(make_noise())
        chunks = (bytes(noise[at : at + 70_000]) for at in range(0, len(noise), 70_000))
        return Response(chunks, mimetype="text/plain")

    @app.get("/messages/<channel>")
    def messages(channel: str) -> Response:
        return Response(acknowledgements.stream(channel), mimetype=request.args["type"])

    @app.get("/words/<channel>")
    def words(channel: str) -> Response:
        def chunks() -> Iterator[str]:
            for number, word in enumerate(WORDS):
                if not acknowledgements.wait_for(channel, number):
                    return
                # As long as it takes for a flush to come back, and a bit.
                time.sleep(1.1 * DEFAULTS["COMPRESS_STREAM_FLUSH_MS"] / 1000)
                yield word

        return Response(chunks(), mimetype="text/plain")

    @app.get("/page/<channel>")
    def page(channel: str) -> Response:
        def chunks() -> Iterator[str]:
            yield from PAGE_HEAD
            acknowledgements.wait_for(channel, 1)
            yield from PAGE_BODY

        return Response(chunks(), mimetype="text/html")

    @app.get("/endless/<name>")
    def endless(name: str) -> Response:
        def chunks() -> Iterator[str]:
            writer = Writer(name)
            try:
                while True:
                    yield f"{writer.paragraph(20)}\n"
                    # A source that never waits leaves the other threads of the server no turn.
                    time.sleep(0.001)
            finally:
                closings.add(name)

        return Response(chunks(), mimetype=request.args.get("type", "text/plain"))

    @app.get("/closed/<name>")
    def closed(name: str) -> dict[str, int]:
        closings.wait_for(name, 1, PATIENCE_SECONDS)
        return {"closed": closings.get(name)}

    @app.get("/failing/<name>")
    def failing(name: str) -> Response:
        def chunks() -> Iterator[str]:
            try:
                yield from make_failing_chunks()
                raise RuntimeError("this stream fails, as it should")
            finally:
                closings.add(name)

        return Response(chunks(), mimetype="text/html")

    @app.get("/usage")
    def used() -> dict[str, int]:
        return usage.measure()

    return app
