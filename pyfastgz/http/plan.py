"""What becomes of a response: one decision, made of strings and numbers.

A door collects an :class:`~.exchange.Exchange`, and :func:`plan_response` says what the client
gets, or what has to be done to know it; :meth:`.steps.Plan.answer` then says it. Every field of
a response that changes is in the edits of an :class:`~.answers.Answer`.
"""

from __future__ import annotations

from collections.abc import Mapping

from .answers import LEFT
from .answers import Answer
from .answers import answer_304
from .answers import answer_coded
from .answers import answer_condition
from .answers import answer_ready
from .answers import as_it_is
from .answers import refuse
from .answers import varied
from .answers import vary_of
from .conditions import names_none
from .dictionaries import CODING as DICTIONARY_CODING
from .eligibility import STILL_VARIES
from .eligibility import SkipReason
from .eligibility import skip_reason
from .exchange import NO_WISHES
from .exchange import Body
from .exchange import Exchange
from .exchange import Policy
from .exchange import Wishes
from .exchange import choice_for
from .exchange import dictionary_of
from .exchange import failed_condition
from .exchange import is_coded_whole
from .exchange import is_listed
from .exchange import least_nbytes
from .exchange import left_alone_for
from .exchange import may_be_smaller
from .exchange import noise_for
from .exchange import tag_for
from .exchange import wanted
from .exchange import without_dictionary
from .fields import declared_length
from .fields import flush_rule
from .fields import has_directive
from .fields import is_of_events
from .fields import media_type
from .levels import level_for
from .levels import levels_for
from .parts import plan_part
from .steps import Plan
from .steps import Step
from .tags import ends_like_coded
from .tags import is_strong


def plan_response(
    exchange: Exchange, policy: Policy, wishes: Wishes = NO_WISHES
) -> Answer | Plan:
    """Decide what becomes of a response.

    :param policy: the settings that hold.
    :param wishes: what its view asks for.
    """
    answer = answer_at_sight(exchange.status, exchange.fields, policy)
    return plan_candidate(exchange, policy, wishes) if answer is None else answer


def answer_at_sight(status: int, fields: Mapping[str, str], policy: Policy) -> Answer | None:
    """Return the answer where status and fields of a response say all, None where not.

    Most responses that are left alone are pictures and redirections: a door that asks this
    first need not look at the request for them.
    """
    reason = skip_reason(status, fields, policy)
    if reason is None or status == 304 or reason in STILL_VARIES:
        return None
    return LEFT[reason]


def plan_candidate(exchange: Exchange, policy: Policy, wishes: Wishes) -> Answer | Plan:
    """Decide about a response for which :func:`answer_at_sight` has none."""
    if dictionary_of(exchange) is None:
        return _plan_candidate(exchange, policy, wishes)
    # What a dictionary is good for, only lengths tell, whatever the client asks of the body.
    plain, ready_nbytes = without_dictionary(exchange), None
    rival = _plan_candidate(plain._replace(conditions=None), policy, wishes)
    if isinstance(rival, Plan) and rival.step is Step.READY:
        ready_nbytes = plain.ready[rival.coding].nbytes
        if not may_be_smaller(exchange, policy, ready_nbytes):
            exchange = plain
    plan = _plan_candidate(exchange, policy, wishes)
    if isinstance(plan, Answer) or plan.coding != DICTIONARY_CODING:
        return plan
    otherwise = rival
    if isinstance(rival, Plan) and rival.step is Step.CODE:
        otherwise = rival._replace(exchange=plain)
    elif plain.conditions is not None:
        otherwise = _plan_candidate(plain, policy, wishes)
    return plan._replace(
        dictionary=dictionary_of(exchange), otherwise=otherwise, ready_nbytes=ready_nbytes
    )


