"""The options of the middleware are the settings, checked as these are."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cachelib import SimpleCache
from flask import Flask
from werkzeug.test import EnvironBuilder
from werkzeug.test import run_wsgi_app
from wsgi_script import served

from pyfastgz import Compress
from pyfastgz import ConfigurationError
from pyfastgz import SkipReason
from pyfastgz.policy.table import DEFAULTS
from pyfastgz.policy.table import KEYS
from pyfastgz.policy.table import SETTINGS
from pyfastgz.store.dictionary_index import NAME
from pyfastgz.wsgi import CompressMiddleware

HTML = ("Content-Type", "text/html; charset=utf-8")
PAGE = b"<p>the same again and again</p>" * 40
EVERY = "gzip, deflate, zstd, br"


class FailingCache:
    """Finds nothing, and keeps nothing."""

    def get(self, key: str) -> Any:
        raise OSError(key)

    def set(self, key: str, value: Any) -> Any:
        raise OSError(key)


class Site:
    """An application that answers with one thing."""

    def __init__(self, *items: bytes, status: str = "200 OK", **fields: str) -> None:
        self._items = items
        self._status = status
        self._fields = {"Content_Type": "text/html", **fields}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        lines = [(name.replace("_", "-"), value) for name, value in self._fields.items()]
        start_response(self._status, lines)
        items = self._items
        return list(items) if len(items) == 1 else (item for item in items)


def coding_of(app: Any, options: dict[str, Any], accept: str = EVERY, **fields: str) -> Any:
    middleware = CompressMiddleware(app, **options)
    return served(middleware, accept_encoding=accept, **fields).field("content-encoding")


SITE = Site(PAGE)

# What each option is set to, where that shows, and what the client gets without it and with it.
SHOWN: dict[str, tuple[Any, Any, dict[str, Any], Any, Any]] = {
    "mimetypes": (["image/png"], SITE, {}, "zstd", None),
    "extra_mimetypes": ("text/csv", Site(PAGE, Content_Type="text/csv"), {}, None, "zstd"),
    "errors": (True, Site(PAGE, status="404 Not Found"), {}, None, "zstd"),
    "min_size": (len(PAGE) + 1, SITE, {}, "zstd", None),
    "predicate": (lambda environ, response: response.status != 200, SITE, {}, "zstd", None),
    "algorithm": ("gzip", SITE, {}, "zstd", "gzip"),
    "streams": (False, Site(PAGE, PAGE), {}, "zstd", None),
    "algorithm_streaming": (["deflate"], Site(PAGE, PAGE), {}, "zstd", "deflate"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_an_option_decides_as_its_setting_does(name: str) -> None:
    value, app, fields, before, after = SHOWN[name]
    assert coding_of(app, {}, **fields) == before
    assert coding_of(app, {name: value}, **fields) == after


@pytest.mark.parametrize(
    ("name", "coding", "value"),
    [
        ("level", "gzip", 1),
        ("deflate_level", "deflate", 1),
        ("zstd_level", "zstd", 19),
        ("br_level", "br", 11),
        ("br_mode", "br", 2),
        ("br_window", "br", 10),
        ("br_block", "br", 16),
    ],
)
def test_an_option_tells_how_to_code(name: str, coding: str, value: int) -> None:
    body = b"".join(b"<p>%d lamps of %d</p>" % (n * n, n % 7) for n in range(3000))
    without, with_it = (
        served(CompressMiddleware(Site(body), **options), accept_encoding=coding)
        for options in ({}, {name: value})
    )
    assert without.decoded() == with_it.decoded() == body
    # The mode and the block of br say little about such a text.
    assert without.body != with_it.body or name in {"br_mode", "br_block"}


def test_auto_goes_by_size() -> None:
    options = {"algorithm": "auto", "auto_size": len(PAGE) + 1}
    short = coding_of(SITE, options)
    assert short == coding_of(SITE, {"algorithm": "auto"})
    assert short != coding_of(SITE, {"algorithm": "auto", "auto_size": len(PAGE)})


def test_not_acceptable() -> None:
    accept = "identity;q=0, x-own"
    seen = served(CompressMiddleware(SITE), accept_encoding=accept)
    assert (seen.status, seen.body) == ("200 OK", PAGE)
    seen = served(CompressMiddleware(SITE, not_acceptable=True), accept_encoding=accept)
    assert seen.status == "406 Not Acceptable"


def test_stream_flush_ms() -> None:
    # A flush leaves a trace in what is sent.
    app = Site(*[PAGE[:100]] * 30)
    sizes = [
        len(served(CompressMiddleware(app, stream_flush_ms=ms), accept_encoding="gzip").body)
        for ms in (0, float("inf"))
    ]
    assert sizes[0] > sizes[1]


def test_evaluate_conditional_request() -> None:
    app = Site(PAGE, ETag='"lamp"')
    for is_on, status in ((True, "304 Not Modified"), (False, "200 OK")):
        middleware = CompressMiddleware(app, evaluate_conditional_request=is_on)
        tag = served(middleware, accept_encoding="gzip").field("etag")
        assert tag == '"lamp:gzip"'
        assert served(middleware, accept_encoding="gzip", if_none_match=tag).status == status


def test_store_bytes() -> None:
    for nbytes, kept in ((0, 0), (1 << 20, 1)):
        middleware = CompressMiddleware(SITE, store_bytes=nbytes)
        for _ in range(3):
            assert served(middleware, accept_encoding="gzip").decoded() == PAGE
        assert middleware.stats().store.entries == kept


def test_cache_backend_and_cache_key() -> None:
    cache = SimpleCache()
    middleware = CompressMiddleware(
        SITE, cache_backend=lambda: cache, cache_key=lambda environ: environ["PATH_INFO"]
    )
    seen = served(middleware, path="/lamp", accept_encoding="gzip")
    assert seen.decoded() == PAGE
    assert cache.has("gzip;/lamp")


def test_server_timing() -> None:
    seen = served(CompressMiddleware(SITE, server_timing=True), accept_encoding="gzip")
    assert str(seen.field("server-timing")).startswith("fastgz")


def test_decode_requests_request_max_bytes_and_request_max_ratio() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        data = environ["wsgi.input"].read()
        start_response("200 OK", [HTML])
        return [b"%d" % len(data)]

    coded = gzip.compress(bytes(2_000_000))
    cases: list[tuple[dict[str, Any], str, bytes]] = [
        ({"decode_requests": True, "request_max_ratio": 2000}, "200 OK", b"2000000"),
        ({"decode_requests": True}, "413", b"The body"),
        (
            {
                "decode_requests": True,
                "request_max_ratio": 2000,
                "request_max_bytes": 1_999_999,
            },
            "413",
            b"The body",
        ),
        ({}, "200 OK", b"%d" % len(coded)),
    ]
    for options, status, body in cases:
        asked = EnvironBuilder(
            method="POST",
            data=coded,
            headers={"Content-Encoding": "gzip"},  # type: ignore[dict-item]
        ).get_environ()
        chunks, sent, _ = run_wsgi_app(CompressMiddleware(app, **options), asked)
        assert sent.startswith(status)
        assert b"".join(chunks).startswith(body)


def test_dictionaries_are_below_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    transports = CompressMiddleware(SITE, dictionaries="made").engine.transports
    assert transports is not None
    assert Path(transports.dictionaries.folder) == tmp_path / "made"


def test_length_noise_and_its_key() -> None:
    def letters(**options: Any) -> int:
        middleware = CompressMiddleware(SITE, length_noise=1024, **options)
        return len(str(served(middleware, accept_encoding="gzip").field("x-noise")))

    assert letters(length_noise_key="lamp") == letters(length_noise_key=b"lamp")
    assert letters(length_noise_key="lamp") != letters(length_noise_key="table")
    with pytest.raises(ConfigurationError, match=r"needs a secret: set length_noise_key$"):
        letters()


TESTED_ABOVE = {
    *SHOWN,
    "auto_size",
    "br_block",
    "br_level",
    "br_mode",
    "br_window",
    "cache_backend",
    "cache_key",
    "decode_requests",
    "cpu_budget",
    "deflate_level",
    "dictionaries",
    "evaluate_conditional_request",
    "length_noise",
    "length_noise_key",
    "level",
    "not_acceptable",
    "request_max_bytes",
    "request_max_ratio",
    "server_timing",
    "store_bytes",
    "stream_flush_ms",
    "zstd_level",
}
OF_FLASK = {"register", "streaming_endpoint_conditional"}


def test_every_setting_is_an_option_or_of_flask_alone() -> None:
    assert set(KEYS) == TESTED_ABOVE | OF_FLASK


# ---- Bad ones ----

BAD: dict[str, list[Any]] = {
    "mimetypes": [7, "html", ["text/html", 7], b"text/html"],
    "extra_mimetypes": ["text html", None],
    "errors": ["yes", 2, None],
    "min_size": [-1, "500", 1.5, None, True],
    "predicate": ["always", lambda: True],
    "algorithm": ["lzma", ["gzip", 7], "auto, gzip", None],
    "auto_size": [-1, "16K"],
    "level": [13, -2, "6", None, 6.0, True],
    "deflate_level": [13, "x"],
    "zstd_level": [23, "3", None],
    "br_level": [12, "4"],
    "br_mode": [3, "text"],
    "br_window": [9, 25],
    "br_block": [15, 25],
    "not_acceptable": ["False"],
    "streams": ["true", None],
    "algorithm_streaming": ["lzma", 7],
    "stream_flush_ms": [-1, float("nan"), "20"],
    "evaluate_conditional_request": ["on"],
    "store_bytes": [-1, "32M"],
    "cache_backend": ["redis", SimpleCache()],
    "cache_key": ["path", lambda: "key"],
    "dictionaries": [7, "", b"made"],
    "length_noise": [-1, 1025, "64", 6.4, True],
    "length_noise_key": [7, "", ["lamp"]],
    "server_timing": ["on"],
    "decode_requests": ["gzip", None, 2],
    "request_max_bytes": [0, -1, 1.5, "64M", True],
    "request_max_ratio": [0, 0.5, -1, "200", None, True, float("nan")],
    "cpu_budget": [0, -0.25, True, "0.25", float("nan"), 1 + (os.cpu_count() or 1)],
}


def test_every_option_has_bad_values() -> None:
    assert set(BAD) == set(KEYS) - OF_FLASK


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD.items() for value in values]
)
def test_a_bad_value_is_told_as_that_of_the_setting_is(name: str, value: Any) -> None:
    app = Flask(__name__)
    app.config[KEYS[name]] = value
    with pytest.raises(ConfigurationError) as of_flask:
        Compress(app)
    with pytest.raises(ConfigurationError) as of_option:
        CompressMiddleware(SITE, **{name: value})
    text = str(of_option.value)
    shown = SETTINGS[KEYS[name]].kind.shown(value)
    assert text.startswith(f"{name} is {shown}; it must be ")
    assert "COMPRESS_" not in text
    # What follows is told by both, but how Flask reads the environment.
    shared, _, of_flask_alone = str(of_flask.value).partition(", not a string: ")
    assert text.removesuffix(", not a string") == shared.replace(KEYS[name], name)
    assert bool(of_flask_alone) == text.endswith(", not a string")


@pytest.mark.parametrize("made", [object(), None, 7])
def test_a_back_end_that_is_no_cache_is_told_by_the_option(made: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^cache_backend returns "):
        CompressMiddleware(SITE, cache_backend=lambda: made)


def test_a_damaged_folder_of_dictionaries_is_told_by_the_option(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("{")
    with pytest.raises(ConfigurationError, match=r"^dictionaries: "):
        CompressMiddleware(SITE, dictionaries=tmp_path)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("levels", "level"),
        ("Level", "level"),
        ("COMPRESS_LEVEL", "level"),
        ("gzip_level", "level"),
        ("COMPRESS_GZIP_LEVEL", "level"),
        ("compresslevel", "level"),
        ("brotli_quality", "br_level"),
        ("exclude_content_types", "mimetypes"),
        ("minimum_size", "min_size"),
        ("mimetype", "mimetypes"),
        ("flush", None),
    ],
)
def test_an_unknown_option_is_no_option(name: str, near: str | None) -> None:
    with pytest.raises(TypeError) as raised:
        CompressMiddleware(SITE, **{name: 1})
    text = str(raised.value)
    assert f"no option {name}" in text
    if near is not None:
        assert text.endswith(f"did you mean {near}?")


@pytest.mark.parametrize("name", ["register", "streaming_endpoint_conditional"])
def test_an_option_that_only_flask_has(name: str) -> None:
    with pytest.raises(TypeError, match=f"no option {name}; it is a setting of Flask's alone$"):
        CompressMiddleware(SITE, **{name: 1})


def test_what_fails_later_costs_no_response(caplog: pytest.LogCaptureFixture) -> None:
    def fails(*_: Any) -> Any:
        raise ValueError

    cache = SimpleCache()
    every: list[dict[str, Any]] = [
        {"predicate": fails},
        {"cache_key": fails, "cache_backend": lambda: cache},
        {"cache_key": lambda environ: 7, "cache_backend": lambda: cache},
        {"cache_backend": FailingCache, "store_bytes": 0},
    ]
    for options in every:
        caplog.clear()
        seen = served(CompressMiddleware(SITE, **options), accept_encoding="gzip")
        assert seen.decoded() == PAGE
        (record,) = caplog.get_records("call")
        text = record.getMessage()
        assert next(iter(options)) in text.split()
        assert "COMPRESS_" not in text
    caplog.clear()


def test_reasons_are_told_to_users_of_settings_and_of_options() -> None:
    assert [reason for reason in SkipReason if "COMPRESS_" in reason.value] == []


def test_the_defaults_are_those_of_the_settings() -> None:
    policy = CompressMiddleware(SITE).engine.settings.last
    with_all = CompressMiddleware(
        SITE, **{name: DEFAULTS[key] for name, key in KEYS.items() if name not in OF_FLASK}
    )
    assert with_all.engine.settings.last == policy


def test_what_options_were_made_of_may_be_changed() -> None:
    mimetypes = ["text/html"]
    middleware = CompressMiddleware(SITE, mimetypes=mimetypes)
    mimetypes.clear()
    assert served(middleware, accept_encoding="gzip").field("content-encoding") == "gzip"


def test_two_middlewares_have_each_their_own() -> None:
    one, other = (
        CompressMiddleware(SITE, algorithm="gzip"),
        CompressMiddleware(SITE, min_size=9999),
    )
    assert served(one, accept_encoding=EVERY).field("content-encoding") == "gzip"
    assert served(other, accept_encoding=EVERY).field("content-encoding") is None


@pytest.fixture(autouse=True)
def _no_error_is_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record.getMessage() for record in caplog.get_records("call")] == []
