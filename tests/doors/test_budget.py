"""The CPU budget: caches that others see, what is told of it, and applications without one."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from collections.abc import Iterator
from time import monotonic
from time import sleep
from typing import Any

import pytest
from flask import Flask
from purse import Purse
from shared import wait_for
from sources import PATIENCE_SECONDS

from pyfastgz import BudgetStats
from pyfastgz import Compress
from pyfastgz import DictCache
from pyfastgz import SkipReason
from pyfastgz import budget_step_changed
from pyfastgz import compress
from pyfastgz.asgi import CompressMiddleware as AsgiMiddleware
from pyfastgz.engine import Engine
from pyfastgz.store.bodies import BodyStore
from pyfastgz.wsgi import CompressMiddleware as WsgiMiddleware

Get = Callable[..., Any]
# At level 9 it takes some ten milliseconds to code.
PAGE = bytes(random.Random(1).choices(b"lamps and tables ", k=400_000))


def make_app(purse: Purse, **settings: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(COMPRESS_CPU_BUDGET=0.5, COMPRESS_LEVEL=9, **settings)
    app.add_url_rule("/", view_func=lambda: PAGE)
    app.extensions["compress"] = Compress(app)
    purse.prepare(app.extensions["pyfastgz"])
    return app


# ---- Caches that others see ----


@pytest.mark.parametrize("store_bytes", [0, 8 * 1024 * 1024])
def test_what_other_processes_have_coded_is_sent(get: Get, store_bytes: int) -> None:
    cache = DictCache()
    settings = {"COMPRESS_CACHE_BACKEND": lambda: cache, "COMPRESS_STORE_BYTES": store_bytes}
    other = make_app(Purse(), **settings)
    wait_for(other.extensions["pyfastgz"], cache)
    assert get(to=other).read() == compress(PAGE, level=9)
    end = monotonic() + PATIENCE_SECONDS
    while not cache.data:
        assert monotonic() < end
        sleep(0.001)
    purse = Purse()
    app = make_app(purse, **settings)
    wait_for(purse.engine, cache)
    for step in (4, 3, 2, 1, 2, 3, 4):
        purse.reach(step)
        taken = purse.seconds()
        assert get(to=app).read() == compress(PAGE, level=9)
        assert purse.seconds() == taken
    assert purse.responses() == (0, 0, 0, 0, 0)
    # It is kept here as well.
    assert purse.engine.stats().store.entries == (1 if store_bytes else 0)
    cache.data.clear()
    assert get(to=app).field("Content-Encoding") == ("gzip" if store_bytes else None)


def test_levels_have_names_of_their_own_in_a_cache_with_names(get: Get) -> None:
    cache, purse = DictCache(), Purse()
    app = make_app(
        purse,
        COMPRESS_CACHE_BACKEND=lambda: cache,
        COMPRESS_CACHE_KEY=lambda request: "page",
    )
    purse.cost = 0.001
    purse.reach(4)
    assert get(to=app).body() == PAGE
    assert cache.data == {}
    for step, level in ((3, 1), (2, 3), (3, 1), (0, 9), (3, 9), (4, 9)):
        purse.reach(step)
        assert get(to=app).read() == compress(PAGE, level=level)
    names = {name for name in cache.data if not name.endswith(";seal")}
    assert names == {"gzip;page", "gzip;page;level=1", "gzip;page;level=3"}
    assert purse.responses() == (1, 0, 1, 1, 1)


# ---- What is told ----


@pytest.fixture
def told() -> Iterator[list[tuple[Any, int, int]]]:
    """What was told of steps, whoever has sent it."""
    changes: list[tuple[Any, int, int]] = []

    def note(sender: Any, *, before: int, step: int) -> None:
        changes.append((sender, before, step))

    with budget_step_changed.connected_to(note):
        yield changes


def test_a_signal_tells_of_steps(get: Get, told: list[Any]) -> None:
    purse = Purse()
    app = make_app(purse, COMPRESS_STORE_BYTES=0)
    purse.cost = purse.most
    for _ in range(3):
        get(to=app).read()
    assert told == [(app, 0, 4)]
    purse.now += 1000
    get(to=app).read()
    assert told == [(app, 0, 4), (app, 4, 0)]


def test_of_middleware_it_is_the_sender(told: list[Any]) -> None:
    def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        return [PAGE]

    async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": PAGE})

    async def send(message: Any) -> None:
        pass

    wsgi, asgi = WsgiMiddleware(wsgi_app, cpu_budget=1), AsgiMiddleware(asgi_app, cpu_budget=1)
    for door in (wsgi, asgi):
        purse = Purse()
        purse.prepare(door.engine)
        purse.take(purse.most)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_ACCEPT_ENCODING": "gzip"}
    assert wsgi(environ, lambda *_: lambda _: None) == [PAGE]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b""}
    asyncio.run(asgi({**scope, "headers": [(b"accept-encoding", b"gzip")]}, None, send))
    assert told == [(wsgi, 0, 4), (asgi, 0, 4)]


def test_a_receiver_that_fails_is_logged(get: Get, caplog: pytest.LogCaptureFixture) -> None:
    purse = Purse()
    app = make_app(purse)
    purse.take(purse.most)

    def fail(sender: Any, **_: Any) -> None:
        raise RuntimeError("as it should")

    with budget_step_changed.connected_to(fail, app):
        assert get(to=app).body() == PAGE
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "a receiver of budget_step_changed failed"


def test_stats(get: Get) -> None:
    purse = Purse()
    app = make_app(purse)
    purse.cost = 0.25
    for number in range(3):
        get(f"/?{number}", to=app).read()
    compress_app: Compress = app.extensions["compress"]
    with app.app_context():
        stats = compress_app.stats()
    # The third one was kept.
    assert stats.budget == BudgetStats(0.5, 0, 3.5, 0.5, (2, 0, 0, 0, 0))
    purse.reach(4)
    get("/", "zstd", to=app).read()
    with app.app_context():
        stats = compress_app.stats()
    assert stats.skipped == {SkipReason.BUDGET: 1}
    assert stats.budget is not None
    assert (stats.budget.step, stats.budget.responses) == (4, (2, 0, 0, 0, 1))
    assert SkipReason.BUDGET.value == "the CPU budget is used up"


def test_server_timing_says_why(get: Get) -> None:
    purse = Purse()
    app = make_app(purse, COMPRESS_SERVER_TIMING=True)
    purse.reach(4)
    assert get(to=app).field("Server-Timing") == 'fastgz;desc="budget"'


# ---- Applications ----


def test_without_a_budget_nothing_is_asked_or_measured() -> None:
    app = Flask(__name__)
    compress_app = Compress(app)
    engine = app.extensions["pyfastgz"]
    assert type(engine) is Engine
    assert engine.budget is None
    assert type(engine.store) is BodyStore
    with app.app_context():
        assert compress_app.stats().budget is None


def test_r51_each_application_has_its_own(get: Get) -> None:
    purses = Purse(), Purse()
    apps = [make_app(purse) for purse in purses]
    purses[0].reach(4)
    assert [get(to=app).field("Content-Encoding") for app in apps] == [None, "gzip"]


def test_all_of_a_machine_may_be_used() -> None:
    app = Flask(__name__)
    app.config["COMPRESS_CPU_BUDGET"] = 1
    Compress(app)
    assert app.extensions["pyfastgz"].budget.cores == 1.0
