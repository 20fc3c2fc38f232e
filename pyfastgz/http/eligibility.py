"""May a response be coded at all? Everything that can be said before negotiation.

:class:`SkipReason` also names the reasons that only come up later, so that there is one list of
all the ways in which a response stays as it is.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Protocol

from .fields import has_directive
from .fields import media_type


class SkipReason(enum.Enum):
    """Why a response was not compressed.

    .. versionadded:: 0.1
    """

    # An enumeration's own is a call of a Python function.
    __hash__ = object.__hash__

    EXEMPT = "its view is exempt"
    PREDICATE = "the predicate of the application says no"
    MEDIA_TYPE = "its media type is none of those to compress"
    ALREADY_CODED = "it has a Content-Encoding"
    NO_TRANSFORM = "its Cache-Control says no-transform"
    SENT_BY_PROXY = "another server sends the body"
    UPGRADE = "the connection is becoming something else"
    STATUS = "its status is that of a redirection or an error"
    NO_CONTENT = "its status allows no body"
    NOT_MODIFIED = "the client's copy is current"
    PRECONDITION_FAILED = "a condition of the request does not hold"
    PARTIAL = "it is part of a representation"
    NO_SUCH_RANGE = "the request asks for a range that is not there"
    OWN_WAY = "its class has a way of its own to send the body"
    STREAMS_OFF = "streams are not to be compressed"
    LENGTH_SHOWS = "its view asks for length noise, which whole bodies alone can have"
    NOT_ACCEPTED = "the client accepts no enabled coding, or prefers none"
    NOT_ACCEPTABLE = "the client accepts neither an enabled coding nor none"
    TOO_SMALL = "it is smaller than the minimum size"
    EMPTY = "it has no body"
    NOT_SMALLER = "compression does not make it smaller"
    FAILED = "compression failed"
    BUDGET = "the CPU budget is used up"


STILL_VARIES = frozenset({SkipReason.NOT_MODIFIED, SkipReason.PARTIAL})
"""Reasons with which a response still carries the Vary of the 200 (RFC 9110 15.3.7, 15.4.5)."""

_BLOCKING_FIELDS = {
    "content-encoding": SkipReason.ALREADY_CODED,
    "x-sendfile": SkipReason.SENT_BY_PROXY,
    "x-accel-redirect": SkipReason.SENT_BY_PROXY,
    "upgrade": SkipReason.UPGRADE,
}
_FIELDS_OF_INTEREST = frozenset(_BLOCKING_FIELDS) | {"cache-control", "content-range"}
_NO_CONTENT = frozenset({204, 205})

# Longer names are not registered (RFC 6838 section 4.2), and several stars may take the square
# of the length.
_MAX_KIND_LENGTH = 255


class Selection(Protocol):
    """Which responses are candidates."""

    @property
    def mimetypes(self) -> Container[str]:
        """The media types to code, in lower case."""
        ...

    @property
    def wildcards(self) -> re.Pattern[str] | None:
        """What :func:`wildcard_pattern` makes of them."""
        ...

    @property
    def errors(self) -> bool:
        """Whether client and server errors are candidates."""
        ...


def skip_reason(
    status: int, fields: Mapping[str, str], selection: Selection
) -> SkipReason | None:
    """Return why a response must not be coded, ``None`` if it is a candidate.

    The commonest reason is looked for first; the order matters also where two apply, because
    :data:`STILL_VARIES` may only name responses to which nothing else applies.

    :param status: the status code of the response.
    :param fields: the response's field values by lower-case name.
    :param selection: which responses are candidates.
    """
    content_type = fields.get("content-type")
    if content_type is None:
        # A 304 need not repeat the type of the 200 that it stands for.
        if status != 304:
            return SkipReason.MEDIA_TYPE
    else:
        kind = media_type(content_type)
        if kind not in selection.mimetypes and not (
            (wildcards := selection.wildcards)
            and len(kind) <= _MAX_KIND_LENGTH
            and wildcards.fullmatch(kind)
        ):
            return SkipReason.MEDIA_TYPE

    partial = False
    if not _FIELDS_OF_INTEREST.isdisjoint(fields):
        for name, reason in _BLOCKING_FIELDS.items():
            if name in fields:
                return reason
        # RFC 9111 section 5.2.2.6.
        if has_directive(fields.get("cache-control"), "no-transform"):
            return SkipReason.NO_TRANSFORM
        partial = is_part(fields.get("content-range"))

    if status == 200 and not partial:
        return None
    if status == 101:
        return SkipReason.UPGRADE
    if status == 304:
        return SkipReason.NOT_MODIFIED
    if status < 200 or status in _NO_CONTENT:
        return SkipReason.NO_CONTENT
    if status >= 300:
        return None if selection.errors and status >= 400 and not partial else SkipReason.STATUS
    if partial or status == 206:
        return SkipReason.PARTIAL
    return None


def is_part(content_range: str | None) -> bool:
    """Tell whether a Content-Range value counts bytes (RFC 9110 section 14.4).

    Applications count records in other units; their answers are whole, as bytes go.
    """
    return content_range is not None and content_range.strip().lower().startswith("bytes")


def wildcard_pattern(mimetypes: Iterable[str]) -> re.Pattern[str] | None:
    """Return what matches the media types that have a ``*``, ``None`` if none has.

    A ``*`` stands for any characters but a slash: ``text/*``, ``application/*+json``, ``*/*``.

    :param mimetypes: in lower case.
    """
    patterns = [
        "[^/]*".join(map(re.escape, mimetype.split("*")))
        for mimetype in sorted(mimetypes)
        if "*" in mimetype
    ]
    return re.compile("|".join(patterns)) if patterns else None
