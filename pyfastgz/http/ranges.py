"""One range of bytes (RFC 9110 sections 14.1.2 and 14.2)."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_FIELD_LENGTH = 256
"""Longest Range field that is looked at, in characters."""

# The name of the unit has no letter case.
_BYTES = re.compile(r"bytes=(.*)", re.ASCII | re.IGNORECASE | re.DOTALL)
_RANGE = re.compile(r"([0-9]+)-([0-9]*)")
_SUFFIX = re.compile(r"-([0-9]+)")


class Part(NamedTuple):
    """Some bytes of a representation.

    :param start: the first of them.
    :param stop: the one after the last, as in a slice.
    """

    start: int
    stop: int


UNSATISFIABLE = Part(0, 0)
"""What a range asks for that begins where the bytes end, or has none."""


def part_of(field: str, nbytes: int) -> Part | None:
    """Return what a Range field asks for, None if it is to be ignored.

    That is one of another unit or malformed, and of several ranges: they would need a body of
    another type, and a server may always answer with the whole.

    :param field: the value of the field.
    :param nbytes: how many bytes the representation has.
    """
    if len(field) > MAX_FIELD_LENGTH:
        return None
    match = _BYTES.fullmatch(field.strip(" \t"))
    if match is None:
        return None
    members = [member.strip(" \t") for member in match[1].split(",")]
    ranges = [member for member in members if member]
    if len(ranges) != 1:
        return None
    if suffix := _SUFFIX.fullmatch(ranges[0]):
        start, stop = max(nbytes - int(suffix[1]), 0), nbytes
    elif limits := _RANGE.fullmatch(ranges[0]):
        start = int(limits[1])
        stop = min(int(limits[2]) + 1, nbytes) if limits[2] else nbytes
        if limits[2] and int(limits[2]) < start:
            return None
    else:
        return None
    return Part(start, stop) if start < stop else UNSATISFIABLE
