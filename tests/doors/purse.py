"""A CPU budget whose time is the test's, so that no test waits, or depends on a machine."""

from __future__ import annotations

from typing import Any

from pyfastgz.budget import BORDERS
from pyfastgz.budget import GAP
from pyfastgz.budget import LAST
from pyfastgz.budget import SECONDS
from pyfastgz.budget import Budget


class Purse:
    """The clocks of a budget, for one application.

    :param cores: of the processor.
    """

    def __init__(self, cores: float = 0.5) -> None:
        self.most = cores * SECONDS
        """The seconds in a full bucket."""
        self.now = 0.0
        """The time."""
        self.cost = 0.0
        """What each call of an encoder takes of the processor, in seconds."""
        self._cores = cores
        self._used = 0.0
        self.engine: Any = None
        """What the middleware keeps for the application."""

    def prepare(self, engine: Any) -> None:
        """Give the application a budget with these clocks."""
        self.engine = engine
        engine.budget = Budget(
            self._cores,
            clock=lambda: self.now,
            cpu_clock=self._cpu_clock,
            on_change=engine.budget.on_change,
        )

    def _cpu_clock(self) -> float:
        # It is asked before and after.
        self._used += self.cost / 2
        used = self._used
        self._used += self.cost / 2
        return used

    def take(self, seconds: float) -> None:
        """Have so many seconds taken."""
        cost, self.cost = self.cost, seconds
        self.engine.budget.charge(int)
        self.cost = cost

    def reach(self, step: int) -> None:
        """Take or wait as long as a step needs that is not the one of now."""
        budget = self.engine.budget
        left = budget.stats().left
        if step > budget.step:
            self.take(left - BORDERS[step - 1] * self.most)
        elif step < budget.step:
            self.now += ((BORDERS[step] + GAP) * self.most - left) / self._cores
        assert budget.step == step

    def seconds(self) -> float:
        """Return what was taken so far."""
        seconds: float = self.engine.budget.stats().seconds
        return seconds

    def responses(self) -> tuple[int, ...]:
        """Return the counts of responses by step."""
        counts: tuple[int, ...] = self.engine.stats().budget.responses
        return counts


STEPS = range(1 + LAST)
"""Every step of a budget."""
