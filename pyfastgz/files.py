"""Files as the bodies of WSGI's responses: which is open, and its bytes as they are sent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BufferedReader
from io import FileIO
from typing import Any

from .store.files import FileId
from .store.files import identity_of

PIECE_NBYTES = 64 * 1024
"""How many bytes are read at a time of a file that is not read at once."""


def open_file_of(parts: Any, environ: dict[str, Any]) -> Any:
    """Return the open file that a body consists of, None if it may be anything else.

    Werkzeug wraps a file in a class of its own, or with what the server has for that (PEP 3333,
    ``wsgi.file_wrapper``): a class of its own too, or, in uWSGI, a function that returns the
    file itself. Classes derived from these may change what they read.

    :param parts: the body.
    :param environ: that of the request.
    """
    kind = type(parts)
    if kind.__name__ == "FileWrapper" and kind.__module__ == "werkzeug.wsgi":
        return parts.file
    if kind is BufferedReader or kind is FileIO:
        return parts
    # One that cannot be closed closes its file when all was read.
    if kind is environ.get("wsgi.file_wrapper") and hasattr(parts, "close"):
        # gunicorn's and the standard library's have the one, waitress's has the other.
        return getattr(parts, "filelike", None) or getattr(parts, "file", None)
    return None


def whole_of(parts: Any) -> Any:
    """Return the body that werkzeug has cut a range out of, None for any other."""
    kind = type(parts)
    if kind.__name__ == "_RangeWrapper" and kind.__module__ == "werkzeug.wsgi":
        return parts.iterable
    return None


class OwnFile(FileIO):
    """An open file whose descriptor is nobody else's, and closed with the last reference to it.

    :param file: has the same one, or is its number.
    :raises OSError: there is no such descriptor, or none more.
    """

    def __init__(self, file: Any) -> None:
        super().__init__(os.dup(descriptor_of(file)), "rb")

    def __del__(self) -> None:
        """Close it."""
        self.close()


def descriptor_of(file: Any) -> int:
    """Return the descriptor of an open file, or of its number."""
    number: int = file if isinstance(file, int) else file.fileno()
    return number


def pieces_of_descriptor(message: dict[str, Any]) -> Iterator[bytes]:
    """Read what a message ``http.response.zerocopysend`` of ASGI has the server send.

    :param message: with ``file``, and perhaps ``offset`` and ``count``, in bytes.
    """
    descriptor = descriptor_of(message["file"])
    offset, left = message.get("offset"), message.get("count")
    while left is None or left:
        wanted = PIECE_NBYTES if left is None else min(left, PIECE_NBYTES)
        if offset is None:
            piece = os.read(descriptor, wanted)
        else:
            piece = os.pread(descriptor, wanted, offset)
            offset += len(piece)
        if not piece:
            return
        if left is not None:
            left -= len(piece)
        yield piece


class FilePieces(Iterator[bytes]):
    """Some bytes of an open file, read as they are sent, and of one state of the file only.

    A file that has become longer gives the bytes that it had. One that has become shorter, or
    was changed in its place, ends in an exception, so that its client can tell that what was
    sent is not all of something.

    :param wrapper: what is closed in the end, once: the file, or what it is wrapped in.
    :param file: it stands at its beginning.
    :param known: what the file is known by.
    :param start: the first byte to read.
    :param stop: the one after the last.
    """

    __slots__ = ("_file", "_known", "_left", "_start", "close")

    def __init__(self, wrapper: Any, file: Any, known: FileId, start: int, stop: int) -> None:
        self.close = wrapper.close
        self._file = file
        self._known = known
        self._start = start
        self._left = stop - start

    def __next__(self) -> bytes:
        """Read some bytes.

        :raises OSError: they cannot be read, or the file has changed.
        """
        if not self._left:
            raise StopIteration
        if self._start:
            self._file.seek(self._start)
            self._start = 0
        piece: bytes = self._file.read(min(self._left, PIECE_NBYTES))
        self._left -= len(piece)
        if not piece:
            raise OSError(f"{self._file.name!r} became shorter while it was sent")
        if not self._left:
            self._check()
        return piece

    def _check(self) -> None:
        """Raise if the file has changed.

        It may have been renamed, or removed, which changes another time than that of its bytes.
        """
        now, known = identity_of(self._file.fileno()), self._known
        if (
            now is None
            or now.nbytes < known.nbytes
            or (now.nbytes == known.nbytes and now.mtime_ns != known.mtime_ns)
        ):
            raise OSError(f"{self._file.name!r} was changed while it was sent")
