"""Header fields that a coding touches or depends on: Vary, lengths, digests, media types."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from functools import lru_cache
from math import inf

STALE_WHEN_CODED = frozenset(
    {"accept-ranges", "content-md5", "content-digest", "digest", "repr-digest"}
)
"""Fields that describe the bytes before coding and are untrue afterwards, in lower case.

Ranges would address coded bytes that are never stored (RFC 9110 section 14.3), and these
digests cover the coded representation (RFC 9530 sections 2 and 3). ``Unencoded-Digest`` covers
the representation without its coding, and therefore stays.
"""

LENGTH = "Content-Length"
"""The field with the number of bytes."""

OF_THE_REPRESENTATION = STALE_WHEN_CODED | {
    "content-type",
    "content-length",
    "content-language",
    "content-location",
    "content-disposition",
    "unencoded-digest",
    "etag",
    "last-modified",
}
"""Fields that describe the representation, and not what else a response says, in lower case."""

EVENT_MEDIA_TYPES = frozenset(
    {
        "text/event-stream",
        # Lines, or other sequences, of JSON texts, under all the names that are in use.
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonl",
        "application/jsonlines",
        "application/x-jsonlines",
        "application/json-lines",
        "application/x-ldjson",
        "application/json-seq",
        "application/cbor-seq",
        "application/json-stream",
        "application/x-json-stream",
        "application/stream+json",
        "text/ndjson",
        "text/x-ndjson",
        "text/jsonl",
        # Frames with a length before each.
        "application/grpc-web",
        "application/grpc-web-text",
        # Logs of containers.
        "application/vnd.docker.raw-stream",
        "application/vnd.docker.multiplexed-stream",
    }
)
"""Media types whose chunks are messages: somebody waits for each of them."""

_EVENT_PREFIXES = (
    # GraphQL's incremental delivery, pictures that replace each other, answers to batches: a
    # part can be used before the next is there. An unknown subtype is a mixed one (RFC 2046
    # section 5.1.7).
    "multipart/",
    "application/grpc-web+",
    "application/grpc-web-text+",
    "application/connect+",
)

# Structured syntax suffixes: RFC 8091, RFC 8742, and what Elasticsearch and GeoJSON use.
_EVENT_SUFFIXES = ("+json-seq", "+cbor-seq", "+ndjson", "+x-ndjson", "+jsonl", "+x-ldjson")

# Enough for every body there is.
_MAX_LENGTH_DIGITS = 18

_MAX_VARY_LENGTH = 256

# A string, or the rest of the value if it has no end: to look for that from every quote again
# would take the square of the length.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*("?)', re.DOTALL)

# Those of all fields that edits may set.
_SPELLINGS = {
    "accept-ranges": "Accept-Ranges",
    "content-encoding": "Content-Encoding",
    "content-length": "Content-Length",
    "content-range": "Content-Range",
    "content-type": "Content-Type",
    "etag": "ETag",
    "link": "Link",
    "server-timing": "Server-Timing",
    "use-as-dictionary": "Use-As-Dictionary",
    "vary": "Vary",
    "x-noise": "X-Noise",
}

Edits = Mapping[str, str | None]
"""What is to change in fields: new values by lower-case name, None to drop."""

ON_CODING = ("Accept-Encoding",)
"""The fields of a request that a response follows from which may be coded."""

ON_DICTIONARY = ("Accept-Encoding", "Available-Dictionary")
"""The same where the coding may need a dictionary (RFC 9842 section 6.2)."""


def edited(headers: Iterable[tuple[str, str]], edits: Edits) -> list[tuple[str, str]]:
    """Return header lines with fields changed; those come last, in the order of the edits."""
    lines = []
    for line in headers:
        # A comprehension is one more call.
        if line[0].lower() not in edits:
            lines.append(line)  # noqa: PERF401
    lines += added_lines(edits)
    return lines


def added_lines(edits: Edits) -> list[tuple[str, str]]:
    """Return the lines of the fields that edits set."""
    return [(_SPELLINGS[key], value) for key, value in edits.items() if value is not None]


def encoded(lines: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Return header lines as ASGI has them: bytes, with names in lower case."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in lines]


class Lasting(dict[str, "str | None"]):
    """The edits of many responses, whose lines are made once.

    :param values: the fields by lower-case name.
    """

    __slots__ = ("lines", "raw")

    def __init__(self, values: Mapping[str, str | None]) -> None:
        super().__init__(values)
        self.lines = tuple(added_lines(values))
        """The lines that are added."""
        self.raw = tuple(encoded(self.lines))
        """The same as ASGI has them."""

    @classmethod
    def of(cls, edits: Edits) -> Lasting:
        """Return edits that only add fields, but for the length, which each body has."""
        if isinstance(edits, cls):
            return edits
        return cls({name: value for name, value in edits.items() if name != "content-length"})


class Added(Lasting):
    """The edits of a response that gets fields, and had none of these: told by their type.

    They are right for all clients, so that nobody needs a copy of the response.
    """

    __slots__ = ()


NO_EDITS = Lasting({})
"""Nothing is to change."""

VARY_ALONE: Mapping[tuple[str, ...], Added] = {
    names: Added({"vary": ", ".join(names)}) for names in (ON_CODING, ON_DICTIONARY)
}
"""By the names, what :func:`vary_edits` returns for a response that has no Vary yet."""


def collect(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Index header lines by lower-case name, joining repeated lines (RFC 9110 section 5.3).

    One walk replaces the dozen linear searches that the checks of a response would take. The
    joined ``Set-Cookie`` is meaningless, as it is in every such index.
    """
    fields: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        fields[key] = f"{fields[key]}, {value}" if key in fields else value
    return fields


