"""What is told of the encoders: tables, and what is reached of the targets."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from bench.results import Run
from bench.verdicts import Verdict
from bench.verdicts import verdict_table
from tools.kit.tables import Table

from . import targets
from .leads import OURS
from .leads import Score
from .leads import find_lead
from .run import LEVELS
from .run import Row
from .run import scores

_LEADS_TEXT = (
    "Our lead is the speed of our fastest level with at least 0.998 of the ratio, by the speed"
    " of the point; for zstd, of the same level. '-': none of ours has the ratio, which counts"
    " as 0 in a least lead, and is left out of a mean and named beside it. Means are geometric."
    " The mean over all DEFLATE is over every point of others that writes it, but for ISA-L's"
    " level 0, which gives up a third of the ratio, zopfli, which takes some hundred times as"
    " long as others, and the gzip module, which is zlib. 'Swept': some MB are read before each"
    " call, as by a server's own work, so that what an encoder needs is not in the caches."
)


def judge(run: Run[Row]) -> list[Verdict]:
    """Return the verdicts on all targets, those of a kind together."""
    hot, swept = scores(run), scores(run, with_caches_swept=True)
    verdicts = targets.judge_sizes(_sizes(run))
    for name, some in hot.items():
        verdicts += targets.judge_level_6(some, name)
    for name, some in hot.items():
        verdicts += targets.judge_leads(some, name)
    for name, some in hot.items():
        verdicts += targets.judge_high_levels(some, name)
    for name, some in swept.items():
        verdicts += targets.judge_swept(some, name)
    for how, by_class in (("hot", hot), ("swept", swept)):
        for name, some in by_class.items():
            verdicts += targets.judge_zstd(some, name, how)
    return verdicts


def describe(run: Run[Row]) -> Iterator[Table | str]:
    """Yield the tables and texts of a report."""
    by_class, swept = scores(run), scores(run, with_caches_swept=True)
    for name, some in by_class.items():
        yield _points(name, some, swept.get(name, []))
    yield _LEADS_TEXT
    yield _leads("Our leads", by_class)
    if swept:
        yield _leads("Our leads, caches swept", swept)

    yield _level_6(run)
    headings = ["pyfastgz", "zlib", "size difference"]
    table = Table("Summed sizes in bytes", ["level"], headings)
    for level, (ours, zlibs) in targets.add_sizes(_sizes(run).values()).items():
        table.add(str(level), f"{ours:,}", f"{zlibs:,}", _difference(ours, zlibs))
    yield table

    yield verdict_table(judge(run))
    rounds = (
        f"{name}: "
        + ", ".join(
            f"{some[key]}{key.removeprefix('rounds')}" for key in some if "rounds" in key
        )
        for name, some in run.how["classes"].items()
    )
    versions = (f"{family} {version}" for family, version in run.how["versions"].items())
    half = run.how["half"] or "both halves"
    yield f"Corpus: {half}. The least of interleaved rounds; {'; '.join(rounds)}."
    yield f"{run.how['machine']}.\n{', '.join(versions)}."


def times_by_gzip(run: Run[Row]) -> list[float]:
    """Return the times of level 6 by those of Python's ``gzip``, a size class each."""
    return [ours.us / gzips.us for ours, gzips in _both_level_6(run).values()]


def _both_level_6(run: Run[Row]) -> dict[str, tuple[Score, Score]]:
    """Return the scores of level 6 and of Python's ``gzip``, by size class."""
    found = {}
    for size_class, some in scores(run).items():
        by_name = {score.name: score for score in some}
        found[size_class] = by_name[f"{OURS}-6"], by_name[f"{targets.GZIP}-6"]
    return found


def _points(size_class: str, some: Sequence[Score], swept: Sequence[Score]) -> Table:
    headings = ["µs a document", "MB/s", "ratio", "our lead", "by level"]
    headings += ["µs swept", "our lead", "by level"] if swept else []
    table = Table(f"Documents of {size_class}", ["encoder"], headings)
    swept_by_name = {score.name: score for score in swept}
    for score in some:
        cells = [f"{score.us:,.1f}", f"{score.speed:,.1f}", f"{score.ratio:.3f}"]
        cells += _lead_cells(score, some)
        if swept:
            other = swept_by_name.get(score.name)
            cells += [f"{other.us:,.1f}", *_lead_cells(other, swept)] if other else [""] * 3
        table.add(score.name, *cells)
    return table


def _lead_cells(score: Score, some: Sequence[Score]) -> tuple[str, str]:
    lead = None if score.is_ours else find_lead(score, some)
    if not lead:
        return "", ""
    return ("-", "none") if lead.level is None else (f"{lead.factor:.2f}", f"{lead.level}")


def _leads(title: str, by_class: Mapping[str, Sequence[Score]]) -> Table:
    headings = ["points", "least", "least reached", "mean"]
    table = Table(title, ["size", "over"], headings, ["ratio not reached"])
    for name, some in by_class.items():
        for group, summary in targets.summarise_groups(some).items():
            leads = (summary.minimum, summary.minimum_reached, summary.mean)
            cells = (str(summary.count), *(f"{lead:.2f}" for lead in leads))
            table.add(name, group, *cells, ", ".join(summary.missed))
    return table


def _level_6(run: Run[Row]) -> Table:
    headings = ["documents", "mean bytes", "pyfastgz µs", "gzip µs", "speed ratio"]
    headings += ["pyfastgz ratio", "gzip ratio", "difference"]
    table = Table("Level 6 and gzip.compress(.., 6)", ["size"], headings)
    for size_class, (ours, gzips) in _both_level_6(run).items():
        count, nbytes = (run.how["classes"][size_class][k] for k in ("documents", "in_nbytes"))
        cells = [str(count), f"{nbytes / count:,.0f}", f"{ours.us:,.1f}", f"{gzips.us:,.1f}"]
        cells += [
            f"{ours.speed / gzips.speed:.2f} x",
            f"{ours.ratio:.3f}",
            f"{gzips.ratio:.3f}",
        ]
        table.add(size_class, *cells, _difference(ours.out_nbytes, gzips.out_nbytes))
    return table


def _sizes(run: Run[Row]) -> dict[str, targets.Sizes]:
    ours = {(row.size_class, row.level): row for row in run.rows if row.family == OURS}
    return {
        name: {n: (ours[name, n].out_nbytes, zlibs[n - 1]) for n in LEVELS}
        for name, zlibs in run.how["zlib_nbytes"].items()
    }


def _difference(nbytes: int, other_nbytes: int) -> str:
    return f"{100 * (nbytes / other_nbytes - 1):+.2f} %"
