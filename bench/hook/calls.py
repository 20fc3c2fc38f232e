"""Compares what hooks add to a response: none, Flask-Compress's and ours, in turns."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from statistics import median
from typing import Any

from flask import Flask
from werkzeug.test import create_environ
from werkzeug.test import run_wsgi_app

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
from .application import Case
from .application import create_app

ROUNDS = 300
"""The number of rounds unless told otherwise; there are fewer for long bodies."""

MUST = {
    "not eligible": 0.35,
    "below minimum size": 0.40,
    "no acceptable coding": 0.60,
    "2 KB JSON, gzip": 0.40,
    "2 KB JSON, zstd": 0.40,
    "streamed 1 MB, zstd": 1.0,
    "event stream, gzip": 1.0,
}
"""What we may add to a request by what Flask-Compress adds, by case."""

AIM = {"2 KB JSON, gzip": 0.35, "2 KB JSON, zstd": 0.35}
"""What we should rather add, by case."""

SWEPT_MUST = 0.7
"""The same for any case, with caches swept."""

Send = Callable[[str], object]  # fetches the document of a path


@dataclass(frozen=True, slots=True)
class Row:
    """What a request takes in an application; each figure is the mean over the documents."""

    case: str
    way: str
    extension: str
    least_us: float  # the least time of the rounds, in microseconds
    median_us: float  # the median time of the rounds, in microseconds


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

    :param apps: by extension.
    :raises ValueError: one says something else, or codes what it must not, or the reverse.
    """
    for path in case.paths:
        plain: bytes | None = None
        for extension, app in apps.items():
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
    senders = {extension: WAYS[way](app, case) for extension, app in apps.items()}
    for send in senders.values():
        for path in case.paths:
            send(path)
    turns = {extension: stopwatch(send, case.paths) for extension, send in senders.items()}
    if way == SWEPT:
        turns = {extension: swept(turn) for extension, turn in turns.items()}
    rows = []
    for extension, times in in_turns(turns, DOCUMENTS, rounds=rounds).items():
        us = (round(fmean(map(of_all, times)) / 1000, 3) for of_all in (min, median))
        rows.append(Row(case.name, way, extension, *us))
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

    What a request takes without any hook stands beside it.

    :return: by case and extension.
    """
    least: dict[str, dict[str, float]] = {}
    for row in rows:
        if row.way == way:
            least.setdefault(row.case, {})[row.extension] = row.least_us
    return {
        case: {name: us if name == NONE else us - by_name[NONE] for name, us in by_name.items()}
        for case, by_name in least.items()
    }


def times_by_rival(run: Run[Row]) -> list[float]:
    """Return what ours adds to a request by what Flask-Compress adds, a case each."""
    return [us[OURS] / us[RIVAL] for us in added(run.rows, "WSGI").values()]


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """Return the verdicts on what the hook may add, by the bare WSGI call, hot and swept."""
    hot = {name: us[OURS] / us[RIVAL] for name, us in added(rows, "WSGI").items()}
    swept = {name: us[OURS] / us[RIVAL] for name, us in added(rows, SWEPT).items()}
    target = f"added by what {RIVAL} adds"
    return [
        Verdict(target, name, share, MUST[name], AIM.get(name), at_most=True)
        for name, share in hot.items()
        if name in MUST
    ] + [
        Verdict(f"{target}, with caches swept", name, share, SWEPT_MUST, at_most=True)
        for name, share in swept.items()
    ]


def describe(run: Run[Row]) -> Iterator[Table | str]:
    """Yield the tables and texts of a report."""
    for way in dict.fromkeys(row.way for row in run.rows):
        title = f"Microseconds a request takes without a hook, by {way}, and what hooks add"
        table = Table(title, ["case"], [NONE, f"{RIVAL} adds", f"{OURS} adds", "share"])
        for case, us in added(run.rows, way).items():
            cells = (f"{us[extension]:,.1f}" for extension in EXTENSIONS)
            table.add(case, *cells, f"{us[OURS] / us[RIVAL]:.2f}")
        yield table
    yield verdict_table(judge(run.rows))
    yield (
        f"The least of {run.how['rounds']} interleaved rounds, fewer for long bodies; the mean"
        f" of {DOCUMENTS} documents.\n{run.how['machine']}."
    )


def _environ(case: Case, path: str) -> dict[str, Any]:
    return create_environ(path, headers={"Accept-Encoding": case.accept_encoding})
