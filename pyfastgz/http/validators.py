"""Entity tags of coded representations (RFC 9110 sections 8.8.3 and 13.1).

A strong tag names one sequence of bytes, so each coding of a body needs its own: ``"abc"``
becomes ``"abc:gzip"``. A weak tag names what the bytes mean, which no coding changes: it
stays.
"""

from __future__ import annotations

from collections.abc import Iterable

from werkzeug.http import parse_etags
from werkzeug.http import quote_etag
from werkzeug.http import unquote_etag


def is_strong(etag: str | None) -> bool:
    """Tell whether an ETag value is there and promises the same bytes (RFC 9110 section 8.8.1).

    .. versionadded:: 0.1
    """
    return bool(etag) and etag is not None and not etag.startswith(("W/", "w/"))


def coded_tag(etag: str, coding: str) -> str:
    """Return the tag of the coded representation: ``"abc"`` to ``"abc:gzip"``.

    A weak tag is returned as it is. A tag without quotes, which is malformed but common, is
    repaired on the way.

    :param etag: the ETag value of the representation without coding.
    :param coding: the content coding that is applied.

    .. versionadded:: 0.1
    """
    if not is_strong(etag):
        return etag
    opaque = etag[1:-1] if len(etag) >= 2 and etag[0] == etag[-1] == '"' else etag
    return f'"{opaque}:{coding}"'


def uncoded_tag(etag: str, codings: Iterable[str]) -> str:
    """Undo :func:`coded_tag`: ``"abc:gzip"`` to ``"abc"``.

    Takes off one suffix, so that a tag which the application itself ends in ``:br`` survives
    the round trip. Weak and other tags are returned as they are.

    :param etag: one entity tag as a client sends it.
    :param codings: the codings whose suffixes are ours.

    .. versionadded:: 0.1
    """
    if is_strong(etag):
        for coding in codings:
            suffix = f':{coding}"'
            if etag.endswith(suffix) and len(etag) > len(suffix):
                return etag.removesuffix(suffix) + '"'
    return etag


def with_uncoded_tags(if_match: str, codings: Iterable[str]) -> str:
    """Return an If-Match value that also lists each tag without its coding's suffix.

    A client that edits what it was sent coded has ``"abc:gzip"``, and the application knows
    ``"abc"`` only (RFC 9110 section 13.1.1). What the client sent stays listed, for a tag that
    the application itself ends like that.

    .. versionadded:: 0.1
    """
    codings = tuple(codings)
    listed = [quote_etag(tag) for tag in sorted(parse_etags(if_match).as_set())]
    uncoded = [uncoded_tag(tag, codings) for tag in listed]
    return ", ".join([if_match, *(tag for tag in uncoded if tag not in listed)])


def lists(if_none_match: str, etag: str) -> bool:
    """Tell whether an If-None-Match value lists a tag outright, compared weakly.

    ``*`` does not count: it matches whatever is there and says nothing of what the client has.

    .. versionadded:: 0.1
    """
    opaque, _ = unquote_etag(etag)
    return opaque in parse_etags(if_none_match).as_set(include_weak=True)
