"""One response on its way: negotiation, encoder, then fields and validators."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING
from typing import Any
from typing import cast

from flask import Flask
from flask import Response
from flask import request

from .cache import code_through
from .encoder import Encoder
from .encoder import compress
from .http.eligibility import SkipReason
from .http.fields import OF_THE_REPRESENTATION
from .http.fields import STALE_WHEN_CODED
from .http.fields import declared_length
from .http.fields import media_type
from .http.fields import vary_with_accept_encoding
from .http.negotiation import CodingsBySize
from .http.negotiation import choose
from .http.validators import coded_tag
from .http.validators import is_strong
from .http.validators import lists
from .outcome import SKIPPED
from .outcome import Outcome
from .outcome import notify
from .outcome import response_compressed
from .streaming import CodedStream
from .streaming import FlushPolicy
from .streaming import flush_policy
from .view import ENVIRON_KEY
from .view import ViewOptions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sized

    from .config import Config
    from .state import State

_log = logging.getLogger("pyfastgz")


def add_vary(response: Response, fields: dict[str, str]) -> None:
    """Make a response say that it depends on Accept-Encoding (RFC 9110 section 12.5.5).

    .. versionadded:: 0.1
    """
    vary = fields.get("vary")
    if vary is None:
        response.headers.add("Vary", "Accept-Encoding")
        return
    wanted = vary_with_accept_encoding(vary)
    if wanted != vary:
        response.headers["Vary"] = wanted


def code_response(
    response: Response,
    fields: dict[str, str],
    environ: dict[str, Any],
    state: State,
    app: Flask,
) -> Outcome | None:
    """Code a response that nothing forbids to code, and return what became of it.

    ``None`` for a stream: what becomes of that is told when it is closed.

    :param response: changed in place.
    :param fields: its fields, as :func:`~pyfastgz.http.fields.collect` returns them.
    :param environ: the WSGI environment of the request.
    :param state: what the extension keeps for the application.
    :param app: the application.

    .. versionadded:: 0.1
    """
    config = state.config.current()
    streamed = not isinstance(response.response, (list, tuple))
    if streamed and not config.streams:
        return SKIPPED[SkipReason.STREAMS_OFF]

    add_vary(response, fields)
    if state.predicate is not None and not _is_wanted(state.predicate, response):
        return SKIPPED[SkipReason.PREDICATE]
    length = declared_length(fields)
    options: ViewOptions | None = environ.get(ENVIRON_KEY)
    codings = state.streaming_algorithms if streamed else state.enabled_algorithms
    if options is not None and options.codings is not None:
        codings = options.codings
    elif isinstance(codings, CodingsBySize):
        if length is None and not streamed:
            length = sum(map(len, cast("Iterable[Sized]", response.response)))
        codings = codings.order(length)

    coding, identity_refused = choose(environ.get("HTTP_ACCEPT_ENCODING"), codings)
    if coding is None:
        if identity_refused and config.not_acceptable:
            return _refuse(response, fields)
        return SKIPPED[SkipReason.NOT_ACCEPTED]
    min_size = 1 if identity_refused else max(config.min_size, 1)
    if length is not None and length < min_size:
        return SKIPPED[SkipReason.TOO_SMALL]

    candidate = Candidate(response, fields, environ, state, app, config, options, coding)
    if streamed:
        return candidate.code_stream()
    return candidate.code_body(min_size, identity_refused=identity_refused)


def _is_wanted(predicate: Callable[..., bool], response: Response) -> bool:
    try:
        return bool(predicate(request, response))
    except Exception:
        _log.exception("COMPRESS_PREDICATE failed; the response is sent without a coding")
        return False


def _refuse(response: Response, fields: dict[str, str]) -> Outcome:
    """Turn the response into one that says only that nothing is acceptable."""
    close = getattr(response.response, "close", None)
    if close is not None:
        response.call_on_close(close)
    for name in OF_THE_REPRESENTATION.intersection(fields):
        del response.headers[name]
    response.status_code = 406
    response.direct_passthrough = False
    response.mimetype = "text/plain"
    response.set_data("The request accepts neither an available content coding nor none.\n")
    return SKIPPED[SkipReason.NOT_ACCEPTABLE]


@dataclass(slots=True, eq=False)
class Candidate:
    """A response that a coding was chosen for, on its way to the rewritten fields.

    :param response: changed in place.
    :param fields: its fields, as :func:`~pyfastgz.http.fields.collect` returns them.
    :param environ: the WSGI environment of the request.
    :param state: what the extension keeps for the application.
    :param app: the application.
    :param config: the configuration to go by.
    :param options: what its view was decorated with.
    :param coding: the content coding to apply.

    .. versionadded:: 0.1
    """

    response: Response
    fields: dict[str, str]
    environ: dict[str, Any]
    state: State
    app: Flask
    config: Config
    options: ViewOptions | None
    coding: str

    @property
    def tag(self) -> str | None:
        """The entity tag of the coded representation, None without one.

        .. versionadded:: 0.1
        """
        etag = self.fields.get("etag")
        return coded_tag(etag, self.coding) if etag else None

    def code_stream(self) -> Outcome | None:
        """Code the body while it is sent, and return what became of it, None if that is open.

        .. versionadded:: 0.1
        """
        response = self.response
        conditional = self._is_conditional() and (
            # A file, from whichever endpoint: send_file compared its tag without the suffix.
            response.direct_passthrough
            or request.endpoint in self.state.streaming_endpoint_with_conditional
        )
        if conditional and self._client_is_current():
            return self._not_modified()

        # The body of a HEAD response is never pulled, so it needs no encoder.
        is_head = self.environ["REQUEST_METHOD"] == "HEAD"
        if not is_head:
            policy = flush_policy(
                media_type(self.fields["content-type"]), repeatable=is_strong(self.tag)
            )
            try:
                encoder = Encoder(
                    self.coding,
                    self._level(),
                    small=policy is FlushPolicy.EVERY_CHUNK,
                    brotli=self.config.brotli,
                )
                response.response = CodedStream(
                    response.response,
                    encoder,
                    policy=policy,
                    flush_seconds=self.config.flush_seconds,
                    on_close=self._report_stream,
                )
            except Exception:
                return self._failed()
            response.direct_passthrough = False
        self._label_coded(None)
        # Or make_conditional reads the whole stream into memory to learn its length.
        response.automatically_set_content_length = False
        if conditional:
            response.make_conditional(request)
        return Outcome(self.coding, None) if is_head else None

    def _report_stream(self, in_nbytes: int, out_nbytes: int, seconds: float) -> None:
        outcome = Outcome(self.coding, None, in_nbytes, out_nbytes, seconds)
        self.state.tally.count(outcome)
        if response_compressed.receivers:
            notify(self.app, self.response, outcome)

    def code_body(self, min_size: int, *, identity_refused: bool) -> Outcome:
        """Code the whole body at once, and return what became of it.

        :param min_size: a body below this many bytes stays as it is.
        :param identity_refused: code a body even where that makes it larger.

        .. versionadded:: 0.1
        """
        response = self.response
        conditional = self._is_conditional()
        if conditional and self._client_is_current():
            return self._not_modified()
        try:
            body = self._whole_body()
            if len(body) < min_size:
                return self._too_small(body)
            start = perf_counter()
            coded = self._coded(body)
            seconds = perf_counter() - start
        except Exception:
            return self._failed()

        if len(coded) >= len(body) and not identity_refused:
            if conditional:
                response.make_conditional(request)
            return SKIPPED[SkipReason.NOT_SMALLER]
        close = getattr(response.response, "close", None)
        if close is not None:
            response.call_on_close(close)
        response.response = [coded]
        response.direct_passthrough = False
        self._label_coded(len(coded))
        if conditional:
            response.make_conditional(request)
        return Outcome(self.coding, None, len(body), len(coded), seconds)

    def _coded(self, body: bytes) -> bytes:
        coding, state = self.coding, self.state
        if state.cache is None or state.cache_key is None:
            return self._compressed(body)
        key = f"{coding};{state.cache_key(request)}"
        return code_through(state.cache, key, body, self._compressed)

    def _compressed(self, body: bytes) -> bytes:
        return compress(body, self.coding, level=self._level(), brotli=self.config.brotli)

    def _level(self) -> int:
        level = self.config.levels[self.coding]
        return level if self.options is None else self.options.levels.get(self.coding, level)

    def _whole_body(self) -> bytes:
        parts = self.response.response
        # A list of one bytes object is what nearly every view ends up with.
        if isinstance(parts, list) and len(parts) == 1 and type(parts[0]) is bytes:
            return parts[0]
        return self.response.get_data()

    def _too_small(self, body: bytes) -> Outcome:
        if body:
            return SKIPPED[SkipReason.TOO_SMALL]
        if self.environ["REQUEST_METHOD"] != "HEAD" or not declared_length(self.fields):
            return SKIPPED[SkipReason.EMPTY]
        # The view left out the body but declared its length. GET would be coded, so HEAD says
        # so, but not the coded length: only making the content tells it (RFC 9110 9.3.2).
        self.response.automatically_set_content_length = False
        self._label_coded(None)
        return Outcome(self.coding, None)

    def _failed(self) -> Outcome:
        _log.exception("coding a response as %s failed; it is sent without", self.coding)
        return SKIPPED[SkipReason.FAILED]

    def _is_conditional(self) -> bool:
        """Tell whether ``make_conditional`` has anything to decide, and may."""
        environ = self.environ
        return (
            (
                "HTTP_IF_NONE_MATCH" in environ
                or "HTTP_IF_MODIFIED_SINCE" in environ
                or "HTTP_IF_MATCH" in environ
            )
            and environ["REQUEST_METHOD"] in {"GET", "HEAD"}
            and self.config.evaluate_conditional
            # make_conditional takes this for no tag at all; it means any (RFC 9110 13.1.1).
            and environ.get("HTTP_IF_MATCH") != "*"
        )

    def _client_is_current(self) -> bool:
        """Tell, before anything is coded, whether the client holds this very representation.

        Only a tag that the client lists can tell: whether the body shrinks, and so which tag it
        will carry, is not known yet. ``make_conditional`` sees to all else, later.
        """
        environ = self.environ
        return (
            self.tag is not None
            and "HTTP_IF_NONE_MATCH" in environ
            and "HTTP_IF_MATCH" not in environ
            and lists(environ["HTTP_IF_NONE_MATCH"], self.tag)
        )

    def _not_modified(self) -> Outcome:
        self._relabel()
        self.response.status_code = 304
        return SKIPPED[SkipReason.NOT_MODIFIED]

    def _label_coded(self, length: int | None) -> None:
        """Rewrite the fields for a coded body of ``length`` bytes, ``None`` if not known."""
        headers = self.response.headers
        headers.add("Content-Encoding", self.coding)
        if length is not None:
            headers["Content-Length"] = str(length)
        elif "content-length" in self.fields:
            del headers["Content-Length"]
        self._relabel()

    def _relabel(self) -> None:
        """Rewrite the fields that a coded 200 and the 304 for it have in common."""
        headers = self.response.headers
        for name in STALE_WHEN_CODED.intersection(self.fields):
            del headers[name]
        if self.tag is not None and self.tag != self.fields["etag"]:
            headers["ETag"] = self.tag
