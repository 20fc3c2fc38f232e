"""What the tests of the WSGI middleware talk to: an application of no framework, twice.

Below ``/coded`` it is in the middleware, below ``/plain`` it is alone, so that what a server
makes of the one can be compared with what it makes of the other.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pyfastgz.wsgi import CompressMiddleware
from tests.e2e.served_application import PATIENCE_SECONDS
from tests.e2e.served_application import SharedAcknowledgements
from tests.e2e.served_application import SharedCounts
from tools.kit.documents.content import make_events
from tools.kit.documents.prose import Writer
from tools.kit.events import COUNT

FOLDER = "PYFASTGZ_TEST_FOLDER"
"""The environment variable that has the folder of the files."""

HTML = ("Content-Type", "text/html; charset=utf-8")
CHUNKS = [f"<p>{Writer('wsgi').paragraph(20)}</p>\n".encode() for _ in range(30)]
PAGE = b"".join(CHUNKS)
LENGTH = ("Content-Length", str(len(PAGE)))

Environ = dict[str, Any]


class Failed(Exception):
    """What the application raises, as it should."""


class Body:
    """An iterable that counts its closings, and is not its own iterator."""

    def __init__(self, chunks: Iterable[bytes], close: Callable[[], object]) -> None:
        self._chunks = chunks
        self.close = close

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)


class Readable:
    """A file that has no descriptor, and cannot be iterated over."""

    def __init__(self, data: bytes) -> None:
        self._file = BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def close(self) -> None:
        self._file.close()


def failing() -> Iterator[bytes]:
    yield from CHUNKS
    raise Failed


def one(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML, LENGTH])
    return [PAGE]


def one_without_length(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML])
    return [PAGE]


def items(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML, LENGTH, ("ETag", '"items"')])
    return CHUNKS


def generated(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML])
    return (chunk for chunk in CHUNKS)


def generated_with_length(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML, LENGTH])
    return (chunk for chunk in [b"", *CHUNKS, b""])


def late(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML])
    yield b""
    yield from CHUNKS


def late_and_whole(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML, LENGTH])
    yield PAGE


def written(environ: Environ, start: Any) -> Any:
    write = start("200 OK", [HTML])
    for chunk in CHUNKS[:-1]:
        write(chunk)
    return CHUNKS[-1:]


def written_at_once(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML, LENGTH])(PAGE)
    return []


def empty(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML, ("Content-Length", "0")])
    return []


def nothing(environ: Environ, start: Any) -> Any:
    start("204 No Content", [])
    return []


def own(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML, LENGTH, ("Content-Encoding", "x-own")])
    return [PAGE]


def error_in_place(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML, LENGTH])
    try:
        raise Failed
    except Failed:
        start("503 Later", [("Content-Type", "text/plain")], sys.exc_info())
    return [PAGE]


def raises(environ: Environ, start: Any) -> Any:
    raise Failed


def raises_after_start(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML])
    raise Failed


def raises_at_once(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML])
    raise Failed
    yield b""


def raises_in_the_end(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML])
    return failing()


def wrapped(environ: Environ, file: Any) -> Any:
    wrapper = environ.get("wsgi.file_wrapper")
    return iter(lambda: file.read(8192), b"") if wrapper is None else wrapper(file, 8192)


def file_in(folder: str, start_at: int = 0) -> Callable[[Environ, Any], Any]:
    def application(environ: Environ, start: Any) -> Any:
        name = environ["PATH_INFO"].rpartition("/")[2]
        file = open(os.path.join(folder, name), "rb")  # noqa: SIM115
        file.seek(start_at)
        length = os.fstat(file.fileno()).st_size - start_at
        start("200 OK", [HTML, ("Content-Length", str(length))])
        return wrapped(environ, file)

    return application


def bytes_file(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML, LENGTH])
    return wrapped(environ, BytesIO(PAGE))


def readable(environ: Environ, start: Any) -> Any:
    start("200 OK", [HTML, LENGTH])
    return wrapped(environ, Readable(PAGE))


def endless(environ: Environ, start: Any) -> Any:
    def chunks() -> Iterator[bytes]:
        for chunk in itertools.cycle(CHUNKS):
            yield chunk
            # A source that never waits leaves the other threads of the server no turn.
            time.sleep(0.001)

    start("200 OK", [HTML])
    return chunks()


def part(environ: Environ, start: Any) -> Any:
    """Answer a request for the first 100 bytes, as an application does that knows ranges."""
    lines: list[tuple[str, str]] = [HTML, ("ETag", '"part"'), ("Accept-Ranges", "bytes")]
    if environ.get("HTTP_RANGE") != "bytes=0-99":
        start("200 OK", [*lines, LENGTH])
        return [PAGE]
    place = ("Content-Range", f"bytes 0-99/{len(PAGE)}")
    start("206 Partial Content", [*lines, place, ("Content-Length", "100")])
    return [PAGE[:100]]


WHOLE = {
    "/one": one,
    "/one-without-length": one_without_length,
    "/items": items,
    "/generated": generated,
    "/generated-with-length": generated_with_length,
    "/late": late,
    "/late-and-whole": late_and_whole,
    "/written": written,
    "/written-at-once": written_at_once,
    "/bytes-file": bytes_file,
}
"""What sends all of the page."""

OTHER = {
    "/readable": readable,
    "/empty": empty,
    "/nothing": nothing,
    "/own": own,
    "/error-in-place": error_in_place,
    "/raises": raises,
    "/raises-after-start": raises_after_start,
    "/raises-at-once": raises_at_once,
    "/raises-in-the-end": raises_in_the_end,
    "/part": part,
    "/endless": endless,
}


def create_app() -> Callable[[Environ, Any], Any]:
    folder = os.environ[FOLDER]
    acknowledgements, closings = SharedAcknowledgements(), SharedCounts()
    places = {**WHOLE, **OTHER}

    def events(environ: Environ, start: Any) -> Any:
        channel = environ["PATH_INFO"].rpartition("/")[2]
        write = start("200 OK", [("Content-Type", "text/event-stream")])
        if not channel.startswith("written"):
            return acknowledgements.stream(channel)
        for number, event in enumerate(make_events(COUNT)):
            if not acknowledgements.wait_for(channel, number):
                break
            write(event)
        return []

    def application(environ: Environ, start: Any) -> Any:
        path = environ["PATH_INFO"]
        if path.startswith("/events/"):
            return events(environ, start)
        if path.startswith("/file/"):
            return file_in(folder)(environ, start)
        if path.startswith("/rest/"):
            return file_in(folder, 1000)(environ, start)
        place = places.get(path)
        if place is None:
            start("404 Not Found", [HTML])
            return [b"there is no such page"]
        name = environ["QUERY_STRING"]
        body = place(environ, start)
        return Body(body, lambda: closings.add(name)) if name else body

    coded = CompressMiddleware(application, extra_mimetypes=["text/event-stream"])

    def dispatch(environ: Environ, start: Any) -> Any:
        path = environ["PATH_INFO"]
        if path.startswith("/closed/"):
            start("200 OK", [("Content-Type", "text/plain")])
            closings.wait_for(path[8:], 1, PATIENCE_SECONDS)
            return [str(closings.get(path[8:])).encode()]
        if environ["REQUEST_METHOD"] == "POST":
            acknowledgements.add(path.rpartition("/")[2])
            start("204 No Content", [])
            return []
        which, _, rest = path[1:].partition("/")
        if which == "events":
            # The kit asks for these.
            which, rest = "coded", path[1:]
        environ["PATH_INFO"] = f"/{rest}"
        return (application if which == "plain" else coded)(environ, start)

    return dispatch
