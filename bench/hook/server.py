"""Compares what a server answers in a second: with no hook, with Flask-Compress's, with ours.

The application runs three times under gunicorn, and each is put under load in turns.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from bench.results import Run
from bench.results import describe_machine
from bench.verdicts import Verdict
from bench.verdicts import verdict_table
from tools.kit.client import fetch
from tools.kit.server import Command
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.tables import Table
from tools.kit.turns import in_turns

from .application import CASES
from .application import EXTENSIONS
from .application import NONE
from .application import OURS
from .application import RIVAL
from .application import Case
from .load import Load
from .load import find_generator

CONNECTIONS = 8
"""How many requests are on their way at a time."""

ROUNDS = 5
"""The number of rounds unless told otherwise."""

SECONDS = 2
"""How long each load is, in seconds, unless told otherwise."""

KEPT = {"2 KB JSON, gzip": 0.93, "12 KB JSON, gzip": 0.93, "182 KB HTML, gzip": 0.50}
"""Which share of the throughput without a hook must be kept, by case."""

DEFAULT_CASES = [name for name in CASES if not name.startswith(("event", "streamed"))]
"""The cases that are measured unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a server did in one case."""

    case: str
    extension: str
    requests_per_second: float  # the median of the rounds
    p99_ms: float  # the median of the rounds, in milliseconds
    kept: float
    """The throughput by that without a hook; the median of what it was in each round."""


def summarise(case: str, loads: Mapping[str, Sequence[Load]]) -> list[Row]:
    """Return what servers did in a case.

    :param loads: what was measured in each round, by extension.
    """
    rates = {name: [load.requests_per_second for load in some] for name, some in loads.items()}
    return [
        Row(
            case,
            extension,
            round(median(rates[extension]), 2),
            round(median(load.p99_ms for load in loads[extension]), 2),
            round(median(a / b for a, b in zip(rates[extension], rates[NONE], strict=True)), 4),
        )
        for extension in loads
    ]


def check(case: Case, ports: Mapping[str, int]) -> None:
    """Check that every server codes as it should.

    :raises ValueError: one does not.
    """
    fields = {"Accept-Encoding": case.accept_encoding}
    for extension, port in ports.items():
        coding = fetch(port, case.paths[0], fields=fields).field("Content-Encoding")
        case.check_coding(extension, coding)


def run(
    names: Sequence[str],
    *,
    rounds: int = ROUNDS,
    seconds: int = SECONDS,
    report: Callable[[str, float], object] = lambda what, share: None,
) -> Run[Row]:
    """Return what servers answer in some cases.

    :param names: of the cases.
    :param seconds: of load each time.
    :param report: is told which share is done.
    """
    generator, generate = find_generator()
    cases = [CASES[name] for name in names]

    def put_under_load(port: int) -> Callable[[int], Load]:
        def turn(number: int) -> Load:
            case = cases[number]
            path = f"/{case.kind}"
            return generate(port, path, case.accept_encoding, seconds, CONNECTIONS)

        return turn

    with ExitStack() as servers:
        ports = {name: servers.enter_context(serving(_command(name))) for name in EXTENSIONS}
        for case in cases:
            check(case, ports)
        loads = in_turns(
            {extension: put_under_load(port) for extension, port in ports.items()},
            len(cases),
            rounds=rounds,
            together=True,
            report=lambda share: report("server", share),
        )
    how = {"machine": describe_machine(), "generator": generator, "connections": CONNECTIONS}
    measured: Run[Row] = Run({**how, "rounds": rounds, "seconds": seconds})
    for number, name in enumerate(names):
        measured.rows += summarise(name, {e: loads[e][number] for e in EXTENSIONS})
    return measured


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """Return the verdicts on the throughput that is kept."""
    kept = {row.case: row.kept for row in rows if row.extension == OURS}
    return [
        Verdict(target="share of the throughput", where=case, measured=kept[case], must=must)
        for case, must in KEPT.items()
        if case in kept
    ]


def describe(run: Run[Row]) -> Iterator[Table | str]:
    """Yield the tables and texts of a report."""
    headings = [NONE, "p99 ms"]
    for extension in (RIVAL, OURS):
        headings += [extension, "kept", "p99 ms"]
    table = Table("Requests a second, and the share that is kept", ["case"], headings)
    for case in dict.fromkeys(row.case for row in run.rows):
        cells = []
        for row in (row for row in run.rows if row.case == case):
            cells.append(f"{row.requests_per_second:,.0f}")
            if row.extension != NONE:
                cells.append(f"{row.kept:.2f}")
            cells.append(f"{row.p99_ms:.1f}")
        table.add(case, *cells)
    yield table
    yield verdict_table(judge(run.rows))
    yield (
        f"Medians of {run.how['rounds']} interleaved rounds of {run.how['seconds']} s; load by"
        f" {run.how['generator']}, {run.how['connections']} connections, one worker with"
        f" {run.how['connections']} threads.\n{run.how['machine']}."
    )


def _command(extension: str) -> Command:
    application = f"bench.hook.application:create_app({extension!r})"
    return gunicorn_command(application, threads=CONNECTIONS)
