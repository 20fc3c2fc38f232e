"""The way of any response through Flask: collect, plan, carry out, apply, count."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Any

from flask import Flask
from flask import Response
from flask import request

from .file_responses import file_plan
from .file_responses import sent_chunks
from .file_responses import sent_coded
from .file_responses import sent_ready
from .file_responses import sent_ready_body
from .files import open_file_of
from .http.answers import Answer
from .http.exchange import NO_WISHES
from .http.exchange import Wishes
from .http.exchange import without
from .http.fields import collect
from .http.plan import answer_at_sight
from .http.plan import plan_candidate
from .http.plan import plan_response
from .http.steps import Plan
from .http.steps import Step
from .outcome import SKIPPED
from .outcome import Outcome
from .outcome import notify
from .outcome import outcome_of
from .outcome import response_compressed
from .responses import LOOKED_AT
from .responses import Kind
from .responses import applied
from .responses import copied
from .responses import exchange_of
from .responses import headers_of
from .responses import kind_of
from .responses import restored
from .responses import whole_body
from .responses import with_body
from .responses import with_timing
from .store.keyed import key_of

if TYPE_CHECKING:
    from .engine import Engine
    from .policy import Policy

WISHES = "pyfastgz_wishes"
"""The attribute of a request that holds what its view asks for.

