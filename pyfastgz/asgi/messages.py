"""The messages of responses in ASGI: fields, and the first part of a body."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..coding.buffers import as_bytes
from ..collecting import Found
from ..collecting import whole_nbytes
from ..files import PIECE_NBYTES
from ..files import OwnFile
from ..http.exchange import Body
from ..http.plain import SHAPES as OF_TEXT
from ..http.plain import Known
from ..http.plain import Shape
from ..middleware import Lines
from .threads import THREAD_NBYTES

Message = dict[str, Any]
RawLines = list[tuple[bytes, bytes]]

START = "http.response.start"
"""Has status and fields."""

TRAILERS = "http.response.trailers"
"""Has fields, after the body."""

BODY = "http.response.body"
"""Sends bytes."""

PATH = "http.response.pathsend"
"""Sends a file by its path."""

DESCRIPTOR = "http.response.zerocopysend"
"""Sends a part of an open file."""

LENGTH = b"content-length"
"""The field's name."""

OF_BODY = frozenset({BODY, PATH, DESCRIPTOR})
"""Are parts of a body."""

# At any level fewer bytes take hardly more than a millisecond.
_FIRST_NBYTES = 1024

OPENED: Message = {"type": BODY, "body": b"", "more_body": True}
"""Stands for the first part of a body that is decided about before that has come."""

SHAPES: Known[tuple[bytes, ...], Shape] = Known(
    lambda names: OF_TEXT[tuple(name.decode("latin-1") for name in names)]
)


def is_last(message: Message) -> bool:
    """Tell whether nothing follows a part of a body: a file that has a path is all there is."""
    return message["type"] == PATH or not message.get("more_body", False)


def nbytes_in(message: Message) -> int:
    """Return how many bytes a message of a body brings; 0 of what is none."""
    body = message.get("body", b"")
    if type(body) is bytes:
        return len(body)
    try:
        return memoryview(body).nbytes
    except TypeError:
        return 0


def takes_long(message: Message) -> bool:
    """Tell whether to code what a message brings would stop the loop for too long."""
    return message["type"] != BODY or nbytes_in(message) >= THREAD_NBYTES


def may_take_long(message: Message) -> bool:
    """Tell the same while it is not known how the message is coded."""
    return message["type"] != BODY or nbytes_in(message) >= _FIRST_NBYTES


def with_bytes(message: Message) -> Message:
    """Return a message whose body is bytes, whatever buffer it was.

    :raises TypeError: it is none.
    """
    body = message.get("body", b"")
    return message if type(body) is bytes else {**message, "body": as_bytes(body)}


def kept(message: Message) -> Message:
    """Return a message that does not change when its sender goes on, who may be cancelled."""
    message = message.copy()
    try:
        if message["type"] == DESCRIPTOR:
            message["file"] = OwnFile(message["file"])
        else:
            message = with_bytes(message)
    except Exception:
        # Whoever reads it will say so.
        return message
    return message


class Source:
    """What the first part of a body is; see :class:`~.carrying.Source`.

    :param message: has bytes, or names a file.
    """

    __slots__ = ("_message", "file", "request")

    def __init__(self, scope: dict[str, Any], message: Message) -> None:
        self.request = scope
        self._message = message
        self.file: Any = None

    @property
    def parts(self) -> Any:
        """The body, of which a file can be closed."""
        return self

    def open(self) -> None:
        """Open the file that a message names, if that can be done."""
        try:
            self.file = open(self._message["path"], "rb")  # noqa: SIM115
        except (OSError, ValueError, TypeError):
            # The server will say so.
            self.file = None

    def close(self) -> None:
        """Close the file."""
        if self.file is not None:
            self.file.close()

    def found(self, method: str, lines: Lines) -> Found:
        """Return how the response has its body.

        :param method: of the request.
        :param lines: the fields of the response.
        """
        message = self._message
        if message["type"] == PATH and self.file is None:
            return Found(Body.UNKNOWN)
        if message["type"] != BODY:
            return Found(Body.FILE, None, self.file)
        body, more = message.get("body", b""), message.get("more_body", False)
        is_left_out = method == "HEAD" and not body
        if not more and not is_left_out:
            return Found(Body.WHOLE, len(body))
        nbytes = whole_nbytes(lines)
        if is_left_out and nbytes is not None:
            return Found(Body.WHOLE, 0)
        return Found(Body.WHOLE, nbytes) if len(body) == nbytes else Found(Body.STREAM)

    def whole(self) -> bytes:
        """Return all bytes of a body that is there."""
        body: bytes = self._message.get("body", b"")
        return body

    def chunks(self) -> Any:
        """Return the pieces of a file; None for what is coded as it comes."""
        file = self.file
        return None if file is None else iter(lambda: file.read(PIECE_NBYTES), b"")


def pairs_of(lines: RawLines) -> Iterable[tuple[str, str]]:
    """Return the lines of fields as text, one after the other."""
    return ((name.decode("latin-1"), value.decode("latin-1")) for name, value in lines)


def decoded(lines: RawLines) -> Lines:
    """Return the lines of fields as text."""
    return list(pairs_of(lines))