def _plan_candidate(exchange: Exchange, policy: Policy, wishes: Wishes) -> Answer | Plan:
    method, status, fields, body = exchange[:4]
    reason = None
    if wishes.exempt:
        reason = SkipReason.EXEMPT
    elif method == "CONNECT":
        reason = SkipReason.UPGRADE
    elif status != 200 or "content-range" in fields:
        reason = skip_reason(status, fields, policy)
    if reason is not None:
        if status == 304:
            return _plan_304(exchange, policy, wishes, reason)
        if reason is SkipReason.PARTIAL:
            return plan_part(exchange, policy, wishes)
        return LEFT[reason]
    if body is not Body.WHOLE and (reason := left_alone_for(body, policy, wishes)) is not None:
        return LEFT[reason]
    is_wanted = wanted(exchange, policy)
    if is_wanted is None:
        return Plan(Step.ASK, exchange, policy)
    if not is_wanted:
        return varied(exchange, SkipReason.PREDICATE)

    coding, identity_refused = choice_for(exchange, policy, wishes)
    if coding is None:
        if identity_refused and policy.not_acceptable and 200 <= status < 300:
            return refuse(exchange, 406)
        return as_it_is(exchange, policy, SkipReason.NOT_ACCEPTED)
    if coding in exchange.ready:
        plan = _plan_ready
    else:
        plan = _plan_whole if is_coded_whole(exchange, policy) else _plan_stream
    return plan(exchange, policy, wishes, coding, is_needed=identity_refused)


def _plan_whole(
    exchange: Exchange, policy: Policy, wishes: Wishes, coding: str, *, is_needed: bool
) -> Answer | Plan:
    """Plan for a body that is there, or a file that is read at once.

    :param is_needed: whether the client takes no body without a coding.
    """
    nbytes, conditions = exchange.nbytes, exchange.conditions
    min_nbytes = least_nbytes(policy, is_needed=is_needed)
    # To answer HEAD no file is read.
    has_no_body = exchange.body is Body.FILE and exchange.method == "HEAD"
    if not nbytes:
        # A view may leave out the body of a HEAD response, and none is known before it is made.
        declared = declared_length(exchange.fields)
        if nbytes is None:
            nbytes = declared
        elif exchange.method == "HEAD" and declared:
            nbytes, has_no_body = declared, True
    if nbytes is not None and nbytes < min_nbytes:
        return as_it_is(exchange, policy, SkipReason.TOO_SMALL if nbytes else SkipReason.EMPTY)
    tag = tag_for(exchange, policy, coding)
    if conditions is not None and (has_no_body or is_listed(conditions, tag)):
        # Which tag the response will have is not known yet: the body may not shrink. But a
        # client that lists this one was sent it coded.
        condition = failed_condition(exchange, policy, tag)
        if condition is not None and (has_no_body or condition == 304):
            return answer_condition(exchange, condition, tag)
    if has_no_body:
        # GET would be coded, so HEAD says so, but not the coded length: only making the
        # content tells it (RFC 9110 section 9.3.2).
        return _label(exchange, policy, wishes, coding, tag)
    return _code(exchange, policy, wishes, coding, tag, is_needed=is_needed)


def _code(
    exchange: Exchange,
    policy: Policy,
    wishes: Wishes,
    coding: str,
    tag: str | None,
    *,
    is_needed: bool,
) -> Plan:
    """Return the plan to code all bytes at once."""
    return Plan(
        Step.CODE,
        exchange,
        policy,
        coding,
        level_for(policy, wishes, coding),
        least_nbytes(policy, is_needed=is_needed),
        is_needed,
        tag,
        may_keep=_may_keep(exchange),
        noise=noise_for(exchange, policy, wishes),
        levels=levels_for(policy, wishes, coding, tag),
    )


def _label(
    exchange: Exchange, policy: Policy, wishes: Wishes, coding: str, tag: str | None
) -> Answer | Plan:
    """Answer HEAD where GET would be coded, or may be at some steps of a CPU budget."""
    answer = answer_coded(exchange, coding, tag, None)
    levels = levels_for(policy, wishes, coding, tag)
    if not levels:
        return answer
    return Plan(
        Step.LABEL,
        exchange,
        policy,
        coding,
        level_for(policy, wishes, coding),
        tag=tag,
        may_keep=is_coded_whole(exchange, policy) and _may_keep(exchange),
        settled=answer,
        levels=levels,
    )


def _may_keep(exchange: Exchange) -> bool:
    """Tell whether Cache-Control allows to store what is sent (RFC 9111 section 5.2.2.5)."""
    return not has_directive(exchange.fields.get("cache-control"), "no-store")


