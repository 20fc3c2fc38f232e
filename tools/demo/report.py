"""The table of what was fetched, and how long encoding it takes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from tools.kit.tables import Table

_TITLE = (
    "Responses, and gzip level 6 of the standard library for the same bodies. wire: bytes\n"
    "sent; ratio: bytes to bytes sent; ms: the least time that encoding took; speed: how many\n"
    "times as fast as gzip level 6."
)
_FIGURES = ("wire", "ratio", "ms", "gzip -6", "ratio", "ms", "speed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How a body was coded, and how the standard library's gzip does at level 6."""

    seconds: float
    stdlib_nbytes: int
    stdlib_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a resource takes on the wire in one coding."""

    label: str
    path: str
    body_nbytes: int
    coding: str
    wire_nbytes: int
    measured: Measured | None
    """None if it was sent as it is."""


def make_table(rows: list[Row]) -> Table:
    """Return a table of rows; what is the same for all of one path stands in the first."""
    table = Table(_TITLE, ("type", "path", "bytes", "coding"), _FIGURES)
    for path, group in groupby(rows, key=attrgetter("path")):
        for number, row in enumerate(group):
            heading = ("", "", "") if number else (row.label, path, f"{row.body_nbytes:,}")
            table.add(*heading, row.coding, *_cells(row))
    return table


def _cells(row: Row) -> list[str]:
    """Return what a row has after its coding: sizes, and times where they were measured."""
    nbytes, ours = row.body_nbytes, row.measured
    if ours is None:
        return [f"{row.wire_nbytes:,}"]
    return [
        f"{row.wire_nbytes:,}",
        f"{nbytes / row.wire_nbytes:.2f}",
        f"{ours.seconds * 1e3:.3f}",
        f"{ours.stdlib_nbytes:,}",
        f"{nbytes / ours.stdlib_nbytes:.2f}",
        f"{ours.stdlib_seconds * 1e3:.3f}",
        f"{ours.stdlib_seconds / ours.seconds:.1f}x",
    ]
