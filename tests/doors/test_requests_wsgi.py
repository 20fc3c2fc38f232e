"""Bodies of requests to WSGI applications: whatever these make of what cannot be had."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from asking import DECODED
from flask import Flask
from flask import request

from pyfastgz import RequestBodyError
from pyfastgz import compress
from pyfastgz.wsgi import CompressMiddleware
from pyfastgz.wsgi import with_length

MB = 1 << 20
DATA = json.dumps({"lamps": [n * n % 997 for n in range(5000)]}).encode()
SHORT = DATA[:900]
REFUSED = {
    "another coding": ("lzma", DATA, 415),
    "not coded": ("gzip", DATA, 400),
    "cut short": ("gzip", gzip.compress(random.Random(1).randbytes(200_000))[:-1], 400),
    "a bomb": ("gzip", gzip.compress(bytes(10 * MB)), 413),
}
PNG = ("Content-Type", "image/png")
HTML = ("Content-Type", "text/html; charset=utf-8")

# WebOb imports that.
pytestmark = pytest.mark.filterwarnings("ignore:'cgi' is deprecated:DeprecationWarning")


class Seen(NamedTuple):
    """What a server got."""

    status: str
    lines: dict[str, str]
    body: bytes
    starts: int


def ask(app: Any, coding: str, body: bytes, *, method: str = "POST", **variables: Any) -> Seen:
    """Call an application as a server does that knows one start, and what PEP 3333 says."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "HTTP_CONTENT_ENCODING": coding,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **variables,
    }
    setup_testing_defaults(environ)
    starts: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, lines: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if starts and written:
            raise exc_info[1]
        assert exc_info is not None or not starts
        starts.append((status, dict(lines)))
        return written.append

    iterable = app(environ, start_response)
    try:
        for item in iterable:
            assert starts
            written.append(item)
    finally:
        getattr(iterable, "close", lambda: None)()
    status, lines = starts[-1]
    return Seen(status, lines, b"".join(written), len(starts))


# ---- What applications do ----


def reads(environ: Any, start_response: Any) -> Any:
    data = environ["wsgi.input"].read()
    start_response("200 OK", [PNG])
    return [data]


def starts_first(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [HTML])
    return [environ["wsgi.input"].read()]


def reads_late(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [PNG])
    yield b""
    yield environ["wsgi.input"].read()


def starts_late(environ: Any, start_response: Any) -> Any:
    data = environ["wsgi.input"].read()
    start_response("200 OK", [HTML])
    yield data


def writes(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [PNG])(environ["wsgi.input"].read())
    return []


def reads_lines(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [PNG])
    return list(environ["wsgi.input"])


def answers_itself(environ: Any, start_response: Any) -> Any:
    try:
        data = environ["wsgi.input"].read()
    except Exception:
        start_response("500 Internal Server Error", [PNG])
        return [b"mine"]
    start_response("200 OK", [PNG])
    return [data]


def answers_with_exc_info(environ: Any, start_response: Any) -> Any:
    import sys  # noqa: PLC0415

    start_response("200 OK", [PNG])
    try:
        return [environ["wsgi.input"].read()]
    except Exception:
        start_response("500 Internal Server Error", [PNG], sys.exc_info())
        return [b"mine"]


def answers_later(environ: Any, start_response: Any) -> Any:
    try:
        data = environ["wsgi.input"].read()
    except Exception:
        data = b"mine"
    start_response("200 OK", [PNG])
    return (item for item in [b"", data, b""])


def writes_its_own(environ: Any, start_response: Any) -> Any:
    try:
        data = environ["wsgi.input"].read()
    except Exception:
        data = b"mine"
    write = start_response("200 OK", [PNG])
    write(b"")
    write(data)
    return [b""]


def writes_while_it_is_iterated(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [PNG])
    try:
        data = environ["wsgi.input"].read()
    except Exception:
        data = b"mine"
    write(data)
    yield b""


def raises_another(environ: Any, start_response: Any) -> Any:
    try:
        data = environ["wsgi.input"].read()
    except Exception as error:
        raise KeyError("lamp") from error
    start_response("200 OK", [PNG])
    return [data]


def writes_and_raises(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [PNG])
    try:
        write(environ["wsgi.input"].read())
    except RequestBodyError:
        write(b"mine")
        write(b"mine")
        raise
    return []


def has_begun_with_nothing(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [PNG])(b"")
    return [environ["wsgi.input"].read()]


APPLICATIONS = [
    reads,
    starts_first,
    reads_late,
    starts_late,
    writes,
    reads_lines,
    answers_itself,
    answers_with_exc_info,
    answers_later,
    writes_its_own,
    writes_while_it_is_iterated,
    raises_another,
    writes_and_raises,
    has_begun_with_nothing,
]


