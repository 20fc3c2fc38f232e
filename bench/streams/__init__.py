"""Compares what open streams take: memory, time and bytes at each flush, and threads.

10,000 streams of each coder are opened, each coder in a process of its own; then all coders
flush events in turns; then bodies are coded with one thread and with two.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from bench.corpus import Document
from bench.corpus import load
from bench.results import Run
from bench.results import describe_machine
from bench.verdicts import Verdict
from bench.verdicts import verdict_table
from tools.kit.documents.events import make_events
from tools.kit.tables import Table

from . import coders
from . import memory
from . import threads

REFERENCE = "zlib 6"
"""The coder that the others are compared with: what Python programs use unless told not to."""

SMALL_STREAM = "pyfastgz gzip 6 small"
"""What event streams get unless told otherwise."""

DEFAULT_STREAM = "pyfastgz gzip 6"
"""What other streams get."""

_EVENT_COUNTS = {100: 1000, 300: 500, 1024: 200}
_CHUNK_NBYTES = 16 * 1024
_IDLE_LOAD = 0.5
_NOT_OPENED = ("zlib 6 partial", "zlib 1", "isal 1", "zlib-ng 6")
_JUDGED = f"Flushed events of {memory.EVENT_NBYTES} bytes"

Runs = dict[str, Run[Any]]
"""What was measured: of memory, of chunks and of threads."""


def run(
    streams: int,
    rounds: int,
    *,
    report: Callable[[str, float], object] = lambda what, share: None,
) -> Runs:
    """Return what streams take.

    :param streams: how many are opened.
    :param report: is told which share of a part is done.
    """
    how = {"machine": describe_machine(), "load_before": os.getloadavg()[0]}
    documents = load()
    everyone = list(coders.coders().values())
    runs: Runs = {name: Run(how) for name in ("memory", "chunks", "threads")}
    opened = [coder.name for coder in everyone if coder.name not in _NOT_OPENED]
    for number, name in enumerate(opened):
        runs["memory"].rows.append(memory.measure_memory(name, streams))
        report("memory", (number + 1) / len(opened))
    for nbytes, count in _EVENT_COUNTS.items():
        what, events = f"Flushed events of {nbytes} bytes", make_events(count, nbytes)
        runs["chunks"].rows += coders.measure_chunks(
            what, everyone, events, flushed=True, rounds=rounds
        )
    runs["chunks"].rows += coders.measure_chunks(
        f"Chunks of {_CHUNK_NBYTES:,} bytes, not flushed",
        everyone,
        _chunks(documents),
        flushed=False,
        rounds=rounds,
    )
    if threads.processors() > 1:
        runs["threads"].rows += threads.measure_threads(documents, max(3, rounds // 5))
    return runs


def judge_memory(rows: Sequence[memory.Row]) -> list[Verdict]:
    """Return the verdicts on the memory of streams that flushed ten events."""
    nbytes = {row.coder: row.ten_events_nbytes for row in rows}
    return [
        Verdict(
            target="KB an open stream",
            where=name,
            measured=nbytes[name] / 1024,
            must=limit,
            at_most=True,
        )
        for name, limit in ((SMALL_STREAM, 64), (DEFAULT_STREAM, 256))
    ]


def judge_chunks(rows: Sequence[coders.Row]) -> list[Verdict]:
    """Return the verdicts on the costs of flushed events of 100 bytes."""
    by_name = {row.coder: row for row in rows if row.chunks == _JUDGED}
    theirs = by_name[REFERENCE]
    verdicts = []
    for name in (SMALL_STREAM, DEFAULT_STREAM):
        ours = by_name[name]
        time, nbytes = ours.least_ns / theirs.least_ns, ours.nbytes / theirs.nbytes
        verdicts += [
            Verdict(
                target=f"time of a flush by {REFERENCE}'s",
                where=name,
                measured=time,
                must=1 / 3,
                aim=1 / 6,
                at_most=True,
            ),
            Verdict(
                target=f"bytes by {REFERENCE}'s",
                where=name,
                measured=nbytes,
                must=1.0,
                at_most=True,
            ),
        ]
    return verdicts


def judge_threads(rows: Sequence[threads.Row]) -> list[Verdict]:
    """Return the verdict on our worst gain by a second thread in each encoder of ours."""
    verdicts = []
    for name in sorted({row.encoder for row in rows if row.encoder.startswith("pyfastgz")}):
        worst = min((row for row in rows if row.encoder == name), key=lambda row: row.factor)
        verdicts.append(
            Verdict(
                target="work of two threads by that of one",
                where=name,
                measured=worst.factor,
                must=1.8,
                remark=worst.size_class,
            )
        )
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
            table.add(
                name,
                f"{row.least_ns / 1000:,.2f}",
                f"{row.median_ns / 1000:,.2f}",
                f"{row.least_ns / some[REFERENCE].least_ns:.3f}",
                f"{row.nbytes:,.1f}",
            )
        yield table

    verdicts = judge_memory(runs["memory"].rows) + judge_chunks(rows)
    rows = runs["threads"].rows
    if rows:
        names = list(dict.fromkeys(row.encoder for row in rows))
        table = Table("Two threads against one", ["size"], names)
        for size_class in dict.fromkeys(row.size_class for row in rows):
            factors = {row.encoder: row.factor for row in rows if row.size_class == size_class}
            table.add(size_class, *(f"{factors[name]:.2f} x" for name in names))
        yield table
        load_before = runs["threads"].how["load_before"]
        if load_before <= _IDLE_LOAD:
            verdicts += judge_threads(rows)
        else:
            yield f"Load average {load_before:.1f}: two threads are shown, but not judged."
    else:
        yield "There is one processor only: threads are not compared."
    yield verdict_table(verdicts)
    yield f"{runs['memory'].how['machine']}."


def _chunks(documents: Sequence[Document]) -> list[bytes]:
    """Return the pieces of the largest document that is not yet a megabyte."""
    body = max((d.body for d in documents if len(d.body) < 1 << 20), key=len)
    return [body[at : at + _CHUNK_NBYTES] for at in range(0, len(body), _CHUNK_NBYTES)]
