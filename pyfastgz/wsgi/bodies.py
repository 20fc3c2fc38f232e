"""The bodies of WSGI's responses: as applications have them, and as servers get them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from functools import partial
from io import FileIO
from itertools import chain
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol

from ..coding.cutting import Buffer
from ..coding.cutting import pieces_of
from ..collecting import Found
from ..files import PIECE_NBYTES
from ..files import FilePieces
from ..files import open_file_of
from ..files import whole_of
from ..http.exchange import Body
from ..store.files import identity_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ..coding.stream import StreamCoder

AGAIN: Iterable[bytes] = iter(())
"""Stands for asking the application again, which may return anything else, even None."""

_NEVER: Any = object()
# What iterates over items that are all there.
_OF_WHOLE: frozenset[type] = frozenset({type(iter([])), type(iter(()))})


# ---- Bodies as the application has them ----


class Written:
    """What was written first; see :class:`~.carrying.Source`."""

    __slots__ = ("_data", "found", "parts", "request")

    file = None
    can_be_asked_for = False

    def __init__(self, environ: WSGIEnvironment, data: bytes) -> None:
        self.request = environ
        self.found = Found(Body.STREAM)
        self.parts = self._data = data

    def whole(self) -> bytes:
        """Return all bytes of a body that was written at once."""
        return self._data

    def chunks(self) -> Any:
        """Return nothing: what is written is coded as it comes."""
        return ()


class Returned:
    """What an application returned; see :class:`~.carrying.Source`."""

    __slots__ = ("_items", "_rest", "close", "file", "found", "has_pulled", "parts", "request")

    can_be_asked_for = True

    def __init__(self, environ: WSGIEnvironment, iterable: Any) -> None:
        self.request = environ
        self.parts = iterable
        self.close: Callable[[], object] = getattr(iterable, "close", _nothing)
        self.has_pulled = False
        self.found: Found | None = None
        self._items: list[bytes] = []
        self._rest: Iterator[bytes] | None = None
        # Of a part the whole is looked for, which has forms that lie ready, perhaps.
        self.file = open_file_of(whole_of(iterable) or iterable, environ)
        if self.file is not None:
            self.found = Found(Body.FILE, None, self.file)
            return
        iterator = iterated(iterable)
        if type(iterator) in _OF_WHOLE:
            self._items = list(iterator)
            self.found = Found(Body.WHOLE, sum(map(len, self._items)))
        else:
            self._rest = iterator

    def pull(self, whole_nbytes: Callable[[], int | None]) -> None:
        """Pull the first item, which may be all that there is.

        An exception is raised again where the server would have met it.

        :param whole_nbytes: returns how many bytes are all, once that is known.
        """
        assert self._rest is not None
        try:
            for item in self._rest:
                self._items.append(item)
                self.has_pulled = bool(item)
                is_all = bool(item) and len(item) == whole_nbytes()
                self.found = Found(Body.WHOLE, len(item)) if is_all else Found(Body.STREAM)
                return
        except Exception as error:
            self._rest = _raising(error)
            self.found = Found(Body.STREAM)
        else:
            self.found = Found(Body.WHOLE, 0)

    def whole(self) -> bytes:
        """Return all bytes of a body that is there."""
        return self._items[0] if len(self._items) == 1 else b"".join(self._items)

    def chunks(self) -> Any:
        """Return all chunks, those that were pulled, too."""
        return self.parts if self._rest is None else chain(self._items, self._rest)

    def again(self) -> Iterable[bytes]:
        """Return the body as it was returned, as far as that can be had again."""
        if self._rest is not None:
            return Chunks(chain(self._items, self._rest), self.close)
        if self.file is not None or isinstance(self.parts, list | tuple):
            return self.parts  # type: ignore[no-any-return]
        return Items(self._items, self.close)

    def coded_as(self, body: bytes) -> Iterable[bytes]:
        """Return the coded body; what may be left to do of the other is done after it."""
        if self._rest is not None:
            return Chunks(chain([body], drained(self._rest)), self.close)
        return [body] if self.close is _nothing else Items([body], self.close)

    def replaced_by(self, body: bytes) -> Iterable[bytes]:
        """Return another body in place of this one, which is closed with it."""
        return Items([body], self.close) if body else self.emptied()

    def unsent(self) -> Iterable[bytes]:
        """Return the body of a response that has none: to HEAD, or a 304.

        Servers must not make a length of it: wsgiref's does of a list, and of what yields
        nothing, and waitress of a file.
        """
        if self._rest is None:
            return self.emptied()
        return Chunks(chain(self._items, self._rest, [b""]), self.close)

    def emptied(self) -> Iterable[bytes]:
        """Return no bytes in place of this body, which is closed with them."""
        return Chunks(iter([b""]), self.close)


def iterated(iterable: Any) -> Iterator[bytes]:
    """Return an iterator over a body, that pulls it up to its end, and not again.

    There are iterators that then wait for ever, and some that cannot be iterated over
    themselves. uWSGI sends files that can only be read: its wrapper returns the file itself.
    """
    try:
        iterator = iter(iterable)
    except TypeError:
        if not hasattr(iterable, "read"):
            raise
        return iter(partial(iterable.read, PIECE_NBYTES), b"")
    return iterator if type(iterator) in _OF_WHOLE else iter(iterator.__next__, _NEVER)


def _nothing() -> None:
    pass


def _raising(error: Exception) -> Iterator[bytes]:
    """Raise an exception when it is pulled."""
    raise error
    yield b""


def drained(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pull all chunks, and yield none."""
    for _ in chunks:
        pass
    yield from ()


