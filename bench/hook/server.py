"""Compares what a server takes and answers: with no hook, with Flask-Compress's, with ours.

All applications run in one worker of gunicorn. What a request takes of its processor is
measured with one connection, what it answers in a second under load with several.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from statistics import median

from bench.ratios import in_pairs
from bench.ratios import middle
from bench.results import Report
from bench.results import Run
from bench.results import nobody
from bench.verdicts import Verdict
from bench.verdicts import verdict_table
from pyfastgz.coding import CODINGS
from tools.kit.client import fetch
from tools.kit.load import Generator
from tools.kit.load import Load
from tools.kit.load import find_generator
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.tables import Table
from tools.kit.turns import in_turns
from tools.kit.usage import describe_machine

from . import worker
from .application import CASES
from .application import EXTENSIONS
from .application import FILES
from .application import NONE
from .application import OURS
from .application import RIVAL
from .application import SIBLINGS
from .application import STATIC_WITH_SIBLINGS
from .application import STORELESS
from .application import Case
from .application import mount
from .application import write_files

CONNECTIONS = 8
"""How many requests are on their way at a time, under load."""

ROUNDS, SECONDS, CPU_SECONDS = 2, 1, 8
"""How many rounds of load there are, and how long each load is, unless told otherwise; how long
the processor's time is measured in each case; both in seconds."""

KEPT = {"2 KB JSON, gzip": 0.93, "12 KB JSON, gzip": 0.93, "182 KB HTML, gzip": 0.50}
"""Which share of the throughput without a hook must be kept, by case; every body coded anew."""

FAIR_PART = 1 / 3
"""The part of that time in which all have their turns; then only those that are judged have."""

_KEEPING = (OURS, SIBLINGS)

CPU_MUST = 0.97
"""The processor's time without a hook by that with ours, of what was coded before; for files
the share of the throughput, too."""

ALL_CASES = {
    name: case
    for name, case in {**CASES, **FILES}.items()
    if NONE in case.contenders and not name.startswith(("event", "streamed"))
}
"""The cases there are, by name: what whole bodies and files take."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a server did in one case with one extension."""

    case: str
    extension: str
    requests_per_second: float  # the median of the rounds of load
    p99_ms: float  # the same
    kept: float  # the median of the throughput by that without a hook, in the same rounds
    kept_error: float  # of that median
    cpu_us: float  # the median of the processor's time a request, in microseconds
    cpu_kept: float  # the median of that without a hook by this, pair by pair
    cpu_error: float  # of that median


def summarise(
    case: str,
    loads: Mapping[str, Sequence[Load]],
    cpu: Sequence[Mapping[str, list[float]]],
) -> list[Row]:
    """Return what a server did in a case.

    :param loads: what was measured in each round of load, by extension.
    :param cpu: the microseconds of the processor in each turn, by extension, of all and then
        of some of them.
    """
    rates = {name: [load.requests_per_second for load in of] for name, of in loads.items()}
    shares = worker.shares(cpu, NONE)
    rows = []
    for name, some in loads.items():
        kept = middle(in_pairs(rates[name], rates[NONE]))
        load_medians = median(rates[name]), median([load.p99_ms for load in some])
        figures = (*load_medians, *kept, median(cpu[0][name]), *shares[name])
        rows.append(Row(case, name, *(round(figure, 4) for figure in figures)))
    return rows


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
    write_files()
    generator, generate = find_generator()
    how = {"machine": describe_machine(), "generator": generator, "connections": CONNECTIONS}
    how |= {"rounds": rounds, "seconds": seconds, "cpu_seconds": cpu_seconds}
    measured: Run[Row] = Run(how)
    command = gunicorn_command("bench.hook.application:create_worker()", threads=CONNECTIONS)
    with serving(command) as port:
        for number, name in enumerate(names):
            case = ALL_CASES[name]
            paths = {e: f"{mount(e)}/{case.kind}" for e in case.contenders}
            check(port, case, paths)
            judged = {name: path for name, path in paths.items() if name in {NONE, *_KEEPING}}
            cpu = [
                worker.measure(port, some, case.accept_encoding, _requests(case), part)
                for some, part in (
                    (paths, FAIR_PART * cpu_seconds),
                    (judged, (1 - FAIR_PART) * cpu_seconds),
                )
            ]
            turns = {
                extension: _under_load(generate, port, path, case, seconds)
                for extension, path in paths.items()
            }
            loads = {e: of for e, (of,) in in_turns(turns, rounds=rounds).items()}
            measured.rows += summarise(name, loads, cpu)
            report("server", (number + 1) / len(names))
    return measured


