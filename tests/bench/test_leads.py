from __future__ import annotations

import pytest

from bench.encoders.leads import MISSED
from bench.encoders.leads import Lead
from bench.encoders.leads import Score
from bench.encoders.leads import find_lead
from bench.encoders.leads import summarise


def score(name: str, speed: float, ratio: float, *, coding: str = "deflate") -> Score:
    family, _, level = name.rpartition("-")
    return Score(family, int(level), coding, speed, ratio)


OURS = [
    score("pyfastgz-1", 200.0, 3.0),
    score("pyfastgz-5", 120.0, 4.0),
    # Slower than level 5 without a better ratio: never the best.
    score("pyfastgz-6", 100.0, 4.0),
    score("pyfastgz-9", 50.0, 5.0),
    score("pyfastgz zstd-1", 300.0, 4.0, coding="zstd"),
    score("pyfastgz zstd-3", 250.0, 4.5, coding="zstd"),
]


@pytest.mark.parametrize(
    ("speed", "ratio", "lead"),
    [
        (100.0, 2.5, Lead(2.0, 1)),
        (100.0, 3.0, Lead(2.0, 1)),
        (100.0, 3.5, Lead(1.2, 5)),
        (100.0, 4.5, Lead(0.5, 9)),
        (100.0, 5.1, MISSED),
    ],
)
def test_the_fastest_level_that_reaches_the_ratio_counts(
    speed: float, ratio: float, lead: Lead
) -> None:
    assert find_lead(score("rival-6", speed, ratio), OURS) == lead


def test_two_thousandths_of_the_ratio_are_forgiven() -> None:
    assert find_lead(score("rival-6", 60.0, 4.008), OURS) == Lead(2.0, 5)
    assert find_lead(score("rival-6", 50.0, 4.009), OURS) == Lead(1.0, 9)


def test_zstd_is_compared_at_the_same_level() -> None:
    slow = score("rival-3", 125.0, 4.0, coding="zstd")
    assert find_lead(slow, OURS) == Lead(2.0, 3)
    assert find_lead(score("rival-1", 100.0, 4.1, coding="zstd"), OURS) == MISSED
    assert find_lead(score("rival-2", 100.0, 4.0, coding="zstd"), OURS) is None


def test_other_codings_are_not_compared() -> None:
    assert find_lead(score("rival-1", 10.0, 2.0, coding="br"), OURS) is None


def test_rivals_are_no_answer_to_rivals() -> None:
    rivals = [score("rival-1", 100.0, 2.0), score("rival-2", 50.0, 3.0)]
    assert find_lead(rivals[0], rivals) is None


def test_a_mean_is_geometric() -> None:
    summary = summarise({"a": 1.0, "b": 2.0, "c": 4.0})
    assert (summary.count, summary.missed, summary.minimum) == (3, (), 1.0)
    assert summary.mean == pytest.approx(2.0)


def test_a_missed_point_is_the_minimum_and_not_in_the_mean() -> None:
    summary = summarise({"a": 2.0, "b": 0.0, "c": 8.0})
    assert (summary.count, summary.missed, summary.minimum) == (3, ("b",), 0.0)
    assert summary.minimum_reached == 2.0
    assert summary.mean == pytest.approx(4.0)


def test_there_is_a_summary_where_all_is_missed() -> None:
    summary = summarise({"a": 0.0})
    assert (summary.missed, summary.minimum, summary.mean) == (("a",), 0.0, 0.0)
    assert summary.minimum_reached == 0.0
