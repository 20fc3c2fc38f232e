from __future__ import annotations

import copy
import enum
import functools
import mimetypes
import operator
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any
from unittest import mock
from unittest.mock import MagicMock
from unittest.mock import create_autospec

import flask_compress
import pytest
from flask import Config
from flask import Flask
from flask import Request
from flask import Response

from pyfastgz import Compress
from pyfastgz import ConfigurationError
from pyfastgz import DictCache
from pyfastgz.policy import LivePolicy
from pyfastgz.policy import Policy
from pyfastgz.policy.table import DEFAULTS
from pyfastgz.policy.table import KEYS
from pyfastgz.policy.table import LIVE_KEYS
from pyfastgz.policy.table import SETTINGS


def test_defaults_are_put_into_the_application(app: Flask) -> None:
    Compress(app)
    for key, value in DEFAULTS.items():
        assert app.config[key] == value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("COMPRESS_LEVEL", 6),
        ("COMPRESS_BR_LEVEL", 4),
        ("COMPRESS_BR_MODE", 0),
        ("COMPRESS_BR_WINDOW", 22),
        ("COMPRESS_BR_BLOCK", 0),
        ("COMPRESS_ZSTD_LEVEL", 3),
        ("COMPRESS_DEFLATE_LEVEL", -1),
        ("COMPRESS_MIN_SIZE", 500),
        ("COMPRESS_CACHE_KEY", None),
        ("COMPRESS_CACHE_BACKEND", None),
        ("COMPRESS_REGISTER", True),
        ("COMPRESS_STREAMS", True),
        ("COMPRESS_ALGORITHM", ["zstd", "br", "gzip", "deflate"]),
        ("COMPRESS_ALGORITHM_STREAMING", ["zstd", "br", "gzip", "deflate"]),
        ("COMPRESS_EVALUATE_CONDITIONAL_REQUEST", True),
        ("COMPRESS_STREAMING_ENDPOINT_CONDITIONAL", ["static"]),
    ],
)
def test_default(key: str, value: object) -> None:
    assert DEFAULTS[key] == value


def test_a_stream_is_gzip_for_a_client_that_likes_deflate_as_much(app: Flask) -> None:
    @app.get("/")
    def stream() -> Response:
        return Response((b"line\n" for _ in range(9)), mimetype="text/plain")

    Compress(app)
    response = app.test_client().get("/", headers={"Accept-Encoding": "deflate, gzip"})
    assert response.headers["Content-Encoding"] == "gzip"


