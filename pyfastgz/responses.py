"""Flask's responses: what an exchange is made of, and copies with other fields and bodies.

A view may return the same response again, to another client, perhaps at the same time. So it is
copied, but where nothing changes, or a Vary alone is added, which is right for all.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from copy import copy as shallow_copy
from functools import lru_cache
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.wsgi import ClosingIterator
from werkzeug.wsgi import _RangeWrapper

from .border import asked_of
from .border import sent_conditions
from .border import sent_range
from .border import was_translated
from .files import open_file_of
from .http.answers import Answer
from .http.bodies import nbytes_of
from .http.exchange import Body
from .http.exchange import Exchange
from .http.exchange import Ready
from .http.fields import Added
from .http.fields import Edits
from .http.fields import complete_length
from .http.fields import declared_length
from .http.fields import edited
from .http.fields import server_timing
from .outcome import Outcome
from .static.siblings import NO_SIBLINGS
from .store.files import FileId
from .store.files import identity

if TYPE_CHECKING:
    from .engine import Engine
    from .policy import Policy

LOOKED_AT = "pyfastgz_looked_at"
"""The attribute that marks copies that were made here: a hook may be registered twice."""

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


def exchange_of(  # noqa: PLR0917
    response: Response,
    kind: Kind,
    fields: dict[str, str],
    asked: Any,
    policy: Policy,
    engine: Engine,
    *,
    is_restored: bool = False,
    is_wanted: bool | None = None,
) -> Exchange:
    """Return what a decision needs to know of a response.

    :param fields: its fields, as :func:`~pyfastgz.http.fields.collect` returns them.
    :param asked: the request.
    :param engine: knows which coded forms of files lie ready, and which dictionaries there are.
    :param is_restored: it was cut down to a part, and made whole again.
    :param is_wanted: what the application said when it was asked; None if it was not.
    """
    environ: dict[str, Any] = asked.environ
    parts: Any = response.response
    status = response.status_code
    conditions = sent_conditions(environ)
    nbytes, is_cut, is_conditional = None, False, is_restored
    known, asked_range, digest = None, None, None
    ready: Mapping[str, Ready] = NO_SIBLINGS
    transports = engine.transports
    if kind.sends_itself:
        body = Body.UNKNOWN
    elif isinstance(parts, (list, tuple)):
        body = Body.WHOLE
        # A list of one bytes object is what nearly every view ends up with.
        if _encodes_itself(response, kind):
            nbytes = None
        elif len(parts) == 1 and type(parts[0]) is bytes:
            nbytes = len(parts[0])
        else:
            nbytes = _nbytes_of(parts)
    elif parts is None:
        body, nbytes = Body.WHOLE, 0
    else:
        body = Body.FILE if response.direct_passthrough else Body.STREAM
        if status == 206 and isinstance(parts, _RangeWrapper):
            is_cut = True
            body = Body.FILE if response.direct_passthrough else Body.WHOLE
        elif conditions is not None and not is_restored:
            is_conditional = asked.endpoint in policy.streaming_endpoint_conditional
        if body is Body.FILE:
            file = open_file_of(parts.iterable if is_cut else parts, environ)
            known = _known(file, fields)
            if known is not None:
                nbytes = known.nbytes
                ready = engine.siblings.of_file(file, known)
                if transports is not None:
                    digest = engine.siblings.digest_of(file, known)
    transport = None
    if transports is not None:
        path = environ.get("SCRIPT_NAME", ""), environ["PATH_INFO"]
        transport = transports.of(*path, asked_of(environ), fields, digest)
        if digest is not None and transport.dictionary is not None:
            ready = transports.with_difference(ready, digest, transport.dictionary)
    if ready:
        asked_range = sent_range(environ)
    return Exchange(
        environ["REQUEST_METHOD"],
        status,
        fields,
        body,
        nbytes,
        environ.get("HTTP_ACCEPT_ENCODING"),
        conditions,
        is_conditional,
        is_cut,
        status == 304 and was_translated(environ),
        is_wanted,
        known,
        ready,
        asked_range,
        transport,
    )


def _known(file: Any, fields: dict[str, str]) -> FileId | None:
    """Return what a file is known by that is sent as it is, None if that is not sure."""
    known = identity(file)
    # Where the response has another length, something else is to be sent than the file.
    length = complete_length(fields) or declared_length(fields)
    return None if known is None or length not in {None, known.nbytes} else known


def _nbytes_of(parts: list[Any] | tuple[Any, ...]) -> int | None:
    """Return how many bytes the parts of a body have, None if they are no parts of one."""
    try:
        return nbytes_of(parts)
    except (AttributeError, TypeError):
        return None


def whole_body(response: Response, kind: Kind) -> bytes:
    """Return the bytes of a body that is there."""
    parts: Any = response.response
    if _encodes_itself(response, kind):
        parts = list(response.iter_encoded())
    if len(parts) == 1 and type(parts[0]) is bytes:
        body: bytes = parts[0]
        return body
    return b"".join(part.encode() if isinstance(part, str) else part for part in parts)


def chunks_of(response: Response, kind: Kind) -> Any:
    """Return the body as what can be iterated over, and perhaps closed."""
    chunks: Any = response.response
    if not _encodes_itself(response, kind):
        return chunks
    return ClosingIterator(response.iter_encoded(), getattr(chunks, "close", None))


# ---- Applying ----


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
    attributes = {
        "response": [body] if close is None else _Parts([body], close),
        # So that a class with a way of its own does not make bytes of bytes.
        "direct_passthrough": is_file or kind.encodes_itself,
    }
    return copied(response, edits, kind, attributes)


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
    lines = [*response.headers.getlist("Server-Timing"), _timing(response, outcome)]
    kind = kind_of(type(response))  # type: ignore[arg-type]
    return copied(response, {"server-timing": ", ".join(lines)}, kind, {})


def _timing(response: Response, outcome: Outcome | None) -> str:
    """Return the Server-Timing entry of a response; a stream has not been coded yet."""
    if outcome is None:
        return server_timing(response.headers["Content-Encoding"])
    if outcome.reason is not None:
        return server_timing(outcome.reason.name.lower())
    if not outcome.out_nbytes:
        return server_timing(str(outcome.coding))
    ratio = outcome.in_nbytes / outcome.out_nbytes
    kept = " kept" if outcome.kept else ""
    return server_timing(f"{outcome.coding} {ratio:.1f}x{kept}", outcome.seconds)
