"""Measures what streams cost in time and bytes: flushed at every event, or not at all."""

from __future__ import annotations

import random
import statistics
from dataclasses import dataclass
from time import perf_counter_ns

from .stream_coders import Coder
from .stream_coders import check


@dataclass(frozen=True, slots=True)
class Cost:
    """What one chunk of a stream costs a coder."""

    name: str
    """The coder's."""
    min_ns: float
    """Nanoseconds a chunk, in the fastest round."""
    median_ns: float
    """Nanoseconds a chunk, in the median round."""
    nbytes: float
    """Bytes on the wire a chunk, the frame's header and end included."""


def measure_costs(
    coders: list[Coder], chunks: list[bytes], *, flushed: bool, rounds: int
) -> list[Cost]:
    """Return what the chunks of a stream cost each coder.

    A round codes one stream of all chunks with each coder in turn, in an order of its own.
    Opening a stream is not timed.

    :param flushed: flush every chunk; otherwise the coder decides what leaves when.
    :raises ValueError: a stream does not decode to its chunks.
    """
    sizes = [_checked_nbytes(coder, chunks, flushed=flushed) for coder in coders]
    times: list[list[int]] = [[] for _ in coders]
    for number in range(rounds):
        for which in random.Random(number).sample(range(len(coders)), len(coders)):
            times[which].append(_time(coders[which], chunks, flushed=flushed))
    return [
        Cost(
            name=coder.name,
            min_ns=min(ns) / len(chunks),
            median_ns=statistics.median(ns) / len(chunks),
            nbytes=nbytes / len(chunks),
        )
        for coder, ns, nbytes in zip(coders, times, sizes, strict=True)
    ]


def _checked_nbytes(coder: Coder, chunks: list[bytes], *, flushed: bool) -> int:
    stream = coder.open()
    take = stream.flush if flushed else stream.write
    coded = b"".join(map(take, chunks)) + stream.finish()
    check(coder, coded, b"".join(chunks))
    return len(coded)


def _time(coder: Coder, chunks: list[bytes], *, flushed: bool) -> int:
    """Return how long a stream takes in nanoseconds, its end included."""
    stream = coder.open()
    take = stream.flush if flushed else stream.write
    start = perf_counter_ns()
    for chunk in chunks:
        take(chunk)
    stream.finish()
    return perf_counter_ns() - start
