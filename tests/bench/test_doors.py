"""The benchmark of middleware: what it sends, what it checks, what it concludes."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from brotli_asgi import BrotliMiddleware
from click.testing import CliRunner
from starlette.middleware.gzip import GZipMiddleware
from starlette_compress import CompressMiddleware as StarletteCompress

from bench import results
from bench.__main__ import main
from bench.doors import asgi
from bench.doors import bodies
from bench.doors.asgi import ASGI
from bench.doors.asgi import BROTLI_ASGI
from bench.doors.asgi import STARLETTE
from bench.doors.asgi import STARLETTE_COMPRESS
from bench.doors.bodies import DOCUMENTS
from bench.doors.bodies import create_routes
from bench.doors.calls import Row
from bench.doors.calls import added
from bench.doors.calls import check
from bench.doors.calls import describe
from bench.doors.calls import judge
from bench.doors.calls import measure
from bench.doors.calls import times_by
from bench.doors.cases import AGAIN
from bench.doors.cases import ALWAYS_NEW
from bench.doors.cases import CASES
from bench.doors.cases import Case
from bench.doors.contenders import EQUAL
from bench.doors.contenders import LEVELS
from bench.doors.contenders import NONE
from bench.doors.contenders import OURS
from bench.doors.contenders import OWN
from bench.results import Run
from pyfastgz.asgi import CompressMiddleware
from pyfastgz.policy.table import DEFAULTS
from pyfastgz.policy.table import LEVEL_KEYS

ASGI_CASES = [case for case in CASES.values() if case.door == "ASGI"]
NEW_CASE = CASES["ASGI, 2 KB JSON, gzip, always new"]
PICTURE = CASES["ASGI, a picture"]


def apps_of(case: Case) -> dict[str, Any]:
    return {
        name: ASGI.contenders[name].around(ASGI.create(), case.levels)
        for name in case.contenders
    }


@pytest.mark.parametrize(
    ("kind", "nbytes"),
    [
        ("tiny", 36),
        ("json-2k", 2048),
        ("json-12k", 12_288),
        ("html-2k", 2048),
        ("html-12k", 12_288),
    ],
)
def test_bodies_are_as_long_as_their_name_says(kind: str, nbytes: int) -> None:
    routes = create_routes()
    for name in (kind, f"{kind}{bodies.NEW}"):
        contents = {routes[path]().content for path in bodies.paths(name)}
        assert len(contents) == DOCUMENTS
        assert all(0.9 * nbytes < len(content) < 1.16 * nbytes for content in contents)


@pytest.mark.parametrize("kind", bodies.KINDS)
def test_a_new_body_is_another_each_time_and_as_long(kind: str) -> None:
    routes = create_routes()
    new = [routes[f"/{kind}{bodies.NEW}/3"]().content for _ in range(20)]
    assert len(set(new)) == 20
    same = [routes[f"/{kind}/3"]().content for _ in range(2)]
    assert same[0] == same[1]
    # No object that was there before.
    assert same[0] is not same[1]
    assert {len(content) for content in new} == {len(same[0])}


def test_a_path_without_a_number_goes_through_all_documents() -> None:
    routes = create_routes()
    contents = {routes["/json-2k"]().content for _ in range(DOCUMENTS)}
    assert contents == {routes[path]().content for path in bodies.paths("json-2k")}


@pytest.mark.parametrize("case", ASGI_CASES, ids=lambda case: case.name)
def test_all_middleware_codes_as_the_case_says(case: Case) -> None:
    nbytes = check(case, apps_of(case))
    assert all(of < nbytes[NONE] for name, of in nbytes.items() if name != NONE and case.coding)
    assert case.coding or len(set(nbytes.values())) == 1


def test_who_is_compared() -> None:
    def others(*words: str) -> list[str]:
        return CASES[", ".join(("ASGI", *words))].contenders[2:]

    assert all(case.contenders[:2] == [NONE, OURS] for case in CASES.values())
    everybody = [STARLETTE, STARLETTE_COMPRESS, BROTLI_ASGI]
    assert others("2 KB JSON", "gzip", AGAIN) == others("36 bytes") == everybody
    assert others("2 KB JSON", "zstd", AGAIN) == [STARLETTE_COMPRESS]
    assert others("2 KB JSON", "br", AGAIN) == [STARLETTE_COMPRESS, BROTLI_ASGI]
    # Its gzip has one level, and it codes pictures.
    without = [STARLETTE, STARLETTE_COMPRESS]
    assert others("2 KB JSON", "gzip", ALWAYS_NEW, EQUAL) == others("a picture") == without


def test_own_levels_are_the_defaults() -> None:
    def default(of: Any, option: str) -> object:
        return inspect.signature(of).parameters[option].default

    classes = {STARLETTE: GZipMiddleware, STARLETTE_COMPRESS: StarletteCompress}
    classes[BROTLI_ASGI] = BrotliMiddleware
    for name, of in classes.items():
        contender = ASGI.contenders[name]
        for coding, option in contender.options.items():
            assert contender.own[coding] == default(of, option)
    ours = ASGI.contenders[OURS]
    assert ours.own == {coding: DEFAULTS[LEVEL_KEYS[coding]] for coding in ours.own}


def test_equal_levels_are_those_of_all() -> None:
    app = ASGI.create()
    wrapped = {name: of.around(app, EQUAL) for name, of in ASGI.contenders.items()}
    assert wrapped[STARLETTE].compresslevel == LEVELS["gzip"]
    assert wrapped[BROTLI_ASGI].quality == LEVELS["br"]
    ours = CompressMiddleware(app, level=9)
    assert ours.engine.settings.last.levels != wrapped[OURS].engine.settings.last.levels


def test_another_coding_is_found() -> None:
    app = ASGI.create()
    with pytest.raises(ValueError, match="pyfastgz answers ASGI, 2 KB JSON, gzip"):
        check(NEW_CASE, {NONE: app, OURS: app})


def test_another_body_is_found() -> None:
    async def other(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"another"})

    with pytest.raises(ValueError, match="not all say the same to ASGI, a picture"):
        check(PICTURE, {NONE: ASGI.create(), OURS: other})


def test_a_response_that_waits_is_found() -> None:
    class Never:
        def __await__(self) -> Any:
            yield

    async def waiting(scope: Any, receive: Any, send: Any) -> None:
        await Never()

    with pytest.raises(RuntimeError, match="waits"):
        asgi.fetcher(waiting, "gzip")("/")


def test_a_request_may_be_changed() -> None:
    seen = []

    async def greedy(scope: Any, receive: Any, send: Any) -> None:
        seen.append(dict(scope["headers"]).get(b"accept-encoding"))
        scope["headers"].clear()

    fetch = asgi.fetcher(greedy, "gzip")
    fetch("/")
    fetch("/")
    assert seen == [b"gzip", b"gzip"]


@pytest.mark.parametrize("case", [NEW_CASE, PICTURE], ids=lambda case: case.name)
def test_all_are_measured(case: Case) -> None:
    rows = measure(case, rounds=2)
    assert [row.middleware for row in rows] == case.contenders
    assert all(0 < row.least_us <= row.median_us for row in rows)
    assert {(row.body, row.coding, row.state) for row in rows} == {
        (case.body, case.coding or "", case.state)
    }


def rows_of(
    us: dict[str, float], coding: str = "gzip", state: str = ALWAYS_NEW, levels: str = OWN
) -> list[Row]:
    least = {NONE: 3.0, **{name: 3 + more for name, more in us.items()}}
    place = ("ASGI", "2 KB JSON", coding, state, levels)
    return [Row(*place, name, took, 2 * took, 700.0) for name, took in least.items()]


def test_verdicts() -> None:
    rows = [
        *rows_of({OURS: 18.0, STARLETTE_COMPRESS: 36.0, STARLETTE: 50.0}),
        *rows_of({OURS: 17.6, STARLETTE_COMPRESS: 35.0, STARLETTE: 51.0}, state=AGAIN),
        *rows_of({OURS: 15.0, STARLETTE_COMPRESS: 31.0}, "zstd"),
        # Nothing is promised of these.
        *rows_of({OURS: 70.0, STARLETTE_COMPRESS: 50.0}, "br"),
        *rows_of({OURS: 70.0, STARLETTE_COMPRESS: 50.0}, levels=EQUAL),
        *rows_of({OURS: 9.0, STARLETTE_COMPRESS: 2.0}, "", ""),
    ]
    assert [(v.where, v.reached) for v in judge(rows)] == [
        ("ASGI, 2 KB JSON, gzip, always new", "must"),
        ("ASGI, 2 KB JSON, gzip, again", "missed"),
        ("ASGI, 2 KB JSON, zstd, always new", "must"),
        ("ASGI, 2 KB JSON, gzip, always new", "missed"),
        ("ASGI, 2 KB JSON, gzip, again", "must"),
    ]
    assert next(iter(added(rows).values())) == {
        OURS: 18.0,
        STARLETTE_COMPRESS: 36.0,
        STARLETTE: 50.0,
    }
    new = times_by(STARLETTE_COMPRESS, ALWAYS_NEW, Run({}, rows))
    assert new == pytest.approx([0.5, 15 / 31, 1.4])
    assert times_by(STARLETTE, AGAIN, Run({}, rows)) == pytest.approx([17.6 / 51])


def test_tables_have_every_figure() -> None:
    rows = [
        *rows_of({OURS: 18.0, STARLETTE_COMPRESS: 36.0, STARLETTE: 50.0}),
        *rows_of({OURS: 15.0, STARLETTE_COMPRESS: 31.0}, "zstd"),
        *rows_of({OURS: 9.0, STARLETTE_COMPRESS: 2.0}, "", ""),
    ]
    how = {"machine": "here", "rounds": 2, "versions": {"a": "1"}}
    tables = {
        part.title: part for part in describe(Run(how, rows)) if not isinstance(part, str)
    }
    assert [table.rows for title, table in tables.items() if title != "Targets"] == [
        [
            ["2 KB JSON", "gzip", ALWAYS_NEW, "3.0", "18.0", "36.0", "0.50", "50.0", "0.36"],
            ["2 KB JSON", "zstd", ALWAYS_NEW, "3.0", "15.0", "31.0", "0.48", "", ""],
        ],
        [
            ["2 KB JSON", "gzip", "700", "700", "700", "700"],
            ["2 KB JSON", "zstd", "700", "700", "700", ""],
        ],
        [["2 KB JSON", "3.0", "9.0", "2.0"]],
    ]


def test_figures_are_written_down(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    options = ["doors", "--rounds", "1", "--case", PICTURE.name, "--json", str(file)]
    result = CliRunner().invoke(main, options, catch_exceptions=False)
    measured = results.read("doors", Row, file)
    assert [row.middleware for row in measured.rows] == PICTURE.contenders
    assert measured.how["rounds"] == 1
    assert "a picture" in result.output


def test_django_codes_as_its_cases_say() -> None:
    """In a process of its own, which has Django's settings."""
    names = [case.name for case in CASES.values() if case.door == "Django"]
    assert len(names) == 27
    options = [option for name in names for option in ("--case", name)]
    command = [sys.executable, "-m", "bench", "doors", "--rounds", "1", *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    assert "Microseconds that middleware adds, Django" in done.stdout
