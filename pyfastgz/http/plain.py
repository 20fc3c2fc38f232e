"""Plans of plain exchanges, each made once.

An exchange is plain if its plan follows from the media type, from Accept-Encoding, and from
whether the body is long enough: a whole body that is not empty, status 200, no field of
:data:`MATTERS`, no condition, no wish. Most are, and the plan of one is looked up in a fifth of
the time in which it is made.
"""

from __future__ import annotations

from typing import NamedTuple
from typing import TypeVar

from .answers import Answer
from .exchange import Body
from .exchange import Exchange
from .exchange import Policy
from .fields import STALE_WHEN_CODED
from .negotiation import MAX_HEADER_LENGTH
from .plan import Plan
from .plan import answer_at_sight
from .plan import plan_response

MATTERS = STALE_WHEN_CODED | {
    "cache-control",
    "content-encoding",
    "content-range",
    "etag",
    "server-timing",
    "upgrade",
    "vary",
    "x-accel-redirect",
    "x-sendfile",
}
"""Fields of a response with which its plan is another, or what is to change in it."""

_MAX_KNOWN = 64

_T = TypeVar("_T")


class TypePlans(NamedTuple):
    """The plans for one media type, by Accept-Encoding, None for no such field.

    :param short: for bodies below the least size.
    :param long: for all others.
    """

    short: dict[str | None, Answer | Plan]
    long: dict[str | None, Answer | Plan]


class PlainPlans:
    """The plans that a policy has for plain exchanges.

    :param policy: the settings that hold.
    """

    __slots__ = ("by_type", "min_nbytes", "policy")

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.min_nbytes = max(policy.min_size, 1)
        self.by_type: dict[str | None, Answer | TypePlans | None] = {}
        """By Content-Type: the answer for a type that is never coded, or the plans."""

    def learn_type(self, content_type: str | None) -> Answer | TypePlans | None:
        """Return what :attr:`by_type` has from now on; None if more has to be looked at."""
        policy = self.policy
        if policy.server_timing:
            return None
        fields = {} if content_type is None else {"content-type": content_type}
        known: Answer | TypePlans | None = answer_at_sight(200, fields, policy)
        if known is None and policy.predicate is None and type(policy.algorithm) is tuple:
            known = TypePlans({}, {})
        _keep(self.by_type, content_type, known)
        return known

    def learn(
        self,
        known: TypePlans,
        content_type: str,
        accept_encoding: str | None,
        *,
        is_short: bool,
    ) -> Answer | Plan:
        """Return the plan that one of the dictionaries has from now on."""
        plans = known.short if is_short else known.long
        exchange = Exchange(
            "GET",
            200,
            {"content-type": content_type},
            Body.WHOLE,
            self.min_nbytes - is_short,
            accept_encoding,
        )
        plan = plan_response(exchange, self.policy)
        if accept_encoding is None or len(accept_encoding) <= MAX_HEADER_LENGTH:
            _keep(plans, accept_encoding, plan)
        return plan


def _keep(known: dict[str | None, _T], key: str | None, value: _T) -> None:
    """Keep a value among a few.

    Applications have few types, and clients send few fields, unless they mean to: then all are
    forgotten, and those of everybody else are soon known again.
    """
    if len(known) >= _MAX_KNOWN:
        known.clear()
    known[key] = value
