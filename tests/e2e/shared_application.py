"""An application whose processes share a cache of compressed bodies.

Responses tell which process they are of, and how long it took to code them.
"""

from __future__ import annotations

import os
import random
from functools import cache
from typing import Any

import cachelib
import flask_caching
import redis
from flask import Flask
from flask import Response

from pyfastgz import Compress
from pyfastgz import Outcome
from pyfastgz import response_compressed
from pyfastgz.store.shared import SharedStore
from tools.kit.documents.prose import Writer

CACHES = ("redis", "RedisCache", "Flask RedisCache", "FileSystemCache", "Flask FileSystemCache")
"""What the processes may share. The first three are given a socket, the others a folder."""


KIND, PLACE = "TESTS_CACHE", "TESTS_CACHE_PLACE"
"""The variables that name one of :data:`CACHES`, and the path of its socket or folder."""

WAIT = "TESTS_CACHE_WAIT"
"""The variable with the seconds that are waited for an answer; nothing for what is usual."""


@cache
def _paragraphs() -> list[str]:
    writer = Writer("shared")
    return [writer.paragraph(80) for _ in range(200)]


@cache
def page_of(number: int) -> bytes:
    """Return a page that takes milliseconds to code, even with zstd: a million bytes."""
    chosen = random.Random(number)
    return "\n".join(chosen.choices(_paragraphs(), k=1_500)).encode()[:1_000_000]


def make_cache(app: Flask, kind: str, place: str) -> Any:
    """Return one of :data:`CACHES`.

    :param place: the path of the socket or of the folder.
    """
    match kind:
        case "redis":
            return redis.Redis(unix_socket_path=place)
        case "RedisCache":
            return cachelib.RedisCache(redis.Redis(unix_socket_path=place))
        case "Flask RedisCache":
            url = f"unix://{place}"
            options = {"CACHE_REDIS_URL": url, "CACHE_KEY_PREFIX": "a prefix:"}
            return flask_caching.Cache(app, config={"CACHE_TYPE": "RedisCache", **options})
        case "FileSystemCache":
            return cachelib.FileSystemCache(place)
        case _:
            options = {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": place}
            return flask_caching.Cache(app, config=options)


def create_app() -> Flask:
    """Return the application, with the cache that the environment names."""
    app = Flask(__name__)
    shared = make_cache(app, os.environ[KIND], os.environ[PLACE])
    app.config["COMPRESS_CACHE_BACKEND"] = lambda: shared
    # What the process itself keeps would hide what it shares.
    app.config["COMPRESS_STORE_BYTES"] = 0
    Compress(app)
    if os.environ[WAIT]:
        engine = app.extensions["pyfastgz"]
        engine._shared = SharedStore(
            shared, engine._encode, wait=float(os.environ[WAIT]), named=engine.named
        )

    @app.get("/page/<int:number>")
    def page(number: int) -> bytes:
        return page_of(number)

    @app.get("/")
    def index() -> str:
        return "index"

    def tell(_: Flask, response: Response, outcome: Outcome) -> None:
        response.headers["X-Seconds"] = str(outcome.seconds)
        response.headers["X-Worker"] = str(os.getpid())

    response_compressed.connect(tell, app, weak=False)
    return app
