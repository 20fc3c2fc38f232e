"""Streams through real servers: events, clients that leave, generators that fail."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.served_application import make_failing_chunks
from tools.kit.checks import Resource
from tools.kit.checks import check_body
from tools.kit.checks import check_fields
from tools.kit.client import Answer
from tools.kit.client import fetch
from tools.kit.client import opened
from tools.kit.decoders import CODINGS
from tools.kit.decoders import make_decoder
from tools.kit.documents.content import make_events
from tools.kit.events import COUNT
from tools.kit.lockstep import follow_events
from tools.kit.tour import EVENTS

WITH_IDENTITY = ("identity", *CODINGS)


def check_events(answer: Answer, coding: str) -> None:
    check_fields(answer, EVENTS, coding)
    check_body(answer, EVENTS, coding, b"".join(make_events(COUNT)))


@pytest.mark.parametrize("coding", WITH_IDENTITY)
def test_events_in_lock_step(port: int, coding: str) -> None:
    check_events(follow_events(port, coding), coding)


def test_many_event_streams_at_once(port: int) -> None:
    def follow(channel: int) -> None:
        coding = WITH_IDENTITY[channel % len(WITH_IDENTITY)]
        check_events(follow_events(port, coding, channel=f"together-{channel}"), coding)

    # Each takes one of the server's threads, and needs another one for a moment.
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(follow, range(2 * len(WITH_IDENTITY))))


def closed_count(port: int, name: str) -> int:
    """Return how often a stream was closed; the server waits for the first time."""
    return int(json.loads(fetch(port, f"/closed/{name}").body)["closed"])


@pytest.mark.parametrize("coding", WITH_IDENTITY)
def test_client_leaves(port: int, coding: str, bodies: dict[str, bytes]) -> None:
    name = f"left-{coding}"
    with opened(port, f"/endless/{name}", fields={"Accept-Encoding": coding}) as response:
        decoder = make_decoder(response.getheader("Content-Encoding"))
        decoded = b""
        while len(decoded) < 100_000:
            piece = response.read1()
            assert piece
            decoded += decoder.feed(piece)
        assert not decoder.at_end() or coding == "identity"
    assert closed_count(port, name) == 1

    # The server goes on, with an encoder that others used before.
    resource = Resource(label="list", path="/products")
    answer = fetch(port, resource.path, fields={"Accept-Encoding": coding})
    check_fields(answer, resource, coding)
    check_body(answer, resource, coding, bodies[resource.path])


def test_more_clients_leave_than_there_are_threads(port: int) -> None:
    names = [f"crowd-{number}" for number in range(40)]
    for number, name in enumerate(names):
        fields = {"Accept-Encoding": CODINGS[number % len(CODINGS)]}
        with opened(port, f"/endless/{name}", fields=fields) as response:
            assert response.read1()
    assert [closed_count(port, name) for name in names] == [1] * len(names)


@pytest.mark.parametrize("coding", WITH_IDENTITY)
def test_generator_fails(port: int, server_name: str, coding: str) -> None:
    name = f"failed-{coding}"
    chunks = make_failing_chunks()
    decoded = b""
    with opened(port, f"/failing/{name}", fields={"Accept-Encoding": coding}) as response:
        decoder = make_decoder(response.getheader("Content-Encoding"))

        def read_all() -> None:
            nonlocal decoded
            while piece := response.read1():
                decoded += decoder.feed(piece)

        # The client can tell by the transfer that something is missing, but for uWSGI's, where
        # the end of the connection is the end of the body ...
        assert response.chunked == (server_name != "uwsgi")
        if response.chunked:
            with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
                read_all()
        else:
            read_all()
    # ... and by the coded body, even if a proxy on the way mended the transfer.
    assert not decoder.at_end() or coding == "identity"
    assert decoded.startswith(chunks[0].encode())
    assert "".join(chunks).encode().startswith(decoded)
    assert closed_count(port, name) == 1


def test_head_of_a_stream_closes_it(port: int, coding: str) -> None:
    """The generator never starts, so there is nothing of it to close; no thread is lost."""
    for number in range(20):
        path = f"/endless/head-{coding}-{number}"
        answer = fetch(port, path, method="HEAD", fields={"Accept-Encoding": coding})
        assert answer.status == 200
        assert answer.field("Content-Encoding") == coding
        assert answer.body == b""
