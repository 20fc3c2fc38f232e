"""ASGI applications told step by step, and what a server makes of them.

A script has all that an application may do, and much that it may not. It is run as often as one
likes, with middleware around it or without.
"""

from __future__ import annotations

import array
import asyncio
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from typing import NamedTuple

from asking import CODINGS

Message = dict[str, Any]

PAGE = b"<p>the same again and again</p>" * 40
LONG = b"".join(b"<li>%d</li>" % (number * number) for number in range(20_000))


class Failed(Exception):
    """What scripts raise."""


class Gone(BaseException):
    """What scripts raise that is no error."""


class Complaint(RuntimeError):
    """What servers raise."""


# ---- What messages are made of, anew each time ----

STATUSES: dict[str, Callable[[], Any]] = {
    "200": lambda: 200,
    "enum": lambda: HTTPStatus.OK,
    "404": lambda: 404,
    "204": lambda: 204,
    "206": lambda: 206,
    "304": lambda: 304,
    "500": lambda: 500,
    "text": lambda: "200",
    "float": lambda: 200.0,
    "none": lambda: None,
    "true": lambda: True,
    "huge": lambda: 10**30,
    "bytes": lambda: b"200",
}

HTML = (b"content-type", b"text/html; charset=utf-8")


def _raises() -> Any:
    yield HTML
    raise Failed


