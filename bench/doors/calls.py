"""Compares what middleware adds to a response, in turns: others' and ours.

An application is called as a server calls it, with one without middleware beside it. What is
added is the least time of many short turns with middleware, less that without.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from statistics import fmean
from statistics import median
from typing import Any
from typing import NamedTuple

from bench.results import Report
from bench.results import Run
from bench.results import nobody
from bench.verdicts import Verdict
from bench.verdicts import verdict_table
from tools.kit.decoders import decode
from tools.kit.tables import Table
from tools.kit.turns import in_turns
from tools.kit.turns import stopwatch
from tools.kit.usage import describe_machine

from .asgi import STARLETTE
from .asgi import STARLETTE_COMPRESS
from .bodies import DOCUMENTS
from .cases import ALWAYS_NEW
from .cases import CASES
from .cases import DOORS
from .cases import UNCODED
from .cases import Case
from .contenders import EQUAL
from .contenders import LEVELS
from .contenders import NONE
from .contenders import OURS
from .contenders import OWN

ROUNDS = 40
"""The number of rounds unless told otherwise; each has a turn with every document."""

MUST = {STARLETTE_COMPRESS: {"gzip": 0.50, "zstd": 0.50}, STARLETTE: {"gzip": 0.35}}
"""What ours may add to a response by what another adds, by that and by coding; own levels."""

_SETTLING = 3
"""How often all is asked for beforehand: after two times what was sent is kept."""

_PACKAGES = (
    "pyfastgz",
    "starlette",
    "starlette-compress",
    "brotli-asgi",
    "Django",
    "django-http-compression",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What a response takes with middleware; each figure is the mean over the documents."""

    door: str
    body: str
    coding: str  # "" if nothing is coded
    state: str  # whether the body was sent before, "" if nothing is coded
    levels: str
    middleware: str
    least_us: float  # the least time of the rounds, in microseconds
    median_us: float  # the median time of the rounds, in microseconds
    nbytes: float  # how long the content is that is sent


class Place(NamedTuple):
    """What is the same for all that are compared."""

    door: str
    body: str
    coding: str
    state: str
    levels: str


def check(case: Case, apps: Mapping[str, Any]) -> dict[str, float]:
    """Return how long the content of the responses is, the mean over the documents.

    :param apps: by contender.
    :raises ValueError: one says something else than others, or does not code as it should.
    """
    receive = DOORS[case.door].receive
    nbytes: dict[str, list[int]] = {name: [] for name in apps}
    for path in case.paths:
        plain: dict[str, bytes] = {}
        for name, app in apps.items():
            received = receive(app, case.accept_encoding, path)
            case.check(name, received)
            plain[name] = decode(received.coding, received.content)
            nbytes[name].append(len(received.content))
        if case.state != ALWAYS_NEW and len(set(plain.values())) != 1:
            raise ValueError(f"not all say the same to {case.name}")
    return {name: fmean(some) for name, some in nbytes.items()}


def measure(case: Case, rounds: int) -> list[Row]:
    """Return what a case takes with each contender, measured in turns.

    :raises ValueError: one does not answer as it should.
    """
    door = DOORS[case.door]
    app = door.create()
    apps = {name: door.contenders[name].around(app, case.levels) for name in case.contenders}
    nbytes = check(case, apps)
    fetchers = {name: door.fetcher(app, case.accept_encoding) for name, app in apps.items()}
    for fetch in fetchers.values():
        for path in _SETTLING * case.paths:
            fetch(path)
    turns = {name: stopwatch(fetch, case.paths) for name, fetch in fetchers.items()}
    apart = DOCUMENTS // len(turns)
    rows = []
    for name, times in in_turns(turns, DOCUMENTS, rounds=rounds, apart=apart).items():
        us = [fmean(map(of_all, times)) / 1000 for of_all in (min, median)]
        place = Place(case.door, case.body, case.coding or "", case.state, case.levels)
        rows.append(Row(*place, name, *(round(figure, 3) for figure in (*us, nbytes[name]))))
    return rows


def run(cases: Sequence[str], *, rounds: int = ROUNDS, report: Report = nobody) -> Run[Row]:
    """Return what responses of some cases take, with all that can answer them."""
    versions = {name: version(name) for name in _PACKAGES}
    measured: Run[Row] = Run(
        {"machine": describe_machine(), "rounds": rounds, "versions": versions}
    )
    for number, name in enumerate(cases):
        measured.rows += measure(CASES[name], rounds)
        report("doors", (number + 1) / len(cases))
    return measured


