"""The codings of a request's body: which are undone, and what is answered if none can be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .negotiation import ALIASES
from .negotiation import MAX_HEADER_LENGTH
from .negotiation import OPTIONAL_SPACE

MAX_CODINGS = 2
"""So many codings of one body are undone. Nobody who means well has more."""

# Whose windows have 32 KB. A decoder of br takes up to twice its window of 8 MB, and another
# one beside it is more than a request is to take.
_SMALL = {"gzip", "deflate"}

DEFAULT_MAX_NBYTES = 64 * 1024 * 1024
"""How many bytes a body may have where nothing else is said."""

_IDENTITY = "identity"


class Refusal(NamedTuple):
    """What is answered to a request whose body cannot be had.

    :param status: the status code.
    :param text: what the client is told.
    :param fields: what the response has besides.
    """

    status: int
    text: str
    fields: tuple[tuple[str, str], ...] = ()

    def response(self) -> tuple[list[tuple[str, str]], bytes]:
        """Return the fields and the body of a response, where no framework has its own."""
        body = f"{self.text}\n".encode()
        lines = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            *self.fields,
        ]
        return lines, body


TOO_LARGE = Refusal(413, "The body of the request is too large, as it is sent or decoded.")
"""RFC 9110 section 15.5.14."""

TOO_DENSE = Refusal(
    413, "The body of the request is too many times as long when it is decoded as it is sent."
)

WINDOW_TOO_LARGE = Refusal(
    413, "The body of the request needs a window that is larger than 8 MB."
)
"""RFC 9659 section 3, for zstd; br may have 16 MB."""

UNREADABLE = Refusal(400, "The body of the request is not coded as it says, or cut short.")
"""RFC 9110 section 15.5.1."""


def is_coded(content_encoding: str | None) -> bool:
    """Tell whether there is anything to be undone (RFC 9110 section 8.4)."""
    return content_encoding is not None and bool(_codings(content_encoding))


def plan_decoding(
    content_encoding: str, nbytes: int | None, decodable: Iterable[str], max_nbytes: int
) -> tuple[str, ...] | Refusal:
    """Return the codings of a body in the order in which they are undone.

    :param content_encoding: the value of the field, its lines joined with commas.
    :param nbytes: how many bytes the body has as it is sent; None if that is not known.
    :param decodable: the codings that can be undone.
    :param max_nbytes: how many bytes it may have.
    :return: or what is answered instead: for other codings a 415, which names those that could
        be undone (RFC 9110 sections 12.5.3 and 15.5.16), for a body that is too large a 413.
    """
    known = tuple(decodable)
    codings = _codings(content_encoding)
    if (
        len(codings) > MAX_CODINGS
        or (len(codings) > 1 and "br" in codings and not _SMALL & set(codings))
        or not set(codings) <= set(known)
    ):
        return Refusal(
            415,
            "The body of the request is coded in a way that is not understood here.",
            (("Accept-Encoding", ", ".join(known)),),
        )
    if nbytes is not None and nbytes > max_nbytes:
        return TOO_LARGE
    return tuple(reversed(codings))


def _codings(content_encoding: str) -> list[str]:
    """Return the codings in the order in which they were applied."""
    if len(content_encoding) > MAX_HEADER_LENGTH:
        # Nothing that is known here, and not worth the time.
        return [content_encoding]
    names = [name.strip(OPTIONAL_SPACE).lower() for name in content_encoding.split(",")]
    return [ALIASES.get(name, name) for name in names if name not in {"", _IDENTITY}]
