"""Prints the tables of a benchmark, for a terminal or as Markdown."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.box import MARKDOWN
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

_WIDTH = 112
_MARKDOWN_WIDTH = 200


class Printer:
    """Prints on the standard output.

    :param markdown: whether as Markdown.
    """

    def __init__(self, *, markdown: bool = False) -> None:
        self._markdown = markdown
        if markdown:
            self._console = Console(width=_MARKDOWN_WIDTH, force_terminal=False)
        else:
            self._console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
            # In a narrow terminal wrapped lines are better than lost digits.
            self._console.width = max(self._console.width, _WIDTH)

    def print_text(self, text: str) -> None:
        """Print a paragraph."""
        self._console.print(text, markup=False, highlight=False)

    def start_table(
        self, title: str, left: Iterable[str], right: Iterable[str], more: Iterable[str] = ()
    ) -> Table:
        """Return an empty table with a title; in Markdown, that stands above it.

        :param left: headings of columns that are aligned to the left and never wrapped.
        :param right: headings of columns to the right of them, aligned to the right.
        :param more: headings of more columns.
        """
        if self._markdown:
            self.print_text(f"\n{title}:\n")
            table = Table(box=MARKDOWN)
        else:
            table = Table(title=title, box=SIMPLE)
        for heading in left:
            table.add_column(heading, no_wrap=True)
        for heading in right:
            table.add_column(heading, justify="right")
        for heading in more:
            table.add_column(heading)
        return table

    def end_section(self, table: Table) -> None:
        """Draw a line below the last row of a table."""
        # Markdown has one line in a table, below the heading.
        if not self._markdown:
            table.add_section()

    def print_table(self, table: Table) -> None:
        """Print a table that :meth:`start_table` started."""
        self._console.print(table)
