"""Measures what memory the kept bodies take, in a process that does nothing else.

``python -m bench.hook.memory BODIES`` sends so many different bodies through an application,
each twice, which is when a body is kept. At ten times on the way it prints as JSON what the
process has grown by.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass

from flask import Flask
from flask import Response

import pyfastgz
from bench.results import Report
from bench.results import Run
from bench.results import nobody
from bench.verdicts import Verdict
from bench.verdicts import verdict_table
from pyfastgz.policy.table import DEFAULTS
from tools.kit import usage
from tools.kit.server import ROOT
from tools.kit.tables import Table

from .application import Case
from .application import make_page
from .calls import wsgi_sender

BODIES = 100_000
"""How many different bodies there are, unless told otherwise."""

BOUND_NBYTES: int = DEFAULTS["COMPRESS_STORE_BYTES"]
"""What the store may take, in bytes."""

GROWN_MUST, FLAT_MUST = 1.25, 1.05
"""What the process may grow by, by that bound; and at the end, by what it was at the bound."""

_SAMPLES = 10
_LEAST_NBYTES, _SPREAD_NBYTES, _STEP = 1000, 15_000, 7919  # so that lengths differ
_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """What a process has grown to."""

    bodies: int  # how many different bodies it has sent so far
    grown_nbytes: int  # its resident memory, less what it was before
    kept_nbytes: int  # what the store itself counts
    entries: int  # how many bodies are kept


def run(*, bodies: int = BODIES, report: Report = nobody) -> Run[Row]:
    """Return what a process of its own grows to with so many different bodies."""
    command = [sys.executable, "-m", "bench.hook.memory", str(bodies)]
    measured: Run[Row] = Run({"machine": usage.describe_machine(), "bound": BOUND_NBYTES})
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            measured.rows.append(Row(**json.loads(line)))
            report("memory", measured.rows[-1].bodies / bodies)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return measured


def _measure_here(bodies: int) -> Iterator[Row]:
    app, compress = Flask(__name__), pyfastgz.Compress()
    compress.init_app(app)
    body = b""
    app.add_url_rule("/page/0", view_func=lambda: Response(body, mimetype="text/html"))
    page = make_page(0)
    send = wsgi_sender(app, Case("a body", "page", "gzip", "gzip"))

    def send_twice(number: int) -> None:
        nonlocal body
        nbytes = _LEAST_NBYTES + number * _STEP % _SPREAD_NBYTES
        start = number % (len(page) - nbytes)
        body = b"%d%b" % (number, page[start : start + nbytes])
        for _ in range(2):
            send("/page/0")

    # What the first requests make for those after them is not of the store.
    for number in range(-20, 0):
        send_twice(number)
    before = usage.resident_nbytes()
    for number in range(bodies):
        send_twice(number)
        if (number + 1) % (bodies // _SAMPLES) == 0:
            with app.app_context():
                store = compress.stats().store
            grown = usage.resident_nbytes() - before
            yield Row(number + 1, grown, store.nbytes, store.entries)


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """Return the verdicts on the memory when the store is full."""
    full = [row for row in rows if row.kept_nbytes > 0.9 * BOUND_NBYTES]
    if len(full) < 2:
        return []
    first, last = full[0], full[-1]
    where = f"{last.bodies:,} bodies"
    grown, flat = last.grown_nbytes / BOUND_NBYTES, last.grown_nbytes / first.grown_nbytes
    remark = f"then {first.bodies:,} bodies"
    return [
        Verdict("memory of the process by the bound", where, grown, GROWN_MUST, at_most=True),
        Verdict(
            "memory by that when the store was full first",
            where,
            flat,
            FLAT_MUST,
            at_most=True,
            remark=remark,
        ),
    ]


def describe(run: Run[Row]) -> Iterator[Table | str]:
    """Yield the tables and texts of a report."""
    bound = f"{run.how['bound'] / _MB:,.0f} MB"
    title = (
        f"MB that different bodies, each sent twice, make a process grow by; the bound: {bound}"
    )
    table = Table(title, ["bodies"], ["grown", "counted by the store", "bodies kept"])
    for row in run.rows:
        mb = (f"{nbytes / _MB:.1f}" for nbytes in (row.grown_nbytes, row.kept_nbytes))
        table.add(f"{row.bodies:,}", *mb, f"{row.entries:,}")
    yield table
    yield verdict_table(judge(run.rows))
    yield f"{run.how['machine']}."


if __name__ == "__main__":
    for row in _measure_here(int(sys.argv[1])):
        print(json.dumps(asdict(row)), flush=True)
