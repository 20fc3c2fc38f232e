"""The targets for the encoder, and whether measurements meet them."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

from bench.corpus.manifest import SIZE_CLASSES
from bench.verdicts import Verdict

from .leads import OURS
from .leads import Score
from .leads import Summary
from .leads import find_lead
from .leads import summarise

GZIP = "gzip"
"""The family of the standard library's gzip module."""

ALL_DEFLATE = "DEFLATE"
"""The group of all points that targets name, in the classes up to 16 KB."""

FASTEST_ISAL = "ISA-L 0-2"
"""The group of ISA-L's fast levels in the classes above: they give up ratio for speed."""

OTHER_DEFLATE = "other DEFLATE"
"""The group of the other points that targets name, in the classes above."""

ZSTD = "zstd, same level"
"""The group of the points that write zstd; it has no target."""

NO_TARGET = "cramjam"
"""The group of the other DEFLATE points; it has no target."""

_TARGET_FAMILIES = {"zlib", "zlib-ng", "isal", "libdeflate"}
_SMALL_END = 16384


_LEADS = {
    ALL_DEFLATE: {"least lead": (1.0, 1.3), "mean lead": (1.5, 2.0)},
    OTHER_DEFLATE: {"least lead": (1.0, 1.3), "mean lead": (1.3, 1.6)},
    FASTEST_ISAL: {"least lead": (0.8, 1.0)},
}
"""By group: what the least lead and the geometric mean must be, and should."""


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
    groups: dict[str, list[Score]] = {}
    for score in scores:
        if not score.is_ours and (group := group_of(score, size_class)):
            groups.setdefault(group, []).append(score)
    summaries = {}
    for group, rivals in groups.items():
        leads = {r.name: lead for r in rivals if (lead := find_lead(r, scores))}
        if leads:
            summaries[group] = summarise(leads)
    return summaries


def judge_leads(summaries: Mapping[str, Summary], size_class: str) -> list[Verdict]:
    """Return the verdicts on the leads in a size class."""
    return [
        Verdict(
            target=target,
            where=size_class,
            measured=summary.minimum if target == "least lead" else summary.mean,
            must=must,
            aim=aim,
            remark=f"{group}: {len(summary.missed)} of {summary.count} ratios not reached",
        )
        for group, targets in _LEADS.items()
        if (summary := summaries.get(group))
        for target, (must, aim) in targets.items()
    ]


def judge_level_6(scores: Iterable[Score], size_class: str) -> list[Verdict]:
    """Return the verdict on the speed of level 6 in a size class; none if it was not run."""
    speeds = {(score.family, score.level): score.speed for score in scores}
    ours, gzips = speeds.get((OURS, 6)), speeds.get((GZIP, 6))
    if not ours or not gzips:
        return []
    target = "speed of level 6 by gzip.compress(.., 6)"
    return [Verdict(target=target, where=size_class, measured=ours / gzips, must=3.0, aim=5.0)]


def judge_sizes(sizes: Mapping[str, Mapping[int, tuple[int, int]]]) -> list[Verdict]:
    """Return the verdicts on the ratios of the levels, per size class and over all.

    :param sizes: by size class and level: the summed bytes of ours and of zlib's.
    """
    rows = dict(sizes)
    if len(sizes) > 1:
        rows["all"] = add_sizes(sizes)
    verdicts = []
    for size_class, levels in rows.items():
        worst = min(levels, key=lambda level: levels[level][1] / levels[level][0])
        ours, zlibs = levels[worst]
        verdicts.append(
            Verdict(
                target="ratio of level N by zlib's, the worst N",
                where=size_class,
                measured=zlibs / ours,
                must=0.995,
                aim=1.0,
                remark=f"level {worst}",
            )
        )
    return verdicts


def add_sizes(sizes: Mapping[str, Mapping[int, tuple[int, int]]]) -> dict[int, tuple[int, int]]:
    """Return the sizes of each level over all size classes."""
    totals: dict[int, tuple[int, int]] = {}
    for levels in sizes.values():
        for level, (ours, zlibs) in levels.items():
            total = totals.get(level, (0, 0))
            totals[level] = total[0] + ours, total[1] + zlibs
    return totals
