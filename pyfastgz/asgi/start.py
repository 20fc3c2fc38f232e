"""The start of a response in ASGI: as the application sent it, and as the server gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..carrying import AS_IT_IS
from ..carrying import Sent
from ..coding.core import start_of
from ..http.answers import Answer
from ..http.fields import collect
from ..http.fields import edited
from ..http.fields import encoded
from ..http.plain import NO_SHAPE
from ..http.plain import Shape
from ..middleware import Head
from ..outcome import SKIPPED
from ..outcome import Outcome
from .messages import SHAPES
from .messages import Message
from .messages import RawLines
from .messages import decoded
from .messages import pairs_of

if TYPE_CHECKING:
    from ..middleware import Middleware


class ResponseStart:
    """The start of a response, once it is there."""

    __slots__ = ("_content_type", "_door", "_lines", "_shape", "_start", "_status")

    _door: Middleware
    # These are there from the start on.
    _start: Message
    _status: int
    _lines: RawLines
    _shape: Shape
    _content_type: str

    def _waits(self, message: Message) -> bool:
        """Take the start of the response, and tell whether it waits for the body.

        If it does not, the media type says all, or nobody understands it. Raises what iterating
        over the fields raises.
        """
        try:
            known = start_of(message, SHAPES)
            if known is not None:
                self._status = 200
                self._start, self._lines, self._shape, self._content_type = known
                _, _, shape, content_type = known
                door = self._door
                if shape.settles and type(answer := door.by_type[content_type]) is Answer:
                    door.told(SKIPPED[answer.reason], self)
                    return False
                return True
        except Exception:
            # There is something odd in the fields.
            pass
        # Whoever sent it may use it again.
        self._start = start = {**message}
        self._status = status = start.get("status", 0)
        self._shape, self._content_type = NO_SHAPE, ""
        headers = start.get("headers", ())
        if not hasattr(headers, "__iter__"):
            return False
        self._lines = lines = list(headers)
        if "headers" in start:
            start["headers"] = lines
            if type(headers) is not list or type(message) is not dict:
                # What may be iterated over once, or is of a kind of its own, is neither now.
                return self._waits(start)
        return isinstance(status, int) and 99 < status < 1000

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
            self._report(sent.outcome)
        return {**self._start, "status": self._status, "headers": self._lines}

    def _report(self, outcome: Outcome) -> None:
        self._door.told(outcome, self)

    def head(self) -> Head:
        """Return the response as it is sent, for receivers of the signal."""
        return Head(self._status, collect(pairs_of(self._lines)))
