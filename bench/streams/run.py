"""Compares what open streams take: memory, time and bytes at each flush, and threads.

10,000 streams of each coder are opened, each coder in a process of its own; then all coders
flush events in turns; then bodies are coded with one thread and with two.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from bench.corpus import load
from bench.results import Report
from bench.results import Run
from bench.results import nobody
from bench.verdicts import Verdict
from bench.verdicts import verdict_table
from tools.kit.documents.events import make_events
from tools.kit.tables import Table
from tools.kit.usage import available_processors
from tools.kit.usage import describe_machine

from . import coders
from . import memory
from . import threads

REFERENCE = "zlib 6"
"""The coder that the others are compared with: what Python programs use unless told not to."""

SMALL_STREAM, DEFAULT_STREAM = "pyfastgz gzip 6 small", "pyfastgz gzip 6"
"""What event streams and what other streams get unless told otherwise."""

_EVENT_COUNTS = {100: 1000, 300: 500, 1024: 200}
_CHUNK_NBYTES = 16 * 1024
_IDLE_LOAD = 0.5
_NOT_OPENED = ("zlib 6 partial", "zlib 1", "isal 1", "zlib-ng 6")
_JUDGED = f"Flushed events of {memory.EVENT_NBYTES} bytes"

Runs = dict[str, Run[Any]]  # of memory, of chunks and of threads


def run(streams: int, rounds: int, *, report: Report = nobody) -> Runs:
    """Return what streams take.

    :param streams: how many are opened.
    """
    how = {"machine": describe_machine(), "load_before": os.getloadavg()[0]}
    documents = load()
    everyone = list(coders.coders().values())
    runs: Runs = {name: Run(how) for name in ("memory", "chunks", "threads")}
    opened = [coder.name for coder in everyone if coder.name not in _NOT_OPENED]
    for number, name in enumerate(opened):
        runs["memory"].rows.append(memory.measure_memory(name, streams))
        report("memory", (number + 1) / len(opened))
    chunks = {
        f"Flushed events of {nbytes} bytes": make_events(count, nbytes)
        for nbytes, count in _EVENT_COUNTS.items()
    }
    # The pieces of the largest document that is not yet a megabyte.
    body = max((d.body for d in documents if len(d.body) < 1 << 20), key=len)
    pieces = [body[at : at + _CHUNK_NBYTES] for at in range(0, len(body), _CHUNK_NBYTES)]
    chunks[f"Chunks of {_CHUNK_NBYTES:,} bytes, not flushed"] = pieces
    for what, some in chunks.items():
        flushed = some is not pieces
        runs["chunks"].rows += coders.measure_chunks(
            what, everyone, some, flushed=flushed, rounds=rounds
        )
    if available_processors() > 1:
        runs["threads"].rows += threads.measure_threads(documents, max(3, rounds // 5))
    return runs


def judge_memory(rows: Sequence[memory.Row]) -> list[Verdict]:
    """Return the verdicts on the memory of streams that flushed ten events."""
    kb = {row.coder: row.ten_events_nbytes / 1024 for row in rows}
    limits = ((SMALL_STREAM, 64, 48), (DEFAULT_STREAM, 256, None))
    what = "KB an open stream"
    return [
        Verdict(what, name, kb[name], must, aim, at_most=True) for name, must, aim in limits
    ]


def judge_chunks(rows: Sequence[coders.Row]) -> list[Verdict]:
    """Return the verdicts on the costs of flushed events of 100 bytes."""
    by_name = {row.coder: row for row in rows if row.chunks == _JUDGED}
    theirs = by_name[REFERENCE]
    verdicts = []
    for name in (SMALL_STREAM, DEFAULT_STREAM):
        time = by_name[name].least_ns / theirs.least_ns
        nbytes = by_name[name].nbytes / theirs.nbytes
        what = f"time of a flush by {REFERENCE}'s"
        verdicts.append(Verdict(what, name, time, 1 / 2, 1 / 4, at_most=True))
        verdicts.append(Verdict(f"bytes by {REFERENCE}'s", name, nbytes, 1.0, at_most=True))
    return verdicts


def judge_threads(rows: Sequence[threads.Row]) -> list[Verdict]:
    """Return the verdict on our worst gain by a second thread in each encoder of ours."""
    verdicts = []
    for name in sorted({row.encoder for row in rows if row.encoder.startswith("pyfastgz")}):
        worst = min((row for row in rows if row.encoder == name), key=lambda row: row.factor)
        what = "work of two threads by that of one"
        verdicts.append(Verdict(what, name, worst.factor, 1.8, remark=worst.size_class))
    return verdicts


def describe(runs: Runs) -> Iterator[Table | str]:
    """Yield the tables and texts of a report."""
    title = f"Resident memory an open stream, KB; events of {memory.EVENT_NBYTES} bytes"
    table = Table(title, ["coder"], ["streams", "after 1 event", "after 10"])
    for row in runs["memory"].rows:
        nbytes = (row.one_event_nbytes, row.ten_events_nbytes)
        table.add(row.coder, f"{row.streams:,}", *(f"{n / 1024:,.1f}" for n in nbytes))
    yield table

    rows = runs["chunks"].rows
    for what in dict.fromkeys(row.chunks for row in rows):
        some = {row.coder: row for row in rows if row.chunks == what}
        table = Table(what, ["coder"], ["least µs", "median µs", f"{REFERENCE} = 1", "bytes"])
        for name, row in some.items():
            us = (f"{ns / 1000:,.2f}" for ns in (row.least_ns, row.median_ns))
            share = row.least_ns / some[REFERENCE].least_ns
            table.add(name, *us, f"{share:.3f}", f"{row.nbytes:,.1f}")
        yield table

    verdicts = judge_memory(runs["memory"].rows) + judge_chunks(rows)
    rows, load_before = runs["threads"].rows, runs["threads"].how["load_before"]
    names = list(dict.fromkeys(row.encoder for row in rows))
    table = Table("Two threads against one", ["size"], names)
    for size_class in dict.fromkeys(row.size_class for row in rows):
        factors = {row.encoder: row.factor for row in rows if row.size_class == size_class}
        table.add(size_class, *(f"{factors[name]:.2f} x" for name in names))
    if not rows:
        yield "There is one processor only: threads are not compared."
    else:
        yield table
    if load_before > _IDLE_LOAD:
        yield f"Load average {load_before:.1f}: two threads are shown, but not judged."
    else:
        verdicts += judge_threads(rows)
    yield verdict_table(verdicts)
    yield f"{runs['memory'].how['machine']}."
