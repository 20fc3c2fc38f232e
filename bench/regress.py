"""Compares two commits: builds both, and times them in turns over the whole corpus.

In every size class each encoder, and the hook, of the newer one may take 5 % longer. What seems
slower is measured again before it is called so.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import ExitStack
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tools.kit.server import ROOT
from tools.kit.tables import Table
from tools.kit.turns import in_turns

from . import regress_worker
from .corpus import SIZE_CLASSES
from .corpus import load
from .results import Report
from .results import nobody

LIMIT, ROUNDS = 1.05, 20
"""The time that the newer commit may take, by that of the base; the rounds, and those more."""

Side = subprocess.Popen[str]  # a running bench.regress_worker


class Job(NamedTuple):
    """A way to treat the documents of a size class."""

    size_class: str
    name: str  # a content coding, or one of the hooks of regress_worker
    argument: int | str  # the level, or the Accept-Encoding


class Times(NamedTuple):
    """What one commit did in one job: the least time of each document, and the coded bytes."""

    least_ns: list[int]
    nbytes: int


Results = dict[Job, tuple[Times, Times]]  # what the base and the newer commit did

_CODED = [("gzip", 1), ("gzip", 6), ("zstd", 3)]
_HOOKED = [
    (regress_worker.HOOK, "gzip"),
    (regress_worker.HOOK, "identity"),
    (regress_worker.KEEPING_HOOK, "gzip"),
]
JOBS = [Job(size_class, *what) for size_class in SIZE_CLASSES for what in _CODED]
JOBS += [Job(size_class, *what) for size_class in list(SIZE_CLASSES)[:3] for what in _HOOKED]
# What is kept is compared byte by byte: that shows in longer bodies.
JOBS += [Job("16-128K", regress_worker.KEEPING_HOOK, "gzip")]


def build(commit: str) -> Path:
    """Return the folder with a commit's package, built; what is there already is kept.

    :raises ValueError: there is no such commit.
    :raises subprocess.CalledProcessError: it does not build.
    """
    try:
        name = _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    except subprocess.CalledProcessError:
        raise ValueError(f"{commit!r} is no commit") from None
    full = name.decode("ascii").strip()
    folder = ROOT / "build" / "check" / full
    if not any(folder.glob("pyfastgz/_core.*")):
        with tarfile.open(fileobj=io.BytesIO(_git("archive", full))) as archive:
            archive.extractall(folder, filter="data")
        fetched = ROOT / "build" / "zstd"
        if fetched.exists():
            shutil.copytree(fetched, folder / "build" / "zstd", dirs_exist_ok=True)
        command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
        subprocess.run(command, cwd=folder, check=True)
    return folder


def _git(*arguments: str) -> bytes:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout


@contextmanager
def running(folder: Path, bodies: Path) -> Iterator[Side]:
    """Run a side while the block runs, given its folder and the file of bodies."""
    command = [sys.executable, regress_worker.__file__]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as side:
        print(bodies, file=side.stdin, flush=True)
        try:
            yield side
        finally:
            side.kill()


def time_job(side: Side, job: Job) -> Times:
    """Let a side do a job once.

    :raises RuntimeError: the side ended.
    """
    print(json.dumps(job), file=side.stdin, flush=True)
    assert side.stdout is not None
    answer = side.stdout.readline()
    if not answer:
        raise RuntimeError("the worker ended; what it says of that is above")
    return Times(*json.loads(answer))


def compare(base: Side, new: Side, jobs: Sequence[Job], *, report: Report = nobody) -> Results:
    """Return what both sides do in each job, timed in turns."""

    def measure(what: str, some: Sequence[Job]) -> dict[Job, list[list[Times]]]:
        sides = {
            "base": lambda number: time_job(base, some[number]),
            "new": lambda number: time_job(new, some[number]),
        }
        share = partial(report, what)
        of = in_turns(sides, len(some), rounds=ROUNDS, together=True, report=share)
        return {job: [of[side][number] for side in sides] for number, job in enumerate(some)}

    rounds = measure("everything", jobs)
    results = {job: (least(of[0]), least(of[1])) for job, of in rounds.items()}
    if doubtful := find_slower(results):
        for job, more in measure("in doubt", doubtful).items():
            first, second = (least(a + b) for a, b in zip(rounds[job], more, strict=True))
            results[job] = first, second
    return results


def least(rounds: Sequence[Times]) -> Times:
    """Return for each document the least time of all rounds."""
    return Times(list(map(min, *(times.least_ns for times in rounds))), rounds[0].nbytes)


def slowdown(base: Times, new: Times) -> float:
    """Return the time of the newer commit by that of the base."""
    return sum(new.least_ns) / sum(base.least_ns)


def find_slower(results: Results) -> list[Job]:
    """Return the jobs in which the newer commit is slower than it may be."""
    return [job for job, pair in results.items() if slowdown(*pair) > LIMIT]


def run(base: str, new: str, *, report: Report = nobody) -> Results:
    """Return what two commits do.

    :raises ValueError: there is no such commit.
    """
    folders = build(base), build(new)
    bodies: dict[str, list[bytes]] = {size_class: [] for size_class in SIZE_CLASSES}
    for document in load():
        bodies[document.size_class].append(document.body)
    file = ROOT / "build" / "check" / "bodies.pickle"
    file.write_bytes(pickle.dumps(bodies))
    with ExitStack() as stack:
        first, second = (stack.enter_context(running(folder, file)) for folder in folders)
        return compare(first, second, JOBS, report=report)


def describe(results: Results) -> Table:
    """Return a table of what both did."""
    headings = ["base µs", "new µs", "time", "size"]
    table = Table("The newer commit against the base", ["size", "what"], headings)
    for job, (base, new) in results.items():
        us = (f"{sum(t.least_ns) / len(t.least_ns) / 1000:,.1f}" for t in (base, new))
        size = f"{100 * (new.nbytes / base.nbytes - 1):+.2f} %" if base.nbytes else ""
        what = f"{job.name} {job.argument}"
        table.add(job.size_class, what, *us, f"{slowdown(base, new):.3f}", size)
    return table
