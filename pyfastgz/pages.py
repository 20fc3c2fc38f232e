"""A dictionary out of pages: what they have in common.

Pages are cut into pieces where their languages have ends of things: lines, tags, members. A
stretch of pieces that two pages have is shared. The dictionary is made of such stretches, each
once and in the order of its page, so that long matches stay long. What most pages have comes
last, nearest to what is coded. How much else of the pages is worth its place is tried out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import NamedTuple

# Spaces after the end of one belong to it.
_PIECE = re.compile(rb"[^>\n;,{}]{0,256}(?:[>;,{}]\s*|\s+)?")

# A match that is shorter saves little, and is found in what the page has of its own.
_WINDOW_NBYTES = 24


class Page(NamedTuple):
    """A page in pieces.

    :param pieces: what it consists of.
    :param is_lasting: of each piece, whether it was the same when the page was asked for again.
    """

    pieces: tuple[bytes, ...]
    is_lasting: tuple[bool, ...]


def page_of(body: bytes, again: bytes) -> Page:
    """Cut a page into pieces.

    What differs between two answers is left out of every dictionary: tokens against forged
    requests, nonces, times. Such a token would be worth nothing, and is nobody else's business.

    :param body: what the application answered.
    :param again: what it answered to the same request afterwards.
    """
    pieces = tuple(filter(None, _PIECE.findall(body)))
    lasting = {*_PIECE.findall(again)}
    return Page(pieces, tuple(piece in lasting for piece in pieces))


def lasting(page: Page) -> bytes:
    """Return what of a page was the same when it was asked for again."""
    return b"".join(piece for piece, lasts in zip(*page, strict=True) if lasts)


def shared(pages: Sequence[Page], max_nbytes: int) -> bytes:
    """Return what two pages or more have, from the rarest to what all have."""
    builder = _Builder(pages)
    builder.add_shared()
    return builder.dictionary(max_nbytes)


def shared_and_one(pages: Sequence[Page], max_nbytes: int) -> bytes:
    """Return what two pages or more have, and last the most typical page as a whole."""
    builder = _Builder(pages)
    builder.add(builder.most_typical()[0], 1)
    builder.add_shared()
    return builder.dictionary(max_nbytes)


def all_of_them(pages: Sequence[Page], max_nbytes: int) -> bytes:
    """Return the pages as wholes, the most typical last, without what the later ones have."""
    builder = _Builder(pages)
    for page in builder.most_typical():
        builder.add(page, 1)
    return builder.dictionary(max_nbytes)


Way = Callable[[Sequence[Page], int], bytes]
"""Returns a dictionary of pages, of so many bytes at most."""

WAYS: Mapping[str, Way] = {
    "what they share": shared,
    "what they share, and one of them": shared_and_one,
    "all of them": all_of_them,
}
"""The ways to make one, by what it is then made of, the most modest first."""

# So much smaller is what a larger dictionary has to make pages.
_WORTH = 0.98


def best_way(
    pages: Sequence[Page], max_nbytes: int, coded_nbytes: Callable[[bytes], int]
) -> str:
    """Return the way that makes the best dictionary of pages, a more modest one if in doubt.

    :param coded_nbytes: returns what other pages take with a dictionary.
    """
    best, best_nbytes = "", 0
    for name, way in WAYS.items():
        dictionary = way(pages, max_nbytes)
        nbytes = coded_nbytes(dictionary) if dictionary else None
        if nbytes is not None and (not best or nbytes < best_nbytes * _WORTH):
            best, best_nbytes = name, nbytes
    return best or "all of them"


class _Builder:
    """Gathers parts of pages, what matters most first, which is last in the dictionary."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._pages = pages
        self._windows = {id(page): [*_windows(page)] for page in pages}
        self._counts: Counter[bytes] = Counter()
        for windows in self._windows.values():
            self._counts.update({key for _, _, key in windows})
        self._seen: set[bytes] = set()
        self._parts: list[bytes] = []

    def most_typical(self) -> list[Page]:
        """Return the pages, that which has most of what others have first."""

        def shared_count(page: Page) -> int:
            keys = {key for _, _, key in self._windows[id(page)]}
            return sum(self._counts[key] - 1 for key in keys)

        return sorted(self._pages, key=shared_count, reverse=True)

    def add_shared(self) -> None:
        """Add what all pages have, then half of them, and so on."""
        least = len(self._pages)
        while least >= 2:
            for page in self._pages:
                self.add(page, least)
            least = min(least - 1, -(-least // 2))

    def add(self, page: Page, least: int) -> None:
        """Add the parts of a page that so many pages have, but none that is there already."""
        is_taken = [False] * len(page.pieces)
        is_known = [False] * len(page.pieces)
        for start, stop, key in self._windows[id(page)]:
            if key in self._seen:
                is_known[start:stop] = [True] * (stop - start)
            elif self._counts[key] >= least:
                is_taken[start:stop] = [True] * (stop - start)
                self._seen.add(key)
        # A short piece may be known from elsewhere, and belongs to what it stands beside.
        self._parts.append(
            b"".join(
                piece
                for piece, taken, known in zip(page.pieces, is_taken, is_known, strict=True)
                if taken and not (known and len(piece) >= _WINDOW_NBYTES)
            )
        )

    def dictionary(self, max_nbytes: int) -> bytes:
        """Return what was added, without what is too much of what matters least."""
        return b"".join(reversed(self._parts))[-max_nbytes:]


def _windows(page: Page) -> Iterator[tuple[int, int, bytes]]:
    """Return the shortest windows that begin at each piece, and those that end there.

    None has a piece that does not last.

    :return: the first piece of each, that after its last one, and its bytes.
    """
    pieces = page.pieces
    first = start = nbytes = 0
    for last, (piece, is_lasting) in enumerate(zip(pieces, page.is_lasting, strict=True)):
        if not is_lasting:
            first = start = last + 1
            nbytes = 0
            continue
        nbytes += len(piece)
        if nbytes < _WINDOW_NBYTES and start > first:
            yield start - 1, last + 1, b"".join(pieces[start - 1 : last + 1])
        while nbytes >= _WINDOW_NBYTES:
            yield start, last + 1, b"".join(pieces[start : last + 1])
            nbytes -= len(pieces[start])
            start += 1
