"""What becomes of a part of a representation, a 206: it stays, or is made whole again."""

from __future__ import annotations

from .answers import Answer
from .answers import varied
from .conditions import allows_part
from .conditions import failed_precondition
from .conditions import lists
from .eligibility import SkipReason
from .exchange import Exchange
from .exchange import Policy
from .exchange import Wishes
from .exchange import choice_for
from .exchange import left_alone_for
from .exchange import tag_for
from .exchange import wanted
from .fields import Edits
from .fields import complete_length
from .steps import Plan
from .steps import Step


def plan_part(exchange: Exchange, policy: Policy, wishes: Wishes) -> Answer | Plan:
    """Plan for a part, which is taken back where the client may hold coded bytes."""
    if exchange.is_cut and left_alone_for(exchange.body, policy, wishes) is None:
        is_wanted = wanted(exchange, policy)
        if is_wanted is None:
            return Plan(Step.ASK, exchange, policy)
        if is_wanted:
            coding, identity_refused = choice_for(exchange, policy, wishes)
            if coding is not None and (
                identity_refused
                or not _allows_part(exchange, policy, coding)
                # Then it is a part of that which is sent.
                or (coding in exchange.ready and not _holds_identity(exchange))
            ):
                nbytes = complete_length(exchange.fields)
                length = None if nbytes is None else str(nbytes)
                edits: Edits = {"content-range": None, "content-length": length}
                return Plan(Step.RESTORE, exchange, policy, edits=edits)
    return varied(exchange, SkipReason.PARTIAL)


def _allows_part(exchange: Exchange, policy: Policy, coding: str) -> bool:
    conditions, fields = exchange.conditions, exchange.fields
    if conditions is None:
        return True
    etag, date = fields.get("etag"), fields.get("last-modified")
    if not allows_part(conditions, etag):
        return False
    if not policy.evaluate_conditional_request:
        return True
    # These come before the range (RFC 9110 section 13.2.2), but not in werkzeug.
    return (
        failed_precondition(conditions, etag, date) != 412
        and failed_precondition(conditions, tag_for(exchange, policy, coding), date) != 304
    )


def _holds_identity(exchange: Exchange) -> bool:
    """Tell whether the client says that it has bytes without a coding."""
    conditions, etag = exchange.conditions, exchange.fields.get("etag")
    if conditions is None or etag is None:
        return False
    return conditions.if_range is not None or lists(conditions.if_match, etag)
