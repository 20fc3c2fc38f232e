"""Python's HTTP clients, whose decoders are their own: bodies, conditions, streams."""

from __future__ import annotations

import http.client
import json
import urllib.request
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.e2e.clients import CLIENTS
from tests.e2e.clients import Client
from tests.e2e.served_application import make_failing_chunks
from tools.kit.client import TIMEOUT_SECONDS
from tools.kit.client import fetch
from tools.kit.decoders import CODINGS
from tools.kit.documents.content import make_events
from tools.kit.events import COUNT
from tools.kit.shop.resources import RESOURCES

DEFAULT = "default"
"""Stands for the Accept-Encoding that a client has of its own."""


@pytest.fixture(scope="module", params=CLIENTS)
def client_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def client(client_name: str, gunicorn_port: int) -> Iterator[Client]:
    with closing(CLIENTS[client_name](f"http://127.0.0.1:{gunicorn_port}")) as client:
        yield client


@pytest.fixture(params=[DEFAULT, *CODINGS], name="coding")
def each_coding(request: pytest.FixtureRequest, client: Client) -> str:
    if request.param != DEFAULT and request.param not in offered(client):
        pytest.skip(f"this client cannot decode {request.param}")
    return str(request.param)


def offered(client: Client) -> list[str]:
    return client.offered.replace(" ", "").split(",")


def fields_for(coding: str) -> dict[str, str]:
    return {} if coding == DEFAULT else {"Accept-Encoding": coding}


def wanted_codings(client: Client, coding: str) -> list[str]:
    """Return the codings that a response may have."""
    return offered(client) if coding == DEFAULT else [coding]


def test_every_resource(client: Client, coding: str, bodies: dict[str, bytes]) -> None:
    fields = fields_for(coding)
    for resource in RESOURCES:
        path = resource.path
        got = client.fetch(path, fields)
        assert got.status == 200, path
        assert got.body == bodies[path], path
        used = got.fields.get("Content-Encoding")
        if resource.coded:
            assert used in wanted_codings(client, coding), path
        else:
            assert used is None, path

        head = client.fetch(path, fields, "HEAD")
        assert (head.status, head.body) == (200, b""), path
        assert head.fields.get("Content-Encoding") == used, path

        tag = got.fields.get("ETag")
        assert (tag is not None) == resource.tagged, path
        if tag is not None:
            again = client.fetch(path, {**fields, "If-None-Match": tag})
            assert (again.status, again.body) == (304, b""), path
            assert again.fields["ETag"] == tag, path


def test_events_arrive_one_by_one(
    client: Client, client_name: str, coding: str, gunicorn_port: int
) -> None:
    """Each is decoded before the next one is made."""
    path = f"/events/{client_name}-{coding}"
    decoded = b""
    with closing(client.pieces(path, fields_for(coding))) as pieces:
        for number, event in enumerate(make_events(COUNT)):
            while len(decoded) < len(event):
                decoded += next(pieces)
            assert decoded == event, number
            decoded = b""
            fetch(gunicorn_port, path, method="POST")
        assert b"".join(pieces) == b""


def test_failing_stream_is_an_error(client: Client, client_name: str, coding: str) -> None:
    path = f"/failing/{client_name}-{coding}"
    received = []
    with closing(client.pieces(path, fields_for(coding))) as pieces:
        received.append(next(pieces))
        with pytest.raises(client.failure):
            received.extend(pieces)
    assert "".join(make_failing_chunks()).encode().startswith(b"".join(received))


def test_client_that_leaves(client: Client, client_name: str, coding: str) -> None:
    """The rest of a stream is not waited for, and the client can be used again."""
    name = f"left-by-{client_name}-{coding}"
    with closing(client.pieces(f"/endless/{name}", fields_for(coding))) as pieces:
        assert next(pieces)
    closed = client.fetch(f"/closed/{name}", fields_for(coding))
    assert json.loads(closed.body) == {"closed": 1}


def test_http_client_gets_no_coding(gunicorn_port: int, bodies: dict[str, bytes]) -> None:
    """What the standard library asks for, and asking for nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", gunicorn_port, TIMEOUT_SECONDS)
    with closing(connection):
        for resource in RESOURCES:
            connection.request("GET", resource.path)
            response = connection.getresponse()
            assert response.getheader("Content-Encoding") is None, resource.path
            assert response.read() == bodies[resource.path], resource.path


def test_urllib_gets_no_coding(gunicorn_port: int, bodies: dict[str, bytes]) -> None:
    # Proxies of the machine would be asked otherwise.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for resource in RESOURCES:
        url = f"http://127.0.0.1:{gunicorn_port}{resource.path}"
        with opener.open(url, timeout=TIMEOUT_SECONDS) as response:
            assert response.headers["Content-Encoding"] is None, resource.path
            assert response.read() == bodies[resource.path], resource.path
