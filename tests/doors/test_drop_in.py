"""The names, signatures, settings and defaults of Flask-Compress itself, as it is installed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import flask_compress
import pytest
from flask import Flask
from flask import Request

import pyfastgz
from pyfastgz.policy.table import DEFAULTS

OTHERS = {"COMPRESS_ALGORITHM_STREAMING": ["zstd", "br", "gzip", "deflate"]}
"""The defaults that docs/compat.md says are others."""


def settings_of(extension: Callable[[Flask], object]) -> dict[str, Any]:
    app = Flask(__name__)
    extension(app)
    return {key: value for key, value in app.config.items() if key.startswith("COMPRESS_")}


THEIRS = settings_of(flask_compress.Compress)


def public_names(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


METHODS = sorted(
    name
    for name in public_names(flask_compress.Compress)
    if callable(getattr(flask_compress.Compress, name))
)


def test_something_is_compared() -> None:
    assert len(THEIRS) >= 17
    assert {"after_request", "compressed", "init_app"} <= set(METHODS)


def test_c1_every_public_name_is_here() -> None:
    assert set(flask_compress.__all__) <= set(pyfastgz.__all__)


@pytest.mark.parametrize("key", THEIRS)
def test_c1_every_setting_has_the_same_default(key: str) -> None:
    expected = OTHERS.get(key, THEIRS[key])
    assert DEFAULTS[key] == expected
    assert settings_of(pyfastgz.Compress)[key] == expected


def parameters(function: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    return [
        (parameter.name, parameter.kind, parameter.default)
        for parameter in inspect.signature(function).parameters.values()
    ]


@pytest.mark.parametrize("method", ["__init__", *METHODS])
def test_c1_every_method_can_be_called_alike(method: str) -> None:
    theirs = parameters(getattr(flask_compress.Compress, method))
    ours = parameters(getattr(pyfastgz.Compress, method))
    assert ours[: len(theirs)] == theirs
    for name, _, default in ours[len(theirs) :]:
        assert default is not inspect.Parameter.empty, name


@pytest.mark.parametrize("name", ["DictCache", "CacheBackend"])
def test_c1_caches_have_the_same_methods(name: str) -> None:
    theirs, ours = getattr(flask_compress, name), getattr(pyfastgz, name)
    for method in ("get", "set"):
        assert parameters(getattr(ours, method)) == parameters(getattr(theirs, method))


def cache_key(request: Request) -> str:
    return request.path


CACHE = pyfastgz.DictCache()


def make_cache() -> pyfastgz.DictCache:
    return CACHE


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"COMPRESS_ALGORITHM": "gzip, br", "COMPRESS_ALGORITHM_STREAMING": "gzip"},
        {"COMPRESS_ALGORITHM": ["deflate"], "COMPRESS_ALGORITHM_STREAMING": ("br", "zstd")},
        {"COMPRESS_MIMETYPES": ("text/html", "text/plain"), "COMPRESS_REGISTER": False},
        {"COMPRESS_MIMETYPES": []},
        {"COMPRESS_STREAMING_ENDPOINT_CONDITIONAL": ["static", "files"]},
        {"COMPRESS_CACHE_KEY": cache_key, "COMPRESS_CACHE_BACKEND": make_cache},
    ],
    ids=lambda settings: ",".join(settings) or "none",
)
def test_c1_every_attribute_has_the_same_value(settings: dict[str, Any]) -> None:
    """And settings that Flask-Compress takes are taken."""
    values = []
    for compress in (flask_compress.Compress(), pyfastgz.Compress()):
        app = Flask(__name__)
        app.config.update(settings)
        compress.init_app(app)
        values.append(
            {
                name: getattr(compress, name)
                for name in public_names(compress) - set(METHODS) - {"app"}
            }
        )
        # Those that look at every response.
        hooks = [hook.__name__ for hook in app.after_request_funcs.get(None, [])]
        values[-1]["hooks"] = hooks.count("after_request")
    theirs, ours = values
    assert len(theirs) >= 7
    if "COMPRESS_ALGORITHM_STREAMING" not in settings:
        theirs["streaming_algorithms"] = tuple(OTHERS["COMPRESS_ALGORITHM_STREAMING"])
    assert {name: ours[name] for name in theirs} == theirs


def test_every_attribute_can_be_assigned() -> None:
    values: dict[str, Any] = {
        "cache": pyfastgz.DictCache(),
        "cache_key": cache_key,
        "compress_mimetypes_set": {"text/x-mine"},
        "enabled_algorithms": ("br",),
        "streaming_algorithms": ("zstd",),
        "streaming_endpoint_with_conditional": {"files"},
    }
    theirs = flask_compress.Compress(Flask(__name__))
    assert public_names(theirs) - set(METHODS) - {"app"} == set(values)
    compress = pyfastgz.Compress(Flask(__name__))
    for name, value in values.items():
        setattr(compress, name, value)
        assert getattr(compress, name) == value


def test_the_application_is_an_attribute() -> None:
    app = Flask(__name__)
    for extension in (flask_compress.Compress, pyfastgz.Compress):
        assert extension().app is None
        assert extension(app).app is app
        assert extension(app=app).app is app
