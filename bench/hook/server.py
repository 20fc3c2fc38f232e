"""Compares what a server answers in a second: with no hook, with Flask-Compress's, with ours.

The application runs three times under gunicorn, and each is put under load in turns.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import product
from statistics import median

from bench.results import Report
from bench.results import Run
from bench.results import nobody
from bench.verdicts import Verdict
from bench.verdicts import verdict_table
from tools.kit.client import fetch
from tools.kit.load import Load
from tools.kit.load import find_generator
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.tables import Table
from tools.kit.turns import in_turns
from tools.kit.usage import describe_machine

from .application import CASES
from .application import EXTENSIONS
from .application import NONE
from .application import OURS
from .application import RIVAL

CONNECTIONS = 8
"""How many requests are on their way at a time."""

ROUNDS, SECONDS = 5, 2
"""How many rounds there are, and how long each load is in seconds, unless told otherwise."""

KEPT = {"2 KB JSON, gzip": 0.93, "12 KB JSON, gzip": 0.93, "182 KB HTML, gzip": 0.50}
"""Which share of the throughput without a hook must be kept, by case."""

DEFAULT_CASES = [name for name in CASES if not name.startswith(("event", "streamed"))]
"""The cases that are measured unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a server did in one case; each figure is the median of the rounds."""

    case: str
    extension: str
    requests_per_second: float
    p99_ms: float
    kept: float  # the throughput by that without a hook in the same round
    cpu_us: float | None = None  # processor time of the worker a request, in microseconds


def summarise(case: str, loads: Mapping[str, Sequence[tuple[Load, float]]]) -> list[Row]:
    """Return what servers did in a case.

    :param loads: what was measured in each round, and the processor seconds of the worker, by
        extension.
    """
    rates = {name: [load.requests_per_second for load, _ in of] for name, of in loads.items()}
    rows = []
    for name, some in loads.items():
        kept = [a / b for a, b in zip(rates[name], rates[NONE], strict=True)]
        p99_ms = [load.p99_ms for load, _ in some]
        cpu_us = [1e6 * seconds / load.requests for load, seconds in some]
        medians = (round(median(values), 4) for values in (rates[name], p99_ms, kept, cpu_us))
        rows.append(Row(case, name, *medians))
    return rows


def run(
    names: Sequence[str],
    *,
    rounds: int = ROUNDS,
    seconds: int = SECONDS,
    report: Report = nobody,
) -> Run[Row]:
    """Return what servers answer in some cases, with so many seconds of load each time.

    :raises ValueError: a server does not code as it should.
    """
    generator, generate = find_generator()
    cases = [CASES[name] for name in names]

    def under_load(port: int) -> Callable[[int], tuple[Load, float]]:
        def cpu_seconds() -> float:
            return float(json.loads(fetch(port, "/cpu").body)["seconds"])

        def turn(number: int) -> tuple[Load, float]:
            case, before = cases[number], cpu_seconds()
            path = f"/{case.kind}"
            load = generate(port, path, case.accept_encoding, seconds, CONNECTIONS)
            return load, cpu_seconds() - before

        return turn

    with ExitStack() as servers:
        ports = {}
        for name in EXTENSIONS:
            application = f"bench.hook.application:create_app({name!r})"
            command = gunicorn_command(application, threads=CONNECTIONS)
            ports[name] = servers.enter_context(serving(command))
        for case, (name, port) in product(cases, ports.items()):
            fields = {"Accept-Encoding": case.accept_encoding}
            answer = fetch(port, case.paths[0], fields=fields)
            case.check_coding(name, answer.field("Content-Encoding"))
        loads = in_turns(
            {extension: under_load(port) for extension, port in ports.items()},
            len(cases),
            rounds=rounds,
            together=True,
            report=partial(report, "server"),
        )
    how = {"machine": describe_machine(), "generator": generator, "connections": CONNECTIONS}
    measured: Run[Row] = Run({**how, "rounds": rounds, "seconds": seconds})
    for number, name in enumerate(names):
        measured.rows += summarise(name, {e: loads[e][number] for e in EXTENSIONS})
    return measured


def rates_by_rival(run: Run[Row]) -> list[float]:
    """Return the throughput with ours by that with Flask-Compress, a case each."""
    rates = {(row.case, row.extension): row.requests_per_second for row in run.rows}
    return [
        rates[case, OURS] / rates[case, RIVAL] for case in dict.fromkeys(c for c, _ in rates)
    ]


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """Return the verdicts on the throughput that is kept."""
    kept = {row.case: row.kept for row in rows if row.extension == OURS}
    return [
        Verdict("share of the throughput", case, kept[case], must)
        for case, must in KEPT.items()
        if case in kept
    ]


def describe(run: Run[Row]) -> Iterator[Table | str]:
    """Yield the tables and texts of a report."""
    headings = [NONE, "p99 ms", RIVAL, "kept", "p99 ms", OURS, "kept", "p99 ms"]
    table = Table("Requests a second, and the share that is kept", ["case"], headings)
    for case in dict.fromkeys(row.case for row in run.rows):
        cells = []
        for row in (row for row in run.rows if row.case == case):
            kept = [] if row.extension == NONE else [f"{row.kept:.2f}"]
            cells += [f"{row.requests_per_second:,.0f}", *kept, f"{row.p99_ms:.1f}"]
        table.add(case, *cells)
    yield table
    if all(row.cpu_us is not None for row in run.rows):
        headings = [NONE, RIVAL, OURS]
        table = Table("Microseconds of the worker's processor a request", ["case"], headings)
        for case in dict.fromkeys(row.case for row in run.rows):
            table.add(case, *(f"{row.cpu_us:,.0f}" for row in run.rows if row.case == case))
        yield table
    yield verdict_table(judge(run.rows))
    yield (
        f"Medians of {run.how['rounds']} interleaved rounds of {run.how['seconds']} s; load by"
        f" {run.how['generator']}, {run.how['connections']} connections, one worker with"
        f" {run.how['connections']} threads.\n{run.how['machine']}."
    )
