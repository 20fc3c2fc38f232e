"""Responses that are files, with coded forms in their places: made now, kept, or ready."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from io import FileIO
from typing import TYPE_CHECKING
from typing import Any

from flask import Response
from werkzeug.wsgi import wrap_file

from .border import asked_of
from .border import sent_conditions
from .border import was_translated
from .files import FilePieces
from .files import open_file_of
from .http.answers import Answer
from .http.exchange import NO_WISHES
from .http.exchange import Ready
from .http.fields import collect
from .http.plan import answer_at_sight
from .http.plan import plan_candidate
from .http.repeated import FilePlan
from .http.repeated import Key
from .http.steps import Plan
from .outcome import SKIPPED
from .outcome import Outcome
from .responses import Kind
from .responses import applied
from .responses import chunks_of
from .responses import copied
from .responses import exchange_of
from .responses import headers_of
from .responses import kind_of
from .responses import with_body
from .store.files import identity
from .store.files import identity_of
from .store.files import read_at_once

if TYPE_CHECKING:
    from .engine import Engine


def file_plan(response: Response, asked: Any, engine: Engine) -> Answer | Plan | None:
    """Return the plan of a file that is sent, or that the client has, None for any other.

    It is what the long way comes to, for a view without wishes, and a request that asks for
    nothing else.

    :param asked: the request.
    """
    environ: dict[str, Any] = asked.environ
    policy = engine.settings.current()
    kind = kind_of(type(response))  # type: ignore[arg-type]
    status = response.status_code
    if (
        environ["REQUEST_METHOD"] != "GET"
        or "HTTP_RANGE" in environ
        or any(kind)
        or policy.predicate is not None
        or policy.server_timing
    ):
        return None
    conditions = sent_conditions(environ)
    if status != 304 and (status != 200 or conditions is not None):
        return None
    is_translated = conditions is not None and was_translated(environ)
    lines = headers_of(response)._list
    accept_encoding = environ.get("HTTP_ACCEPT_ENCODING")
    # What dictionaries have to do with it depends on the path, too.
    place: tuple[str | None, ...] = ()
    if engine.transports is not None:
        asked_with = engine.transports.known(asked_of(environ))
        place = (environ.get("SCRIPT_NAME"), environ["PATH_INFO"], *asked_with)
    key = Key(accept_encoding, conditions, is_translated, tuple(lines), place)
    try:
        known = engine.file_plans.get(key, policy)
    except TypeError:
        return None
    if known is not None and _is_the_same(response, known, environ, engine):
        return known.plan
    fields = collect(lines)
    if "set-cookie" in fields:
        # Nothing is remembered of it, see is_for_many.
        return None
    if "etag" in fields:
        engine.note_tag(fields["etag"])
    answer = answer_at_sight(status, fields, policy)
    if answer is not None:
        engine.file_plans.put(key, policy, FilePlan(answer))
        return answer
    exchange = exchange_of(response, kind, fields, asked, policy, engine)
    plan = plan_candidate(exchange, policy, NO_WISHES)
    if exchange.file is not None:
        known = FilePlan(
            plan, exchange.file, _ready_of(response, exchange.file, environ, engine)
        )
        engine.file_plans.put(key, policy, known)
    return plan


def _is_the_same(
    response: Response, known: FilePlan, environ: dict[str, Any], engine: Engine
) -> bool:
    """Tell whether a file, and what lies ready for it, is what a plan was made for."""
    if known.file is None:
        return True
    now = identity(open_file_of(response.response, environ))
    return (
        now is not None
        and now == known.file
        and _ready_of(response, now, environ, engine) is known.ready
    )


def _ready_of(
    response: Response, known: Any, environ: dict[str, Any], engine: Engine
) -> Mapping[str, Ready]:
    """Return the coded siblings of a file: the same object as long as they are the same."""
    return engine.siblings.of_file(open_file_of(response.response, environ), known)


def sent_coded(
    response: Response, plan: Plan, kind: Kind, engine: Engine, environ: dict[str, Any]
) -> tuple[Response, Outcome] | None:
    """Return a response with the file coded as a whole, and what became of it.

    If its coded form is kept, it is not read. None if the plan's ``otherwise`` is to be done.

    :param environ: that of the request.
    """
    known: Any = plan.exchange.file
    file = open_file_of(response.response, environ)
    made = engine.code_file(plan, partial(read_at_once, file, known))
    if made is None:
        return None
    answer, coded, outcome, _ = made
    if answer.coding is None:
        return applied(response, answer, kind), outcome
    return with_body(response, answer.edits, kind, coded, is_file=True), outcome


def sent_chunks(response: Response, plan: Plan, kind: Kind, environ: dict[str, Any]) -> Any:
    """Return a stream, or the bytes of a file, as what can be iterated over.

    :param environ: that of the request.
    """
    known: Any = plan.exchange.file
    if known is None:
        return chunks_of(response, kind)
    parts: Any = response.response
    return FilePieces(parts, open_file_of(parts, environ), known, 0, known.nbytes)


def sent_ready_body(
    response: Response, plan: Plan, kind: Kind, engine: Engine, file: Any
) -> tuple[Response, Outcome] | None:
    """Return a response with the bytes of a form that lies ready, and what became of it.

    None if they are not kept, or if something else is asked for than all of them.

    :param file: the open file that the form is of.
    """
    exchange, answer = plan.exchange, plan.answer()
    if (
        exchange.method != "GET"
        or not plan.may_keep
        or answer.reason is not None
        or answer.status is not None
    ):
        return None
    sibling: Any = exchange.ready[plan.coding]
    body = engine.ready_body(sibling, file)
    if body is None:
        return None
    outcome = Outcome(plan.coding, None, exchange.nbytes or 0, len(body))
    return with_body(response, answer.edits, kind, body, is_file=True), outcome


def sent_ready(
    response: Response, plan: Plan, kind: Kind, file: FileIO, environ: dict[str, Any]
) -> tuple[Response, Outcome]:
    """Return a response with a form that lies ready as its body, and what became of it.

    The server gets it as it gets any file, so that it can be sent without being read.

    :param file: the form, opened; it is closed with the response.
    :param environ: that of the request.
    """
    answer: Answer = plan.answer()
    if answer.reason is not None:
        file.close()
        return applied(response, answer, kind), SKIPPED[answer.reason]
    source: Any = response.response
    body: Any = []
    nbytes = plan.exchange.ready[plan.coding].nbytes
    outcome = Outcome(plan.coding, None)
    if plan.exchange.method == "HEAD":
        file.close()
    elif answer.part is not None:
        known = identity_of(file.fileno())
        assert known is not None
        body = FilePieces(file, file, known, *answer.part)
    else:
        body = wrap_file(environ, file)
        outcome = Outcome(plan.coding, None, plan.exchange.nbytes or 0, nbytes)
    source.close()
    attributes = {
        "response": body,
        "direct_passthrough": True,
        "automatically_set_content_length": False,
    }
    sent = copied(response, answer.edits, kind, attributes)
    if answer.status is not None:
        sent.status_code = answer.status
    return sent, outcome
