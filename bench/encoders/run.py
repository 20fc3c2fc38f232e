"""Measures the encoders: every point codes every document, all in turns."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from time import perf_counter

import pyfastgz
from bench.corpus import Document
from bench.results import Report
from bench.results import Run
from bench.results import nobody
from tools.kit.turns import in_turns
from tools.kit.turns import stopwatch
from tools.kit.usage import describe_machine

from .leads import Score
from .peers import Point

LEVELS = range(1, 10)
"""The levels that ours and zlib's both have, but for level 0, which stores."""

ROUNDS = (4, 50)
"""The rounds that a class gets however long they take, and after which minima hardly change."""

SECONDS = 330.0
"""The time for all rounds of all classes, unless told otherwise."""

# What the gzip format has more than the zlib format (RFC 1952, RFC 1950) around one stream.
_GZIP_MORE_NBYTES = (10 + 8) - (2 + 4)


@dataclass(frozen=True, slots=True)
class Row:
    """What a point did to the documents of a size class."""

    size_class: str
    family: str  # as in bench.encoders.peers.Point
    level: int
    coding: str  # as in bench.encoders.peers.Point
    us: float  # microseconds a document: the mean of the least times of each
    out_nbytes: int  # the summed length of the coded forms in bytes


def level_sizes(documents: Iterable[Document], level: int) -> tuple[int, int]:
    """Return the summed sizes in bytes of the gzip forms at a level: ours and zlib's."""
    ours = zlibs = 0
    for document in documents:
        ours += len(pyfastgz.compress(document.body, "gzip", level=level))
        zlibs += len(zlib.compress(document.body, level)) + _GZIP_MORE_NBYTES
    return ours, zlibs


def measure(
    points: Sequence[Point],
    documents: Sequence[Document],
    *,
    rounds: int | tuple[int, int],
    seconds: float,
    report: Report = nobody,
) -> tuple[list[Row], int]:
    """Return what each point did to the documents of a size class, and the number of rounds.

    :param rounds: how many, or the least and the most.
    :param seconds: how long more than the least may take.
    :raises ValueError: an output does not decode to its document.
    """
    sizes = [sum(_checked_nbytes(p, document) for document in documents) for p in points]
    size_class = documents[0].size_class
    families = {point.name: point.family for point in points}
    bodies = [document.body for document in documents]
    times = in_turns(
        {point.name: stopwatch(point.encode, bodies) for point in points},
        len(bodies),
        rounds=rounds,
        seconds=seconds,
        family=families.__getitem__,
        report=partial(report, size_class),
    )
    rows = []
    for point, nbytes in zip(points, sizes, strict=True):
        us = round(sum(map(min, times[point.name])) / len(bodies) / 1000, 4)
        rows.append(Row(size_class, point.family, point.level, point.coding, us, nbytes))
    return rows, len(times[points[0].name][0])


def run(
    documents: Sequence[Document],
    points: Sequence[Point],
    *,
    half: str | None = None,
    rounds: int | None = None,
    seconds: float = SECONDS,
    report: Report = nobody,
) -> Run[Row]:
    """Return what was measured, by size class.

    :param documents: those of a class stand together.
    :param half: the half of the corpus that they are.
    :param rounds: how many; None for as many as a time allows.
    :param seconds: that time, in seconds.
    """
    deadline = perf_counter() + seconds
    versions = {point.family: point.version for point in points}
    how = {"machine": describe_machine(), "half": half, "versions": versions}
    measured: Run[Row] = Run({**how, "classes": {}, "zlib_nbytes": {}})
    classes = [(n, list(some)) for n, some in groupby(documents, lambda d: d.size_class)]
    for number, (name, members) in enumerate(classes):
        # What a class does not need of its share is for those that come after it.
        share = (deadline - perf_counter()) / (len(classes) - number)
        how_many = rounds or ROUNDS
        rows, done = measure(points, members, rounds=how_many, seconds=share, report=report)
        measured.rows += rows
        nbytes = sum(len(document.body) for document in members)
        of_class = {"documents": len(members), "in_nbytes": nbytes, "rounds": done}
        measured.how["classes"][name] = of_class
        measured.how["zlib_nbytes"][name] = [level_sizes(members, n)[1] for n in LEVELS]
    return measured


def scores(measured: Run[Row]) -> dict[str, list[Score]]:
    """Return the scores of all points, by size class."""
    found: dict[str, list[Score]] = {name: [] for name in measured.how["classes"]}
    for row in measured.rows:
        of_class = measured.how["classes"][row.size_class]
        speed = of_class["in_nbytes"] / (row.us * of_class["documents"])
        ratio = of_class["in_nbytes"] / row.out_nbytes
        score = Score(row.family, row.level, row.coding, speed, ratio, row.us, row.out_nbytes)
        found[row.size_class].append(score)
    return found


def _checked_nbytes(point: Point, document: Document) -> int:
    coded = bytes(point.encode(document.body))
    if bytes(point.decode(coded)) != document.body:
        raise ValueError(f"{document.name} does not survive {point.name}")
    return len(coded)
