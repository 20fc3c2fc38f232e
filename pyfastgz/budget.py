"""A CPU budget: how much of the processor coding may take, and what follows from the rest.

A bucket holds seconds of the processor. As many flow in each second as the budget has cores,
and what coding took flows out. It is known afterwards, so the bucket may be below empty: what
was taken too much is waited for, a minute at most.

What is in it decides the step. At the first one all is coded as it should be, at the last one
nothing is coded; in between levels are lower. A step ends only when there is more than where it
began, so a load that is just too high does not change it with each response.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from time import thread_time
from typing import Any
from typing import NamedTuple
from typing import TypeVar

from .counter import Counter
from .forks import ProcessLock

SECONDS = 8.0
"""In how many seconds the bucket is filled if nothing is coded.

So a burst may take a budget of eight seconds at once. After so long without coding everything
is as at first, and an eighth of the bucket, which is what a step has to gain, takes a second.
"""

LONGEST_WAIT = 60.0
"""In how many seconds the bucket is no longer below empty, whatever was taken.

What was begun is coded to its end: many long streams, begun in the same second, may take more
than comes in in hours. When they are over, all others need not wait for that.
"""

BORDERS = (0.75, 0.5, 0.25, 0.0)
"""The shares of the bucket at which the steps after the first begin."""

GAP = 0.125
"""The share of the bucket by which there must be more for a step to end."""

LAST = len(BORDERS)
"""The last step."""

_T = TypeVar("_T")


class BudgetStats(NamedTuple):
    """A CPU budget of one application in this process, as it is now.

    :param cores: how much of the processor coding may take, in cores.
    :param step: 0 where all is coded as it should be, to 4 where nothing is coded but what is
        kept.
    :param left: the seconds of the processor that are left at once, negative if too many were
        taken.
    :param seconds: the seconds of the processor that coding took so far.
    :param responses: by step, how many responses were coded; at the last one, how many were
        sent as they are instead. What was kept does not count.

    .. versionadded:: 0.1
    """

    cores: float
    step: int
    left: float
    seconds: float
    responses: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the same in strings and numbers, as JSON has them.

        .. versionadded:: 0.1
        """
        return {**self._asdict(), "responses": list(self.responses)}


class Budget:
    """How much of the processor coding may take in this process. Safe for concurrent use.

    A child of the process goes on with one of its own, from what was left. What changes the
    step is noticed when somebody looks.

    :param cores: as many seconds flow in each second.
    :param clock: seconds since some fixed point.
    :param cpu_clock: seconds of the processor that this thread has had. The default takes a
        system call, half a microsecond or more. Other clocks would count what a thread waits
        for the others, and so find coding the more expensive the more there is to do.
    :param on_change: called with the step before and the step after when that has changed.
    """

    __slots__ = (
        "_at",
        "_clock",
        "_counts",
        "_cpu_clock",
        "_left",
        "_most",
        "_seconds",
        "_step",
        "cores",
        "on_change",
    )

    def __init__(
        self,
        cores: float,
        *,
        clock: Callable[[], float] = monotonic,
        cpu_clock: Callable[[], float] = thread_time,
        on_change: Callable[[int, int], object] | None = None,
    ) -> None:
        self.cores = cores
        """How much of the processor coding may take, in cores."""
        self.on_change = on_change
        """Called with the step before and the step after when that has changed."""
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._most = self._left = cores * SECONDS
        self._seconds = 0.0
        self._at = clock()
        self._step = 0
        self._counts = tuple(Counter() for _ in range(1 + LAST))

    @property
    def step(self) -> int:
        """The step that holds now, from 0 to :data:`LAST`."""
        with _lock.own:
            self._fill()
            share = self._left / self._most
            before = step = self._step
            while step < LAST and share <= BORDERS[step]:
                step += 1
            while step and share >= BORDERS[step - 1] + GAP:
                step -= 1
            self._step = step
        if step != before and self.on_change is not None:
            self.on_change(before, step)
        return step

    def charge(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Return what a function returns, and take what it took out of the bucket."""
        start = self._cpu_clock()
        try:
            return function(*arguments)
        finally:
            seconds = self._cpu_clock() - start
            with _lock.own:
                self._fill()
                self._left = max(self._left - seconds, -self.cores * LONGEST_WAIT)
                self._seconds += seconds

    def count(self, step: int) -> None:
        """Count a response for which a step decided."""
        self._counts[step].add()

    def stats(self) -> BudgetStats:
        """Return the budget as it is now."""
        step = self.step
        with _lock.own:
            counts = tuple(counter.value() for counter in self._counts)
            return BudgetStats(self.cores, step, self._left, self._seconds, counts)

    def _fill(self) -> None:
        """Let in what has come since the last time; the lock is held."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self.cores)
        self._at = now


# One for all budgets: it is held for a microsecond.
_lock = ProcessLock()
