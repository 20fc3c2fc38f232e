"""Compares our encoders with the others over the corpus: speed and ratio, per size class.

``python -m bench.pareto`` prints, for each size class, every point with our lead over it (see
:mod:`bench.leads`), level 6 against Python's gzip, the size of every level against zlib's, and
what is reached of the targets. ``--json`` and ``--svg`` write the same as data and as a chart.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.progress import BarColumn
from rich.progress import Progress
from rich.progress import TaskID
from rich.progress import TextColumn
from rich.progress import TimeElapsedColumn

from .chart import draw
from .chart import write_svg
from .corpus import Document
from .corpus import load
from .corpus_manifest import HALVES
from .corpus_manifest import SIZE_CLASSES
from .leads import Score
from .leads import find_lead
from .levels import LEVELS
from .levels import level_sizes
from .machine import describe_machine
from .measure import Measurement
from .measure import measure
from .pareto_tables import ParetoTables
from .peers import Point
from .peers import load_points
from .printer import Printer
from .targets import Verdict
from .targets import group_of
from .targets import judge_leads
from .targets import judge_level_6
from .targets import judge_sizes
from .targets import summarise_groups

SECONDS = 330.0
"""The time for all rounds of all classes, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured in a size class."""

    documents: int
    """The number of documents."""
    rounds: int
    """The number of rounds; times are the least of them."""
    results: list[Measurement]
    """Every point."""
    sizes: dict[int, tuple[int, int]]
    """By level: the summed bytes of our gzip forms and of zlib's."""

    @property
    def scores(self) -> list[Score]:
        """The scores of the points."""
        return [result.score for result in self.results]


def run(
    documents: list[Document],
    points: list[Point],
    classes: list[str],
    *,
    rounds: int | None,
    seconds: float,
    console: Console,
) -> dict[str, Outcome]:
    """Return what was measured, by size class; a terminal shows how far it is.

    :param rounds: how many; None for as many as ``seconds`` allow.
    """
    deadline = perf_counter() + seconds
    columns = (TextColumn("{task.description:8}"), BarColumn(), TimeElapsedColumn())
    outcomes = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        for number, size_class in enumerate(classes):
            members = [d for d in documents if d.size_class == size_class]
            task = progress.add_task(size_class, total=1.0)
            # What a class does not need of its share is for those that come after it.
            results, done = measure(
                points,
                members,
                rounds=rounds,
                seconds=(deadline - perf_counter()) / (len(classes) - number),
                report=partial(_update, progress, task),
            )
            sizes = {level: level_sizes(members, level) for level in LEVELS}
            outcomes[size_class] = Outcome(len(members), done, results, sizes)
    return outcomes


def _update(progress: Progress, task: TaskID, share: float) -> None:
    progress.update(task, completed=share)


def judge(outcomes: dict[str, Outcome]) -> list[Verdict]:
    """Return the verdicts on all targets."""
    verdicts = judge_sizes({name: outcome.sizes for name, outcome in outcomes.items()})
    for name, outcome in outcomes.items():
        verdicts += judge_level_6(outcome.scores, name)
    for name, outcome in outcomes.items():
        verdicts += judge_leads(summarise_groups(outcome.scores, name), name)
    return verdicts


def as_json(
    outcomes: dict[str, Outcome], points: list[Point], half: str | None, remarks: list[str]
) -> dict[str, Any]:
    """Return everything that was measured, as JSON has it.

    Speeds are in MB/s (10^6 bytes), times in microseconds, sizes in bytes. A lead is null where
    there is nothing of ours to compare, and 0 where none of our levels reaches the ratio.
    """
    return {
        "machine": describe_machine(),
        "versions": {point.family: point.version for point in points},
        "left_out": remarks,
        "half": half,
        "classes": {name: _class_as_json(name, outcome) for name, outcome in outcomes.items()},
        "targets": [
            {
                **asdict(verdict.target),
                "size_class": verdict.size_class,
                "measured": verdict.measured,
                "reached": verdict.outcome,
                "remark": verdict.remark,
            }
            for verdict in judge(outcomes)
        ],
    }


