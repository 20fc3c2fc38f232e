"""Compares what uvicorn takes and answers: without middleware, with that of others and ours.

All applications run in one process, each middleware at its own levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from importlib.metadata import version

from bench import worker
from bench.results import Report
from bench.results import Run
from bench.results import nobody
from bench.served import CONNECTIONS
from bench.served import Row
from bench.served import load
from bench.served import summarise
from bench.served import tables
from tools.kit.client import fetch
from tools.kit.load import find_generator
from tools.kit.server import serving
from tools.kit.tables import Table
from tools.kit.usage import describe_machine

from .asgi import CONTENDERS
from .cases import CASES as ALL_CASES
from .cases import UNCODED
from .cases import Case
from .contenders import NONE
from .contenders import OURS
from .contenders import OWN
from .contenders import Received
from .mounted import ENDS_WITH
from .mounted import mount
from .mounted import uvicorn_command

ROUNDS, SECONDS, CPU_SECONDS = 2, 1, 3
"""How many rounds of load there are, and how long each load is, unless told otherwise; how long
the processor's time is measured in each case; both in seconds."""

CASES = {
    case.response: case
    for case in ALL_CASES.values()
    if (case.door, case.levels) == ("ASGI", OWN)
    and (case.state == UNCODED or (case.body.endswith("JSON") and case.coding != "br"))
}
"""The cases there are, by what is asked for."""

_PACKAGES = "uvicorn", "uvloop", "httptools"


def check(port: int, case: Case) -> None:
    """Check that a server codes as it should.

    :raises ValueError: it does not.
    """
    fields = {"Accept-Encoding": case.accept_encoding} if case.accept_encoding else {}
    for name in case.contenders:
        answer = fetch(port, f"{mount(name)}{case.paths[0]}", fields=fields)
        coding = answer.field("Content-Encoding")
        case.check(name, Received(answer.status, coding, answer.body))


def run(
    names: Sequence[str],
    *,
    rounds: int = ROUNDS,
    seconds: int = SECONDS,
    cpu_seconds: int = CPU_SECONDS,
    report: Report = nobody,
) -> Run[Row]:
    """Return what a server does in some cases, with so many seconds of load each time.

    :raises ValueError: it does not code as it should.
    """
    generator, generate = find_generator()
    how = {"machine": describe_machine(), "generator": generator, "connections": CONNECTIONS}
    how |= {"rounds": rounds, "seconds": seconds, "cpu_seconds": cpu_seconds}
    how |= {"versions": {name: version(name) for name in _PACKAGES}}
    measured: Run[Row] = Run(how)
    with serving(uvicorn_command("bench.doors.asgi:create_app"), ends_with=ENDS_WITH) as port:
        for number, name in enumerate(names):
            case = CASES[name]
            check(port, case)
            # Without the field, that of who accepts nothing else.
            accepted = case.accept_encoding or "identity"
            paths = {each: f"{mount(each)}/{case.kind}" for each in case.contenders}
            cpu = worker.measure(port, paths, accepted, worker.REQUESTS, cpu_seconds)
            loads = load(generate, port, paths, accepted, rounds=rounds, seconds=seconds)
            measured.rows += summarise(name, NONE, loads, [cpu])
            report("doors-server", (number + 1) / len(names))
    return measured


def cpu_by(rival: str, run: Run[Row]) -> list[float]:
    """Return the processor's time with ours by that with a rival, of what both code."""
    us = {(row.case, row.extension): row.cpu_us for row in run.rows}
    return [
        us[case, OURS] / us[case, rival]
        for case in dict.fromkeys(row.case for row in run.rows)
        if CASES[case].coding and (case, rival) in us
    ]


def describe(run: Run[Row]) -> Iterator[Table | str]:
    """Yield the tables and texts of a report."""
    yield from tables(run.rows, list(CONTENDERS), "without middleware")
    how = run.how
    versions = ", ".join(f"{name} {number}" for name, number in how["versions"].items())
    yield (
        f"Processor: medians of short turns, interleaved for {how['cpu_seconds']} s a case, one"
        f" connection; ± is what chance makes of a ratio 19 times of 20. Throughput: medians of"
        f" {how['rounds']} interleaved rounds of {how['seconds']} s, load by"
        f" {how['generator']}, {how['connections']} connections, one process.\n"
        f"{versions}.\n{how['machine']}."
    )