The environment is no place for it: one application may hand that on to another.
"""

NOT_LOOKED_AT = "a response could not be looked at; it is sent as it is"

ORDINARY = Kind(sends_itself=False, encodes_itself=False, has_slots=False)

# Every attribute of a proxy costs several times what the object behind it does.
current_request: Callable[[], Any] = request._get_current_object  # type: ignore[attr-defined]


def handle(response: Response, app: Flask, engine: Engine) -> Response:
    """Return the response to send, and tell what became of it."""
    outcome: Outcome | None
    if hasattr(response, LOOKED_AT):
        return response
    if response.direct_passthrough:
        asked = current_request()
        plan = None if hasattr(asked, WISHES) else file_plan(response, asked, engine)
        if plan is not None:
            response, outcome = _carried_out(
                response, plan, ORDINARY, asked, NO_WISHES, app, engine
            )
            return response if outcome is None else _told(response, outcome, app, engine)
    fields = collect(headers_of(response)._list)
    etag = fields.get("etag")
    if etag is not None:
        engine.note_tag(etag)
    answer = answer_at_sight(response.status_code, fields, engine.settings.last)
    if answer is None:
        response, outcome = _candidate(response, fields, app, engine)
    else:
        outcome = SKIPPED[answer.reason]
    if engine.settings.last.server_timing:
        response = with_timing(response, outcome)
    return response if outcome is None else _told(response, outcome, app, engine)


def _told(response: Response, outcome: Outcome, app: Flask, engine: Engine) -> Response:
    """Return a response after telling what became of it."""
    engine.tally.count(outcome)
    if response_compressed.receivers:
        notify(app, response, outcome)
    return response


def _candidate(
    response: Response, fields: dict[str, str], app: Flask, engine: Engine
) -> tuple[Response, Outcome | None]:
    """Return the response to send, and what became of it: None for a stream that is coded."""
    asked = current_request()
    policy = engine.settings.current()
    wishes: Wishes = getattr(asked, WISHES, NO_WISHES)
    kind = kind_of(type(response))  # type: ignore[arg-type]
    exchange = exchange_of(response, kind, fields, asked, policy, engine)
    plan = plan_candidate(exchange, policy, wishes)
    if not isinstance(plan, Answer) and plan.step not in _CODING:
        response, plan = _planned_again(response, plan, kind, asked, policy, wishes, engine)
    return _carried_out(response, plan, kind, asked, wishes, app, engine)


def _carried_out(  # noqa: PLR0917
    response: Response,
    plan: Answer | Plan,
    kind: Kind,
    asked: Any,
    wishes: Wishes,
    app: Flask,
    engine: Engine,
) -> tuple[Response, Outcome | None]:
    """Return the response to send, and what became of it: None for a stream that is coded."""
    while not isinstance(plan, Answer) and plan.step is Step.READY:
        sibling: Any = plan.exchange.ready[plan.coding]
        file = open_file_of(response.response, asked.environ)
        sent = sent_ready_body(response, plan, kind, engine, file)
        if sent is not None:
            return sent
        opened = engine.siblings.opened(sibling, file)
        if opened is not None:
            return sent_ready(response, plan, kind, opened, asked.environ)
        plan = plan_response(without(plan.exchange, plan.coding), plan.policy, wishes)
    if isinstance(plan, Answer):
        return applied(response, plan, kind), outcome_of(plan)
    if plan.step is Step.CODE:
        if plan.exchange.file is not None:
            made = sent_coded(response, plan, kind, engine, asked.environ)
            if made is not None:
                return made
            assert plan.otherwise is not None
            return _carried_out(response, plan.otherwise, kind, asked, wishes, app, engine)
        try:
            body = whole_body(response, kind)
        except Exception as error:
            answer = engine.failed(plan, error)
            return applied(response, answer, kind), outcome_of(answer)
        own_level = wishes.levels.get(plan.coding)
        return _coded(response, plan, body, kind, engine, own_level)
    if plan.dictionary is not None and engine.dictionary_of(plan) is None:
        assert plan.otherwise is not None
        return _carried_out(response, plan.otherwise, kind, asked, wishes, app, engine)
    return _streamed(response, plan, kind, app, engine, asked)


_CODING = frozenset({Step.CODE, Step.STREAM, Step.READY})


def _planned_again(  # noqa: PLR0917
    response: Response,
    plan: Answer | Plan,
    kind: Kind,
    asked: Any,
    policy: Policy,
    wishes: Wishes,
    engine: Engine,
) -> tuple[Response, Answer | Plan]:
    """Ask the application, or make a part whole, and return what that comes to."""
    is_wanted, is_restored = None, False
    while not isinstance(plan, Answer) and plan.step not in _CODING:
        if plan.step is Step.ASK:
            is_wanted = _is_wanted(policy, response, engine)
        else:
            response, is_restored = restored(response, plan.edits, kind), True
        exchange = exchange_of(
            response,
            kind,
            collect(headers_of(response)._list),
            asked,
            policy,
            engine,
            is_restored=is_restored,
            is_wanted=is_wanted,
        )
        plan = plan_response(exchange, policy, wishes)
    return response, plan


def _is_wanted(policy: Policy, response: Response, engine: Engine) -> bool:
    assert policy.predicate is not None
    try:
        return bool(policy.predicate(request, response))
    except Exception as error:
        engine.log_once("COMPRESS_PREDICATE failed; the response is sent as it is", error)
        return False


# ---- Carrying out ----


def _coded(  # noqa: PLR0917
    response: Response,
    plan: Plan,
    body: bytes,
    kind: Kind,
    engine: Engine,
    own_level: int | None = None,
) -> tuple[Response, Outcome]:
    """Code a whole body, and return what is sent, and what became of it."""
    key = None
    policy = engine.settings.last
    if engine.cache is not None and policy.cache_key is not None:
        key = key_of(policy.cache_key, request)
    answer, coded, outcome, _ = engine.code(plan, body, own_level, key)
    if answer.coding is None:
        return applied(response, answer, kind), outcome
    return with_body(response, answer.edits, kind, coded), outcome


def _streamed(  # noqa: PLR0917
    response: Response, plan: Plan, kind: Kind, app: Flask, engine: Engine, asked: Any
) -> tuple[Response, Outcome | None]:
    """Return a response whose body is coded as it is pulled, and tells when it is closed."""

    def report(in_nbytes: int, out_nbytes: int, seconds: float) -> None:
        outcome = Outcome(plan.coding, None, in_nbytes, out_nbytes, seconds)
        _told(sent, outcome, app, engine)

    try:
        stream = engine.stream(plan, sent_chunks(response, plan, kind, asked.environ), report)
    except Exception as error:
        answer = engine.failed(plan, error)
        return applied(response, answer, kind), outcome_of(answer)
    attributes = {
        "response": stream,
        "automatically_set_content_length": False,
        "direct_passthrough": kind.encodes_itself,
    }
    sent = copied(response, plan.answer().edits, kind, attributes)
    return sent, None
