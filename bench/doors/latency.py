"""Compares how long small answers take while long ones are coded, behind uvicorn.

One client asks for 5 MB of JSON again and again, another one for a small answer meanwhile. They
share a machine with the server's event loop and its threads, so long answers are asked for at a
low rate, at which the processors are seldom all busy. Beside middleware stand the same small
answers while nothing long is asked for, while the same is sent without middleware, and while it
is sent as it was coded beforehand: what is on the wire then is about the same as with
middleware, and all that is missing is the coding.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median
from statistics import quantiles
from time import perf_counter
from time import sleep

from bench.ratios import in_pairs
from bench.ratios import middle
from bench.results import Report
from bench.results import Run
from bench.results import nobody
from bench.verdicts import Verdict
from bench.verdicts import verdict_table
from bench.worker import Connection
from tools.kit.client import fetch
from tools.kit.decoders import decode
from tools.kit.server import ROOT
from tools.kit.server import serving
from tools.kit.tables import Table
from tools.kit.turns import in_turns
from tools.kit.usage import describe_machine

from .asgi import CONTENDERS
from .asking import INTERVAL_SECONDS
from .big import CODERS
from .big import PATHS
from .big import SMALL
from .big import STREAM
from .big import WHOLE
from .big import ready_path
from .contenders import NONE
from .contenders import OURS
from .contenders import OWN
from .mounted import ENDS_WITH
from .mounted import mount
from .mounted import uvicorn_command

ROUNDS, SECONDS = 8, 2
"""How many rounds there are, unless told otherwise, and how many seconds each turn takes."""

LONG_INTERVAL_SECONDS = 0.2
"""The time between requests for long answers, or more where one takes longer."""

IDLE, READY = "nothing long", "coded beforehand"
"""What small answers are beside, other than contenders."""

MUST = 1.5
"""What the 99th percentile may be with ours, by that of the same without the coding."""

_PACKAGES = "uvicorn", "uvloop", "httptools"


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked for."""

    how: str  # one of PATHS
    coding: str  # the coding that all must choose

    @property
    def name(self) -> str:
        """Its name for commands and tables."""
        return f"5 MB {self.how}, {self.coding}"

    @property
    def paths(self) -> dict[str, str | None]:
        """Where each contender has its long answer, None for none."""
        plain = PATHS[self.how]
        paths = {
            IDLE: None,
            READY: f"{mount(NONE)}{ready_path(self.how, self.coding)}",
            NONE: f"{mount(NONE)}{plain}",
        }
        return paths | {
            name: f"{mount(name)}{plain}"
            for name, contender in CONTENDERS.items()
            if name != NONE and contender.can(self.coding, OWN)
        }


CASES = {
    case.name: case
    for case in (
        *(Case(WHOLE, coding) for coding in CODERS),
        Case(STREAM, "gzip"),
    )
}
"""Every case by name."""


@dataclass(frozen=True, slots=True)
class Row:
    """How long small answers took, beside long ones."""

    case: str
    beside: str  # what was asked for: IDLE, READY, NONE, or with middleware
    p50_ms: float  # the median, that of the rounds
    p99_ms: float  # the 99th percentile, the median of the rounds
    most_ms: float  # the longest of all
    by_plain: float  # the 99th percentile by that beside NONE, the median of the rounds
    plain_error: float  # of that median
    by_ready: float  # the same beside READY
    ready_error: float
    long_ms: float  # the median time that a long answer took, 0 if there was none


def check(port: int, case: Case) -> None:
    """Check that a server codes as it should.

    :raises ValueError: it does not.
    """
    lengths = set()
    for name, path in case.paths.items():
        if path is None:
            continue
        answer = fetch(port, path, fields={"Accept-Encoding": case.coding})
        coding = answer.field("Content-Encoding")
        if coding != (None if name == NONE else case.coding):
            raise ValueError(f"{name} answers {case.name} with {coding}")
        lengths.add(len(decode(coding, answer.body)))
    if len(lengths) != 1:
        raise ValueError(f"not all say the same to {case.name}")