def _by_place(rows: Sequence[Row]) -> dict[Place, dict[str, Row]]:
    places: dict[Place, dict[str, Row]] = {}
    for row in rows:
        place = Place(row.door, row.body, row.coding, row.state, row.levels)
        places.setdefault(place, {})[row.middleware] = row
    return places


def added(rows: Sequence[Row]) -> dict[Place, dict[str, float]]:
    """Return how many microseconds middleware adds to a response, least against least."""
    return {
        place: {
            name: row.least_us - of[NONE].least_us for name, row in of.items() if name != NONE
        }
        for place, of in _by_place(rows).items()
    }


def own(rows: Sequence[Row], rival: str) -> dict[Place, dict[str, float]]:
    """Return the part of :func:`added` that a rival codes, too, at their own levels."""
    return {
        place: us
        for place, us in added(rows).items()
        if place.levels == OWN and place.state != UNCODED and rival in us
    }


def times_by(rival: str, state: str, run: Run[Row]) -> list[float]:
    """Return what ours adds by what a rival adds, each at its own levels.

    :param state: whether the bodies were sent before.
    """
    places = own(run.rows, rival).items()
    return [us[OURS] / us[rival] for place, us in places if place.state == state]


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """Return the verdicts on what ours may add."""
    return [
        Verdict(
            f"added by what {rival} adds",
            ", ".join(place[:4]),
            us[OURS] / us[rival],
            must[place.coding],
            at_most=True,
        )
        for rival, must in MUST.items()
        for place, us in own(rows, rival).items()
        if place.coding in must
    ]


def describe(run: Run[Row]) -> Iterator[Table | str]:
    """Yield the tables and texts of a report."""
    for door in DOORS:
        for levels in (OWN, EQUAL):
            rows = [row for row in run.rows if (row.door, row.levels) == (door, levels)]
            yield from _describe_added(door, levels, [row for row in rows if row.coding])
            yield from _describe_nbytes(
                door, levels, [row for row in rows if row.state == ALWAYS_NEW]
            )
            yield from _describe_uncoded(door, [row for row in rows if row.state == UNCODED])
    yield verdict_table(judge(run.rows))
    own = "; ".join(
        f"{name}: {', '.join(f'{coding} {level}' for coding, level in contender.own.items())}"
        for door in DOORS.values()
        for name, contender in door.contenders.items()
        if contender.own
    )
    equal = ", ".join(f"{coding} {level}" for coding, level in LEVELS.items())
    versions = ", ".join(f"{name} {number}" for name, number in run.how["versions"].items())
    yield (
        f"The least of {run.how['rounds']} interleaved rounds; the mean of {DOCUMENTS}"
        f" documents. Own levels: {own}. Equal levels: {equal}.\n"
        f"{versions}.\n{run.how['machine']}."
    )


def _names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.middleware for row in rows if row.middleware != NONE))


def _describe_added(door: str, levels: str, rows: Sequence[Row]) -> Iterator[Table]:
    names = _names(rows)
    title = f"Microseconds that middleware adds, {door}, {levels}, and ours by it"
    others = [name for name in names if name != OURS]
    headings = [NONE, OURS, *(heading for name in others for heading in (name, "by it"))]
    table = Table(title, ["body", "coding", "state"], headings)
    least = _by_place(rows)
    for place, us in added(rows).items():
        cells = [f"{least[place][NONE].least_us:,.1f}", f"{us[OURS]:,.1f}"]
        for name in others:
            known = name in us
            cells += [f"{us[name]:,.1f}", f"{us[OURS] / us[name]:.2f}"] if known else ["", ""]
        table.add(place.body, place.coding, place.state, *cells)
    if table.rows:
        yield table


def _describe_uncoded(door: str, rows: Sequence[Row]) -> Iterator[Table]:
    names = _names(rows)
    title = f"Microseconds that middleware adds to what is not coded, {door}"
    table = Table(title, ["response"], [NONE, *names])
    least = _by_place(rows)
    for place, us in added(rows).items():
        cells = (f"{us[name]:,.1f}" if name in us else "" for name in names)
        table.add(place.body, f"{least[place][NONE].least_us:,.1f}", *cells)
    if table.rows:
        yield table


def _describe_nbytes(door: str, levels: str, rows: Sequence[Row]) -> Iterator[Table]:
    names = _names(rows)
    table = Table(
        f"Bytes of what is sent, {door}, {levels}", ["body", "coding"], [NONE, *names]
    )
    for place, of in _by_place(rows).items():
        cells = (f"{of[name].nbytes:,.0f}" if name in of else "" for name in (NONE, *names))
        table.add(place.body, place.coding, *cells)
    if table.rows:
        yield table
