"""What a server takes and answers in some cases, by what its application has around it.

What a request takes of its processor is measured with one connection, what it answers in a
second under load with several.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tools.kit.load import Generator
from tools.kit.load import Load
from tools.kit.tables import Table
from tools.kit.turns import in_turns

from . import worker
from .ratios import in_pairs
from .ratios import middle

CONNECTIONS = 8
"""How many requests are on their way at a time, under load."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a server did in one case with one extension, or one kind of middleware."""

    case: str
    extension: str
    requests_per_second: float  # the median of the rounds of load
    p99_ms: float  # the same
    kept: float  # the median of the throughput by that of the base, in the same rounds
    kept_error: float  # of that median
    cpu_us: float  # the median of the processor's time a request, in microseconds
    cpu_kept: float  # the median of that of the base by this, pair by pair
    cpu_error: float  # of that median


def load(
    generate: Generator,
    port: int,
    paths: Mapping[str, str],
    accept_encoding: str,
    *,
    rounds: int,
    seconds: int,
) -> dict[str, list[Load]]:
    """Return what a server did under load, by extension: in turns, what each round gave."""

    def turn_of(path: str) -> Callable[[int], Load]:
        return lambda number: generate(port, path, accept_encoding, seconds, CONNECTIONS)

    turns = {extension: turn_of(path) for extension, path in paths.items()}
    return {name: of for name, (of,) in in_turns(turns, rounds=rounds).items()}


def summarise(
    case: str,
    base: str,
    loads: Mapping[str, Sequence[Load]],
    cpu: Sequence[Mapping[str, list[float]]],
) -> list[Row]:
    """Return what a server did in a case.

    :param base: what all are compared with.
    :param loads: what was measured in each round of load, by extension.
    :param cpu: the microseconds of the processor in each turn, by extension, of all and then
        of some of them.
    """
    rates = {name: [load.requests_per_second for load in of] for name, of in loads.items()}
    shares = worker.shares(cpu, base)
    rows = []
    for name, some in loads.items():
        kept = middle(in_pairs(rates[name], rates[base]))
        load_medians = median(rates[name]), median([load.p99_ms for load in some])
        figures = (*load_medians, *kept, median(cpu[0][name]), *shares[name])
        rows.append(Row(case, name, *(round(figure, 4) for figure in figures)))
    return rows


def tables(rows: Sequence[Row], names: Sequence[str], without: str) -> Iterator[Table]:
    """Yield a table of the processor's time, and one of the throughput.

    :param names: the extensions in the order of the columns, what all are compared with first.
    :param without: what is said of that, such as ``"without a hook"``.
    """
    base, *others = [name for name in names if any(row.extension == name for row in rows)]
    cases = dict.fromkeys(row.case for row in rows)
    found = {(row.case, row.extension): row for row in rows}
    title = f"Microseconds of the worker's processor a request, and that {without} by it"
    headings = [base, *(heading for name in others for heading in (name, "kept", "±"))]
    table = Table(title, ["case"], headings)
    for case in cases:
        cells = []
        for name in (base, *others):
            row = found.get((case, name))
            cells.append(f"{row.cpu_us:,.0f}" if row else "")
            if name != base:
                cells += [f"{row.cpu_kept:.3f}", f"{row.cpu_error:.3f}"] if row else ["", ""]
        table.add(case, *cells)
    yield table
    headings = [base, "p99 ms"]
    headings += [heading for name in others for heading in (name, "kept", "p99 ms")]
    table = Table("Requests a second, and the share that is kept", ["case"], headings)
    for case in cases:
        cells = []
        for name in (base, *others):
            row = found.get((case, name))
            cells.append(f"{row.requests_per_second:,.0f}" if row else "")
            if name != base:
                cells.append(f"{row.kept:.2f}" if row else "")
            cells.append(f"{row.p99_ms:.1f}" if row else "")
        table.add(case, *cells)
    yield table
