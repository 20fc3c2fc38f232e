"""20 MB that no coding makes smaller."""

from __future__ import annotations

from tests.e2e.served_application import make_noise
from tools.kit.client import fetch
from tools.kit.decoders import decode


def test_whole_body_stays_as_it_is(port: int, coding: str) -> None:
    answer = fetch(port, "/big", fields={"Accept-Encoding": coding})
    assert answer.field("Content-Encoding") is None
    assert answer.body == make_noise()


def test_whole_body_if_identity_is_refused(port: int, coding: str) -> None:
    answer = fetch(port, "/big", fields={"Accept-Encoding": f"{coding}, identity;q=0"})
    assert answer.field("Content-Encoding") == coding
    assert answer.field("Content-Length") == str(len(answer.body))
    assert decode(coding, answer.body) == make_noise()


def test_streamed_body(port: int, coding: str) -> None:
    answer = fetch(port, "/big/streamed", fields={"Accept-Encoding": coding})
    assert answer.field("Content-Encoding") == coding
    assert answer.field("Content-Length") is None
    assert decode(coding, answer.body) == make_noise()
