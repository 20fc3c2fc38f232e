"""What the doors for the applications of any framework have in common."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable
from collections.abc import Mapping
from functools import partial
from typing import Any
from typing import NamedTuple
from typing import Protocol

from .border import asked_of
from .budgeted import engine_for
from .carrying import wants
from .collecting import Found
from .collecting import exchange_of
from .http.answers import Answer
from .http.exchange import GET
from .http.exchange import Wishes
from .http.fields import collect
from .http.plain import PlainPlans
from .http.plain import Shape
from .http.plan import plan_response
from .http.steps import Plan
from .http.steps import Step
from .outcome import Outcome
from .outcome import Stats
from .outcome import notify
from .outcome import notify_step
from .outcome import response_compressed
from .outcome import timing_of
from .policy.options import settings_from
from .policy.table import NAMES
from .transports import Served

WISHES = "pyfastgz.wishes"
"""Where the environment of a request, or its scope, holds what is asked for its response."""

NOT_LOOKED_AT = "a response could not be looked at; it is sent as it is"

Lines = list[tuple[str, str]]


class Head(NamedTuple):
    """A response without its body, as predicates and receivers of signals get it.

    :param status: the status code.
    :param fields: the field values by lower-case name, several lines joined with commas.

    .. versionadded:: 0.1
    """

    status: int
    fields: Mapping[str, str]


class Sending(Protocol):
    """A response that is being sent."""

    @abstractmethod
    def head(self) -> Head:
        """Return it as it is sent."""


class Middleware:
    """Decides about the responses of an application. Safe for concurrent use.

    :param options: the settings in lower case, without ``COMPRESS_``.
    :raises ConfigurationError: a value is not usable; the message names the option.
    :raises TypeError: there is no such option.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.engine = engine_for(settings_from(options), os.getcwd(), NAMES.__getitem__)
        """Settings, store and counters."""
        if self.engine.budget is not None:
            self.engine.budget.on_change = partial(notify_step, self)
        policy = self.engine.settings.last
        if policy.mimetypes:
            self.engine.hook = self.decided
        self._count = self.engine.tally.count
        self._plain = PlainPlans(policy)
        self.by_type = self._plain.by_type
        """What is known of a response by its Content-Type, see
        :class:`~pyfastgz.http.plain.PlainPlans`."""
        # Who is asked before anything is coded, or named by the request, gets the long way.
        self._has_short_way = policy.cache_key is None or self.engine.cache is None
        is_for_all = self._has_short_way and self.engine.transports is None
        self.plans = self._plain if is_for_all else None
        """The plans of all plain exchanges; None if each has to ask :meth:`plans_for`."""

    def stats(self) -> Stats:
        """Return what became of the responses of the application in this process so far.

        .. versionadded:: 0.1
        """
        return self.engine.stats()

    def served(self, environ: dict[str, Any]) -> Served | None:
        """Return the dictionary that a request asks for; None if it is for the application."""
        transports = self.engine.transports
        if transports is None or environ.get("REQUEST_METHOD") not in GET:
            return None
        return transports.served(environ.get("PATH_INFO", ""))

    def plans_for(
        self, shape: Shape, environ: Callable[[], dict[str, Any]]
    ) -> PlainPlans | None:
        """Return the plans for a plain exchange; None if more has to be looked at.

        :param shape: what the names of the response's fields say.
        :param environ: returns the request, as WSGI has it.
        """
        transports = self.engine.transports
        if transports is None or not self._has_short_way:
            return self.plans
        asked = environ()
        place = asked.get("SCRIPT_NAME", ""), asked.get("PATH_INFO", "")
        plans = transports.plain_plans(*place, asked_of(asked), self._plain)
        return None if shape.has_link and plans is not self._plain else plans

    def decided(  # noqa: PLR0917
        self,
        environ: dict[str, Any],
        request: Any,
        status: int,
        lines: Lines,
        found: Found,
        wishes: Wishes,
    ) -> Answer | Plan:
        """Return what is decided about a response.

        :param environ: the request, as WSGI has it.
        :param request: what ``predicate`` is called with.
        :param lines: the fields of the response.
        :param found: how it has its body.
        :param wishes: what was asked for it.
        """
        engine = self.engine
        policy = engine.settings.current()
        fields = collect(lines)
        etag = fields.get("etag")
        if etag is not None:
            engine.note_tag(etag)
        exchange = exchange_of(environ, status, fields, found, engine)
        plan = plan_response(exchange, policy, wishes)
        if isinstance(plan, Plan) and plan.step is Step.ASK:
            is_wanted = wants(engine, policy, request, Head(status, dict(fields)))
            plan = plan_response(exchange._replace(is_wanted=is_wanted), policy, wishes)
        return plan

    def told(self, outcome: Outcome, response: Sending) -> None:
        """Tell what became of a response."""
        self._count(outcome)
        if response_compressed.receivers:
            notify(self, response.head(), outcome)

    def timed(self, lines: Lines, outcome: Outcome | None) -> Lines:
        """Return the fields that are sent, which tell what became of the response if they may.

        :param outcome: None for a stream, which has not been coded yet.
        """
        if not self.engine.settings.last.server_timing:
            return lines
        coding = collect(lines).get("content-encoding")
        return [*lines, ("Server-Timing", timing_of(outcome, coding))]
