"""What the checks and the tour find, and what becomes of a server's process."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer

import pytest

from pyfastgz import Dictionary
from pyfastgz import compress
from tools.kit.checks import Mismatch
from tools.kit.checks import Resource
from tools.kit.checks import check_body
from tools.kit.checks import check_fields
from tools.kit.checks import check_not_modified
from tools.kit.client import Answer
from tools.kit.client import fetch
from tools.kit.decoders import CODINGS
from tools.kit.decoders import DecodingError
from tools.kit.decoders import decode
from tools.kit.decoders import make_decoder
from tools.kit.documents.content import make_events
from tools.kit.events import COUNT
from tools.kit.events import PATIENCE_SECONDS
from tools.kit.lockstep import follow_events
from tools.kit.server import ServerError
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.shop.resources import RESOURCES
from tools.kit.tour import Tour

RESOURCE = Resource(label="page", path="/page")
BODY = b"".join(b"<li>entry %d of the page</li>\n" % number for number in range(200))


def make_answer(coding: str, coded: bytes) -> Answer:
    return Answer(
        status=200,
        fields=(
            ("Content-Encoding", coding),
            ("Content-Length", str(len(coded))),
            ("ETag", f'"page:{coding}"'),
            ("Vary", "Accept-Encoding"),
        ),
        body=coded,
    )


def with_field(answer: Answer, name: str, value: str | None) -> Answer:
    """Return an answer with another value of a field, or without it."""
    fields = [(key, old) for key, old in answer.fields if key != name]
    if value is not None:
        fields.append((name, value))
    return replace(answer, fields=tuple(fields))


def check(answer: Answer, coding: str) -> None:
    check_fields(answer, RESOURCE, coding)
    check_body(answer, RESOURCE, coding, BODY)


# ---- What the checks find ----


def test_right_answer(coding: str) -> None:
    check(make_answer(coding, compress(BODY, coding)), coding)


def test_every_damaged_byte_of_gzip() -> None:
    coded = compress(BODY, "gzip")
    # Bytes 4 to 9 of the header (RFC 1952: time, flags for information, system) say nothing
    # about the body.
    for at in [*range(4), *range(10, len(coded))]:
        damaged = bytearray(coded)
        damaged[at] ^= 0x55
        with pytest.raises(Mismatch, match=r"^/page as gzip: "):
            check(make_answer("gzip", bytes(damaged)), "gzip")


def test_body_of_another_page(coding: str) -> None:
    other = BODY.replace(b"entry 7 ", b"entry 8 ")
    at = BODY.index(b"entry 7 ") + len("entry ")
    with pytest.raises(Mismatch, match=f"^/page as {coding}: .* differs from byte {at} on"):
        check(make_answer(coding, compress(other, coding)), coding)


def test_shorter_and_longer_body(coding: str) -> None:
    for other in (BODY[:-1], BODY + b"\n", b""):
        with pytest.raises(Mismatch, match=f"^/page as {coding}: the decoded body differs"):
            check(make_answer(coding, compress(other, coding)), coding)


def test_truncated(coding: str) -> None:
    with pytest.raises(Mismatch, match=f"^/page as {coding}: the coded body ends too early"):
        check(make_answer(coding, compress(BODY, coding)[:-1]), coding)


@pytest.mark.parametrize("second", [BODY, b""])
def test_second_member_or_frame(coding: str, second: bytes) -> None:
    coded = compress(BODY, coding) + compress(second, coding)
    with pytest.raises(Mismatch, match=f"^/page as {coding}: "):
        check(make_answer(coding, coded), coding)


def test_body_split_into_two_members(coding: str) -> None:
    """Together they are the body, but many clients stop after the first."""
    coded = compress(BODY[:1000], coding) + compress(BODY[1000:], coding)
    with pytest.raises(Mismatch, match=f"^/page as {coding}: "):
        check(make_answer(coding, coded), coding)


def test_byte_after_the_end(coding: str) -> None:
    with pytest.raises(Mismatch, match=f"^/page as {coding}: "):
        check(make_answer(coding, compress(BODY, coding) + b"\n"), coding)


def test_nothing_after_the_end(coding: str) -> None:
    """A stream's last read may bring nothing: its end came with what was read before."""
    decoder = make_decoder(coding)
    assert decoder.feed(compress(BODY, coding)) == BODY
    assert decoder.feed(b"") == b""
    assert decoder.at_end()


