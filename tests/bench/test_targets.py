from __future__ import annotations

import pytest

from bench.encoders.leads import Score
from bench.encoders.targets import ALL_DEFLATE
from bench.encoders.targets import ZSTD
from bench.encoders.targets import groups_of
from bench.encoders.targets import judge_high_levels
from bench.encoders.targets import judge_leads
from bench.encoders.targets import judge_level_6
from bench.encoders.targets import judge_sizes
from bench.encoders.targets import judge_swept
from bench.encoders.targets import judge_zstd


def rival(family: str, level: int, speed: float = 100.0, coding: str = "deflate") -> Score:
    return Score(family, level, coding, speed, ratio=4.0)


def ours(level: int, speed: float) -> Score:
    return Score("pyfastgz", level, "deflate", speed, ratio=4.0)


@pytest.mark.parametrize(
    ("score", "groups"),
    [
        (rival("isal", 0), []),
        (rival("isal", 2), ["isal 1, 2", ALL_DEFLATE]),
        (rival("isal", 3), ["isal 3", ALL_DEFLATE]),
        (rival("libdeflate", 7), ["libdeflate 5-7", ALL_DEFLATE]),
        (rival("libdeflate", 12), [ALL_DEFLATE]),
        (rival("zlib", 6), [ALL_DEFLATE]),
        (rival("cramjam", 6), [ALL_DEFLATE]),
        (rival("zopfli", 15), []),
        (rival("gzip", 6), []),
        (rival("zstandard", 3, coding="zstd"), [ZSTD]),
        (rival("brotli", 4, coding="br"), []),
    ],
)
def test_points_count_in_their_groups(score: Score, groups: list[str]) -> None:
    assert groups_of(score) == groups


LEADS = [
    ours(1, 160.0),
    rival("zlib", 1, 100.0),
    rival("isal", 0, 1000.0),
    rival("isal", 1, 200.0),
    rival("isal", 2, 100.0),
    rival("libdeflate", 1, 80.0),
    Score("zlib", 9, "deflate", 10.0, ratio=4.1),
]


def test_the_least_lead_of_a_group_and_the_mean_of_all_are_judged() -> None:
    assert [
        (v.target, v.measured, v.reached, v.remark) for v in judge_leads(LEADS, "16-128K")
    ] == [
        ("lead over isal 1, 2", 0.8, "missed", "isal-1"),
        ("lead over libdeflate 1-4", 2.0, "aim", "libdeflate-1"),
        (
            "mean lead over all DEFLATE",
            pytest.approx((1.6 * 0.8 * 1.6 * 2.0) ** (1 / 4)),
            "missed",
            "1 of 5 ratios not reached",
        ),
    ]


def test_a_ratio_that_is_not_reached_is_a_lead_of_0() -> None:
    scores = [ours(1, 160.0), Score("isal", 3, "deflate", 10.0, ratio=4.1)]
    verdicts = {v.target: v for v in judge_leads(scores, "16-128K")}
    assert verdicts["lead over isal 3"].measured == 0
    assert verdicts["lead over isal 3"].remark == "isal-3: ratio not reached"


def test_swept_leads_are_judged_over_all_at_once() -> None:
    (verdict,) = judge_swept(LEADS[:-1], "4-16K")
    assert (verdict.measured, verdict.reached, verdict.remark) == (0.8, "missed", "isal-1")


def test_zstd_is_judged_by_the_package_that_uses_its_context_again() -> None:
    scores = [
        Score("pyfastgz zstd", 3, "zstd", 98.0, 4.0),
        rival("zstandard", 3, 100.0, "zstd"),
        rival("backports.zstd", 3, 300.0, "zstd"),
    ]
    (verdict,) = judge_zstd(scores, "4-16K", "hot")
    assert (verdict.measured, verdict.reached) == (0.98, "must")
    assert judge_zstd(scores[:1], "4-16K", "hot") == []


def test_high_levels_are_judged_by_ratio_and_by_speed() -> None:
    scores = [
        Score("pyfastgz", 9, "deflate", 30.0, 4.0),
        Score("libdeflate", 9, "deflate", 20.0, 4.1),
        Score("pyfastgz", 12, "deflate", 10.0, 5.0),
        Score("zopfli", 15, "deflate", 0.5, 5.0),
    ]
    assert [(v.target, v.reached) for v in judge_high_levels(scores, "4-16K")] == [
        ("ratio of level 9 by libdeflate-9's", "missed"),
        ("speed of level 9 by libdeflate-9's", "aim"),
        ("ratio of level 12 by zopfli-15's", "must"),
        ("speed of level 12 by zopfli-15's", "must"),
    ]


@pytest.mark.parametrize(
    ("speed", "outcome"), [(290.0, "missed"), (300.0, "must"), (500.0, "aim")]
)
def test_level_6_is_judged_against_gzip(speed: float, outcome: str) -> None:
    scores = [ours(6, speed), ours(1, 900.0), rival("gzip", 6, 100.0)]
    assert [v.reached for v in judge_level_6(scores, "4-16K")] == [outcome]


def test_level_6_must_be_faster_with_longer_documents() -> None:
    scores = [ours(6, 300.0), rival("gzip", 6, 100.0)]
    reached = [judge_level_6(scores, name)[0].reached for name in ("< 1.5K", "4-16K", "> 1M")]
    assert reached == ["must", "must", "missed"]


def test_without_gzip_level_6_is_not_judged() -> None:
    assert judge_level_6([ours(6, 100.0)], "4-16K") == []


def test_the_worst_level_is_judged_per_class_and_over_all() -> None:
    sizes = {"< 1.5K": {1: (100, 100), 2: (102, 100)}, "> 1M": {1: (1000, 999), 2: (900, 1000)}}
    assert [(v.where, v.remark, v.reached) for v in judge_sizes(sizes)] == [
        ("< 1.5K", "level 2", "missed"),
        ("> 1M", "level 1", "must"),
        ("all", "level 1", "must"),
    ]
