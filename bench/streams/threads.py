"""Measures how much more two threads do than one, in one process."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter_ns

import pyfastgz
from bench.corpus import SIZE_CLASSES
from bench.corpus import Document
from tools.kit.turns import in_turns

_MIN_ROUND_NBYTES = 2_000_000
_ENCODERS: dict[str, Callable[[bytes], object]] = {
    "pyfastgz gzip 6": partial(pyfastgz.compress, coding="gzip", level=6),
    "pyfastgz zstd 3": partial(pyfastgz.compress, coding="zstd", level=3),
    "gzip 6": partial(gzip.compress, compresslevel=6),
}


@dataclass(frozen=True, slots=True)
class Row:
    """How two threads compare with one."""

    encoder: str
    size_class: str
    factor: float  # bodies a second with two threads, divided by those with one


def measure_threads(documents: Sequence[Document], rounds: int) -> list[Row]:
    """Return how two threads compare with one, for each size class and encoder.

    In a round one thread codes all bodies of a class, then two threads do so at the same time,
    each all of them. The fastest rounds are compared.
    """
    classes = []
    for size_class in SIZE_CLASSES:
        bodies = [d.body for d in documents if d.size_class == size_class]
        classes.append(bodies * (1 + _MIN_ROUND_NBYTES // sum(map(len, bodies))))
    turns = {(name, n): partial(_time, classes, name, n) for name in _ENCODERS for n in (1, 2)}
    times = in_turns(turns, len(classes), rounds=rounds, together=True)
    return [
        Row(name, size_class, 2 * min(times[name, 1][number]) / min(times[name, 2][number]))
        for number, size_class in enumerate(SIZE_CLASSES)
        for name in _ENCODERS
    ]


def _time(classes: Sequence[Sequence[bytes]], name: str, count: int, number: int) -> int:
    """Return how long so many threads take in nanoseconds, from the first's start on."""
    gate = threading.Barrier(count + 1)

    def work() -> None:
        gate.wait()
        for body in classes[number]:
            _ENCODERS[name](body)

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    gate.wait()
    start = perf_counter_ns()
    for thread in threads:
        thread.join()
    return perf_counter_ns() - start
