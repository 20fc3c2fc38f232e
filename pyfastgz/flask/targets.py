"""What :class:`~pyfastgz.Compress` is given to work on: applications, views and blueprints."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from typing import TypeVar
from typing import cast

from flask import Blueprint
from flask import Flask
from flask.views import View
from werkzeug.local import LocalProxy

_Decorator = TypeVar("_Decorator", bound=Callable[..., Any])


def checked_app(app: Any) -> Flask:
    """Return the Flask application that somebody means.

    :param app: a Flask application, or the proxy ``current_app``.
    :raises TypeError: it is something else.
    """
    if isinstance(app, LocalProxy):
        app = app._get_current_object()
    if isinstance(app, Flask):
        return app
    kind = type(app).__name__
    for name in ("server", "app"):
        # Where what wraps one keeps it, such as Dash.
        if isinstance(getattr(app, name, None), Flask):
            raise TypeError(
                f"Compress takes a Flask application, not {kind}: give it that one's .{name}"
            )
    raise TypeError(
        f"Compress takes a Flask application, not {kind}: for others there is "
        "CompressMiddleware, in pyfastgz.wsgi and pyfastgz.asgi"
    )


def check_target(target: Any, setting: str) -> None:
    """Check what a decorator was given.

    :param setting: that which does for an application what the decorator does.
    :raises TypeError: it is neither a view nor a blueprint.
    """
    if isinstance(target, Blueprint):
        return
    if isinstance(target, type) and issubclass(target, View):
        name = target.__name__
        raise TypeError(
            f"decorate what {name}.as_view() returns, or put the decorator into the list "
            f"{name}.decorators, not the class"
        )
    if isinstance(target, Flask):
        raise TypeError(
            f"decorate views and blueprints, not the application, for which {setting} is"
        )
    if not callable(target):
        raise TypeError(f"decorate a view or a Flask blueprint, not {target!r}")


def check_parentheses(level: Any) -> None:
    """Check that the decorator with parameters was not given the view instead of them.

    :raises TypeError: it was.
    """
    if callable(level) or isinstance(level, Blueprint):
        raise TypeError("compressed takes parentheses: @compress.compressed()")


def without_parentheses(decorator: _Decorator) -> _Decorator:
    """Have a method that decorates say so when it is called without what it decorates."""
    name = decorator.__name__

    @functools.wraps(decorator)
    def checked(self: object, *args: Any, **kwargs: Any) -> Any:
        if not args and "target" not in kwargs:
            raise TypeError(f"{name} takes no parentheses: @compress.{name}")
        return decorator(self, *args, **kwargs)

    return cast("_Decorator", checked)
