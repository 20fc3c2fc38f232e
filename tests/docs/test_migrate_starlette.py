"""What docs/migrate-starlette*.md say of other middleware and of ours is what they do."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import zstandard
from jinja2 import DictLoader
from jinja2 import Environment
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.responses import Response
from starlette.responses import StreamingResponse
from starlette.routing import Mount
from starlette.routing import Route
from starlette.templating import Jinja2Templates
from wsgi_script import Seen

from pyfastgz.asgi import CompressMiddleware
from tests.docs.migration import AS_IT_IS
from tests.docs.migration import DOCS
from tests.docs.migration import FILE
from tests.docs.migration import PAGE
from tests.docs.migration import PIECES
from tests.docs.migration import ROWS as ROWS_OF_ALL
from tests.docs.migration import VIEWS
from tests.docs.migration import Row
from tests.docs.migration import Site
from tests.docs.migration import View
from tests.docs.migration import tables_of

# It needs CPython 3.11, and so does the Starlette of which the page tells.
starlette_compress = pytest.importorskip("starlette_compress", minversion="2")

Message = dict[str, Any]

OtherMiddleware = starlette_compress.CompressMiddleware
PAGES = {
    "migrate-starlette.md": GZipMiddleware,
    "migrate-starlette-compress.md": OtherMiddleware,
}
TABLES = {page: tables_of(page) for page in PAGES}
BIG = PAGE * 120
MB = 1 << 20
WINDOW_OF_BROWSERS = 8 * MB
"""RFC 9659 section 3."""

VIEWS_HERE = VIEWS | {
    "archive": View(kind="application/octet-stream"),
    "markdown": View(kind="text/markdown"),
    "one-event": View(kind="text/event-stream"),
    "untyped": View(kind=""),
    "style": View(kind="text/css"),
    "medium": View(PAGE[:800]),
    "noise": View(random.Random(1).randbytes(2000), "text/plain"),
    "long": View(BIG),
}
TEMPLATES = Jinja2Templates(env=Environment(loader=DictLoader({"page": PAGE.decode()})))


def responder(view: View) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        # What is due on the event loop, now that the response is there.
        asyncio.get_running_loop().call_soon(request.scope["test.site"].note_turn)
        return Response(view.body, view.status, dict(view.fields), view.kind or None)

    return respond


def streamer(
    pieces: list[bytes] = PIECES, kind: str = "text/html"
) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        async def made() -> AsyncIterator[bytes]:
            for number, piece in enumerate(pieces):
                if number == 1:
                    request.scope["test.site"].note_sent()
                yield piece

        return StreamingResponse(made(), media_type=kind)

    return respond


async def file(request: Request) -> Response:
    return FileResponse(FILE, media_type="text/plain")


async def template(request: Request) -> Response:
    return TEMPLATES.TemplateResponse(request, "page")


async def passed_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
    return await call_next(request)


def make_application() -> Starlette:
    views = {name: responder(view) for name, view in VIEWS_HERE.items()}
    views |= {"stream": streamer(), "file": file, "template": template}
    views["parts"] = streamer(kind='multipart/mixed; boundary="-"')
    views["lines"] = streamer(kind="application/x-ndjson")
    views["pieces"] = streamer([PAGE[at : at + 22] for at in range(0, len(PAGE), 22)])
    methods = ["GET", "HEAD"]
    inner = Starlette(
        routes=[Route(f"/{name}", view, methods=methods) for name, view in views.items()]
    )
    between = BaseHTTPMiddleware(inner, passed_on)
    return Starlette(routes=[Mount("/behind", between), Mount("/", inner)])


class StarletteSite(Site):
    """Views of Starlette in one middleware.

    :param make: puts the middleware around them.
    """

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._app = make(make_application())
        self.messages: list[Message] = []
        """What was sent of the last response."""
        self.turns: list[str] = []
        """What was there when the event loop had its turn, and when the response was sent."""

    def note_turn(self) -> None:
        """Note that the event loop has its turn, in which others go on."""
        self.turns.append("others")

    def note_sent(self) -> None:
        """Note what was sent so far."""
        self.had.append(b"".join(message.get("body", b"") for message in self.messages))

    def get(
        self,
        view: str,
        accept: str = "gzip",
        method: str = "GET",
        extension: str | None = None,
        **fields: str,
    ) -> Seen:
        """Ask a view.

        :param extension: what the server can do besides.
        """
        lines = {"accept-encoding": accept} | fields
        scope = {
            "type": "http",
            "method": method,
            "path": f"/{view}",
            "root_path": "",
            "query_string": b"",
            "headers": [
                (name.replace("_", "-").encode(), value.encode())
                for name, value in lines.items()
            ],
            "extensions": {} if extension is None else {extension: {}},
            "test.site": self,
        }
        self.messages.clear()
        self.turns.clear()
        asyncio.run(self._app(scope, self._receive(), self._send))
        start = next(each for each in self.messages if each["type"] == "http.response.start")
        body = b"".join(message.get("body", b"") for message in self.messages)
        headers = [(name.decode(), value.decode()) for name, value in start["headers"]]
        return Seen(str(start["status"]), headers, body)

    async def _send(self, message: Message) -> None:
        self.messages.append(dict(message))
        self.turns.append(message["type"])

    @staticmethod
    def _receive() -> Callable[[], Awaitable[Message]]:
        waiting = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Message:
            if not waiting:
                # Nobody leaves.
                await asyncio.Event().wait()
            return waiting.pop()

        return receive

    # ---- What the rows ask ----

    def goes_on(self) -> str:
        self.get("long")
        start = self.turns.index("http.response.start")
        return "go on" if "others" in self.turns[:start] else "wait"

    def growth(self) -> str:
        streamed, whole = self.get("pieces"), self.get("page")
        assert streamed.decoded() == whole.decoded() == PAGE
        return "twice as long" if len(streamed.body) > 2 * len(whole.body) else "hardly longer"

    def sent_by_path(self) -> str:
        seen = self.get("file", extension="http.response.pathsend")
        return seen.field("content-encoding") or AS_IT_IS

    def part(self) -> str:
        tag = str(self.get("file").field("etag"))
        seen = self.get("file", range="bytes=100-", if_range=tag)
        return f"{seen.status}, {'the rest as it is' if seen.status == '206' else 'all'}"

    def debug(self) -> str:
        kind = "http.response.debug"
        self.get("template", extension=kind)
        return "is there" if kind in [each["type"] for each in self.messages] else "is lost"

    def head(self) -> str:
        seen = self.get("file", method="HEAD")
        assert seen.body == b""
        return seen.field("content-encoding") or "none"

    def vary(self) -> str:
        vary = self.get("short").field("vary")
        return "none" if vary is None else f"`{vary}`"

    def window(self) -> str:
        seen = self.get("stream", "zstd")
        size = zstandard.get_frame_parameters(seen.body).window_size
        return "refuse" if size > WINDOW_OF_BROWSERS else "take"


ROWS: dict[str, Row] = ROWS_OF_ALL | {
    "`Accept-Encoding: zstd;q=0.1, gzip`": lambda site: site.coding("page", "zstd;q=0.1, gzip"),
    "`Accept-Encoding: x-gzip`": lambda site: site.coding("page", "x-gzip"),
    "`application/octet-stream` that shrinks": lambda site: site.coding("archive"),
    "`text/markdown`": lambda site: site.coding("markdown"),
    "`text/event-stream`": lambda site: site.coding("one-event"),
    "a text that does not shrink": lambda site: (
        site.get("noise").field("content-encoding") or AS_IT_IS
    ),
    "a page of 300 bytes behind a `BaseHTTPMiddleware`": lambda site: site.coding(
        "behind/short"
    ),
    "`Content-Length` of a page behind a `BaseHTTPMiddleware`": lambda site: (
        "is there" if site.has("behind/page", "content-length") else "is dropped"
    ),
    "`Vary` of a page of 300 bytes": StarletteSite.vary,
    "a page without `Content-Type`": lambda site: site.coding("untyped"),
    "`Content-Encoding: identity` of a view": lambda site: (
        "stays" if site.get("own").body == PAGE else "becomes gzip"
    ),
    "`Accept-Ranges` of a compressed `FileResponse`": lambda site: (
        "stays" if site.has("file", "accept-ranges") else "is dropped"
    ),
    "the status when its tag is sent back": lambda site: site.again("file"),
    "a `Range` with that tag in `If-Range`": StarletteSite.part,
    "`Content-Encoding` of HEAD for it": StarletteSite.head,
    "a file that the server sends by its path": StarletteSite.sent_by_path,
    "the first piece of a page, before the second is made": lambda site: site.first_of(
        "stream", PIECES
    ),
    "the first part of a `multipart/mixed`, before the second": lambda site: site.first_of(
        "parts", PIECES
    ),
    "a page in 400 pieces, beside the same at once": StarletteSite.growth,
    "a body of 1 MB is compressed, and others": StarletteSite.goes_on,
    "`response.context` of templates in a `TestClient`": StarletteSite.debug,
}


OF_ZSTD: dict[str, Row] = {"zstd of level 20, streamed: browsers": StarletteSite.window}
"""Where both have it."""


@pytest.mark.parametrize("page", PAGES)
def test_the_page_has_all_that_is_different_and_nothing_else(page: str) -> None:
    rows = ROWS
    options: dict[str, Any] = {}
    if PAGES[page] is OtherMiddleware:
        rows, options = ROWS | OF_ZSTD, {"zstd_level": 20}
    sites = [
        StarletteSite(partial(who, **options)) for who in (PAGES[page], CompressMiddleware)
    ]
    measured = {what: [row(site) for site in sites] for what, row in rows.items()}
    differences, *_ = TABLES[page]
    assert {what: said for what, *said in differences.rows} == {
        what: each for what, each in measured.items() if each[0] != each[1]
    }


@pytest.mark.parametrize("page", PAGES)
def test_the_options_that_the_page_has_are_options(page: str) -> None:
    _, options = TABLES[page]
    for row in options.rows:
        for make, cell in zip((PAGES[page], CompressMiddleware), row, strict=True):
            for text in re.findall(r"`(\w+=[^`]*)`", cell):
                assert make(make_application(), **arguments(text)) is not None


def arguments(text: str) -> dict[str, Any]:
    made: dict[str, Any] = eval(f"dict({text})")
    return made


def options_of(page: str, theirs: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of a row, theirs and ours."""
    _, options = TABLES[page]
    (row,) = [row for row in options.rows if row[0].startswith(f"`{theirs}")]
    found = [re.findall(r"`(\w+=[^`]*)`", cell) for cell in row]
    made = [arguments(texts[0]) if texts else {} for texts in found]
    return made[0], made[1]


