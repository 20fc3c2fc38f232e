"""Serve, fetch everything in every coding, compare, and show what it took.

Exits with status 1 and names the path and the coding as soon as anything differs.
"""

from __future__ import annotations

import gzip
import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

import pyfastgz

from . import app
from .checks import CODINGS
from .checks import RESOURCES
from .checks import CheckError
from .checks import Resource
from .checks import check_answer
from .checks import check_event_stream
from .checks import check_revalidation
from .checks import fetch
from .server import running

# What the application is configured with: Flask-Compress's defaults.
LEVELS = {"gzip": 6, "deflate": -1, "zstd": 3, "br": 4}
ROUNDS = 7


def fastest(functions: list[Callable[[], bytes]]) -> list[float]:
    """Return the least time of each function in microseconds, all of them taken in turns."""
    best = [float("inf")] * len(functions)
    for _ in range(ROUNDS):
        for i, function in enumerate(functions):
            start = time.perf_counter()
            function()
            best[i] = min(best[i], time.perf_counter() - start)
    return [seconds * 1e6 for seconds in best]


def add_rows(table: Table, port: int, resource: Resource) -> int:
    """Check one resource in every coding, add what came to the table, and count answers."""
    body = fetch(port, resource.path, "identity").body
    count = 1
    sizes = {}
    for coding in CODINGS:
        try:
            answer = fetch(port, resource.path, coding)
            check_answer(resource, coding, answer, body)
            count += 1 + check_revalidation(port, resource, coding, answer)
        except CheckError as error:
            raise CheckError(f"{resource.path} as {coding}: {error}") from error
        sizes[coding] = len(answer.body)
    if not resource.is_coded:
        table.add_row(resource.kind, resource.path, f"{len(body):,}", "identity", f"{len(body):,}")
        return count

    functions: list[Callable[[], bytes]] = [
        lambda coding=coding: pyfastgz.compress(body, coding, level=LEVELS[coding])
        for coding in CODINGS
    ]
    *times, gzip_time = fastest([*functions, lambda: gzip.compress(body, 6)])
    gzip_nbytes = len(gzip.compress(body, 6))
    for coding, spent in zip(CODINGS, times, strict=True):
        is_first = coding == CODINGS[0]
        table.add_row(
            resource.kind if is_first else "",
            resource.path if is_first else "",
            f"{len(body):,}" if is_first else "",
            coding,
            f"{sizes[coding]:,}",
            f"{len(body) / sizes[coding]:.2f}",
            f"{spent:,.0f}",
            f"{gzip_nbytes:,}" if is_first else "",
            f"{len(body) / gzip_nbytes:.2f}" if is_first else "",
            f"{gzip_time:,.0f}" if is_first else "",
            f"{gzip_time / spent:.1f}x",
            end_section=coding == CODINGS[-1],
        )
    return count


def add_event_rows(table: Table, port: int) -> int:
    """Read the event stream in every coding, add what it took to the table, and count."""
    nbytes = sum(len(app.event(number)) for number in range(app.NEVENTS))
    for coding in ("identity", *CODINGS):
        try:
            wire_nbytes = check_event_stream(port, coding)
        except CheckError as error:
            raise CheckError(f"/events as {coding}: {error}") from error
        is_first = coding == "identity"
        table.add_row(
            "events" if is_first else "",
            f"/events ({app.NEVENTS})" if is_first else "",
            f"{nbytes:,}" if is_first else "",
            coding,
            f"{wire_nbytes:,}",
            f"{nbytes / wire_nbytes:.2f}",
        )
    return 1 + len(CODINGS)


def main() -> int:
    """Run the demonstration and return its exit status."""
    table = Table(title=f"pyfastgz {pyfastgz.__version__}, and gzip.compress(body, 6) beside it")
    for name in ("type", "path"):
        table.add_column(name, no_wrap=True)
    for name in ("bytes", "coding", "on the wire", "ratio", "µs", "gzip 6", "ratio", "µs", "speed"):
        table.add_column(name, justify="left" if name == "coding" else "right", no_wrap=True)
    count = 0
    try:
        with running() as port:
            for resource in RESOURCES:
                count += add_rows(table, port, resource)
            count += add_event_rows(table, port)
    except (CheckError, RuntimeError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    # Without a terminal nothing says how wide it is.
    console = Console() if sys.stdout.isatty() else Console(width=120)
    console.print(table)
    console.print(f"{count} responses checked: every body decoded to what the application made.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
