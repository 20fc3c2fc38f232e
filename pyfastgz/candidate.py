"""One response on its way: negotiation, conditions, encoder, then the response to send.

The response that a view returned is never changed: it may return the same object again, to
another client, perhaps at the same time. What is sent is a copy with other fields.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from copy import copy as shallow_copy
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from flask import Flask
from flask import Response
from flask import request
from werkzeug.datastructures import Headers
from werkzeug.wsgi import ClosingIterator
from werkzeug.wsgi import _RangeWrapper

from .border import sent_conditions
from .border import was_translated
from .cache import code_through
from .cache import entry_name
from .cache import key_of
from .coding import KNOWN_CODINGS
from .coding.encoder import Encoder
from .coding.encoder import compress
from .coding.stream import CodedStream
from .http.bodies import nbytes_of
from .http.conditions import Conditions
from .http.conditions import allows_part
from .http.conditions import coded_tag
from .http.conditions import ends_like_coded
from .http.conditions import failed_precondition
from .http.conditions import is_strong
from .http.conditions import lists
from .http.conditions import names_none
from .http.conditions import only_tag
from .http.conditions import tag_of_304
from .http.conditions import weak_tag
from .http.eligibility import STILL_VARIES
from .http.eligibility import SkipReason
from .http.eligibility import skip_reason
from .http.fields import OF_THE_REPRESENTATION
from .http.fields import STALE_WHEN_CODED
from .http.fields import Edits
from .http.fields import collect
from .http.fields import complete_length
from .http.fields import declared_length
from .http.fields import edited
from .http.fields import flush_rule
from .http.fields import is_of_events
from .http.fields import media_type
from .http.fields import vary_with_accept_encoding
from .http.negotiation import Choice
from .http.negotiation import CodingsBySize
from .http.negotiation import choose
from .outcome import SKIPPED
from .outcome import Outcome
from .outcome import notify
from .outcome import response_compressed
from .policy.wishes import Wishes

if TYPE_CHECKING:
    from .policy import Policy
    from .state import State

_REFUSALS = {
    406: (
        SkipReason.NOT_ACCEPTABLE,
        "The request accepts neither an available content coding nor none.\n",
    ),
    412: (SkipReason.PRECONDITION_FAILED, "A condition of the request does not hold.\n"),
}

_NO_CONDITIONS = Conditions()

_LOOKED_AT = "pyfastgz_looked_at"

# By any other of their own, a class decides what is sent.
_WAYS_TO_SEND = ("__call__", "get_app_iter", "get_wsgi_response")


class Answer(NamedTuple):
    """What to send.

    :param response: a copy with other fields, or the view's where nothing is to change.
    :param outcome: what became of it; None for a stream, which tells when it is closed.

    .. versionadded:: 0.1
    """

    response: Response
    outcome: Outcome | None


def changed(response: Response, edits: Edits, /, **attributes: Any) -> Response:
    """Return a copy of a response with other fields and attributes.

    The two share the body and what is called when they are closed. Nothing else that is changed
    in one shows in the other.

    .. versionadded:: 0.1
    """
    kind = type(response)
    if _has_slots(kind):  # type: ignore[arg-type]
        copy = shallow_copy(response)
    else:
        # The same for all other classes, in a fifth of the time.
        copy = object.__new__(kind)
        copy.__dict__.update(response.__dict__)
    headers = Headers()
    # Given to Headers they would all be checked again, as they were when they were set: 2 us.
    headers._list = edited(response.headers, edits)
    copy.headers = headers
    copy.__dict__[_LOOKED_AT] = True
    for name, value in attributes.items():
        setattr(copy, name, value)
    return copy


def was_looked_at(response: Response) -> bool:
    """Tell whether a response is a copy that was made here: a hook may be registered twice.

    .. versionadded:: 0.1
    """
    return _LOOKED_AT in response.__dict__


class _Body(list[bytes]):
    """A body in place of another, which is closed with it."""

    __slots__ = ("close",)

    def __init__(self, parts: Iterable[bytes], close: Callable[[], object]) -> None:
        super().__init__(parts)
        self.close = close


@lru_cache(maxsize=64)
def _sends_itself(kind: type[Response]) -> bool:
    """Tell whether a class of responses has a way of its own to send the body."""
    return any(getattr(kind, name) is not getattr(Response, name) for name in _WAYS_TO_SEND)


@lru_cache(maxsize=64)
def _has_slots(kind: type[Response]) -> bool:
    """Tell whether objects of a class have attributes that ``vars`` does not show."""
    return any(parent.__dict__.get("__slots__") for parent in kind.__mro__)


class Candidate:
    """A response that may be coded, or that stands for one that may.

    :param response: the view's.
    :param fields: its fields, as :func:`~pyfastgz.http.fields.collect` returns them.
    :param environ: the WSGI environment of the request.
    :param state: what the extension keeps for the application.
    :param app: the application.
    :param options: what its view was decorated with.

    .. versionadded:: 0.1
    """

    __slots__ = (
        "app",
        "coding",
        "conditions",
        "edits",
        "environ",
        "fields",
        "is_restored",
        "options",
        "policy",
        "response",
        "state",
    )

    def __init__(  # noqa: PLR0917
        self,
        response: Response,
        fields: dict[str, str],
        environ: dict[str, Any],
        state: State,
        app: Flask,
        options: Wishes | None,
    ) -> None:
        self.response = response
        self.fields = fields
        self.environ = environ
        self.state = state
        self.app = app
        self.options = options
        self.policy: Policy = state.live.current()
        self.conditions = sent_conditions(environ)
        self.coding = ""
        self.edits: Edits = {}
        # The application looked at the conditions, and its answer was taken back.
        self.is_restored = False

    # ---- A response that nothing forbids to code ----

    def code(self) -> Answer:
        """Code the response if that is wanted and useful, or answer a condition instead.

        .. versionadded:: 0.1
        """
        streamed = self._is_streamed()
        reason = self._left_alone_for(streamed=streamed)
        if reason is not None:
            return Answer(self.response, SKIPPED[reason])
        if self.policy.predicate is not None:
            is_wanted = self._is_wanted()
            if not is_wanted:
                self._vary()
                return self._answer(SKIPPED[SkipReason.PREDICATE])
            if (reason := self._reason()) is not None:
                return Answer(self.response, SKIPPED[reason])
            # Looking at the body may have made a list of a stream.
            streamed = self._is_streamed()
        self._vary()
        coding, identity_refused = self._choose(streamed=streamed)
        if coding is None:
            if identity_refused and self.policy.not_acceptable and self._is_success():
                return self._refuse(406)
            return self._as_it_is(SkipReason.NOT_ACCEPTED)
        self.coding = coding
        min_size = self._min_size(identity_refused=identity_refused)
        length = declared_length(self.fields)
        if length is not None and length < min_size:
            return self._as_it_is(SkipReason.TOO_SMALL)
        if streamed:
            return self._code_stream()
        return self._code_body(min_size, identity_refused=identity_refused)

    def _code_stream(self) -> Answer:
        kind = media_type(self.fields["content-type"])
        tag = self._tag(streamed=True)
        status = self._failed_precondition(tag)
        if status is not None:
            return self._answer_condition(status, tag)

        # The body of a HEAD response is never pulled, so it needs no encoder.
        is_head = self.environ["REQUEST_METHOD"] == "HEAD"
        attributes: dict[str, Any] = {"automatically_set_content_length": False}
        if not is_head:
            # A file that has no strong tag may be a pipe, which somebody waits for.
            is_file = is_strong(tag) and self.response.direct_passthrough
            try:
                encoder = Encoder(
                    self.coding,
                    self._level(),
                    small=is_of_events(kind),
                    brotli=self.policy.brotli,
                )
                attributes["response"] = CodedStream(
                    self._chunks(),
                    encoder,
                    flush_seconds=flush_rule(kind, self.policy.flush_seconds, is_file=is_file),
                    repeatable=is_strong(tag),
                    on_close=self._report_stream,
                )
            except Exception as error:
                return self._failed(error)
            attributes["direct_passthrough"] = self._encodes_itself()
        self._label_coded(tag, None)
        self.response = changed(self.response, self.edits, **attributes)
        return Answer(self.response, Outcome(self.coding, None) if is_head else None)

    def _report_stream(self, in_nbytes: int, out_nbytes: int, seconds: float) -> None:
        outcome = Outcome(self.coding, None, in_nbytes, out_nbytes, seconds)
        self.state.tally.count(outcome)
        if response_compressed.receivers:
            notify(self.app, self.response, outcome)

    def _code_body(self, min_size: int, *, identity_refused: bool) -> Answer:
        tag = self._tag()
        # Which tag the response will have is not known yet: the body may not shrink. But a
        # client that lists this one was sent it coded.
        if (
            self.conditions is not None
            and self.conditions.if_match is None
            and tag is not None
            and lists(self.conditions.if_none_match, tag)
            and self._failed_precondition(tag) == 304
        ):
            return self._answer_condition(304, tag)
        try:
            body = self._whole_body()
            if len(body) < min_size:
                return self._too_small(body)
            coded, seconds = self._coded(body)
        except Exception as error:
            return self._failed(error)

        if len(coded) >= len(body) and not identity_refused:
            return self._as_it_is(SkipReason.NOT_SMALLER)
        status = self._failed_precondition(tag)
        if status is not None:
            return self._answer_condition(status, tag)
        self._label_coded(tag, len(coded))
        response = self._with_body([coded])
        return Answer(response, Outcome(self.coding, None, len(body), len(coded), seconds))

    def _coded(self, body: bytes) -> tuple[bytes, float]:
        """Return the coded body, and how many seconds the encoder took."""
        coding, state = self.coding, self.state
        if state.cache is not None and self.policy.cache_key is not None:
            key = key_of(self.policy.cache_key, request)
            if key is not None:
                parameters = f"{self._level()}"
                if coding == "br":
                    parameters += f";{self.policy.brotli}"
                name = entry_name(coding, key, self._own_level())
                return code_through(state.cache, name, body, self._compressed, parameters)
        start = perf_counter()
        coded = self._compressed(body)
        return coded, perf_counter() - start

    def _compressed(self, body: bytes) -> bytes:
        return compress(body, self.coding, level=self._level(), brotli=self.policy.brotli)

    def _level(self) -> int:
        level = self._own_level()
        return self.policy.levels[self.coding] if level is None else level

    def _own_level(self) -> int | None:
        return None if self.options is None else self.options.levels.get(self.coding)

    def _too_small(self, body: bytes) -> Answer:
        if body:
            return self._as_it_is(SkipReason.TOO_SMALL)
        if self.environ["REQUEST_METHOD"] != "HEAD" or not declared_length(self.fields):
            return self._as_it_is(SkipReason.EMPTY)
        # The view left out the body but declared its length. GET would be coded, so HEAD says
        # so, but not the coded length: only making the content tells it (RFC 9110 9.3.2).
        tag = self._tag()
        status = self._failed_precondition(tag)
        if status is not None:
            return self._answer_condition(status, tag)
        self._label_coded(tag, None)
        response = changed(self.response, self.edits, automatically_set_content_length=False)
        return Answer(response, Outcome(self.coding, None))

    def _failed(self, error: Exception) -> Answer:
        self.state.log_once(f"{self.coding} failed; the response is sent as it is", error)
        return self._as_it_is(SkipReason.FAILED)

    # ---- A response that stands for one: 304 and 206 ----

    def reconsider(self, reason: SkipReason) -> Answer:
        """Look again at a 304 or a part that the application made.

        It compared the tags of representations without coding, as translated at the border, and
        dates, which all representations have in common. Where the client holds a coded one,
        a 304 gets its tag, and a part is taken back.

        :param reason: why the response is not coded; one of :data:`STILL_VARIES` if for no
            other reason than its status.

        .. versionadded:: 0.1
        """
        if reason in STILL_VARIES:
            self._vary()
        if self.response.status_code == 304:
            return self._reconsider_304(reason)
        return self._reconsider_206(reason)

    def _reconsider_304(self, reason: SkipReason) -> Answer:
        etag = self.fields.get("etag")
        conditions = self.conditions or _NO_CONDITIONS
        if etag is None:
            # An application that compares texts often names no tag; it means what it was shown.
            tag = only_tag(conditions.if_none_match) if was_translated(self.environ) else None
            if tag is not None:
                self.edits["etag"] = tag
            return self._answer(SKIPPED[reason])
        if ends_like_coded(etag, KNOWN_CODINGS) and "vary" not in self.edits:
            # An application inside of this one has made it, and has looked at it.
            return self._answer(SKIPPED[reason])
        is_coded = reason in STILL_VARIES and self._would_be_coded()
        selected = self._tag(streamed=self._is_streamed()) if is_coded else etag
        tag = tag_of_304(conditions, etag, selected or etag, KNOWN_CODINGS)
        if tag != etag:
            self.edits["etag"] = tag
        if is_coded:
            self._drop_stale()
        return self._answer(SKIPPED[reason])

    def _reconsider_206(self, reason: SkipReason) -> Answer:
        parts = self.response.response
        is_file = self.response.direct_passthrough
        if (
            reason is SkipReason.PARTIAL
            and isinstance(parts, _RangeWrapper)
            and self._left_alone_for(streamed=is_file) is None
            and self._is_wanted()
        ):
            coding, identity_refused = self._choose(streamed=is_file)
            self.coding = coding or ""
            if coding is not None and (identity_refused or not self._allows_part()):
                length = complete_length(self.fields)
                edits: Edits = {
                    "content-range": None,
                    "content-length": None if length is None else str(length),
                }
                whole = changed(self.response, edits, status_code=200, response=parts.iterable)
                if not is_file and whole.implicit_sequence_conversion:
                    # So make_conditional does for a 200: as a stream it would be coded to other
                    # bytes, under the same tag.
                    whole.make_sequence()
                return self._restored(whole)
        return self._answer(SKIPPED[reason])

    def _allows_part(self) -> bool:
        if self.conditions is None:
            return True
        if not allows_part(self.conditions, self.fields.get("etag")):
            return False
        if not self.policy.evaluate_conditional_request:
            return True
        # These come before the range (RFC 9110 section 13.2.2), but not in werkzeug.
        date = self.fields.get("last-modified")
        return (
            failed_precondition(self.conditions, self.fields.get("etag"), date) != 412
            and failed_precondition(self.conditions, self._tag(), date) != 304
        )

    def _restored(self, response: Response) -> Answer:
        """Go on with the 200 that the application cut down."""
        self.response = response
        self.fields = collect(response.headers)
        self.edits = {}
        self.is_restored = True
        return self.code()

    def _would_be_coded(self) -> bool:
        """Tell whether the 200 that a 304 stands for is coded; sets the coding if so."""
        streamed = self._is_streamed()
        if self._left_alone_for(streamed=streamed) is not None or not self._is_wanted():
            return False
        coding, identity_refused = self._choose(streamed=streamed)
        if coding is None:
            return False
        self.coding = coding
        if "date" not in self.fields or not self._has_body():
            # Unlike make_conditional, whoever answers 304 by hand has no body of the 200 there.
            return True
        min_size = self._min_size(identity_refused=identity_refused)
        length = declared_length(self.fields)
        if length is not None and length < min_size:
            return False
        if streamed or not is_strong(self.fields.get("etag")):
            return True
        if self.conditions is not None and not names_none(self.conditions.if_none_match):
            # The client was sent what it lists.
            return True
        try:
            body = self._whole_body()
            return len(body) >= min_size and (
                identity_refused or len(self._coded(body)[0]) < len(body)
            )
        except Exception as error:
            self.state.log_once(f"{coding} failed for a response that a 304 stands for", error)
            return False

    # ---- What is asked of a response ----

    def _is_streamed(self) -> bool:
        return not isinstance(self.response.response, (list, tuple))

    def _left_alone_for(self, *, streamed: bool) -> SkipReason | None:
        """Return why the body is not looked at; None if it is."""
        if streamed and not self.policy.streams:
            return SkipReason.STREAMS_OFF
        if _sends_itself(type(self.response)):  # type: ignore[arg-type]
            return SkipReason.OWN_WAY
        return None

    def _has_body(self) -> bool:
        body = self.response.response
        return any(body) if isinstance(body, (list, tuple)) else body is not None

    def _whole_body(self) -> bytes:
        parts: Any = self.response.response
        if self._encodes_itself():
            parts = list(self.response.iter_encoded())
        # A list of one bytes object is what nearly every view ends up with.
        if len(parts) == 1 and type(parts[0]) is bytes:
            body: bytes = parts[0]
            return body
        return b"".join(part.encode() if isinstance(part, str) else part for part in parts)

    def _chunks(self) -> Any:
        """Return the body as what can be iterated over, and perhaps closed."""
        chunks = self.response.response
        if not self._encodes_itself():
            return chunks
        return ClosingIterator(self.response.iter_encoded(), getattr(chunks, "close", None))

    def _encodes_itself(self) -> bool:
        """Tell whether the class of the response has its own way from chunks to bytes."""
        kind = type(self.response)
        return (
            kind.iter_encoded is not Response.iter_encoded
            and not self.response.direct_passthrough
        )

    def _is_success(self) -> bool:
        return 200 <= self.response.status_code < 300

    def _is_wanted(self) -> bool:
        predicate = self.policy.predicate
        if predicate is None:
            return True
        try:
            is_wanted = bool(predicate(request, self.response))
            # It may have set fields.
            self.fields = collect(self.response.headers)
            return is_wanted
        except Exception as error:
            self.state.log_once(
                "COMPRESS_PREDICATE failed; the response is sent as it is", error
            )
            return False

    def _reason(self) -> SkipReason | None:
        """Return why the response must not be coded after all."""
        policy = self.policy
        return skip_reason(
            self.environ["REQUEST_METHOD"],
            self.response.status_code,
            self.fields,
            policy.mimetypes,
            policy.wildcards,
            errors=policy.errors,
        )

    def _choose(self, *, streamed: bool) -> Choice:
        policy = self.policy
        codings = policy.algorithm_streaming if streamed else policy.algorithm
        if self.options is not None and self.options.codings is not None:
            codings = self.options.codings
        elif isinstance(codings, CodingsBySize):
            length = declared_length(self.fields)
            if length is None and not streamed:
                length = nbytes_of(self.response.response)
            codings = codings.order(length)
        return choose(self.environ.get("HTTP_ACCEPT_ENCODING"), codings)

    def _min_size(self, *, identity_refused: bool) -> int:
        return 1 if identity_refused else max(self.policy.min_size, 1)

    def _tag(self, *, streamed: bool = False) -> str | None:
        """Return the entity tag of the coded representation, None without one."""
        etag = self.fields.get("etag")
        if not etag:
            return None
        if streamed and is_of_events(media_type(self.fields.get("content-type", ""))):
            # Each message is flushed, so that how they are cut shows in the bytes.
            return weak_tag(etag)
        return coded_tag(etag, self.coding)

    def _failed_precondition(self, tag: str | None) -> int | None:
        """Return the status that the conditions ask for instead of 200; None for none.

        :param tag: of the representation that would be sent.
        """
        if (
            self.conditions is None
            or not self.policy.evaluate_conditional_request
            or self.environ["REQUEST_METHOD"] not in {"GET", "HEAD"}
            or not self._is_success()
            or (self._is_streamed() and not self._is_conditional_stream())
        ):
            return None
        return failed_precondition(self.conditions, tag, self.fields.get("last-modified"))

    def _is_conditional_stream(self) -> bool:
        # A file has been through make_conditional, which always sets Date, unless its view
        # asked for it not to be.
        return (
            self.is_restored
            or (self.response.direct_passthrough and "date" in self.fields)
            or request.endpoint in self.policy.streaming_endpoint_conditional
        )

    # ---- Answers ----

    def _answer(self, outcome: Outcome) -> Answer:
        """Return the response with no other change than that of its fields."""
        response = changed(self.response, self.edits) if self.edits else self.response
        return Answer(response, outcome)

    def _as_it_is(self, reason: SkipReason) -> Answer:
        """Send the representation without a coding, if no condition asks for something else."""
        etag = self.fields.get("etag")
        status = self._failed_precondition(etag)
        if status is not None:
            return self._answer_condition(status, etag, is_coded=False)
        return self._answer(SKIPPED[reason])

    def _answer_condition(
        self, status: int, tag: str | None, *, is_coded: bool = True
    ) -> Answer:
        """Answer 304 or 412 instead of the representation with this tag."""
        if status != 304:
            return self._refuse(status)
        if is_coded:
            self._relabel(tag)
        response = changed(self.response, self.edits, status_code=304)
        return Answer(response, SKIPPED[SkipReason.NOT_MODIFIED])

    def _refuse(self, status: int) -> Answer:
        """Answer with a status and its meaning alone, and nothing of the representation."""
        reason, text = _REFUSALS[status]
        body = text.encode()
        self.edits.update(dict.fromkeys(OF_THE_REPRESENTATION.intersection(self.fields)))
        self.edits["content-type"] = "text/plain; charset=utf-8"
        self.edits["content-length"] = str(len(body))
        response = self._with_body([body], status_code=status)
        return Answer(response, SKIPPED[reason])

    def _with_body(self, body: list[bytes], **attributes: Any) -> Response:
        """Return the response with another body; the old one is closed with it."""
        attributes["direct_passthrough"] = self._encodes_itself()
        close: Callable[[], object] | None = getattr(self.response.response, "close", None)
        attributes["response"] = body if close is None else _Body(body, close)
        return changed(self.response, self.edits, **attributes)

    # ---- Fields ----

    def _vary(self) -> None:
        """Say that the response depends on Accept-Encoding (RFC 9110 section 12.5.5)."""
        vary = self.fields.get("vary")
        wanted = vary_with_accept_encoding(vary)
        if wanted != vary:
            self.edits["vary"] = wanted

    def _label_coded(self, tag: str | None, length: int | None) -> None:
        """Rewrite the fields for a coded body of ``length`` bytes, ``None`` if not known."""
        self.edits["content-encoding"] = self.coding
        if length is not None:
            self.edits["content-length"] = str(length)
        elif "content-length" in self.fields:
            self.edits["content-length"] = None
        self._relabel(tag)

    def _relabel(self, tag: str | None) -> None:
        """Rewrite the fields that a coded 200 and the 304 for it have in common."""
        self._drop_stale()
        if tag is not None and tag != self.fields["etag"]:
            self.edits["etag"] = tag

    def _drop_stale(self) -> None:
        for name in STALE_WHEN_CODED.intersection(self.fields):
            self.edits[name] = None
