"""Who has a turn when; never how long it takes."""

from __future__ import annotations

import gc
from collections import Counter
from itertools import pairwise

import pytest

from tools.kit.turns import in_turns
from tools.kit.turns import stopwatch
from tools.kit.turns import swept

FAMILIES = {"a": 4, "b": 1, "c": 3, "d": 5}
NAMES = [f"{family}{number}" for family, count in FAMILIES.items() for number in range(count)]
DOCUMENTS = 3


def run(rounds: int, *, together: bool = False) -> list[tuple[str, int]]:
    """Return who had which document, in order."""
    calls: list[tuple[str, int]] = []
    contenders = {
        name: lambda number, name=name: calls.append((name, number)) for name in NAMES
    }
    in_turns(
        contenders, DOCUMENTS, rounds=rounds, family=lambda name: name[0], together=together
    )
    return calls


@pytest.mark.parametrize("together", [False, True])
def test_a_round_is_every_document_by_every_contender(together: bool) -> None:
    calls = Counter(run(5, together=together))
    assert len(calls) == len(NAMES) * DOCUMENTS
    assert set(calls.values()) == {5}


def test_nobody_gets_a_document_twice_in_a_row() -> None:
    calls = run(4)
    for name in NAMES:
        numbers = [number for other, number in calls if other == name]
        assert all(first != second for first, second in pairwise(numbers))


def test_together_all_have_the_same_document() -> None:
    calls = run(2, together=True)
    for start in range(0, len(calls), len(NAMES)):
        assert len({number for _, number in calls[start : start + len(NAMES)]}) == 1


def test_everybody_is_as_far_ahead_as_wanted() -> None:
    calls: list[tuple[str, int]] = []
    contenders = {
        name: lambda number, name=name: calls.append((name, number)) for name in "abc"
    }
    in_turns(contenders, 12, rounds=1, apart=4)
    for start in range(0, len(calls), 3):
        place = dict(calls[start : start + 3])
        assert (place["b"] - place["a"]) % 12 == (place["c"] - place["b"]) % 12 == 4


def test_relatives_do_not_follow_each_other_within_a_turn() -> None:
    calls = run(4)
    for start in range(0, len(calls), len(NAMES)):
        families = [name[0] for name, _ in calls[start : start + len(NAMES)]]
        assert all(first != second for first, second in pairwise(families))


def test_the_order_changes() -> None:
    calls = run(4)
    count = len(NAMES)
    turns = [tuple(n for n, _ in calls[i : i + count]) for i in range(0, len(calls), count)]
    assert len(set(turns)) == len(turns)


@pytest.mark.parametrize("count", [2, 3, 8])
def test_everybody_is_first_as_often(count: int) -> None:
    calls: list[int] = []
    contenders = {i: stopwatch(calls.append, [i]) for i in range(count)}
    in_turns(contenders, rounds=2 * count)
    assert set(Counter(calls[::count]).values()) == {2}


@pytest.mark.parametrize(("seconds", "rounds"), [(0.0, 4), (-5.0, 4), (1e9, 50)])
def test_rounds_are_within_bounds(seconds: float, rounds: int) -> None:
    shares: list[float] = []
    measured = in_turns(
        {"a": lambda _: 0}, rounds=(4, 50), seconds=seconds, report=shares.append
    )
    assert [len(values) for values in measured["a"]] == [rounds]
    assert len(shares) == rounds
    assert shares == sorted(shares)
    assert shares[-1] <= 1


def test_what_is_measured_stands_by_document_and_round() -> None:
    turns: list[int] = []

    def contender(number: int) -> tuple[int, int]:
        turns.append(number)
        return number, turns.count(number)

    measured = in_turns({"a": contender}, 2, rounds=2)
    assert measured == {"a": [[(0, 1), (0, 2)], [(1, 1), (1, 2)]]}


def test_a_stopwatch_works_with_the_document() -> None:
    seen: list[str] = []
    turn = stopwatch(seen.append, ["a", "b"])
    assert turn(1) >= 0
    assert seen == ["b"]


def test_the_collector_rests_meanwhile_and_works_again() -> None:
    assert in_turns({"a": lambda _: gc.isenabled()}, rounds=1) == {"a": [[False]]}
    assert gc.isenabled()


def test_a_swept_turn_is_the_turn() -> None:
    seen: list[int] = []

    def turn(number: int) -> int:
        seen.append(number)
        return number + 1

    assert swept(turn)(3) == 4
    assert seen == [3]
