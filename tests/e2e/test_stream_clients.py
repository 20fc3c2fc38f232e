"""Streams read in lock-step by curl, Node.js and Go: each decodes them with what it has."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.e2e import go_client
from tests.e2e.served_application import PAGE_BODY
from tests.e2e.served_application import PAGE_HEAD
from tests.e2e.served_application import WORDS
from tests.e2e.stream_clients import READERS
from tests.e2e.stream_clients import Reader
from tests.e2e.stream_clients import find_codings
from tools.kit.client import fetch
from tools.kit.decoders import CODINGS
from tools.kit.documents.content import make_events
from tools.kit.events import COUNT

Read = Callable[[str], AbstractContextManager[Reader]]

NAMES = (*READERS, "go")


@pytest.fixture(scope="module", name="decoded")
def find_decoded_codings() -> dict[str, set[str]]:
    return find_codings()


@pytest.fixture(params=NAMES, name="name")
def each_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(name="reading")
def choose_reading(
    request: pytest.FixtureRequest, name: str, coding: str, decoded: dict[str, set[str]]
) -> Read:
    """Return what starts a program on a URL."""
    if coding not in decoded[name]:
        pytest.skip(f"{name} is not installed, or does not decode {coding}")
    if name != "go":
        return partial(READERS[name], coding)
    program: Path = request.getfixturevalue("go_program")

    @contextmanager
    def read(url: str) -> Iterator[Reader]:
        with go_client.running(program, url, coding) as client:
            assert client.read_answer() == (200, coding)
            yield client

    return read


@pytest.mark.parametrize("mimetype", ["text/event-stream", "multipart/mixed"])
def test_r35_events_in_lock_step(
    gunicorn_port: int, reading: Read, name: str, coding: str, mimetype: str
) -> None:
    """Each is handed out before the next one is made."""
    channel = f"{name}-{coding}-{mimetype.replace('/', '-')}"
    path = f"/messages/{channel}?type={mimetype}"
    with reading(f"http://127.0.0.1:{gunicorn_port}{path}") as reader:
        for event in make_events(COUNT):
            assert reader.read(len(event)) == event
            fetch(gunicorn_port, f"/events/{channel}", method="POST")


def test_r36_head_of_a_page_before_its_slow_body(
    gunicorn_port: int, reading: Read, name: str, coding: str
) -> None:
    """The server goes on when the client says that it has what came before."""
    channel = f"page-{name}-{coding}"
    head, body = "".join(PAGE_HEAD).encode(), "".join(PAGE_BODY).encode()
    with reading(f"http://127.0.0.1:{gunicorn_port}/page/{channel}") as reader:
        assert reader.read(len(head)) == head
        fetch(gunicorn_port, f"/events/{channel}", method="POST")
        assert reader.read(len(body)) == body


def test_r36_words_of_a_slow_writer_one_by_one(
    gunicorn_port: int, reading: Read, name: str, coding: str
) -> None:
    """They are not messages, but come no more often than streams may be flushed."""
    channel = f"words-{name}-{coding}"
    with reading(f"http://127.0.0.1:{gunicorn_port}/words/{channel}") as reader:
        for word in WORDS:
            assert reader.read(len(word)) == word.encode()
            fetch(gunicorn_port, f"/events/{channel}", method="POST")


def test_all_codings_have_a_reader(decoded: dict[str, set[str]]) -> None:
    """Where the programs are, that is."""
    if not decoded["curl"]:
        pytest.skip("curl is not installed")
    assert set(CODINGS) <= set().union(*decoded.values())
