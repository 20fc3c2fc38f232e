from __future__ import annotations

import pytest

from bench.encoders.leads import Score
from bench.encoders.targets import ALL_DEFLATE
from bench.encoders.targets import FASTEST_ISAL
from bench.encoders.targets import NO_TARGET
from bench.encoders.targets import OTHER_DEFLATE
from bench.encoders.targets import ZSTD
from bench.encoders.targets import group_of
from bench.encoders.targets import judge_leads
from bench.encoders.targets import judge_level_6
from bench.encoders.targets import judge_sizes
from bench.encoders.targets import summarise_groups


def rival(family: str, level: int, speed: float = 100.0, coding: str = "deflate") -> Score:
    return Score(family, level, coding, speed, ratio=4.0)


def ours(level: int, speed: float) -> Score:
    return Score("pyfastgz", level, "deflate", speed, ratio=4.0)


@pytest.mark.parametrize(
    ("score", "small", "large"),
    [
        (rival("isal", 0), ALL_DEFLATE, FASTEST_ISAL),
        (rival("isal", 2), ALL_DEFLATE, FASTEST_ISAL),
        (rival("isal", 3), ALL_DEFLATE, OTHER_DEFLATE),
        (rival("zlib", 6), ALL_DEFLATE, OTHER_DEFLATE),
        (rival("cramjam", 6), NO_TARGET, NO_TARGET),
        (rival("zstandard", 3, coding="zstd"), ZSTD, ZSTD),
        (rival("brotli", 4, coding="br"), None, None),
        (rival("gzip", 6), None, None),
    ],
)
def test_points_count_in_their_groups(
    score: Score, small: str | None, large: str | None
) -> None:
    assert group_of(score, "4-16K") == small
    assert group_of(score, "16-128K") == large


def test_leads_are_judged_per_group() -> None:
    scores = [
        ours(1, 160.0),
        rival("zlib", 1, 100.0),
        rival("isal", 1, 200.0),
        rival("libdeflate", 1, 100.0),
    ]
    large = judge_leads(summarise_groups(scores, "16-128K"), "16-128K")
    assert [(v.target, v.measured, v.reached) for v in large] == [
        ("least lead", 1.6, "aim"),
        ("mean lead", pytest.approx(1.6), "aim"),
        ("least lead", 0.8, "must"),
    ]
    small = judge_leads(summarise_groups(scores, "4-16K"), "4-16K")
    assert [(v.target, v.measured, v.reached) for v in small] == [
        ("least lead", 0.8, "missed"),
        ("mean lead", pytest.approx((1.6 * 1.6 * 0.8) ** (1 / 3)), "missed"),
    ]


@pytest.mark.parametrize(
    ("speed", "outcome"), [(250.0, "missed"), (300.0, "must"), (500.0, "aim")]
)
def test_level_6_is_judged_against_gzip(speed: float, outcome: str) -> None:
    scores = [ours(6, speed), ours(1, 900.0), rival("gzip", 6, 100.0)]
    assert [v.reached for v in judge_level_6(scores, "4-16K")] == [outcome]


def test_without_gzip_level_6_is_not_judged() -> None:
    assert judge_level_6([ours(6, 100.0)], "4-16K") == []


def test_the_worst_level_is_judged_per_class_and_over_all() -> None:
    sizes = {"< 1.5K": {1: (100, 100), 2: (102, 100)}, "> 1M": {1: (1000, 997), 2: (900, 1000)}}
    assert [(v.where, v.remark, v.reached) for v in judge_sizes(sizes)] == [
        ("< 1.5K", "level 2", "missed"),
        ("> 1M", "level 1", "must"),
        ("all", "level 1", "must"),
    ]
