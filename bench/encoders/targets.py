"""The targets for the encoder, and whether measurements meet them.

A lead is that of our fastest level that reaches the point's ratio: see ``leads``.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

from bench.corpus import SIZE_CLASSES
from bench.verdicts import Verdict

from .leads import OURS
from .leads import Score
from .leads import Summary
from .leads import find_lead
from .leads import summarise

GZIP = "gzip"
"""The family of the standard library's gzip module."""

ALL_DEFLATE, ZSTD = "DEFLATE", "zstd, same level"
"""The groups of all points that write DEFLATE, and of those that write zstd."""

REUSED_ZSTD = "zstandard"
"""The family that zstd's targets name: its context is used again, as ours is."""

_LEADS = {
    "isal 1, 2": ("isal", range(1, 3), 1.0, 1.2),
    "isal 3": ("isal", range(3, 4), 1.3, 1.5),
    "libdeflate 1-4": ("libdeflate", range(1, 5), 1.5, 2.0),
    "libdeflate 5-7": ("libdeflate", range(5, 8), 1.2, 1.5),
}
"""The groups that have a least lead each: family, levels, what it must be, and should."""

_MEAN_LEAD = (1.6, 2.0)
_SWEPT_LEAD = (1.0, 1.3)
_ZSTD_LEAD = (0.97, 1.1)
_LEVEL_RATIO = (0.998, 1.002)
# By the size that a class's documents are below: level 6 by gzip's speed.
_LEVEL_6 = {4096: (2.5, 4.0), 16384: (3.0, 5.0), max(SIZE_CLASSES.values()): (4.0, 6.0)}

# Our level, a rival's point, which figure of both is compared, what it must be, and should.
_HIGH_LEVELS = (
    (9, ("libdeflate", 9), "ratio", 1.0, None),
    (9, ("libdeflate", 9), "speed", 1.0, 1.5),
    (10, ("libdeflate", 10), "ratio", 1.0, None),
    (10, ("libdeflate", 10), "speed", 1.5, 3.0),
    (12, ("libdeflate", 12), "ratio", 1.0, None),
    (12, ("zopfli", 15), "ratio", 0.999, None),
    (12, ("zopfli", 15), "speed", 10.0, 30.0),
)

# Leads over these would tell of them more than of us: ISA-L's level 0 gives up a third of the
# ratio for its speed, and the gzip module runs zlib, which is measured already. Zopfli takes
# a hundred times as long as most.
_NOT_IN_MEAN = {("isal", 0)}
_NOT_IN_MEAN_FAMILIES = {GZIP, "zopfli"}

Sizes = Mapping[int, tuple[int, int]]  # by level: the summed bytes of ours and of zlib's


def groups_of(rival: Score) -> list[str]:
    """Return the groups of points that a rival's counts in."""
    if rival.coding == "zstd":
        return [ZSTD]
    if (
        rival.coding != "deflate"
        or rival.family in _NOT_IN_MEAN_FAMILIES
        or (rival.family, rival.level) in _NOT_IN_MEAN
    ):
        return []
    found = [
        group
        for group, (family, levels, *_) in _LEADS.items()
        if rival.family == family and rival.level in levels
    ]
    return [*found, ALL_DEFLATE]


def summarise_groups(scores: Sequence[Score]) -> dict[str, Summary]:
    """Return our leads over each group of points in a size class."""
    groups: dict[str, dict[str, float]] = {}
    for score in scores:
        for group in [] if score.is_ours else groups_of(score):
            if lead := find_lead(score, scores):
                groups.setdefault(group, {})[score.name] = lead.factor
    order = [*_LEADS, ALL_DEFLATE, ZSTD]
    return {group: summarise(groups[group]) for group in order if group in groups}


def judge_leads(scores: Sequence[Score], size_class: str) -> list[Verdict]:
    """Return what is reached of the least leads, and of the mean lead over all points."""
    verdicts = []
    for group, (family, levels, *marks) in _LEADS.items():
        some = [s for s in scores if s.family == family and s.level in levels]
        verdicts += _least_lead(f"lead over {group}", some, scores, size_class, marks)
    if summary := summarise_groups(scores).get(ALL_DEFLATE):
        target = "mean lead over all DEFLATE"
        remark = f"{len(summary.missed)} of {summary.count} ratios not reached"
        verdicts.append(Verdict(target, size_class, summary.mean, *_MEAN_LEAD, remark=remark))
    return verdicts


