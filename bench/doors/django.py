"""A minimal Django application, its own kind of middleware in it, and ours around the whole.

It is called as a WSGI server calls it, but nothing is sent. ``CommonMiddleware`` tells the
length of each body, as in nearly every project.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from functools import partial
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.http import HttpResponse
from django.urls import re_path
from werkzeug.test import create_environ
from werkzeug.test import run_wsgi_app

from pyfastgz.wsgi import CompressMiddleware

from .bodies import create_routes
from .contenders import NONE
from .contenders import OURS
from .contenders import Contender
from .contenders import Door
from .contenders import Fetch
from .contenders import Received
from .contenders import request_fields

GZIP, HTTP_COMPRESSION = "Django's GZipMiddleware", "django-http-compression"

_COMMON = "django.middleware.common.CommonMiddleware"


def create_app(*middleware: str) -> WSGIHandler:
    """Return an application that sends the bodies of :mod:`~bench.doors.bodies`.

    :param middleware: that of Django's kind, by path.
    """
    if not settings.configured:
        _configure()
    # Read as the application is made.
    settings.MIDDLEWARE = [*middleware, _COMMON]
    return WSGIHandler()


def _configure() -> None:
    routes = create_routes()

    def view(request: HttpRequest) -> HttpResponse:
        content_type, content = routes[request.path]()
        return HttpResponse(content, content_type=content_type)

    settings.configure(
        ALLOWED_HOSTS=["*"],
        LOGGING_CONFIG=None,
        ROOT_URLCONF=(re_path("", view),),
        SECRET_KEY="of a benchmark",
    )
    django.setup()


def _with(middleware: str, app: WSGIHandler) -> WSGIHandler:
    """Return what stands for an application: the same with middleware in it."""
    return create_app(middleware)


# Levels of the others cannot be set.
CONTENDERS = {
    NONE: Contender(lambda app: app, {}),
    OURS: Contender(CompressMiddleware, {"gzip": 6, "zstd": 3, "br": 4}),
    GZIP: Contender(partial(_with, "django.middleware.gzip.GZipMiddleware"), {"gzip": 6}),
    HTTP_COMPRESSION: Contender(
        partial(_with, "django_http_compression.middleware.HttpCompressionMiddleware"),
        {"gzip": 6, "zstd": 3, "br": 4},
    ),
}
"""Everybody, by name."""


def fetcher(app: Any, accept_encoding: str | None) -> Fetch:
    """Return what has an application respond; see :class:`~bench.doors.contenders.Door`."""

    def start_response(*_: object) -> Callable[[bytes], object]:
        return lambda written: None

    def fetch(path: str) -> None:
        body = app(dict(_environ(path, accept_encoding)), start_response)
        try:
            for _ in body:
                pass
        finally:
            body.close()

    return fetch


def receive(app: Any, accept_encoding: str | None, path: str) -> Received:
    """Return the response to a request."""
    chunks, status, fields = run_wsgi_app(app, dict(_environ(path, accept_encoding)))
    return Received(int(status[:3]), fields.get("Content-Encoding"), b"".join(chunks))


@cache
def _environ(path: str, accept_encoding: str | None) -> dict[str, Any]:
    return create_environ(path, headers=request_fields(accept_encoding))


DJANGO = Door(CONTENDERS, create_app, fetcher, receive)
"""The way into a Django application."""
