"""What the end-to-end tests talk to: the demo's application, and what can go wrong in one."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator

from flask import Flask
from flask import Response

from pyfastgz import Compress
from pyfastgz import streaming
from tools.demo import events
from tools.demo.application import create_app as create_demo
from tools.demo.prose import Writer

NOISE_NBYTES = 20 * 1024 * 1024
PATIENCE_SECONDS = 20.0
"""How long ``/closed`` waits for a stream to be closed before it says that none was."""


def make_noise() -> bytes:
    """Return the body of ``/big``."""
    return random.Random("big").randbytes(NOISE_NBYTES)


def make_failing_chunks() -> list[str]:
    """Return what ``/failing`` yields before it raises."""
    writer = Writer("failing")
    return [f"<p>{writer.paragraph(20)}</p>\n" for _ in range(30)]


class Closings:
    """How often streams were closed, by name."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._counts: Counter[str] = Counter()

    def add(self, name: str) -> None:
        with self._changed:
            self._counts[name] += 1
            self._changed.notify_all()

    def wait(self, name: str) -> int:
        """Wait until a stream was closed, but not for ever; return how often it was."""
        with self._changed:
            self._changed.wait_for(lambda: self._counts[name], timeout=PATIENCE_SECONDS)
            return self._counts[name]


def create_damaging_app() -> Flask:
    """Return an application whose gzip bodies are sent twice in one response."""
    app = create_demo()

    def send_twice(response: Response) -> Response:
        if response.content_encoding == "gzip" and not response.is_streamed:
            response.set_data(2 * response.get_data())
        return response

    # What was registered first runs last: this comes after the extension.
    app.after_request_funcs[None].insert(0, send_twice)
    return app


def create_holding_app() -> Flask:
    """Return an application that flushes the first event only, and soon gives up waiting."""
    streaming.EVENT_MEDIA_TYPES = frozenset()
    events.PATIENCE_SECONDS = 0.5
    app = create_demo()
    app.config["COMPRESS_STREAM_FLUSH_MS"] = float("inf")
    Compress(app)
    return app


def create_app() -> Flask:
    """Return the demo's application with more views, whose streams can be watched."""
    app = create_demo()
    closings = Closings()

    @app.get("/big")
    def big() -> Response:
        return Response(make_noise(), mimetype="text/plain")

    @app.get("/big/streamed")
    def big_streamed() -> Response:
        noise = memoryview(make_noise())
        chunks = (bytes(noise[at : at + 70_000]) for at in range(0, len(noise), 70_000))
        return Response(chunks, mimetype="text/plain")

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

        return Response(chunks(), mimetype="text/plain")

    @app.get("/closed/<name>")
    def closed(name: str) -> dict[str, int]:
        return {"closed": closings.wait(name)}

    @app.get("/failing/<name>")
    def failing(name: str) -> Response:
        def chunks() -> Iterator[str]:
            try:
                yield from make_failing_chunks()
                raise RuntimeError("this stream fails, as it should")
            finally:
                closings.add(name)

        return Response(chunks(), mimetype="text/html")

    return app
