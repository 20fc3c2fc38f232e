"""Plans of files, each made once a second.

A busy server is asked for the same few files again and again, by clients that have none or a
current copy. What is answered follows from the fields of the response, from Accept-Encoding and
the conditions, and from the file and what lies ready for it, if the request is a GET that asks
for nothing else. Most files have a Date, so that a plan is of use for a second; who asks for a
file less often can wait for another one.
"""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Mapping
from typing import NamedTuple

from .answers import Answer
from .conditions import Conditions
from .exchange import NOTHING_READY
from .exchange import Exchange
from .exchange import Policy
from .exchange import Ready
from .negotiation import MAX_HEADER_LENGTH
from .steps import Plan

_MAX_KNOWN = 128

# Hardly any file has fields that are longer, unless they repeat what the request says.
_MAX_LINES_NBYTES = 8 * 1024


class Key(NamedTuple):
    """What a plan follows from, beside the file.

    :param accept_encoding: as in an :class:`~.exchange.Exchange`, and so are the next two.
    :param conditions: None but for a 304.
    :param is_translated: False but for a 304.
    :param lines: the lines of the response.
    :param place: what dictionaries depend on; empty if the application has none.
    """

    accept_encoding: str | None
    conditions: Conditions | None
    is_translated: bool
    lines: tuple[tuple[str, str], ...]
    place: tuple[str | None, ...] = ()


def is_for_many(exchange: Exchange) -> bool:
    """Tell whether there is nothing in an exchange that is of one client alone.

    What was made of any other is not remembered: a cookie is a secret, and conditions are long.
    """
    return exchange.conditions is None and "set-cookie" not in exchange.fields


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
        asked = [key.accept_encoding, *(key.conditions or ()), *key.place]
        nbytes = sum(len(name) + len(value) for name, value in key.lines)
        if (
            sum(len(field) for field in asked if field) <= MAX_HEADER_LENGTH
            and nbytes <= _MAX_LINES_NBYTES
        ):
            plans[key] = plan