def turn_of(
    port: int, path: str | None, coding: str, small: str, seconds: float
) -> Callable[[int], tuple[list[float], list[float]]]:
    """Return what measures once: the milliseconds of small answers, and of long ones."""
    rounds = 0

    def turn(number: int) -> tuple[list[float], list[float]]:
        nonlocal rounds
        rounds += 1
        arguments = (str(port), small, str(seconds), str(rounds))
        command = [sys.executable, "-m", "bench.doors.asking", *arguments]
        took = []
        with (
            closing(Connection(port)) as connection,
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as client,
        ):
            while path is not None and client.poll() is None:
                start = perf_counter()
                connection.get(path, coding)
                seconds_taken = perf_counter() - start
                took.append(1000 * seconds_taken)
                sleep(max(0.0, LONG_INTERVAL_SECONDS - seconds_taken))
            printed, _ = client.communicate()
        if client.returncode != 0:
            raise subprocess.CalledProcessError(client.returncode, command)
        return json.loads(printed), took

    return turn


def measure(port: int, case: Case, rounds: int, seconds: float) -> list[Row]:
    """Return how long small answers take beside each contender, measured in turns."""
    turns = {}
    for name, path in case.paths.items():
        small = f"{mount(name if name in CONTENDERS else NONE)}{SMALL}"
        turns[name] = turn_of(port, path, case.coding, small, seconds)
    measured = {name: of for name, (of,) in in_turns(turns, rounds=rounds).items()}
    p99 = {name: [_p99(small) for small, _ in of] for name, of in measured.items()}
    rows = []
    for name, of in measured.items():
        long = [ms for _, some in of for ms in some]
        figures = (
            median(median(small) for small, _ in of),
            median(p99[name]),
            max(max(small) for small, _ in of),
            *middle(in_pairs(p99[name], p99[NONE])),
            *middle(in_pairs(p99[name], p99[READY])),
            median(long) if long else 0.0,
        )
        rows.append(Row(case.name, name, *(round(figure, 3) for figure in figures)))
    return rows


def _p99(values: Sequence[float]) -> float:
    return quantiles(values, n=100)[98]


def run(
    names: Sequence[str],
    *,
    rounds: int = ROUNDS,
    seconds: int = SECONDS,
    report: Report = nobody,
) -> Run[Row]:
    """Return how long small answers take in some cases.

    :raises ValueError: a server does not code as it should.
    """
    how = {"machine": describe_machine(), "rounds": rounds, "seconds": seconds}
    how |= {"versions": {name: version(name) for name in _PACKAGES}}
    measured: Run[Row] = Run(how)
    command = uvicorn_command("bench.doors.big:create_app")
    with serving(command, ends_with=ENDS_WITH) as port:
        for number, name in enumerate(names):
            check(port, CASES[name])
            measured.rows += measure(port, CASES[name], rounds, seconds)
            report("doors-latency", (number + 1) / len(names))
    return measured


def p99_by_plain(run: Run[Row]) -> list[float]:
    """Return the 99th percentile beside ours by that beside answers that are not coded."""
    return [row.by_plain for row in run.rows if row.beside == OURS]


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """Return the verdicts on small answers beside ours."""
    verdicts = []
    for row in rows:
        if row.beside == OURS:
            for base, share, error in (
                ("uncoded ones", row.by_plain, row.plain_error),
                ("ones coded beforehand", row.by_ready, row.ready_error),
            ):
                target = f"p99 of small answers by that beside {base}"
                remark = f"± {error:.2f}"
                verdicts.append(
                    Verdict(target, row.case, share, MUST, at_most=True, remark=remark)
                )
    return verdicts


def describe(run: Run[Row]) -> Iterator[Table | str]:
    """Yield the tables and texts of a report."""
    title = "Milliseconds that small answers take beside long ones"
    headings = ["p50", "p99", "most", "p99 by uncoded", "±", "p99 by coded before", "±"]
    headings.append("a long one")
    table = Table(title, ["case", "beside"], headings)
    for row in run.rows:
        figures = (row.p50_ms, row.p99_ms, row.most_ms, row.by_plain, row.plain_error)
        cells = (f"{figure:.2f}" for figure in (*figures, row.by_ready, row.ready_error))
        table.add(row.case, row.beside, *cells, f"{row.long_ms:.0f}" if row.long_ms else "")
    yield table
    yield verdict_table(judge(run.rows))
    how = run.how
    versions = ", ".join(f"{name} {number}" for name, number in how["versions"].items())
    yield (
        f"Medians of {how['rounds']} interleaved rounds of {how['seconds']} s. A small request"
        f" each {1000 * INTERVAL_SECONDS:.0f} ms on the average, whatever the answers take; a"
        f" long one each {1000 * LONG_INTERVAL_SECONDS:.0f} ms, or as soon as the one before is"
        f" there. ± is what chance makes of a ratio 19 times of 20."
        f"\n{versions}.\n{how['machine']}."
    )
