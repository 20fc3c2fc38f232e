"""Ratios of what was measured in the same turn, and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import median
from typing import NamedTuple

_DEVIATIONS = 1.96  # of a normal distribution, within which 95 % of it are


class Middle(NamedTuple):
    """The middle of some values."""

    median: float
    error: float  # what the median of others like them differs by at most, 19 times of 20


def middle(values: Sequence[float]) -> Middle:
    """Return the median, and its error by the ranks around it, whatever the distribution.

    Of n values as many as of n tosses of a coin are below the true median: n / 2, with a
    standard deviation of sqrt(n) / 2.
    """
    some = sorted(values)
    last = len(some) - 1
    reach = _DEVIATIONS * sqrt(len(some)) / 2
    least, most = (some[min(last, max(0, round(last / 2 + way)))] for way in (-reach, reach))
    return Middle(median(some), (most - least) / 2)


def in_pairs(values: Sequence[float], base: Sequence[float]) -> list[float]:
    """Return each value by that of the base in the same place."""
    return [value / other for value, other in zip(values, base, strict=True)]
