"""Tables of figures, for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field


@dataclass(slots=True)
class Table:
    """Text in cells below headings, and what the whole is about above them."""

    title: str
    left: Sequence[str]
    """Headings of columns that are aligned to the left."""
    right: Sequence[str] = ()
    """Headings of columns to the right of them, aligned to the right."""
    more: Sequence[str] = ()
    """Headings of more columns, aligned to the left."""
    rows: list[Sequence[str]] = field(default_factory=list)
    """One cell for each heading; ``add`` fills rows up."""

    def add(self, *cells: str) -> None:
        """Add a row; cells that are missing at its end are empty."""
        count = len(self.left) + len(self.right) + len(self.more)
        self.rows.append([*cells, *[""] * (count - len(cells))])

    def as_text(self) -> str:
        """Return the table for a terminal: every line but the title is equally long."""
        lines = self._aligned("  ", "")
        rule = "-" * len(lines[0])
        return "\n".join([self.title, rule, lines[0], rule, *lines[1:], rule])

    def as_markdown(self) -> str:
        """Return the table as Markdown, below a line with its title and a colon."""
        head, *rows = self._aligned(" | ", "|")
        marks = "|".join(
            "-" * (width + 1) + (":" if self._is_right(number) else "-")
            for number, width in enumerate(self._widths())
        )
        return "\n".join([f"{self.title}:", "", head, f"|{marks}|", *rows])

    def _headings(self) -> list[str]:
        return [*self.left, *self.right, *self.more]

    def _widths(self) -> list[int]:
        columns = zip(self._headings(), *self.rows, strict=True)
        return [max(1, *map(len, column)) for column in columns]

    def _is_right(self, number: int) -> bool:
        return len(self.left) <= number < len(self.left) + len(self.right)

    def _aligned(self, between: str, edge: str) -> list[str]:
        widths = self._widths()
        start, end = (f"{edge} ", f" {edge}") if edge else ("", "")
        return [
            start
            + between.join(
                cell.rjust(width) if self._is_right(number) else cell.ljust(width)
                for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
            )
            + end
            for cells in (self._headings(), *self.rows)
        ]
