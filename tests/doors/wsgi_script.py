"""WSGI applications told step by step, and what the standard library's server makes of them.

A script has all that PEP 3333 lets an application do, and some that it does not. It is run as
often as one likes, with middleware around it or without.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from io import BytesIO
from io import StringIO
from typing import Any
from typing import Literal
from typing import NamedTuple
from wsgiref.handlers import SimpleHandler
from wsgiref.util import setup_testing_defaults

from asking import CODINGS
from asking import decoded_part
from described import Lines


class Start(NamedTuple):
    """``start_response`` is called.

    :param of_error: with ``exc_info``, as in the handler of an exception.
    """

    status: str = "200 OK"
    lines: tuple[tuple[str, str], ...] = (("Content-Type", "text/html; charset=utf-8"),)
    of_error: bool = False


class Write(NamedTuple):
    """What the last ``start_response`` returned is called.

    :param of_first: what the first one returned is.
    """

    data: bytes
    of_first: bool = False


class Item(NamedTuple):
    """The iterable yields; only once that is iterated over."""

    data: bytes


class Fail(NamedTuple):
    """An exception is raised."""


class Failed(Exception):
    """What scripts raise."""


Step = Start | Write | Item | Fail
Form = Literal["list", "tuple", "generator", "iterator", "late"]


@dataclass(frozen=True)
class Script:
    """An application.

    :param called: what it does when it is called; no items.
    :param iterated: what it does when its iterable is iterated over; of a list or tuple only
        the items count.
    :param form: what it returns. ``late`` is a generator that does all of it.
    :param fails_to_close: the iterable's ``close`` raises.
    """

    called: tuple[Step, ...] = ()
    iterated: tuple[Step, ...] = ()
    form: Form = "generator"
    fails_to_close: bool = False

    @property
    def nbytes(self) -> int:
        """How many bytes it sends if nothing fails."""
        kinds = Item if self.form in {"list", "tuple"} else Write | Item
        called = sum(len(step.data) for step in self.called if isinstance(step, Write))
        return called + sum(len(step.data) for step in self.iterated if isinstance(step, kinds))


class Run:
    """A script as an application.

    :param script: what it does.
    :ivar closed: how often its iterables were closed.
    :ivar sent: what its server had sent before each step that was taken.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self.sent: list[bytes] = []
        self._writes: list[Callable[[bytes], object]] = []
        self.closed = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.server: Server = environ["test.server"]
        script, steps = self._script, self._script.iterated
        if script.form == "late":
            steps = (*script.called, *steps)
        else:
            for _ in self._steps(script.called, start_response):
                raise AssertionError("there are items only when it is iterated over")
        if script.form in {"list", "tuple"}:
            items = [step.data for step in steps if isinstance(step, Item)]
            return tuple(items) if script.form == "tuple" else items
        iterator = self._steps(steps, start_response, is_returned=True)
        return iterator if script.form == "generator" else Closing(iterator, self)

    def _steps(
        self, steps: Iterable[Step], start_response: Any, *, is_returned: bool = False
    ) -> Iterator[bytes]:
        try:
            for step in steps:
                self.sent.append(self.server.sent.getvalue())
                if isinstance(step, Item):
                    yield step.data
                elif isinstance(step, Write):
                    self._writes[0 if step.of_first else -1](step.data)
                elif isinstance(step, Fail):
                    raise Failed
                else:
                    self._start(step, start_response)
        finally:
            if is_returned and self._script.form == "generator":
                self.closed += 1

    def _start(self, step: Start, start_response: Any) -> None:
        lines = list(step.lines)
        if not step.of_error:
            self._writes.append(start_response(step.status, lines))
            return
        try:
            raise Failed
        except Failed:
            self._writes.append(start_response(step.status, lines, sys.exc_info()))

    def close(self) -> None:
        """Count that an iterable is closed."""
        self.closed += 1
        if self._script.fails_to_close:
            raise Failed


class Closing:
    """An iterable that is not its own iterator, and that must not be pulled beyond its end."""

    def __init__(self, items: Iterator[bytes], run: Run) -> None:
        self._items = items
        self._has_ended = False
        self.close = run.close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        assert not self._has_ended, "it was pulled again after its end"
        try:
            return next(self._items)
        except BaseException:
            self._has_ended = True
            raise


@dataclass
class Seen:
    """What a server sent, and what happened to it.

    :param errors: what was raised to the server.
    """

    status: str
    lines: Lines
    body: bytes
    errors: list[type[BaseException]] = field(default_factory=list)

    def field(self, name: str) -> str | None:
        """Return the value of a field that is there once at most."""
        lines = [value for key, value in self.lines if key.lower() == name]
        assert len(lines) <= 1
        return lines[0] if lines else None

    def decoded(self) -> bytes:
        """Return as much of the body as can be decoded."""
        return decoded_part(self._coding, self.body)

    def decoded_of(self, sent: bytes) -> bytes:
        """Return what could be decoded of the body when so much was sent."""
        return decoded_part(self._coding, sent.partition(b"\r\n\r\n")[2])

    @property
    def _coding(self) -> str | None:
        coding = self.field("content-encoding")
        return coding if coding in CODINGS else None


class Server(SimpleHandler):
    """The standard library's server, for one request, without a socket."""

    os_environ: dict[str, str] = {}  # noqa: RUF012
    server_software = "test"
    environ: dict[str, Any] | None
    headers_sent: bool

    def __init__(self, method: str, path: str, fields: dict[str, str]) -> None:
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path}
        setup_testing_defaults(environ)
        environ |= {f"HTTP_{name.upper()}": value for name, value in fields.items()}
        environ["test.server"] = self
        self.sent = BytesIO()
        self.said = StringIO()
        super().__init__(BytesIO(), self.sent, self.said, environ, multithread=False)
        self.errors: list[type[BaseException]] = []

    def handle_error(self) -> None:
        """Note what was raised, and answer with a 500 if nothing was sent."""
        self.errors.append(type(sys.exc_info()[1]))  # type: ignore[arg-type]
        # The handler of the standard library fails when it was the closing that failed.
        if self.environ is not None and not self.headers_sent:
            self.result = self.error_output(self.environ, self.start_response)
            self.finish_response()


def served(app: Any, method: str = "GET", path: str = "/", **fields: str) -> Seen:
    """Have a server answer a request with an application.

    :param fields: of the request, an underscore stands for a hyphen.
    """
    server = Server(method, path, fields)
    server.run(app)
    assert server.said.getvalue() == ""
    head, _, body = server.sent.getvalue().partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    lines = [(name, value) for name, _, value in (line.partition(": ") for line in rest)]
    return Seen(first.partition(" ")[2], lines, body, server.errors)
