"""Counts from any number of threads without a lock."""

from __future__ import annotations

from itertools import count


class Counter:
    """Counts how often :attr:`add` is called; safe for concurrent use."""

    __slots__ = ("_looks", "add")

    def __init__(self) -> None:
        self.add = count().__next__
        """Counts one more when it is called; that takes no lock."""
        # To look at the number is to count.
        self._looks = 0

    def value(self) -> int:
        """Return the count so far. For one thread at a time."""
        number = self.add() - self._looks
        self._looks += 1
        return number
