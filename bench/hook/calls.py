"""Compares what hooks add to a response: none, Flask-Compress's and ours, in turns.

Ours is there twice: without its store it codes every body anew, with it those that it has not
coded before. What is not coded at all, for want of a coding that the client accepts, stands
beside both.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import fmean
from statistics import median
from typing import Any
from typing import TypeVar

from flask import Flask
from werkzeug.test import create_environ
from werkzeug.test import run_wsgi_app

from bench.ratios import in_pairs
from bench.ratios import middle
from bench.results import Report
from bench.results import Run
from bench.results import nobody
from bench.verdicts import Verdict
from bench.verdicts import verdict_table
from tools.kit.decoders import decode
from tools.kit.tables import Table
from tools.kit.turns import in_turns
from tools.kit.turns import stopwatch
from tools.kit.turns import swept
from tools.kit.usage import describe_machine

from .application import CASES
from .application import DOCUMENTS
from .application import EXTENSIONS
from .application import NONE
from .application import OURS
from .application import RIVAL
from .application import STORELESS
from .application import Case
from .application import create_app

ROUNDS = 300
"""The number of rounds unless told otherwise; there are fewer for long bodies."""

UNCODED = "pyfastgz, not coded"
"""A request to the application with ours, from a client that accepts no coding."""

MUST = {
    "not eligible": 0.35,
    "below minimum size": 0.40,
    "no acceptable coding": 0.60,
    "2 KB JSON, gzip": 0.40,
    "2 KB JSON, zstd": 0.40,
    "streamed 1 MB, zstd": 1.0,
    "event stream, gzip": 1.0,
}
"""What we may add to a request by what Flask-Compress adds, by case; every body coded anew."""

AIM = {"2 KB JSON, gzip": 0.35, "2 KB JSON, zstd": 0.35}
"""What we should rather add, by case."""

SWEPT_MUST = 0.7
"""The same for any case, with caches swept."""

KEPT_US = {"12 KB JSON": 10.0, "182 KB HTML": 40.0}
"""What a body coded before may take longer than one not coded, in microseconds, by document."""

KEPT_SHARE = {"182 KB HTML": 1 / 20}
"""The same by what coding it takes."""

NEW_MUST = 1.02
"""What a request whose body is always new may take, by the same without a store."""

_T = TypeVar("_T")

Send = Callable[[str], object]  # fetches the document of a path


@dataclass(frozen=True, slots=True)
class Row:
    """What a request takes in an application; each figure is the mean over the documents."""

    case: str
    way: str
    extension: str
    least_us: float  # the least time of the rounds, in microseconds
    median_us: float  # the median time of the rounds, in microseconds
    share: float  # its times by those of the case's first contender: median of the pairs
    error: float  # of that median


def wsgi_sender(app: Flask, case: Case) -> Send:
    """Return what calls the application as a server does, and drops the body."""
    environs = {path: _environ(case, path) for path in case.paths}

    def start_response(*_: object) -> Callable[[bytes], object]:
        return lambda written: None

    def send(path: str) -> None:
        body = app.wsgi_app(dict(environs[path]), start_response)
        try:
            for _ in body:
                pass
        finally:
            body.close()  # type: ignore[attr-defined]

    return send


def client_sender(app: Flask, case: Case) -> Send:
    """Return what fetches a document with Flask's test client."""
    client = app.test_client()
    fields = {"Accept-Encoding": case.accept_encoding}

    def send(path: str) -> None:
        with client.get(path, headers=fields) as response:
            for _ in response.iter_encoded():
                pass

    return send


SWEPT = "WSGI with caches swept"
"""The bare call when other work has been through the caches, as on a server."""

WAYS: dict[str, Callable[[Flask, Case], Send]] = {
    "WSGI": wsgi_sender,
    SWEPT: wsgi_sender,
    "test client": client_sender,
}
"""Ways to send a request to an application, by name."""


