"""A cache without names for bodies: what is expensive to code is shared by applications."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from time import sleep
from typing import Any

import pytest
from flask import Flask
from flask import Response
from flask import g
from flask import has_request_context
from flask import request
from flask_caching import Cache
from shared import wait_for
from sources import PATIENCE_SECONDS

from pyfastgz import Compress
from pyfastgz import DictCache
from pyfastgz import Outcome
from pyfastgz import response_compressed

Get = Callable[..., Any]
# At level 9 it takes some ten milliseconds to code.
PAGE = bytes(random.Random(1).choices(b"lamps and tables ", k=400_000))


def make_app(cache: Any, **settings: Any) -> Flask:
    """Return an application whose own store is off: it would hide the cache."""
    app = Flask(__name__)
    app.config.update(
        COMPRESS_CACHE_BACKEND=lambda: cache,
        COMPRESS_LEVEL=9,
        COMPRESS_STORE_BYTES=0,
        **settings,
    )
    app.add_url_rule("/", view_func=lambda: PAGE)
    app.add_url_rule("/small", view_func=lambda: b"<p>Lamps.</p>" * 100, endpoint="small")
    app.add_url_rule(
        "/secret",
        view_func=lambda: Response(PAGE, headers={"Cache-Control": "no-store"}),
        endpoint="secret",
    )
    app.extensions["compress"] = Compress(app)
    wait_for(app.extensions["pyfastgz"], cache)
    app.extensions["outcomes"] = []

    def note(sender: Flask, *, response: Response, outcome: Outcome) -> None:
        sender.extensions["outcomes"].append(outcome)

    response_compressed.connect(note, app, weak=False)
    return app


def seconds(app: Flask) -> list[float]:
    return [outcome.seconds for outcome in app.extensions["outcomes"]]


def until(condition: Callable[[], object]) -> None:
    end = monotonic() + PATIENCE_SECONDS
    while not condition():
        assert monotonic() < end
        sleep(0.001)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd", "br"])
def test_what_one_application_coded_another_sends(get: Get, coding: str) -> None:
    cache = DictCache()
    levels = {"COMPRESS_DEFLATE_LEVEL": 9, "COMPRESS_ZSTD_LEVEL": 9, "COMPRESS_BR_LEVEL": 6}
    one, other = make_app(cache, **levels), make_app(cache, **levels)
    coded = get("/", coding, to=one).read()
    until(lambda: cache.data)
    assert get("/", coding, to=other).read() == coded
    assert get("/", coding, to=other).body() == PAGE
    assert seconds(one)[0] > 0
    assert seconds(other) == [0, 0]
    with other.app_context():
        stats = other.extensions["compress"].stats().codings[coding]
    assert (stats.responses, stats.seconds) == (2, 0)


def test_what_the_process_keeps_is_not_asked_for(get: Get) -> None:
    class Counting(DictCache):
        asked = 0

        def get(self, key: str) -> bytes | None:
            self.asked += 1
            return super().get(key)

    cache = Counting()
    app = Flask(__name__)
    app.config.update(COMPRESS_CACHE_BACKEND=lambda: cache, COMPRESS_LEVEL=9)
    app.add_url_rule("/", view_func=lambda: PAGE)
    Compress(app)
    coded = {get("/", to=app).read() for _ in range(9)}
    assert len(coded) == 1
    # A body is kept when it comes for the second time.
    assert cache.asked == 2


def test_r52_no_store_is_neither_kept_nor_asked_for(get: Get) -> None:
    class Never(DictCache):
        def get(self, key: str) -> bytes | None:
            raise AssertionError

        def set(self, key: str, value: bytes) -> None:
            raise AssertionError

    app = make_app(Never())
    for _ in range(3):
        assert get("/secret", to=app).body() == PAGE
    assert all(seconds(app))


def test_small_bodies_are_not_kept(get: Get) -> None:
    cache = DictCache()
    app = make_app(cache)
    for _ in range(3):
        get("/small", to=app).body()
    assert get("/", to=app).body() == PAGE
    until(lambda: cache.data)
    assert len(cache.data) == 1


@pytest.mark.parametrize("key", ["page", None])
def test_c8_with_names_there_are_no_other_keys(get: Get, key: str | None) -> None:
    cache = DictCache()
    # A key function that fails says that this body has no place in the cache.
    app = make_app(cache, COMPRESS_CACHE_KEY=lambda request: key)
    for _ in range(2):
        assert get("/", to=app).body() == PAGE
    assert set(cache.data) == ({"gzip;page", "gzip;page;seal"} if key else set())


def test_a_cache_may_be_assigned_later(get: Get) -> None:
    app = make_app(DictCache())
    assert get("/", to=app).body() == PAGE
    cache = DictCache()
    with app.app_context():
        app.extensions["compress"].cache = cache
    wait_for(app.extensions["pyfastgz"], cache)
    assert get("/", to=app).body() == PAGE
    until(lambda: cache.data)
    assert get("/", to=app).body() == PAGE
    assert seconds(app)[2] == 0
    with app.app_context():
        app.extensions["compress"].cache = None
    assert get("/", to=app).body() == PAGE
    assert seconds(app)[3] > 0


@pytest.mark.parametrize("kind", ["SimpleCache", "FileSystemCache", "NullCache"])
def test_flask_caching(
    get: Get, tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    config = {"CACHE_TYPE": kind, "CACHE_DIR": str(tmp_path), "CACHE_KEY_PREFIX": "ours "}
    cache = Cache(config={**config, "CACHE_NO_NULL_WARNING": True})
    app = make_app(cache)
    cache.init_app(app)
    assert get("/", to=app).body() == PAGE
    if kind != "NullCache":
        until(lambda: get("/", to=app).body() == PAGE and seconds(app)[-1] == 0)
    assert caplog.records == []


def test_r41_the_cache_sees_the_context_of_its_request_and_no_other(get: Get) -> None:
    class Looking(DictCache):
        def get(self, key: str) -> bytes | None:
            seen.append((request.path, g.number, threading.current_thread()))
            return super().get(key)

        def set(self, key: str, value: bytes) -> None:
            seen.append((request.path, g.number, threading.current_thread()))
            super().set(key, value)

    seen: list[Any] = []
    cache = Looking()
    app = make_app(cache)
    torn_down: list[object] = []
    app.teardown_request(torn_down.append)
    app.before_request(lambda: setattr(g, "number", 7))
    assert get("/", to=app).body() == PAGE
    until(lambda: cache.data)
    assert [(path, number) for path, number, _ in seen] == 2 * [("/", 7)]
    assert all(thread is not threading.current_thread() for *_, thread in seen)
    assert torn_down == [None]
    assert not has_request_context()