def _plan_ready(
    exchange: Exchange, policy: Policy, wishes: Wishes, coding: str, *, is_needed: bool
) -> Answer | Plan:
    """Plan for a file of which a coded form lies ready."""
    nbytes = exchange.nbytes
    if nbytes is not None and nbytes < least_nbytes(policy, is_needed=is_needed):
        return as_it_is(exchange, policy, SkipReason.TOO_SMALL)
    tag = tag_for(exchange, policy, coding)
    status = failed_condition(exchange, policy, tag)
    if status is not None:
        return answer_condition(exchange, status, tag)
    return Plan(
        Step.READY,
        exchange,
        policy,
        coding,
        tag=tag,
        may_keep=_may_keep(exchange),
        settled=answer_ready(exchange, coding, tag),
    )


def _plan_stream(
    exchange: Exchange, policy: Policy, wishes: Wishes, coding: str, *, is_needed: bool
) -> Answer | Plan:
    """Plan for a body that is made, or read, as it is sent."""
    min_nbytes = least_nbytes(policy, is_needed=is_needed)
    declared_nbytes = declared_length(exchange.fields)
    nbytes = declared_nbytes if exchange.nbytes is None else exchange.nbytes
    if nbytes is not None and nbytes < min_nbytes:
        return as_it_is(exchange, policy, SkipReason.TOO_SMALL)
    tag = tag_for(exchange, policy, coding)
    status = failed_condition(exchange, policy, tag)
    if status is not None:
        return answer_condition(exchange, status, tag)
    if exchange.method == "HEAD":
        # Its body is never pulled, so it needs no encoder.
        return _label(exchange, policy, wishes, coding, tag)
    kind = media_type(exchange.fields["content-type"])
    # A file of which nothing is known may be a pipe, which somebody waits for, unless it has a
    # strong tag.
    is_file = exchange.body is Body.FILE and (exchange.nbytes is not None or is_strong(tag))
    return Plan(
        Step.STREAM,
        exchange,
        policy,
        coding,
        level_for(policy, wishes, coding),
        tag=tag,
        flush_seconds=flush_rule(kind, policy.flush_seconds, is_file=is_file),
        is_small=is_of_events(kind),
        nbytes=exchange.nbytes,
        declared_nbytes=declared_nbytes,
        levels=levels_for(policy, wishes, coding, tag),
    )


# ---- A response that stands for one that may be coded ----


def _plan_304(
    exchange: Exchange, policy: Policy, wishes: Wishes, reason: SkipReason
) -> Answer | Plan:
    """Plan for a 304 that the application made.

    It compared the tags of representations without coding, as translated, and dates, which all
    representations have in common. If the client holds a coded one, the 304 gets its tag. So
    it matters whether the 200 that it stands for is coded, which may need the body.
    """
    fields, conditions = exchange.fields, exchange.conditions
    etag = fields.get("etag")
    if reason not in STILL_VARIES or etag is None:
        return answer_304(exchange, policy, None, reason)
    if ends_like_coded(etag, policy.known_codings) and not vary_of(exchange):
        # An application inside of this one has made it, and has looked at it.
        return LEFT[reason]
    coding, identity_refused = None, False
    if left_alone_for(exchange.body, policy, wishes) is None:
        is_wanted = wanted(exchange, policy)
        if is_wanted is None:
            return Plan(Step.ASK, exchange, policy)
        if is_wanted:
            coding, identity_refused = choice_for(exchange, policy, wishes)
    if coding is None:
        return answer_304(exchange, policy, None, reason)
    tag = tag_for(exchange, policy, coding)
    if "date" in fields and exchange.nbytes != 0:
        # Unlike make_conditional, whoever answers 304 by hand has no body of the 200 there.
        min_nbytes = least_nbytes(policy, is_needed=identity_refused)
        nbytes = declared_length(fields)
        if nbytes is not None and nbytes < min_nbytes:
            tag = None
        elif (
            exchange.body is Body.WHOLE
            and is_strong(etag)
            # Otherwise the client was sent what it lists.
            and (conditions is None or names_none(conditions.if_none_match))
        ):
            return _code(exchange, policy, wishes, coding, tag, is_needed=identity_refused)
    return answer_304(exchange, policy, tag, reason)
