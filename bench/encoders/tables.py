"""What is told of the encoders: tables, and what is reached of the targets."""

from __future__ import annotations

from collections.abc import Iterator

from bench.results import Run
from bench.verdicts import Verdict
from bench.verdicts import verdict_table
from tools.kit.tables import Table

from .leads import OURS
from .leads import Lead
from .leads import Score
from .leads import find_lead
from .run import LEVELS
from .run import Row
from .run import scores
from .targets import GZIP
from .targets import add_sizes
from .targets import group_of
from .targets import judge_leads
from .targets import judge_level_6
from .targets import judge_sizes
from .targets import summarise_groups

_LEADS_TEXT = (
    "Our lead is the speed of our fastest level with at least 0.998 of the ratio, by the speed"
    " of the point; for zstd, of the same level. '-': none of ours has the ratio, which counts"
    " as 0 in a least lead, and is left out of a mean, which is geometric."
)


def judge(run: Run[Row]) -> list[Verdict]:
    """Return the verdicts on all targets."""
    verdicts = judge_sizes(_sizes(run))
    for name, some in scores(run).items():
        verdicts += judge_level_6(some, name)
    for name, some in scores(run).items():
        verdicts += judge_leads(summarise_groups(some, name), name)
    return verdicts


def describe(run: Run[Row]) -> Iterator[Table | str]:
    """Yield the tables and texts of a report."""
    for name, some in scores(run).items():
        yield _points(name, some)
    yield _LEADS_TEXT
    yield _leads(run)
    yield _level_6(run)
    yield _totals(run)
    yield verdict_table(judge(run))
    rounds = ", ".join(
        f"{documents['rounds']} of {name}" for name, documents in run.how["classes"].items()
    )
    versions = ", ".join(f"{name} {version}" for name, version in run.how["versions"].items())
    half = run.how["half"] or "both halves"
    yield f"Corpus: {half}. The least of interleaved rounds: {rounds}."
    yield f"{run.how['machine']}.\n{versions}."


def _points(size_class: str, some: list[Score]) -> Table:
    table = Table(
        f"Documents of {size_class}",
        ["encoder"],
        ["µs a document", "MB/s", "ratio", "our lead", "by level"],
        ["among"],
    )
    for score in some:
        table.add(
            score.name,
            f"{score.us:,.1f}",
            f"{score.speed:,.1f}",
            f"{score.ratio:.3f}",
            *_lead_cells(None if score.is_ours else find_lead(score, some)),
            (None if score.is_ours else group_of(score, size_class)) or "",
        )
    return table


def _lead_cells(lead: Lead | None) -> tuple[str, str]:
    if lead is None:
        return "", ""
    return ("-", "none") if lead.level is None else (f"{lead.factor:.2f}", str(lead.level))


def _leads(run: Run[Row]) -> Table:
    """The least lead and the geometric mean, per size class and group of points."""
    headings = ["points", "least", "least reached", "mean"]
    table = Table("Our leads", ["size", "over"], headings, ["ratio not reached"])
    for size_class, some in scores(run).items():
        for group, summary in summarise_groups(some, size_class).items():
            figures = (summary.minimum, summary.minimum_reached, summary.mean)
            cells = (str(summary.count), *(f"{figure:.2f}" for figure in figures))
            table.add(size_class, group, *cells, ", ".join(summary.missed))
    return table


def _level_6(run: Run[Row]) -> Table:
    headings = ["documents", "mean bytes", "pyfastgz µs", "gzip µs", "speed ratio"]
    headings += ["pyfastgz ratio", "gzip ratio", "difference"]
    table = Table("Level 6 and gzip.compress(.., 6)", ["size"], headings)
    for size_class, some in scores(run).items():
        by_name = {score.name: score for score in some}
        ours, gzips = by_name[f"{OURS}-6"], by_name[f"{GZIP}-6"]
        documents = run.how["classes"][size_class]
        table.add(
            size_class,
            str(documents["documents"]),
            f"{documents['in_nbytes'] / documents['documents']:,.0f}",
            f"{ours.us:,.1f}",
            f"{gzips.us:,.1f}",
            f"{ours.speed / gzips.speed:.2f} x",
            f"{ours.ratio:.3f}",
            f"{gzips.ratio:.3f}",
            _difference(ours.out_nbytes, gzips.out_nbytes),
        )
    return table


def _totals(run: Run[Row]) -> Table:
    headings = ["pyfastgz", "zlib", "size difference"]
    table = Table("Summed sizes in bytes", ["level"], headings)
    for level, (ours, zlibs) in add_sizes(_sizes(run)).items():
        table.add(str(level), f"{ours:,}", f"{zlibs:,}", _difference(ours, zlibs))
    return table


def _sizes(run: Run[Row]) -> dict[str, dict[int, tuple[int, int]]]:
    """Return the summed bytes of ours and of zlib's, by size class and level."""
    ours = {(row.size_class, row.level): row for row in run.rows if row.family == OURS}
    return {
        name: {n: (ours[name, n].out_nbytes, zlibs[n - 1]) for n in LEVELS}
        for name, zlibs in run.how["zlib_nbytes"].items()
    }


def _difference(nbytes: int, other_nbytes: int) -> str:
    return f"{100 * (nbytes / other_nbytes - 1):+.2f} %"