def test_dictionary_is_the_one_that_the_coded_body_names() -> None:
    known = BODY[:2000]
    coded = compress(BODY, "dcz", dictionary=Dictionary(known))
    decoder = make_decoder("dcz", known)
    pieces = [decoder.feed(coded[at : at + 1]) for at in range(len(coded))]
    assert b"".join(pieces) == BODY
    assert decoder.at_end()
    with pytest.raises(DecodingError, match="header"):
        decode("dcz", coded, known + b"x")
    with pytest.raises(DecodingError, match="ends too early"):
        decode("dcz", coded[:20], known)


def test_raw_deflate() -> None:
    raw = zlib.compressobj(6, wbits=-15)
    with pytest.raises(Mismatch, match=r"^/page as deflate: "):
        check(make_answer("deflate", raw.compress(BODY) + raw.flush()), "deflate")


def test_dcz() -> None:
    known, other = BODY[:3000], BODY[:2999]
    coded = compress(BODY, "dcz", dictionary=Dictionary(known))
    answer = make_answer("dcz", coded)
    check_body(answer, RESOURCE, "dcz", BODY, known)
    wanted = r"^/page as dcz: the header is not that of dcz with this dictionary"
    with pytest.raises(Mismatch, match=wanted):
        check_body(answer, RESOURCE, "dcz", BODY, other)
    with pytest.raises(Mismatch, match=r"^/page as dcz: the decoded body differs"):
        check_body(answer, RESOURCE, "dcz", BODY + b"\n", known)
    for at in range(len(coded)):
        with pytest.raises(Mismatch, match=r"^/page as dcz: "):
            check_body(make_answer("dcz", coded[:at]), RESOURCE, "dcz", BODY, known)
    for at in range(len(coded) - 4, len(coded)):
        damaged = bytearray(coded)
        damaged[at] ^= 0x55
        with pytest.raises(Mismatch, match=r"^/page as dcz: .*checksum"):
            check_body(make_answer("dcz", bytes(damaged)), RESOURCE, "dcz", BODY, known)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("Vary", None, "Vary does not name"),
        ("Vary", "Cookie, X-Accept-Encoding", "Vary does not name"),
        ("ETag", None, "there is no ETag"),
        ("Content-Encoding", None, "Content-Encoding is None"),
        ("Content-Encoding", "identity", "Content-Encoding is 'identity'"),
        ("Content-Length", "6000", "Content-Length is '6000'"),
    ],
)
def test_wrong_field(coding: str, name: str, value: str | None, message: str) -> None:
    answer = with_field(make_answer(coding, compress(BODY, coding)), name, value)
    with pytest.raises(Mismatch, match=f"^/page as {coding}: {message}"):
        check(answer, coding)


@pytest.mark.parametrize("resource", [r for r in RESOURCES if not r.coded])
def test_coded_though_it_should_not(resource: Resource) -> None:
    with pytest.raises(Mismatch, match="Content-Encoding is 'gzip' instead of None"):
        check_fields(make_answer("gzip", compress(BODY, "gzip")), resource, "gzip")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ETag", '"page"'),
        ("ETag", None),
        ("Vary", None),
        ("Content-Encoding", "gzip"),
        ("Content-Length", "100"),
    ],
)
def test_wrong_field_of_a_304(name: str, value: str | None) -> None:
    fresh = make_answer("gzip", compress(BODY, "gzip"))
    kept = tuple((key, old) for key, old in fresh.fields if key in {"ETag", "Vary"})
    right = Answer(status=304, fields=kept, body=b"")
    check_not_modified(right, fresh, RESOURCE, "gzip")
    with pytest.raises(Mismatch, match=rf"^/page as gzip, conditional: {name} is"):
        check_not_modified(with_field(right, name, value), fresh, RESOURCE, "gzip")


