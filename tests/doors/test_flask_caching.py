"""Flask-Caching as the cache of coded bodies, and beside it as the cache of views.

A hit shows in the counts: it takes no time in the encoder.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
from cachelib import FileSystemCache
from flask import Flask
from flask import Request
from flask import Response
from flask import request
from flask_caching import Cache

from pyfastgz import Compress
from pyfastgz import DictCache

CODINGS = ("gzip", "deflate", "zstd", "br")
LEVEL_KEYS = {
    "gzip": "COMPRESS_LEVEL",
    "deflate": "COMPRESS_DEFLATE_LEVEL",
    "zstd": "COMPRESS_ZSTD_LEVEL",
    "br": "COMPRESS_BR_LEVEL",
}
Get = Callable[..., Any]


def key_of(request: Request) -> str:
    return request.full_path


@pytest.fixture(params=["SimpleCache", "FileSystemCache"])
def cache(app: Flask, tmp_path: Path, request: pytest.FixtureRequest) -> Cache:
    config = {"CACHE_TYPE": request.param, "CACHE_DIR": str(tmp_path / "cache")}
    return Cache(app, config=config)


@pytest.fixture(params=["settings", "attributes"])
def compress(app: Flask, cache: Cache, request: pytest.FixtureRequest) -> Compress:
    """Return the extension, which keeps coded bodies in the cache."""
    if request.param == "settings":
        app.config["COMPRESS_CACHE_BACKEND"] = lambda: cache
        app.config["COMPRESS_CACHE_KEY"] = key_of
        return Compress(app)
    compress = Compress(app)
    compress.cache = cache
    compress.cache_key = key_of
    return compress


def serve(app: Flask, page: str) -> None:
    app.add_url_rule("/page", view_func=lambda: page)


def seconds_of(compress: Compress, coding: str) -> float:
    return compress.stats().codings[coding].seconds


def change_level(app: Flask, coding: str) -> None:
    app.config[LEVEL_KEYS[coding]] = 1


@pytest.mark.parametrize("coding", CODINGS)
def test_a_hit_is_not_coded_again(
    *, app: Flask, cache: Cache, compress: Compress, get: Get, page: str, coding: str
) -> None:
    serve(app, page)
    missed = get("/page", coding).read()
    seconds = seconds_of(compress, coding)
    assert get("/page", coding).read() == missed
    assert get("/page", coding).body() == page.encode()
    assert seconds_of(compress, coding) == seconds
    cache.clear()
    assert get("/page", coding).read() == missed
    assert seconds_of(compress, coding) > seconds


@pytest.mark.parametrize("coding", CODINGS)
def test_c2_a_changed_level_takes_effect_under_the_same_name(
    *, app: Flask, cache: Cache, compress: Compress, get: Get, page: str, coding: str
) -> None:
    serve(app, page)
    before = get("/page", coding).read()
    change_level(app, coding)
    after = get("/page", coding).read()
    assert after != before
    assert cache.get(f"{coding};/page?") == after
    seconds = seconds_of(compress, coding)
    assert get("/page", coding).read() == after
    assert seconds_of(compress, coding) == seconds


@pytest.mark.parametrize(
    ("key", "value"),
    [("COMPRESS_BR_WINDOW", 10), ("COMPRESS_BR_MODE", 1), ("COMPRESS_BR_BLOCK", 16)],
)
def test_c2_changed_parameters_of_br_take_effect(
    *, app: Flask, compress: Compress, get: Get, page: str, key: str, value: int
) -> None:
    serve(app, page)
    get("/page", "br").read()
    seconds = seconds_of(compress, "br")
    app.config[key] = value
    assert get("/page", "br").body() == page.encode()
    assert seconds_of(compress, "br") > seconds


def test_views_with_levels_of_their_own_have_their_entries(
    app: Flask, cache: Cache, compress: Compress, get: Get, page: str
) -> None:
    serve(app, page)
    compress.cache_key = lambda request: "page"
    for level in (1, 9):
        view = compress.compressed({"gzip": level})(lambda: page)
        app.add_url_rule(f"/{level}", endpoint=f"level {level}", view_func=view)
    coded = {path: get(path).read() for path in ("/page", "/1", "/9")}
    assert len(set(coded.values())) == 3
    assert cache.get("gzip;page") == coded["/page"]
    assert cache.get("gzip;page;level=1") == coded["/1"]
    assert cache.get("gzip;page;level=9") == coded["/9"]
    seconds = seconds_of(compress, "gzip")
    assert {path: get(path).read() for path in coded} == coded
    assert seconds_of(compress, "gzip") == seconds
    # The level is that of gzip alone.
    get("/9", "br").read()
    assert cache.get("br;page") is not None


@pytest.mark.usefixtures("compress")
def test_each_coding_and_each_key_has_its_entry(
    app: Flask, cache: Cache, get: Get, page: str
) -> None:
    app.add_url_rule("/page", view_func=lambda: request.query_string.decode() + page)
    for query in ("a=1", "b=2"):
        for coding in CODINGS:
            exchange = get(f"/page?{query}", coding)
            assert exchange.body() == (query + page).encode()
    for query in ("a=1", "b=2"):
        for coding in CODINGS:
            assert cache.get(f"{coding};/page?{query}") == get(f"/page?{query}", coding).read()


@pytest.mark.usefixtures("compress")
def test_what_is_not_coded_is_not_kept(app: Flask, cache: Cache, get: Get, page: str) -> None:
    serve(app, page)
    app.add_url_rule("/tiny", endpoint="tiny", view_func=lambda: "tiny")
    assert get("/page", accept=None).body() == page.encode()
    assert get("/tiny").body() == b"tiny"
    assert cache.get("gzip;/page?") is None
    assert cache.get("gzip;/tiny?") is None


@pytest.mark.usefixtures("compress")
def test_r52_a_page_that_changes_under_its_key_is_never_stale(
    app: Flask, get: Get, page: str
) -> None:
    numbers = iter(range(9))
    app.add_url_rule("/page", view_func=lambda: f"{next(numbers)} {page}")
    for number in range(9):
        assert get("/page", CODINGS[number % 2]).body() == f"{number} {page}".encode()


@pytest.mark.usefixtures("compress")
def test_conditional_requests_of_a_hit(app: Flask, get: Get, page: str) -> None:
    app.add_url_rule("/page", view_func=lambda: Response(page, headers={"ETag": '"tag"'}))
    for _ in range(2):
        exchange = get("/page")
        assert exchange.field("ETag") == '"tag:gzip"'
        assert exchange.body() == page.encode()
    current = get("/page", If_None_Match='"tag:gzip"')
    assert (current.status, current.read()) == (304, b"")
    assert get("/page", "br", If_None_Match='"tag:gzip"').body() == page.encode()


def make_sharing_app(folder: Path, page: str) -> Flask:
    app = Flask(__name__)
    cache = Cache(app, config={"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(folder)})
    app.config["COMPRESS_CACHE_BACKEND"] = lambda: cache
    app.config["COMPRESS_CACHE_KEY"] = key_of
    app.extensions["compress of the test"] = Compress(app)
    serve(app, page)
    return app


@pytest.mark.parametrize("coding", CODINGS)
def test_processes_share_a_folder(get: Get, page: str, tmp_path: Path, coding: str) -> None:
    one, other = make_sharing_app(tmp_path, page), make_sharing_app(tmp_path, page)
    assert get("/page", coding, to=one).read() == get("/page", coding, to=other).read()
    with one.app_context():
        assert seconds_of(one.extensions["compress of the test"], coding) > 0
    with other.app_context():
        assert seconds_of(other.extensions["compress of the test"], coding) == 0


def test_a_cache_of_cachelib_will_do(app: Flask, get: Get, page: str, tmp_path: Path) -> None:
    app.config["COMPRESS_CACHE_BACKEND"] = lambda: FileSystemCache(str(tmp_path))
    app.config["COMPRESS_CACHE_KEY"] = key_of
    compress = Compress(app)
    serve(app, page)
    missed = get("/page").read()
    seconds = seconds_of(compress, "gzip")
    assert get("/page").read() == missed
    assert seconds_of(compress, "gzip") == seconds


def test_r52_a_key_that_does_not_tell_pages_apart_does_no_harm(
    app: Flask, get: Get, page: str
) -> None:
    # As for the first Flask-Compress with a cache, which called it with the response: a request
    # has get_data() too, and the key is that of an empty body.
    app.config["COMPRESS_CACHE_KEY"] = lambda response: sha1(response.get_data()).hexdigest()
    app.config["COMPRESS_CACHE_BACKEND"] = DictCache
    Compress(app)
    app.add_url_rule("/<name>", view_func=lambda name: f"{name} {page}")
    for name in ("one", "two", "one"):
        assert get(f"/{name}").body() == f"{name} {page}".encode()


def test_damaged_files_do_no_harm(get: Get, page: str, tmp_path: Path) -> None:
    app = make_sharing_app(tmp_path, page)
    assert get("/page", to=app).body() == page.encode()
    files = [file for file in tmp_path.iterdir() if file.is_file()]
    assert len(files) >= 2
    for damaged in (b"", b"no pickle", b"\0" * 100):
        for file in files:
            file.write_bytes(damaged)
        exchange = get("/page", to=app)
        assert exchange.field("Content-Encoding") == "gzip"
        assert exchange.body() == page.encode()


# ---- The cache of what views return ----

MAKERS: dict[str, Callable[[str], Any]] = {
    "text": lambda page: page,
    "response": lambda page: Response(page, headers={"ETag": '"tag"'}),
    "tuple": lambda page: (page, {"ETag": '"tag"'}),
}


@pytest.mark.usefixtures("compress")
@pytest.mark.parametrize("kind", MAKERS)
def test_a_cached_view_is_coded_for_each_client(
    app: Flask, cache: Cache, get: Get, page: str, kind: str
) -> None:
    calls = []

    @app.get("/page")
    @cache.cached()
    def view() -> Any:
        calls.append(1)
        return MAKERS[kind](page)

    for accept in ("gzip", None, "br", "gzip", "zstd", None, "deflate", "gzip"):
        exchange = get("/page", accept)
        assert exchange.field("Content-Encoding") == accept
        assert exchange.field("Vary") == "Accept-Encoding"
        if kind != "text":
            assert exchange.field("ETag") == (f'"tag:{accept}"' if accept else '"tag"')
        assert exchange.body() == page.encode()
    assert calls == [1]


def test_a_single_view_that_is_cached_and_coded(
    app: Flask, cache: Cache, get: Get, page: str
) -> None:
    app.config["COMPRESS_REGISTER"] = False
    compress = Compress(app)
    calls = []

    @app.get("/page")
    @compress.compressed()
    @cache.cached()
    def view() -> str:
        calls.append(1)
        return page

    for coding in (*CODINGS, *CODINGS):
        exchange = get("/page", coding)
        assert exchange.field("Content-Encoding") == coding
        assert exchange.body() == page.encode()
    assert calls == [1]
