"""Coded bodies of requests to applications of frameworks: JSON, forms, uploads, streams."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from hashlib import sha256
from typing import Any
from typing import NamedTuple

import httpx
import pytest

from pyfastgz import compress
from tests.e2e.asgi_servers import SERVERS as ASGI_SERVERS
from tests.e2e.asgi_servers import serving_asgi
from tests.e2e.asgi_servers import skip_without
from tools.kit.client import TIMEOUT_SECONDS
from tools.kit.decoders import CODINGS
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.server import waitress_command

APPLICATION = "tests.e2e.request_frameworks_application"
WSGI_COMMANDS = {
    "gunicorn": gunicorn_command(f"{APPLICATION}:make_wsgi()"),
    "waitress": waitress_command(f"{APPLICATION}:make_wsgi()"),
}
SERVERS = {
    **dict.fromkeys(ASGI_SERVERS, ("fastapi", "starlette", "quart", "falcon", "django")),
    **dict.fromkeys(WSGI_COMMANDS, ("falcon", "django")),
}
"""The frameworks whose applications a server has."""

HOURS = [n * n % 997 for n in range(20_000)]
# More than any of them holds in memory without a file.
NUMBER = random.Random(1)
FILE = b"".join(NUMBER.randbytes(10) * 30 for _ in range(12_000))
JSON_KIND, FORM_KIND = "application/json", "application/x-www-form-urlencoded"


class Sent(NamedTuple):
    """A body, and what is said of it."""

    path: str
    kind: str
    body: bytes
    said: dict[str, Any]


def said_of(data: bytes) -> dict[str, Any]:
    return {"nbytes": len(data), "sha256": sha256(data).hexdigest()}


def multipart(data: bytes) -> bytes:
    """Return a form with a field and a file."""
    return (
        b'--border\r\nContent-Disposition: form-data; name="name"\r\n\r\nred\r\n'
        b'--border\r\nContent-Disposition: form-data; name="file"; filename="lamp.bin"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n%b\r\n--border--\r\n" % data
    )


def lamp(hours: list[int]) -> bytes:
    return json.dumps({"name": "red", "hours": hours}).encode()


def upload(data: bytes) -> Sent:
    said = {"name": "red", "filename": "lamp.bin", **said_of(data)}
    return Sent("upload", "multipart/form-data; boundary=border", multipart(data), said)


ALL = [
    Sent("json", JSON_KIND, lamp(HOURS), {"name": "red", "hours": sum(HOURS)}),
    Sent("form", FORM_KIND, b"name=red&table=7", {"name": "red", "table": 7}),
    upload(FILE[:900]),
    upload(FILE),
    Sent("stream", "application/octet-stream", FILE, said_of(FILE)),
]


coded_once = cache(compress)


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    skip_without(name)
    return name


@pytest.fixture(scope="module")
def client(server: str) -> Iterator[httpx.Client]:
    with ExitStack() as stack:
        if server in WSGI_COMMANDS:
            running = serving(WSGI_COMMANDS[server])
        else:
            running = serving_asgi(server, f"{APPLICATION}:asgi")
        port = stack.enter_context(running)
        base = f"http://127.0.0.1:{port}"
        # A connection each: servers end one on which they have left a body unread.
        limits = httpx.Limits(max_keepalive_connections=0)
        yield stack.enter_context(
            httpx.Client(base_url=base, trust_env=False, timeout=TIMEOUT_SECONDS, limits=limits)
        )


def sent_to(server: str) -> list[Sent]:
    """Return the bodies that a server hands on.

    Daphne's Twisted reads forms with files that are posted for itself.
    """
    return [sent for sent in ALL if server != "daphne" or sent.path != "upload"]


def post(
    client: httpx.Client, url: str, coding: str, kind: str, body: bytes, *, in_chunks: bool
) -> httpx.Response:
    parts = (body[at : at + 30_000] for at in range(0, len(body), 30_000))
    fields = {"Content-Encoding": coding, "Content-Type": kind}
    return client.post(url, content=parts if in_chunks else body, headers=fields)


@pytest.mark.parametrize("sent", ALL, ids=lambda sent: f"{sent.path}-{len(sent.body)}")
def test_what_applications_read(server: str, client: httpx.Client, sent: Sent) -> None:
    if sent not in sent_to(server):
        pytest.skip("the server does not hand it on")
    for framework in SERVERS[server]:
        for coding in CODINGS:
            coded = coded_once(sent.body, coding)
            for in_chunks in (False, True):
                url = f"/{framework}/{sent.path}"
                answer = post(client, url, coding, sent.kind, coded, in_chunks=in_chunks)
                assert answer.status_code == 200, (framework, coding, in_chunks)
                assert answer.json() == sent.said, (framework, coding, in_chunks)


REFUSED: dict[str, tuple[str, Callable[[bytes], bytes], int]] = {
    "another coding": ("lzma", lambda body: b"lamp", 415),
    "not coded": ("gzip", lambda body: body[:900], 400),
    "cut short": ("gzip", lambda body: gzip.compress(body)[:-1], 400),
    "a bomb": ("gzip", lambda body: gzip.compress(multipart(bytes(10_000_000))), 413),
}


@pytest.mark.parametrize("name", REFUSED)
def test_r79_what_is_refused_is_answered(server: str, client: httpx.Client, name: str) -> None:
    """Whatever the framework makes of a body that breaks off."""
    coding, body_of, status = REFUSED[name]
    for framework in SERVERS[server]:
        for sent in sent_to(server):
            url, body = f"/{framework}/{sent.path}", body_of(sent.body)
            answer = post(client, url, coding, sent.kind, body, in_chunks=False)
            assert answer.status_code == status, (framework, sent.path)
            assert answer.text.startswith("The body of the request "), (framework, sent.path)


def test_django_over_asgi_without_a_length(server: str, client: httpx.Client) -> None:
    """It reads all but forms with files."""
    if server in WSGI_COMMANDS:
        pytest.skip("over ASGI alone")
    for sent in sent_to(server):
        url = f"/django-without-length/{sent.path}"
        coded = gzip.compress(sent.body)
        answer = post(client, url, "gzip", sent.kind, coded, in_chunks=False)
        expected = {"name": None} if sent.path == "upload" else sent.said
        assert (answer.status_code, answer.json()) == (200, expected)


def test_djangos_own_limit_is_of_decoded_bytes(server: str, client: httpx.Client) -> None:
    """DATA_UPLOAD_MAX_MEMORY_SIZE, which is 2.5 MB; its error is a 413 or, before 6, a 400."""
    coded = gzip.compress(lamp([n * n % 99_991 for n in range(500_000)]))
    answer = post(client, "/django/json", "gzip", JSON_KIND, coded, in_chunks=False)
    assert answer.status_code in {400, 413}
    assert "The body of the request " not in answer.text
