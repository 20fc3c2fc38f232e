"""Flask's responses: what an exchange is made of, and copies with other fields and bodies.

A view may return the same response again, to another client, perhaps at the same time. So it is
copied, but where nothing changes, or a Vary alone is added, which is right for all.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from copy import copy as shallow_copy
from functools import lru_cache
from functools import partial
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.wsgi import ClosingIterator
from werkzeug.wsgi import _RangeWrapper
from werkzeug.wsgi import wrap_file

from ..carrying import Sent
from ..coding.stream import CodedStream
from ..collecting import Found
from ..files import open_file_of
from ..http.answers import Answer
from ..http.bodies import nbytes_of
from ..http.exchange import Body
from ..http.fields import Added
from ..http.fields import Edits
from ..http.fields import edited
from ..outcome import Outcome
from ..outcome import timing_of

if TYPE_CHECKING:
    from ..policy import Policy

LOOKED_AT = "pyfastgz_looked_at"
"""The attribute that marks copies that were made here: a hook may be registered twice."""

# What has as many items as it says; others are iterated over.
_HONEST = frozenset({list, tuple})

# By any of its own, a class decides what is sent.
_WAYS_TO_SEND = ("__call__", "get_app_iter", "get_wsgi_response")


# ---- Collecting ----


def headers_of(response: Response) -> Headers:
    """Return the fields of a response, in which a view may have left something else."""
    headers = response.headers
    if not isinstance(headers, Headers):
        # Anything that werkzeug makes Headers of in the end.
        headers = response.headers = Headers(headers)
    return headers


class Kind(NamedTuple):
    """What a class of responses does in a way of its own.

    :param sends_itself: send the body.
    :param encodes_itself: make bytes of what it has as body.
    :param has_slots: keep attributes that ``vars`` does not show.
    """

    sends_itself: bool
    encodes_itself: bool
    has_slots: bool


@lru_cache(maxsize=64)
def kind_of(kind: type[Response]) -> Kind:
    """Return what a class of responses does in a way of its own."""
    return Kind(
        any(getattr(kind, name) is not getattr(Response, name) for name in _WAYS_TO_SEND),
        kind.iter_encoded is not Response.iter_encoded,
        any(parent.__dict__.get("__slots__") for parent in kind.__mro__),
    )


def _encodes_itself(response: Response, kind: Kind) -> bool:
    """Tell whether a response has its own way from what it has as body to bytes."""
    return kind.encodes_itself and not response.direct_passthrough


def found_in(
    response: Response, kind: Kind, asked: Any, policy: Policy, *, is_restored: bool = False
) -> Found:
    """Return how a response has its body.

    :param asked: the request.
    :param is_restored: it was cut down to a part, and made whole again.
    """
    parts: Any = response.response
    if kind.sends_itself:
        return Found(Body.UNKNOWN, is_conditional=is_restored)
    if isinstance(parts, (list, tuple)):
        # A list of one bytes object is what nearly every view ends up with.
        if _encodes_itself(response, kind):
            nbytes = None
        elif type(parts) in _HONEST and len(parts) == 1 and type(parts[0]) is bytes:
            nbytes = len(parts[0])
        else:
            nbytes = _nbytes_of(parts)
        return Found(Body.WHOLE, nbytes, is_conditional=is_restored)
    if parts is None:
        return Found(Body.WHOLE, 0, is_conditional=is_restored)
    is_file = response.direct_passthrough
    is_cut = response.status_code == 206 and isinstance(parts, _RangeWrapper)
    file = None
    if is_file:
        file = open_file_of(parts.iterable if is_cut else parts, asked.environ)
    return Found(
        Body.FILE if is_file else Body.WHOLE if is_cut else Body.STREAM,
        None,
        file,
        is_restored or asked.endpoint in policy.streaming_endpoint_conditional,
        is_cut,
    )


def _nbytes_of(parts: list[Any] | tuple[Any, ...]) -> int | None:
    """Return how many bytes the parts of a body have, None if they are no parts of one."""
    try:
        return nbytes_of(parts)
    except (AttributeError, TypeError):
        return None


class ResponseSource:
    """A response, for what has to be read of it; see :class:`~pyfastgz.carrying.Source`.

    :param asked: the request.
    """

    __slots__ = ("_kind", "_response", "parts", "request")

    def __init__(self, response: Response, kind: Kind, asked: Any) -> None:
        self._response = response
        self._kind = kind
        self.request = asked
        """The request."""
        self.parts: Any = response.response
        """The body."""

    @property
    def file(self) -> Any:
        """The open file that the body consists of, None if it may be anything else."""
        return open_file_of(self.parts, self.request.environ)

    def whole(self) -> bytes:
        """Return all bytes of a body that is there."""
        parts = self.parts
        if _encodes_itself(self._response, self._kind):
            parts = list(self._response.iter_encoded())
        if type(parts) in _HONEST and len(parts) == 1 and type(parts[0]) is bytes:
            body: bytes = parts[0]
            return body
        return b"".join(part.encode() if isinstance(part, str) else part for part in parts)

    def chunks(self) -> Any:
        """Return the body as what can be iterated over, and perhaps closed."""
        if not _encodes_itself(self._response, self._kind):
            return self.parts
        close = getattr(self.parts, "close", None)
        return ClosingIterator(self._response.iter_encoded(), close)


# ---- Applying ----


def sent_for(response: Response, sent: Sent, kind: Kind, environ: dict[str, Any]) -> Response:
    """Return the response that is sent.

    :param environ: that of the request.
    """
    answer = sent.answer
    if sent.body is not None:
        return with_body(
            response, answer.edits, kind, sent.body, is_file=response.direct_passthrough
        )
    chunks: Any
    if sent.file is not None:
        chunks = wrap_file(environ, sent.file)
    elif sent.coder is not None:
        chunks = CodedStream(sent.chunks, sent.coder)
    elif sent.chunks is not None:
        chunks = sent.chunks
    else:
        return applied(response, answer, kind)
    # What lies ready is sent as the file that it is, what is coded as what it is made of.
    attributes = _sending(chunks, kind, is_file=sent.coder is None)
    attributes["automatically_set_content_length"] = False
    copy = copied(response, answer.edits, kind, attributes)
    if answer.status is not None:
        copy.status_code = answer.status
    return copy


def applied(response: Response, answer: Answer, kind: Kind) -> Response:
    """Return what is sent for an answer that leaves the body or replaces it by a text."""
    edits = answer.edits
    if type(edits) is Added:
        # Not appended: of threads that share the response, each would.
        headers = response.headers
        lines = headers._list
        if not set(edits.lines).issubset(lines):
            headers._list = [*lines, *edits.lines]
        return response
    if answer.text is not None:
        sent = with_body(response, edits, kind, answer.text.encode())
    elif answer.coding is not None:
        # Without a body, nobody knows the length of the coded one.
        sent = copied(response, edits, kind, {"automatically_set_content_length": False})
    elif edits or answer.status is not None:
        sent = copied(response, edits, kind, {})
    else:
        return response
    if answer.status is not None:
        sent.status_code = answer.status
    return sent


def _sending(parts: Iterable[bytes], kind: Kind, *, is_file: bool) -> dict[str, Any]:
    """Return the attributes with which a copy sends other bytes.

    :param is_file: what is called when a response is closed is not called for it, as werkzeug
        has it.
    """
    attributes: dict[str, Any] = {"response": parts, "direct_passthrough": is_file}
    if kind.encodes_itself and not is_file:
        # So that a class with a way of its own does not make bytes of bytes.
        attributes["iter_encoded"] = partial(iter, parts)
    return attributes


class _Parts(list[bytes]):
    """A body in place of another, which is closed with it."""

    __slots__ = ("close",)

    def __init__(self, parts: Iterable[bytes], close: Callable[[], object]) -> None:
        super().__init__(parts)
        self.close = close


def with_body(
    response: Response, edits: Edits, kind: Kind, body: bytes, *, is_file: bool = False
) -> Response:
    """Return a response with other fields and another body; the old one is closed with it.

    :param is_file: the old one is a file, and others know by ``direct_passthrough`` that its
        bytes are not for them.
    """
    parts = response.response
    # A list has nothing to close, and not to find that takes a while.
    close = None if type(parts) is list else getattr(parts, "close", None)
    sent = [body] if close is None else _Parts([body], close)
    return copied(response, edits, kind, _sending(sent, kind, is_file=is_file))


def with_lines(response: Response, lines: list[tuple[str, str]], body: bytes) -> Response:
    """Return an ordinary response with other lines and another body, as :func:`with_body`.

    Of a class that does nothing in a way of its own, and with a body that is a list.

    :param lines: all its fields.
    """
    headers = Headers.__new__(Headers)
    headers._list = lines
    copy = object.__new__(type(response))
    own = copy.__dict__
    own.update(response.__dict__)
    own["headers"] = headers
    own["response"] = [body]
    own["direct_passthrough"] = False
    own[LOOKED_AT] = True
    return copy


def copied(
    response: Response, edits: Edits, kind: Kind, attributes: dict[str, Any]
) -> Response:
    """Return a copy of a response with other fields and attributes.

    The two share the body and what is called when they are closed. Nothing else that is changed
    in one shows in the other.
    """
    # Given to Headers, all lines would be checked again, as they were when they were set.
    headers = Headers.__new__(Headers)
    headers._list = edited(response.headers._list, edits)
    attributes["headers"] = headers
    attributes[LOOKED_AT] = True
    copy: Response
    if kind.has_slots:
        copy = shallow_copy(response)
        for name, value in attributes.items():
            setattr(copy, name, value)
        return copy
    # The same for all other classes, in a fifth of the time.
    copy = object.__new__(type(response))
    own = copy.__dict__
    own.update(response.__dict__)
    own.update(attributes)
    return copy


def restored(response: Response, edits: Edits, kind: Kind) -> Response:
    """Return the 200 of which werkzeug made a part."""
    parts: Any = response.response
    whole = copied(response, edits, kind, {"response": parts.iterable})
    whole.status_code = 200
    if not response.direct_passthrough and whole.implicit_sequence_conversion:
        # So make_conditional does for a 200: as a stream it would be coded to other bytes,
        # under the same tag.
        whole.make_sequence()
    return whole


def with_timing(response: Response, outcome: Outcome | None) -> Response:
    """Return a response that also tells what became of it."""
    headers = response.headers
    entry = timing_of(outcome, headers.get("Content-Encoding"))
    lines = [*headers.getlist("Server-Timing"), entry]
    kind = kind_of(type(response))  # type: ignore[arg-type]
    return copied(response, {"server-timing": ", ".join(lines)}, kind, {})
