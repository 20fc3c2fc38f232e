"""What Flask calls after each request: the short way of most responses."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING
from typing import Any

from flask import Flask
from flask import Response
from flask import make_response

from ..border import asked_of
from ..coding.core import answer_plainly
from ..http.answers import Answer
from ..http.dictionaries import NO_TRANSPORT
from ..http.dictionaries import NOTHING_ASKED
from ..http.dictionaries import Asked
from ..http.fields import LENGTH
from ..http.fields import Added
from ..http.plain import SHAPES
from ..http.plain import PlainPlan
from ..http.plain import PlainPlans
from ..http.plain import Shape
from ..http.plain import TypePlans
from ..outcome import SKIPPED
from ..outcome import notify
from ..outcome import response_compressed
from ..policy.table import LEVEL_KEYS
from .handling import NOT_LOOKED_AT
from .handling import ORDINARY
from .handling import WISHES
from .handling import current_request
from .handling import handle
from .responses import applied
from .responses import kind_of
from .responses import with_lines

if TYPE_CHECKING:
    from ..engine import Engine

# Of all others a level says all.
_OF_MORE_SETTINGS = frozenset({"br", "dcz"})


def make_hook(  # noqa: PLR0915
    app: Flask, engine: Engine
) -> Callable[[Response | None], Response]:
    """Return what an application calls after each request.

    It never raises for what a view left in the response: what cannot be understood is logged
    once and sent as it is.

    Plans of plain exchanges are looked up. Everything else goes the long way, to
    :func:`handle`, which would come to the same for these. What settles most comes first, and
    the request is not touched for a response whose type is never compressed.
    """
    settings, skipped = engine.settings, engine.tally.skipped
    value_of = settings.look_up()
    count, settle = engine.tally.count, engine.code_plain
    ordinary = {kind for kind in (Response, app.response_class) if _is_ordinary(kind)}
    transports = engine.transports
    transport = None if transports is None else NO_TRANSPORT
    latest = PlainPlans(settings.last, transport)

    def long_way(response: Response | None) -> Response:
        if response is None:
            return make_response("", 204)
        try:
            return handle(response, app, engine)
        except Exception as error:
            engine.log_once(NOT_LOOKED_AT, error)
            return response

    def coded(
        response: Response,
        lines: list[tuple[str, str]],
        shape: Shape,
        plan: PlainPlan,
        body: bytes,
    ) -> Response:
        coding, policy = plan.coding, settings.last
        if (
            value_of(LEVEL_KEYS[coding]) != plan.level
            or (coding in _OF_MORE_SETTINGS and settings.current() is not policy)
            or (policy.cache_key is not None and engine.cache is not None)
        ):
            return long_way(response)
        (answer, made, outcome, _, _), fields = answer_plainly(
            settle, plan, body, lines, shape.length_at, LENGTH
        )
        if answer.coding is None:
            response = applied(response, answer, ORDINARY)
        else:
            response = with_lines(response, fields, made)
        count(outcome)
        if response_compressed.receivers:
            notify(app, response, outcome)
        return response

    def planned(environ: dict[str, Any], named: Asked, base: PlainPlans) -> PlainPlans | None:
        """Return the plans of a request; None if more has to be looked at."""
        assert transports is not None
        root = environ.get("SCRIPT_NAME", "")
        return transports.plain_plans(root, environ["PATH_INFO"], named, base)

    def asked_plans(environ: dict[str, Any], base: PlainPlans) -> PlainPlans | None:
        """Return the same of a request that names a dictionary."""
        assert transports is not None
        get, available = environ.get, environ["HTTP_AVAILABLE_DICTIONARY"]
        if monotonic() < transports.until and not get("SCRIPT_NAME"):
            site, mode = get("HTTP_SEC_FETCH_SITE"), get("HTTP_SEC_FETCH_MODE")
            plans = transports.at_root.get((environ["PATH_INFO"], available, site, mode))
            if plans is not None and plans.policy is base.policy:
                return plans
        return planned(environ, asked_of(environ), base)

    def after_request(response: Response | None) -> Response:
        nonlocal latest
        if response is None:
            return long_way(response)
        try:
            headers = response.headers
            lines = headers._list
            shape = SHAPES[next(zip(*lines))]  # noqa: B905
            type_at, settles, is_plain, _, has_link = shape
            if not settles or type(response) not in ordinary or response._status_code != 200:
                return long_way(response)
            plans = latest
            if plans.policy is not settings.last:
                plans = latest = PlainPlans(settings.last, transport)
            known = plans.by_type[lines[type_at][1]]
            if isinstance(known, Answer):
                skipped[known.reason]()
                if response_compressed.receivers:
                    notify(app, response, SKIPPED[known.reason])
                return response
            parts, asked = response.response, current_request()
            environ = asked.environ
            if (
                known is None
                or not is_plain
                or type(parts) is not list
                or len(parts) != 1
                or type(body := parts[0]) is not bytes
                or not body
                or hasattr(asked, WISHES)
                or environ["REQUEST_METHOD"] == "CONNECT"
                or value_of("COMPRESS_MIN_SIZE") != plans.policy.min_size
            ):
                return long_way(response)
            if transports is not None:
                if "HTTP_AVAILABLE_DICTIONARY" in environ:
                    own_plans = asked_plans(environ, plans)
                elif transports.until <= monotonic():
                    own_plans = planned(environ, NOTHING_ASKED, plans)
                elif transports.has_pages:
                    own_plans = transports.at_root.get(environ["PATH_INFO"])
                    if (
                        own_plans is None
                        or own_plans.policy is not plans.policy
                        or environ.get("SCRIPT_NAME")
                    ):
                        own_plans = planned(environ, NOTHING_ASKED, plans)
                else:
                    own_plans = plans
                if own_plans is not plans:
                    if own_plans is None or has_link:
                        return long_way(response)
                    known = own_plans.by_type[lines[type_at][1]]
                    if TYPE_CHECKING:
                        # There are others for the same type, too.
                        assert isinstance(known, TypePlans)
            by_encoding = known.short if len(body) < plans.min_nbytes else known.long
            plan = by_encoding[environ.get("HTTP_ACCEPT_ENCODING")]
            if plan is None:
                return long_way(response)
            if plan.coding:
                return coded(response, lines, shape, plan, body)
            edits, reason = plan.edits, plan.answer.reason
            if type(edits) is Added:
                headers._list = [*lines, *edits.lines]
            else:
                response = applied(response, plan.answer, ORDINARY)
            skipped[reason]()
            if response_compressed.receivers:
                notify(app, response, SKIPPED[reason])
            return response
        except Exception:
            # There is something odd in the response; nothing was done to it, nor counted, yet.
            return long_way(response)

    return after_request


def _is_ordinary(kind: type[Response]) -> bool:
    """Tell whether a class of responses does all in the way that its parent does it."""
    ways = kind_of(kind)  # type: ignore[arg-type]
    return not any(ways) and kind.status_code is Response.status_code
