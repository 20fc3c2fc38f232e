"""Times encoders over the documents of a size class, all in turns, each call another document.

Runs one after the other would show the noise of the machine as differences, so every point
codes one document before any codes the next. Branch predictors learn a short document by heart
within a few calls, which no server sees: a point, and its relatives that run the same code, get
another document each time, and a stranger's call comes between.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from itertools import groupby
from math import gcd
from math import inf
from time import perf_counter
from time import perf_counter_ns
from typing import TYPE_CHECKING

from .leads import Score

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from .corpus import Document
    from .peers import Point

MIN_ROUNDS = 4
"""The number of rounds that a class gets, however long they take."""

MAX_ROUNDS = 50
"""The number of rounds after which the minima hardly change."""


@dataclass(slots=True)
class Measurement:
    """What a point did to each document of a class."""

    point: Point
    """The point."""
    in_nbytes: int
    """The summed length of the documents in bytes."""
    out_nbytes: int
    """The summed length of the coded forms in bytes."""
    least_ns: list[float] = field(default_factory=list)
    """The least time of the rounds in nanoseconds, for each document."""

    @property
    def score(self) -> Score:
        """The speed and the ratio."""
        return Score(
            self.point.family,
            self.point.level,
            self.point.coding,
            self.point.is_ours,
            speed=1000 * self.in_nbytes / sum(self.least_ns),
            ratio=self.in_nbytes / self.out_nbytes,
        )

    @property
    def us_per_document(self) -> float:
        """The mean of the least times in microseconds."""
        return sum(self.least_ns) / len(self.least_ns) / 1000


def measure(
    points: Sequence[Point],
    documents: Sequence[Document],
    *,
    rounds: int | None,
    seconds: float,
    report: Callable[[float], None] = lambda share: None,
) -> tuple[list[Measurement], int]:
    """Return what each point did to the documents, and the number of rounds.

    :param rounds: how many; None for as many as a time allows, :data:`MIN_ROUNDS` to
        :data:`MAX_ROUNDS`.
    :param seconds: that time, in seconds.
    :param report: is told after each round which share of the work is done, up to 1.
    :raises ValueError: an output does not decode to its document.
    """
    bodies = [document.body for document in documents]
    results = [
        Measurement(
            point,
            in_nbytes=sum(map(len, bodies)),
            out_nbytes=sum(_checked_nbytes(point, document) for document in documents),
            least_ns=[inf] * len(bodies),
        )
        for point in points
    ]
    orders = _orders(points)
    start = perf_counter()
    least, most = (rounds, rounds) if rounds else (MIN_ROUNDS, MAX_ROUNDS)
    done = 0
    while done < least or (done < most and perf_counter() - start < seconds):
        with without_collector():
            _run_round(results, bodies, orders, done)
        done += 1
        share = done / most
        if not rounds and seconds > 0:
            share = max(share, min(1.0, (perf_counter() - start) / seconds))
        report(share)
    return results, done


def _run_round(
    results: list[Measurement], bodies: list[bytes], orders: list[list[int]], number: int
) -> None:
    """Let every point code every document once."""
    for turn in range(len(bodies)):
        step = number * len(bodies) + turn
        order = orders[step % len(orders)]
        first = step % len(order)
        for i in order[first:] + order[:first]:
            result = results[i]
            place = (turn + i) % len(bodies)
            body = bodies[place]
            encode = result.point.encode
            start = perf_counter_ns()
            coded = encode(body)
            elapsed = perf_counter_ns() - start
            del coded
            result.least_ns[place] = min(result.least_ns[place], elapsed)


def _orders(points: Sequence[Point]) -> list[list[int]]:
    """Return orders of the points in which relatives never follow each other.

    Whoever follows a relative finds its code and its tables in the caches, so that a family of
    many levels would look faster than a single rival. The points are listed by family: an order
    that walks round the list in steps at least as long as the longest family never meets one
    twice in a row.
    """
    count = len(points)
    longest = max(len(list(group)) for _, group in groupby(points, lambda point: point.family))
    strides = [s for s in range(longest, count - longest + 1) if gcd(s, count) == 1] or [1]
    return [[(stride * i) % count for i in range(count)] for stride in strides]


def _checked_nbytes(point: Point, document: Document) -> int:
    coded = bytes(point.encode(document.body))
    if bytes(point.decode(coded)) != document.body:
        raise ValueError(f"{document.name} does not survive {point.name}")
    return len(coded)


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the garbage collector out of the times."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
