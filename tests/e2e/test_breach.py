"""A token in a page that reflects what is asked, guessed by the lengths of answers."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tools.kit.breach import attack
from tools.kit.client import TIMEOUT_SECONDS
from tools.kit.client import fetch
from tools.kit.documents.content import make_token
from tools.kit.server import gunicorn_command
from tools.kit.server import serving

KNOWN = "csrf_token="
SESSION = "victim"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(gunicorn_command("tests.e2e.searched_application:create_app()")) as port:
        yield port


class Victim:
    """Sends what an attacker has it send, with its cookie; he sees how many bytes come back."""

    def __init__(self, port: int, path: str, coding: str = "gzip") -> None:
        self._path = path
        self._fields = (
            f"Host: localhost\r\nCookie: session={SESSION}\r\nAccept-Encoding: {coding}\r\n\r\n"
        )
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
        self.requests = 0

    def __enter__(self) -> Victim:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, text: str) -> int:
        """Ask for a page with a text in it; returns how many bytes the answer takes."""
        self.requests += 1
        target = f"{self._path}?q={quote(text)}"
        self._socket.sendall(f"GET {target} HTTP/1.1\r\n{self._fields}".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._received()
        head = received.partition(b"\r\n\r\n")[0]
        assert head.startswith(b"HTTP/1.1 200 ")
        (length,) = re.findall(rb"(?im)^content-length: (\d+)\r?$", head)
        nbytes = len(head) + 4 + int(length)
        missing = nbytes - len(received)
        while missing > 0:
            missing -= len(self._received())
        assert missing == 0
        return nbytes

    def _received(self) -> bytes:
        data = self._socket.recv(65536)
        assert data, "the server closed the connection"
        return data


def test_the_page_has_the_token_and_what_was_asked(port: int) -> None:
    fields = {"Cookie": f"session={SESSION}", "Accept-Encoding": "gzip;q=0"}
    bodies = {fetch(port, f"/search{way}?q=lamp", fields=fields).body for way in WAYS}
    (body,) = bodies
    # What follows depends on this alone: the same secret in the same page in each way.
    assert f"{KNOWN}{make_token(SESSION)}".encode() in body
    assert b"for lamp<" in body


WAYS = ("", "/noise", "/exempt")


def test_the_token_is_guessed_if_the_page_is_compressed(port: int) -> None:
    token = make_token(SESSION)
    with Victim(port, "/search") as victim:
        guessed = attack(victim.ask, KNOWN, len(token))
    assert guessed.text == token
    assert guessed.requests == victim.requests < 10_000


@pytest.mark.parametrize("way", ["/noise", "/exempt"])
def test_it_is_not_with_noise_or_where_the_view_is_exempt(port: int, way: str) -> None:
    token = make_token(SESSION)
    with Victim(port, f"/search{way}") as victim:
        # It is never sure. After a wrong digit all is chance, so that the first few tell all.
        guessed = attack(victim.ask, KNOWN, 4, lead=10**6, rounds=32)
    # Without noise some 150 a digit are enough.
    assert guessed.requests == victim.requests == 4 * 32 * 16 * 2
    assert guessed.right(token) < 3


def test_to_ask_again_shows_nothing_more(port: int) -> None:
    with Victim(port, "/search/noise") as victim:
        lengths = [{victim.ask(f"lamp {number}") for _ in range(5)} for number in range(20)]
    assert all(len(lengths_of_one) == 1 for lengths_of_one in lengths)
    assert len({min(lengths_of_one) for lengths_of_one in lengths}) > 10
