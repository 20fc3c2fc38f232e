"""Several applications, single views, attributes, and the cache."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask import Request
from flask import Response
from flask import abort
from flask import after_this_request
from flask.views import MethodView

import pyfastgz
from pyfastgz import Compress
from pyfastgz import ConfigurationError
from pyfastgz import DictCache
from pyfastgz.http.dictionaries import available
from pyfastgz.store.dictionary_folder import About
from pyfastgz.store.dictionary_folder import opened

Get = Callable[..., Any]
BODY = "<p>application</p>" * 100


def make_app(compress: Compress | None = None, **settings: Any) -> Flask:
    app = Flask(__name__)
    app.testing = True
    app.config.update(settings)
    app.add_url_rule("/", view_func=lambda: BODY)
    if compress is not None:
        compress.init_app(app)
    return app


def test_public_names() -> None:
    for name in pyfastgz.__all__:
        assert hasattr(pyfastgz, name)
    assert pyfastgz.__version__


def test_r51_one_extension_serves_many_applications(get: Get) -> None:
    compress = Compress()
    gzip = make_app(compress, COMPRESS_ALGORITHM="gzip")
    br = make_app(compress, COMPRESS_ALGORITHM="br", COMPRESS_MIN_SIZE=5000)
    none = make_app(compress, COMPRESS_MIMETYPES=["text/css"])
    gzip.config["COMPRESS_LEVEL"] = 1
    assert get(to=gzip, accept="br, gzip").field("Content-Encoding") == "gzip"
    assert get(to=br, accept="br, gzip").field("Content-Encoding") is None
    br.config["COMPRESS_MIN_SIZE"] = 5
    assert get(to=br, accept="br, gzip").field("Content-Encoding") == "br"
    assert get(to=none, accept="br, gzip").field("Content-Encoding") is None
    assert br.config["COMPRESS_LEVEL"] == 6


@pytest.mark.parametrize("everywhere", [True, False])
def test_an_application_may_keep_the_extension_where_others_look_for_it(
    get: Get, everywhere: bool
) -> None:
    compress = Compress()
    app = make_app(compress, COMPRESS_REGISTER=everywhere)
    app.extensions["compress"] = compress

    @app.get("/asked")
    def asked() -> Response:
        @after_this_request
        def compressor(response: Response) -> Response:
            compressed: Response = app.extensions["compress"].after_request(response)
            return compressed

        return Response(BODY, headers={"ETag": '"t"'})

    assert (get(to=app).field("Content-Encoding") == "gzip") is everywhere
    assert get("/asked", to=app).field("Content-Encoding") == "gzip"
    assert get("/asked", to=app, If_None_Match='"t:gzip"').status == 304


def test_r51_attributes_are_those_of_the_current_application() -> None:
    compress = Compress()
    one = make_app(compress, COMPRESS_ALGORITHM="gzip")
    two = make_app(compress, COMPRESS_ALGORITHM="br")
    assert compress.enabled_algorithms == ("br",)
    with one.app_context():
        assert compress.enabled_algorithms == ("gzip",)
        compress.enabled_algorithms = ("deflate",)
    with two.app_context():
        assert compress.enabled_algorithms == ("br",)
    with one.app_context():
        assert compress.enabled_algorithms == ("deflate",)


def test_attributes_take_effect(get: Get) -> None:
    compress = Compress()
    app = make_app(compress)
    app.add_url_rule(
        "/s", endpoint="s", view_func=lambda: Response(iter(["a"]), 200, {}, "text/html")
    )
    compress.enabled_algorithms = ["deflate", "gzip"]
    assert get(to=app, accept="*").field("Content-Encoding") == "deflate"
    compress.compress_mimetypes_set.discard("text/html")
    assert get(to=app).field("Content-Encoding") is None
    compress.compress_mimetypes_set = {"text/html"}
    assert get(to=app).field("Content-Encoding") == "gzip"
    compress.streaming_algorithms = ("br",)
    assert get("/s", to=app, accept="gzip").field("Content-Encoding") is None
    assert get("/s", to=app, accept="br").field("Content-Encoding") == "br"


def test_conditional_streaming_endpoints_may_be_extended(get: Get) -> None:
    compress = Compress()
    app = make_app(compress, COMPRESS_MIMETYPES=["text/css"])
    app.add_url_rule(
        "/s",
        endpoint="s",
        view_func=lambda: Response(iter(["a"]), 200, {"ETag": '"t"'}, "text/css"),
    )
    assert get("/s", to=app, If_None_Match='"t:gzip"').status == 200
    compress.streaming_endpoint_with_conditional.add("s")
    assert get("/s", to=app, If_None_Match='"t:gzip"').status == 304


def test_the_class_attribute_is_the_descriptor() -> None:
    assert Compress.cache is not None


def test_c7_compressed_codes_single_views(get: Get) -> None:
    compress = Compress()
    app = make_app(compress, COMPRESS_REGISTER=False)
    app.add_url_rule("/yes", view_func=compress.compressed()(lambda: BODY), endpoint="yes")
    assert get("/", to=app).field("Content-Encoding") is None
    assert get("/", to=app).field("Vary") is None
    exchange = get("/yes", to=app)
    assert exchange.field("Content-Encoding") == "gzip"
    assert exchange.body() == BODY.encode()


def test_compressed_may_come_before_init_app(get: Get) -> None:
    compress = Compress()

    @compress.compressed()
    def view(name: str) -> str:
        """Say something."""
        return BODY + name

    assert view.__name__ == "view"
    assert view.__doc__ == "Say something."
    app = make_app(COMPRESS_REGISTER=False)
    app.add_url_rule("/v/<name>", view_func=view)
    compress.init_app(app)
    exchange = get("/v/x", to=app)
    assert exchange.field("Content-Encoding") == "gzip"
    assert exchange.body() == (BODY + "x").encode()


@pytest.mark.parametrize("register", [True, False])
def test_c7_compressed_looks_at_each_response_once(get: Get, register: bool) -> None:
    keys = []

    def key(request: Request) -> str:
        keys.append(request.path)
        return request.path

    compress = Compress()
    app = make_app(
        compress,
        COMPRESS_REGISTER=register,
        COMPRESS_CACHE_BACKEND=DictCache,
        COMPRESS_CACHE_KEY=key,
    )
    app.add_url_rule("/v", view_func=compress.compressed()(lambda: BODY), endpoint="v")
    exchange = get("/v", to=app)
    assert exchange.lines("Content-Encoding") == ["gzip"]
    assert keys == ["/v"]


class AsyncFlask(Flask):
    """Runs async views without the packages that Flask would want for it."""

    def async_to_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: asyncio.run(func(*args, **kwargs))


@pytest.mark.parametrize("register", [True, False])
def test_c7_compressed_async_views(get: Get, register: bool) -> None:
    app = AsyncFlask(__name__)
    app.config["COMPRESS_REGISTER"] = register
    compress = Compress(app)

    @app.get("/<name>")
    @compress.compressed()
    async def view(name: str) -> str:
        await asyncio.sleep(0)
        return BODY + name

    exchange = get("/x", to=app)
    assert exchange.field("Content-Encoding") == "gzip"
    assert exchange.body() == (BODY + "x").encode()


def test_c7_compressed_class_based_views_and_aborts(get: Get) -> None:
    compress = Compress()
    app = make_app(compress, COMPRESS_REGISTER=False)

    class Page(MethodView):
        decorators = [compress.compressed()]  # noqa: RUF012

        def get(self) -> str:
            return BODY

        def post(self) -> str:
            abort(400)

    app.add_url_rule("/page", view_func=Page.as_view("page"))
    assert get("/page", to=app).body() == BODY.encode()
    assert get("/page", to=app).field("Content-Encoding") == "gzip"
    failed = get("/page", method="POST", to=app)
    assert (failed.status, failed.field("Content-Encoding")) == (400, None)


class CountingCache(DictCache):
    __slots__ = ("hits", "sets")

    def __init__(self) -> None:
        super().__init__()
        self.sets: list[str] = []

    def set(self, key: str, value: bytes) -> None:
        self.sets.append(key)
        super().set(key, value)


def test_c8_the_view_always_runs_and_the_key_is_asked_for_once(get: Get) -> None:
    views, keys = [], []

    def view() -> str:
        views.append(1)
        return BODY

    def key(request: Request) -> str:
        keys.append(request.path)
        return request.path

    compress = Compress()
    app = make_app(compress)
    app.add_url_rule("/v", view_func=view)
    compress.cache = cache = CountingCache()
    compress.cache_key = key
    for _ in range(3):
        assert get("/v", to=app).body() == BODY.encode()
    assert (len(views), keys) == (3, ["/v"] * 3)
    assert cache.sets.count("gzip;/v") == 1
    assert get("/v", "br", to=app).body() == BODY.encode()
    assert cache.sets.count("br;/v") == 1


def test_a_cache_without_a_key_is_not_used(get: Get) -> None:
    compress = Compress()
    app = make_app(compress, COMPRESS_CACHE_BACKEND=CountingCache)
    assert get(to=app).body() == BODY.encode()
    assert isinstance(compress.cache, CountingCache)
    assert compress.cache.sets == []


def test_a_key_function_that_fails_costs_the_coding_only(get: Get) -> None:
    compress = Compress()
    app = make_app(compress, COMPRESS_CACHE_BACKEND=DictCache)

    def fail(request: Request) -> str:
        raise KeyError

    compress.cache_key = fail
    exchange = get(to=app)
    assert exchange.status == 200
    assert exchange.body() == BODY.encode()


def test_r51_threads(get: Get) -> None:
    app = make_app(Compress())
    results: list[bool] = []

    def work(number: int) -> None:
        for round_number in range(20):
            app.config["COMPRESS_LEVEL"] = (number + round_number) % 9 + 1
            coding = ("gzip", "deflate", "zstd", "br")[(number + round_number) % 4]
            exchange = get(to=app, accept=coding)
            results.append(exchange.body() == BODY.encode())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 160


@pytest.mark.parametrize(
    ("settings", "rule", "host"),
    [
        (
            {"host_matching": True, "static_host": "static.example"},
            {"host": "a.example"},
            "a.example",
        ),
        ({"subdomain_matching": True}, {"subdomain": "shop"}, "shop.site.example"),
        ({"subdomain_matching": True}, {}, "site.example"),
        ({}, {}, "site.example"),
    ],
)
def test_r70_r71_dictionaries_are_on_the_host_of_the_page(
    tmp_path: Path, settings: dict[str, Any], rule: dict[str, Any], host: str
) -> None:
    app = Flask(__name__, **settings)
    # With both, Flask before 2.3 matches SERVER_NAME, whatever the request's host is.
    if not app.url_map.host_matching:
        app.config["SERVER_NAME"] = "site.example"
    app.config["COMPRESS_DICTIONARIES"] = make_dictionary(tmp_path)
    app.add_url_rule("/", view_func=lambda: BODY, **rule)
    for _ in range(2):
        Compress(app)
    client = app.test_client()
    link = client.get("/", base_url=f"http://{host}").headers["Link"]
    answer = client.get(link[1 : link.index(">")], base_url=f"http://{host}")
    assert answer.headers["Use-As-Dictionary"] == 'match="/*", match-dest=("document")'
    assert answer.text == BODY


def test_r49_r70_a_response_that_is_returned_twice_links_for_each_client_alone(
    tmp_path: Path,
) -> None:
    app = Flask(__name__)
    app.config["COMPRESS_DICTIONARIES"] = make_dictionary(tmp_path, "/a")
    response = Response(BODY, mimetype="text/html")
    for path in ("/a", "/b"):
        app.add_url_rule(path, path, lambda: response)
    Compress(app)
    client = app.test_client()
    has = {"Available-Dictionary": available(hashlib.sha256(BODY.encode()).hexdigest())}
    for coding in ("identity", "zstd", "dcz"):
        accept = {"Accept-Encoding": coding}
        for _ in range(2):
            assert "Link" in client.get("/a", headers=accept).headers
            assert "Link" not in client.get("/a", headers=accept | has).headers
            assert "Link" not in client.get("/b", headers=accept).headers


def make_dictionary(path: Path, match: str = "/*") -> str:
    folder = str(path / "dictionaries")
    with opened(folder, lambda: pytest.fail("the folder is in use")) as work:
        work.put(BODY.encode(), About("pages", "site", match, ("document",)))
    return folder


def test_r50_nothing_else_is_at_the_endpoint_of_dictionaries(tmp_path: Path) -> None:
    app = Flask(__name__)
    app.config["COMPRESS_DICTIONARIES"] = make_dictionary(tmp_path)
    app.add_url_rule("/words", "compress_dictionary", lambda: BODY)
    with pytest.raises(ConfigurationError, match=r"COMPRESS_DICTIONARIES: .*endpoint"):
        Compress(app)
    assert app.extensions == {}
    assert "Vary" not in app.test_client().get("/words").headers
