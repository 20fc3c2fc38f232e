"""What docs/migrate-django.md says of Django's middleware and of ours is what they do."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
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
from wsgi_script import Server
from wsgi_script import served

from pyfastgz.wsgi import CompressMiddleware

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = b"".join(b"<p>lamp %d of %d</p>" % (n * n, n % 7) for n in range(400))
EVENTS = [b"data: the first event, and what it tells\n\n", b"data: the second one\n\n"]
VIEWS: dict[str, Callable[[Any], Any]] = {
    "page": lambda request: HttpResponse(PAGE),
    "short": lambda request: HttpResponse(PAGE[:300]),
    "image": lambda request: HttpResponse(PAGE, content_type="image/png"),
    "csv": lambda request: HttpResponse(PAGE, content_type="text/csv"),
    "missing": lambda request: HttpResponse(PAGE, status=404),
    "part": lambda request: HttpResponse(
        PAGE[:1000], status=206, headers={"Content-Range": f"bytes 0-999/{len(PAGE)}"}
    ),
    "as-it-is": lambda request: HttpResponse(PAGE, headers={"Cache-Control": "no-transform"}),
    "tagged": lambda request: HttpResponse(PAGE, headers={"ETag": '"t"'}),
    "digest": lambda request: HttpResponse(PAGE, headers={"Content-Digest": "sha-256=:x:"}),
    "file": lambda request: FileResponse(
        (DOCS / "rules.md").open("rb"), content_type="text/markdown"
    ),
    "own": lambda request: HttpResponse(PAGE, headers={"Content-Encoding": "identity"}),
    "events": lambda request: StreamingHttpResponse(
        events(request.META["test.server"]), content_type="text/event-stream"
    ),
}
WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "plain": lambda view: view,
    "GZipMiddleware": GZipMiddleware,
    "HttpCompressionMiddleware": HttpCompressionMiddleware,
}
WHO = ["GZipMiddleware", "HttpCompressionMiddleware", "CompressMiddleware"]
had: list[bytes] = []


def events(server: Server) -> Iterator[bytes]:
    """Yield two events, and note what was sent before the second was made."""
    yield EVENTS[0]
    had.append(server.sent.getvalue())
    yield EVENTS[1]


@pytest.fixture(scope="module")
def sites() -> dict[str, Any]:
    routes = [
        route(f"{who}/{name}", wrap(view))
        for who, wrap in WRAPPERS.items()
        for name, view in VIEWS.items()
    ]
    settings.configure(
        ALLOWED_HOSTS=["*"],
        LOGGING_CONFIG=None,
        MIDDLEWARE=[],
        ROOT_URLCONF=tuple(routes),
        SECRET_KEY="of a test",
    )
    django.setup()
    site = WSGIHandler()
    ours = CompressMiddleware(site, extra_mimetypes="text/event-stream, text/markdown")
    return {**dict.fromkeys(WRAPPERS, site), "CompressMiddleware": ours}


class Asked:
    """What one of them makes of the views."""

    def __init__(self, sites: dict[str, Any], who: str) -> None:
        self._site = sites[who]
        self._place = who if who in WRAPPERS else "plain"

    def get(self, view: str, accept: str = "gzip", **fields: str) -> Seen:
        path = f"/{self._place}/{view}"
        seen = served(self._site, path=path, accept_encoding=accept, **fields)
        assert seen.errors == []
        return seen

    def coding(self, view: str, accept: str = "gzip") -> str:
        seen = self.get(view, accept)
        coding = seen.field("content-encoding")
        assert coding is None or PAGE.startswith(seen.decoded())
        return coding or "as it is"

    def has(self, view: str, name: str) -> bool:
        seen = self.get(view)
        assert seen.field("content-encoding") == "gzip"
        return seen.field(name) is not None

    def first_event(self) -> str:
        had.clear()
        seen = self.get("events")
        assert seen.decoded() == b"".join(EVENTS)
        return "is sent" if seen.decoded_of(had[0]) == EVENTS[0] else "is held"

    def again(self) -> str:
        tag = self.get("tagged").field("etag")
        return self.get("tagged", if_none_match=str(tag)).status[:3]

    def twice(self) -> str:
        # Random bytes are as many by chance in one of a hundred.
        bodies = {self.get("page").body for _ in range(5)}
        return "same bytes" if len(bodies) == 1 else "other bytes"


ROWS: dict[str, Callable[[Asked], str]] = {
    "`Accept-Encoding: zstd, br, gzip, deflate`": lambda asked: asked.coding(
        "page", "zstd, br, gzip, deflate"
    ),
    "`Accept-Encoding: deflate`": lambda asked: asked.coding("page", "deflate"),
    "`Accept-Encoding: gzip;q=0`": lambda asked: asked.coding("page", "gzip;q=0"),
    "`Accept-Encoding: *`": lambda asked: asked.coding("page", "*"),
    "a page of 300 bytes": lambda asked: asked.coding("short"),
    "`image/png` that shrinks": lambda asked: asked.coding("image"),
    "`text/csv`": lambda asked: asked.coding("csv"),
    "a page with status 404": lambda asked: asked.coding("missing"),
    "a part, with status 206": lambda asked: asked.coding("part"),
    "`Cache-Control: no-transform`": lambda asked: asked.coding("as-it-is"),
    'what `ETag: "t"` becomes': lambda asked: f"`{asked.get('tagged').field('etag')}`",
    "the status when the client sends that back": Asked.again,
    "`Content-Digest` of the page as it is": lambda asked: (
        "stays" if asked.has("digest", "content-digest") else "is dropped"
    ),
    "the same page twice": Asked.twice,
    "`Content-Length` of a `FileResponse`": lambda asked: (
        "is there" if asked.has("file", "content-length") else "is dropped"
    ),
    "the first of two events, before the second is made": Asked.first_event,
}


def rows_of_the_page() -> list[list[str]]:
    text = (DOCS / "migrate-django.md").read_text()
    lines = re.findall(r"^\| (.*) \|$", text, re.MULTILINE)
    return [line.split(" | ") for line in lines]


def test_the_page_has_a_row_for_all_that_is_measured() -> None:
    head, *rows = rows_of_the_page()
    assert [cell.strip("| ") for cell in head] == WHO
    assert [row[0] for row in rows] == list(ROWS)


@pytest.mark.parametrize("row", rows_of_the_page()[1:], ids=lambda row: row[0])
def test_what_the_page_says_is_what_each_does(row: list[str], sites: dict[str, Any]) -> None:
    what, *said = row
    assert [ROWS[what](Asked(sites, who)) for who in WHO] == said


@pytest.mark.parametrize("who", WHO)
def test_who_opts_out_by_a_coding_is_left_alone(who: str, sites: dict[str, Any]) -> None:
    assert Asked(sites, who).get("own").body == PAGE


def test_what_brings_it_back_does() -> None:
    site = WSGIHandler()
    options: dict[str, tuple[dict[str, Any], str]] = {
        "short": ({"min_size": 200}, "short"),
        "csv": ({"extra_mimetypes": ["text/*"]}, "csv"),
        "missing": ({"errors": True}, "missing"),
    }
    for name, (option, view) in options.items():
        ours = {"CompressMiddleware": CompressMiddleware(site, **option)}
        assert Asked(ours, "CompressMiddleware").coding(view) == "gzip", name
