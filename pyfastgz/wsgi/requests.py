"""The bodies of requests in WSGI, decoded as applications read them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING
from typing import Any

from ..decoding import Input
from ..decoding import RequestBody
from ..decoding import decode_input
from .bodies import Chunks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIApplication
    from _typeshed.wsgi import WSGIEnvironment

    from ..policy import Policy


def decoded(app: WSGIApplication, policy: Policy) -> WSGIApplication:
    """Return an application that reads the bodies of its requests as they are before coding.

    If one cannot be had, that is answered in place of whatever the application makes of it, as
    long as nothing of its body was sent.
    """

    def make_body(content_encoding: str, nbytes: int | None) -> RequestBody:
        return RequestBody(content_encoding, nbytes, policy)

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raw = decode_input(environ, make_body)
        if raw is None:
            return app(environ, start_response)
        is_head = environ.get("REQUEST_METHOD") == "HEAD"
        return _Response(raw, start_response, is_head=is_head).of(app, environ)

    return call


class _Response:
    """The response to a request whose body is decoded.

    Its start is held until something of its body is sent: not every server knows what to do
    with a second one in place of the first.

    :param raw: what the application reads.
    :param start_server: starts a response.
    :param is_head: nothing of a body is sent.
    """

    __slots__ = (
        "_has_sent",
        "_is_head",
        "_is_refused",
        "_raw",
        "_start",
        "_start_server",
        "_write_server",
    )

    def __init__(self, raw: Input, start_server: StartResponse, *, is_head: bool) -> None:
        self._raw = raw
        self._start_server = start_server
        self._start: tuple[Any, ...] | None = None
        # There is one as soon as the server has a start.
        self._write_server: Callable[[bytes], object] | None = None
        self._is_head = is_head
        # Something of the application's body was sent.
        self._has_sent = False
        # Another response is sent in place of the application's.
        self._is_refused = False

    def of(self, app: WSGIApplication, environ: WSGIEnvironment) -> Iterable[bytes]:
        """Call an application and return what is sent."""
        try:
            iterable = app(environ, self._hold)
        except Exception:
            if not self._is_dropped():
                self._pass_on()
                raise
            iterable = ()
        reads_on = not (self._raw.is_over or isinstance(iterable, list | tuple))
        if not (reads_on or self._is_dropped()):
            self._pass_on()
            return iterable
        return Chunks(self._items(iterable), getattr(iterable, "close", None))

    def _items(self, iterable: Iterable[bytes]) -> Iterator[bytes]:
        """Yield what an application has returned, or what is sent in its place."""
        try:
            for item in () if self._is_dropped() else iterable:
                if self._is_dropped():
                    break
                if item or self._has_sent:
                    self._pass_on()
                    self._has_sent = True
                    yield item
        except Exception:
            if not self._is_dropped():
                self._pass_on()
                raise
        if self._is_to_refuse():
            yield self._refused()
        self._pass_on()

    def _hold(self, status: str, headers: Any, *exc_info: Any) -> Any:
        """Be the application's ``start_response`` (PEP 3333).

        :raises AssertionError: it was called before, and now without ``exc_info``.
        """
        if self._write_server is not None and not self._is_refused:
            # The server knows what to say to a second start.
            return self._start_server(status, headers, *exc_info)
        if self._start is not None and not any(exc_info):
            raise AssertionError("start_response is called again, and without exc_info")
        self._start = status, headers, *exc_info
        return self._write

    def _pass_on(self) -> None:
        """Start the application's response, unless there is a start."""
        if self._start is not None and self._write_server is None:
            self._write_server = self._start_server(*self._start)

    def _write(self, data: bytes) -> None:
        """Be what ``start_response`` returns."""
        if self._is_to_refuse():
            data = self._refused()
        elif self._is_refused or not (data or self._has_sent):
            return
        else:
            self._has_sent = True
        self._pass_on()
        assert self._write_server is not None
        self._write_server(data)

    def _is_dropped(self) -> bool:
        """Tell whether what the application sends is not sent."""
        return self._is_refused or self._is_to_refuse()

    def _is_to_refuse(self) -> bool:
        """Tell whether the request is refused, and may still be answered so."""
        body = self._raw.body
        is_late = self._has_sent or self._is_refused
        return not is_late and body is not None and body.has_raised

    def _refused(self) -> bytes:
        """Start the response that tells why; return its body."""
        self._is_refused = True
        body = self._raw.body
        assert body is not None
        refusal = body.refusal
        assert refusal is not None
        status = f"{refusal.status} {HTTPStatus(refusal.status).phrase}"
        lines, text = refusal.response()
        self._write_server = self._start_server(status, lines)
        return b"" if self._is_head else text