def _class_as_json(name: str, outcome: Outcome) -> dict[str, Any]:
    scores = outcome.scores
    points = []
    for result, score in zip(outcome.results, scores, strict=True):
        lead = None if score.is_ours else find_lead(score, scores)
        points.append(
            {
                "name": score.name,
                **asdict(score),
                "out_nbytes": result.out_nbytes,
                "us_per_document": result.us_per_document,
                "lead": lead and lead.factor,
                "lead_level": lead and lead.level,
                "group": None if score.is_ours else group_of(score, name),
            }
        )
    return {
        "documents": outcome.documents,
        "in_nbytes": outcome.results[0].in_nbytes,
        "rounds": outcome.rounds,
        "points": points,
        "leads": {
            group: asdict(summary) for group, summary in summarise_groups(scores, name).items()
        },
        "level_sizes": {
            level: {"pyfastgz": ours, "zlib": zlibs}
            for level, (ours, zlibs) in outcome.sizes.items()
        },
    }


def _print(outcomes: dict[str, Outcome], printer: Printer) -> None:
    tables = ParetoTables(printer)
    for name, outcome in outcomes.items():
        tables.print_points(name, outcome.results)
    printer.print_text(
        "Our lead is the speed of our fastest level with at least 0.998 of the ratio, by the"
        " speed of the point; for zstd, of the same level. '-': none of ours has the ratio,"
        " which counts as 0 in a least lead, and is left out of a mean, which is geometric."
    )
    tables.print_leads({n: summarise_groups(o.scores, n) for n, o in outcomes.items()})
    tables.print_level_6({name: outcome.results for name, outcome in outcomes.items()})
    tables.print_sizes({name: outcome.sizes for name, outcome in outcomes.items()})
    tables.print_verdicts(judge(outcomes))


def _circumstances(outcomes: dict[str, Outcome], points: list[Point], half: str | None) -> str:
    rounds = ", ".join(f"{outcome.rounds} of {name}" for name, outcome in outcomes.items())
    versions = {point.family: point.version for point in points}
    return (
        f"Corpus: {half or 'both halves'}. The least of interleaved rounds: {rounds}.\n"
        f"{', '.join(describe_machine().values())}.\n"
        f"{', '.join(f'{family} {version}' for family, version in versions.items())}."
    )


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark.

    :param arguments: the command line; None for the one of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.pareto", description=__doc__)
    parser.add_argument("--half", choices=HALVES, help="use one half of the corpus")
    parser.add_argument(
        "--rounds", type=int, metavar="N", help="default: as many as some minutes allow"
    )
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, metavar="S", help="those minutes; default 330"
    )
    parser.add_argument(
        "--classes",
        nargs="+",
        choices=SIZE_CLASSES,
        default=list(SIZE_CLASSES),
        metavar="CLASS",
        help=f"some of: {', '.join(SIZE_CLASSES)}",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the data")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write a chart")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    options = parser.parse_args(arguments)
    if options.rounds is not None and options.rounds < 1:
        parser.error("--rounds must be at least 1")
    for path in filter(None, (options.json, options.svg)):
        path.parent.mkdir(parents=True, exist_ok=True)

    printer = Printer(markdown=options.markdown)
    points, remarks = load_points()
    for remark in remarks:
        printer.print_text(remark)
    classes = [name for name in SIZE_CLASSES if name in options.classes]
    console = Console(stderr=True)
    outcomes = run(
        load(options.half),
        points,
        classes,
        rounds=options.rounds,
        seconds=options.seconds,
        console=console,
    )
    _print(outcomes, printer)
    circumstances = _circumstances(outcomes, points, options.half)
    printer.print_text(circumstances)
    if options.json:
        data = as_json(outcomes, points, options.half, remarks)
        options.json.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    if options.svg:
        scores = {name: outcome.scores for name, outcome in outcomes.items()}
        write_svg(draw(scores, circumstances), options.svg)


if __name__ == "__main__":
    main()
