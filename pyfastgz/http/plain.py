"""Plans of plain exchanges, each made once.

An exchange is plain if its plan follows from the media type, from Accept-Encoding, and from
whether the body is long enough: a whole body that is not empty, status 200, no field of
:data:`MATTERS`, no wish. Without a validator no condition of the request says anything. Most
are plain, and the plan of one is looked up in a fifth of the time in which it is made.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from typing import NamedTuple
from typing import TypeVar

from .answers import Answer
from .answers import answer_coded
from .dictionaries import Transport
from .exchange import Body
from .exchange import Exchange
from .exchange import Policy
from .exchange import least_nbytes
from .fields import STALE_WHEN_CODED
from .fields import Lasting
from .plan import answer_at_sight
from .plan import plan_response
from .steps import Plan

MATTERS = STALE_WHEN_CODED | {
    "cache-control",
    "content-encoding",
    "content-range",
    "etag",
    "last-modified",
    "server-timing",
    "upgrade",
    "vary",
    "x-accel-redirect",
    "x-sendfile",
}
"""Fields of a response with which its plan is another, or what is to change in it."""

_MAX_KNOWN = 64

# Browsers send some 30 characters, and types have no more; but clients may send what they like,
# and applications may repeat it.
_MAX_LENGTH = 256
_MAX_NAMES_LENGTH = 1024

_K = TypeVar("_K", bound="str | tuple[str, ...] | tuple[bytes, ...] | None")
_V = TypeVar("_V")
_L = TypeVar("_L")


class Known(dict[_K, _V]):
    """What is made of keys, made when it is first asked for, and kept.

    Applications have few types, and clients send few fields, unless they mean to: when there
    are too many, all are forgotten, and those of everybody else are soon known again. What is
    made of a key that is long is not kept: so all takes a bounded number of bytes.

    :param make: returns what is made of a key.
    """

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[_K], _V]) -> None:
        self._make = make

    def __missing__(self, key: _K) -> _V:
        """Make what was never asked for."""
        made = self._make(key)
        if _is_short(key):
            if len(self) >= _MAX_KNOWN:
                self.clear()
            self[key] = made
        return made


def _is_short(key: str | tuple[str, ...] | tuple[bytes, ...] | None) -> bool:
    if isinstance(key, tuple):
        return sum(map(len, key)) <= _MAX_NAMES_LENGTH
    return key is None or len(key) <= _MAX_LENGTH


# ---- Fields ----


class Shape(NamedTuple):
    """What the names of a response's fields say.

    :param type_at: which line is that of Content-Type, if there is one.
    :param settles: the media type says all, if it is one that is never coded.
    :param is_plain: the response may be that of a plain exchange.
    :param length_at: which line is that of Content-Length, None without one: the only line of
        such a response that is not true of the coded body.
    :param has_link: there is a line with the name Link, to which another would be added.
    """

    type_at: int
    settles: bool
    is_plain: bool
    length_at: int | None
    has_link: bool = False


NO_SHAPE = Shape(0, settles=False, is_plain=False, length_at=None)
"""Says nothing."""


def _shape_of(names: tuple[str, ...]) -> Shape:
    lower = [name.lower() for name in names]
    if lower.count("content-type") != 1:
        return NO_SHAPE
    # The hook remembers some tags, whatever becomes of the response.
    settles = "etag" not in lower
    lengths = lower.count("content-length")
    return Shape(
        lower.index("content-type"),
        settles,
        settles and lengths <= 1 and MATTERS.isdisjoint(lower),
        lower.index("content-length") if lengths else None,
        "link" in lower,
    )


SHAPES: Known[tuple[str, ...], Shape] = Known(_shape_of)
"""By the names of a response's fields, as they are written, in their order: what they say."""


# ---- Plans ----


class PlainPlan:
    """What is decided of a plain exchange, and all of its answer that no body changes.

    It is no tuple: what it has is asked for all the time, and takes less time so.

    :param answer: what the client gets; if the body is to be coded, if it is, and but for the
        length.
    :param plan: how to code the body; None for not at all.
    """

    __slots__ = (
        "answer",
        "coding",
        "dictionary",
        "edits",
        "left",
        "level",
        "may_grow",
        "plan",
        "way",
    )

    def __init__(self, answer: Answer, plan: Plan | None = None) -> None:
        self.answer = answer
        self.edits = Lasting.of(answer.edits)
        """The edits of the answer."""
        self.left: Any = None
        """What whoever sends bodies has made of it, if it codes none."""
        self.way: Any = None
        """The same if it codes them."""
        self.plan = plan
        self.coding = "" if plan is None else plan.coding
        """The content coding to apply, empty for none. This, and what follows, is as in
        :class:`~.steps.Plan`."""
        self.level = 0 if plan is None else plan.level
        self.may_grow = plan is not None and plan.may_grow
        self.dictionary = None if plan is None else plan.dictionary


class TypePlans(NamedTuple):
    """The plans for one media type, by Accept-Encoding, None for no such field.

    :param short: for bodies below the least size.
    :param long: for all others.
    """

    short: Known[str | None, PlainPlan | None]
    long: Known[str | None, PlainPlan | None]


class PlainPlans:
    """The plans that a policy has for plain exchanges.

    :param policy: the settings that hold.
    :param transport: what dictionaries have to do with them; None for nothing.
    """

    __slots__ = ("by_type", "min_nbytes", "policy", "transport")

    def __init__(self, policy: Policy, transport: Transport | None = None) -> None:
        self.policy = policy
        self.transport = transport
        self.min_nbytes = least_nbytes(policy)
        self.by_type: Known[str, Answer | TypePlans | None] = Known(self._for_type)
        """By Content-Type: the answer for a type that is never coded, or the plans for others;
        None if more has to be looked at."""

    def plan(
        self, content_type: str, nbytes: int, accept_encoding: str | None
    ) -> PlainPlan | None:
        """Look up the plan for a body; None if more has to be looked at."""
        known = self.by_type[content_type]
        if type(known) is not TypePlans:
            return None
        short, long = known
        return (short if nbytes < self.min_nbytes else long)[accept_encoding]

    def _for_type(self, content_type: str) -> Answer | TypePlans | None:
        policy = self.policy
        if policy.server_timing:
            return None
        answer = answer_at_sight(200, {"content-type": content_type}, policy)
        if answer is not None:
            return answer
        is_by_size = type(policy.algorithm) is not tuple
        if policy.predicate is not None or is_by_size or policy.length_noise:
            return None
        return TypePlans(
            Known(partial(self._plan, content_type, self.min_nbytes - 1)),
            Known(partial(self._plan, content_type, self.min_nbytes)),
        )

    def _plan(
        self, content_type: str, nbytes: int, accept_encoding: str | None
    ) -> PlainPlan | None:
        fields = {"content-type": content_type}
        exchange = Exchange("GET", 200, fields, Body.WHOLE, nbytes, accept_encoding)
        exchange = exchange._replace(transport=self.transport)
        plan = plan_response(exchange, self.policy)
        if isinstance(plan, Answer):
            # Another status comes with another body.
            return PlainPlan(plan) if plan.status is None else None
        plain = PlainPlan(answer_coded(exchange, plan.coding, plan.tag, None), plan)
        plain.plan = plan._replace(plain=plain)
        return plain
