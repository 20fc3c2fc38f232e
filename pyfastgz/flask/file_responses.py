"""Responses that are files: the short way to their plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import Any

from flask import Response

from ..border import asked_of
from ..border import sent_conditions
from ..border import was_translated
from ..collecting import exchange_of
from ..files import open_file_of
from ..http.answers import Answer
from ..http.exchange import NO_WISHES
from ..http.exchange import Ready
from ..http.fields import collect
from ..http.plan import answer_at_sight
from ..http.plan import plan_candidate
from ..http.repeated import FilePlan
from ..http.repeated import Key
from ..http.steps import Plan
from ..store.files import identity
from .responses import found_in
from .responses import headers_of
from .responses import kind_of

if TYPE_CHECKING:
    from ..engine import Engine


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
    found = found_in(response, kind, asked, policy)
    exchange = exchange_of(environ, status, fields, found, engine)
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
