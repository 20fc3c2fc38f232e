"""The start of a response in ASGI: as the application sent it, and as the server gets it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..carrying import AS_IT_IS
from ..carrying import Sent
from ..http.fields import edited
from ..http.fields import encoded
from ..http.plain import NO_SHAPE
from ..outcome import Outcome
from ..outcome import outcome_of
from .messages import Message
from .messages import RawLines
from .messages import decoded
from .messages import pairs_of
from .messages import shape_of

if TYPE_CHECKING:
    from ..middleware import Middleware


class ResponseStart:
    """The start of a response.

    :param door: decides about it.
    """

    __slots__ = ("_content_type", "_door", "_lines", "_shape", "_start", "_status")

    def __init__(self, door: Middleware) -> None:
        self._door = door
        self._start: Message = {}
        self._status = 0
        self._lines: RawLines = []
        self._shape = NO_SHAPE
        self._content_type = ""

    def _take(self, message: Message) -> bool:
        """Take what the application sent, and tell whether it is understood.

        Raises what iterating over the fields raises.
        """
        # Whoever sent it may use it again.
        self._start = start = {**message}
        headers = start.get("headers", ())
        if type(headers) is not list and not hasattr(headers, "__iter__"):
            return False
        # They may be such that can be iterated over once.
        self._lines = lines = list(headers)
        if "headers" in start:
            start["headers"] = lines
        status = start.get("status")
        if status != 200 and not (isinstance(status, int) and 99 < status < 1000):
            return False
        self._status = status
        return True

    def _is_settled(self) -> bool:
        """Tell whether the media type says all; then the response is counted, too."""
        if self._status != 200:
            return False
        try:
            self._shape, self._content_type = shape_of(self._lines)
            settled = self._door.settled(self._shape, self._content_type)
        except Exception:
            # There is something odd in the fields.
            self._shape = NO_SHAPE
            return False
        if settled is None:
            return False
        self._told(outcome_of(settled))
        return True

    def _started(self, sent: Sent) -> Message:
        """Return the start of what is sent, and tell what became of it if that is known."""
        if sent is AS_IT_IS:
            return self._start
        answer = sent.answer
        if answer.edits or self._door.engine.settings.last.server_timing:
            lines = edited(decoded(self._lines), answer.edits)
            self._lines = encoded(self._door.timed(lines, sent.outcome))
        if answer.status is not None:
            self._status = answer.status
        if sent.outcome is not None:
            self._told(sent.outcome)
        return {**self._start, "status": self._status, "headers": self._lines}

    def _told(self, outcome: Outcome) -> None:
        self._door.told(outcome, self._status, self._sent_lines)

    def _sent_lines(self) -> Iterable[tuple[str, str]]:
        return pairs_of(self._lines)