@pytest.mark.parametrize(
    ("page", "option", "view", "accept", "codings"),
    [
        ("migrate-starlette.md", "minimum_size", "medium", "gzip", ["gzip", AS_IT_IS]),
        ("migrate-starlette.md", "exclude_content_types", "page", "gzip", ["gzip", AS_IT_IS]),
        ("migrate-starlette-compress.md", "minimum_size", "medium", "gzip", ["gzip", AS_IT_IS]),
        ("migrate-starlette-compress.md", "zstd=", "page", "zstd, br", ["zstd", "br"]),
        ("migrate-starlette-compress.md", "zstd=", "stream", "zstd, br", ["zstd", "br"]),
    ],
)
def test_options_do_what_theirs_did(
    page: str, option: str, view: str, accept: str, codings: list[str]
) -> None:
    """The coding of a view without the option, and with it."""
    both = PAGES[page], CompressMiddleware
    for who, options in zip(both, options_of(page, option), strict=True):
        sites = StarletteSite(who), StarletteSite(partial(who, **options))
        assert [site.coding(view, accept) for site in sites] == codings


@pytest.fixture(name="types")
def keep_types() -> Iterator[None]:
    """Have starlette-compress forget what it is told of types, which it keeps per process."""
    theirs = starlette_compress._utils
    sets = theirs._compress_content_types, theirs._streaming_content_types
    kept = [set(each) for each in sets]
    yield
    for each, before in zip(sets, kept, strict=True):
        each.clear()
        each.update(before)


