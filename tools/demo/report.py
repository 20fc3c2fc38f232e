"""The table of what was fetched, and how long encoding it takes."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from rich import box
from rich.console import Console
from rich.table import Table

_WIDTH = 100
_TITLE = "Responses, and gzip level 6 of the standard library for the same bodies"
_CAPTION = (
    "wire: bytes sent; ratio: bytes to bytes sent; ms: the least time that encoding took;"
    " speed: how many times as fast as gzip level 6"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How a body was coded, and how the standard library's gzip does at level 6."""

    seconds: float
    stdlib_nbytes: int
    stdlib_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A resource in one coding."""

    label: str
    path: str
    body_nbytes: int
    coding: str
    wire_nbytes: int
    measured: Measured | None
    """None if it was sent as it is."""


def make_console() -> Console:
    """Return a console; one that is no terminal has a fixed width and no escape codes."""
    if not sys.stdout.isatty():
        return Console(width=_WIDTH, force_terminal=False, color_system=None)
    console = Console()
    # In a narrow terminal wrapped lines are better than lost digits.
    console.width = max(console.width, _WIDTH)
    return console


def print_table(console: Console, rows: list[Row]) -> None:
    """Print rows, those of one path together."""
    table = Table(title=_TITLE, caption=_CAPTION, box=box.SIMPLE_HEAD, padding=(0, 0))
    for name in ("type", "path"):
        table.add_column(name, no_wrap=True)
    table.add_column("bytes", justify="right", no_wrap=True)
    table.add_column("coding", no_wrap=True)
    for name in ("wire", "ratio", "ms", "gzip -6", "ratio", "ms", "speed"):
        table.add_column(name, justify="right", no_wrap=True)
    for path, group in groupby(rows, key=attrgetter("path")):
        table.add_section()
        heading = True
        for row in group:
            table.add_row(
                *((row.label, path, f"{row.body_nbytes:,}") if heading else ("", "", "")),
                row.coding,
                *_cells(row),
            )
            heading = False
    console.print(table)


def _cells(row: Row) -> list[str]:
    """Return the cells after the coding."""
    nbytes, ours = row.body_nbytes, row.measured
    if ours is None:
        return [f"{row.wire_nbytes:,}"]
    return [
        *(
            f"{row.wire_nbytes:,}",
            f"{nbytes / row.wire_nbytes:.2f}",
            f"{ours.seconds * 1e3:.3f}",
        ),
        *(f"{ours.stdlib_nbytes:,}", f"{nbytes / ours.stdlib_nbytes:.2f}"),
        f"{ours.stdlib_seconds * 1e3:.3f}",
        f"{ours.stdlib_seconds / ours.seconds:.1f}x",
    ]
