"""How the chunks of a stream are cut into pieces, and which of those are flushed."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from math import inf

Chunk = str | bytes | bytearray | memoryview
"""What a response may yield: text, which is sent as UTF-8, or any bytes-like object."""

FLUSH_NBYTES = 64 * 1024
"""After so many bytes of input a stream is flushed whatever its rule.

Codings keep up to 128 KB back, to gather a block. A flush this rare takes no measurable time or
size.
"""

FIRST_FLUSH_NBYTES = 1024
"""So many bytes of input may be held, or as many as were flushed before, if those are more.

So flushes of what comes at once are ever farther apart, up to :data:`FLUSH_NBYTES`: of a page
that has come so far less than half is held, or less than a kilobyte. Each costs some 25 bytes;
docs/streaming.md has the figures.
"""

BURST_FLUSHES = 8
"""How many flushes a stream may spend at once on chunks that come one right after the other."""

PIECE_NBYTES = 256 * 1024
"""A longer chunk is coded, flushed and sent in pieces of this many bytes, so that no more than
one is held in coded form.
"""


Buffer = bytes | memoryview
"""A piece of a stream."""


def pieces_of(chunk: Chunk) -> Iterator[Buffer]:
    """Yield the bytes of a chunk, of a long one in pieces; nothing if it has none.

    Bytes that may change are copied: the buffer may be somebody else's soon.

    :raises TypeError: it is neither text nor bytes-like.
    """
    if isinstance(chunk, bytes):
        data = chunk
    elif isinstance(chunk, str):
        data = chunk.encode()
    else:
        data = memoryview(chunk).tobytes()
    if len(data) > PIECE_NBYTES:
        view = memoryview(data)
        for start in range(0, len(data), PIECE_NBYTES):
            yield view[start : start + PIECE_NBYTES]
    elif data:
        yield data


def pieces_in(chunks: Iterable[Chunk]) -> Iterator[Buffer]:
    """Return an iterator over the pieces of all chunks.

    It raises :exc:`TypeError` at a chunk that is neither text nor bytes-like.

    :raises TypeError: there is nothing to iterate over.
    """
    return _pieces(iter(chunks), _name(chunks))


def _pieces(chunks: Iterator[Chunk], name: str) -> Iterator[Buffer]:
    for number, chunk in enumerate(chunks):
        if type(chunk) is bytes and 0 < len(chunk) <= PIECE_NBYTES:
            # What nearly every chunk is.
            yield chunk
            continue
        try:
            yield from pieces_of(chunk)
        except TypeError:
            raise TypeError(
                f"a stream is made of str or bytes-like objects, but item {number} of "
                f"{name} is of type {type(chunk).__qualname__}"
            ) from None


def _name(chunks: object) -> str:
    """Return what to call an iterable in a message: a generator, as its function."""
    name = getattr(chunks, "__qualname__", None)
    return name if isinstance(name, str) else type(chunks).__qualname__


def always(_: int) -> bool:
    """Tell that any piece is flushed."""
    return True


class Budget:
    """Says which pieces are flushed; see :class:`~.stream.StreamCoder`."""

    __slots__ = ("_clock", "_flushed_nbytes", "_flushes", "_held_nbytes", "_seconds", "_then")

    def __init__(self, flush_seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = flush_seconds
        self._clock = clock
        self._flushes = float(BURST_FLUSHES)
        self._then: float | None = None
        self._flushed_nbytes = 0
        self._held_nbytes = 0

    def is_due(self, nbytes: int) -> bool:
        """Tell whether a piece of so many bytes is flushed."""
        self._held_nbytes += nbytes
        if self._seconds == inf:
            is_due = self._held_nbytes >= FLUSH_NBYTES
        else:
            # So much may be held at once: as was flushed before, within limits.
            flushed_nbytes = max(self._flushed_nbytes, FIRST_FLUSH_NBYTES)
            is_due = self._held_nbytes >= min(flushed_nbytes, FLUSH_NBYTES) or self._spend()
        if is_due:
            self._flushed_nbytes += self._held_nbytes
            self._held_nbytes = 0
        return is_due

    def _spend(self) -> bool:
        """Take a flush out of the budget, if there is one."""
        now = self._clock()
        if self._then is not None:
            back = max(now - self._then, 0.0) / self._seconds
            self._flushes = min(self._flushes + back, float(BURST_FLUSHES))
        self._then = now
        if self._flushes < 1.0:
            return False
        self._flushes -= 1.0
        return True


class Cutter:
    """Gathers and cuts what comes to the same pieces, however it came.

    :param first_nbytes: where the first piece ends; the second is as long, and each after that
        as long as all before it, up to :data:`FLUSH_NBYTES`.
    """

    __slots__ = ("_first_nbytes", "_flushed_nbytes", "_gathered", "_wanted_nbytes")

    def __init__(self, first_nbytes: int) -> None:
        self._first_nbytes = first_nbytes
        self._flushed_nbytes = 0
        self._wanted_nbytes = first_nbytes
        self._gathered = bytearray()

    def cut(self, piece: Buffer) -> Iterator[Buffer]:
        """Yield the pieces that are complete now."""
        rest, gathered = memoryview(piece), self._gathered
        while len(gathered) + len(rest) >= self._wanted_nbytes:
            missing_nbytes = self._wanted_nbytes - len(gathered)
            if gathered:
                yield b"".join((gathered, rest[:missing_nbytes]))
                gathered.clear()
            else:
                yield rest[:missing_nbytes]
            rest = rest[missing_nbytes:]
            self._flushed_nbytes += self._wanted_nbytes
            self._wanted_nbytes = min(
                max(self._flushed_nbytes, self._first_nbytes), FLUSH_NBYTES
            )
        gathered += rest

    @property
    def gathered_nbytes(self) -> int:
        """How long the last piece is by now."""
        return len(self._gathered)

    def rest(self) -> bytes:
        """Return the last piece, which may be short or empty."""
        return bytes(self._gathered)
