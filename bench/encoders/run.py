"""Measures the encoders: every point codes every document, all in turns."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from time import perf_counter

import pyfastgz
from bench.corpus import Document
from bench.results import Run
from bench.results import describe_machine
from tools.kit.turns import in_turns
from tools.kit.turns import stopwatch

from .leads import Score
from .peers import Point

LEVELS = range(1, 10)
"""The levels that ours and zlib's both have, but for level 0, which stores."""

ROUNDS = (4, 50)
"""The rounds that a class gets, however long they take, and those after which the minima hardly
change."""

SECONDS = 330.0
"""The time for all rounds of all classes, unless told otherwise."""

# The zlib format and the gzip format of the same DEFLATE stream, RFC 1950 and RFC 1952.
_ZLIB_FRAME_NBYTES = 2 + 4
_GZIP_FRAME_NBYTES = 10 + 8


@dataclass(frozen=True, slots=True)
class Row:
    """What a point did to the documents of a size class."""

    size_class: str  # one of bench.corpus.manifest.SIZE_CLASSES
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
        zlibs += len(zlib.compress(document.body, level))
        zlibs += _GZIP_FRAME_NBYTES - _ZLIB_FRAME_NBYTES
    return ours, zlibs


def measure(
    points: Sequence[Point],
    documents: Sequence[Document],
    *,
    rounds: int | tuple[int, int],
    seconds: float,
    report: Callable[[float], object] = lambda share: None,
) -> tuple[list[Row], int]:
    """Return what each point did to the documents of a size class, and the number of rounds.

    :param rounds: how many, or the least and the most.
    :param seconds: how long more than the least may take.
    :param report: is told after each round which share of the work is done, up to 1.
    :raises ValueError: an output does not decode to its document.
    """
    sizes = [sum(_checked_nbytes(p, document) for document in documents) for p in points]
    bodies = [document.body for document in documents]
    families = {point.name: point.family for point in points}
    times = in_turns(
        {point.name: stopwatch(point.encode, bodies) for point in points},
        len(bodies),
        rounds=rounds,
        seconds=seconds,
        family=families.__getitem__,
        report=report,
    )
    rows = []
    for point, nbytes in zip(points, sizes, strict=True):
        us = sum(map(min, times[point.name])) / len(bodies) / 1000
        size_class = documents[0].size_class
        rows.append(
            Row(size_class, point.family, point.level, point.coding, round(us, 4), nbytes)
        )
    return rows, len(times[points[0].name][0])


def run(
    documents: Sequence[Document],
    points: Sequence[Point],
    *,
    half: str | None = None,
    rounds: int | None = None,
    seconds: float = SECONDS,
    report: Callable[[str, float], object] = lambda what, share: None,
) -> Run[Row]:
    """Return what was measured, by size class.

    :param documents: those of a class stand together.
    :param half: the half of the corpus that the documents are.
    :param rounds: how many; None for as many as a time allows.
    :param seconds: that time, in seconds.
    :param report: is told which share of a class is done.
    """
    deadline = perf_counter() + seconds
    measured: Run[Row] = Run(
        {
            "machine": describe_machine(),
            "half": half,
            "versions": {point.family: point.version for point in points},
            "classes": {},
            "zlib_nbytes": {},
        }
    )
    classes = [(n, list(some)) for n, some in groupby(documents, lambda d: d.size_class)]
    for number, (name, members) in enumerate(classes):

        def report_class(share: float, name: str = name) -> None:
            report(name, share)

        # What a class does not need of its share is for those that come after it.
        rows, done = measure(
            points,
            members,
            rounds=rounds or ROUNDS,
            seconds=(deadline - perf_counter()) / (len(classes) - number),
            report=report_class,
        )
        measured.rows += rows
        measured.how["classes"][name] = {
            "documents": len(members),
            "in_nbytes": sum(len(document.body) for document in members),
            "rounds": done,
        }
        measured.how["zlib_nbytes"][name] = [level_sizes(members, n)[1] for n in LEVELS]
    return measured


def scores(measured: Run[Row]) -> dict[str, list[Score]]:
    """Return the scores of all points, by size class."""
    found: dict[str, list[Score]] = {name: [] for name in measured.how["classes"]}
    for row in measured.rows:
        documents = measured.how["classes"][row.size_class]
        found[row.size_class].append(
            Score(
                row.family,
                row.level,
                row.coding,
                us=row.us,
                out_nbytes=row.out_nbytes,
                speed=documents["in_nbytes"] / (row.us * documents["documents"]),
                ratio=documents["in_nbytes"] / row.out_nbytes,
            )
        )
    return found


def _checked_nbytes(point: Point, document: Document) -> int:
    coded = bytes(point.encode(document.body))
    if bytes(point.decode(coded)) != document.body:
        raise ValueError(f"{document.name} does not survive {point.name}")
    return len(coded)
