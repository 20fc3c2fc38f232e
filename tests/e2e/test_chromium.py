"""Chromium as the client: events one by one, pages, JSON, and its cache."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.asgi_servers import serving_asgi
from tests.e2e.browser_application import EVENTS
from tests.e2e.browser_application import PRODUCTS
from tests.e2e.browser_application import make_text
from tests.e2e.chromium import CHROMIUM
from tests.e2e.chromium import exchanges
from tests.e2e.chromium import record_of
from tests.e2e.chromium import visit
from tests.e2e.devtools import browsing
from tools.kit.decoders import CODINGS
from tools.kit.server import gunicorn_command
from tools.kit.server import serving

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


DOORS = [
    *(("Flask", coding) for coding in CODINGS),
    ("WSGI", "zstd"),
    ("ASGI", "zstd"),
    ("ASGI", "gzip"),
]
"""Who compresses, and how: the extension, or one of the middlewares."""


@pytest.fixture(params=DOORS, ids="-".join, name="door")
def each_door(request: pytest.FixtureRequest) -> tuple[str, str]:
    name, coding = request.param
    return str(name), str(coding)


@pytest.fixture(name="coding")
def coding_of(door: tuple[str, str]) -> str:
    return door[1]


@pytest.fixture(name="server")
def serve(door: tuple[str, str]) -> Iterator[int]:
    """Yield the port of a server that has this coding only."""
    name, coding = door
    if name == "ASGI":
        serving_it = serving_asgi("uvicorn", f"tests.e2e.browser_asgi_application:{coding}")
    else:
        call = f"create_app({coding!r}, is_wrapped={name == 'WSGI'})"
        serving_it = serving(gunicorn_command(f"tests.e2e.browser_application:{call}"))
    with serving_it as port:
        yield port


def test_events_arrive_one_by_one(server: int, coding: str) -> None:
    """Each in the page's script before the next one is made."""
    record = visit(server, "/events", until="events_are_over")
    (stream,) = exchanges(record, "/events/stream")
    print(f"Chromium accepts {stream['accepted']!r}")
    assert stream["coding"] == coding
    assert record["received"] == EVENTS


def test_r36_each_part_of_a_slow_page_is_shown_before_the_next_is_made(
    server: int, coding: str
) -> None:
    record = visit(server, "/slow", until="slow_page_is_over")
    (page,) = exchanges(record, "/slow")
    assert page["coding"] == coding
    assert record["seen"] == ["head", "body", "end"]


def test_page_json_and_cache(server: int, coding: str) -> None:
    record = visit(server, "/visit", until="found")
    (page,) = exchanges(record, "/visit")
    assert (page["status"], page["coding"]) == (200, coding)
    first, second = exchanges(record, "/visit/products")
    assert (first["status"], first["coding"], first["condition"]) == (200, coding, None)
    assert first["tag"].endswith(f':{coding}"')
    # Chromium asks whether what it has is still right, with our tag, and hears that it is.
    assert second["condition"] == first["tag"]
    assert (second["status"], second["coding"], second["tag"]) == (304, None, first["tag"])

    # And the page never knows of it.
    found = record["found"]
    assert [json.loads(item) for item in found["items"]] == PRODUCTS
    for answer in found["answers"]:
        assert answer["status"] == 200
        assert json.loads(answer["text"]) == PRODUCTS


@pytest.mark.parametrize("door", DOORS[-3:], indirect=True, ids="-".join)
def test_a_page_that_is_reloaded(server: int, coding: str) -> None:
    shown = "[...document.querySelectorAll('li')].map((item) => JSON.parse(item.textContent))"
    with browsing() as tab:
        tab.go(f"http://localhost:{server}/visit")
        tab.reload()
        assert tab.run(shown) == PRODUCTS
        record = record_of(server, "found")
    first, second = exchanges(record, "/visit")
    assert (first["status"], first["coding"], first["condition"]) == (200, coding, None)
    assert second["condition"] == first["tag"]
    assert (second["status"], second["coding"], second["nbytes"]) == (304, None, 0)


@pytest.mark.parametrize("level", [2, 3, 4])
def test_zstd_of_short_bodies(level: int) -> None:
    """Of the lengths and levels at which matches are found otherwise."""
    lengths = [2_000, 10_000, 40_000]
    application = f"tests.e2e.browser_application:create_app('zstd', {level})"
    with serving(gunicorn_command(application)) as port, browsing() as tab:
        tab.go(f"http://localhost:{port}/visit")
        for nbytes in lengths:
            assert tab.fetch(f"/text/{nbytes}") == make_text(nbytes)
        record = record_of(port, "exchanges")
    for nbytes in lengths:
        (exchange,) = exchanges(record, f"/text/{nbytes}")
        assert exchange["coding"] == "zstd"
        assert 0 < exchange["nbytes"] < nbytes