def test_r51_defaults_are_not_shared_between_applications(app: Flask) -> None:
    Compress(app)
    app.config["COMPRESS_MIMETYPES"].append("text/x-mine")
    assert "text/x-mine" not in DEFAULTS["COMPRESS_MIMETYPES"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("COMPRESS_LEVEL", 13),
        ("COMPRESS_LEVEL", -2),
        ("COMPRESS_LEVEL", "6"),
        ("COMPRESS_LEVEL", 6.0),
        ("COMPRESS_LEVEL", None),
        ("COMPRESS_LEVEL", True),
        ("COMPRESS_DEFLATE_LEVEL", 13),
        ("COMPRESS_BR_LEVEL", 12),
        ("COMPRESS_BR_LEVEL", -1),
        ("COMPRESS_BR_MODE", 3),
        ("COMPRESS_BR_WINDOW", 9),
        ("COMPRESS_BR_WINDOW", 25),
        ("COMPRESS_BR_BLOCK", 15),
        ("COMPRESS_BR_BLOCK", 25),
        ("COMPRESS_ZSTD_LEVEL", 23),
        ("COMPRESS_ZSTD_LEVEL", "fast"),
        ("COMPRESS_MIN_SIZE", -1),
        ("COMPRESS_STORE_BYTES", -1),
        ("COMPRESS_STORE_BYTES", 0.5),
        ("COMPRESS_STORE_BYTES", 1e9),
        ("COMPRESS_STORE_BYTES", None),
        ("COMPRESS_STORE_BYTES", "32M"),
        ("COMPRESS_MIN_SIZE", None),
        ("COMPRESS_MIN_SIZE", "500"),
        ("COMPRESS_REGISTER", "False"),
        ("COMPRESS_STREAMS", None),
        ("COMPRESS_STREAMS", 2),
        ("COMPRESS_EVALUATE_CONDITIONAL_REQUEST", "no"),
        ("COMPRESS_ALGORITHM", ["gzip", "lzma"]),
        ("COMPRESS_ALGORITHM", "gzip;deflate"),
        ("COMPRESS_ALGORITHM", None),
        ("COMPRESS_ALGORITHM", 6),
        ("COMPRESS_ALGORITHM", [b"gzip"]),
        ("COMPRESS_ALGORITHM", b"gzip"),
        ("COMPRESS_ALGORITHM", ["dcz"]),
        ("COMPRESS_ALGORITHM", ["identity"]),
        ("COMPRESS_ALGORITHM_STREAMING", ["gzip", "*"]),
        ("COMPRESS_MIMETYPES", ["html"]),
        ("COMPRESS_MIMETYPES", ["text/"]),
        ("COMPRESS_MIMETYPES", [None]),
        ("COMPRESS_EXTRA_MIMETYPES", "csv"),
        ("COMPRESS_EXTRA_MIMETYPES", "text/csv text/markdown"),
        ("COMPRESS_EXTRA_MIMETYPES", "text/csv;text/markdown"),
        ("COMPRESS_EXTRA_MIMETYPES", "text/csv; text/markdown, text/html"),
        ("COMPRESS_EXTRA_MIMETYPES", "text/csv\ntext/markdown"),
        ("COMPRESS_EXTRA_MIMETYPES", "text/csv|text/markdown"),
        ("COMPRESS_EXTRA_MIMETYPES", "text / csv"),
        ("COMPRESS_EXTRA_MIMETYPES", ["text/csv, text/markdown"]),
        ("COMPRESS_EXTRA_MIMETYPES", ["text/csv; charset"]),
        ("COMPRESS_EXTRA_MIMETYPES", "['text/csv']"),
        ("COMPRESS_EXTRA_MIMETYPES", '["text/csv"]'),
        ("COMPRESS_ALGORITHM", "br gzip"),
        ("COMPRESS_ALGORITHM", ["br, gzip"]),
        ("COMPRESS_STREAMING_ENDPOINT_CONDITIONAL", "static downloads"),
        ("COMPRESS_STREAMING_ENDPOINT_CONDITIONAL", "static;downloads"),
        ("COMPRESS_EXTRA_MIMETYPES", None),
        ("COMPRESS_ALGORITHM", ["auto", "gzip"]),
        ("COMPRESS_AUTO_SIZE", -1),
        ("COMPRESS_AUTO_SIZE", 1e3),
        ("COMPRESS_STREAM_FLUSH_MS", -1),
        ("COMPRESS_STREAM_FLUSH_MS", "20"),
        ("COMPRESS_STREAM_FLUSH_MS", float("nan")),
        ("COMPRESS_STREAM_FLUSH_MS", None),
        ("COMPRESS_PREDICATE", "path"),
        ("COMPRESS_SERVER_TIMING", "on"),
        ("COMPRESS_NOT_ACCEPTABLE", 406),
        ("COMPRESS_ERRORS", "4xx"),
        ("COMPRESS_PREDICATE", lambda request: True),
        ("COMPRESS_PREDICATE", lambda request, response, more: True),
        ("COMPRESS_PREDICATE", lambda *, request, response: True),
        ("COMPRESS_CACHE_KEY", lambda: "key"),
        ("COMPRESS_CACHE_BACKEND", lambda app: DictCache()),
        ("COMPRESS_CACHE_BACKEND", DictCache()),
        ("COMPRESS_CACHE_KEY", "path"),
        ("COMPRESS_CACHE_BACKEND", "redis"),
        ("COMPRESS_STREAMING_ENDPOINT_CONDITIONAL", [1]),
        ("COMPRESS_DICTIONARIES", ""),
        ("COMPRESS_DICTIONARIES", b"dictionaries"),
        ("COMPRESS_DICTIONARIES", "a\0b"),
        ("COMPRESS_DICTIONARIES", True),
        ("COMPRESS_DICTIONARIES", 3),
    ],
)
def test_r50_a_bad_setting_fails_at_init_app_and_is_named(
    app: Flask, key: str, value: object
) -> None:
    app.config[key] = value
    with pytest.raises(ConfigurationError) as caught:
        Compress(app)
    assert key in str(caught.value)
    assert repr(value) in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert "compress" not in app.extensions


