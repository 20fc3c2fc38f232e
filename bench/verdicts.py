"""Whether a benchmark's targets are met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a target is met."""

    target: str
    """What is asked for, in words."""
    measured: str
    """What there is."""
    is_met: bool
    """Whether that is enough."""


def verdict_table(verdicts: Iterable[Verdict]) -> Table:
    """Return the verdicts as a table."""
    table = Table(title="Targets")
    for heading in ("target", "measured", "met"):
        table.add_column(heading)
    for verdict in verdicts:
        table.add_row(verdict.target, verdict.measured, "yes" if verdict.is_met else "NO")
    return table