@pytest.mark.parametrize("app", APPLICATIONS)
@pytest.mark.parametrize("options", [{}, {"mimetypes": []}], ids=["coded", "not"])
def test_what_is_decoded_is_answered_as_ever(app: Any, options: dict[str, Any]) -> None:
    middleware = CompressMiddleware(app, decode_requests=True, **options)
    for coding in ("gzip", "zstd"):
        seen = ask(middleware, coding, compress(DATA, coding))
        assert (seen.status, seen.body) == ("200 OK", DATA)
    # And it is when there is nothing to decode.
    assert ask(middleware, "", DATA).status == "200 OK"


@pytest.mark.parametrize("app", APPLICATIONS)
@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("options", [{}, {"mimetypes": []}], ids=["coded", "not"])
def test_r79_whatever_an_application_makes_of_the_error(
    app: Any, name: str, options: dict[str, Any]
) -> None:
    coding, body, status = REFUSED[name]
    middleware = CompressMiddleware(app, decode_requests=True, **options)
    seen = ask(middleware, coding, body)
    assert seen.status.startswith(f"{status} ")
    # One start, because servers differ in what they make of a second.
    assert seen.starts == 1
    assert seen.lines["Content-Type"] == "text/plain; charset=utf-8"
    assert seen.lines["Content-Length"] == str(len(seen.body))
    assert ("Accept-Encoding" in seen.lines) == (status == 415)
    assert seen.body.startswith(b"The body of the request ")


def test_r79_an_error_has_the_status() -> None:
    seen = []

    def app(environ: Any, start_response: Any) -> Any:
        for _ in range(3):
            with pytest.raises(RequestBodyError) as raised:
                environ["wsgi.input"].read()
            seen.append(raised.value.status)
        assert isinstance(raised.value, OSError)
        start_response("200 OK", [PNG])
        return [b"mine"]

    for coding, body, status in REFUSED.values():
        seen.clear()
        ask(CompressMiddleware(app, decode_requests=True), coding, body)
        assert seen == [status] * 3


def test_r79_what_has_begun_goes_on() -> None:
    """Some of the body was sent, and the application may say how it ends."""
    coded = REFUSED["cut short"][1]

    def raises(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [PNG])
        while data := environ["wsgi.input"].read(10_000):
            yield data

    def ends(environ: Any, start_response: Any) -> Any:
        try:
            yield from raises(environ, start_response)
        except RequestBodyError:
            yield b"the end"

    with pytest.raises(RequestBodyError):
        ask(CompressMiddleware(raises, decode_requests=True), "gzip", coded)
    seen = ask(CompressMiddleware(ends, decode_requests=True), "gzip", coded)
    assert (seen.status, seen.body[-7:]) == ("200 OK", b"the end")


def test_other_errors_are_the_applications() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        environ["wsgi.input"].read(10)
        start_response("200 OK", [PNG])
        raise KeyError("lamp")

    def late(environ: Any, start_response: Any) -> Any:
        yield from app(environ, start_response)

    for each in (app, late):
        with pytest.raises(KeyError):
            ask(CompressMiddleware(each, decode_requests=True), "gzip", gzip.compress(DATA))


def test_an_error_of_the_servers_file_is_its_own() -> None:
    class Broken(io.BytesIO):
        def read(self, nbytes: int | None = -1) -> bytes:
            raise TimeoutError

    broken: dict[str, Any] = {"wsgi.input": Broken()}
    with pytest.raises(TimeoutError):
        ask(CompressMiddleware(reads, decode_requests=True), "gzip", DATA, **broken)


def test_to_head_nothing_is_sent_of_a_body() -> None:
    seen = ask(CompressMiddleware(reads, decode_requests=True), "gzip", DATA, method="HEAD")
    assert (seen.status[:3], seen.body) == ("400", b"")
    assert int(seen.lines["Content-Length"]) > 0


def test_what_is_returned_is_closed_once() -> None:
    closed = []

    class Items:
        def __init__(self, environ: Any) -> None:
            self._environ = environ

        def __iter__(self) -> Iterator[bytes]:
            yield self._environ["wsgi.input"].read()

        def close(self) -> None:
            closed.append(True)

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [PNG])
        return Items(environ)

    def has_read(environ: Any, start_response: Any) -> Any:
        with pytest.raises(RequestBodyError):
            environ["wsgi.input"].read()
        return app(environ, start_response)

    middleware = CompressMiddleware(app, decode_requests=True)
    assert ask(middleware, "gzip", gzip.compress(DATA)).body == DATA
    for each in (app, has_read):
        seen = ask(CompressMiddleware(each, decode_requests=True), "gzip", DATA)
        assert seen.status.startswith("400 ")
    assert len(closed) == 3


