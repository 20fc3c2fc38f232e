"""The WSGI middleware keeps to PEP 3333, and is seen in fields and codings alone."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from asking import decoded
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from wsgi_script import Fail
from wsgi_script import Failed
from wsgi_script import Form
from wsgi_script import Item
from wsgi_script import Run
from wsgi_script import Script
from wsgi_script import Seen
from wsgi_script import Start
from wsgi_script import Step
from wsgi_script import Write
from wsgi_script import served

from pyfastgz import compress
from pyfastgz.wsgi import CompressMiddleware
from pyfastgz.wsgi import compressed
from pyfastgz.wsgi import exempt

HTML = ("Content-Type", "text/html; charset=utf-8")
PAGE = b"<p>the same again and again</p>" * 40
FAULT = "500 Internal Server Error"
# What coding may change, and what is another each second.
OURS = {"content-encoding", "content-length", "vary", "etag", "accept-ranges", "date"}

# ---- Any application ----

DATA = st.sampled_from([b"", b"lamp", b"<p>", PAGE, PAGE[:600], PAGE * 30])
FIELDS = st.sampled_from(
    [
        (HTML,),
        (HTML, ("ETag", '"lamp"')),
        (HTML, ("Content-Encoding", "x-own")),
        (HTML, ("Vary", "Cookie"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d")),
        (("Content-Type", "image/png"),),
        (("Content-Type", "text/event-stream"),),
    ]
)
STATUSES = st.sampled_from(["200 OK", "200 OK", "200 Sure", "404 Not Found"])
STARTS = st.builds(Start, STATUSES, FIELDS)
ERRORS = st.builds(Start, st.just("500 Oops"), FIELDS, st.just(True))
WRITES = st.builds(Write, DATA, st.booleans())
ITEMS = st.builds(Item, DATA)
ODD = st.one_of(ERRORS, ERRORS, st.just(Fail()), STARTS, WRITES)
FORMS: st.SearchStrategy[Form] = st.sampled_from(
    ["list", "tuple", "generator", "iterator", "late"]
)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Any mix of starts, writes, items and failures, most of them no error."""
    called: list[Step] = draw(st.lists(WRITES, max_size=3))
    called.insert(0, draw(STARTS))
    iterated: list[Step] = draw(st.lists(ITEMS, max_size=5))
    form: Form = draw(FORMS)
    for _ in range(draw(st.integers(0, 2))):
        steps = draw(st.sampled_from([called, iterated]))
        at = draw(st.integers(0, len(steps)))
        # What is written before the start is no application.
        steps.insert(max(at, 1) if steps is called else at, draw(ODD))
    script = Script(tuple(called), tuple(iterated), form, draw(st.booleans()))
    if draw(st.booleans()):
        length = ("Content-Length", str(script.nbytes))
        called = [
            step._replace(lines=(*step.lines, length)) if isinstance(step, Start) else step
            for step in called
        ]
    return Script(tuple(called), tuple(iterated), form, script.fails_to_close)


def check_same(plain: Seen, coded: Seen) -> None:
    """Check that a client gets the same, but for the coding."""
    assert coded.errors == plain.errors
    assert coded.status == plain.status
    assert (plain.field("etag") is None) == (coded.field("etag") is None)
    assert [line for line in coded.lines if line[0].lower() not in OURS] == [
        line for line in plain.lines if line[0].lower() not in OURS
    ]
    if coded.field("content-encoding") == plain.field("content-encoding"):
        assert coded.body == plain.body
        return
    assert coded.decoded() == plain.body
    length = coded.field("content-length")
    assert length is None or int(length) == len(coded.body)


@pytest.mark.parametrize("coding", ["gzip", "zstd", "identity"])
@settings(max_examples=200)
@given(script=scripts())
def test_any_application_is_the_same_with_it(coding: str, script: Script) -> None:
    plain_run, coded_run = Run(script), Run(script)
    app = CompressMiddleware(coded_run, stream_flush_ms=0)
    plain = served(plain_run, accept_encoding=coding)
    coded = served(app, accept_encoding=coding)
    if plain.errors and plain.field("etag") is not None:
        # What is the same for everybody is flushed by its length alone, so that less of it was
        # sent, or nothing, and then the server says what happened.
        if coded.status != plain.status:
            assert (coded.status, coded.errors) == (FAULT, plain.errors)
            return
        assert plain.body.startswith(coded.decoded())
        plain.body = coded.decoded()
    check_same(plain, coded)
    assert coded_run.closed == plain_run.closed
    seen = [coded.decoded_of(sent) for sent in coded_run.sent]
    wanted = [plain.decoded_of(sent) for sent in plain_run.sent]
    if plain.field("etag") is None:
        # Nothing is held, nothing comes too early.
        assert seen == wanted
    else:
        assert len(seen) == len(wanted)


@settings(max_examples=200)
@given(script=scripts())
def test_any_application_keeps_to_the_protocol_in_it(script: Script) -> None:
    def checked(inner: Any) -> Seen:
        return served(validator(inner(validator(Run(script)))), accept_encoding="gzip")

    assert checked(CompressMiddleware).errors == checked(lambda app: app).errors


