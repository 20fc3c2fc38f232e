"""Compares a server with a CPU budget and one without, asked for twice what it can do.

Each has one worker of gunicorn. First it is found out how many pages one without a budget sends
in a second, and what coding takes of the processor then. The budget is a part of that. Both run
all the time from then on, have their turns of load, and are asked for twice as many pages.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.results import Report
from bench.results import Run
from bench.results import nobody
from tools.kit.client import fetch
from tools.kit.load import LoadError
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.tables import Table
from tools.kit.turns import in_turns
from tools.kit.usage import available_processors
from tools.kit.usage import describe_machine

CODINGS = ("gzip", "br", "zstd")
"""The codings that are compared, each at its default level."""

PART = 4
"""The budget is this part of what coding takes without one, a quarter."""

ROUNDS, SECONDS = 3, 6
"""How many rounds there are, and how long each load is, unless told otherwise."""

WARM_SECONDS = 6
"""How long a server has the same load before that, so that no bucket is full any more."""

CONNECTIONS, THREADS = 64, 4
"""How many requests may be on their way at a time, and how many the worker answers."""

_PACED = Path(__file__).with_name("paced.lua")
_OVERLOAD = 2


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did in a turn."""

    requests_per_second: float
    p99_ms: float
    response_nbytes: float  # of a response, its fields too
    cpu_us: float  # what a response took of the processor, all of it
    cores: float  # how much of the processor coding took; 0 where it is not measured
    steps: tuple[int, ...]  # how many responses had each step; without a budget nothing


@dataclass(frozen=True, slots=True)
class Row:
    """What a server did under a load: medians of the rounds."""

    coding: str
    budget: float  # cores; 0 for none
    offered: float  # how many pages it was asked for in a second
    requests_per_second: float
    p99_ms: float
    response_nbytes: float
    sent_per_second: float  # bytes
    cpu_us: float  # what a response took of the processor, all of it
    cores: float  # how much of the processor coding took; 0 where it is not measured
    coded: float  # the share of the responses that were coded


def run_wrk(port: int, rate: float, seconds: int) -> dict[str, Any]:
    """Ask a server for so many pages a second, 0 for as many as it sends.

    :raises LoadError: there is no wrk, or not every answer is as it should be.
    """
    if shutil.which("wrk") is None:
        raise LoadError("wrk is needed, which is a package of most systems")
    options = ["--threads=1", f"--connections={CONNECTIONS}", f"--duration={seconds}s"]
    options += ["--timeout=30s", "--header=Accept-Encoding: gzip, deflate, br, zstd"]
    options += [f"--script={_PACED}", f"http://127.0.0.1:{port}/", "--", f"{rate:f}"]
    done = subprocess.run(["wrk", *options], capture_output=True, text=True, check=False)
    found = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or len(found) != 1:
        raise LoadError(f"wrk prints:\n{done.stdout}{done.stderr}")
    told: dict[str, Any] = json.loads(found[0])
    if told["errors"] or not told["requests"]:
        raise LoadError(f"wrk tells of {told}")
    return told


def state_of(port: int) -> dict[str, Any]:
    """Return what a server tells of itself."""
    state: dict[str, Any] = json.loads(fetch(port, "/state").body)
    return state


def turn(port: int, rate: float, seconds: int, _: int) -> Load:
    """Return what a server does under a load that it has had for a while."""
    run_wrk(port, rate, WARM_SECONDS)
    before = state_of(port)
    told = run_wrk(port, rate, seconds)
    after = state_of(port)
    counts = [state["budget"].get("responses", []) for state in (before, after)]
    coding = [state["budget"].get("seconds", 0.0) for state in (before, after)]
    return Load(
        told["requests"] / told["seconds"],
        told["p99_ms"],
        told["nbytes"] / told["requests"],
        1e6 * (after["cpu"] - before["cpu"]) / told["requests"],
        (coding[1] - coding[0]) / told["seconds"],
        tuple(b - a for a, b in zip(*counts, strict=True)),
    )


def summarise(coding: str, offered: float, loads: Mapping[float, Sequence[Load]]) -> list[Row]:
    """Return what servers did under a load, by their budgets."""

    def middle(some: Sequence[Load], of: Callable[[Load], float]) -> float:
        return round(median(map(of, some)), 4)

    return [
        Row(
            coding,
            round(budget, 4),
            round(offered, 1),
            middle(some, lambda load: load.requests_per_second),
            middle(some, lambda load: load.p99_ms),
            middle(some, lambda load: load.response_nbytes),
            middle(some, lambda load: load.requests_per_second * load.response_nbytes),
            middle(some, lambda load: load.cpu_us),
            middle(some, lambda load: load.cores),
            middle(some, coded_share),
        )
        for budget, some in loads.items()
    ]


def coded_share(load: Load) -> float:
    """Return which share of the responses was coded: without a budget, all."""
    return 1 - load.steps[-1] / sum(load.steps) if sum(load.steps) else 1.0


def run(
    codings: Sequence[str],
    *,
    rounds: int = ROUNDS,
    seconds: int = SECONDS,
    report: Report = nobody,
) -> Run[Row]:
    """Return what servers did under twice the load that they can take."""
    how = {"machine": describe_machine(), "rounds": rounds, "seconds": seconds}
    how |= {"connections": CONNECTIONS, "threads": THREADS, "part": PART}
    measured: Run[Row] = Run(how)
    for number, coding in enumerate(codings):
        # Of a budget that nothing exhausts nothing is to be seen but what coding takes.
        with serving(_command(coding, available_processors())) as port:
            most = turn(port, 0, seconds, 0)
        offered, budget = _OVERLOAD * most.requests_per_second, most.cores / PART
        with ExitStack() as stack:
            ports = {
                cores: stack.enter_context(serving(_command(coding, cores or None)))
                for cores in (0.0, budget)
            }
            turns = {
                cores: partial(turn, port, offered, seconds) for cores, port in ports.items()
            }
            loads = {cores: of for cores, (of,) in in_turns(turns, rounds=rounds).items()}
        measured.rows += summarise(coding, offered, loads)
        report("budget", (number + 1) / len(codings))
    return measured


def _command(coding: str, cores: float | None) -> Callable[[int], list[str]]:
    application = f"bench.budget.application:create_app({coding!r}, {cores!r})"
    return gunicorn_command(application, threads=THREADS)


def describe(run: Run[Row]) -> Iterator[Table | str]:
    """Yield the table and the text of a report."""
    headings = ["asked for a second", "sent a second", "p99 ms", "KB each", "MB a second"]
    headings += ["CPU µs each", "cores for coding", "coded"]
    title = f"Twice the load that is too much without a budget; one of 1/{run.how['part']}"
    table = Table(f"{title} of what coding takes then", ["coding", "budget"], headings)
    for row in run.rows:
        figures = [f"{n:,.0f}" for n in (row.offered, row.requests_per_second, row.p99_ms)]
        figures += [f"{row.response_nbytes / 1e3:,.1f}", f"{row.sent_per_second / 1e6:,.1f}"]
        figures += [f"{row.cpu_us:,.0f}", f"{row.cores:.3f}" if row.cores else ""]
        budget = f"{row.budget:.3f}" if row.budget else "none"
        table.add(row.coding, budget, *figures, f"{row.coded:.0%}")
    yield table
    how = run.how
    yield (
        f"Medians of {how['rounds']} rounds in turns, {how['seconds']} s each after"
        f" {WARM_SECONDS} s of the same; wrk with {how['connections']} connections, a worker of"
        f" gunicorn with {how['threads']} threads.\n{how['machine']}."
    )
