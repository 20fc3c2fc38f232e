"""Compares what a server takes and answers: with no hook, with Flask-Compress's, with ours.

All applications run in one worker of gunicorn. What a request takes of its processor is
measured with one connection, what it answers in a second under load with several.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import PurePosixPath

from bench import worker
from bench.results import Report
from bench.results import Run
from bench.results import nobody
from bench.served import CONNECTIONS
from bench.served import Row
from bench.served import load
from bench.served import summarise
from bench.served import tables
from bench.verdicts import Verdict
from bench.verdicts import verdict_table
from pyfastgz.coding import CODINGS
from tools.kit.client import fetch
from tools.kit.load import find_generator
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.tables import Table
from tools.kit.usage import describe_machine

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
            loads = load(
                generate, port, paths, case.accept_encoding, rounds=rounds, seconds=seconds
            )
            measured.rows += summarise(name, NONE, loads, cpu)
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
    yield from tables(run.rows, list(EXTENSIONS), "without a hook")
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