# ---- Single cases ----

GZIP = {"accept_encoding": "gzip"}


def page(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [HTML])
    return [PAGE]


def call(app: Any, **variables: Any) -> tuple[list[tuple[Any, ...]], Any]:
    """Call an application; return what it started with, and its iterable."""
    started: list[tuple[Any, ...]] = []
    environ: dict[str, Any] = {"HTTP_ACCEPT_ENCODING": "gzip"}
    setup_testing_defaults(environ)
    environ |= variables

    def start_response(*args: Any) -> Any:
        started.append(args)
        return lambda data: None

    return started, app(environ, start_response)


class Closed:
    """An iterable that counts how often it is closed, and is no list."""

    def __init__(self, *items: Any) -> None:
        self._items = items
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._items)

    def close(self) -> None:
        self.count += 1


def test_the_fields_and_the_tag_of_exc_info_reach_the_server() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [HTML])
        try:
            raise Failed
        except Failed:
            start_response("500 Oops", [HTML], sys.exc_info())
        return [PAGE]

    ((status, lines, exc_info),), _ = call(CompressMiddleware(app))
    assert (status, lines) == ("500 Oops", [HTML])
    assert exc_info[0] is Failed


def test_r39_the_encoder_is_freed_when_what_has_written_raises() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [HTML])(PAGE)
        raise Failed

    middleware = CompressMiddleware(app)
    assert served(middleware, **GZIP).errors == [Failed]
    # It is told when it is closed, and the collector closes nothing.
    assert middleware.stats().codings["gzip"].responses == 1


def test_r39_the_encoder_is_freed_when_an_error_comes_in_its_place() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [HTML])(b"")
        try:
            raise Failed
        except Failed:
            start_response("500 Oops", [HTML], sys.exc_info())
        return [PAGE]

    middleware = CompressMiddleware(app)
    started, body = call(middleware)
    assert [args[0] for args in started] == ["200 OK", "500 Oops"]
    assert body == [PAGE]
    assert middleware.stats().codings["gzip"].responses == 1


