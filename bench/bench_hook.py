"""Compares what hooks add to a response: none, Flask-Compress's and ours.

``python -m bench.bench_hook`` sends requests to the three applications in turns, by the bare
WSGI call and by Flask's test client, and prints what each hook adds to the time of a request.
``pytest bench/bench_hook.py`` measures the same cases with pytest-benchmark, whose results can
be kept and compared (``--benchmark-autosave``, ``pytest-benchmark compare``); it runs one after
the other, so compare only what ran on an idle machine.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import fmean
from statistics import median
from time import perf_counter_ns
from typing import TYPE_CHECKING
from typing import Any

import pytest
from flask import Flask
from rich.console import Console
from rich.progress import track
from werkzeug.test import create_environ
from werkzeug.test import run_wsgi_app

from tools.kit.decoders import decode

from .bars import draw_bars
from .chart import write_svg
from .hook_application import CASES
from .hook_application import DOCUMENTS
from .hook_application import EXTENSIONS
from .hook_application import NONE
from .hook_application import OURS
from .hook_application import RIVAL
from .hook_application import Case
from .hook_application import create_app
from .machine import describe_machine
from .measure import without_collector
from .printer import Printer
from .verdicts import Verdict
from .verdicts import print_verdicts

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pytest_benchmark.fixture import BenchmarkFixture

    Request = Callable[[int], object]

ROUNDS = 300
"""The number of rounds unless told otherwise."""

UNCODED_SHARE = 1 / 3
"""What we may add to a response that is not coded, by what Flask-Compress adds."""

SMALL_GZIP_SHARE = 1 / 5
"""The same for gzip at 2 to 12 KB."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request takes in an application; each figure is the mean over the documents."""

    case: str
    """The name of the case."""
    way: str
    """The name of the way in."""
    extension: str
    """The name of the extension."""
    least_us: float
    """The least time of the rounds, in microseconds."""
    median_us: float
    """The median time of the rounds, in microseconds."""


def wsgi_request(app: Flask, case: Case) -> Request:
    """Return what calls the application as a server does, and drops the body."""
    environs = [_environ(case, path) for path in case.paths]

    def start_response(*_: object) -> Callable[[bytes], object]:
        return _drop

    def send(number: int) -> None:
        body = app.wsgi_app(dict(environs[number]), start_response)
        try:
            for _ in body:
                pass
        finally:
            body.close()  # type: ignore[attr-defined]

    return send


def client_request(app: Flask, case: Case) -> Request:
    """Return what fetches a document with Flask's test client."""
    client = app.test_client()
    fields = {"Accept-Encoding": case.accept_encoding}
    paths = case.paths

    def send(number: int) -> None:
        with client.get(paths[number], headers=fields) as response:
            for _ in response.iter_encoded():
                pass

    return send


WAYS: dict[str, Callable[[Flask, Case], Request]] = {
    "WSGI": wsgi_request,
    "test client": client_request,
}
"""Ways to send a request to an application, by name."""


def check(case: Case, apps: dict[str, Flask]) -> None:
    """Check that applications say the same, and code it as they should.

    :param apps: by extension.
    :raises ValueError: one says something else, or codes what it must not, or the reverse.
    """
    for path in case.paths:
        plain: bytes | None = None
        for extension, app in apps.items():
            chunks, status, fields = run_wsgi_app(app, _environ(case, path))
            coded = b"".join(chunks)
            coding = fields.get("Content-Encoding")
            if coding != (None if EXTENSIONS[extension] is None else case.coding):
                raise ValueError(f"{extension} answers {case.name} with {coding}")
            body = decode(coding, coded)
            plain = body if plain is None else plain
            if status != "200 OK" or body != plain:
                raise ValueError(f"{extension} does not say what others say to {case.name}")


def measure(case: Case, way: str, apps: dict[str, Flask], rounds: int) -> list[Cost]:
    """Return what a case costs with each extension, measured in turns.

    :param apps: by extension.
    """
    senders = {extension: WAYS[way](app, case) for extension, app in apps.items()}
    times = {extension: [[0] * rounds for _ in range(DOCUMENTS)] for extension in apps}
    order = list(senders)
    with without_collector():
        for number in range(DOCUMENTS):
            for send in senders.values():
                send(number)
        for turn in range(rounds):
            for number in range(DOCUMENTS):
                # Whoever follows another finds other things in the caches: all take turns.
                order = order[1:] + order[:1]
                for extension in order:
                    send = senders[extension]
                    start = perf_counter_ns()
                    send(number)
                    times[extension][number][turn] = perf_counter_ns() - start
    return [
        Cost(
            case.name,
            way,
            extension,
            least_us=fmean(map(min, of_documents)) / 1000,
            median_us=fmean(map(median, of_documents)) / 1000,
        )
        for extension, of_documents in times.items()
    ]


