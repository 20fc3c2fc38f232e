"""Exchanges and policies for the tests of decisions, and what is decided."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from pyfastgz.http.answers import Answer
from pyfastgz.http.exchange import NO_WISHES
from pyfastgz.http.exchange import Body
from pyfastgz.http.exchange import Exchange
from pyfastgz.http.exchange import Wishes
from pyfastgz.http.plan import plan_response
from pyfastgz.http.steps import Plan

CODINGS = ("zstd", "br", "gzip", "deflate")
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
LATER = "Fri, 02 Jan 2026 00:00:00 GMT"
ALL = "gzip, deflate, br, zstd"


LEVELS = {"zstd": 3, "br": 4, "gzip": 6, "deflate": 7}


@dataclass(frozen=True)
class Policy:
    """What a decision needs, as it is if an application says nothing."""

    mimetypes: frozenset[str] = frozenset({"text/html", "text/event-stream"})
    wildcards: re.Pattern[str] | None = None
    errors: bool = False
    predicate: object = None
    algorithm: tuple[str, ...] = CODINGS
    algorithm_streaming: tuple[str, ...] = CODINGS
    known_codings: tuple[str, ...] = CODINGS
    levels: Mapping[str, int] = field(default_factory=lambda: LEVELS)
    min_size: int = 500
    streams: bool = True
    flush_seconds: float = 0.02
    evaluate_conditional_request: bool = True
    not_acceptable: bool = False
    register: bool = True
    file_nbytes: int = 4000
    server_timing: bool = False
    length_noise: int = 0
    down: int = 0
    """How many levels there are below each, for when there is too much to code."""

    def levels_down(self, coding: str, level: int) -> tuple[int, ...]:
        return tuple(level - step for step in range(1 + self.down)) if self.down else ()


POLICY = Policy()


def html(**fields: str) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return {"content-type": "text/html; charset=utf-8", **named}


PAGE = Exchange("GET", 200, html(), Body.WHOLE, 2000, "gzip")


def change(exchange: Exchange = PAGE, *, drop: str = "", **values: Any) -> Exchange:
    """Return another exchange: fields of the response by name, the rest by parameter."""
    known = {name: values.pop(name) for name in list(values) if name in Exchange._fields}
    fields = {**exchange.fields, **{name.replace("_", "-"): v for name, v in values.items()}}
    fields.pop(drop, None)
    return exchange._replace(fields=fields, **known)


def answer_of(
    exchange: Exchange, policy: Policy = POLICY, wishes: Wishes = NO_WISHES
) -> Answer:
    planned = plan_response(exchange, policy, wishes)
    assert isinstance(planned, Answer), planned
    return planned


def plan_of(exchange: Exchange, policy: Policy = POLICY, wishes: Wishes = NO_WISHES) -> Plan:
    planned = plan_response(exchange, policy, wishes)
    assert isinstance(planned, Plan), planned
    return planned
