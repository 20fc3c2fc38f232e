"""Flask-Caching beside the extension: as its cache of coded bodies, and round the views."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask import request
from flask_caching import Cache
from werkzeug.test import TestResponse

from pyfastgz import Compress

TEXT = "all work and no play makes Jack a dull boy\n" * 40


@pytest.fixture(params=["SimpleCache", "FileSystemCache"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Cache:
    return Cache(config={"CACHE_TYPE": request.param, "CACHE_DIR": str(tmp_path)})


def make_app(cache: Cache, view: Callable[[], str], **settings: Any) -> tuple[Flask, Compress]:
    app = Flask(__name__)
    app.config.update(settings)
    cache.init_app(app)
    compress = Compress(app)
    app.add_url_rule("/", view_func=view)
    return app, compress


def get(app: Flask, coding: str) -> TestResponse:
    return app.test_client().get("/", headers={"Accept-Encoding": coding})


def test_it_keeps_coded_bodies(cache: Cache) -> None:
    app, compress = make_app(
        cache,
        lambda: TEXT,
        COMPRESS_CACHE_BACKEND=lambda: cache,
        COMPRESS_CACHE_KEY=lambda request: str(request.url),
    )
    assert compress.cache is cache
    first, second = get(app, "gzip"), get(app, "gzip")
    assert gzip.decompress(first.data).decode() == TEXT
    assert second.data == first.data
    with app.app_context():
        assert cache.get("gzip;http://localhost/") == first.data
    assert get(app, "zstd").content_encoding == "zstd"
    assert get(app, "identity").text == TEXT


def test_an_entry_that_somebody_else_wrote_is_not_sent(cache: Cache) -> None:
    app, _ = make_app(
        cache,
        lambda: TEXT,
        COMPRESS_CACHE_BACKEND=lambda: cache,
        COMPRESS_CACHE_KEY=lambda request: str(request.url),
    )
    coded = get(app, "gzip").data
    with app.app_context():
        cache.set("gzip;http://localhost/", gzip.compress(b"something else"))
    assert get(app, "gzip").data == coded


def test_a_changed_body_is_not_served_from_it(cache: Cache) -> None:
    texts = [TEXT, TEXT.upper()]
    app, _ = make_app(
        cache,
        lambda: texts[int(request.args.get("n", "0"))],
        COMPRESS_CACHE_BACKEND=lambda: cache,
        COMPRESS_CACHE_KEY=lambda request: "always the same",
    )
    client = app.test_client()
    for number in (0, 1, 0, 1, 1):
        answer = client.get(f"/?n={number}", headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(answer.data).decode() == texts[number]


def test_views_that_it_caches_are_coded_each_time(cache: Cache) -> None:
    calls = []

    @cache.cached(timeout=60)
    def view() -> str:
        calls.append(1)
        return TEXT

    app, _ = make_app(cache, view)
    for coding in ("gzip", "identity", "zstd", "gzip"):
        answer = get(app, coding)
        expected = None if coding == "identity" else coding
        assert answer.content_encoding == expected
        if coding != "zstd":
            body = gzip.decompress(answer.data) if expected else answer.data
            assert body.decode() == TEXT
    assert len(calls) == 1
