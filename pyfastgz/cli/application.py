"""The Flask application that a command is for. Flask is imported when there is one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING
from typing import Concatenate
from typing import ParamSpec

import click

from ..engine import Engine
from ..flask.extra import require_flask

if TYPE_CHECKING:
    from flask import Flask
    from flask.cli import ScriptInfo

_P = ParamSpec("_P")


def named(app: str) -> ScriptInfo:
    """Return what loads an application.

    :param app: its name, as in ``flask --app``.
    :raises UsageError: there is no Flask.
    """
    _check("an application (--app or FLASK_APP)")
    from flask.cli import ScriptInfo  # noqa: PLC0415

    return ScriptInfo(app_import_path=app)


def in_application(
    user: str,
) -> Callable[[Callable[Concatenate[Flask, _P], None]], Callable[_P, None]]:
    """Decorate what a command calls: it is given the application, and runs in its context.

    Without Flask that is a ``UsageError``.

    :param user: what needs the application.
    """

    def decorate(function: Callable[Concatenate[Flask, _P], None]) -> Callable[_P, None]:
        @wraps(function)
        def call(*arguments: _P.args, **options: _P.kwargs) -> None:
            _check(user)
            from flask import current_app  # noqa: PLC0415
            from flask.cli import with_appcontext  # noqa: PLC0415

            @with_appcontext
            def work() -> None:
                app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
                function(app, *arguments, **options)

            work()

        return call

    return decorate


def engine_of(app: Flask) -> Engine:
    """Return the engine of an application.

    :raises ClickException: it does not use this package.
    """
    from ..flask.extension import EXTENSION  # noqa: PLC0415

    if EXTENSION not in app.extensions:
        raise click.ClickException(f"{app.name!r} does not use pyfastgz: call Compress(app)")
    engine: Engine = app.extensions[EXTENSION]
    return engine


def _check(user: str) -> None:
    try:
        require_flask(user)
    except ImportError as error:
        raise click.UsageError(str(error)) from None