def media_type(content_type: str) -> str:
    """Return the media type, in lower case and without parameters (RFC 9110 8.3.1)."""
    return content_type.partition(";")[0].strip().lower()


def is_of_events(kind: str) -> bool:
    """Tell whether the chunks of a stream are messages that somebody waits for.

    :param kind: its media type, in lower case, without parameters.
    """
    return (
        kind in EVENT_MEDIA_TYPES
        or kind.startswith(_EVENT_PREFIXES)
        or kind.endswith(_EVENT_SUFFIXES)
    )


def flush_rule(kind: str, seconds: float, *, is_file: bool) -> float:
    """Return in how many seconds a stream may be flushed once more: 0 always, infinity never.

    :param kind: its media type, in lower case, without parameters.
    :param seconds: what is set for streams that are neither messages nor files.
    :param is_file: the stream is read from a file, so nobody waits between its chunks.
    """
    if is_of_events(kind):
        return 0.0
    return inf if is_file else seconds


def tokens(value: str) -> list[str]:
    """Split a field value at its commas; empty members are dropped (RFC 9110 5.6.1)."""
    return [token for token in map(str.strip, value.split(",")) if token]


def has_directive(cache_control: str | None, name: str) -> bool:
    """Tell whether a Cache-Control value has a directive (RFC 9111 section 5.2).

    Whatever its argument is, and not for the same text within the argument of another.

    :param cache_control: its lines joined; None if there is none.
    :param name: in lower case.
    """
    if cache_control is None:
        return False
    value = cache_control.lower()
    # The substring settles almost every response.
    return name in value and name in dict(_directives(value))


def seconds_of_directive(cache_control: str, name: str) -> int | None:
    """Return the least number of seconds that directives of a name have; None without one.

    One that is no number counts as 0 (RFC 9111 section 4.2.1).
    """
    arguments = [text for key, text in _directives(cache_control.lower()) if key == name]
    return min((whole_number(text) or 0 for text in arguments), default=None)


def _directives(value: str) -> Iterator[tuple[str, str]]:
    """Return the directives of a Cache-Control value, with their arguments unless quoted."""
    for token in tokens(_QUOTED.sub(lambda found: "" if found[1] else found[0], value)):
        name, _, argument = token.partition("=")
        yield name.rstrip(), argument.strip()


def vary_with(vary: str, added: tuple[str, ...] = ON_CODING) -> str:
    """Return the Vary value that also names some fields (RFC 9110 section 12.5.5).

    ``*`` says more than any list and stays alone. The application's names keep their order and
    spelling, each once.

    :param vary: the present value, several lines joined with commas.
    :param added: the fields, as they are usually spelled.
    """
    # What is long is not remembered.
    make = _vary_with if len(vary) <= _MAX_VARY_LENGTH else _vary_with.__wrapped__
    return make(vary, added)


@lru_cache(maxsize=64)
def _vary_with(vary: str, added: tuple[str, ...]) -> str:
    names: dict[str, str] = {}
    for token in tokens(vary):
        names.setdefault(token.lower(), token)
    if "*" in names:
        return "*"
    for name in added:
        names.setdefault(name.lower(), name)
    return ", ".join(names.values())


def vary_edits(fields: Mapping[str, str], names: tuple[str, ...]) -> Edits:
    """Return what makes Vary name some fields.

    :param fields: field values by lower-case name.
    :param names: :data:`ON_CODING` or :data:`ON_DICTIONARY`.
    """
    vary = fields.get("vary")
    if vary is None:
        return VARY_ALONE[names]
    wanted = vary_with(vary, names)
    return NO_EDITS if wanted == vary else {"vary": wanted}


def declared_length(fields: Mapping[str, str]) -> int | None:
    """Return the Content-Length in bytes, ``None`` if it is absent or not a number.

    :param fields: field values by lower-case name.
    """
    return whole_number(fields.get("content-length"))


def complete_length(fields: Mapping[str, str]) -> int | None:
    """Return of how many bytes a response has a part, None if that is not told.

    From Content-Range (RFC 9110 section 14.4).

    :param fields: field values by lower-case name.
    """
    return whole_number(fields.get("content-range", "").rpartition("/")[2].strip())


def whole_number(value: str | None) -> int | None:
    """Return the number that a field value is, such as a length; None if it is none.

    :param value: None if there is no such field.
    """
    # int() takes the digits of other scripts as well, and refuses thousands of digits.
    if (
        value is None
        or len(value) > _MAX_LENGTH_DIGITS
        or not (value.isascii() and value.isdecimal())
    ):
        return None
    return int(value)


def server_timing(description: str, seconds: float | None = None) -> str:
    """Return the entry of a Server-Timing field (W3C Server Timing).

    :param description: in printable ASCII, without quotes and backslashes.
    :param seconds: how long it took; None if that is not known.
    """
    duration = "" if seconds is None else f";dur={seconds * 1000:.2f}"
    return f'fastgz{duration};desc="{description}"'
