"""Measures contenders in turns, so that whatever else the machine does hits all alike.

Runs one after the other would show the noise of the machine as differences. Branch predictors
also learn a short document by heart within a few calls, which no server sees: whoever has
several documents gets another one in each turn, and a stranger's turn comes between.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from itertools import groupby
from math import gcd
from time import perf_counter
from time import perf_counter_ns
from typing import Any
from typing import TypeVar

_K = TypeVar("_K")
_T = TypeVar("_T")

_COLLECT_SECONDS = 2.0
_SWEPT = bytearray(16 * 1024 * 1024)


def stopwatch(work: Callable[[Any], object], values: list[Any]) -> Callable[[int], int]:
    """Return a contender that does some work, and tells how many nanoseconds that took.

    :param values: what the work is done with, by number of the document.
    """

    def turn(number: int) -> int:
        value = values[number]
        start = perf_counter_ns()
        made = work(value)
        elapsed = perf_counter_ns() - start
        # Freeing what was made is not part of the work.
        del made
        return elapsed

    return turn


def swept(turn: Callable[[int], _T]) -> Callable[[int], _T]:
    """Return a contender that reads some MB first, as a server's own work between calls does.

    What it needs is not in the processor's caches then.
    """

    def swept_turn(number: int) -> _T:
        # A byte of every line of a cache.
        _SWEPT[::64].count(0)
        return turn(number)

    return swept_turn


def in_turns(
    contenders: Mapping[_K, Callable[[int], _T]],
    documents: int = 1,
    *,
    rounds: int | tuple[int, int],
    seconds: float = 0.0,
    family: Callable[[_K], object] = lambda name: name,
    together: bool = False,
    apart: int = 1,
    report: Callable[[float], object] = lambda share: None,
) -> dict[_K, list[list[_T]]]:
    """Return what contenders measured, by name: for each document what each round gave.

    In a round every contender has a turn with every document. The order changes from turn to
    turn, and no relative follows another: it would find its code in the caches.

    :param contenders: called with the number of a document; those of a family stand together.
    :param documents: how many there are.
    :param rounds: how many; or the least and the most, of which as many as a time allows.
    :param seconds: that time, in seconds.
    :param family: tells relatives from strangers, by name.
    :param together: give all contenders the same document before any gets the next one, where
        rounds are so long that the machine may change meanwhile.
    :param apart: how far in the documents each contender is ahead of the one before it: who
        comes to a document just after another finds that the processor has it by heart.
    :param report: is told after each round which share of the work is done, up to 1.
    """
    names = list(contenders)
    least, most = rounds if isinstance(rounds, tuple) else (rounds, rounds)
    measured: dict[_K, list[list[_T]]] = {n: [[] for _ in range(documents)] for n in names}
    orders = _orders([family(name) for name in names])
    start = perf_counter()
    done = 0
    with _collector() as collect:
        while done < least or (done < most and perf_counter() - start < seconds):
            collect()
            for turn in range(documents):
                step = done * documents + turn
                order = orders[step % len(orders)]
                first = step % len(order)
                for i in order[first:] + order[:first]:
                    place = turn if together else (turn + apart * i) % documents
                    measured[names[i]][place].append(contenders[names[i]](place))
            done += 1
            share = done / most
            if least < most and seconds > 0:
                share = max(share, min(1.0, (perf_counter() - start) / seconds))
            report(share)
    return measured


def _orders(families: list[object]) -> list[list[int]]:
    """Return orders in which relatives never follow each other, if there are any.

    Contenders are listed by family: an order that walks round the list in steps at least as
    long as the longest family never meets one twice in a row.
    """
    count = len(families)
    longest = max(len(list(group)) for _, group in groupby(families))
    strides = [s for s in range(longest, count - longest + 1) if gcd(s, count) == 1] or [1]
    return [[(stride * i) % count for i in range(count)] for stride in strides]


@contextmanager
def _collector() -> Iterator[Callable[[], None]]:
    """Keep the garbage collector out of the turns; yield what lets it work between them."""
    last = float("-inf")

    def collect() -> None:
        nonlocal last
        if perf_counter() - last > _COLLECT_SECONDS:
            gc.collect()
            last = perf_counter()

    gc.disable()
    try:
        yield collect
    finally:
        gc.enable()