# ---- Bodies as the server gets them ----


def wrapped(environ: WSGIEnvironment, file: FileIO) -> Iterable[bytes]:
    """Return a file as the server sends files (PEP 3333, ``wsgi.file_wrapper``)."""
    wrapper: Any = environ.get("wsgi.file_wrapper")
    if wrapper is not None:
        return wrapper(file)  # type: ignore[no-any-return]
    known = identity_of(file.fileno())
    assert known is not None
    return FilePieces(file, file, known, 0, known.nbytes)


class Items(list[bytes]):
    """A body that is there, and is closed with another.

    :param close: closes that.
    """

    __slots__ = ("close",)

    def __init__(self, items: Iterable[bytes], close: Callable[[], object]) -> None:
        super().__init__(items)
        self.close = close


class Chunks(Iterator[bytes]):
    """Chunks, and what closes them."""

    __slots__ = ("_chunks", "close")

    def __init__(self, chunks: Iterator[bytes], close: Callable[[], object] | None) -> None:
        self._chunks = chunks
        self.close = close or _nothing

    def __next__(self) -> bytes:
        """Return the next chunk."""
        return next(self._chunks)


class Announced(Protocol):
    """A response whose start the server has."""

    has_pulled: bool
    is_direct: bool


class Stream(Iterator[bytes]):
    """A stream that is coded as it is pulled, and closed with its coder.

    :param response: is told that something was pulled, and knows whether something else has
        come in place of it.
    :param chunks: the stream.
    :param close: closes it; None for nothing.
    :param coder: codes it.
    """

    __slots__ = ("_chunks", "_close", "_coder", "_pieces", "_response")

    def __init__(
        self,
        response: Announced,
        chunks: Iterator[bytes],
        close: Callable[[], object] | None,
        coder: StreamCoder,
    ) -> None:
        self._response = response
        self._chunks = chunks
        self._pieces: Iterator[Buffer] = iter(())
        self._close = close
        self._coder = coder

    def __next__(self) -> bytes:
        """Pull chunks until there are bytes to send, or one is empty."""
        try:
            return self._next()
        except BaseException:
            self._coder.free()
            raise

    def _next(self) -> bytes:
        response, coder = self._response, self._coder
        while not response.is_direct:
            if not coder.is_open:
                raise StopIteration
            for piece in self._pieces:
                coded = coder.code(piece)
                if coded:
                    return coded
            for chunk in self._chunks:
                if response.is_direct or not chunk:
                    # Some servers send the fields when nothing comes.
                    return chunk
                response.has_pulled = True
                self._pieces = pieces_of(chunk)
                break
            else:
                if not response.is_direct:
                    return coder.finish()
        return next(self._chunks)

    def close(self) -> None:
        """Free the encoder and close the stream; safe to call more than once."""
        close, self._close = self._close, None
        try:
            self._coder.free()
        finally:
            try:
                if close is not None:
                    close()
            finally:
                self._coder.close()
