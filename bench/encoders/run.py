"""Measures the encoders: every point codes every document, all in turns.

Documents of up to 16 KB are coded once more by all with the processor's caches swept before
each call, as a server's own work does. Both are measured in one run, one after the other: a
swept turn would sweep the caches of the next one, too.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from time import perf_counter
from time import perf_counter_ns

import pyfastgz
from bench.corpus import SIZE_CLASSES
from bench.corpus import Document
from bench.results import Report
from bench.results import Run
from bench.results import nobody
from tools.kit.turns import in_turns
from tools.kit.turns import swept
from tools.kit.usage import describe_machine

from .leads import Score
from .peers import Point

LEVELS = range(1, 10)
"""The levels that ours and zlib's both have, but for level 0, which stores."""

ROUNDS = (4, 50)
"""The rounds that a class gets however long they take, and after which minima hardly change."""

SLOW_ROUNDS = (1, 10)
"""The same for slow points."""

SECONDS = 330.0
"""The time for all rounds of all classes, unless told otherwise."""

SWEPT_END = 16384
"""Classes of documents of so many bytes at most are measured with caches swept, too."""

# The shares of a class's time that go to swept caches, and to slow points.
_SWEPT_SHARE, _SLOW_SHARE = 0.35, 0.15

# What would take a run minutes is left out: zopfli takes 12 seconds a megabyte.
_TOO_SLOW = {("zopfli", "> 1M")}

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
    swept_us: float = 0.0  # the same as us with caches swept; 0 if that was not measured


def level_sizes(documents: Iterable[Document], level: int) -> tuple[int, int]:
    """Return the summed sizes in bytes of the gzip forms at a level: ours and zlib's."""
    ours = zlibs = 0
    for document in documents:
        ours += len(pyfastgz.compress(document.body, "gzip", level=level))
        zlibs += len(zlib.compress(document.body, level)) + _GZIP_MORE_NBYTES
    return ours, zlibs


class _Turns:
    """The turns of a point: codes documents, and checks what it made of each the first time."""

    def __init__(self, point: Point, documents: Sequence[Document]) -> None:
        self._point = point
        self._documents = documents
        self.nbytes: dict[int, int] = {}
        """The length of the coded form in bytes, by number of the document."""

    def __call__(self, number: int) -> int:
        """Code a document, and return how many nanoseconds that took.

        :raises ValueError: what it made does not decode to the document.
        """
        encode, body = self._point.encode, self._documents[number].body
        start = perf_counter_ns()
        coded = encode(body)
        elapsed = perf_counter_ns() - start
        if number not in self.nbytes:
            self._check(number, bytes(coded))
        return elapsed

    def _check(self, number: int, coded: bytes) -> None:
        document = self._documents[number]
        if bytes(self._point.decode(coded)) != document.body:
            raise ValueError(f"{document.name} does not survive {self._point.name}")
        self.nbytes[number] = len(coded)


def measure(
    points: Sequence[Point],
    documents: Sequence[Document],
    *,
    rounds: int | tuple[int, int],
    seconds: float,
    report: Report = nobody,
) -> tuple[list[Row], dict[str, int]]:
    """Return what each point did to the documents of a size class, and the numbers of rounds.

    :param rounds: how many, or the least and the most; slow points take fewer.
    :param seconds: how long more than the least may take.
    :raises ValueError: an output does not decode to its document.
    """
    size_class = documents[0].size_class
    points = [point for point in points if (point.family, size_class) not in _TOO_SLOW]
    all_turns = {point.name: _Turns(point, documents) for point in points}
    families = {point.name: point.family for point in points}
    done: dict[str, int] = {}

    def least_us(
        what: str,
        some: Sequence[Point],
        share: float,
        how_many: int | tuple[int, int],
        way: Callable[[_Turns], Callable[[int], int]] = lambda turns: turns,
    ) -> dict[str, float]:
        if not some:
            return {}
        times = in_turns(
            {point.name: way(all_turns[point.name]) for point in some},
            len(documents),
            rounds=how_many,
            seconds=share * seconds,
            family=families.__getitem__,
            report=partial(report, f"{size_class}{what}"),
        )
        done[f"rounds{what}"] = len(next(iter(times.values()))[0])
        return {
            name: round(sum(map(min, some)) / len(some) / 1000, 4)
            for name, some in times.items()
        }

    slow = [point for point in points if point.is_slow]
    fast = [point for point in points if not point.is_slow]
    us = least_us(" slow", slow, _SLOW_SHARE, rounds if rounds == 1 else SLOW_ROUNDS)
    swept_us: dict[str, float] = {}
    if SIZE_CLASSES[size_class] <= SWEPT_END:
        comparable = [point for point in fast if point.coding in {"deflate", "zstd"}]
        swept_us = least_us(" swept", comparable, _SWEPT_SHARE, rounds, swept)
    us |= least_us("", fast, 1.0 - _SLOW_SHARE - _SWEPT_SHARE * bool(swept_us), rounds)
    rows = []
    for point in points:
        name, nbytes = point.name, sum(all_turns[point.name].nbytes.values())
        row = (point.family, point.level, point.coding, us[name], nbytes)
        rows.append(Row(size_class, *row, swept_us.get(name, 0.0)))
    return rows, done


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
    start = perf_counter()
    deadline = start + seconds
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
        of_class = {"documents": len(members), "in_nbytes": nbytes, **done}
        measured.how["classes"][name] = of_class
        measured.how["zlib_nbytes"][name] = [level_sizes(members, n)[1] for n in LEVELS]
    measured.how["seconds"] = round(perf_counter() - start)
    return measured


def scores(measured: Run[Row], *, with_caches_swept: bool = False) -> dict[str, list[Score]]:
    """Return the scores of all points, by size class.

    :param with_caches_swept: those of the points and the classes that were measured so.
    """
    found: dict[str, list[Score]] = {}
    for row in measured.rows:
        us = row.swept_us if with_caches_swept else row.us
        if us:
            of_class = measured.how["classes"][row.size_class]
            speed = of_class["in_nbytes"] / (us * of_class["documents"])
            ratio = of_class["in_nbytes"] / row.out_nbytes
            score = Score(row.family, row.level, row.coding, speed, ratio, us, row.out_nbytes)
            found.setdefault(row.size_class, []).append(score)
    return found
