"""What ``Compress`` and its decorators are given by mistake: an error that says what to do."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from flask import Blueprint
from flask import Flask
from flask import current_app
from flask.views import MethodView

from pyfastgz import Compress


class Anything:
    """Takes whatever it is given."""

    def __init__(self, *args: object) -> None:
        pass


def find_base(module: str, name: str) -> Any:
    """Return a base of Flask's classes, on which Quart's stand; there are none before 3.0."""
    try:
        return getattr(import_module(f"flask.sansio.{module}"), name)
    except ModuleNotFoundError:
        return Anything


Quart: Any = type("Quart", (find_base("app", "App"),), {"__init__": Anything.__init__})


class Dash:
    def __init__(self) -> None:
        self.server = Flask(__name__)


class Page(MethodView):
    def get(self) -> str:
        return "page"


@pytest.mark.parametrize(
    ("app", "message"),
    [
        ("x", r"a Flask application, not str: .* in pyfastgz\.wsgi and pyfastgz\.asgi$"),
        (Quart(), "a Flask application, not Quart"),
        (Blueprint("shop", __name__), "a Flask application, not Blueprint"),
        (Dash(), r"not Dash: give it that one's \.server"),
        (Flask, "a Flask application, not type"),
        (Flask(__name__).wsgi_app, "a Flask application, not method"),
    ],
)
def test_what_is_no_flask_application(app: Any, message: str) -> None:
    for use in (Compress, Compress().init_app):
        with pytest.raises(TypeError, match=message):
            use(app)


def test_the_proxy_of_the_application_will_do(app: Flask) -> None:
    with app.app_context():
        compress = Compress(current_app)
    assert compress.app is app
    assert compress.stats().codings == {}


@pytest.mark.parametrize("decorator", [Compress().exempt, Compress().compressed()])
@pytest.mark.parametrize(
    ("target", "message"),
    [
        (3, "a view or a Flask blueprint, not 3"),
        ("index", "a view or a Flask blueprint, not 'index'"),
        (None, "a view or a Flask blueprint, not None"),
        (
            find_base("blueprints", "Blueprint")("shop", __name__),
            "a view or a Flask blueprint, not <",
        ),
        (Flask(__name__), "not the application"),
        (Page, r"Page\.as_view\(\)"),
    ],
)
def test_what_is_no_view(decorator: Callable[[Any], Any], target: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        decorator(target)


@pytest.mark.parametrize(
    ("decorator", "setting"),
    [
        (Compress().exempt, "COMPRESS_REGISTER"),
        (Compress().compressed(), "COMPRESS_REGISTER"),
        (Compress().decode_requests, "COMPRESS_DECODE_REQUESTS"),
    ],
)
def test_the_application_has_a_setting_instead(
    decorator: Callable[[Any], Any], setting: str
) -> None:
    with pytest.raises(TypeError, match=f"for which {setting} is$"):
        decorator(Flask(__name__))


@pytest.mark.parametrize("level", [lambda: "", Blueprint("shop", __name__), Page])
def test_a_decorator_without_its_parentheses(level: Any) -> None:
    with pytest.raises(TypeError, match=r"@compress\.compressed\(\)"):
        Compress().compressed(level)


def test_a_decorator_with_parentheses_that_it_does_not_take() -> None:
    exempt: Any = Compress().exempt
    for options in ({}, {"level": 9}):
        with pytest.raises(TypeError, match=r"exempt takes no parentheses: @compress\.exempt$"):
            exempt(**options)
    assert exempt(target=len).__name__ == "len"
    assert str(inspect.signature(Compress.exempt)).startswith("(self, target: ")