def check(case: Case, apps: dict[str, Flask]) -> None:
    """Check that applications say the same, and code it as they should.

    :param apps: by extension; those that are no contenders are left alone.
    :raises ValueError: one says something else, or codes what it must not, or the reverse.
    """
    contenders = [(name, app) for name, app in apps.items() if name in case.contenders]
    for path in case.paths:
        plain: bytes | None = None
        for extension, app in contenders:
            chunks, status, fields = run_wsgi_app(app, _environ(case, path))
            coding = fields.get("Content-Encoding")
            case.check_coding(extension, coding)
            body = decode(coding, b"".join(chunks))
            plain = body if plain is None else plain
            if status != "200 OK" or body != plain:
                raise ValueError(f"{extension} does not say what others say to {case.name}")


def measure(case: Case, way: str, apps: dict[str, Flask], rounds: int) -> list[Row]:
    """Return what a case costs with each extension, measured in turns.

    :param apps: by extension.
    """
    senders = {name: WAYS[way](apps[name], case) for name in case.contenders}
    if STORELESS in senders and NONE in senders:
        senders[UNCODED] = WAYS[way](apps[OURS], case.uncoded)
    for send in senders.values():
        for path in case.paths:
            send(path)
    # As far from each other as can be: who comes to a document just after another finds that
    # the processor has it by heart.
    step = DOCUMENTS // len(senders)
    shifts = {name: number * (step - 1) for number, name in enumerate(senders)}
    turns = {n: stopwatch(send, _rotated(case.paths, shifts[n])) for n, send in senders.items()}
    if way == SWEPT:
        turns = {extension: swept(turn) for extension, turn in turns.items()}
    rows = []
    measured = {
        name: _rotated(times, -shifts[name])
        for name, times in in_turns(turns, DOCUMENTS, rounds=rounds).items()
    }
    base = measured[case.contenders[0]]
    for name, times in measured.items():
        us = (fmean(map(of_all, times)) / 1000 for of_all in (min, median))
        pairs = (in_pairs(some, first) for some, first in zip(times, base, strict=True))
        figures = (*us, *middle(list(chain.from_iterable(pairs))))
        rows.append(Row(case.name, way, name, *(round(figure, 4) for figure in figures)))
    return rows


