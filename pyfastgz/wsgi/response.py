"""One response of a WSGI application, on its way to the server."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING

from ..border import can_ask_again
from ..carrying import AS_IT_IS
from ..carrying import ASKED_AGAIN
from ..carrying import Sent
from ..carrying import carry_out
from ..coding.core import answer_plainly
from ..coding.cutting import pieces_of
from ..collecting import Found
from ..http.exchange import NO_WISHES
from ..http.exchange import Body
from ..http.exchange import Wishes
from ..http.fields import LENGTH
from ..http.fields import edited
from ..http.steps import Plan
from ..http.steps import Step
from ..middleware import NOT_LOOKED_AT
from ..middleware import WISHES
from ..middleware import Lines
from ..settling import Coded
from .bodies import AGAIN
from .bodies import Chunks
from .bodies import Returned
from .bodies import Stream
from .bodies import Written
from .bodies import drained
from .bodies import iterated
from .bodies import wrapped
from .start import ResponseStart

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIEnvironment

    from ..coding.stream import StreamCoder
    from . import CompressMiddleware

    ExcInfo = tuple[type[BaseException], BaseException, TracebackType]


class WsgiResponse(ResponseStart):
    """The response to one request, from the application to the server.

    :param door: decides about it.
    :param environ: the request.
    :param start_server: the server's ``start_response``.
    """

    __slots__ = (
        "_coder",
        "_drops",
        "_environ",
        "_exc_info",
        "_is_sent",
        "_start_server",
        "_write_server",
        "has_pulled",
        "is_direct",
    )

    def __init__(
        self, door: CompressMiddleware, environ: WSGIEnvironment, start_server: StartResponse
    ) -> None:
        super().__init__(door)
        self._environ = environ
        self._start_server = start_server
        self._exc_info: ExcInfo | None = None
        # The server has the start of the response.
        self._is_sent = False
        self._write_server: Callable[[bytes], object] | None = None
        self._coder: StreamCoder | None = None
        # What is written is not sent: something else stands for it.
        self._drops = False
        self.is_direct = False
        """Whether the server has the start of the response, and gets the rest as it is."""
        self.has_pulled = False
        """Whether the application has handed over any part of the body."""

    def start(
        self, status: str, headers: Lines, exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], object]:
        """Be the application's ``start_response`` (PEP 3333).

        :raises AssertionError: it was called before, and now without ``exc_info``.
        """
        try:
            if self._is_sent or self.is_direct:
                if exc_info is not None and not self.is_direct:
                    if self.has_pulled:
                        raise exc_info[1].with_traceback(exc_info[2])
                    # The error is a response of its own, for one that was only announced.
                    self.is_direct = True
                # The server knows what to say to a second start.
                self._exc_info = exc_info
                return self._pass_on(status, headers)
            if self._status is not None and exc_info is None:
                raise AssertionError("start_response is called again, and without exc_info")
            self._status, self._lines, self._exc_info = status, headers, exc_info
            settled = self._settled()
            if settled is not None:
                self.is_direct = True
                self._report(settled)
                return self._pass_on(status, headers)
            return self._write
        finally:
            # It refers to this frame.
            exc_info = None

    def _pass_on(self, status: str, lines: Lines) -> Callable[[bytes], object]:
        """Start the server's response."""
        self._is_sent = True
        exc_info, self._exc_info = self._exc_info, None
        try:
            if exc_info is None:
                self._write_server = self._start_server(status, lines)
            else:
                self._write_server = self._start_server(status, lines, exc_info)
            return self._write_server
        finally:
            exc_info = None

    # ---- What the application writes ----

    def _write(self, data: bytes) -> None:
        """Be what ``start_response`` returns: send data at once (PEP 3333)."""
        if not isinstance(data, bytes):
            raise TypeError(f"write takes bytes, not {type(data).__name__}")
        self.has_pulled = self.has_pulled or bool(data)
        replaced = None
        if not self._is_sent:
            body = Written(self._environ, data)
            if len(data) == self._whole_nbytes():
                body.found = Found(Body.WHOLE, len(data))
            replaced = self._begun(self._planned(body))
        if not self.is_direct:
            if replaced is not None:
                data = replaced
            elif self._drops:
                return
            elif self._coder is not None and data:
                data = b"".join(map(self._coder.code, pieces_of(data))) + self._coder.flush()
        # Nothing at all sends the fields, of some servers.
        assert self._write_server is not None
        self._write_server(data)

    def _begun(self, sent: Sent) -> bytes | None:
        """Start the server's response; return what is sent in place of the body, if anything.

        From here on the body may be written, too, even while it is iterated over.
        """
        self._coder = sent.coder
        replaced = sent.in_place(self._environ.get("REQUEST_METHOD", ""))
        is_replaced = sent.file is not None or (sent.chunks is not None and sent.coder is None)
        self._drops = is_replaced or replaced is not None
        self._started(sent)
        return replaced

    def fail(self) -> None:
        """Tell the server of the start that it would know of when the application raises."""
        self.free()
        if self._status is not None and not self._is_sent:
            self._pass_on(self._status, self._lines)

    def free(self) -> None:
        """Let go of the encoder, of a response whose rest is not coded."""
        coder, self._coder = self._coder, None
        if coder is not None:
            coder.close()

    # ---- What the application returns ----

    def sent(self, iterable: Iterable[bytes]) -> Iterable[bytes]:
        """Return what the server gets in place of what the application returned, or AGAIN."""
        if self.is_direct:
            self.free()
            return iterable
        if self._is_sent:
            return self._after_written(iterable)
        if type(iterable) is list and len(iterable) == 1:
            plain = self._plain(iterable[0])
            if plain is not None:
                return iterable if plain.answer.coding is None else [self._shown(plain)]
        body = Returned(self._environ, iterable)
        if body.found is None:
            self._find(body)
        # Without a start the server is to complain, as it would have, or to wait for one.
        self.is_direct = self.is_direct or self._status is None
        if self.is_direct:
            return body.again()
        if self._is_sent:
            return self._after_written(body.again())
        self.has_pulled = body.has_pulled
        if body.found is not None and body.found.body is Body.WHOLE:
            plain = self._plain(body.whole())
            if plain is not None:
                is_as_it_was = plain.answer.coding is None
                return body.again() if is_as_it_was else body.coded_as(self._shown(plain))
        sent = self._planned(body)
        if sent is ASKED_AGAIN:
            return AGAIN
        replaced = self._begun(sent)
        if sent.coder is not None:
            return Stream(self, iter(sent.chunks), body.close, sent.coder)
        if sent.file is not None:
            return wrapped(self._environ, sent.file)
        if sent.chunks is not None:
            return sent.chunks  # type: ignore[no-any-return]
        if replaced is not None:
            send = body.replaced_by if sent.body is None else body.coded_as
            return send(replaced)
        has_body = sent.answer.coding is None and not str(self._status).startswith("304")
        return body.again() if has_body else body.unsent()

    def _find(self, body: Returned) -> None:
        """Find out how an iterable holds the body, and pull as little as that takes."""
        if self._status is not None:
            is_head = self._environ.get("REQUEST_METHOD") == "HEAD"
            nbytes = self._whole_nbytes()
            if nbytes is None or is_head:
                body.found = Found(Body.STREAM) if nbytes is None else Found(Body.WHOLE, 0)
                return
        # What an application generates may start only now.
        body.pull(self._whole_nbytes)

    def _after_written(self, iterable: Iterable[bytes]) -> Iterable[bytes]:
        """Return what the server gets after what was written."""
        close = getattr(iterable, "close", None)
        if self._coder is not None:
            return Stream(self, iterated(iterable), close, self._coder)
        return Chunks(drained(iterable), close) if self._drops else iterable

    def _plain(self, body: bytes) -> Coded | None:
        """Start a response whose plan is looked up; None for any other.

        :param body: all of it.
        """
        environ, door = self._environ, self._door
        if (
            type(body) is not bytes
            or not body
            or not self._is_200()
            or WISHES in environ
            or environ.get("REQUEST_METHOD") == "CONNECT"
        ):
            return None
        try:
            shape, content_type = self._shape()
            if not shape.is_plain:
                return None
            plans = door.plans or door.plans_for(shape, lambda: environ)
            accepted = environ.get("HTTP_ACCEPT_ENCODING")
            plan = None if plans is None else plans.plan(content_type, len(body), accepted)
            if plan is None:
                return None
            settled: Coded
            settled, self._lines = answer_plainly(
                door.engine.settle_plain, plan, body, self._lines, shape.length_at, LENGTH
            )
        except Exception:
            # There is something odd in the fields; nothing was sent yet.
            return None
        self._report(settled.outcome)
        self._pass_on(str(self._status), self._lines)
        return settled

    def _shown(self, coded: Coded) -> bytes:
        """Return the coded body, without which HEAD is answered."""
        return b"" if self._environ.get("REQUEST_METHOD") == "HEAD" else coded.body

    # ---- Both ----

    def _planned(self, body: Written | Returned) -> Sent:
        """Return what is sent; whatever is odd in the response, it is sent as it is."""
        door, environ = self._door, self._environ
        wishes: Wishes = environ.get(WISHES, NO_WISHES)
        try:
            found = body.found
            assert found is not None
            status = int(str(self._status)[:3])
            if status == 206 and body.can_be_asked_for and can_ask_again(environ):
                found = found._replace(is_cut=True)
            plan = door.decided(environ, environ, status, self._lines, found, wishes)
            if isinstance(plan, Plan) and plan.step is Step.RESTORE:
                return ASKED_AGAIN
            return carry_out(plan, body, door.engine, wishes, self._report)
        except Exception as error:
            door.engine.log_once(NOT_LOOKED_AT, error)
            return AS_IT_IS

    def _started(self, sent: Sent) -> None:
        """Start the server's response, and tell what became of it if that is known."""
        door, answer = self._door, sent.answer
        status, lines = str(self._status), self._lines
        if sent is not AS_IT_IS:
            if answer.status is not None:
                status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
            if answer.edits:
                lines = edited(lines, answer.edits)
            lines = door.timed(lines, sent.outcome)
        self._status, self._lines = status, lines
        if sent.outcome is not None and sent is not AS_IT_IS:
            self._report(sent.outcome)
        self._pass_on(status, lines)