@pytest.mark.parametrize(
    ("call", "view", "after"),
    [
        ('add_compress_type("text/csv")', "csv", "gzip"),
        ('add_compress_type("application/x-ndjson", streaming=True)', "lines", "gzip"),
        ('remove_compress_type("text/css")', "style", AS_IT_IS),
    ],
)
@pytest.mark.usefixtures("types")
def test_registered_types(call: str, view: str, after: str) -> None:
    _, options = TABLES["migrate-starlette-compress.md"]
    (ours,) = [row[1] for row in options.rows if row[0] == f"`{call}`"]
    (text,) = re.findall(r"`(\w+=[^`]*)`", ours)
    before = AS_IT_IS if after == "gzip" else "gzip"
    for make in (OtherMiddleware, CompressMiddleware):
        assert StarletteSite(make).coding(view) == before
    eval(call, vars(starlette_compress))
    for make in (OtherMiddleware, partial(CompressMiddleware, **arguments(text))):
        site = StarletteSite(make)
        assert site.coding(view) == after
        if view == "lines":
            assert site.first_of(view, PIECES) == "is sent"


def test_the_media_types_that_the_page_adds() -> None:
    page = (DOCS / "migrate-starlette-compress.md").read_text()
    (text,) = re.findall(r"hardly in use: `([^`]+)`", page)
    left_out = re.compile("font|truetype|opentype|otf|ttf|eot|cgi|perl|binast|bag")

    async def app(scope: Message, receive: Any, send: Any) -> None:
        headers = [(b"content-type", scope["path"].encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": PAGE})

    async def send(message: Message) -> None:
        sent.append(message)

    ours = CompressMiddleware(app, **arguments(text))
    for kind in starlette_compress._utils._compress_content_types:
        sent: list[Message] = []
        headers = [(b"accept-encoding", b"gzip")]
        scope = {"type": "http", "method": "GET", "path": kind, "headers": headers}
        asyncio.run(ours(scope, None, send))
        assert sent[1]["body"] != PAGE or left_out.search(kind), kind


@pytest.mark.parametrize(
    ("option", "view"),
    [
        ({"mimetypes": ["*/*"]}, "image"),
        ({"extra_mimetypes": ["text/*", "application/*"]}, "csv"),
        ({"extra_mimetypes": ["text/*", "application/*"]}, "archive"),
        ({"errors": True}, "missing"),
    ],
)
def test_what_brings_it_back_does(option: dict[str, Any], view: str) -> None:
    assert StarletteSite(CompressMiddleware).coding(view) == AS_IT_IS
    assert StarletteSite(partial(CompressMiddleware, **option)).coding(view) == "gzip"


@pytest.mark.parametrize("view", ["page", "stream"])
def test_gzip_alone(view: str) -> None:
    (text,) = re.findall(r"gzip alone: `([^`]+)`", (DOCS / "migrate-starlette.md").read_text())
    site = StarletteSite(partial(CompressMiddleware, **arguments(text)))
    assert (site.coding(view, "zstd, gzip"), site.coding(view, "zstd")) == ("gzip", AS_IT_IS)
