"""Locks in a process that may be forked while another thread holds them."""

from __future__ import annotations

import os
from threading import RLock


class ProcessLock:
    """A lock of which each process has its own: a child would wait for one that it inherits.

    Reentrant, because a signal handler may run in between, and the garbage collector. Not for
    what a child must not find half done. For modules: it is never given up.
    """

    __slots__ = ("own",)

    def __init__(self) -> None:
        self.own = RLock()
        """The lock of this process. Whoever holds it and forks gives back what he has taken."""
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.own = RLock()
