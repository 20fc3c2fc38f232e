"""What became of responses: of each one, and counted for an application."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from typing import NamedTuple

from blinker import Namespace

from .budget import BudgetStats
from .counter import Counter
from .forks import ProcessLock
from .http.answers import Answer
from .http.eligibility import SkipReason
from .http.fields import server_timing
from .store.bodies import StoreStats

_log = logging.getLogger("pyfastgz")

# Outcomes that are not added up yet; each is small.
_MAX_UNCOUNTED = 256

response_compressed = Namespace().signal("response_compressed")
"""A blinker signal, sent when it is known what became of a response.

The sender is the Flask application; ``response`` is the response and ``outcome`` its
:class:`Outcome`. For a compressed stream that is when the stream is closed, outside any
application context. A receiver that raises is logged and does no other harm.

.. versionadded:: 0.1
"""


budget_step_changed = Namespace().signal("budget_step_changed")
"""A blinker signal, sent when another step of ``COMPRESS_CPU_BUDGET`` holds than before.

The sender is the Flask application; ``before`` is the step until now and ``step`` the one from
now on, as in :class:`BudgetStats`. It is sent by a response that asks, so a server without
requests sends none. A receiver that raises is logged and does no other harm.

.. versionadded:: 0.1
"""


class Outcome(NamedTuple):
    """What became of one response.

    :param coding: the content coding that was applied, or None.
    :param reason: why none was, or None.
    :param in_nbytes: bytes before compression, as far as they were pulled; 0 without a coding.
    :param out_nbytes: bytes after compression; 0 without a coding.
    :param seconds: how long the encoder took; 0 if the coded body was kept.

    .. versionadded:: 0.1
    """

    coding: str | None
    reason: SkipReason | None
    in_nbytes: int = 0
    out_nbytes: int = 0
    seconds: float = 0.0

    @property
    def kept(self) -> bool:
        """Whether the coded body was there already: in the store, or in a cache.

        .. versionadded:: 0.1
        """
        return bool(self.out_nbytes) and not self.seconds


SKIPPED: Mapping[SkipReason | None, Outcome] = {
    reason: Outcome(None, reason) for reason in SkipReason
}
"""The outcome for every reason not to code."""


def outcome_of(answer: Answer) -> Outcome:
    """Return what became of a response whose body was not coded."""
    return Outcome(answer.coding, None) if answer.reason is None else SKIPPED[answer.reason]


def timing_of(outcome: Outcome | None, coding: str | None) -> str:
    """Return the Server-Timing entry of a response.

    :param outcome: what became of it; None for a stream, which has not been coded yet.
    :param coding: that of the stream.
    """
    if outcome is None:
        return server_timing(str(coding))
    if outcome.reason is not None:
        return server_timing(outcome.reason.name.lower())
    if not outcome.out_nbytes:
        return server_timing(str(outcome.coding))
    ratio = outcome.in_nbytes / outcome.out_nbytes
    kept = " kept" if outcome.kept else ""
    return server_timing(f"{outcome.coding} {ratio:.1f}x{kept}", outcome.seconds)


class CodingStats(NamedTuple):
    """The responses of one coding, summed up.

    :param responses: how many there were; streams count when they are closed.
    :param in_nbytes: bytes before compression.
    :param out_nbytes: bytes after compression.
    :param seconds: how long the encoders took.

    .. versionadded:: 0.1
    """

    responses: int
    in_nbytes: int
    out_nbytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Stats:
    """What became of the responses of one application in this process since it started.

    :param codings: by coding, what was compressed.
    :param skipped: by reason, how many responses were left as they are.
    :param store: what is kept of coded bodies, and what it was good for.
    :param budget: the CPU budget; None if there is none.

    .. versionadded:: 0.1
    """

    codings: Mapping[str, CodingStats]
    skipped: Mapping[SkipReason, int]
    store: StoreStats
    budget: BudgetStats | None = None

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return the same in dictionaries of strings and numbers, as JSON has them.

        A reason is its name in lower case, as in ``Server-Timing``. Without a CPU budget the
        dictionary of that is empty.

        .. versionadded:: 0.1
        """
        return {
            "codings": {coding: sums._asdict() for coding, sums in self.codings.items()},
            "skipped": {reason.name.lower(): n for reason, n in self.skipped.items()},
            "store": self.store._asdict(),
            "budget": {} if self.budget is None else self.budget.as_dict(),
        }


class Tally:
    """Counts outcomes, from any number of threads."""

    __slots__ = ("_codings", "_skipped", "_uncounted", "skipped")

    def __init__(self) -> None:
        self._skipped = {reason: Counter() for reason in SkipReason}
        self.skipped: Mapping[SkipReason | None, Callable[[], int]] = {
            reason: counter.add for reason, counter in self._skipped.items()
        }
        """By reason, what counts a response when it is called; that takes no lock."""
        # Lists in the order of CodingStats, because a tuple would be made anew each time.
        self._codings: dict[str, list[Any]] = {}
        # To append takes no lock, and a sixth of the time.
        self._uncounted: deque[Outcome] = deque()

    def count(self, outcome: Outcome) -> None:
        """Count what became of one response."""
        if outcome.reason is not None:
            self.skipped[outcome.reason]()
            return
        uncounted = self._uncounted
        uncounted.append(outcome)
        if len(uncounted) >= _MAX_UNCOUNTED:
            with _lock.own:
                self._sum_up()

    def stats(self, store: StoreStats, budget: BudgetStats | None = None) -> Stats:
        """Return what was counted so far.

        :param store: to be told with it, and so is ``budget``.
        """
        with _lock.own:
            self._sum_up()
            counts = {reason: counter.value() for reason, counter in self._skipped.items()}
            codings = {name: CodingStats(*sums) for name, sums in self._codings.items()}
        skipped = {reason: n for reason, n in counts.items() if n}
        return Stats(codings, skipped, store, budget)

    def _sum_up(self) -> None:
        """Add up what was appended; whoever appends meanwhile loses nothing."""
        for _ in range(len(self._uncounted)):
            try:
                coding, _reason, in_nbytes, out_nbytes, seconds = self._uncounted.popleft()
            except IndexError:
                # The garbage collector has closed a stream in between, and that added them up.
                return
            assert coding is not None
            sums = self._codings.setdefault(coding, [0, 0, 0, 0.0])
            sums[0] += 1
            sums[1] += in_nbytes
            sums[2] += out_nbytes
            sums[3] += seconds


def notify(app: Any, response: Any, outcome: Outcome) -> None:
    """Send :data:`response_compressed`; a receiver that raises is logged."""
    try:
        response_compressed.send(app, response=response, outcome=outcome)
    except Exception:
        _log.exception("a receiver of response_compressed failed")


def notify_step(app: Any, before: int, step: int) -> None:
    """Send :data:`budget_step_changed`; a receiver that raises is logged."""
    try:
        budget_step_changed.send(app, before=before, step=step)
    except Exception:
        _log.exception("a receiver of budget_step_changed failed")


# One for all tallies: it is held for less than a microsecond.
_lock = ProcessLock()