def test_200_instead_of_304() -> None:
    fresh = make_answer("gzip", compress(BODY, "gzip"))
    with pytest.raises(Mismatch, match="status is 200 instead of 304"):
        check_not_modified(fresh, fresh, RESOURCE, "gzip")


# ---- What the tour finds, over real sockets ----

Respond = Callable[[BaseHTTPRequestHandler, str], None]


@contextmanager
def stub_server(respond: Respond) -> Iterator[int]:
    """Serve what ``respond`` writes, called with the handler and the coding asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            respond(self, self.headers.get("Accept-Encoding", "identity"))

        def do_POST(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(handler: BaseHTTPRequestHandler, coding: str, coded: bytes, *, length: int) -> None:
    handler.send_response(200)
    if coding != "identity":
        handler.send_header("Content-Encoding", coding)
    handler.send_header("Vary", "Accept-Encoding")
    if length >= 0:
        handler.send_header("Content-Length", str(length))
    handler.end_headers()
    handler.wfile.write(coded)


def test_tour_names_path_and_coding() -> None:
    """Only zstd is wrong here."""

    def respond(handler: BaseHTTPRequestHandler, coding: str) -> None:
        coded = BODY if coding == "identity" else compress(BODY, coding)
        if coding == "zstd":
            coded += coded
        send(handler, coding, coded, length=len(coded))

    resource = replace(RESOURCE, tagged=False)
    with stub_server(respond) as port:
        tour = Tour(port)
        with pytest.raises(Mismatch, match=r"^/page as zstd: \d+ bytes follow the end"):
            tour.visit(resource, BODY)
    assert tour.nchecked == 1 + CODINGS.index("zstd")


def test_tour_finds_a_body_that_is_too_short() -> None:
    def respond(handler: BaseHTTPRequestHandler, coding: str) -> None:
        send(handler, coding, BODY, length=len(BODY) + 1)

    wanted = r"^/page as identity: IncompleteRead"
    with stub_server(respond) as port, pytest.raises(Mismatch, match=wanted):
        Tour(port).visit(RESOURCE, BODY)


def test_tour_finds_events_that_are_held_back() -> None:
    """A server that waits for more before it sends gets no acknowledgement, and gives up."""

    def respond(handler: BaseHTTPRequestHandler, coding: str) -> None:
        send(handler, coding, make_events(COUNT)[0], length=-1)

    wanted = r"^/events/identity as identity: the stream ended before event 1,"
    with stub_server(respond) as port, pytest.raises(Mismatch, match=wanted):
        Tour(port).visit_events()


def test_lock_step_finds_a_stream_that_is_not_flushed() -> None:
    application = "tests.e2e.served_application:create_holding_app"
    # The client gets the next event only after the server has given up.
    with serving(gunicorn_command(f"{application}(0.1)")) as port:
        for coding in CODINGS:
            wanted = rf"^/events/{coding} as {coding}: the stream ended before event \d+,"
            with pytest.raises(Mismatch, match=wanted):
                follow_events(port, coding)
    # Without a coding nothing is held back, and no client is too slow.
    with serving(gunicorn_command(f"{application}({PATIENCE_SECONDS})")) as port:
        follow_events(port, "identity")


# ---- The server's process ----


def test_server_is_shut_down_when_the_client_fails() -> None:
    command = gunicorn_command("tools.kit.shop.application:create_app()")
    ports = []

    def use_it() -> None:
        with serving(command) as port:
            ports.append(port)
            assert fetch(port, "/health").status == 200
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use_it()
    with pytest.raises(ConnectionRefusedError):
        fetch(ports[0], "/health")


def test_server_that_does_not_start() -> None:
    command = gunicorn_command("tools.kit.no_such_module:create_app()")
    # What the server printed says more than that the connection was reset.
    with pytest.raises(ServerError, match="no_such_module"), serving(command):
        pass
