"""Whether a benchmark's targets are met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .printer import Printer


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a target is met."""

    target: str
    """What is asked for, in words."""
    measured: str
    """What there is."""
    is_met: bool
    """Whether that is enough."""


def print_verdicts(verdicts: Iterable[Verdict], printer: Printer) -> None:
    """Print the verdicts as a table."""
    table = printer.start_table("Targets", [], [], ["target", "measured", "met"])
    for verdict in verdicts:
        table.add_row(verdict.target, verdict.measured, "yes" if verdict.is_met else "NO")
    printer.print_table(table)