def test_r50_the_message_says_what_is_allowed(app: Flask) -> None:
    app.config["COMPRESS_LEVEL"] = 13
    with pytest.raises(ConfigurationError, match=r"COMPRESS_LEVEL is 13.*-1 to 12"):
        Compress(app)


@pytest.mark.parametrize("value", ["text/csv text/markdown", ["text/csv;text/markdown"]])
def test_r50_the_message_says_how_a_list_is_written(app: Flask, value: object) -> None:
    app.config["COMPRESS_EXTRA_MIMETYPES"] = value
    wanted = (
        "each an item of a list, or in one string with commas between them, unlike 'text/csv"
    )
    with pytest.raises(ConfigurationError, match=wanted):
        Compress(app)


def test_a_folder_may_be_any_path() -> None:
    path = Path("instance", "dictionaries")
    for value in (str(path), path):
        policy = Policy.from_mapping({"COMPRESS_DICTIONARIES": value})
        assert policy.dictionaries == str(path)
    assert Policy.from_mapping({}).dictionaries is None


def test_an_endpoint_may_have_a_space_in_a_list(app: Flask) -> None:
    app.config["COMPRESS_STREAMING_ENDPOINT_CONDITIONAL"] = ["my downloads"]
    assert Compress(app).streaming_endpoint_with_conditional == {"my downloads"}


