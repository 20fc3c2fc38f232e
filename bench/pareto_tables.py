"""The tables of :mod:`bench.pareto`."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .leads import Lead
from .leads import find_lead
from .peers import GZIP
from .peers import OURS
from .printer import Printer
from .targets import group_of

if TYPE_CHECKING:
    from .leads import Summary
    from .measure import Measurement
    from .targets import Verdict


class ParetoTables:
    """Prints what :mod:`bench.pareto` measured.

    :param printer: prints it.
    """

    def __init__(self, printer: Printer) -> None:
        self._printer = printer

    def print_points(self, size_class: str, results: list[Measurement]) -> None:
        """Print every point of a size class."""
        scores = [result.score for result in results]
        table = self._printer.start_table(
            f"Documents of {size_class}",
            ["encoder"],
            ["µs a document", "MB/s", "ratio", "our lead", "by level"],
            ["among"],
        )
        family = scores[0].family
        for score, result in zip(scores, results, strict=True):
            if score.family != family:
                family = score.family
                self._printer.end_section(table)
            group = None if score.is_ours else group_of(score, size_class)
            lead = None if score.is_ours else find_lead(score, scores)
            table.add_row(
                score.name,
                f"{result.us_per_document:,.1f}",
                f"{score.speed:,.1f}",
                f"{score.ratio:.3f}",
                *_lead_cells(lead),
                group or "",
            )
        self._printer.print_table(table)

    def print_leads(self, summaries: Mapping[str, Mapping[str, Summary]]) -> None:
        """Print the least lead and the geometric mean, per size class and group of points."""
        table = self._printer.start_table(
            "Our leads",
            ["size", "over"],
            ["points", "least", "least reached", "mean"],
            ["ratio not reached"],
        )
        for size_class, groups in summaries.items():
            for group, summary in groups.items():
                table.add_row(
                    size_class,
                    group,
                    str(summary.count),
                    f"{summary.minimum:.2f}",
                    f"{summary.minimum_reached:.2f}",
                    f"{summary.mean:.2f}",
                    ", ".join(summary.missed),
                )
            self._printer.end_section(table)
        self._printer.print_table(table)

    def print_level_6(self, results: Mapping[str, list[Measurement]]) -> None:
        """Print level 6 against gzip.compress(.., 6), per size class."""
        headings = ["documents", "mean bytes", "pyfastgz µs", "gzip µs", "speed ratio"]
        headings += ["pyfastgz ratio", "gzip ratio", "difference"]
        table = self._printer.start_table(
            "Level 6 and gzip.compress(.., 6)", ["size"], headings
        )
        for size_class, measurements in results.items():
            by_name = {m.point.name: m for m in measurements}
            ours, gzips = by_name[f"{OURS}-6"], by_name[f"{GZIP}-6"]
            count = len(ours.least_ns)
            table.add_row(
                size_class,
                str(count),
                f"{ours.in_nbytes / count:,.0f}",
                f"{ours.us_per_document:,.1f}",
                f"{gzips.us_per_document:,.1f}",
                f"{ours.score.speed / gzips.score.speed:.2f} x",
                f"{ours.score.ratio:.3f}",
                f"{gzips.score.ratio:.3f}",
                _difference(ours.out_nbytes, gzips.out_nbytes),
            )
        self._printer.print_table(table)

    def print_sizes(self, sizes: Mapping[str, Mapping[int, tuple[int, int]]]) -> None:
        """Print the summed sizes of each level, ours and zlib's."""
        table = self._printer.start_table(
            "Summed sizes in bytes", ["level"], ["pyfastgz", "zlib", "size difference"]
        )
        for level in next(iter(sizes.values())):
            ours = sum(levels[level][0] for levels in sizes.values())
            zlibs = sum(levels[level][1] for levels in sizes.values())
            table.add_row(str(level), f"{ours:,}", f"{zlibs:,}", _difference(ours, zlibs))
        self._printer.print_table(table)

    def print_verdicts(self, verdicts: Iterable[Verdict]) -> None:
        """Print what is reached of the targets."""
        table = self._printer.start_table(
            "Targets", ["target", "size"], ["measured", "must", "aim", "reached"], ["remark"]
        )
        for verdict in verdicts:
            table.add_row(
                verdict.target.name,
                verdict.size_class,
                f"{verdict.measured:.3f}",
                f"{verdict.target.must:g}",
                f"{verdict.target.aim:g}",
                verdict.outcome,
                verdict.remark,
            )
        self._printer.print_table(table)


def _lead_cells(lead: Lead | None) -> tuple[str, str]:
    if lead is None:
        return "", ""
    return ("-", "none") if lead.level is None else (f"{lead.factor:.2f}", str(lead.level))


def _difference(nbytes: int, other_nbytes: int) -> str:
    return f"{100 * (nbytes / other_nbytes - 1):+.2f} %"
