"""A token in a page that reflects what is asked, guessed by the lengths of answers."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from http.client import HTTPResponse
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
        self._fields = {"Cookie": f"session={SESSION}", "Accept-Encoding": coding}
        self._connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        self.requests = 0

    def __enter__(self) -> Victim:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, text: str) -> int:
        """Ask for a page with a text in it; returns how many bytes the answer takes."""
        self.requests += 1
        try:
            response = self._asked(text)
        except ConnectionError:
            # A server leaves who does not ask again in time.
            self._connection.close()
            response = self._asked(text)
        body = response.read()
        assert response.status == 200
        assert len(body) == int(response.headers["Content-Length"])
        # As they are on the wire: a status line of the same length each time, and the fields.
        return len(body) + sum(
            len(f"{name}: {value}\r\n") for name, value in response.getheaders()
        )

    def _asked(self, text: str) -> HTTPResponse:
        self._connection.request("GET", f"{self._path}?q={quote(text)}", headers=self._fields)
        return self._connection.getresponse()


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
