"""Compares what codes files ahead of time: ours, whitenoise's and servestatic's.

Each gets the same trees, each a copy of its own, and is run twice: the second time nothing has
changed. The bytes are those that a client gets for the whole tree which accepts one coding: of
the coded file where there is one, of the file itself where it was left out.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from bench.results import Report
from bench.results import Run
from bench.results import nobody
from bench.verdicts import Verdict
from bench.verdicts import verdict_table
from tools.kit.server import ROOT
from tools.kit.tables import Table
from tools.kit.usage import describe_machine

from .trees import TREES
from .trees import unpack

OURS, OURS_WITHOUT_ZSTD, WHITENOISE = "pyfastgz", "pyfastgz, br and gzip", "whitenoise"

TOOLS: dict[str, tuple[str, ...]] = {
    OURS: ("-m", "pyfastgz", "static"),
    OURS_WITHOUT_ZSTD: ("-m", "pyfastgz", "static", "--codings", "br,gzip"),
    WHITENOISE: ("-m", "whitenoise.compress", "--quiet"),
    "servestatic": ("-m", "bench.static.servestatic_command", "--quiet"),
}
"""What is run, by name: the arguments of Python before that of the folder."""

SUFFIXES = {"gzip": (".gz",), "br": (".br",), "zstd": (".zst", ".zstd")}
"""What the names of coded files end in, by coding."""

UNCHANGED_MUST = 1.0
"""How many seconds a run may take that finds 1,000 files unchanged."""

_MANY = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """What one of the tools did with one tree."""

    tree: str
    tool: str
    files: int  # how many the tree has
    in_nbytes: int  # how long they are
    first_seconds: float  # how long the first run took
    first_cpu_seconds: float  # what it took of all processors
    second_seconds: float  # the same of a second run
    second_cpu_seconds: float
    made: int  # how many coded files there are
    gzip_nbytes: int  # what a client gets that accepts this coding only
    br_nbytes: int
    zstd_nbytes: int


def measure(tree: str, tool: str, folder: Path) -> Row:
    """Run a tool twice on a tree, in an empty folder.

    :raises subprocess.CalledProcessError: it failed.
    """
    files = unpack(TREES[tree], folder)
    in_nbytes = sum(path.stat().st_size for path in files)
    first, second = _run(tool, folder), _run(tool, folder)
    coded = [
        path
        for path in folder.rglob("*")
        if path.suffix in {suffix for some in SUFFIXES.values() for suffix in some}
    ]
    sent = (_sent_nbytes(files, suffixes) for suffixes in SUFFIXES.values())
    return Row(tree, tool, len(files), in_nbytes, *first, *second, len(coded), *sent)


def _run(tool: str, folder: Path) -> tuple[float, float]:
    """Return the seconds that a tool takes, and what it takes of the processors."""
    command = [sys.executable, *TOOLS[tool], str(folder)]
    before, start = _cpu_seconds(), perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return round(perf_counter() - start, 3), round(_cpu_seconds() - before, 3)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _sent_nbytes(files: Sequence[Path], suffixes: Sequence[str]) -> int:
    total = 0
    for path in files:
        siblings = (path.with_name(path.name + suffix) for suffix in suffixes)
        sizes = [sibling.stat().st_size for sibling in siblings if sibling.exists()]
        total += min(sizes, default=path.stat().st_size)
    return total


def run(names: Sequence[str], *, report: Report = nobody) -> Run[Row]:
    """Return what all tools do with some trees."""
    versions = {name: version(name) for name in ("pyfastgz", WHITENOISE, "servestatic")}
    how = {"machine": describe_machine(), "versions": versions, "processors": os.cpu_count()}
    measured: Run[Row] = Run(how)
    jobs = [(tree, tool) for tree in names for tool in TOOLS]
    for number, (tree, tool) in enumerate(jobs):
        with tempfile.TemporaryDirectory() as folder:
            measured.rows.append(measure(tree, tool, Path(folder)))
        report("static", (number + 1) / len(jobs))
    return measured


def _by_tree(rows: Sequence[Row]) -> Mapping[str, dict[str, Row]]:
    trees: dict[str, dict[str, Row]] = {}
    for row in rows:
        trees.setdefault(row.tree, {})[row.tool] = row
    return trees


def nbytes_by_whitenoise(run: Run[Row]) -> list[float]:
    """Return the bytes that clients get of our trees by those of whitenoise's.

    For each tree, by gzip and by br.
    """
    trees = _by_tree(run.rows).values()
    return [
        getattr(of[OURS], name) / getattr(of[WHITENOISE], name)
        for of in trees
        for name in ("gzip_nbytes", "br_nbytes")
    ]


def unchanged_by_whitenoise(run: Run[Row]) -> list[float]:
    """Return what our second runs take of the processors by what whitenoise's take."""
    trees = _by_tree(run.rows).values()
    return [of[OURS].second_cpu_seconds / of[WHITENOISE].second_cpu_seconds for of in trees]


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """Return the verdicts on runs that find nothing changed in many files."""
    target = "seconds of a second run, nothing changed"
    return [
        Verdict(target, row.tree, row.second_seconds, UNCHANGED_MUST, at_most=True)
        for row in rows
        if row.tool == OURS and row.files >= _MANY
    ]


def describe(run: Run[Row]) -> Iterator[Table | str]:
    """Yield the tables and texts of a report."""
    headings = ["first s", "processor s", "second s", "processor s", "coded files"]
    headings += [f"{coding} bytes" for coding in SUFFIXES]
    for tree, of in _by_tree(run.rows).items():
        any_row = next(iter(of.values()))
        title = f"{tree}: {any_row.files:,} files of {any_row.in_nbytes:,} bytes"
        table = Table(title, ["command"], headings)
        for tool, row in of.items():
            first = (row.first_seconds, row.first_cpu_seconds)
            second = (row.second_seconds, row.second_cpu_seconds)
            sent = (row.gzip_nbytes, row.br_nbytes, row.zstd_nbytes)
            table.add(
                tool,
                *(f"{took:.2f}" for took in (*first, *second)),
                f"{row.made:,}",
                *("" if nbytes == row.in_nbytes else f"{nbytes:,}" for nbytes in sent),
            )
        yield table
    yield verdict_table(judge(run.rows))
    versions = ", ".join(f"{name} {number}" for name, number in run.how["versions"].items())
    yield (
        "The bytes are what a client that accepts this one coding gets for all files."
        " whitenoise makes br and gzip; servestatic makes zstd besides from Python 3.14 on, and"
        f" was given the same module for older ones.\n{versions}.\n{run.how['machine']}."
    )
