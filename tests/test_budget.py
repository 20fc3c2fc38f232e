"""The bucket of a CPU budget, and the steps that follow from what is in it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz import compress
from pyfastgz.budget import BORDERS
from pyfastgz.budget import GAP
from pyfastgz.budget import LAST
from pyfastgz.budget import LONGEST_WAIT
from pyfastgz.budget import SECONDS
from pyfastgz.budget import Budget
from pyfastgz.coding import KNOWN_CODINGS
from pyfastgz.coding import levels_down
from pyfastgz.http.eligibility import SkipReason
from pyfastgz.outcome import Stats
from pyfastgz.store.bodies import NOTHING_KEPT


class Clocks:
    """A time, and what a thread had of the processor."""

    def __init__(self) -> None:
        self.now = 0.0
        self.used = 0.0

    def budget(self, cores: float, *changes: list[tuple[int, int]]) -> Budget:
        (told,) = changes or ([],)
        return Budget(
            cores,
            clock=lambda: self.now,
            cpu_clock=lambda: self.used,
            on_change=lambda before, step: told.append((before, step)),
        )

    def work(self, seconds: float) -> None:
        self.used += seconds


def take(budget: Budget, clocks: Clocks, seconds: float) -> None:
    budget.charge(clocks.work, seconds)


def test_a_full_bucket_is_the_first_step() -> None:
    clocks = Clocks()
    stats = clocks.budget(0.25).stats()
    assert stats == (0.25, 0, 0.25 * SECONDS, 0.0, (0,) * (1 + LAST))


def test_steps_begin_and_end_where_they_should() -> None:
    clocks, told = Clocks(), list[tuple[int, int]]()
    budget = clocks.budget(1, told)
    hundredth = SECONDS / 100

    def steps() -> list[int]:
        return [budget.step for _ in range(2)]

    for step, border in enumerate(BORDERS):
        take(budget, clocks, budget.stats().left - border * SECONDS - hundredth)
        assert steps() == [step, step]
        take(budget, clocks, hundredth)
        assert steps() == [step + 1] * 2
    for step, border in reversed([*enumerate(BORDERS)]):
        clocks.now += (border + GAP) * SECONDS - budget.stats().left - hundredth
        assert steps() == [step + 1] * 2
        clocks.now += hundredth + 1e-9
        assert steps() == [step, step]
    assert told == [*pairwise(range(5)), *pairwise([4, 3, 2, 1, 0])]


def test_one_long_body_takes_all_steps_at_once() -> None:
    clocks, told = Clocks(), list[tuple[int, int]]()
    budget = clocks.budget(0.5, told)
    take(budget, clocks, 10)
    assert told == []
    assert (budget.step, budget.step) == (4, 4)
    # It was 6 seconds too much, and they are waited for.
    clocks.now = 12.9
    assert budget.step == 4
    clocks.now = 100
    assert budget.step == 0
    assert told == [(0, 4), (4, 0)]


def test_r104_what_was_begun_is_waited_for_a_minute_at_most() -> None:
    """Many long streams may begin in one second, and go on for hours."""
    clocks = Clocks()
    budget = clocks.budget(0.25)
    for _ in range(1000):
        take(budget, clocks, 5)
    assert budget.step == LAST
    clocks.now = LONGEST_WAIT + GAP * SECONDS - 0.01
    assert budget.step == LAST
    clocks.now += 0.02
    assert budget.step < LAST
    assert budget.stats().seconds == 5000


def test_the_bucket_holds_no_more_than_it_can() -> None:
    clocks = Clocks()
    budget = clocks.budget(2)
    clocks.now = 1000
    assert budget.stats().left == 2 * SECONDS


def test_what_fails_is_charged_as_well() -> None:
    clocks = Clocks()
    budget = clocks.budget(1)

    def fail() -> None:
        clocks.work(3)
        raise MemoryError

    with pytest.raises(MemoryError):
        budget.charge(fail)
    assert budget.stats().seconds == 3


@given(
    st.floats(2 / LONGEST_WAIT, 4),
    st.lists(st.tuples(st.floats(0, 3), st.floats(0, 2)), min_size=1, max_size=200),
)
def test_no_load_takes_more_than_the_budget_or_changes_steps_often(
    cores: float, load: list[tuple[float, float]]
) -> None:
    clocks, told = Clocks(), list[tuple[int, int]]()
    budget = clocks.budget(cores, told)
    rises = []
    most = 0.0
    for wait, cost in load:
        clocks.now += wait
        count = len(told)
        if budget.step < LAST:
            take(budget, clocks, cost)
            most = max(most, cost)
        rises += [clocks.now] * any(after < before for before, after in told[count:])
    # What is begun is ended.
    assert clocks.used <= cores * (SECONDS + clocks.now) + most + 1e-6
    falls = sum(max(0, after - before) for before, after in told)
    # A step takes an eighth of the bucket, which is there after a second, to end upwards: of
    # several responses in a second one can find that, and not the next.
    assert len(rises) <= 1 + clocks.now
    assert falls <= LAST + sum(max(0, before - after) for before, after in told)


def test_time_that_other_threads_have_does_not_count() -> None:
    """The more there is to do the longer a thread waits for the interpreter's lock."""
    budget = Budget(1)
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(100))

    others = [threading.Thread(target=spin) for _ in range(3)]
    for other in others:
        other.start()
    try:
        start = thread_time()
        for _ in range(20):
            budget.charge(compress, b"lamp" * 5000)
        mine = thread_time() - start
    finally:
        stop.set()
        for other in others:
            other.join()
    assert 0 < budget.stats().seconds <= mine


