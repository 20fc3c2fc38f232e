"""Plans of files, each made once a second.

A busy server is asked for the same few files again and again. What is answered follows from the
fields of the response, from Accept-Encoding, and from the file and what lies ready for it, if
the request is a GET that asks for nothing else. Most files have a Date, so that a plan is of
use for a second; who asks for a file less often can wait for another one.
"""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Mapping
from typing import NamedTuple

from .answers import Answer
from .exchange import NOTHING_READY
from .exchange import Policy
from .exchange import Ready
from .negotiation import MAX_HEADER_LENGTH
from .steps import Plan

_MAX_KNOWN = 128

Key = tuple[str | None, tuple[tuple[str, str], ...]]
"""Accept-Encoding, and the lines of the response."""


class FilePlan(NamedTuple):
    """The plan of a file.

    :param plan: the plan, or the answer.
    :param file: names what is in the file; None if that makes no difference.
    :param ready: its coded forms that lie ready.
    """

    plan: Answer | Plan
    file: Hashable | None = None
    ready: Mapping[str, Ready] = NOTHING_READY


class FilePlans:
    """Remembers plans of files. When there are too many, or settings change, all are forgotten.

    Threads that remember at the same time lose nothing but plans.
    """

    __slots__ = ("_now",)

    def __init__(self) -> None:
        # One attribute holds both, so that every thread sees what belongs together.
        self._now: tuple[Policy | None, dict[Key, FilePlan]] = (None, {})

    def get(self, key: Key, policy: Policy) -> FilePlan | None:
        """Return a plan, None if it is not remembered.

        :param policy: the settings that hold.
        :raises TypeError: something in the lines is no text.
        """
        made_by, plans = self._now
        # What cannot be remembered is to raise here, and not when it is put.
        plan = plans.get(key)
        return plan if made_by is policy else None

    def put(self, key: Key, policy: Policy, plan: FilePlan) -> None:
        """Remember a plan that was made by a policy."""
        made_by, plans = self._now
        if made_by is not policy or len(plans) >= _MAX_KNOWN:
            plans = {}
            self._now = policy, plans
        if key[0] is None or len(key[0]) <= MAX_HEADER_LENGTH:
            plans[key] = plan
