"""How far ahead of the rivals we are: pure functions over speeds and ratios.

Our lead over a rival's point is the best speed among our comparable levels that reach its
ratio, divided by its speed. Comparable are all our gzip levels to a point that writes DEFLATE,
and our zstd level N to level N of a rival that writes zstd. A point whose ratio none of ours
reaches is missed: it counts as a lead of 0 in a minimum, and a geometric mean leaves it out.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass

RATIO_TOLERANCE = 0.998
"""The share of a rival's ratio that a level of ours must reach to be compared with it."""

OURS, OUR_ZSTD = "pyfastgz", "pyfastgz zstd"
"""The families of our gzip levels and of our zstd levels."""


@dataclass(frozen=True, slots=True)
class Score:
    """What an encoder did to the documents of a size class at one level."""

    family: str  # as in bench.encoders.peers.Point
    level: int
    coding: str  # as in bench.encoders.peers.Point
    speed: float  # bytes by the sum of the least times of each document, in MB/s (10^6 bytes)
    ratio: float  # bytes of the documents by bytes of what they were coded to
    us: float = 0.0  # microseconds a document
    out_nbytes: int = 0  # the summed length of the coded forms in bytes

    @property
    def name(self) -> str:
        """How tables call it: its family and its level."""
        return f"{self.family}-{self.level}"

    @property
    def is_ours(self) -> bool:
        """Whether it is the score of pyfastgz, in any coding."""
        return self.family in {OURS, OUR_ZSTD}


@dataclass(frozen=True, slots=True)
class Lead:
    """Our lead over a rival's point."""

    factor: float  # our speed by its speed; 0 if none of our levels reaches its ratio
    level: int | None  # our level that is so fast; None if none reaches the ratio


MISSED = Lead(0.0, None)
"""The lead over a point whose ratio none of ours reaches."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Our leads over several points."""

    count: int  # the number of points
    missed: tuple[str, ...]  # the names of those whose ratio none of ours reaches
    minimum: float  # the smallest lead; 0 if a point is missed
    minimum_reached: float  # the smallest lead over a point that is not missed; 0 if all are
    mean: float  # the geometric mean over the points that are not missed; 0 if all are


def find_lead(rival: Score, scores: Iterable[Score]) -> Lead | None:
    """Return our lead over a rival's point, or None if there is nothing of ours to compare."""
    comparable = [
        score
        for score in scores
        if score.is_ours
        and score.coding == rival.coding
        and (score.level == rival.level or score.coding != "zstd")
    ]
    if not comparable:
        return None
    reaching = [s for s in comparable if s.ratio >= RATIO_TOLERANCE * rival.ratio]
    best = max(reaching, key=lambda score: score.speed, default=None)
    return Lead(best.speed / rival.speed, best.level) if best else MISSED


def summarise(factors: Mapping[str, float]) -> Summary:
    """Return the minimum and the geometric mean of leads.

    :param factors: by the name of the rival's point; 0 where its ratio is missed.
    :raises ValueError: there are none.
    """
    reached = [factor for factor in factors.values() if factor]
    return Summary(
        count=len(factors),
        missed=tuple(name for name, factor in factors.items() if not factor),
        minimum=min(factors.values()),
        minimum_reached=min(reached, default=0.0),
        mean=statistics.geometric_mean(reached) if reached else 0.0,
    )
