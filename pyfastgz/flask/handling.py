"""The way of any response through Flask: collect, plan, carry out, apply, count."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Any

from flask import Flask
from flask import Response
from flask import request

from ..carrying import carry_out
from ..carrying import wants
from ..collecting import exchange_of
from ..http.answers import Answer
from ..http.exchange import NO_WISHES
from ..http.exchange import Wishes
from ..http.fields import collect
from ..http.plan import answer_at_sight
from ..http.plan import plan_candidate
from ..http.plan import plan_response
from ..http.steps import BEFORE_CODING
from ..http.steps import Plan
from ..http.steps import Step
from ..outcome import SKIPPED
from ..outcome import Outcome
from ..outcome import notify
from ..outcome import response_compressed
from .file_responses import file_plan
from .responses import LOOKED_AT
from .responses import Kind
from .responses import ResponseSource
from .responses import found_in
from .responses import headers_of
from .responses import kind_of
from .responses import restored
from .responses import sent_for
from .responses import with_timing

if TYPE_CHECKING:
    from ..engine import Engine

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
    environ: dict[str, Any] = asked.environ
    policy = engine.settings.current()
    wishes: Wishes = getattr(asked, WISHES, NO_WISHES)
    kind = kind_of(type(response))  # type: ignore[arg-type]
    found = found_in(response, kind, asked, policy)
    exchange = exchange_of(environ, response.status_code, fields, found, engine)
    plan = plan_candidate(exchange, policy, wishes)
    is_wanted, is_restored = None, False
    while isinstance(plan, Plan) and plan.step in BEFORE_CODING:
        if plan.step is Step.ASK:
            # It may change the response.
            is_wanted = wants(engine, policy, request, response)
        else:
            response, is_restored = restored(response, plan.edits, kind), True
        fields = collect(headers_of(response)._list)
        found = found_in(response, kind, asked, policy, is_restored=is_restored)
        exchange = exchange_of(
            environ, response.status_code, fields, found, engine, is_wanted=is_wanted
        )
        plan = plan_response(exchange, policy, wishes)
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

    def report(outcome: Outcome) -> None:
        _told(copy, outcome, app, engine)

    sent = carry_out(plan, ResponseSource(response, kind, asked), engine, wishes, report)
    copy = sent_for(response, sent, kind, asked.environ)
    return copy, sent.outcome
