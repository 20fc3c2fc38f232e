"""The WSGI middleware in every server: what clients get is what they get without it."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import pytest

from pyfastgz import compress
from pyfastgz.static.manifest import Manifest
from pyfastgz.static.manifest import SiblingFile
from pyfastgz.static.manifest import Source
from pyfastgz.static.manifest import write_manifest
from pyfastgz.store.files import SETTLED_NS
from tests.e2e.conftest import PACKAGES
from tests.e2e.long_fields import check_survived
from tests.e2e.simple_servers import command
from tests.e2e.wsgi_application import FOLDER
from tests.e2e.wsgi_application import PAGE
from tests.e2e.wsgi_application import WHOLE
from tools.kit.client import TIMEOUT_SECONDS
from tools.kit.client import Answer
from tools.kit.client import fetch
from tools.kit.client import opened
from tools.kit.decoders import CODINGS
from tools.kit.decoders import DecodingError
from tools.kit.decoders import decode
from tools.kit.decoders import make_decoder
from tools.kit.documents.content import make_events
from tools.kit.events import COUNT
from tools.kit.lockstep import follow_events
from tools.kit.server import Command
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.server import uwsgi_command
from tools.kit.server import waitress_command

APPLICATION = "tests.e2e.wsgi_application:create_app()"
COMMANDS: dict[str, Command] = {
    "gthread": gunicorn_command(APPLICATION),
    "sync": gunicorn_command(APPLICATION, worker_class="sync", workers=4),
    "gevent": gunicorn_command(APPLICATION, worker_class="gevent"),
    "waitress": waitress_command(APPLICATION),
    "uwsgi": uwsgi_command(APPLICATION),
    "werkzeug": command("werkzeug", APPLICATION),
    "wsgiref": command("wsgiref", APPLICATION),
}
LONG = PAGE * 300
# What coding may change, and what is another for each request.
OURS = {"content-encoding", "content-length", "transfer-encoding", "vary", "etag", "date"}
OURS |= {"accept-ranges", "connection"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "page.html").write_bytes(PAGE)
    (folder / "long.html").write_bytes(LONG)
    (folder / "ready.html").write_bytes(PAGE)
    coded = compress(PAGE, level=9)
    (folder / "ready.html.gz").write_bytes(coded)
    sibling = SiblingFile("ready.html.gz", len(coded), sha256(coded).hexdigest())
    mtime_ns = (folder / "ready.html").stat().st_mtime_ns
    source = Source(len(PAGE), mtime_ns, sha256(PAGE).hexdigest(), {"gzip": sibling})
    write_manifest(folder, Manifest({"ready.html": source}))
    # What has changed a moment ago is not known well enough.
    time.sleep(SETTLED_NS / 10**9 + 0.1)
    return folder


@pytest.fixture(scope="module", params=COMMANDS, name="server")
def name_server(request: pytest.FixtureRequest) -> str:
    package = PACKAGES.get(request.param)
    if package is not None and find_spec(package) is None:
        pytest.skip(f"the package {package} is not installed")
    return str(request.param)


@pytest.fixture(scope="module", name="port")
def serve(folder: Path, server: str) -> Iterator[int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER, str(folder))
        with serving(COMMANDS[server]) as port:
            yield port


def get(port: int, path: str, coding: str, method: str = "GET", **fields: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return fetch(port, path, method=method, fields={"Accept-Encoding": coding, **named})


def others(answer: Answer) -> list[tuple[str, str]]:
    return [line for line in answer.fields if line[0].lower() not in OURS]


def body_of(answer: Answer) -> bytes:
    length = answer.field("Content-Length")
    assert length is None or int(length) == len(answer.body)
    return decode(answer.field("Content-Encoding"), answer.body)


@pytest.mark.parametrize("path", WHOLE)
def test_a_page_however_it_is_sent(port: int, path: str) -> None:
    plain = get(port, f"/plain{path}", "gzip")
    assert plain.body == PAGE
    for coding in (*CODINGS, "identity"):
        name = f"{path[1:]}-{coding}"
        answer = get(port, f"/coded{path}?{name}", coding)
        assert answer.field("Content-Encoding") == (None if coding == "identity" else coding)
        assert body_of(answer) == PAGE
        assert others(answer) == others(plain)
        assert fetch(port, f"/closed/{name}").body == b"1"


def test_what_is_there_at_once_has_a_length(port: int) -> None:
    for path in (
        "/one",
        "/one-without-length",
        "/items",
        "/late-and-whole",
        "/written-at-once",
    ):
        assert get(port, f"/coded{path}", "gzip").field("Content-Length") is not None


@pytest.mark.parametrize("path", ["/file/page.html", "/file/long.html", "/rest/page.html"])
def test_files(port: int, server: str, path: str) -> None:
    whole = LONG if "long" in path else PAGE
    wanted = whole[1000:] if path.startswith("/rest") else whole
    for coding in (*CODINGS, "identity"):
        for _ in range(2):
            answer = get(port, f"/coded{path}", coding)
            assert answer.field("Content-Encoding") == (
                None if coding == "identity" else coding
            )
            # Without the middleware uWSGI sends a file from its beginning wherever it stands,
            # and cuts it off at the Content-Length.
            if server == "uwsgi" and coding == "identity" and path.startswith("/rest"):
                assert answer.body == get(port, f"/plain{path}", coding).body
                continue
            assert body_of(answer) == wanted


def test_a_file_that_can_only_be_read(port: int) -> None:
    plain = get(port, "/plain/readable", "gzip")
    coded = get(port, "/coded/readable", "gzip")
    assert plain.body == body_of(coded) == PAGE
    assert coded.field("Content-Encoding") == "gzip"


@pytest.mark.parametrize("path", ["/empty", "/nothing", "/own", "/unknown"])
def test_what_is_not_coded_is_as_it_was(port: int, path: str) -> None:
    plain, coded = get(port, f"/plain{path}", "gzip"), get(port, f"/coded{path}", "gzip")
    assert (coded.status, coded.body) == (plain.status, plain.body)
    assert others(coded) == others(plain)
    for name in ("Content-Length", "Content-Encoding", "Connection", "Transfer-Encoding"):
        assert coded.field(name) == plain.field(name)


def test_an_error_comes_in_place_of_what_was_announced(port: int, server: str) -> None:
    for which in ("plain", "coded"):
        answer = get(port, f"/{which}/error-in-place", "gzip")
        # uWSGI sends no more than that, in either case.
        assert (answer.status, answer.body) == (503, b"" if server == "uwsgi" else PAGE)
        # gunicorn sends the first fields, too, but for the middleware.
        assert "text/plain" in str(answer.field("Content-Type"))
        assert which == "plain" or answer.field("Content-Type") == "text/plain"


def error_of(port: int, path: str) -> tuple[int, bytes]:
    """Return status and body of an error; no status if uWSGI sends nothing at all."""
    try:
        answer = get(port, path, "gzip")
    except http.client.RemoteDisconnected:
        return 0, b""
    return answer.status, answer.body


@pytest.mark.parametrize("path", ["/raises", "/raises-after-start", "/raises-at-once"])
def test_what_raises_in_time_is_the_servers_error(port: int, path: str) -> None:
    plain, coded = error_of(port, f"/plain{path}"), error_of(port, f"/coded{path}")
    assert plain == coded
    # After the start uWSGI sends that, and nothing else.
    assert plain[0] in {0, 500} or plain == (200, b"")


def test_what_raises_in_the_end_is_no_whole_body(port: int) -> None:
    with opened(
        port, "/coded/raises-in-the-end?raised", fields={"Accept-Encoding": "gzip"}
    ) as response:
        decoder, decoded = make_decoder("gzip"), b""
        try:
            while piece := response.read1():
                decoded += decoder.feed(piece)
        except (http.client.IncompleteRead, ConnectionResetError):
            pass
        except DecodingError:
            # werkzeug's server sends the page of the error after what was sent.
            pass
    assert not decoder.at_end()
    assert PAGE.startswith(decoded[: len(PAGE)])
    assert fetch(port, "/closed/raised").body == b"1"


@pytest.mark.parametrize("how", ["generated", "written"])
@pytest.mark.parametrize("coding", ["identity", *CODINGS])
def test_events_in_lock_step(port: int, how: str, coding: str) -> None:
    # The kit asks for /events/CHANNEL.
    answer = follow_events(port, coding, channel=f"{how}-{coding}")
    assert answer.field("Content-Encoding") == (None if coding == "identity" else coding)
    assert body_of(answer) == b"".join(make_events(COUNT))


def test_head(port: int) -> None:
    for path in (*WHOLE, "/file/page.html", "/own", "/empty"):
        head = get(port, f"/coded{path}", "gzip", "HEAD")
        full = get(port, f"/coded{path}", "gzip")
        assert (head.status, head.body) == (full.status, b"")
        for name in ("Content-Encoding", "Vary", "ETag", "Content-Type"):
            assert head.field(name) == full.field(name), path
        length = head.field("Content-Length")
        assert length is None or length == full.field("Content-Length")


def test_conditions(port: int) -> None:
    for coding in (*CODINGS, "identity"):
        fresh = get(port, "/coded/items", coding)
        tag = fresh.field("ETag")
        assert tag == ('"items"' if coding == "identity" else f'"items:{coding}"')
        again = get(port, "/coded/items", coding, If_None_Match=tag)
        assert (again.status, again.body, again.field("ETag")) == (304, b"", tag)
        assert again.field("Vary") == fresh.field("Vary")
        for name in ("Content-Encoding", "Content-Length"):
            assert again.field(name) is None


def test_ranges(port: int) -> None:
    part = get(port, "/coded/part", "gzip", Range="bytes=0-99")
    assert (part.status, part.body) == (206, PAGE[:100])
    whole = get(port, "/coded/part", "gzip", Range="bytes=0-99", If_Range='"part:gzip"')
    assert (whole.status, whole.field("ETag")) == (200, '"part:gzip"')
    assert body_of(whole) == PAGE


def test_a_sibling_is_sent_instead(port: int, server: str, folder: Path) -> None:
    answers = [
        get(port, "/coded/file/ready.html", "gzip", method) for method in ("GET", "HEAD")
    ]
    if server in {"gevent", "werkzeug"}:
        # Nothing tells which file it is: these have no file wrapper.
        assert body_of(answers[0]) == PAGE
        return
    assert answers[0].body == (folder / "ready.html.gz").read_bytes()
    for answer in answers:
        assert answer.field("Content-Length") == str(len(answers[0].body))
        assert answer.field("Content-Encoding") == "gzip"
    plain = get(port, "/plain/file/ready.html", "gzip")
    assert plain.body == PAGE


def raw(port: int, method: str, path: str, *lines: str) -> bytes:
    """Return all that is sent on a connection for one request."""
    head = [f"{method} {path} HTTP/1.1", "Host: wsgi.test", "Accept-Encoding: gzip", *lines]
    request = "\r\n".join([*head, "Connection: close", "", ""])
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(request.encode())
        with connection.makefile("rb") as file:
            return file.read()


def test_nothing_follows_head_or_a_304(port: int, server: str) -> None:
    """It would be taken for the answer to the next request."""
    whole = ("/one", "/one-without-length", "/items", "/late-and-whole", "/written-at-once")
    for path in (*whole, "/file/page.html", "/file/ready.html", "/empty"):
        head, _, body = raw(port, "HEAD", f"/coded{path}").partition(b"\r\n\r\n")
        assert b" 200 " in head
        # Without a length waitress sends the end of chunks, and closes the connection; some
        # servers have no file wrapper, and send what the application yields.
        if server not in {"gevent", "werkzeug"} or not path.startswith("/file/"):
            assert body in {b"", b"0\r\n\r\n"}, path
    refused = raw(port, "GET", "/coded/items", 'If-None-Match: "items:gzip"')
    head, _, body = refused.partition(b"\r\n\r\n")
    assert (b" 304 " in head, body) == (True, b"")


def test_r46_r50_fields_that_are_long(port: int) -> None:
    check_survived(port, "/coded/one", PAGE)


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_a_client_leaves(port: int, coding: str) -> None:
    name = f"left-{coding}"
    with opened(port, f"/coded/endless?{name}", fields={"Accept-Encoding": coding}) as response:
        decoder, decoded = make_decoder(response.getheader("Content-Encoding")), b""
        while len(decoded) < len(PAGE):
            decoded += decoder.feed(response.read1())
    assert decoded.startswith(PAGE[:1000])
    assert fetch(port, f"/closed/{name}").body == b"1"
