"""Who codes what when; never how long it takes."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from bench.corpus import Document
from bench.measure import MAX_ROUNDS
from bench.measure import MIN_ROUNDS
from bench.measure import measure
from bench.peers import Codec
from bench.peers import Point

FAMILIES = {"a": 4, "b": 1, "c": 3, "d": 5}
COUNT = 3


def documents() -> list[Document]:
    return [Document(f"{i}", "text", "< 1.5K", "tune", b"%d" % i) for i in range(COUNT)]


def points(calls: list[tuple[str, bytes]]) -> list[Point]:
    def encoder(family: str, level: int) -> Codec:
        def encode(body: bytes) -> bytes:
            calls.append((f"{family}-{level}", body))
            return body

        return encode

    return [
        Point(family, level, "deflate", "0", encoder(family, level), bytes)
        for family, levels in FAMILIES.items()
        for level in range(levels)
    ]


def timed_calls(rounds: int) -> list[tuple[str, bytes]]:
    calls: list[tuple[str, bytes]] = []
    measure(points(calls), documents(), rounds=rounds, seconds=0)
    return calls[sum(FAMILIES.values()) * COUNT :]


def test_a_round_is_every_document_by_every_point() -> None:
    calls = Counter(timed_calls(rounds=5))
    assert len(calls) == sum(FAMILIES.values()) * COUNT
    assert set(calls.values()) == {5}


def test_no_point_gets_a_document_twice_in_a_row() -> None:
    calls = timed_calls(rounds=4)
    for name in {name for name, _ in calls}:
        bodies = [body for other, body in calls if other == name]
        assert all(first != second for first, second in pairwise(bodies))


def test_relatives_do_not_follow_each_other_within_a_turn() -> None:
    calls = timed_calls(rounds=4)
    count = sum(FAMILIES.values())
    for start in range(0, len(calls), count):
        families = [name[0] for name, _ in calls[start : start + count]]
        assert all(first != second for first, second in pairwise(families))


def test_the_order_changes() -> None:
    calls = timed_calls(rounds=4)
    count = sum(FAMILIES.values())
    turns = [tuple(n for n, _ in calls[i : i + count]) for i in range(0, len(calls), count)]
    assert len(set(turns)) == len(turns)


@pytest.mark.parametrize(
    ("seconds", "rounds"), [(0.0, MIN_ROUNDS), (-5.0, MIN_ROUNDS), (1e9, MAX_ROUNDS)]
)
def test_rounds_are_within_bounds(seconds: float, rounds: int) -> None:
    shares: list[float] = []
    _, done = measure(
        points([]), documents(), rounds=None, seconds=seconds, report=shares.append
    )
    assert done == rounds
    assert len(shares) == rounds
    assert shares == sorted(shares)
    assert shares[-1] <= 1


def test_results_count_all_bytes() -> None:
    results, _ = measure(points([]), documents(), rounds=1, seconds=0)
    assert [result.point.name for result in results] == [point.name for point in points([])]
    assert {(r.in_nbytes, r.out_nbytes, r.score.ratio) for r in results} == {(3, 3, 1.0)}


def test_what_does_not_decode_is_an_error() -> None:
    broken = Point("broken", 1, "deflate", "0", bytes, lambda coded: coded + b"!")
    with pytest.raises(ValueError, match="0 does not survive broken-1"):
        measure([broken], documents(), rounds=1, seconds=0)
