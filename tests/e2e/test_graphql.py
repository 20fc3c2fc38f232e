"""GraphQL in parts, of strawberry: a client has each before the next one is made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.asgi_servers import serving_asgi
from tools.kit.client import TIMEOUT_SECONDS
from tools.kit.decoders import CODINGS
from tools.kit.decoders import make_decoder

pytest.importorskip("strawberry")

COUNT = 5
INCREMENTAL = "multipart/mixed"
SUBSCRIBED = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json"

QUERIES: dict[str, tuple[str, str, list[str]]] = {
    "defer": (
        '{ name ... @defer { slow { count(channel: "%s") } } }',
        INCREMENTAL,
        ['"name":"quick"', '"count":0'],
    ),
    "stream": (
        '{ counts(channel: "%s") @stream(initialCount: 0) }',
        INCREMENTAL,
        [f'"items":[{number}]' for number in range(COUNT)],
    ),
    "subscription": (
        'subscription { count(channel: "%s") }',
        SUBSCRIBED,
        [f'"count":{number}' for number in range(COUNT)],
    ),
}
"""What is asked, the Accept, and what the parts of the answer have."""


@pytest.fixture(scope="module", name="client")
def connect() -> Iterator[httpx.Client]:
    with (
        serving_asgi("uvicorn", "tests.e2e.graphql_application:app") as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT_SECONDS) as client,
    ):
        yield client


def parts_of(body: bytes) -> list[str]:
    """Return what the parts of a whole body say."""
    heads = re.finditer(rb"Content-Length: (\d+)\r\n\r\n", body)
    parts = [json.loads(body[head.end() :][: int(head[1])]) for head in heads]
    return [json.dumps(part, separators=(",", ":")) for part in parts]


@pytest.mark.parametrize("coding", [*CODINGS, "identity"])
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("view", ["/fastapi", "/asgi/"])
def test_each_part_is_there_before_the_next_is_made(
    client: httpx.Client, view: str, query: str, coding: str
) -> None:
    text, accept, expected = QUERIES[query]
    channel = f"{view.strip('/')}-{query}-{coding}"
    fields = {"Accept": accept, "Accept-Encoding": coding}
    asked = {"query": text % channel}
    with client.stream("POST", view, json=asked, headers=fields) as response:
        assert response.headers["Content-Type"].startswith("multipart/mixed")
        sent = None if coding == "identity" else coding
        assert response.headers.get("Content-Encoding") == sent
        decoder, pieces, decoded = make_decoder(sent), response.iter_raw(), b""
        for number, part in enumerate(expected):
            while part.encode() not in decoded:
                decoded += decoder.feed(next(pieces))
            assert not any(later.encode() in decoded for later in expected[number + 1 :])
            # Only now is the next one made.
            client.post(f"/seen/{channel}").raise_for_status()
        decoded += b"".join(decoder.feed(piece) for piece in pieces)
    assert decoder.at_end()
    parts = parts_of(decoded)
    assert [sum(part in said for said in parts) for part in expected] == [1] * len(expected)
