"""The targets for the encoder, and whether measurements meet them."""

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

ALL_DEFLATE, FASTEST_ISAL, OTHER_DEFLATE = "DEFLATE", "ISA-L 0-2", "other DEFLATE"
"""The groups of the points that targets name: all of them in the classes up to 16 KB; above
those, ISA-L's fast levels, which give up ratio for speed, and the others."""

ZSTD, NO_TARGET = "zstd, same level", "cramjam"
"""The groups that have no target: points that write zstd, and the other DEFLATE points."""

_TARGET_FAMILIES = {"zlib", "zlib-ng", "isal", "libdeflate"}
_SMALL_END = 16384
# By group: what the least lead and the geometric mean must be, and should.
_LEADS = {
    ALL_DEFLATE: {"least lead": (1.0, 1.3), "mean lead": (1.5, 2.0)},
    OTHER_DEFLATE: {"least lead": (1.0, 1.3), "mean lead": (1.3, 1.6)},
    FASTEST_ISAL: {"least lead": (0.8, 1.0)},
}

Sizes = Mapping[int, tuple[int, int]]  # by level: the summed bytes of ours and of zlib's


def group_of(rival: Score, size_class: str) -> str | None:
    """Return the group of points that a rival's counts in; None if it counts in none."""
    if rival.coding == "zstd":
        return ZSTD
    # The gzip module runs zlib, which is measured already.
    if rival.coding != "deflate" or rival.family == GZIP:
        return None
    if rival.family not in _TARGET_FAMILIES:
        return NO_TARGET
    if SIZE_CLASSES[size_class] <= _SMALL_END:
        return ALL_DEFLATE
    return FASTEST_ISAL if rival.family == "isal" and rival.level <= 2 else OTHER_DEFLATE


def summarise_groups(scores: Sequence[Score], size_class: str) -> dict[str, Summary]:
    """Return our leads over each group of points in a size class."""
    groups: dict[str, dict[str, float]] = {}
    for score in scores:
        group = None if score.is_ours else group_of(score, size_class)
        if group and (lead := find_lead(score, scores)):
            groups.setdefault(group, {})[score.name] = lead.factor
    return {group: summarise(leads) for group, leads in groups.items()}


def judge_leads(summaries: Mapping[str, Summary], size_class: str) -> list[Verdict]:
    """Return what is reached of the least and the mean lead over each group."""
    verdicts = []
    for group, targets in _LEADS.items():
        if summary := summaries.get(group):
            remark = f"{group}: {len(summary.missed)} of {summary.count} ratios not reached"
            for target, (must, aim) in targets.items():
                lead = summary.minimum if target == "least lead" else summary.mean
                verdicts.append(Verdict(target, size_class, lead, must, aim, remark=remark))
    return verdicts


def judge_level_6(scores: Iterable[Score], size_class: str) -> list[Verdict]:
    """Return the verdict on the speed of level 6 in a size class; none if it was not run."""
    speeds = {(score.family, score.level): score.speed for score in scores}
    ours, gzips = speeds.get((OURS, 6)), speeds.get((GZIP, 6))
    if not ours or not gzips:
        return []
    target = "speed of level 6 by gzip.compress(.., 6)"
    return [Verdict(target, size_class, ours / gzips, 3.0, 5.0)]


def judge_sizes(sizes: Mapping[str, Sizes]) -> list[Verdict]:
    """Return the verdicts on the ratios of the levels, per size class and over all."""
    rows = {**sizes, **({"all": add_sizes(sizes.values())} if len(sizes) > 1 else {})}
    verdicts = []
    for size_class, levels in rows.items():
        shares = {level: zlibs / ours for level, (ours, zlibs) in levels.items()}
        worst = min(shares, key=shares.__getitem__)
        target, remark = "ratio of level N by zlib's, the worst N", f"level {worst}"
        verdicts.append(Verdict(target, size_class, shares[worst], 0.995, 1.0, remark=remark))
    return verdicts


def add_sizes(sizes: Iterable[Sizes]) -> Sizes:
    """Return the sizes of each level over all size classes."""
    totals: dict[int, tuple[int, int]] = {}
    for levels in sizes:
        for level, (ours, zlibs) in levels.items():
            total = totals.get(level, (0, 0))
            totals[level] = total[0] + ours, total[1] + zlibs
    return totals
