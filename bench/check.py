"""Compares two commits, and fails where the newer one is slower.

``python -m bench.check BASE [NEW]`` builds both, times them in turns over the whole corpus, and
fails if in any size class any measured encoder, or the hook, takes over 5 % longer. ``NEW`` is
the commit that is checked out unless it is given. What seems slower is measured again before it
is called so.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any
from typing import NamedTuple

from rich.console import Console
from rich.progress import track

from . import check_worker
from .corpus import load
from .corpus_manifest import SIZE_CLASSES
from .printer import Printer

LIMIT = 1.05
"""The time that the newer commit may take, by that of the base."""

ROUNDS = 20
"""The number of rounds, and of more rounds for what seems slower."""

_ROOT = Path(__file__).resolve().parents[1]
_ENCODERS = (("gzip", 1), ("gzip", 6), ("zstd", 3))
_HOOK_CLASSES = list(SIZE_CLASSES)[:3]
_HOOK_ACCEPTS = ("gzip", "identity")


class Job(NamedTuple):
    """What is timed: a way to treat the documents of a size class."""

    size_class: str
    """The size class."""
    name: str
    """A content coding, or :data:`bench.check_worker.HOOK`."""
    argument: int | str
    """The level, or the Accept-Encoding."""


JOBS = [
    *(Job(size_class, *encoder) for size_class in SIZE_CLASSES for encoder in _ENCODERS),
    *(
        Job(size_class, check_worker.HOOK, accept)
        for size_class in _HOOK_CLASSES
        for accept in _HOOK_ACCEPTS
    ),
]
"""All that is timed."""


@dataclass(slots=True)
class Times:
    """What one commit did in one job."""

    least_ns: list[int] = field(default_factory=list)
    """The least time of each document, in nanoseconds."""
    nbytes: int = 0
    """The sum of the coded bytes; 0 where that is not looked at."""

    def add(self, times: list[int], nbytes: int) -> None:
        """Take in another round."""
        self.least_ns = [min(pair) for pair in zip(self.least_ns or times, times, strict=True)]
        self.nbytes = nbytes


Side = subprocess.Popen[str]
"""A running :mod:`bench.check_worker`."""


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
    folder = _ROOT / "build" / "check" / full
    if not any(folder.glob("pyfastgz/_core.*")):
        with tarfile.open(fileobj=io.BytesIO(_git("archive", full))) as archive:
            archive.extractall(folder, filter="data")
        fetched = _ROOT / "build" / "zstd"
        if fetched.exists():
            shutil.copytree(fetched, folder / "build" / "zstd", dirs_exist_ok=True)
        subprocess.run(
            [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"],
            cwd=folder,
            check=True,
        )
    return folder


def _git(*arguments: str) -> bytes:
    return subprocess.run(
        ["git", *arguments], cwd=_ROOT, stdout=subprocess.PIPE, check=True
    ).stdout


@contextmanager
def running(folder: Path, bodies: Path) -> Iterator[Side]:
    """Run a side while the block runs.

    :param folder: from :func:`build`.
    :param bodies: the file of bodies by size class.
    """
    with subprocess.Popen(
        [sys.executable, check_worker.__file__],
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as side:
        _ask(side, str(bodies))
        try:
            yield side
        finally:
            side.kill()


def _ask(side: Side, line: str) -> None:
    assert side.stdin is not None
    side.stdin.write(f"{line}\n")
    side.stdin.flush()


def time_job(side: Side, job: Job) -> tuple[list[int], int]:
    """Let a side do a job once; return its times in nanoseconds and its coded bytes.

    :raises RuntimeError: the side ended.
    """
    _ask(side, json.dumps(job))
    assert side.stdout is not None
    answer = side.stdout.readline()
    if not answer:
        raise RuntimeError("the worker ended; what it says of that is above")
    times, nbytes = json.loads(answer)
    return times, nbytes


def compare(base: Side, new: Side, jobs: list[Job]) -> dict[Job, tuple[Times, Times]]:
    """Return what both sides do in each job, timed in turns; a terminal shows how far it is."""
    results = {job: (Times(), Times()) for job in jobs}
    _run_rounds(base, new, results, "everything")
    doubtful = {job: pair for job, pair in results.items() if slowdown(*pair) > LIMIT}
    if doubtful:
        _run_rounds(base, new, doubtful, "in doubt")
    return results


def slowdown(base: Times, new: Times) -> float:
    """Return the time of the newer commit by that of the base."""
    return sum(new.least_ns) / sum(base.least_ns)


def _run_rounds(
    base: Side, new: Side, results: dict[Job, tuple[Times, Times]], what: str
) -> None:
    console = Console(stderr=True)
    for number in track(range(ROUNDS), what, console=console, disable=not console.is_terminal):
        for job, (of_base, of_new) in results.items():
            sides = [(base, of_base), (new, of_new)]
            for side, times in sides if number % 2 else reversed(sides):
                times.add(*time_job(side, job))


def print_results(results: dict[Job, tuple[Times, Times]]) -> list[Job]:
    """Print a table, and return the jobs in which the newer commit is slower."""
    printer = Printer()
    table = printer.start_table(
        "The newer commit against the base",
        ["size", "what"],
        ["base µs", "new µs", "time", "size"],
    )
    for job, (base, new) in results.items():
        count = len(base.least_ns)
        table.add_row(
            job.size_class,
            f"{job.name} {job.argument}",
            f"{sum(base.least_ns) / count / 1000:,.1f}",
            f"{sum(new.least_ns) / count / 1000:,.1f}",
            f"{slowdown(base, new):.3f}",
            f"{100 * (new.nbytes / base.nbytes - 1):+.2f} %" if base.nbytes else "",
        )
    printer.print_table(table)
    return [job for job, pair in results.items() if slowdown(*pair) > LIMIT]


def main(arguments: list[str] | None = None) -> None:
    """Compare two commits.

    :param arguments: the command line; None for the one of the process.
    :raises SystemExit: the newer one is slower; the message says where.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.check", description=__doc__)
    parser.add_argument("base", help="a commit")
    parser.add_argument("new", nargs="?", default="HEAD", help="another; default HEAD")
    options = parser.parse_args(arguments)
    try:
        folders = build(options.base), build(options.new)
    except ValueError as error:
        parser.error(str(error))

    bodies: dict[str, list[Any]] = {size_class: [] for size_class in SIZE_CLASSES}
    for document in load():
        bodies[document.size_class].append(document.body)
    file = _ROOT / "build" / "check" / "bodies.pickle"
    file.write_bytes(pickle.dumps(bodies))
    with ExitStack() as stack:
        base, new = (stack.enter_context(running(folder, file)) for folder in folders)
        results = compare(base, new, JOBS)
    slower = print_results(results)
    if slower:
        where = ", ".join(f"{job.name} {job.argument} {job.size_class}" for job in slower)
        raise SystemExit(f"over {100 * (LIMIT - 1):.0f} % slower: {where}")


if __name__ == "__main__":
    main()