def run(cases: Sequence[str], *, rounds: int = ROUNDS, report: Report = nobody) -> Run[Row]:
    """Return what requests of some cases take, by every way."""
    apps = {extension: create_app(extension) for extension in EXTENSIONS}
    measured: Run[Row] = Run({"machine": describe_machine(), "rounds": rounds})
    for number, name in enumerate(cases):
        case = CASES[name]
        check(case, apps)
        for way in WAYS:
            measured.rows += measure(case, way, apps, max(1, rounds // case.weight))
        report("hook", (number + 1) / len(cases))
    return measured


def added(rows: Sequence[Row], way: str) -> dict[str, dict[str, float]]:
    """Return how many microseconds extensions add to a request, least against least.

    What a request takes without any hook stands beside it. Cases that are not measured without
    one are left out.

    :return: by case and extension.
    """
    least: dict[str, dict[str, float]] = {}
    for row in rows:
        if row.way == way:
            least.setdefault(row.case, {})[row.extension] = row.least_us
    return {
        case: {name: us if name == NONE else us - by_name[NONE] for name, us in by_name.items()}
        for case, by_name in least.items()
        if NONE in by_name
    }


def anew(us: Mapping[str, float]) -> float:
    """Return what ours adds when it codes every body anew, of what all add to a case."""
    return us.get(STORELESS, us[OURS])


def kept(rows: Sequence[Row], way: str) -> dict[str, dict[str, float]]:
    """Return the part of :func:`added` whose bodies can be kept."""
    return {case: us for case, us in added(rows, way).items() if UNCODED in us}


def times_by_rival(run: Run[Row]) -> list[float]:
    """Return what ours adds to a request by what Flask-Compress adds, every body coded anew."""
    return [anew(us) / us[RIVAL] for us in added(run.rows, "WSGI").values()]


def kept_times_by_rival(run: Run[Row]) -> list[float]:
    """Return what ours adds by what Flask-Compress adds, the body coded before."""
    return [us[OURS] / us[RIVAL] for us in kept(run.rows, "WSGI").values()]


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """Return the verdicts on what the hook may add, by the bare WSGI call, hot and swept."""
    hot = {name: anew(us) / us[RIVAL] for name, us in added(rows, "WSGI").items()}
    swept = {name: anew(us) / us[RIVAL] for name, us in added(rows, SWEPT).items()}
    target = f"added by what {RIVAL} adds"
    return [
        *(
            Verdict(target, name, share, MUST[name], AIM.get(name), at_most=True)
            for name, share in hot.items()
            if name in MUST
        ),
        *(
            Verdict(f"{target}, with caches swept", name, share, SWEPT_MUST, at_most=True)
            for name, share in swept.items()
        ),
        *_judge_kept(rows),
        *_judge_new(rows),
    ]


def _judge_kept(rows: Sequence[Row]) -> Iterator[Verdict]:
    for case, us in kept(rows, "WSGI").items():
        document, _, _ = case.partition(",")
        more, coding = us[OURS] - us[UNCODED], us[STORELESS] - us[UNCODED]
        if document in KEPT_US:
            target = "microseconds more than not coded, coded before"
            yield Verdict(target, case, more, KEPT_US[document], at_most=True)
        if document in KEPT_SHARE:
            target, share = "the same by what coding it takes", more / coding
            yield Verdict(target, case, share, KEPT_SHARE[document], at_most=True)


def _judge_new(rows: Sequence[Row]) -> Iterator[Verdict]:
    for row in _always_new(rows):
        if row.way in {"WSGI", SWEPT}:
            target = f"time with a store by that without, {row.way}"
            remark = f"± {row.error:.3f}"
            yield Verdict(target, row.case, row.share, NEW_MUST, at_most=True, remark=remark)


def _always_new(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of ours in cases that have no other contender."""
    measured = {row.case for row in rows if row.extension == NONE}
    return [row for row in rows if row.case not in measured and row.extension == OURS]


def describe(run: Run[Row]) -> Iterator[Table | str]:
    """Yield the tables and texts of a report."""
    ways = list(dict.fromkeys(row.way for row in run.rows))
    for way in ways:
        title = f"Microseconds a request takes without a hook, by {way}, and what hooks add"
        table = Table(title, ["case"], [NONE, f"{RIVAL} adds", f"{OURS} adds", "share"])
        for case, us in added(run.rows, way).items():
            cells = (f"{took:,.1f}" for took in (us[NONE], us[RIVAL], anew(us)))
            table.add(case, *cells, f"{anew(us) / us[RIVAL]:.2f}")
        if table.rows:
            yield table
    yield from _describe_kept(run.rows, ways)
    yield from _describe_new(run.rows)
    yield verdict_table(judge(run.rows))
    yield (
        f"The least of {run.how['rounds']} interleaved rounds, fewer for long bodies; the mean"
        f" of {DOCUMENTS} documents. In the first tables ours codes every body anew: its store"
        f" is off.\n{run.how['machine']}."
    )


def _describe_kept(rows: Sequence[Row], ways: Sequence[str]) -> Iterator[Table]:
    headings = [
        "not coded",
        f"{RIVAL} adds",
        f"{OURS} adds",
        "more than not coded",
        "by coding",
    ]
    for way in ways:
        title = f"What hooks add to a body that was coded before, in microseconds, by {way}"
        table = Table(title, ["case"], headings)
        for case, us in kept(rows, way).items():
            more, coding = us[OURS] - us[UNCODED], us[STORELESS] - us[UNCODED]
            cells = (f"{took:,.1f}" for took in (us[UNCODED], us[RIVAL], us[OURS], more))
            table.add(case, *cells, f"{more / coding:.3f}")
        if table.rows:
            yield table


def _describe_new(rows: Sequence[Row]) -> Iterator[Table]:
    took = {(row.case, row.way, row.extension): row.least_us for row in rows}
    title = "Microseconds a request takes whose body is always new, store off and on"
    table = Table(title, ["case", "way"], ["off", "on", "on by off", "±"])
    for row in _always_new(rows):
        off = took[row.case, row.way, STORELESS]
        cells = (f"{off:,.1f}", f"{row.least_us:,.1f}", f"{row.share:.3f}", f"{row.error:.3f}")
        table.add(row.case, row.way, *cells)
    if table.rows:
        yield table


def _rotated(values: list[_T], count: int) -> list[_T]:
    """Return the same values, those from a place on first."""
    return values[count:] + values[:count]


def _environ(case: Case, path: str) -> dict[str, Any]:
    return create_environ(path, headers={"Accept-Encoding": case.accept_encoding})
