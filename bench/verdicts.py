"""Whether what was measured meets its targets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tools.kit.tables import Table


@dataclass(frozen=True, slots=True)
class Verdict:
    """What must be reached, what should be, and what is."""

    target: str  # what is measured
    where: str  # the case, the size class or the encoder
    measured: float  # what was measured
    must: float  # what it must reach
    aim: float | None = None  # what it should reach, if that is more
    at_most: bool = False  # whether less is better
    remark: str = ""  # what decided, if that is one of several

    @property
    def reached(self) -> str:
        """``"aim"``, ``"must"`` or ``"missed"``: the highest mark that is reached."""
        sign = -1 if self.at_most else 1
        marks = {"aim": self.aim, "must": self.must}
        met = (n for n, m in marks.items() if m is not None and sign * (self.measured - m) >= 0)
        return next(met, "missed")

    @property
    def missed_by(self) -> float:
        """The share of what it must reach that is missing, or too much; 0 if it is reached."""
        return abs(self.measured / self.must - 1) if self.reached == "missed" else 0.0


def verdict_table(verdicts: Iterable[Verdict]) -> Table:
    """Return what was measured beside what must be and what is aimed at, a row a target."""
    headings = ["must", "aim", "measured", "missed by"]
    table = Table("Targets", ["target", "where"], headings, ["reached", "remark"])
    for verdict in verdicts:
        sign = "≤" if verdict.at_most else "≥"
        marks = ("" if m is None else f"{sign} {m:.4g}" for m in (verdict.must, verdict.aim))
        missed_by = f"{100 * verdict.missed_by:.1f} %" if verdict.missed_by else ""
        figures = (*marks, f"{verdict.measured:.3f}", missed_by)
        table.add(verdict.target, verdict.where, *figures, verdict.reached, verdict.remark)
    return table
