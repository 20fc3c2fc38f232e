"""Locks that another thread holds while the process is forked."""

from __future__ import annotations

import os
import threading
from types import ModuleType

import pytest

from pyfastgz import budget
from pyfastgz import outcome
from pyfastgz import policy
from pyfastgz.coding import dcz
from pyfastgz.coding import idle
from pyfastgz.forks import ProcessLock

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def exit_code_of_child() -> int:
    return os.waitstatus_to_exitcode(os.wait()[1])


@pytest.mark.parametrize("module", [budget, outcome, policy, dcz, idle])
def test_r51_a_lock_that_is_held_at_a_fork_is_free_in_the_child(module: ModuleType) -> None:
    lock: ProcessLock = module._lock
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock.own:
            held.set()
            done.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    if os.fork() == 0:
        os._exit(0 if lock.own.acquire(blocking=False) else 1)
    done.set()
    holder.join()
    assert exit_code_of_child() == 0


def test_r51_who_holds_it_and_forks_gives_it_back_in_both() -> None:
    lock = ProcessLock()
    child = 1
    try:
        with lock.own:
            child = os.fork()
        # Neither has raised.
    finally:
        if child == 0:
            os._exit(0 if lock.own.acquire(blocking=False) else 1)
    assert exit_code_of_child() == 0
    assert lock.own.acquire(blocking=False)
