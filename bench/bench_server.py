"""Compares what a server answers in a second: with no hook, with Flask-Compress's, with ours.

``python -m bench.bench_server`` runs the application of :mod:`bench.hook_application` three
times under gunicorn (one worker with threads), and puts each under load in turns, with wrk if
it is installed. ``--json FILE`` also writes the figures down.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from tools.kit.client import fetch
from tools.kit.server import gunicorn_command
from tools.kit.server import serving

from .bars import draw_bars
from .chart import write_svg
from .hook_application import CASES
from .hook_application import EXTENSIONS
from .hook_application import NONE
from .hook_application import OURS
from .hook_application import RIVAL
from .hook_application import Case
from .machine import describe_machine
from .printer import Printer
from .server_load import Load
from .server_load import find_generator
from .verdicts import Verdict
from .verdicts import print_verdicts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CONNECTIONS = 8
"""How many requests are on their way at a time."""

KEPT = {"2 KB JSON, gzip": 0.93, "12 KB JSON, gzip": 0.93, "182 KB HTML, gzip": 0.50}
"""Which share of the throughput without a hook must be kept, by case."""

DEFAULT_CASES = [name for name in CASES if not name.startswith(("event", "streamed"))]
"""The cases that are measured unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """What a server did in one case."""

    case: str
    """The name of the case."""
    extension: str
    """The name of the extension."""
    requests_per_second: float
    """The median of the rounds."""
    p99_ms: float
    """The median of the rounds, in milliseconds."""
    kept: float
    """The throughput by that without a hook; the median of what it was in each round."""


def summarise(case: str, rounds: Sequence[Mapping[str, Load]]) -> list[Throughput]:
    """Return what servers did in a case.

    :param rounds: what was measured in each, by extension.
    """
    return [
        Throughput(
            case,
            extension,
            median(loads[extension].requests_per_second for loads in rounds),
            median(loads[extension].p99_ms for loads in rounds),
            median(
                loads[extension].requests_per_second / loads[NONE].requests_per_second
                for loads in rounds
            ),
        )
        for extension in rounds[0]
    ]


def judge(throughputs: list[Throughput]) -> list[Verdict]:
    """Return the verdicts on the throughput that is kept."""
    kept = {t.case: t.kept for t in throughputs if t.extension == OURS}
    return [
        Verdict(
            f"keeps at least {must:.2f} of the throughput: {case}",
            f"{kept[case]:.2f}",
            kept[case] >= must,
        )
        for case, must in KEPT.items()
        if case in kept
    ]


def check(case: Case, ports: Mapping[str, int]) -> None:
    """Check that every server codes as it should.

    :raises ValueError: one does not.
    """
    fields = {"Accept-Encoding": case.accept_encoding}
    for extension, port in ports.items():
        coding = fetch(port, case.path(0), fields=fields).field("Content-Encoding")
        if coding != (None if EXTENSIONS[extension] is None else case.coding):
            raise ValueError(f"{extension} answers {case.name} with {coding}")


def _print_throughputs(throughputs: list[Throughput], printer: Printer) -> None:
    headings = [NONE, "p99 ms"]
    for extension in (RIVAL, OURS):
        headings += [extension, "kept", "p99 ms"]
    table = printer.start_table(
        "Requests a second, and the share that is kept", ["case"], headings
    )
    for case in dict.fromkeys(t.case for t in throughputs):
        cells = []
        for t in (t for t in throughputs if t.case == case):
            cells.append(f"{t.requests_per_second:,.0f}")
            if t.extension != NONE:
                cells.append(f"{t.kept:.2f}")
            cells.append(f"{t.p99_ms:.1f}")
        table.add_row(case, *cells)
    printer.print_table(table)


def _draw(throughputs: list[Throughput]) -> Figure:
    groups: dict[str, dict[str, float]] = {}
    for t in throughputs:
        if t.extension != NONE:
            groups.setdefault(t.case, {})[t.extension] = t.kept
    title = "Share of the throughput that a hook leaves"
    return draw_bars(title, groups, "requests/s by those without a hook (higher is better)")


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark.

    :param arguments: the command line; None for the one of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.bench_server", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default 5")
    parser.add_argument(
        "--seconds", type=int, default=2, metavar="S", help="of load each time; default 2"
    )
    parser.add_argument(
        "--cases", nargs="+", choices=CASES, default=DEFAULT_CASES, metavar="CASE"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write a chart")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds must be at least 1")

    printer = Printer(markdown=options.markdown)
    name, generate = find_generator()
    cases = [CASES[case] for case in options.cases]
    measured: dict[str, list[Mapping[str, Load]]] = {case.name: [] for case in cases}
    console = Console(stderr=True)
    with ExitStack() as servers:
        ports = {
            extension: servers.enter_context(serving(_command(extension)))
            for extension in EXTENSIONS
        }
        for case in cases:
            check(case, ports)
        jobs = [case for _ in range(options.rounds) for case in cases]
        for case in track(jobs, "load", console=console, disable=not console.is_terminal):
            measured[case.name].append(
                {
                    extension: generate(
                        port,
                        f"/{case.kind}",
                        case.accept_encoding,
                        options.seconds,
                        CONNECTIONS,
                    )
                    for extension, port in ports.items()
                }
            )
    throughputs = [t for case, rounds in measured.items() for t in summarise(case, rounds)]
    verdicts = judge(throughputs)
    _print_throughputs(throughputs, printer)
    print_verdicts(verdicts, printer)
    printer.print_text(
        f"Medians of {options.rounds} interleaved rounds of {options.seconds} s; load by"
        f" {name}, {CONNECTIONS} connections, one worker with {CONNECTIONS} threads.\n"
        f"{', '.join(describe_machine().values())}."
    )
    for path in filter(None, (options.json, options.svg)):
        path.parent.mkdir(parents=True, exist_ok=True)
    if options.svg:
        write_svg(_draw(throughputs), options.svg)
    if options.json:
        figures = {
            "machine": describe_machine(),
            "generator": name,
            "connections": CONNECTIONS,
            "rounds": options.rounds,
            "seconds": options.seconds,
            "throughputs": [asdict(throughput) for throughput in throughputs],
            "verdicts": [asdict(verdict) for verdict in verdicts],
        }
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def _command(extension: str) -> Callable[[int], list[str]]:
    application = f"bench.hook_application:create_app({extension!r})"
    return gunicorn_command(application, threads=CONNECTIONS)


if __name__ == "__main__":
    main()