def judge_swept(scores: Sequence[Score], size_class: str) -> list[Verdict]:
    """Return what is reached, caches swept, of the least lead over points with a target."""
    some = [s for s in scores if not s.is_ours and not _LEADS.keys().isdisjoint(groups_of(s))]
    return _least_lead(
        "lead over isal 1-3, libdeflate 1-7, swept", some, scores, size_class, _SWEPT_LEAD
    )


def judge_zstd(scores: Sequence[Score], size_class: str, how: str) -> list[Verdict]:
    """Return what is reached of the least lead over zstd at the same level.

    :param how: in which state the caches were.
    """
    some = [score for score in scores if score.family == REUSED_ZSTD]
    target = f"zstd by {REUSED_ZSTD} at the same level, {how}"
    return _least_lead(target, some, scores, size_class, _ZSTD_LEAD)


def judge_level_6(scores: Iterable[Score], size_class: str) -> list[Verdict]:
    """Return the verdict on the speed of level 6 in a size class; none if it was not run."""
    speeds = {(score.family, score.level): score.speed for score in scores}
    ours, gzips = speeds.get((OURS, 6)), speeds.get((GZIP, 6))
    if not ours or not gzips:
        return []
    marks = next(some for end, some in _LEVEL_6.items() if SIZE_CLASSES[size_class] <= end)
    target = "speed of level 6 by gzip.compress(.., 6)"
    return [Verdict(target, size_class, ours / gzips, *marks)]


def judge_high_levels(scores: Iterable[Score], size_class: str) -> list[Verdict]:
    """Return the verdicts on levels 9, 10 and 12, as far as they and their rivals were run."""
    points = {(score.family, score.level): score for score in scores}
    verdicts = []
    for level, rival, what, must, aim in _HIGH_LEVELS:
        mine, its = points.get((OURS, level)), points.get(rival)
        if mine and its:
            measured = getattr(mine, what) / getattr(its, what)
            target = f"{what} of level {level} by {its.name}'s"
            verdicts.append(Verdict(target, size_class, measured, must, aim))
    return verdicts


def judge_sizes(sizes: Mapping[str, Sizes]) -> list[Verdict]:
    """Return the verdicts on the ratios of the levels, per size class and over all."""
    rows = {**sizes, **({"all": add_sizes(sizes.values())} if len(sizes) > 1 else {})}
    verdicts = []
    for size_class, levels in rows.items():
        shares = {level: zlibs / ours for level, (ours, zlibs) in levels.items()}
        worst = min(shares, key=shares.__getitem__)
        target, remark = "ratio of level N by zlib's, the worst N", f"level {worst}"
        share = shares[worst]
        verdicts.append(Verdict(target, size_class, share, *_LEVEL_RATIO, remark=remark))
    return verdicts


def add_sizes(sizes: Iterable[Sizes]) -> Sizes:
    """Return the sizes of each level over all size classes."""
    totals: dict[int, tuple[int, int]] = {}
    for levels in sizes:
        for level, (ours, zlibs) in levels.items():
            total = totals.get(level, (0, 0))
            totals[level] = total[0] + ours, total[1] + zlibs
    return totals


def _least_lead(
    target: str,
    rivals: Sequence[Score],
    scores: Sequence[Score],
    size_class: str,
    marks: Sequence[float],
) -> list[Verdict]:
    """Return the verdict on our least lead over some points; none if there are none."""
    leads = {rival.name: lead for rival in rivals if (lead := find_lead(rival, scores))}
    if not leads:
        return []
    worst = min(leads, key=lambda name: leads[name].factor)
    remark = worst if leads[worst].level is not None else f"{worst}: ratio not reached"
    must, aim = marks
    return [Verdict(target, size_class, leads[worst].factor, must, aim, remark=remark)]