def test_a_start_that_is_not_allowed_is_told() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [PNG])
        start_response("200 OK", [PNG])
        return [b""]

    with pytest.raises(AssertionError, match="called again"):
        ask(CompressMiddleware(app, decode_requests=True), "gzip", gzip.compress(DATA))


# ---- What is read ----


def test_the_input_is_a_file() -> None:
    text = b"one\ntwo\n\nthree"

    def app(environ: Any, start_response: Any) -> Any:
        file = environ["wsgi.input"]
        found = [file.readline(), file.readline(2), file.read(2), file.readlines(), file.read()]
        start_response("200 OK", [PNG])
        return [repr(found).encode()]

    seen = ask(CompressMiddleware(app, decode_requests=True), "gzip", gzip.compress(text))
    assert seen.body == repr([b"one\n", b"tw", b"o\n", [b"\n", b"three"], b""]).encode()


@pytest.mark.parametrize("coding", DECODED)
def test_no_more_is_read_than_is_needed(coding: str) -> None:
    coded = compress(random.Random(1).randbytes(4 * MB), coding)
    positions = []

    def app(environ: Any, start_response: Any) -> Any:
        for _ in range(8):
            assert len(environ["wsgi.input"].read(100_000)) == 100_000
            positions.append(file.tell())
        start_response("200 OK", [PNG])
        return [b""]

    file = io.BytesIO(coded)
    variables: dict[str, Any] = {"wsgi.input": file}
    ask(CompressMiddleware(app, decode_requests=True), coding, coded, **variables)
    for number, position in enumerate(positions, 1):
        assert position <= number * 100_000 + 400_000


def test_pep_3333_is_kept() -> None:
    """By what the standard library has to prove that: outside, and around the application."""

    def app(environ: Any, start_response: Any) -> Any:
        data = environ["wsgi.input"].read(100_000)
        start_response("200 OK", [("Content-Type", "text/html")])
        return [data]

    middleware = validator(CompressMiddleware(validator(app), decode_requests=True))
    coded = gzip.compress(DATA)
    variables: dict[str, Any] = {"QUERY_STRING": ""}
    assert ask(middleware, "gzip", coded, **variables).body == DATA
    with pytest.raises(AssertionError):
        # It is the application's that is told of something that PEP 3333 does not say.
        ask(middleware, "gzip", coded, **{"wsgi.input": None, **variables})


def test_a_range_is_not_asked_for_again_when_the_body_was_read() -> None:
    calls = []

    def app(environ: Any, start_response: Any) -> Any:
        calls.append(environ["wsgi.input"].read())
        lines = [HTML, ("ETag", '"t"'), ("Content-Range", "bytes 0-99/1000")]
        start_response("206 Partial Content", lines)
        return [b"x" * 100]

    variables = {
        "HTTP_RANGE": "bytes=0-99",
        "HTTP_IF_RANGE": '"t:gzip"',
        "HTTP_ACCEPT_ENCODING": "gzip",
    }
    middleware = CompressMiddleware(app, decode_requests=True)
    seen = ask(middleware, "gzip", gzip.compress(DATA), method="GET", **variables)
    assert (seen.status[:3], calls) == ("206", [DATA])


def test_one_in_another_decodes_once() -> None:
    coded = gzip.compress(gzip.compress(DATA))
    inner = CompressMiddleware(reads, decode_requests=True)
    assert ask(CompressMiddleware(inner, decode_requests=True), "gzip", coded).body == (
        gzip.decompress(coded)
    )
    assert ask(CompressMiddleware(inner), "gzip, gzip", coded).body == DATA


# ---- Frameworks ----


def flask_echo() -> Any:
    app = Flask(__name__)

    @app.post("/")
    def echo() -> Any:
        if request.files:
            return request.files["file"].read()
        return request.form.get("lamp") or request.get_data()

    return app


def webob_echo() -> Any:
    import webob  # type: ignore[import-untyped]  # noqa: PLC0415
    from webob.dec import wsgify  # type: ignore[import-untyped]  # noqa: PLC0415

    @wsgify  # type: ignore[untyped-decorator]
    def echo(asked: Any) -> Any:
        if "file" in asked.POST:
            return webob.Response(asked.POST["file"].file.read())
        lamp = asked.POST.get("lamp")
        return webob.Response(lamp.encode() if lamp else asked.body)

    return echo


def bottle_echo() -> Any:
    import bottle  # type: ignore[import-untyped]  # noqa: PLC0415

    app = bottle.Bottle()

    @app.post("/")  # type: ignore[untyped-decorator]
    def echo() -> Any:
        if bottle.request.files:
            return bottle.request.files["file"].file.read()
        return bottle.request.forms.get("lamp") or bottle.request.body.read()

    return app


