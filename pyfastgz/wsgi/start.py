"""The start of a response in WSGI, as the application has made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..collecting import whole_nbytes
from ..http.answers import Answer
from ..http.fields import collect
from ..http.plain import SHAPES
from ..http.plain import Shape
from ..middleware import Head
from ..middleware import Lines
from ..outcome import Outcome
from ..outcome import outcome_of

if TYPE_CHECKING:
    from . import CompressMiddleware


class ResponseStart:
    """The start of a response.

    :param door: decides about it.
    """

    __slots__ = ("_door", "_lines", "_status")

    def __init__(self, door: CompressMiddleware) -> None:
        self._door = door
        self._status: str | None = None
        self._lines: Lines = []

    def _settled(self) -> Outcome | None:
        """Return what becomes of the response, if its media type says all."""
        try:
            if not self._is_200():
                return None
            shape, content_type = self._shape()
            answer = self._door.by_type[content_type] if shape.settles else None
        except Exception:
            # There is something odd in the fields.
            return None
        return outcome_of(answer) if isinstance(answer, Answer) else None

    def _shape(self) -> tuple[Shape, str]:
        """Return what the names of the fields say, and the Content-Type."""
        names, values = zip(*self._lines, strict=True)
        shape = SHAPES[names]
        return shape, values[shape.type_at]

    def _is_200(self) -> bool:
        return str(self._status).startswith("200")

    def _whole_nbytes(self) -> int | None:
        """Return how many bytes of the body are all of it, None if that is not known."""
        try:
            return whole_nbytes(self._lines)
        except Exception:
            # There is something odd in the fields.
            return None

    def _report(self, outcome: Outcome) -> None:
        self._door.told(outcome, self)

    def head(self) -> Head:
        """Return the response as it is sent, for receivers of the signal."""
        return Head(int(str(self._status)[:3]), collect(self._lines))
