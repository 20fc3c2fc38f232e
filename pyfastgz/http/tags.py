"""Entity tags of coded representations (RFC 9110 section 8.8.3).

A strong tag names one sequence of bytes, so each coding of a body needs its own: ``"abc"``
becomes ``"abc:gzip"``. A weak tag names what the bytes mean, which no coding changes: it
stays.

Nothing here raises, whatever a client sends, and every walk over a field is linear. A list of
tags that is malformed, or longer than :data:`MAX_FIELD_LENGTH`, is in doubt: it is neither
translated for the application nor taken to hold.
"""

from __future__ import annotations

import re
from collections.abc import Container
from collections.abc import Iterable
from typing import NamedTuple

MAX_FIELD_LENGTH = 1024
"""Longest list of entity tags that is looked at, in characters."""

_SPACE = " \t"

# None of them is in a tag, and none may get into a field of a response.
_CONTROL = re.compile(r"[\0-\x08\x0a-\x1f\x7f]")

_MARK = re.compile("-[0-9a-f]{8}")
_MARK_LENGTH = 9


class EntityTag(NamedTuple):
    """An entity tag (RFC 9110 section 8.8.3).

    :param opaque: what stands between the quotes.
    :param is_weak: whether it promises the same meaning only, and not the same bytes.
    :param is_bare: whether it has no quotes: malformed, but common, and to be kept so for an
        application that compares the text.
    """

    opaque: str
    is_weak: bool = False
    is_bare: bool = False

    def __str__(self) -> str:
        """Return the tag as a field has it."""
        quote = "" if self.is_bare else '"'
        return f"{'W/' if self.is_weak else ''}{quote}{self.opaque}{quote}"


class TagList(NamedTuple):
    """What an If-Match or If-None-Match field lists (RFC 9110 sections 13.1.1, 13.1.2).

    :param tags: the tags, in their order.
    :param is_any: the field is ``*``, which stands for every tag.
    """

    tags: tuple[EntityTag, ...]
    is_any: bool = False

    def names(self, etag: str, *, strongly: bool = False) -> bool:
        """Tell whether a tag is listed outright; ``*`` names none.

        :param etag: an ETag value.
        :param strongly: only two strong tags are equal (RFC 9110 section 8.8.3.2).
        """
        wanted = parse_tag(etag)
        return any(
            tag.opaque == wanted.opaque and not (strongly and (tag.is_weak or wanted.is_weak))
            for tag in self.tags
        )

    def holds(self, etag: str, *, strongly: bool = False) -> bool:
        """Tell whether a tag is listed, outright or by ``*``; as :meth:`names` otherwise."""
        return self.is_any or self.names(etag, strongly=strongly)


def parse_tag(etag: str) -> EntityTag:
    """Return the one tag that an ETag field has."""
    opaque = etag.strip(_SPACE)
    is_weak = opaque[:2] in {"W/", "w/"}
    if is_weak:
        opaque = opaque[2:]
    if len(opaque) >= 2 and opaque[0] == opaque[-1] == '"':
        return EntityTag(opaque[1:-1], is_weak)
    return EntityTag(opaque, is_weak, is_bare=True)


def parse_tags(field: str) -> TagList | None:
    """Return what an If-Match or If-None-Match field lists, None if that is in doubt.

    Clients that lose the quotes of a tag are common, and what they mean is certain. A field
    that lists nothing, has a quote that is not closed, a ``*`` among tags, a control character,
    or anything else between two commas is in doubt, as is one that is too long.
    """
    end = len(field)
    if end > MAX_FIELD_LENGTH or _CONTROL.search(field):
        return None
    if field.strip(_SPACE) == "*":
        return TagList((), is_any=True)
    tags: list[EntityTag] = []
    at = 0
    while True:
        while at < end and field[at] in ", \t":
            at += 1
        if at == end:
            return TagList(tuple(tags)) if tags else None
        is_weak = field[at : at + 2] in {"W/", "w/"}
        if is_weak:
            at += 2
        is_bare = field[at : at + 1] != '"'
        if not is_bare:
            closing = field.find('"', at + 1)
            if closing < 0:
                return None
            opaque = field[at + 1 : closing]
            at = closing + 1
            while at < end and field[at] in _SPACE:
                at += 1
            if at < end and field[at] != ",":
                return None
        else:
            comma = field.find(",", at)
            stop = end if comma < 0 else comma
            opaque = field[at:stop].strip(_SPACE)
            if not opaque or not _OUTSIDE_A_BARE_TAG.isdisjoint(opaque):
                return None
            at = stop
        tags.append(EntityTag(opaque, is_weak, is_bare))


