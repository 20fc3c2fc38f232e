"""The index of a folder of dictionaries: what each of them is of, and for which URLs.

A dictionary is a file whose name is the SHA-256 of its bytes. A difference is a file coded with
a dictionary, made ahead of time; its name has both digests. What stands in such a file, its
name says; what it is for, only ``index.json`` does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any
from typing import Literal
from typing import NamedTuple
from typing import get_args

from ..coding.dictionary import MAX_NBYTES
from ..documents import check_members
from ..documents import check_version
from ..documents import count_in
from ..documents import fault
from ..documents import is_sha256
from ..documents import read_document
from ..documents import sha256_in
from ..documents import time_in
from ..documents import write_document
from ..errors import ConfigurationError

NAME = "index.json"
"""The name of a folder's index."""

_VERSION = 1
_MAX_LENGTH = 1024
_DIFFERENCE = re.compile(r"([0-9a-f]{64})-([0-9a-f]{64})\.dcz")

# Those of Fetch are lower-case words.
_DESTINATION = re.compile(r"[a-z]{1,32}")

Kind = Literal["file", "pages"]


class Entry(NamedTuple):
    """A dictionary.

    :param sha256: of its bytes, in lower-case hexadecimal digits.
    :param nbytes: how many these are.
    :param kind: ``"file"``: a version of a file, or ``"pages"``: what pages have in common.
    :param name: what it is a version of: the pattern of a file's URLs, or a name of pages.
    :param match: the URL pattern of pages; None for a file, whose pattern is that of the path
        at which it is served.
    :param destinations: what clients must want pages for, such as ``document``; empty for
        anything.
    :param added: when it became the newest of its name, in seconds since 1970.
    """

    sha256: str
    nbytes: int
    kind: Kind
    name: str
    match: str | None
    destinations: tuple[str, ...]
    added: int


class Difference(NamedTuple):
    """A version of a file, coded with another one.

    :param nbytes: how many bytes it has.
    :param sha256: of these, in lower-case hexadecimal digits.
    """

    nbytes: int
    sha256: str


Pair = tuple[str, str]
"""The SHA-256 of what is coded, and that of the dictionary."""


class Index(NamedTuple):
    """What is known of a folder of dictionaries.

    :param entries: by their SHA-256.
    :param differences: None for one that was tried, and not worth it.
    """

    entries: Mapping[str, Entry]
    differences: Mapping[Pair, Difference | None]


EMPTY = Index({}, {})
"""That of a folder that has none."""


def difference_name(pair: Pair) -> str:
    """Return the name of the file of a difference."""
    return f"{pair[0]}-{pair[1]}.dcz"


def pair_of(name: str) -> Pair | None:
    """Return what a file of this name is the difference of, None if it is none."""
    found = _DIFFERENCE.fullmatch(name)
    return None if found is None else (found[1], found[2])


def by_age(entry: Entry) -> tuple[int, str]:
    """Return what entries are ordered by, the newest last."""
    return entry.added, entry.sha256


def read_index(folder: str) -> Index | None:
    """Return the index of a folder, None if there is no such folder, or it has none.

    :raises ConfigurationError: it cannot be read, is damaged, or is of a later version; the
        message names it.
    """
    place = os.path.join(folder, NAME)
    try:
        return read_document(place, _index, ConfigurationError)
    except ConfigurationError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise


def write_index(folder: str, index: Index) -> None:
    """Write the index of a folder: whoever looks sees the old one or the new one.

    :raises OSError: it cannot be written; what was there is as it was.
    """
    entries = sorted(index.entries.values(), key=by_age)
    differences: dict[str, dict[str, Any]] = {}
    for (source, dictionary), difference in sorted(index.differences.items()):
        shown = None if difference is None else difference._asdict()
        differences.setdefault(source, {})[dictionary] = shown
    document = {
        "version": _VERSION,
        "dictionaries": {entry.sha256: _members_of(entry) for entry in entries},
        "differences": differences,
    }
    write_document(os.path.join(folder, NAME), document)


def _members_of(entry: Entry) -> dict[str, Any]:
    members = {**entry._asdict(), "destinations": list(entry.destinations)}
    del members["sha256"]
    return members


def _index(document: Any) -> Index:
    check_version(document, _VERSION, ("dictionaries", "differences"))
    for name in ("dictionaries", "differences"):
        if not isinstance(document[name], dict):
            fault(f"{name} is not an object")
    entries = {
        sha256: _entry(sha256, members) for sha256, members in document["dictionaries"].items()
    }
    differences = {}
    for source, coded in document["differences"].items():
        _have(entries, source)
        if not isinstance(coded, dict):
            fault(f"the differences of {source} are not an object")
        for dictionary, members in coded.items():
            _have(entries, dictionary)
            where = f"the difference of {source} to {dictionary}"
            if source == dictionary:
                fault(f"{where} is none")
            differences[source, dictionary] = _difference(members, where)
    return Index(entries, differences)


def _have(entries: Mapping[str, Entry], sha256: str) -> None:
    """Check that what a difference is of is there, and a file."""
    if sha256 not in entries or entries[sha256].kind != "file":
        fault(f"differences has {sha256!r}, which is no version of a file in it")


def _entry(sha256: str, members: Any) -> Entry:
    if not is_sha256(sha256):
        fault(f"dictionaries has {sha256!r}, which is no SHA-256")
    where = f"the entry of {sha256}"
    check_members(members, Entry._fields[1:], where)
    nbytes = count_in(members, "nbytes", where)
    if not 0 < nbytes <= MAX_NBYTES:
        fault(f"{where}: nbytes is {nbytes!r}")
    kind, name, match = members["kind"], members["name"], members["match"]
    if kind not in get_args(Kind):
        fault(f"{where}: kind is {kind!r}")
    if not _is_shown(name):
        fault(f"{where}: name is {name!r}")
    if match is not None if kind == "file" else not _is_shown(match) or match[0] != "/":
        fault(f"{where}: match is {match!r}")
    destinations = members["destinations"]
    if not isinstance(destinations, list) or not all(map(is_destination, destinations)):
        fault(f"{where}: destinations is {destinations!r}")
    added = time_in(members, "added", where)
    return Entry(sha256, nbytes, kind, name, match, tuple(destinations), added)


def _difference(members: Any, where: str) -> Difference | None:
    if members is None:
        return None
    check_members(members, Difference._fields, where)
    return Difference(count_in(members, "nbytes", where), sha256_in(members, where))


def is_destination(value: object) -> bool:
    """Tell whether a value is what may be a request destination."""
    return isinstance(value, str) and _DESTINATION.fullmatch(value) is not None


def _is_shown(value: object) -> bool:
    """Tell whether a value is a text that can stand in a field, and on a terminal."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= _MAX_LENGTH
        and value.isascii()
        and value.isprintable()
    )
