"""Compares what open streams take: memory, time and bytes at each flush, and threads.

``python -m bench.bench_streams`` opens 10,000 streams of each coder, each coder in a process of
its own; then flushes events with all coders in turn; then codes bodies with one thread and with
two. ``--json FILE`` also writes the figures down.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

from .corpus import Document
from .corpus import load
from .machine import describe_machine
from .printer import Printer
from .stream_coders import coders
from .stream_events import make_events
from .stream_flush import Cost
from .stream_flush import measure_costs
from .stream_memory import EVENT_NBYTES
from .stream_memory import Memory
from .stream_memory import measure_memory
from .stream_threads import Speedup
from .stream_threads import measure_speedups
from .stream_threads import processors
from .verdicts import Verdict
from .verdicts import print_verdicts

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


def judge_memory(memories: list[Memory]) -> list[Verdict]:
    """Return the verdicts on the memory of streams that flushed ten events."""
    nbytes = {memory.name: memory.ten_events_nbytes for memory in memories}
    return [
        Verdict(
            f"{name}: at most {limit} KB an open stream",
            f"{nbytes[name] / 1024:.1f} KB",
            nbytes[name] <= limit * 1024,
        )
        for name, limit in ((SMALL_STREAM, 64), (DEFAULT_STREAM, 256))
    ]


def judge_flushes(costs: list[Cost]) -> list[Verdict]:
    """Return the verdicts on the costs of flushed events of 100 bytes."""
    by_name = {cost.name: cost for cost in costs}
    theirs = by_name[REFERENCE]
    verdicts = []
    for name in (SMALL_STREAM, DEFAULT_STREAM):
        ours = by_name[name]
        share = ours.min_ns / theirs.min_ns
        verdicts += [
            Verdict(
                f"{name}: a flush in at most 1/3 of {REFERENCE}'s time, aim 1/6",
                f"1/{1 / share:.1f}",
                share <= 1 / 3,
            ),
            Verdict(
                f"{name}: fewer bytes than {REFERENCE}",
                f"{ours.nbytes:.1f} for {theirs.nbytes:.1f}",
                ours.nbytes < theirs.nbytes,
            ),
        ]
    return verdicts


def judge_speedups(speedups: list[Speedup]) -> list[Verdict]:
    """Return the verdict on our worst gain by a second thread in each encoder of ours."""
    verdicts = []
    for name in sorted({s.name for s in speedups if s.name.startswith("pyfastgz")}):
        worst = min((s for s in speedups if s.name == name), key=lambda s: s.factor)
        verdicts.append(
            Verdict(
                f"{name}: two threads do at least 1.8 times as much as one",
                f"{worst.factor:.2f} at {worst.size_class}",
                worst.factor >= 1.8,
            )
        )
    return verdicts


def _print_memories(memories: list[Memory], printer: Printer) -> None:
    table = printer.start_table(
        f"Resident memory an open stream, KB; events of {EVENT_NBYTES} bytes",
        ["coder"],
        ["streams", "after 1 event", "after 10"],
    )
    for memory in memories:
        table.add_row(
            memory.name,
            f"{memory.streams:,}",
            f"{memory.one_event_nbytes / 1024:,.1f}",
            f"{memory.ten_events_nbytes / 1024:,.1f}",
        )
    printer.print_table(table)


def _print_costs(title: str, costs: list[Cost], printer: Printer) -> None:
    headings = ["min µs", "median µs", f"{REFERENCE} = 1", "bytes"]
    table = printer.start_table(title, ["coder"], headings)
    reference = next(cost for cost in costs if cost.name == REFERENCE)
    for cost in costs:
        table.add_row(
            cost.name,
            f"{cost.min_ns / 1000:,.2f}",
            f"{cost.median_ns / 1000:,.2f}",
            f"{cost.min_ns / reference.min_ns:.3f}",
            f"{cost.nbytes:,.1f}",
        )
    printer.print_table(table)


def _print_speedups(speedups: list[Speedup], printer: Printer) -> None:
    names = list(dict.fromkeys(speedup.name for speedup in speedups))
    table = printer.start_table("Two threads against one", ["size"], names)
    for size_class in dict.fromkeys(speedup.size_class for speedup in speedups):
        row = {s.name: f"{s.factor:.2f} x" for s in speedups if s.size_class == size_class}
        table.add_row(size_class, *(row[name] for name in names))
    printer.print_table(table)


def _chunks(documents: list[Document]) -> list[bytes]:
    """Return the pieces of the largest document that is not yet a megabyte."""
    body = max((d.body for d in documents if len(d.body) < 1 << 20), key=len)
    return [body[at : at + _CHUNK_NBYTES] for at in range(0, len(body), _CHUNK_NBYTES)]


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.bench_streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=10_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=25, metavar="N", help="default 25")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    arguments = parser.parse_args()
    printer = Printer(markdown=arguments.markdown)
    load_before = os.getloadavg()[0]
    documents = load()
    everyone = coders()

    memories = [
        measure_memory(name, arguments.streams) for name in everyone if name not in _NOT_OPENED
    ]
    _print_memories(memories, printer)
    for memory in memories:
        if memory.streams < arguments.streams:
            printer.print_text(f"{memory.name}: memory for {memory.streams:,} streams only.")

    costs = {}
    for nbytes, count in _EVENT_COUNTS.items():
        what = f"Flushed events of {nbytes} bytes"
        events = make_events(count, nbytes)
        costs[what] = measure_costs(
            list(everyone.values()), events, flushed=True, rounds=arguments.rounds
        )
    costs[f"Chunks of {_CHUNK_NBYTES:,} bytes, not flushed"] = measure_costs(
        list(everyone.values()), _chunks(documents), flushed=False, rounds=arguments.rounds
    )
    for what, some in costs.items():
        _print_costs(what, some, printer)

    verdicts = judge_memory(memories)
    verdicts += judge_flushes(costs[f"Flushed events of {EVENT_NBYTES} bytes"])
    speedups: list[Speedup] = []
    if processors() > 1:
        speedups = measure_speedups(documents, max(3, arguments.rounds // 5))
        _print_speedups(speedups, printer)
        if load_before <= _IDLE_LOAD:
            verdicts += judge_speedups(speedups)
        else:
            printer.print_text(
                f"Load average {load_before:.1f}: two threads are shown, but not judged."
            )
    else:
        printer.print_text("There is one processor only: threads are not compared.")
    print_verdicts(verdicts, printer)
    printer.print_text(", ".join(describe_machine().values()) + ".")
    if arguments.json:
        figures = {
            "machine": describe_machine(),
            "load_before": load_before,
            "memory": [asdict(memory) for memory in memories],
            "costs": {what: [asdict(cost) for cost in some] for what, some in costs.items()},
            "threads": [asdict(speedup) for speedup in speedups],
            "verdicts": [asdict(verdict) for verdict in verdicts],
        }
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    _main()