_OUTSIDE_A_BARE_TAG = frozenset('" \t*')


def ends_like_coded(etag: str, codings: Iterable[str]) -> bool:
    """Tell whether a tag of the application ends as :func:`coded_tag` would end it."""
    tag = parse_tag(etag)
    return uncoded_tag(tag, codings) != tag


def is_strong(etag: str | None) -> bool:
    """Tell whether an ETag is there and promises the same bytes (RFC 9110 section 8.8.1)."""
    return bool(etag) and etag is not None and not etag.startswith(("W/", "w/"))


def coded_tag(etag: str, coding: str, mark: str = "") -> str:
    """Return the tag of the coded representation: ``"abc"`` to ``"abc:gzip"``.

    A weak tag is returned as it is.

    :param etag: the ETag value of the representation without coding.
    :param coding: the content coding that is applied.
    :param mark: eight hexadecimal digits that tell its bytes from those that coding makes here
        and now, ``"abc:gzip-0123abcd"``; empty for the latter.
    """
    if mark:
        coding = f"{coding}-{mark}"
    if etag[:1] == etag[-1:] == '"' and len(etag) > 1:
        return f'{etag[:-1]}:{coding}"'
    if not is_strong(etag):
        return etag
    tag = parse_tag(etag)
    return str(tag._replace(opaque=f"{tag.opaque}:{coding}"))


def weak_tag(etag: str) -> str:
    """Return the tag that promises the same meaning and no longer the same bytes."""
    return str(EntityTag(parse_tag(etag).opaque, is_weak=True))


def is_marked(tag: EntityTag) -> bool:
    """Tell whether a tag ends like one with a mark, see :func:`coded_tag`."""
    return _MARK.fullmatch(tag.opaque[-_MARK_LENGTH:]) is not None


def uncoded_tag(tag: EntityTag, codings: Iterable[str]) -> EntityTag:
    """Undo :func:`coded_tag`: ``"abc:gzip"`` to ``"abc"``.

    Takes off one suffix, with its mark, so that a tag which the application itself ends in
    ``:br`` survives the round trip. A proxy may have weakened a tag of ours: weak ones lose the
    suffix as well.
    Other tags are returned as they are.

    :param codings: the codings whose suffixes are ours.
    """
    opaque = tag.opaque
    if is_marked(tag):
        opaque = opaque[:-_MARK_LENGTH]
    for coding in codings:
        suffix = f":{coding}"
        if opaque.endswith(suffix):
            return tag._replace(opaque=opaque.removesuffix(suffix))
    return tag


def uncoded_tags(
    field: str,
    codings: Iterable[str],
    own: Container[str] = (),
    *,
    keeps_coded: bool = False,
    keeps_marked: bool = False,
) -> str:
    """Return an If-Match or If-None-Match value with the tags that the application made.

    A client that was sent a coded representation has ``"abc:gzip"``, and the application knows
    ``"abc"`` only (RFC 9110 sections 13.1.1, 13.1.2). A list in doubt is returned as it is.

    :param codings: the codings whose suffixes are ours.
    :param own: what stands between the quotes of tags that the application itself ends like
        that, and that stay.
    :param keeps_coded: also list what the client sent, where a tag too many does no harm.
    :param keeps_marked: leave tags with a mark as they are: they stand for certain bytes, and
        the application's tag says nothing of these.
    """
    listed = parse_tags(field)
    if listed is None:
        return field
    codings = tuple(codings)
    uncoded = tuple(
        tag
        if tag.opaque in own or (keeps_marked and is_marked(tag))
        else uncoded_tag(tag, codings)
        for tag in listed.tags
    )
    if uncoded == listed.tags:
        return field
    tags = dict.fromkeys((*uncoded, *listed.tags) if keeps_coded else uncoded)
    return ", ".join(map(str, tags))
