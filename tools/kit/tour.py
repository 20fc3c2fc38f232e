"""The way through everything that is served: fetch, check, remember what was coded."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from .checks import Mismatch
from .checks import Resource
from .checks import check_body
from .checks import check_fields
from .checks import check_not_modified
from .client import Answer
from .client import fetch
from .decoders import CODINGS
from .documents.content import make_events
from .events import COUNT
from .lockstep import follow_events

_T = TypeVar("_T")

EVENTS = Resource(label="events", path="/events", tagged=False)
"""The event stream; each coding has a channel of its own below this path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of a resource in a coding, and decoded to the bytes that were expected."""

    resource: Resource
    coding: str
    wire_nbytes: int
    pieces: tuple[bytes, ...]
    """The body before coding; more than one piece if each was flushed."""


class Tour:
    """Fetches resources in every coding, and checks every answer.

    :param port: the server's.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.nchecked = 0
        """How many responses were checked."""
        self.sent: list[Sent] = []
        """Those of them that were coded, and those of resources that never are."""

    def visit(self, resource: Resource, body: bytes) -> None:
        """Fetch a resource in every coding, and again with its ETag.

        :param body: what the application says without the extension.
        :raises Mismatch: an answer is wrong.
        """
        for coding in ("identity", *CODINGS):
            answer = self._fetch(resource, coding)
            self._check(answer, resource, coding, (body,))
            tag = answer.field("ETag")
            if tag is not None:
                again = self._fetch(resource, coding, {"If-None-Match": tag})
                check_not_modified(again, answer, resource, coding)
                self.nchecked += 1

    def visit_events(self) -> None:
        """Follow an event stream in every coding.

        :raises Mismatch: an event is wrong or was held back.
        """
        for coding in ("identity", *CODINGS):
            answer = answered(partial(follow_events, self.port, coding), EVENTS, coding)
            self._check(answer, EVENTS, coding, make_events(COUNT))

    def _fetch(
        self, resource: Resource, coding: str, condition: dict[str, str] | None = None
    ) -> Answer:
        fields = {"Accept-Encoding": coding, **(condition or {})}
        request = partial(fetch, self.port, resource.path, fields=fields)
        return answered(request, resource, coding)

    def _check(
        self, answer: Answer, resource: Resource, coding: str, pieces: tuple[bytes, ...]
    ) -> None:
        check_fields(answer, resource, coding)
        check_body(answer, resource, coding, b"".join(pieces))
        self.nchecked += 1
        if resource.coded != (coding == "identity"):
            self.sent.append(
                Sent(
                    resource=resource,
                    coding=coding,
                    wire_nbytes=len(answer.body),
                    pieces=pieces,
                )
            )


def answered(request: Callable[[], _T], resource: Resource, coding: str) -> _T:
    """Return what a request returns; no answer, or a broken one, is a mismatch too."""
    try:
        return request()
    except (OSError, http.client.HTTPException) as error:
        raise Mismatch(f"{resource.path} as {coding}: {error!r}") from error