def check(port: int, case: Case, paths: Mapping[str, str]) -> None:
    """Check that a server codes as it should, and sends siblings where they are.

    :param paths: what is asked for, by extension.
    :raises ValueError: it does not.
    """
    for extension, path in paths.items():
        answer = fetch(port, path, fields={"Accept-Encoding": case.accept_encoding})
        case.check_coding(extension, answer.field("Content-Encoding"))
        if extension == SIBLINGS and case.coding:
            name = PurePosixPath(case.kind).name + CODINGS[case.coding].suffix
            if answer.body != (STATIC_WITH_SIBLINGS / name).read_bytes():
                raise ValueError(f"{extension} does not answer {case.name} with {name}")


def _requests(case: Case) -> int:
    return worker.REQUESTS if case.weight == 1 else worker.FEWER


def _under_load(
    generate: Generator, port: int, path: str, case: Case, seconds: int
) -> Callable[[int], Load]:
    return lambda number: generate(port, path, case.accept_encoding, seconds, CONNECTIONS)


def cpu_by_none(run: Run[Row]) -> list[float]:
    """Return the processor's time with ours by that without a hook, what can be kept coded."""
    return [1 / row.cpu_kept for row in _keeping(run.rows)]


def cpu_by_rival(run: Run[Row]) -> list[float]:
    """Return the processor's time with ours by that with Flask-Compress, a case each."""
    us = {(row.case, row.extension): row.cpu_us for row in run.rows}
    return [us[row.case, OURS] / us[row.case, RIVAL] for row in _keeping(run.rows)]


def _keeping(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of ours in cases where what it coded is kept, or is there beforehand."""
    may = {name for name, case in ALL_CASES.items() if case.coding}
    return [row for row in rows if row.extension in _KEEPING and row.case in may]


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """Return the verdicts on the throughput that is kept, and on the processor's time."""
    target = "share of the throughput, coded anew"
    verdicts = [
        Verdict(target, row.case, row.kept, KEPT[row.case], remark=f"± {row.kept_error:.2f}")
        for row in rows
        if row.extension == STORELESS and row.case in KEPT
    ]
    for row in _keeping(rows):
        what = "siblings" if row.extension == SIBLINGS else "coded before"
        target = f"processor's time without a hook by that with it, {what}"
        remark = f"± {row.cpu_error:.3f}"
        verdicts.append(Verdict(target, row.case, row.cpu_kept, CPU_MUST, remark=remark))
    for row in _keeping(rows):
        if row.case in FILES:
            what = "siblings" if row.extension == SIBLINGS else "files coded before"
            target, remark = f"share of the throughput, {what}", f"± {row.kept_error:.2f}"
            verdicts.append(Verdict(target, row.case, row.kept, CPU_MUST, remark=remark))
    return verdicts


def describe(run: Run[Row]) -> Iterator[Table | str]:
    """Yield the tables and texts of a report."""
    rows = {(row.case, row.extension): row for row in run.rows}
    cases = list(dict.fromkeys(row.case for row in run.rows))
    names = [name for name in EXTENSIONS if any(row.extension == name for row in run.rows)]
    title = "Microseconds of the worker's processor a request, and that without a hook by it"
    headings = [NONE, *(heading for name in names[1:] for heading in (name, "kept", "±"))]
    table = Table(title, ["case"], headings)
    for case in cases:
        cells = []
        for name in names:
            row = rows.get((case, name))
            if row is None:
                cells += [""] if name == NONE else ["", "", ""]
            else:
                kept = [f"{row.cpu_kept:.3f}", f"{row.cpu_error:.3f}"]
                cells += [f"{row.cpu_us:,.0f}", *(kept if name != NONE else [])]
        table.add(case, *cells)
    yield table
    title = "Requests a second, and the share that is kept"
    headings = [NONE, "p99 ms"]
    headings += [heading for name in names[1:] for heading in (name, "kept", "p99 ms")]
    table = Table(title, ["case"], headings)
    for case in cases:
        cells = []
        for name in names:
            row = rows.get((case, name))
            if row is None:
                cells += ["", "", ""]
            else:
                kept = [] if name == NONE else [f"{row.kept:.2f}"]
                cells += [f"{row.requests_per_second:,.0f}", *kept, f"{row.p99_ms:.1f}"]
        table.add(case, *cells)
    yield table
    yield verdict_table(judge(run.rows))
    how = run.how
    yield (
        f"Processor: medians of short turns, interleaved for {how['cpu_seconds']} s a case, one"
        f" connection; ± is what chance makes of a ratio 19 times of 20. Throughput: medians of"
        f" {how['rounds']} interleaved rounds of {how['seconds']} s, load by"
        f" {how['generator']}, {how['connections']} connections, one worker with"
        f" {how['connections']} threads; its verdicts are as good as their ± is"
        f" small.\n{how['machine']}."
    )