def test_what_comes_after_an_empty_item_and_late_starts_as_it_would() -> None:
    """Some servers wait for the start until there is something to send."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        yield b""
        start_response("200 OK", [HTML])
        yield PAGE

    started, iterable = call(CompressMiddleware(app))
    assert (started, next(iterable)) == ([], b"")
    assert next(iterable) == PAGE
    assert started == [("200 OK", [HTML])]


def test_an_iterator_that_cannot_be_iterated_over() -> None:
    class Bare:
        def __init__(self) -> None:
            self._items = iter([PAGE, PAGE])

        def __next__(self) -> bytes:
            return next(self._items)

    class Body:
        def __iter__(self) -> Any:
            return Bare()

    for more in ([], [("Content-Length", str(2 * len(PAGE)))], [("ETag", '"e"')]):
        lines = [HTML, *more]

        def app(environ: Any, start_response: Any, lines: Any = lines) -> Any:
            start_response("200 OK", lines)
            return Body()

        for method in ("GET", "HEAD"):
            seen = served(CompressMiddleware(app), method, **GZIP)
            assert seen.errors == []
            assert seen.field("content-encoding") == "gzip"
            if method == "GET":
                assert seen.decoded() == PAGE + PAGE


@pytest.mark.parametrize("item", [None, 7, "text", [b"x"]])
def test_items_that_are_no_bytes_are_no_end(item: Any) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [HTML])
        yield PAGE
        yield item
        yield PAGE

    plain, coded = served(app, **GZIP), served(CompressMiddleware(app), **GZIP)
    assert coded.errors or item == "text"
    assert plain.errors
    assert coded.decoded().startswith(plain.body)


def test_a_response_that_is_asked_for_again_is_closed_once() -> None:
    """A part of a body that is sent coded is made whole by asking once more."""
    bodies: list[Closed] = []

    def app(environ: dict[str, Any], start_response: Any) -> Closed:
        if "HTTP_RANGE" not in environ:
            if environ["PATH_INFO"] == "/failing":
                raise Failed
            start_response("200 OK", [HTML, ("ETag", '"e"')])
            bodies.append(Closed(PAGE))
        else:
            assert bodies == []
            lines = [HTML, ("ETag", '"e"'), ("Content-Range", f"bytes 0-3/{len(PAGE)}")]
            start_response("206 Partial Content", lines)
            bodies.append(Closed(PAGE[:4]))
        return bodies[-1]

    for path, errors in (("/", []), ("/failing", [Failed])):
        bodies.clear()
        fields = {"range": "bytes=0-3", "if_range": '"e:gzip"', **GZIP}
        seen = served(CompressMiddleware(app), path=path, **fields)
        assert seen.errors == errors
        assert [body.count for body in bodies] == [1] * (2 - len(errors))
        if not errors:
            assert (seen.status, seen.decoded()) == ("200 OK", PAGE)


@pytest.mark.parametrize(
    "variables", [{"CONTENT_LENGTH": "4"}, {"HTTP_TRANSFER_ENCODING": "chunked"}]
)
def test_a_request_with_a_body_is_not_asked_again(variables: dict[str, str]) -> None:
    """Its body was read."""
    bodies = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        bodies.append(environ["wsgi.input"].read(4))
        lines = [HTML, ("ETag", '"e"'), ("Content-Range", f"bytes 0-3/{len(PAGE)}")]
        start_response("206 Partial Content", lines)
        return [PAGE[:4]]

    asked = {"HTTP_RANGE": "bytes=0-3", "HTTP_IF_RANGE": '"e:gzip"'}
    started, body = call(
        CompressMiddleware(app), **asked, **variables, **{"wsgi.input": BytesIO(b"lamp")}
    )
    assert (started[0][0], body) == ("206 Partial Content", [PAGE[:4]])
    assert bodies == [b"lamp"]


def test_a_path_that_is_empty_may_be_left_out(tmp_path: Path) -> None:
    """Of a variable that is empty there need be nothing (PEP 3333)."""
    app = CompressMiddleware(page, dictionaries=tmp_path)
    environ: dict[str, Any] = {"HTTP_ACCEPT_ENCODING": "gzip"}
    setup_testing_defaults(environ)
    for name in ("PATH_INFO", "SCRIPT_NAME", "QUERY_STRING"):
        environ.pop(name, None)
    started: list[Any] = []
    (body,) = app(environ, lambda *args: started.append(args))  # type: ignore[arg-type]
    assert decoded("gzip", body) == PAGE


def test_head_has_the_fields_and_pulls_nothing() -> None:
    pulled = []

    def items() -> Iterator[bytes]:
        pulled.append(True)
        yield PAGE

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [HTML, ("Content-Length", str(len(PAGE)))])
        return items()

    ((status, lines),), _ = call(CompressMiddleware(app), REQUEST_METHOD="HEAD")
    assert status == "200 OK"
    assert sorted(lines) == [("Content-Encoding", "gzip"), HTML, ("Vary", "Accept-Encoding")]
    assert pulled == []


def test_long_items_are_sent_in_pieces() -> None:
    noise = random.Random(1).randbytes(3_000_000)

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [HTML])
        return (item for item in [noise])

    _, body = call(CompressMiddleware(app))
    pieces = list(body)
    assert max(map(len, pieces)) < 400_000
    assert decoded("gzip", b"".join(pieces)) == noise
    body.close()


# ---- Files ----


class Readable:
    """A file that has no descriptor."""

    def __init__(self, data: bytes) -> None:
        self._file = BytesIO(data)
        self.closed = 0

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("field", [(), ("Content-Length", str(len(PAGE))), ("ETag", '"e"')])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("kind", ["file", "from-the-middle", "bytes", "readable", "bare"])
def test_wrapped_files(
    kind: str, method: str, field: tuple[str, str] | tuple[()], tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(PAGE if kind != "from-the-middle" else b"before" + PAGE)
    opened: list[Any] = []

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [HTML, *([field] if field else [])])
        file: Any = Readable(PAGE) if kind == "readable" else BytesIO(PAGE)
        if kind in {"file", "from-the-middle", "bare"}:
            file = path.open("rb")
            file.seek(6 if kind == "from-the-middle" else 0)
        opened.append(file)
        return file if kind == "bare" else environ["wsgi.file_wrapper"](file, 100)

    plain, coded = served(app, method, **GZIP), served(CompressMiddleware(app), method, **GZIP)
    assert coded.errors == plain.errors == []
    assert coded.field("content-encoding") == "gzip"
    if method == "GET":
        assert plain.body == coded.decoded() == PAGE
    assert [file.closed for file in opened] == [True] * 2


# ---- Who else is there ----


def test_what_is_coded_already_is_left_as_it_is() -> None:
    coded = compress(PAGE)

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [HTML, ("Content-Encoding", "gzip")])
        return [coded]

    seen = served(CompressMiddleware(CompressMiddleware(app)), **GZIP)
    assert (seen.body, seen.field("content-encoding")) == (coded, "gzip")
    seen = served(CompressMiddleware(CompressMiddleware(page)), accept_encoding="zstd")
    assert (seen.decoded(), seen.field("content-encoding")) == (PAGE, "zstd")


def test_single_requests_are_exempt_or_have_their_own_way() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/secret":
            exempt(environ)
        if environ["PATH_INFO"] == "/own":
            compressed(environ, level=9, codings="gzip")
        return page(environ, start_response)

    middleware = CompressMiddleware(app)
    every = {"accept_encoding": "gzip, zstd"}
    assert served(middleware, path="/secret", **every).field("content-encoding") is None
    assert served(middleware, path="/secret", **every).field("vary") is None
    assert served(middleware, path="/own", **every).field("content-encoding") == "gzip"
    assert served(middleware, path="/", **every).field("content-encoding") == "zstd"
