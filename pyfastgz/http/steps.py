"""What has to be done before a client gets its answer: the outcome of a decision."""

from __future__ import annotations

import enum
from math import inf
from typing import TYPE_CHECKING
from typing import NamedTuple

from .answers import Answer
from .answers import answer_304
from .answers import answer_coded
from .answers import answer_condition
from .answers import as_it_is
from .dictionaries import Known
from .eligibility import SkipReason
from .exchange import Exchange
from .exchange import Policy
from .exchange import failed_condition
from .fields import NO_EDITS
from .fields import Edits

if TYPE_CHECKING:
    from .plain import PlainPlan


class Step(enum.Enum):
    """What has to be done before there is an answer."""

    CODE = "code the whole body, then ask for the answer"
    STREAM = "code the body as it is sent, and send the answer"
    LABEL = "send the fields of the coded body, if it would be coded"
    READY = "send the form that lies ready, or plan again without it"
    ASK = "ask the application whether it wants that, and plan again"
    RESTORE = "make the part whole again, with the answer's edits, and plan again"


BEFORE_CODING = frozenset({Step.ASK, Step.RESTORE})
"""What is to be done by the door that has the response, to plan again."""


class Plan(NamedTuple):
    """What to do about a response.

    :param step: what to do next.
    :param exchange: what it is about.
    :param policy: by which it was made.
    :param coding: the content coding to apply.
    :param level: its level.
    :param min_nbytes: a shorter body is not to be coded.
    :param may_grow: the coded body is to be sent even if it is longer.
    :param tag: the entity tag of the coded representation, None without one.
    :param flush_seconds: when to flush a stream: 0 at every chunk, infinite never early, else
        in which time once more.
    :param nbytes: how many bytes a stream has, None if that is not certain.
    :param declared_nbytes: how many bytes a stream has by its Content-Length; None without one.
    :param is_small: whether the encoder of a stream is to take little memory.
    :param may_keep: the coded body may be kept, to be sent again: whether it may be stored at
        all is a matter of Cache-Control (RFC 9111 section 5.2.2.5).
    :param edits: what makes a part whole again.
    :param settled: the answer, where it does not depend on what is made.
    :param dictionary: what the coding refers to (RFC 9842); None for nothing.
    :param otherwise: what to do instead if there is nothing to gain from the dictionary.
    :param ready_nbytes: how many bytes the form without it has, if one lies ready.
    :param plain: the same where all that no body changes is there already; None if it is not.
    :param noise: how many letters of noise the response has at most, if it is coded.
    :param levels: the level at each step of the CPU budget, the first of them ``level``; None
        for no coding, unless what was coded is kept. Empty without a budget.
    """

    step: Step
    exchange: Exchange
    policy: Policy
    coding: str = ""
    level: int = 0
    min_nbytes: int = 0
    may_grow: bool = False
    tag: str | None = None
    flush_seconds: float = inf
    declared_nbytes: int | None = None
    is_small: bool = False
    nbytes: int | None = None
    may_keep: bool = False
    edits: Edits = NO_EDITS
    settled: Answer | None = None
    dictionary: Known | None = None
    otherwise: Answer | Plan | None = None
    ready_nbytes: int | None = None
    plain: PlainPlan | None = None
    noise: int = 0
    levels: tuple[int | None, ...] = ()

    def answer(
        self, in_nbytes: int = 0, out_nbytes: int = 0, *, reason: SkipReason | None = None
    ) -> Answer:
        """Return what the client gets when the body is coded, or the coding of a stream begins.

        :param in_nbytes: how many bytes the body has; 0 for a stream.
        :param out_nbytes: how many bytes it has coded; 0 for a stream.
        :param reason: why it is not coded after all.
        """
        if self.settled is not None and reason is None:
            return self.settled
        exchange, policy = self.exchange, self.policy
        if self.step is Step.CODE and reason is None:
            if in_nbytes < self.min_nbytes:
                reason = SkipReason.TOO_SMALL if in_nbytes else SkipReason.EMPTY
            elif out_nbytes >= in_nbytes and not self.may_grow:
                reason = SkipReason.NOT_SMALLER
        if exchange.status == 304:
            return answer_304(exchange, policy, self.tag if reason is None else None)
        if reason is not None:
            answer = as_it_is(exchange, policy, reason)
            if self.step is not Step.LABEL or not self.may_keep or exchange.file is not None:
                return answer
            # Without the body nobody knows whether it is kept, and GET gets another length.
            return answer._replace(edits={**answer.edits, "content-length": None})
        if exchange.conditions is not None and self.step is Step.CODE:
            status = failed_condition(exchange, policy, self.tag)
            if status is not None:
                return answer_condition(exchange, status, self.tag)
        return answer_coded(exchange, self.coding, self.tag, out_nbytes or None)
