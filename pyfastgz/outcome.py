"""What became of responses: of each one, and counted for an application."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from typing import NamedTuple

from blinker import Namespace
from flask import Flask
from flask import Response

from .http.eligibility import SkipReason

_log = logging.getLogger("pyfastgz")

response_compressed = Namespace().signal("response_compressed")
"""A blinker signal, sent when it is known what became of a response.

The sender is the Flask application; ``response`` is the response and ``outcome`` its
:class:`Outcome`. For a compressed stream that is when the stream is closed, outside any
application context. A receiver that raises is logged and does no other harm.

.. versionadded:: 0.1
"""


class Outcome(NamedTuple):
    """What became of one response.

    :param coding: the content coding that was applied, or None.
    :param reason: why none was, or None.
    :param in_nbytes: bytes before compression, as far as they were pulled; 0 without a coding.
    :param out_nbytes: bytes after compression; 0 without a coding.
    :param seconds: how long the encoder took; 0 if the body came out of a cache.

    .. versionadded:: 0.1
    """

    coding: str | None
    reason: SkipReason | None
    in_nbytes: int = 0
    out_nbytes: int = 0
    seconds: float = 0.0


SKIPPED: Mapping[SkipReason, Outcome] = {reason: Outcome(None, reason) for reason in SkipReason}
"""The outcome for every reason not to code.

.. versionadded:: 0.1
"""


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

    .. versionadded:: 0.1
    """

    codings: Mapping[str, CodingStats]
    skipped: Mapping[SkipReason, int]

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return the same in dictionaries of strings and numbers, as JSON has them.

        A reason is its name in lower case, as in ``Server-Timing``.

        .. versionadded:: 0.1
        """
        return {
            "codings": {coding: sums._asdict() for coding, sums in self.codings.items()},
            "skipped": {reason.name.lower(): n for reason, n in self.skipped.items()},
        }


class Tally:
    """Counts outcomes, from any number of threads.

    .. versionadded:: 0.1
    """

    __slots__ = ("_codings", "_skipped")

    def __init__(self) -> None:
        # Lists in the order of CodingStats, because a tuple would be made anew each time.
        self._codings: dict[str, list[Any]] = {}
        self._skipped = dict.fromkeys(SkipReason, 0)

    def count(self, outcome: Outcome) -> None:
        """Count one outcome.

        .. versionadded:: 0.1
        """
        reason = outcome[1]
        if reason is not None:
            with _lock:
                self._skipped[reason] += 1
            return
        coding, _, in_nbytes, out_nbytes, seconds = outcome
        assert coding is not None
        with _lock:
            sums = self._codings.get(coding)
            if sums is None:
                sums = self._codings[coding] = [0, 0, 0, 0.0]
            sums[0] += 1
            sums[1] += in_nbytes
            sums[2] += out_nbytes
            sums[3] += seconds

    def stats(self) -> Stats:
        """Return what was counted so far.

        .. versionadded:: 0.1
        """
        with _lock:
            skipped = {reason: count for reason, count in self._skipped.items() if count}
            codings = {name: CodingStats(*sums) for name, sums in self._codings.items()}
        return Stats(codings, skipped)


def notify(app: Flask, response: Response, outcome: Outcome) -> None:
    """Send :data:`response_compressed`; a receiver that raises is logged.

    .. versionadded:: 0.1
    """
    try:
        response_compressed.send(app, response=response, outcome=outcome)
    except Exception:
        _log.exception("a receiver of response_compressed failed")


# One for all tallies: it is held for less than a microsecond.
_lock = Lock()


def _renew_lock() -> None:
    """Forget who held the lock when the process was forked: that thread is not in the child."""
    global _lock  # noqa: PLW0603
    _lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
