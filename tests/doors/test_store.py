"""Bodies that come again, through an application."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask import Response
from flask import request
from flask import send_file

from pyfastgz import Compress
from pyfastgz import Outcome
from pyfastgz import compress as compress_body
from pyfastgz import response_compressed
from pyfastgz.store.bodies import MAX_SHARE

Get = Callable[..., Any]
PAGE = "<p>Lamps and tables, tables and lamps.</p>" * 40


@pytest.fixture(name="app")
def application(app: Flask) -> Flask:
    app.add_url_rule("/", view_func=lambda: PAGE)
    app.add_url_rule(
        "/tagged", view_func=lambda: Response(PAGE, headers={"ETag": '"t"'}), endpoint="tagged"
    )

    def with_cache_control() -> Response:
        return Response(PAGE, headers={"Cache-Control": request.args["is"]})

    app.add_url_rule("/cached", view_func=with_cache_control)
    return app


@pytest.fixture(name="outcomes")
def observe(app: Flask) -> list[Outcome]:
    outcomes: list[Outcome] = []

    def note(sender: Flask, *, response: Response, outcome: Outcome) -> None:
        outcomes.append(outcome)

    app.extensions["note"] = note
    response_compressed.connect(note, app)
    return outcomes


@pytest.mark.parametrize("coding", ["gzip", "zstd", "deflate"])
@pytest.mark.parametrize("path", ["/", "/tagged", "/cached?is=private"])
def test_a_second_coding_is_the_last(
    app: Flask, get: Get, outcomes: list[Outcome], coding: str, path: str
) -> None:
    compress = Compress(app)
    exchanges = [get(path, coding) for _ in range(5)]
    bodies = [exchange.read() for exchange in exchanges]
    assert bodies == [compress_body(PAGE.encode(), coding)] * 5
    fields = [
        (exchange.field("Content-Length"), exchange.field("ETag"), exchange.field("Vary"))
        for exchange in exchanges
    ]
    assert len(set(fields)) == 1
    assert [outcome.kept for outcome in outcomes] == [False, False, True, True, True]
    assert [outcome.seconds == 0 for outcome in outcomes] == [
        outcome.kept for outcome in outcomes
    ]
    assert {outcome[:4] for outcome in outcomes} == {(coding, None, len(PAGE), len(bodies[0]))}
    stats = compress.stats()
    assert stats.codings[coding].responses == 5
    assert stats.store[:3] == (3, 2, 1)


def test_all_is_the_same_without_the_store(app: Flask, get: Get) -> None:
    app.config["COMPRESS_STORE_BYTES"] = 0
    compress = Compress(app)
    without = [get("/tagged", "gzip") for _ in range(3)]
    before = [(exchange.read(), sorted(exchange.headers)) for exchange in without]
    assert compress.stats().store == (0, 0, 0, 0)
    app.config["COMPRESS_STORE_BYTES"] = 1 << 20
    compress.init_app(app)
    after = [get("/tagged", "gzip") for _ in range(3)]
    assert [(exchange.read(), sorted(exchange.headers)) for exchange in after] == before
    assert compress.stats().store.hits == 1


@pytest.mark.parametrize("cache_control", ["no-store", "private, No-Store", 'no-store="x"'])
def test_no_store_is_not_kept(app: Flask, get: Get, cache_control: str) -> None:
    compress = Compress(app)
    for _ in range(3):
        assert get(f"/cached?is={cache_control}", "gzip").body() == PAGE.encode()
    assert compress.stats().codings["gzip"].responses == 3
    assert compress.stats().store == (0, 0, 0, 0)


def test_exempt_views_are_not_kept(app: Flask, get: Get) -> None:
    compress = Compress(app)
    app.view_functions["tagged"] = compress.exempt(app.view_functions["tagged"])
    for _ in range(3):
        assert get("/tagged", "gzip").read() == PAGE.encode()
    assert compress.stats().store == (0, 0, 0, 0)


def test_levels_of_views_and_applications_are_apart(app: Flask, get: Get) -> None:
    compress = Compress(app)
    app.view_functions["tagged"] = compress.compressed(level=9)(app.view_functions["tagged"])
    for level in (1, 6, 1):
        app.config["COMPRESS_LEVEL"] = level
        for _ in range(3):
            assert get("/", "gzip").read() == compress_body(PAGE.encode(), level=level)
            assert get("/tagged", "gzip").read() == compress_body(PAGE.encode(), level=9)
    assert compress.stats().store.entries == 1


def test_what_is_not_smaller_is_not_coded_again(app: Flask, get: Get) -> None:
    noise = os.urandom(3000)
    app.add_url_rule(
        "/noise", view_func=lambda: Response(noise, mimetype="text/plain"), endpoint="noise"
    )
    compress = Compress(app)
    for _ in range(4):
        exchange = get("/noise", "gzip")
        assert exchange.read() == noise
        assert exchange.field("Content-Encoding") is None
    assert compress.stats().store[:2] == (2, 2)


def test_what_a_client_gets_does_not_depend_on_who_came_before(app: Flask, get: Get) -> None:
    # Of a kept form, that it was once needed, and once not, because of what clients accept.
    noise = bytes(range(256)) * 3
    app.config["COMPRESS_MIN_SIZE"] = 1
    app.add_url_rule(
        "/noise",
        view_func=lambda: Response(noise[: int(request.args["n"])], mimetype="text/plain"),
        endpoint="noise",
    )
    compress = Compress(app)
    for _ in range(3):
        for accept in ("gzip", "gzip, identity;q=0", "gzip;q=0.5", "identity;q=0, gzip"):
            exchange = get("/noise?n=40", accept)
            needed = "identity;q=0" in accept
            assert exchange.field("Content-Encoding") == ("gzip" if needed else None)
            assert exchange.body() == noise[:40]
    assert compress.stats().store.hits > 0


def test_r51_each_application_has_its_own(app: Flask, get: Get) -> None:
    compress = Compress(app)
    other = Flask("other")
    others = Compress(other)
    for _ in range(3):
        get("/", "gzip").read()
    assert compress.stats().store.entries == 1
    assert others.stats().store.entries == 0


def test_server_timing_says_what_was_kept(app: Flask, get: Get) -> None:
    app.config["COMPRESS_SERVER_TIMING"] = True
    Compress(app)
    told = [get("/", "gzip").field("Server-Timing") for _ in range(3)]
    assert [" kept" in each for each in told] == [False, False, True]
    assert told[2].startswith("fastgz;dur=0.00;desc=")


def with_cookie(response: Response) -> Response:
    response.set_cookie("secret", request.query_string.decode())
    return response


def test_r50_nothing_of_one_client_is_kept_with_a_file(
    app: Flask, get: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be much longer than the file, and is not counted."""
    monkeypatch.setattr("pyfastgz.store.files.SETTLED_NS", -(10**9))
    path = tmp_path / "page.html"
    path.write_text(PAGE)
    app.add_url_rule("/file", view_func=lambda: send_file(path), endpoint="file")
    compress = Compress(app)
    for _ in range(3):
        exchange = get("/file", If_None_Match='"other", ' * 20 + '"t"')
        assert exchange.read() == compress_body(PAGE.encode())
    assert compress.stats().store.hits == 2
    app.after_request_funcs[None].append(with_cookie)
    for number in range(3):
        exchange = get(f"/file?{number}")
        assert exchange.field("Set-Cookie") == f"secret={number}; Path=/"
        assert exchange.read() == compress_body(PAGE.encode())
    assert app.extensions["pyfastgz"].file_plans._now[1] == {}
    store = app.extensions["pyfastgz"].store
    (form,) = (form for entry in store._entries.values() for form in entry.forms.values())
    assert form.note is None


def test_a_file_that_is_coded_whole_may_be_kept(app: Flask) -> None:
    """The policy decides the one, the store the other, and neither knows of the other."""
    Compress(app)
    policy = app.extensions["pyfastgz"].settings.last
    assert policy.file_nbytes == policy.store_bytes // MAX_SHARE