def added(costs: list[Cost], case: str, way: str, extension: str) -> float:
    """Return how many microseconds an extension adds to a request, least against least."""
    least = {c.extension: c.least_us for c in costs if (c.case, c.way) == (case, way)}
    return least[extension] - least[NONE]


def judge(costs: list[Cost]) -> list[Verdict]:
    """Return the verdicts on what the hook may add, by the bare WSGI call."""
    verdicts = []
    for name, case in CASES.items():
        if case.coding is None:
            target, must = "not coded", UNCODED_SHARE
        elif case.coding == "gzip" and case.kind in {"json-2k", "json-12k"}:
            target, must = "gzip of 2 to 12 KB", SMALL_GZIP_SHARE
        else:
            continue
        if any(cost.case == name and cost.way == "WSGI" for cost in costs):
            share = added(costs, name, "WSGI", OURS) / added(costs, name, "WSGI", RIVAL)
            verdicts.append(
                Verdict(
                    f"{target}: adds at most {must:.2f} of what {RIVAL} adds; {name}",
                    f"{share:.2f}",
                    share <= must,
                )
            )
    return verdicts


def _print_costs(costs: list[Cost], way: str, printer: Printer) -> None:
    table = printer.start_table(
        f"Microseconds a request takes without a hook, by {way}, and what hooks add",
        ["case"],
        [NONE, f"{RIVAL} adds", f"{OURS} adds", "share"],
    )
    for name in CASES:
        least = {c.extension: c.least_us for c in costs if (c.case, c.way) == (name, way)}
        if least:
            rival, ours = added(costs, name, way, RIVAL), added(costs, name, way, OURS)
            cells = (f"{value:,.1f}" for value in (least[NONE], rival, ours))
            table.add_row(name, *cells, f"{ours / rival:.2f}")
    printer.print_table(table)


def _draw(costs: list[Cost]) -> Figure:
    """Return a chart of what hooks add by the bare WSGI call."""
    groups = {
        case: {extension: added(costs, case, "WSGI", extension) for extension in (RIVAL, OURS)}
        for case in dict.fromkeys(cost.case for cost in costs)
    }
    # On a noisy machine a hook may seem to take less than nothing.
    shown = {
        case: {e: max(us, 0.1) for e, us in group.items()} for case, group in groups.items()
    }
    return draw_bars("What a hook adds to a request", shown, "µs (lower is better)", log=True)


def _environ(case: Case, path: str) -> dict[str, Any]:
    return create_environ(path, headers={"Accept-Encoding": case.accept_encoding})


def _drop(_: bytes) -> None:
    """Be the write() that no application of today calls."""


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
@pytest.mark.parametrize("way", WAYS)
def test_hook(way: str, case: Case, extension: str, benchmark: BenchmarkFixture) -> None:
    """Measure one case with pytest-benchmark."""
    app = create_app(extension)
    check(case, {extension: app})
    send = WAYS[way](app, case)
    turns = count()
    benchmark.group = f"{case.name}, {way}"
    benchmark(lambda: send(next(turns) % DOCUMENTS))


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark.

    :param arguments: the command line; None for the one of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.bench_hook", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help="default 300")
    parser.add_argument(
        "--cases", nargs="+", choices=CASES, default=list(CASES), metavar="CASE"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write a chart")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")

    printer = Printer(markdown=options.markdown)
    apps = {extension: create_app(extension) for extension in EXTENSIONS}
    jobs = [(CASES[name], way) for name in options.cases for way in WAYS]
    console = Console(stderr=True)
    costs: list[Cost] = []
    for case, way in track(jobs, "requests", console=console, disable=not console.is_terminal):
        check(case, apps)
        costs += measure(case, way, apps, max(1, options.rounds // case.weight))
    verdicts = judge(costs)
    for way in WAYS:
        _print_costs(costs, way, printer)
    print_verdicts(verdicts, printer)
    printer.print_text(
        f"The least of {options.rounds} interleaved rounds, fewer for long bodies; the mean of"
        f" {DOCUMENTS} documents.\n{', '.join(describe_machine().values())}."
    )
    for path in filter(None, (options.json, options.svg)):
        path.parent.mkdir(parents=True, exist_ok=True)
    if options.svg:
        write_svg(_draw(costs), options.svg)
    if options.json:
        figures = {
            "machine": describe_machine(),
            "rounds": options.rounds,
            "costs": [asdict(cost) for cost in costs],
            "verdicts": [asdict(verdict) for verdict in verdicts],
        }
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