def test_r51_many_threads_lose_nothing() -> None:
    # Each thread has its own processor's time, and all have the same.
    local = threading.local()

    def cpu_clock() -> float:
        local.used = getattr(local, "used", 0.0) + 2**-7
        return float(local.used)

    budget = Budget(1, clock=lambda: 0.0, cpu_clock=cpu_clock)

    def work(_: int) -> None:
        budget.count(budget.step)
        budget.charge(int)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(4000)))
    stats = budget.stats()
    assert (stats.seconds, stats.left) == (4000 / 2**7, SECONDS - 4000 / 2**7)
    assert sum(stats.responses) == 4000


def test_nobody_waits_for_a_thread_that_works() -> None:
    budget = Budget(1)
    entered, leave = threading.Event(), threading.Event()

    def work() -> None:
        entered.set()
        assert leave.wait(20)

    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(budget.charge, work)
        assert entered.wait(20)
        # Each of these takes the lock.
        assert budget.charge(lambda: budget.step) == 0
        assert budget.stats().step == 0
        leave.set()
        job.result(20)


FORK = """
import os
import threading
from pyfastgz.budget import Budget

entered, leave = threading.Event(), threading.Event()

def clock():
    if threading.current_thread() is not threading.main_thread():
        entered.set()
        leave.wait()
    return 0.0

budget = Budget(1, clock=clock, cpu_clock=lambda: 0.0)
# It holds the lock, for ever in the child.
thread = threading.Thread(target=budget.charge, args=(int,))
thread.start()
entered.wait()
child = os.fork()
if child == 0:
    budget.charge(int)
    os._exit(10 + budget.step)
_, status = os.waitpid(child, 0)
leave.set()
thread.join()
print(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_r51_a_child_has_a_budget_whatever_threads_of_its_parent_did() -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORK]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "10\n"


@pytest.mark.parametrize("coding", [*KNOWN_CODINGS, "dcz"])
def test_a_plan_has_a_level_for_each_step(coding: str) -> None:
    # And none at the last.
    assert len(levels_down(coding, 1)) == LAST


def test_stats_are_json_with_a_budget() -> None:
    budget = Budget(0.5, clock=lambda: 0.0)
    budget.count(2)
    stats = Stats({}, {SkipReason.BUDGET: 3}, NOTHING_KEPT, budget.stats())
    told = stats.as_dict()
    assert told["skipped"] == {"budget": 3}
    assert told["budget"] == {
        "cores": 0.5,
        "step": 0,
        "left": 4.0,
        "seconds": 0.0,
        "responses": [0, 0, 1, 0, 0],
    }
