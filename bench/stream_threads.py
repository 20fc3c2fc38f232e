"""Measures how much more two threads do than one, in one process."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter_ns

import pyfastgz

from .corpus import Document
from .corpus_manifest import SIZE_CLASSES

_MIN_ROUND_NBYTES = 2_000_000
_ENCODERS: dict[str, Callable[[bytes], object]] = {
    "pyfastgz gzip 6": partial(pyfastgz.compress, coding="gzip", level=6),
    "pyfastgz zstd 3": partial(pyfastgz.compress, coding="zstd", level=3),
    "gzip 6": partial(gzip.compress, compresslevel=6),
}


@dataclass(frozen=True, slots=True)
class Speedup:
    """How two threads compare with one."""

    name: str
    """The encoder's."""
    size_class: str
    """One of :data:`bench.corpus_manifest.SIZE_CLASSES`."""
    factor: float
    """Bodies a second with two threads, divided by those with one."""


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def measure_speedups(documents: list[Document], rounds: int) -> list[Speedup]:
    """Return how two threads compare with one, for each size class and encoder.

    In a round one thread codes all bodies of a class, then two threads do so at the same time,
    each all of them. The fastest rounds are compared.
    """
    speedups = []
    for size_class in SIZE_CLASSES:
        bodies = [d.body for d in documents if d.size_class == size_class]
        bodies *= 1 + _MIN_ROUND_NBYTES // sum(map(len, bodies))
        best: dict[tuple[str, int], float] = {}
        for _ in range(rounds):
            for name, encode in _ENCODERS.items():
                for threads in (1, 2):
                    ns = _time(encode, bodies, threads)
                    best[name, threads] = min(ns, best.get((name, threads), ns))
        speedups += [
            Speedup(name, size_class, 2 * best[name, 1] / best[name, 2]) for name in _ENCODERS
        ]
    return speedups


def _time(encode: Callable[[bytes], object], bodies: list[bytes], count: int) -> int:
    """Return how long so many threads take in nanoseconds, from the first's start on."""
    gate = threading.Barrier(count + 1)

    def work() -> None:
        gate.wait()
        for body in bodies:
            encode(body)

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    gate.wait()
    start = perf_counter_ns()
    for thread in threads:
        thread.join()
    return perf_counter_ns() - start