def falcon_echo() -> Any:
    import falcon  # noqa: PLC0415

    class Echo:
        def on_post(self, asked: Any, response: Any) -> None:
            if asked.content_type.startswith("multipart/"):
                response.data = next(iter(asked.media)).get_data()
            elif asked.content_type.startswith("application/x-www"):
                response.data = asked.media["lamp"].encode()
            else:
                response.data = asked.bounded_stream.read()

    app = falcon.App()
    app.add_route("/", Echo())
    return app


def django_echo() -> Any:
    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415
    from django.http import HttpResponse  # noqa: PLC0415
    from django.urls import path  # noqa: PLC0415

    def echo(asked: Any) -> Any:
        if asked.FILES:
            return HttpResponse(asked.FILES["file"].read())
        return HttpResponse(asked.POST.get("lamp") or asked.body)

    if not settings.configured:
        settings.configure(
            ALLOWED_HOSTS=["*"],
            DATA_UPLOAD_MAX_MEMORY_SIZE=100 * MB,
            MIDDLEWARE=[],
            USE_TZ=True,
        )
        django.setup()
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("", echo)]})
    return get_wsgi_application()


FRAMEWORKS: dict[str, tuple[Callable[[], Any], bool]] = {
    "flask": (flask_echo, False),
    "webob": (webob_echo, False),
    "bottle": (bottle_echo, True),
    "falcon": (falcon_echo, True),
    "django": (django_echo, True),
}
"""Applications, and whether they read nothing without a length."""


@pytest.fixture(params=FRAMEWORKS, name="framework")
def choose(request: pytest.FixtureRequest) -> tuple[Any, bool]:
    pytest.importorskip(request.param)
    make, needs_length = FRAMEWORKS[request.param]
    return make(), needs_length


def multipart(data: bytes) -> tuple[bytes, str]:
    head = (
        b'--border\r\nContent-Disposition: form-data; name="file"; filename="lamp.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\n"
    )
    return b"%b%b\r\n--border--\r\n" % (head, data), "multipart/form-data; boundary=border"


@pytest.mark.parametrize("is_chunked", [False, True])
def test_frameworks_read_what_is_decoded(framework: tuple[Any, bool], is_chunked: bool) -> None:
    app, needs_length = framework
    middleware = CompressMiddleware(
        with_length(app) if needs_length else app, decode_requests=True
    )
    variables: dict[str, Any] = {}
    if is_chunked:
        variables = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    kinds = {
        "application/octet-stream": (SHORT, SHORT),
        "application/x-www-form-urlencoded": (b"lamp=red&table=1", b"red"),
    }
    form, kind = multipart(SHORT)
    kinds[kind] = form, SHORT
    for kind, (body, expected) in kinds.items():
        coded = gzip.compress(body)
        if is_chunked:
            variables["CONTENT_LENGTH"] = ""
        seen = ask(middleware, "gzip", coded, CONTENT_TYPE=kind, **variables)
        assert (seen.status, seen.body) == ("200 OK", expected), kind


# Some leave files behind that they have put a body into.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("name", REFUSED)
def test_r79_frameworks_answer_what_is_refused(framework: tuple[Any, bool], name: str) -> None:
    app, needs_length = framework
    middleware = CompressMiddleware(
        with_length(app) if needs_length else app, decode_requests=True
    )
    coding, body, status = REFUSED[name]
    for kind in ("application/octet-stream", "application/x-www-form-urlencoded"):
        seen = ask(middleware, coding, body, CONTENT_TYPE=kind)
        assert seen.status.startswith(f"{status} "), kind


def test_with_length_leaves_alone_what_is_not_decoded() -> None:
    seen: dict[str, Any] = {}

    def app(environ: Any, start_response: Any) -> Any:
        seen.update(environ)
        return reads(environ, start_response)

    file = io.BytesIO(DATA)
    ask(CompressMiddleware(with_length(app), decode_requests=True), "", DATA)
    assert seen["CONTENT_LENGTH"] == str(len(DATA))
    variables: dict[str, Any] = {
        "wsgi.input": file,
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": "",
    }
    seen.clear()
    ask(CompressMiddleware(with_length(app), decode_requests=True), "", DATA, **variables)
    assert (seen["wsgi.input"], seen["CONTENT_LENGTH"]) == (file, "")


@pytest.mark.parametrize("length", ["9" * 5000, "\u0663", "-1", "1_0", " "])
def test_a_length_that_is_none_is_the_servers_matter(length: str) -> None:
    app = CompressMiddleware(reads, decode_requests=True)
    seen = ask(app, "gzip", gzip.compress(DATA), CONTENT_LENGTH=length)
    assert seen.status.startswith("200 ")
