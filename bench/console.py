"""Where the benchmarks print."""

from __future__ import annotations

import sys

from rich.console import Console

WIDTH = 112
"""The columns that tables need."""


def make_console() -> Console:
    """Return a console for tables on the standard output, never narrower than they are.

    In a narrow terminal wrapped lines are better than lost digits.
    """
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    console.width = max(console.width, WIDTH)
    return console