HEADERS: dict[str, Callable[[], Any]] = {
    "html": lambda: [HTML],
    "tuple": lambda: (HTML, (b"x-own", b"1")),
    "events": lambda: [(b"content-type", b"text/event-stream")],
    "png": lambda: [(b"content-type", b"image/png")],
    "generator": lambda: (line for line in [HTML, (b"x-own", b"1")]),
    "lists": lambda: [list(HTML), [b"X-Own", b"1"]],
    "mixed case": lambda: [(b"Content-Type", b"TEXT/HTML"), (b"X-Own", b"1")],
    "twice": lambda: [HTML, HTML, (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")],
    "many": lambda: [HTML, *((b"x-%d" % number, b"1") for number in range(500))],
    "huge": lambda: [HTML, (b"x-own", b"x" * 65_536)],
    "tag": lambda: [HTML, (b"etag", b'"lamp"')],
    "huge tag": lambda: [HTML, (b"etag", b'"' + b"t" * 65_536 + b'"')],
    "coded": lambda: [HTML, (b"content-encoding", b"gzip")],
    "length": lambda: [HTML, (b"content-length", b"%d" % len(PAGE))],
    "long length": lambda: [HTML, (b"content-length", b"%d" % len(LONG))],
    "bad length": lambda: [HTML, (b"content-length", b"-7")],
    "two lengths": lambda: [HTML, (b"content-length", b"5"), (b"content-length", b"7")],
    "range": lambda: [HTML, (b"content-range", b"bytes 0-9/1240")],
    "no ascii": lambda: [HTML, (b"x-\xff", b"\xff\xfe\r\n\x00")],
    "type of no ascii": lambda: [(b"content-type", b"text/html\xff;\x00")],
    "empty": list,
    "text": lambda: [("content-type", "text/html")],
    "text values": lambda: [(b"content-type", "text/html")],
    "numbers": lambda: [(b"content-type", 7)],
    "triples": lambda: [(*HTML, b"more")],
    "singles": lambda: [(b"content-type",)],
    "dict": lambda: {b"content-type": b"text/html"},
    "bytearrays": lambda: [(bytearray(b"content-type"), bytearray(b"text/html"))],
    "none": lambda: None,
    "number": lambda: 7,
    "raises": _raises,
}


BODIES: dict[str, Callable[[], Any]] = {
    "empty": lambda: b"",
    "short": lambda: b"lamp",
    "page": lambda: PAGE,
    "long": lambda: LONG,
    "bytearray": lambda: bytearray(PAGE),
    "memoryview": lambda: memoryview(PAGE),
    "words": lambda: memoryview(PAGE).cast("I"),
    "array": lambda: array.array("H", [1, 2, 3] * 500),
    "strided": lambda: memoryview(PAGE)[::2],
    "matrix": lambda: memoryview(PAGE).cast("B", (40, len(PAGE) // 40)),
    "text": PAGE.decode,
    "none": lambda: None,
    "number": lambda: 7,
    "numbers": lambda: [60, 112, 62] * 300,
    "false": lambda: False,
    "object": object,
}

MORE: dict[str, Callable[[], Any]] = {
    "yes": lambda: True,
    "no": lambda: False,
    "none": lambda: None,
    "text": lambda: "more",
    "list": list,
}

WRONG: dict[str, Callable[[], Any]] = {
    "no type": lambda: {"body": b"lamp"},
    "type of none": lambda: {"type": None},
    "type of a list": lambda: {"type": ["http.response.body"], "body": b"lamp"},
    "none": lambda: None,
    "list": list,
    "unknown": lambda: {"type": "http.response.lamp"},
    "websocket": lambda: {"type": "websocket.accept"},
}


class Start(NamedTuple):
    """The start of a response."""

    status: str = "200"
    headers: str = "html"
    trailers: bool = False
    leaves_out: str = ""
    is_caught: bool = False

    def made(self, folder: Path) -> Any:
        message = {
            "type": "http.response.start",
            "status": STATUSES[self.status](),
            "headers": HEADERS[self.headers](),
            "x-own": 1,
        }
        if self.trailers:
            message["trailers"] = True
        message.pop(self.leaves_out, None)
        return message


class Body(NamedTuple):
    """A part of a body."""

    data: str = "page"
    more: str = "no"
    leaves_out: str = ""
    is_caught: bool = False

    def made(self, folder: Path) -> Any:
        message = {
            "type": "http.response.body",
            "body": BODIES[self.data](),
            "more_body": MORE[self.more](),
        }
        message.pop(self.leaves_out, None)
        return message


class Other(NamedTuple):
    """Any other message."""

    kind: str = "push"
    is_caught: bool = False

    def made(self, folder: Path) -> Any:
        if self.kind in WRONG:
            return WRONG[self.kind]()
        kind = f"http.response.{self.kind}"
        more: Message = {"path": "/a.css", "headers": [], "links": [], "info": {}}
        return {"type": kind, **more, "more_trailers": False}


PATHS: dict[str, Callable[[Path], Any]] = {
    "right": lambda folder: str(folder / "page.html"),
    "bytes": lambda folder: os.fsencode(folder / "page.html"),
    "object": lambda folder: folder / "page.html",
    "missing": lambda folder: str(folder / "none.html"),
    "folder": str,
    "none": lambda _: None,
    "null": lambda _: "\0",
    "list": lambda _: [],
}


class File(NamedTuple):
    """A file by its path."""

    path: str = "right"
    is_caught: bool = False

    def made(self, folder: Path) -> Any:
        return {"type": "http.response.pathsend", "path": PATHS[self.path](folder)}


def _closed(folder: Path) -> Any:
    with open(folder / "page.html", "rb") as file:
        return file


OPEN: dict[str, Callable[[Path], Any]] = {
    "right": lambda folder: open(folder / "page.html", "rb", 0),  # noqa: SIM115
    "closed": _closed,
    "buffered": lambda folder: open(folder / "page.html", "rb"),  # noqa: SIM115
    "none": lambda _: None,
    "memory": lambda _: io.BytesIO(PAGE),
    "number": lambda _: 10**6,
    "text": lambda _: "page.html",
}


class Descriptor(NamedTuple):
    """An open file."""

    file: str = "right"
    offset: Any = None
    count: Any = None
    more: str = "no"
    is_caught: bool = False

    def made(self, folder: Path) -> Any:
        message = {
            "type": "http.response.zerocopysend",
            "file": OPEN[self.file](folder),
            "more_body": MORE[self.more](),
        }
        if self.offset is not None:
            message["offset"] = self.offset
        if self.count is not None:
            message["count"] = self.count
        return message


class Raise(NamedTuple):
    """An exception."""

    kind: type[BaseException] = Failed


class Turn(NamedTuple):
    """Others go on."""

    times: int = 1


class Receive(NamedTuple):
    """Something of the request is received."""


class Change(NamedTuple):
    """What was sent last is changed in its place."""


class Scope(NamedTuple):
    """The scope is changed."""


Script = tuple[Any, ...]


class Run:
    """A script as an application."""

    def __init__(self, script: Script, folder: Path) -> None:
        self._script = script
        self._folder = folder
        self._last: Any = None
        self._files: list[Any] = []
        self.caught: list[type[BaseException]] = []
        self.received: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        for step in self._script:
            await self._step(step)

    async def _step(self, step: Any) -> None:
        if isinstance(step, Raise):
            raise step.kind
        if isinstance(step, Turn):
            for _ in range(step.times):
                await asyncio.sleep(0)
        elif isinstance(step, Receive):
            self.received.append((await self._receive())["type"])
        elif isinstance(step, Change):
            self._change()
        elif isinstance(step, Scope):
            self._change_scope()
        else:
            await self._send_one(step)

    async def _send_one(self, step: Any) -> None:
        message = self._last = step.made(self._folder)
        if isinstance(message, dict) and hasattr(message.get("file"), "close"):
            self._files.append(message["file"])
        try:
            await self._send(message)
        except Exception as error:
            if not step.is_caught:
                raise
            self.caught.append(type(error))

    def _change(self) -> None:
        message = self._last
        if not isinstance(message, dict):
            return
        if isinstance(message.get("body"), bytearray):
            message["body"][:] = b"?" * len(message["body"])
        if isinstance(message.get("headers"), list):
            message["headers"].append((b"x-late", b"1"))
        message.clear()
        message.update(type="http.response.body", body=b"changed", more_body=False)

    def _change_scope(self) -> None:
        scope = self._scope
        if isinstance(scope.get("headers"), list):
            scope["headers"].clear()
        scope.clear()
        scope.update(type="lamp", method=None, headers=None, path=7)

    def close(self) -> None:
        for file in self._files:
            file.close()


# ---- A server ----


@dataclass
class Seen:
    """What a server took.

    :param start: status and fields, None before there is one.
    :param body: all its bytes.
    :param is_complete: the body has its end.
    :param others: other messages, and what had been taken of the response before.
    :param error: what the application raised.
    :param refused_start: a start was not taken.
    :param refused_length: a body was not of the length that was declared.
    """

    start: tuple[Any, Any] | None = None
    body: bytes = b""
    is_complete: bool = False
    others: list[tuple[Any, str]] = field(default_factory=list)
    error: type[BaseException] | None = None
    refused_start: bool = False
    refused_length: bool = False

    @property
    def lines(self) -> list[tuple[bytes, bytes]]:
        return [] if self.start is None else self.start[1]

    @property
    def coding(self) -> str | None:
        values = [v for k, v in self.lines if k == b"content-encoding"]
        coding = values[0].decode("latin-1") if len(values) == 1 else None
        return coding if coding in CODINGS else None

    @property
    def status(self) -> Any:
        return None if self.start is None else self.start[0]


class Server:
    """A server that is strict, as those are that people use.

    :param scope: the request.
    :param fails_at: the message at which the client turns out to have left.
    """

    def __init__(self, scope: Any, fails_at: int | None = None) -> None:
        self.scope = scope
        self.seen = Seen()
        self._method = scope["method"]
        self._fails_at = fails_at
        self._number = -1
        self._has_received = False
        self._trailers = False
        self._length: int | None = None

    async def send(self, message: Any) -> None:
        self._number += 1
        await asyncio.sleep(0)
        if self._fails_at is not None and self._number >= self._fails_at:
            raise OSError("the client has left")
        try:
            self._take(message)
        except BaseException:
            if isinstance(message, dict) and message.get("type") == "http.response.start":
                self.seen.refused_start = True
            raise

    def _take(self, message: Any) -> None:
        kind = message["type"]
        seen = self.seen
        if kind == "http.response.start":
            if seen.start is not None:
                raise Complaint("a second start")
            status = message["status"]
            if not isinstance(status, int) or not 100 <= status < 1000:
                raise Complaint("no status")
            lines = []
            for name, value in message.get("headers", ()):
                lines.append((bytes_of(name).lower(), bytes_of(value)))
            lengths = [value for name, value in lines if name == b"content-length"]
            if lengths:
                try:
                    self._length = int(lengths[0])
                except ValueError:
                    raise Complaint("no length") from None
                if len(set(lengths)) > 1 or self._length < 0:
                    raise Complaint("two lengths")
            self._trailers = bool(message.get("trailers"))
            seen.start = int(status), lines
        elif kind in {
            "http.response.body",
            "http.response.pathsend",
            "http.response.zerocopysend",
        }:
            if seen.start is None or seen.is_complete:
                raise Complaint(f"not now: {kind}")
            data = data_of(message)
            is_last = kind.endswith("pathsend") or not message.get("more_body", False)
            is_without = self._method == "HEAD" or seen.status in {204, 304}
            if is_without:
                data = b""
            elif self._length is not None:
                nbytes = len(seen.body) + len(data)
                if nbytes > self._length or (is_last and nbytes < self._length):
                    seen.refused_length = True
                    raise Complaint("another length")
            seen.body += data
            seen.is_complete = is_last
        elif kind == "http.response.trailers":
            if not (seen.is_complete and self._trailers):
                raise Complaint("no trailers")
            seen.others.append((kind, self._when()))
        elif kind == "http.response.early_hint":
            if seen.start is not None:
                raise Complaint("too late")
            seen.others.append((kind, self._when()))
        elif kind in {"http.response.push", "http.response.debug"}:
            seen.others.append((kind, self._when()))
        else:
            raise Complaint(f"unknown: {kind}")

    def _when(self) -> str:
        seen = self.seen
        if seen.start is None:
            return "before"
        return "after" if seen.is_complete else "within"

    async def receive(self) -> Message:
        await asyncio.sleep(0)
        if self._has_received:
            return {"type": "http.disconnect"}
        self._has_received = True
        return {"type": "http.request", "body": b"", "more_body": False}


def bytes_of(value: Any) -> bytes:
    if not isinstance(value, (bytes, bytearray)):
        raise Complaint("no bytes")
    return bytes(value)


def data_of(message: Message) -> bytes:
    kind = message["type"]
    if kind == "http.response.body":
        try:
            return memoryview(message.get("body", b"")).tobytes()
        except TypeError:
            raise Complaint("no bytes") from None
    if kind == "http.response.pathsend":
        with open(message["path"], "rb") as file:
            return file.read()
    file = message["file"]
    number = file if isinstance(file, int) else file.fileno()
    offset, count = message.get("offset"), message.get("count")
    if offset is None:
        offset = os.lseek(number, 0, os.SEEK_CUR)
    if count is None:
        count = 1 << 30
    return os.pread(number, count, offset)
