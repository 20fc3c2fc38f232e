"""The conditions of a request, and whether they hold for a coded representation (RFC 9110, 13).

Nothing here raises, whatever a client sends. A field that is in doubt does not fail a request.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from .tags import is_marked
from .tags import parse_tag
from .tags import parse_tags
from .tags import uncoded_tag

_MAX_DATE_LENGTH = 64


class Conditions(NamedTuple):
    """The conditions of a request, as the client sent them; None for a field that is absent."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_unmodified_since: str | None = None
    if_range: str | None = None


NO_CONDITIONS = Conditions()
"""Those of a request that has none."""


def lists(field: str | None, etag: str) -> bool:
    """Tell whether an If-None-Match value names a tag outright, compared weakly.

    ``*`` does not count: it matches whatever is there and says nothing of what the client has.
    """
    listed = None if field is None else parse_tags(field)
    return listed is not None and listed.names(etag)


def names_none(field: str | None) -> bool:
    """Tell whether an If-None-Match value is absent or ``*``, so that it names no tag."""
    listed = None if field is None else parse_tags(field)
    return field is None or (listed is not None and listed.is_any)


def only_tag(field: str | None) -> str | None:
    """Return the tag that an If-None-Match value names, None if that is not exactly one."""
    listed = None if field is None else parse_tags(field)
    return str(listed.tags[0]) if listed is not None and len(listed.tags) == 1 else None


def failed_precondition(
    conditions: Conditions, etag: str | None, last_modified: str | None
) -> int | None:
    """Return the status that the conditions of a GET or HEAD ask for: 304, 412, or None.

    In the order of RFC 9110 section 13.2.2. Tags are compared only if the representation has
    one, dates only if it has one. A field that is in doubt does not fail a request, and does
    not make it a 304 either.

    :param etag: the ETag value of the representation that is selected, None without.
    :param last_modified: its Last-Modified value, None without.
    """
    if conditions.if_match is not None:
        listed = parse_tags(conditions.if_match) if etag else None
        if etag and listed is not None and not listed.holds(etag, strongly=True):
            return 412
    elif _is_later(last_modified, conditions.if_unmodified_since):
        return 412
    if conditions.if_none_match is not None:
        listed = parse_tags(conditions.if_none_match) if etag else None
        return 304 if etag and listed is not None and listed.holds(etag) else None
    since = conditions.if_modified_since
    if since is not None and _is_later(last_modified, since) is False:
        return 304
    return None


def tag_of_304(conditions: Conditions, etag: str, selected: str, codings: Iterable[str]) -> str:
    """Return the tag of a 304 that the application made: one that the client has.

    The application compared with its own tags, for which :func:`uncoded_tags` made what the
    client sent. So the client holds the representation that a 200 would have, or one without
    coding, or, if settings have changed since, one in another coding that it still accepts.

    :param etag: the application's tag.
    :param selected: the tag that the 200 would have.
    :param codings: the codings whose suffixes are ours.
    """
    if conditions.if_none_match is None:
        return selected
    listed = parse_tags(conditions.if_none_match)
    if listed is None:
        # The application may know better, and if so by its own tag.
        return etag
    if listed.is_any or listed.names(selected):
        return selected
    if listed.names(etag):
        return etag
    own = parse_tag(etag)
    if not own.is_weak:
        codings = tuple(codings)
        for tag in listed.tags:
            # One with a mark stands for bytes of which the application knows nothing.
            if not is_marked(tag) and uncoded_tag(tag, codings).opaque == own.opaque:
                return str(own._replace(opaque=tag.opaque))
    return selected


def allows_part(conditions: Conditions, etag: str | None) -> bool:
    """Tell whether a range of the representation without coding can do no harm.

    Not if the client says that it holds what was sent before, by something that a coded
    representation has too, a date or a weak tag. It would put pieces of two sequences of bytes
    together (RFC 9110 sections 13.1.5 and 14.2).

    :param etag: the tag of the representation without coding.
    """
    if conditions.if_unmodified_since is not None:
        return False
    if conditions.if_range is None:
        return True
    tag = parse_tag(conditions.if_range)
    return etag is not None and not tag.is_weak and tag == parse_tag(etag)


def _is_later(date: str | None, than: str | None) -> bool | None:
    """Tell whether a date is later than another, None if one of them is absent or no date."""
    time, other = _parse_date(date), _parse_date(than)
    return None if time is None or other is None else time > other


def _parse_date(date: str | None) -> datetime | None:
    """Return the time that an HTTP date names (RFC 9110 section 5.6.7), None if it is none."""
    if date is None or len(date) > _MAX_DATE_LENGTH:
        return None
    try:
        time = parsedate_to_datetime(date)
        # It has no zone if the field has none, as the form of asctime does.
        time = time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc)
        return None if time.utcoffset() else time
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None
