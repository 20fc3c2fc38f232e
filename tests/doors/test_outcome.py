"""What became of responses: counted, signalled, and told to the client."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask import Response

from pyfastgz import CodingStats
from pyfastgz import Compress
from pyfastgz import Outcome
from pyfastgz import SkipReason
from pyfastgz import response_compressed
from pyfastgz.outcome import Tally
from pyfastgz.store.bodies import StoreStats

Get = Callable[..., Any]
BODY = "<p>what became of it</p>\n" * 200


@pytest.fixture
def compress(app: Flask) -> Compress:
    app.config["COMPRESS_ALGORITHM_STREAMING"] = "gzip"
    app.add_url_rule("/", view_func=lambda: BODY)
    app.add_url_rule("/tiny", view_func=lambda: "tiny", endpoint="tiny")
    app.add_url_rule(
        "/stream",
        view_func=lambda: Response((BODY for _ in range(3)), mimetype="text/html"),
        endpoint="stream",
    )
    return Compress(app)


def test_stats(app: Flask, get: Get, compress: Compress) -> None:
    empty = compress.stats()
    nbytes = len(get().read())
    assert compress.stats().codings["gzip"].responses == 1
    get("/", "identity").read()
    get("/tiny").read()
    get("/tiny").read()
    stream = get("/stream")
    next(stream.chunks)
    assert compress.stats().codings["gzip"].responses == 1
    stream.close()
    streamed = len(get("/stream").read())
    get("/", "zstd").read()
    stats = compress.stats()
    gzip = stats.codings["gzip"]
    assert gzip.responses == 3
    # The stream that was left had one chunk of three.
    assert gzip.in_nbytes == 5 * len(BODY)
    assert nbytes + streamed < gzip.out_nbytes < nbytes + 2 * streamed
    assert gzip.seconds > 0
    assert stats.codings["zstd"].responses == 1
    assert stats.skipped == {SkipReason.NOT_ACCEPTED: 1, SkipReason.TOO_SMALL: 2}
    assert empty.codings == {}
    assert empty.skipped == {}


def test_stats_are_json_as_a_dict(app: Flask, get: Get, compress: Compress) -> None:
    app.add_url_rule("/stats", view_func=lambda: compress.stats().as_dict(), endpoint="stats")
    nothing = {"hits": 0, "misses": 0, "entries": 0, "nbytes": 0}
    assert compress.stats().as_dict() == {
        "codings": {},
        "skipped": {},
        "store": nothing,
        "budget": {},
    }
    coded = get().read()
    get("/tiny").read()
    told = json.loads(get("/stats", accept=None).body())
    # The answer itself counts after it was made.
    stats = compress.stats()
    assert told == {
        "codings": {
            "gzip": {
                "responses": 1,
                "in_nbytes": len(BODY),
                "out_nbytes": len(coded),
                "seconds": stats.codings["gzip"].seconds,
            }
        },
        "skipped": {"too_small": 1},
        "store": {"hits": 0, "misses": 1, "entries": 0, "nbytes": 0},
        "budget": {},
    }
    assert json.loads(json.dumps(stats.as_dict())) == stats.as_dict()


def test_r51_stats_are_those_of_the_current_application(get: Get) -> None:
    compress = Compress()
    apps = [Flask("one"), Flask("two")]
    for app in apps:
        app.add_url_rule("/", view_func=lambda: BODY)
        compress.init_app(app)
    get(to=apps[0]).read()
    with apps[0].app_context():
        assert compress.stats().codings["gzip"].responses == 1
    with apps[1].app_context():
        assert compress.stats().codings == {}


def test_r51_counting_in_many_threads_loses_nothing() -> None:
    tally = Tally()
    outcomes = [Outcome("gzip", None, 3, 2, 0.5), Outcome(None, SkipReason.EMPTY)] * 500
    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(lambda: list(map(tally.count, outcomes)))
    stats = tally.stats(StoreStats(0, 0, 0, 0))
    assert stats.codings == {"gzip": CodingStats(4000, 12000, 8000, 2000.0)}
    assert stats.skipped == {SkipReason.EMPTY: 4000}


def test_r51_the_garbage_collector_may_close_a_stream_while_outcomes_are_added_up() -> None:
    tally = Tally()
    outcome = Outcome("gzip", None, 3, 2, 0.5)
    closed: list[bool] = []

    class Interrupted(deque[Outcome]):
        def popleft(self) -> Outcome:
            first = super().popleft()
            # As if a stream were closed by now: as many as have all added up.
            if len(self) == 200 and not closed:
                closed.append(True)
                for _ in range(60):
                    tally.count(outcome)
            return first

    tally._uncounted = Interrupted()

    def count() -> None:
        for _ in range(300):
            tally.count(outcome)

    counting = threading.Thread(target=count, daemon=True)
    counting.start()
    counting.join(30)
    assert not counting.is_alive()
    sums = tally.stats(StoreStats(0, 0, 0, 0)).codings["gzip"]
    assert sums == CodingStats(360, 3 * 360, 2 * 360, 0.5 * 360)


def test_the_signal_tells_of_every_response(app: Flask, get: Get, compress: Compress) -> None:
    heard: list[tuple[Flask, Outcome]] = []

    def hear(sender: Flask, *, response: Response, outcome: Outcome) -> None:
        assert response.status_code == 200
        heard.append((sender, outcome))

    with response_compressed.connected_to(hear):
        coded = get().read()
        get("/tiny").read()
        stream = get("/stream")
        assert len(heard) == 2
        streamed = stream.read()
        get("/stream", method="HEAD").read()
    get().read()
    assert [sender for sender, _ in heard] == [app] * 4
    outcomes = [outcome for _, outcome in heard]
    assert outcomes[0][:4] == ("gzip", None, len(BODY), len(coded))
    assert outcomes[1] == Outcome(None, SkipReason.TOO_SMALL)
    assert outcomes[2][:4] == ("gzip", None, 3 * len(BODY), len(streamed))
    assert outcomes[3] == Outcome("gzip", None)


def test_a_receiver_that_fails_does_no_harm(
    get: Get, compress: Compress, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(sender: Flask, **_: Any) -> None:
        raise RuntimeError("as it should")

    with response_compressed.connected_to(fail):
        assert get().body() == BODY.encode()
        assert get("/stream").body() == 3 * BODY.encode()
    assert caplog.text.count("RuntimeError: as it should") == 2


def test_server_timing(app: Flask, get: Get) -> None:
    app.config["COMPRESS_SERVER_TIMING"] = True
    app.config["COMPRESS_ALGORITHM_STREAMING"] = "gzip"
    app.add_url_rule("/", view_func=lambda: BODY)
    app.add_url_rule(
        "/tiny", view_func=lambda: ("tiny", {"Server-Timing": "db;dur=3"}), endpoint="tiny"
    )
    app.add_url_rule(
        "/stream", view_func=lambda: Response(iter([BODY]), mimetype="text/html"), endpoint="s"
    )
    Compress(app)
    timing = get().field("Server-Timing")
    assert re.fullmatch(r'fastgz;dur=\d+\.\d\d;desc="gzip \d+\.\dx"', timing)
    assert get("/tiny").field("Server-Timing") == 'db;dur=3, fastgz;desc="too_small"'
    assert get("/stream").field("Server-Timing") == 'fastgz;desc="gzip"'
    assert get("/", "br;q=0").field("Server-Timing") == 'fastgz;desc="not_accepted"'


def test_no_server_timing_by_default(get: Get, compress: Compress) -> None:
    assert get().field("Server-Timing") is None


def test_predicate(app: Flask, get: Get, caplog: pytest.LogCaptureFixture) -> None:
    def wanted(request: Any, response: Response) -> bool:
        assert response.mimetype == "text/html"
        if request.args.get("fail"):
            raise RuntimeError("as it should")
        return "plain" not in request.args

    app.config["COMPRESS_PREDICATE"] = wanted
    app.add_url_rule("/", view_func=lambda: BODY)
    compress = Compress(app)
    assert get().field("Content-Encoding") == "gzip"
    for path in ("/?plain=1", "/?fail=1"):
        exchange = get(path)
        assert exchange.field("Content-Encoding") is None
        # Another request for the same resource may be answered coded.
        assert exchange.field("Vary") == "Accept-Encoding"
        assert exchange.body() == BODY.encode()
    assert compress.stats().skipped == {SkipReason.PREDICATE: 2}
    assert caplog.text.count("COMPRESS_PREDICATE failed") == 1
