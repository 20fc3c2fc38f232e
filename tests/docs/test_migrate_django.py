"""What docs/migrate-django.md says of Django's middleware and of ours is what they do."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import django
import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse
from django.http import HttpResponse
from django.http import StreamingHttpResponse
from django.middleware.gzip import GZipMiddleware
from django.urls import path as route
from django_http_compression.middleware import HttpCompressionMiddleware
from wsgi_script import Seen
from wsgi_script import served

from pyfastgz.wsgi import CompressMiddleware
from tests.docs.migration import EVENTS
from tests.docs.migration import FILE
from tests.docs.migration import PAGE
from tests.docs.migration import ROWS as ROWS_OF_ALL
from tests.docs.migration import VIEWS
from tests.docs.migration import Row
from tests.docs.migration import Site
from tests.docs.migration import View
from tests.docs.migration import tables_of

(DIFFERENCES,) = tables_of("migrate-django.md")
WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "plain": lambda view: view,
    "GZipMiddleware": GZipMiddleware,
    "HttpCompressionMiddleware": HttpCompressionMiddleware,
}


def responder(view: View) -> Callable[[Any], Any]:
    return lambda request: HttpResponse(
        view.body, view.kind, view.status, headers=dict(view.fields)
    )


def file(request: Any) -> FileResponse:
    return FileResponse(FILE.open("rb"), content_type="text/markdown")


def events(request: Any) -> StreamingHttpResponse:
    server, had = request.META["test.server"], request.META["test.had"]

    def made() -> Iterator[bytes]:
        yield EVENTS[0]
        had.append(server.sent.getvalue().partition(b"\r\n\r\n")[2])
        yield EVENTS[1]

    return StreamingHttpResponse(made(), content_type="text/event-stream")


class DjangoSite(Site):
    """Views of Django in one middleware.

    :param app: all of them, in each of Django's.
    :param below: where those are that are meant.
    """

    def __init__(self, app: Any, below: str = "plain") -> None:
        super().__init__()
        self._app = app
        self._below = below

    def get(self, view: str, accept: str = "gzip", method: str = "GET", **fields: str) -> Seen:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            return self._app({**environ, "test.had": self.had}, start_response)

        path = f"/{self._below}/{view}"
        seen = served(app, method, path, accept_encoding=accept, **fields)
        assert seen.errors == []
        return seen


@pytest.fixture(scope="module", name="application")
def make_application() -> Any:
    views = {name: responder(view) for name, view in VIEWS.items()}
    views |= {"file": file, "events": events}
    routes = [
        route(f"{who}/{name}", wrap(view))
        for who, wrap in WRAPPERS.items()
        for name, view in views.items()
    ]
    settings.configure(
        ALLOWED_HOSTS=["*"],
        LOGGING_CONFIG=None,
        MIDDLEWARE=[],
        ROOT_URLCONF=tuple(routes),
        SECRET_KEY="of a test",
    )
    django.setup()
    return WSGIHandler()


@pytest.fixture(scope="module", name="sites")
def make_sites(application: Any) -> list[DjangoSite]:
    ours = CompressMiddleware(application, extra_mimetypes="text/event-stream, text/markdown")
    return [
        *(DjangoSite(application, who) for who in WRAPPERS if who != "plain"),
        DjangoSite(ours),
    ]


ROWS: dict[str, Row] = ROWS_OF_ALL | {
    "a page of 300 bytes": lambda site: site.coding("short"),
    "`image/png` that shrinks": lambda site: site.coding("image"),
    "a part, with status 206": lambda site: site.coding("part"),
    "the same page twice": Site.twice,
    "`Content-Length` of a `FileResponse`": lambda site: (
        "is there" if site.has("file", "content-length") else "is dropped"
    ),
    "the first of two events, before the second is made": lambda site: site.first_of(
        "events", EVENTS
    ),
}


def test_the_page_has_a_row_for_all_that_is_measured() -> None:
    assert DIFFERENCES.head == [*list(WRAPPERS)[1:], "CompressMiddleware"]
    assert sorted(row[0] for row in DIFFERENCES.rows) == sorted(ROWS)


def here(cell: str) -> str:
    """Return what a cell says of the version of Django that is installed."""
    before, _, after = cell.partition("; from Django 6.1 on ")
    return after if after and django.VERSION >= (6, 1) else before


@pytest.mark.parametrize("row", DIFFERENCES.rows, ids=lambda row: row[0])
def test_what_the_page_says_is_what_each_does(row: list[str], sites: list[DjangoSite]) -> None:
    what, *said = row
    assert [ROWS[what](site) for site in sites] == [here(cell) for cell in said]


@pytest.mark.parametrize("at", range(3))
def test_who_opts_out_by_a_coding_is_left_alone(at: int, sites: list[DjangoSite]) -> None:
    assert sites[at].get("own").body == PAGE


@pytest.mark.parametrize(
    ("view", "option"),
    [
        ("short", {"min_size": 200}),
        ("csv", {"extra_mimetypes": ["text/*"]}),
        ("missing", {"errors": True}),
    ],
)
def test_what_brings_it_back_does(view: str, option: dict[str, Any], application: Any) -> None:
    assert DjangoSite(CompressMiddleware(application, **option)).coding(view) == "gzip"
