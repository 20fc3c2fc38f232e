"""Coded bodies of requests, sent by clients that others wrote to servers that others wrote."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import suppress
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from typing import NamedTuple

import aiohttp
import httpx
import pytest
import requests
import sentry_sdk
import urllib3
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from pyfastgz import Encoder
from pyfastgz import compress
from tests.e2e.asgi_servers import asgi_command
from tests.e2e.asgi_servers import ends_with
from tests.e2e.conftest import PACKAGES
from tests.e2e.simple_servers import command
from tools.kit.client import TIMEOUT_SECONDS
from tools.kit.client import fetch
from tools.kit.decoders import CODINGS
from tools.kit.documents.prose import Writer
from tools.kit.server import Command
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.server import uwsgi_command
from tools.kit.server import waitress_command

APPLICATION = "tests.e2e.requests_application:create_app()"
ASGI_APPLICATION = "tests.e2e.requests_application:asgi_app"
CURL = shutil.which("curl")
TEXT = "\n".join(Writer("requests").paragraph(12) for _ in range(60)).encode()
LONG = b"".join(b'{"lamp": %d, "price": %d}\n' % (n, n * n % 9973) for n in range(150_000))


ASGI = ("uvicorn", "hypercorn", "daphne")
COMMANDS: dict[str, Command] = {
    "gthread": gunicorn_command(APPLICATION),
    "gevent": gunicorn_command(APPLICATION, worker_class="gevent"),
    "waitress": waitress_command(APPLICATION),
    "uwsgi": uwsgi_command(APPLICATION),
    "werkzeug": command("werkzeug", APPLICATION),
    "wsgiref": command("wsgiref", APPLICATION),
    **{server: asgi_command(server, ASGI_APPLICATION) for server in ASGI},
}
WITHOUT_CHUNKS = {"uwsgi", "wsgiref"}
"""Servers that hand nothing of a body in chunks to an application."""


class Site(NamedTuple):
    """A server, and where its applications are."""

    server: str
    port: int

    @property
    def doors(self) -> tuple[str, ...]:
        return ("asgi",) if self.server in ASGI else ("flask", "wsgi")

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, int]]:
    """Return the ports of the servers that were started, which are stopped in the end."""
    with ExitStack() as stack:
        ports = _Ports(stack)
        yield ports


class _Ports(dict[str, int]):
    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def __missing__(self, server: str) -> int:
        running = serving(COMMANDS[server], ends_with=ends_with(server))
        port = self._stack.enter_context(running)
        self[server] = port
        return port


@pytest.fixture(params=COMMANDS)
def site(request: pytest.FixtureRequest, running: dict[str, int]) -> Site:
    name = str(request.param)
    package = PACKAGES.get(name, name)
    if name in {*PACKAGES, *ASGI} and find_spec(package) is None:
        pytest.skip(f"the package {package} is not installed")
    return Site(name, running[name])


@pytest.fixture
def flask(running: dict[str, int]) -> Site:
    return Site("gthread", running["gthread"])


Parts = list[bytes]
Send = Callable[[str, "bytes | Parts", dict[str, str]], "tuple[int, Any]"]


def with_requests(url: str, body: bytes | Parts, fields: dict[str, str]) -> tuple[int, Any]:
    data: Any = iter(body) if isinstance(body, list) else body
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(url, data=data, headers=fields, timeout=TIMEOUT_SECONDS)
        return answer.status_code, answer.json() if answer.ok else answer.headers


def with_httpx(url: str, body: bytes | Parts, fields: dict[str, str]) -> tuple[int, Any]:
    content: Any = iter(body) if isinstance(body, list) else body
    with httpx.Client(trust_env=False, timeout=TIMEOUT_SECONDS) as client:
        answer = client.post(url, content=content, headers=fields)
        return answer.status_code, answer.json() if answer.is_success else answer.headers


def with_urllib3(url: str, body: bytes | Parts, fields: dict[str, str]) -> tuple[int, Any]:
    data: Any = iter(body) if isinstance(body, list) else body
    pool = urllib3.PoolManager(timeout=TIMEOUT_SECONDS, retries=False)
    answer = pool.request("POST", url, body=data, headers=fields)
    is_good = answer.status == 200
    pool.clear()
    return answer.status, json.loads(answer.data) if is_good else answer.headers


def with_aiohttp(url: str, body: bytes | Parts, fields: dict[str, str]) -> tuple[int, Any]:
    async def post() -> tuple[int, Any]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=_parts(body), headers=fields) as answer,
        ):
            return answer.status, await answer.json() if answer.ok else answer.headers

    async def pieces(parts: Parts) -> Any:
        for part in parts:
            yield part

    def _parts(body: bytes | Parts) -> Any:
        return pieces(body) if isinstance(body, list) else body

    return asyncio.run(post())


CLIENTS: dict[str, Send] = {
    "requests": with_requests,
    "httpx": with_httpx,
    "urllib3": with_urllib3,
    "aiohttp": with_aiohttp,
}


def said_of(data: bytes) -> dict[str, Any]:
    return {"nbytes": len(data), "sha256": sha256(data).hexdigest(), "seen": []}


def flushed(data: bytes, coding: str) -> Parts:
    """Return the coded form of a body as it is sent by whoever codes it line by line."""
    encoder = Encoder(coding)
    return [*(encoder.flush(line) for line in data.splitlines(keepends=True)), encoder.finish()]


@pytest.mark.parametrize("client", CLIENTS)
def test_what_clients_send(site: Site, client: str, coding: str) -> None:
    fields = {"Content-Encoding": coding}
    for door in site.doors:
        for data in (TEXT, LONG):
            body = compress(data, coding)
            answer = CLIENTS[client](site.url(f"{door}/echo"), body, fields)
            assert answer == (200, said_of(data)), door
        if site.server not in WITHOUT_CHUNKS:
            answer = CLIENTS[client](site.url(f"{door}/echo"), flushed(TEXT, coding), fields)
            assert answer == (200, said_of(TEXT)), door


@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_refused(site: Site, client: str) -> None:
    bodies = {
        ("lzma", TEXT): 415,
        ("gzip", TEXT): 400,
        ("gzip", compress(TEXT)[:-1]): 400,
        ("gzip", compress(bytes(10_000_000))): 413,
    }
    for (coding, body), expected in bodies.items():
        for door in site.doors:
            sent: list[bytes | Parts] = [body]
            if site.server not in WITHOUT_CHUNKS:
                sent.append([body])
            for each in sent:
                url = site.url(f"{door}/echo")
                status, fields = CLIENTS[client](url, each, {"Content-Encoding": coding})
                assert status == expected
                known = fields.get("Accept-Encoding")
                assert known == ("zstd, br, gzip, deflate" if expected == 415 else None)


def test_one_connection_goes_on(site: Site) -> None:
    """What is refused, or is not read, is not taken for the next request."""

    def post(client: httpx.Client, url: str, coding: str | None, body: bytes) -> httpx.Response:
        fields = {} if coding is None else {"Content-Encoding": coding}
        for _ in range(3):
            with suppress(httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                return client.post(url, content=body, headers=fields)
            # A server may close a connection instead of reading what nobody has read.
        raise AssertionError("the server does not answer")

    for door in site.doors:
        paths = ["echo"] if door == "wsgi" else ["echo", "ignored"]
        with httpx.Client(trust_env=False, timeout=TIMEOUT_SECONDS) as client:
            for coding, data in [("gzip", compress(TEXT)), ("gzip", TEXT), ("lzma", TEXT)] * 3:
                for path in paths:
                    answer = post(client, site.url(f"{door}/{path}"), coding, data)
                    assert answer.is_client_error == (path == "echo" and data is TEXT)
                plain = post(client, site.url(f"{door}/echo"), None, TEXT)
                assert plain.json()["sha256"] == sha256(TEXT).hexdigest()


def test_each_coding_in_a_line_of_its_own(site: Site) -> None:
    """As where a client codes what its user has coded."""
    twice = compress(compress(TEXT, "br"), "gzip")
    lines = [("Content-Encoding", "br"), ("Content-Encoding", "gzip")]
    for door in site.doors:
        with httpx.Client(trust_env=False, timeout=TIMEOUT_SECONDS) as client:
            answer = client.post(site.url(f"{door}/echo"), content=twice, headers=lines)
            assert answer.json() == said_of(TEXT)


def test_http_2(running: dict[str, int]) -> None:
    """In which a body has neither a length nor chunks that anybody sees."""
    pytest.importorskip("hypercorn")
    url = Site("hypercorn", running["hypercorn"]).url("asgi/echo")
    with httpx.Client(
        http1=False, http2=True, trust_env=False, timeout=TIMEOUT_SECONDS
    ) as client:
        for coding in CODINGS:
            content = iter(flushed(TEXT, coding))
            answer = client.post(url, content=content, headers={"Content-Encoding": coding})
            assert answer.http_version == "HTTP/2"
            assert answer.json() == said_of(TEXT)
        # What is refused before its end hypercorn answers, or it closes the connection.
        cut = compress(TEXT)[:-1]
        answer = client.post(url, content=cut, headers={"Content-Encoding": "gzip"})
        assert answer.status_code == 400


# ---- curl ----


def run_curl(*arguments: str) -> bytes:
    line = [str(CURL), "--silent", "--show-error", "--max-time", "60", *arguments]
    return subprocess.run(line, check=True, stdout=subprocess.PIPE).stdout


needs_curl = pytest.mark.skipif(CURL is None, reason="curl is not installed")


@needs_curl
def test_curl(site: Site, coding: str, tmp_path: Path) -> None:
    """It expects a 100 before it sends a long body."""
    for data in (TEXT, LONG * 3):
        file = tmp_path / "body"
        file.write_bytes(compress(data, coding))
        ways: list[list[str]] = [[]]
        if site.server not in WITHOUT_CHUNKS:
            ways.append(["-H", "Transfer-Encoding: chunked"])
        for way in ways:
            for door in site.doors:
                fields = ["-H", f"Content-Encoding: {coding}", "-H", "Expect: 100-continue"]
                sent = ["--data-binary", f"@{file}", site.url(f"{door}/echo")]
                said = run_curl(*fields, *way, *sent)
                assert json.loads(said) == said_of(data)


def ask_before_sending(port: int, path: str, *lines: str) -> bytes:
    """Send the head of a request that expects a 100, and return what comes first."""
    head = [f"POST /{path} HTTP/1.1", "Host: requests.test", *lines]
    request = "\r\n".join([*head, "Expect: 100-continue", "", ""])
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(request.encode())
        with connection.makefile("rb") as file:
            return file.readline()


def test_what_is_refused_at_sight_need_not_be_sent(site: Site) -> None:
    """Where the server itself waits until somebody reads."""
    if site.server != "uvicorn":
        pytest.skip("the server asks for the body itself")
    for door in site.doors:
        path = f"{door}/echo"
        unknown = ask_before_sending(
            site.port, path, "Content-Encoding: lzma", "Content-Length: 1000"
        )
        assert b" 415 " in unknown
        long = ask_before_sending(
            site.port, path, "Content-Encoding: gzip", "Content-Length: 100000000"
        )
        assert b" 413 " in long
        known = ask_before_sending(
            site.port, path, "Content-Encoding: gzip", "Content-Length: 1000"
        )
        assert b" 100 " in known


# ---- Monitors ----


def reported(site: Site) -> Any:
    return json.loads(fetch(site.port, "/flask/reported").body)


@pytest.mark.parametrize("how", Compression)
def test_an_exporter_of_opentelemetry(flask: Site, how: Compression) -> None:
    exporter = OTLPSpanExporter(
        endpoint=flask.url("flask/v1/traces"), compression=how, timeout=TIMEOUT_SECONDS
    )
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("lamps")
    names = [f"{how.value} lamp {number}" for number in range(5)]
    for name in names:
        with tracer.start_as_current_span(name) as span:
            span.set_attribute("text", "lamp " * 200)
    provider.shutdown()
    assert set(names) <= set(reported(flask)["spans"])


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_sentry(flask: Site, coding: str) -> None:
    how: Any = {"transport_compression_algo": coding}
    client = sentry_sdk.Client(
        dsn=f"http://key@127.0.0.1:{flask.port}/flask/1",
        default_integrations=False,
        _experiments=how,
    )
    for number in range(3):
        message = f"{coding} lamp {number} " + "is out " * 100
        client.capture_event({"message": message, "level": "error"}, scope=sentry_sdk.Scope())
    client.close(timeout=TIMEOUT_SECONDS)
    said = [str(event.get("message")) for event in reported(flask)["events"]]
    for number in range(3):
        assert any(message.startswith(f"{coding} lamp {number} ") for message in said)