@pytest.mark.parametrize("value", ["False", "TRUE"])
def test_r50_the_message_says_that_json_is_lower_case(
    app: Flask, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("FLASK_COMPRESS_STREAMS", value)
    app.config.from_prefixed_env()
    expected = f"not a string: write {value.lower()}, in lower case as in JSON"
    with pytest.raises(ConfigurationError, match=expected):
        Compress(app)


@pytest.mark.parametrize(
    ("key", "value", "is_meant"),
    [
        ("COMPRESS_STREAMS", "False", True),
        ("COMPRESS_STREAMS", "true", True),
        ("COMPRESS_STREAMS", "no", False),
        ("COMPRESS_LEVEL", "6", True),
        ("COMPRESS_LEVEL", "99", False),
        ("COMPRESS_LEVEL", "[6]", False),
        ("COMPRESS_MIN_SIZE", "", False),
        ("COMPRESS_STREAM_FLUSH_MS", "0.5", True),
        ("COMPRESS_STREAM_FLUSH_MS", "Infinity", True),
        ("COMPRESS_EXTRA_MIMETYPES", '["text/csv"]', True),
        ("COMPRESS_EXTRA_MIMETYPES", "[" * 100_000, False),
        ("COMPRESS_CACHE_KEY", "None", False),
    ],
)
def test_r50_the_message_says_how_the_environment_is_read(
    app: Flask, key: str, value: str, is_meant: bool
) -> None:
    app.config[key] = value
    with pytest.raises(ConfigurationError) as caught:
        Compress(app)
    assert ("from_prefixed_env" in str(caught.value)) is is_meant


def test_settings_may_come_from_the_environment(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_COMPRESS_LEVEL", "9")
    monkeypatch.setenv("FLASK_COMPRESS_STREAMS", "false")
    monkeypatch.setenv("FLASK_COMPRESS_ALGORITHM", "br, gzip")
    monkeypatch.setenv("FLASK_COMPRESS_EXTRA_MIMETYPES", '["text/csv", "text/markdown"]')
    app.config.from_prefixed_env()
    compress = Compress(app)
    assert compress.enabled_algorithms == ("br", "gzip")
    assert {"text/csv", "text/markdown"} < compress.compress_mimetypes_set
    config = app.extensions["pyfastgz"].settings.current()
    assert (config.levels["gzip"], config.streams) == (9, False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("gzip", ("gzip",)),
        ("gzip, br, zstd", ("gzip", "br", "zstd")),
        ("GZip,,br,", ("gzip", "br")),
        (["gzip", "br", "deflate"], ("gzip", "br", "deflate")),
        (("deflate", "gzip"), ("deflate", "gzip")),
        (["gzip", "br", "gzip"], ("gzip", "br")),
        ([], ()),
        ("", ()),
    ],
)
def test_algorithms_may_be_a_list_or_a_string(
    app: Flask, value: object, expected: tuple[str, ...]
) -> None:
    app.config["COMPRESS_ALGORITHM"] = value
    app.config["COMPRESS_ALGORITHM_STREAMING"] = value
    compress = Compress(app)
    assert compress.enabled_algorithms == expected
    assert compress.streaming_algorithms == expected


class Mode(enum.IntEnum):
    """As brotlicffi defines its modes."""

    TEXT = 1


def test_numbers_may_be_members_of_an_enumeration(app: Flask) -> None:
    app.config["COMPRESS_BR_MODE"] = Mode.TEXT
    app.config["COMPRESS_ALGORITHM"] = "br"
    app.add_url_rule("/", view_func=lambda: "<p>enumeration</p>" * 100)
    Compress(app)
    response = app.test_client().get("/", headers={"Accept-Encoding": "br"})
    assert response.headers["Content-Encoding"] == "br"


def test_mimetypes_may_be_spelt_freely(app: Flask) -> None:
    app.config["COMPRESS_MIMETYPES"] = [
        "Text/HTML",
        "application/json; charset=utf-8",
        ' text/plain ;format=flowed; x="a b;c";',
    ]
    assert Compress(app).compress_mimetypes_set == {
        "text/html",
        "application/json",
        "text/plain",
    }


def test_extra_mimetypes_add_to_the_defaults(app: Flask) -> None:
    app.config["COMPRESS_EXTRA_MIMETYPES"] = "Application/*+JSON, text/csv"
    expected = {*DEFAULTS["COMPRESS_MIMETYPES"], "application/*+json", "text/csv"}
    assert Compress(app).compress_mimetypes_set == expected
    app.add_url_rule(
        "/<name>", view_func=lambda name: Response(b"[1]" * 400, mimetype=f"application/{name}")
    )
    for name in ("problem+json", "vnd.api+json", "ld+json", "json", "octet-stream"):
        response = app.test_client().get(f"/{name}", headers={"Accept-Encoding": "gzip"})
        assert ("Content-Encoding" in response.headers) is (name != "octet-stream")


def test_extra_mimetypes_may_be_the_only_ones(app: Flask) -> None:
    app.config["COMPRESS_MIMETYPES"] = []
    app.config["COMPRESS_EXTRA_MIMETYPES"] = ["text/html"]
    app.add_url_rule("/", view_func=lambda: "<p>extra</p>" * 100)
    assert Compress(app).compress_mimetypes_set == {"text/html"}
    response = app.test_client().get("/", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"


def test_c2_live_settings_follow_the_application() -> None:
    settings: dict[str, Any] = {}
    live = LivePolicy(settings)
    before = live.current()
    assert live.current() is before
    settings["COMPRESS_LEVEL"] = 1
    settings["COMPRESS_BR_WINDOW"] = 16
    settings["COMPRESS_MIN_SIZE"] = 7
    settings["COMPRESS_STREAMS"] = False
    settings["COMPRESS_EVALUATE_CONDITIONAL_REQUEST"] = False
    after = live.current()
    assert (after.levels["gzip"], after.brotli.window, after.min_size) == (1, 16, 7)
    assert (after.streams, after.evaluate_conditional_request) == (False, False)
    assert before.levels["gzip"] == 6


def test_c2_other_settings_are_read_once() -> None:
    settings: dict[str, Any] = {}
    live = LivePolicy(settings)
    settings["COMPRESS_ALGORITHM"] = "gzip"
    settings["COMPRESS_MIMETYPES"] = ["no media type"]
    settings["COMPRESS_LEVEL"] = 1
    assert live.current().algorithm == ("zstd", "br", "gzip", "deflate")
    assert live.current().levels["gzip"] == 1


class Incomparable:
    """As an array is, whose comparison has no truth."""

    def __eq__(self, other: object) -> bool:
        raise ValueError

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("key", LIVE_KEYS)
@pytest.mark.parametrize("bad", [99, "no", Incomparable()], ids=["99", "no", "incomparable"])
def test_c2_an_unusable_change_is_logged_once_and_stops_no_other(
    key: str, bad: object, caplog: pytest.LogCaptureFixture
) -> None:
    if key == "COMPRESS_MIN_SIZE" and isinstance(bad, int):
        bad = -1
    settings: dict[str, Any] = {}
    live = LivePolicy(settings)
    before = live.current()
    settings[key] = bad
    assert live.current() == before
    assert live.current() == before
    other, value = ("COMPRESS_LEVEL", 2) if key != "COMPRESS_LEVEL" else ("COMPRESS_BR_MODE", 1)
    settings[other] = value
    assert live.current() != before
    assert live.in_effect == {**DEFAULTS, other: value}
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert f"{key} is {bad!r}" in record.getMessage()


def test_c2_each_unusable_change_is_logged_and_the_last_usable_value_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings: dict[str, Any] = {"COMPRESS_LEVEL": 4}
    live = LivePolicy(settings)
    settings["COMPRESS_LEVEL"] = 2
    assert live.current().levels["gzip"] == 2
    for bad in (99, 98):
        settings["COMPRESS_LEVEL"] = bad
        settings["COMPRESS_BR_LEVEL"] = bad
        assert live.current().levels == {"gzip": 2, "deflate": -1, "br": 4, "zstd": 3, "dcz": 3}
    assert len(caplog.records) == 4
    settings["COMPRESS_LEVEL"] = 3
    assert live.current().levels["gzip"] == 3
    assert len(caplog.records) == 4


@pytest.mark.parametrize("key", LIVE_KEYS)
def test_a_deleted_setting_keeps_its_value(key: str) -> None:
    settings: dict[str, Any] = {}
    live = LivePolicy(settings)
    before = live.current()
    del settings[key]
    assert live.current() == before
    # The others are followed all the same.
    other, value = ("COMPRESS_LEVEL", 2) if key != "COMPRESS_LEVEL" else ("COMPRESS_BR_MODE", 1)
    settings[other] = value
    assert live.current() != before
    assert live.in_effect == {**DEFAULTS, other: value}
    settings[key] = DEFAULTS[key]
    assert live.in_effect == {**DEFAULTS, other: value}


class Upper(Config):
    """A configuration with a way of its own to set a value."""

    def put(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)


class Layered(Config):
    """One that looks into another first, as some do for the environment or for tenants."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.over: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        return self.over[key] if key in self.over else super().__getitem__(key)


def _clear_and_set(settings: Any, key: str, value: Any) -> None:
    settings.clear()
    settings[key] = value


def _replace_by_default(settings: Any, key: str, value: Any) -> None:
    settings.pop(key)
    settings.setdefault(key, value)


def _take_until_gone(settings: Any, key: str, value: Any) -> None:
    while key in settings:
        settings.popitem()
    settings.update([(key, value)])


WAYS: dict[str, Callable[[Any, str, Any], object]] = {
    "item": operator.setitem,
    "update": lambda settings, key, value: settings.update({key: value}),
    "update by name": lambda settings, key, value: settings.update(**{key: value}),
    "|=": lambda settings, key, value: settings.__ior__({key: value}),
    "setdefault": _replace_by_default,
    "clear": _clear_and_set,
    "popitem": _take_until_gone,
    "from_mapping": lambda settings, key, value: settings.from_mapping({key: value}),
    "from_object": lambda settings, key, value: settings.from_object(
        type("Settings", (), {key: value})
    ),
    "the method of dict": dict.__setitem__,
    "a method of its own": lambda settings, key, value: settings.put(key, value),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("key", ["COMPRESS_LEVEL", "COMPRESS_STREAMS", "COMPRESS_BR_WINDOW"])
def test_c2_a_change_is_seen_however_it_is_made(way: str, key: str) -> None:
    settings = Upper("")
    live = LivePolicy(settings)
    name = {key: name for name, key in KEYS.items()}[key]
    before = live.current()
    value = 0 if key == "COMPRESS_STREAMS" else getattr(before, name) - 1
    WAYS[way](settings, key, value)
    after = live.current()
    assert after is live.current() is live.last
    assert getattr(after, name) == value
    assert getattr(before, name) != value
    WAYS[way](settings, key, getattr(before, name))
    assert live.current() == before


def test_c2_what_a_configuration_makes_up_is_seen() -> None:
    settings = Layered("")
    live = LivePolicy(settings)
    before = live.current()
    assert live.current() is before
    settings.over["COMPRESS_LEVEL"] = 1
    assert live.current().level == 1
    settings.over.clear()
    assert live.current() == before
    settings["COMPRESS_MIN_SIZE"] = 1
    assert live.current().min_size == 1


def test_c2_a_setting_that_comes_back_is_seen() -> None:
    settings: dict[str, Any] = {}
    live = LivePolicy(settings)
    del settings["COMPRESS_LEVEL"]
    assert live.current().level == 6
    settings["COMPRESS_LEVEL"] = 1
    assert live.current().level == 1
    with mock.patch.dict(settings, {"COMPRESS_LEVEL": 2, "COMPRESS_MIN_SIZE": 0}):
        assert (live.current().level, live.current().min_size) == (2, 0)
    assert (live.current().level, live.current().min_size) == (1, 500)


def test_what_is_assigned_holds_whatever_the_application_sets() -> None:
    settings: dict[str, Any] = {}
    live = LivePolicy(settings)
    live.assign(algorithm="br, gzip", algorithm_streaming="auto", predicate=None)
    settings["COMPRESS_ALGORITHM"] = "zstd"
    settings["COMPRESS_LEVEL"] = 1
    policy = live.current()
    assert (policy.algorithm, policy.level) == (("br", "gzip"), 1)
    assert policy.algorithm_streaming == ("gzip", "br", "zstd", "deflate")
    assert live.in_effect == {
        **DEFAULTS,
        "COMPRESS_ALGORITHM": ["br", "gzip"],
        "COMPRESS_ALGORITHM_STREAMING": "auto",
        "COMPRESS_LEVEL": 1,
    }
    assert live.assigned == {
        "COMPRESS_ALGORITHM",
        "COMPRESS_ALGORITHM_STREAMING",
        "COMPRESS_PREDICATE",
    }


@pytest.mark.parametrize("name", ["level", "min_size", "levels", "wildcards", "nonsense"])
def test_what_is_followed_or_made_cannot_be_assigned(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} cannot be assigned"):
        LivePolicy({}).assign(**{name: 1})


def test_r50_nothing_is_assigned_if_one_value_is_not_usable() -> None:
    live = LivePolicy({})
    before = live.current()
    with pytest.raises(ConfigurationError, match="COMPRESS_ALGORITHM is 'lzma'"):
        live.assign(mimetypes=["text/html"], algorithm="lzma")
    assert live.current() is before


CHANGES: dict[str, Callable[[set[str]], object]] = {
    "add": lambda items: items.add("text/csv"),
    "update": lambda items: items.update({"text/csv"}, ["text/markdown"]),
    "discard": lambda items: items.discard("text/html"),
    "remove": lambda items: items.remove("text/html"),
    "pop": lambda items: items.pop(),
    "clear": lambda items: items.clear(),
    "difference_update": lambda items: items.difference_update({"text/html"}),
    "intersection_update": lambda items: items.intersection_update({"text/html"}),
    "symmetric_difference_update": lambda items: items.symmetric_difference_update(["a/b"]),
    "|=": lambda items: items.__ior__({"text/csv"}),
    "&=": lambda items: items.__iand__({"text/html"}),
    "-=": lambda items: items.__isub__({"text/html"}),
    "^=": lambda items: items.__ixor__({"a/b"}),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["mimetypes", "streaming_endpoint_conditional"])
def test_what_is_done_to_a_set_holds(change: str, name: str) -> None:
    live = LivePolicy({"COMPRESS_STREAMING_ENDPOINT_CONDITIONAL": ["text/html", "text/xml"]})
    items = live.set_of(name)
    expected = set(items)
    before = live.current()
    assert getattr(before, name) == expected
    if change == "pop":
        items.pop()
    else:
        CHANGES[change](items)
        CHANGES[change](expected)
        assert items == expected
    assert getattr(live.current(), name) == items == live.set_of(name)
    assert getattr(before, name) != items
    assert live.in_effect[f"COMPRESS_{name.upper()}"] == sorted(items)


def test_a_media_type_with_an_asterisk_may_be_added_and_taken_away() -> None:
    live = LivePolicy({})
    kinds = live.set_of("mimetypes")
    assert live.current().wildcards is None
    kinds.add("image/*")
    pattern = live.current().wildcards
    assert pattern is not None
    assert pattern.fullmatch("image/bmp")
    kinds.remove("image/*")
    assert live.current().wildcards is None
    with pytest.raises(KeyError):
        kinds.remove("image/*")


def test_what_is_no_text_in_a_set_does_no_harm() -> None:
    live = LivePolicy({})
    kinds: set[Any] = live.set_of("mimetypes")
    kinds.add(mimetypes.guess_type("no-suffix")[0])
    kinds.add("text/csv")
    assert live.current().mimetypes == {*DEFAULTS["COMPRESS_MIMETYPES"], "text/csv"}


def test_copies_of_a_set_are_free() -> None:
    live = LivePolicy({})
    kinds = live.set_of("mimetypes")
    before = live.current()
    for one in (kinds.copy(), copy.copy(kinds), copy.deepcopy(kinds), kinds | {"text/csv"}):
        one.add("text/x-mine")
    live.assign(mimetypes=kinds | {"text/x-new"})
    kinds.add("text/x-old")
    assert live.current().mimetypes == before.mimetypes | {"text/x-new"}
    assert live.current().extra_mimetypes == frozenset()


def test_r51_threads_lose_nothing_that_is_assigned() -> None:
    settings: dict[str, Any] = {}
    live = LivePolicy(settings)
    kinds = live.set_of("mimetypes")

    def add(number: int) -> None:
        for i in range(100):
            kinds.add(f"text/x-{number}-{i}")
            settings["COMPRESS_MIN_SIZE"] = i
            live.current()

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert live.current().mimetypes == kinds
    assert len(kinds) == len(DEFAULTS["COMPRESS_MIMETYPES"]) + 400
    assert live.current().min_size == settings["COMPRESS_MIN_SIZE"]


def test_every_setting_has_one_name() -> None:
    policy = Policy.from_mapping({})
    assert {f"COMPRESS_{name.upper()}": name for name in KEYS} == {
        key: name for name, key in KEYS.items()
    }
    assert list(KEYS.values()) == list(SETTINGS)
    for name, key in KEYS.items():
        value = SETTINGS[key].kind.read(SETTINGS[key].default)
        assert getattr(policy, name) == value
    others = {field.name for field in fields(policy)} - KEYS.keys()
    assert others == {
        "brotli",
        "file_nbytes",
        "flush_seconds",
        "known_codings",
        "levels",
        "wildcards",
    }


@pytest.mark.parametrize("key", SETTINGS)
def test_every_key_is_described(key: str) -> None:
    setting = SETTINGS[key]
    assert re.fullmatch(r"[A-Z`\"0-9].{30,}\.", setting.description)
    assert setting.kind.wanted
    setting.kind.read(setting.default)


def test_new_keys_are_those_that_flask_compress_does_not_have() -> None:
    app = Flask(__name__)
    flask_compress.Compress(app)
    theirs = {key for key in app.config if key.startswith("COMPRESS_")}
    assert theirs == {key for key, setting in SETTINGS.items() if not setting.is_new}


def with_flag(function: Callable[..., bool]) -> Callable[[Request, Response], bool]:
    @functools.wraps(function)
    def wrapper(request: Request, response: Response) -> bool:
        return function(True, request, response)

    return wrapper


@pytest.mark.parametrize(
    ("key", "function"),
    [
        ("COMPRESS_PREDICATE", lambda *both: True),
        ("COMPRESS_PREDICATE", lambda request, response, also=None: True),
        ("COMPRESS_PREDICATE", functools.partial(lambda flag, request, response: flag, True)),
        # Written in C; neither tells its parameters.
        ("COMPRESS_PREDICATE", max),
        # It shows the three parameters of what it wraps.
        ("COMPRESS_PREDICATE", with_flag(lambda flag, request, response: flag)),
        ("COMPRESS_CACHE_KEY", functools.lru_cache(lambda request: "key")),
        ("COMPRESS_PREDICATE", create_autospec(lambda request, response: True)),
        ("COMPRESS_CACHE_KEY", MagicMock()),
        ("COMPRESS_CACHE_KEY", operator.attrgetter("path")),
        ("COMPRESS_CACHE_KEY", str),
        ("COMPRESS_CACHE_BACKEND", functools.partial(DictCache)),
    ],
)
def test_functions_may_be_anything_that_can_be_called_so(
    app: Flask, key: str, function: Callable[..., Any]
) -> None:
    app.config[key] = function
    Compress(app)
    assert app.config[key] is function


def test_r50_the_message_says_what_a_function_takes(app: Flask) -> None:
    app.config["COMPRESS_PREDICATE"] = lambda request: True
    wanted = r"a function of the request and the response; this one takes \(request\)"
    with pytest.raises(ConfigurationError, match=wanted):
        Compress(app)


def test_r50_the_message_says_how_to_give_a_cache(app: Flask) -> None:
    app.config["COMPRESS_CACHE_BACKEND"] = DictCache()
    with pytest.raises(ConfigurationError, match="such as lambda: cache"):
        Compress(app)


def test_r50_the_message_says_that_auto_stands_alone(app: Flask) -> None:
    app.config["COMPRESS_ALGORITHM"] = "auto, gzip"
    with pytest.raises(ConfigurationError, match="must be 'auto' alone, or a list"):
        Compress(app)


class AsyncPredicate:
    async def __call__(self, request: Request, response: Response) -> bool:
        return False


async def async_predicate(request: Request, response: Response) -> bool:
    return False


@pytest.mark.parametrize("predicate", [AsyncPredicate(), async_predicate])
def test_r50_a_coroutine_function_is_refused(app: Flask, predicate: Any) -> None:
    app.config["COMPRESS_PREDICATE"] = predicate
    with pytest.raises(ConfigurationError, match="not async"):
        Compress(app)


class AsyncCache:
    async def get(self, key: str) -> bytes | None:
        return None

    async def set(self, key: str, value: bytes) -> None: ...


class SetOfThree(DictCache):
    def set(self, key: str, value: bytes, timeout: int) -> None:  # type: ignore[override]
        super().set(key, value)


@pytest.mark.parametrize("cache", [{}, None, "redis://", object(), AsyncCache(), SetOfThree()])
def test_r50_a_cache_without_get_and_set_is_refused(app: Flask, cache: Any) -> None:
    app.config["COMPRESS_CACHE_BACKEND"] = lambda: cache
    with pytest.raises(
        ConfigurationError, match=r"COMPRESS_CACHE_BACKEND returns .*get\(key\)"
    ):
        Compress(app)
    assert "compress" not in app.extensions


def test_r50_what_is_assigned_is_checked_too(app: Flask) -> None:
    compress = Compress(app)
    with pytest.raises(ConfigurationError, match="no such set"):
        compress.cache = {}  # type: ignore[assignment]
    with pytest.raises(ConfigurationError, match="COMPRESS_CACHE_KEY"):
        compress.cache_key = lambda: "key"
    compress.cache = compress.cache_key = None


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("COMPRESS_MIMETYPE", "did you mean COMPRESS_MIMETYPES?"),
        ("COMPRESS_GZIP_LEVEL", "did you mean COMPRESS_LEVEL?"),
        ("COMPRESS_BROTLI_LEVEL", "did you mean COMPRESS_BR_LEVEL?"),
        ("COMPRESS_MINSIZE", "did you mean COMPRESS_MIN_SIZE?"),
        ("COMPRESS_level", "did you mean COMPRESS_LEVEL?"),
        # Of Flask-Compress 1.0, and of django-compressor.
        ("COMPRESS_DEBUG", "does nothing"),
        ("COMPRESS_OFFLINE", "does nothing"),
    ],
)
def test_a_key_that_is_no_setting_is_a_warning(
    app: Flask, caplog: pytest.LogCaptureFixture, key: str, hint: str
) -> None:
    app.config[key] = "whatever"
    app.config["COMPRESSOR_DEBUG"] = True
    Compress(app)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("pyfastgz", "WARNING")
    assert record.getMessage().startswith(f"{key} is no setting of pyfastgz")
    assert record.getMessage().endswith(hint)


def test_the_warning_is_seen_without_any_set_up_of_logging() -> None:
    program = (
        "import flask, pyfastgz\n"
        "app = flask.Flask('shop')\n"
        "app.config['COMPRESS_MIN_SIZ'] = 1\n"
        "pyfastgz.Compress(app)\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "did you mean COMPRESS_MIN_SIZE?" in run.stderr


def test_defaults_are_no_reason_for_a_warning(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    Compress(app)
    Compress(app)
    assert not caplog.records


def test_the_cache_comes_from_its_factory(app: Flask) -> None:
    key: Callable[..., str] = lambda request: "k"  # noqa: E731
    app.config["COMPRESS_CACHE_BACKEND"] = DictCache
    app.config["COMPRESS_CACHE_KEY"] = key
    compress = Compress(app)
    assert isinstance(compress.cache, DictCache)
    assert compress.cache_key is key
