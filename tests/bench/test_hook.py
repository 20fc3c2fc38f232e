"""The benchmark of the hook: what it sends, what it checks, what it concludes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask import Response
from flask import request

from bench import results
from bench.__main__ import main
from bench.hook import calls
from bench.hook.application import CASES
from bench.hook.application import DOCUMENTS
from bench.hook.application import EVERYBODY
from bench.hook.application import EXTENSIONS
from bench.hook.application import NONE
from bench.hook.application import OURS
from bench.hook.application import RIVAL
from bench.hook.application import STORELESS
from bench.hook.application import WITH_DEFAULTS
from bench.hook.application import Case
from bench.hook.application import create_app
from bench.hook.calls import SWEPT
from bench.hook.calls import UNCODED
from bench.hook.calls import WAYS
from bench.hook.calls import Row
from bench.hook.calls import added
from bench.hook.calls import check
from bench.hook.calls import judge
from bench.hook.calls import kept_times_by_rival
from bench.hook.calls import measure
from bench.hook.calls import times_by_rival
from bench.ratios import in_pairs
from bench.ratios import middle
from bench.results import Run


@pytest.fixture(scope="module")
def apps() -> dict[str, Flask]:
    return {extension: create_app(extension) for extension in EXTENSIONS}


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_every_extension_codes_as_the_case_says(case: Case, apps: dict[str, Flask]) -> None:
    check(case, apps)


@pytest.mark.parametrize(
    ("kind", "nbytes"),
    [
        ("tiny", 30),
        ("json-2k", 2048),
        ("json-2k-new", 2048),
        ("json-12k", 12_000),
        ("json-12k-new", 12_000),
        ("html", 182_000),
        ("html-new", 182_000),
    ],
)
def test_documents_are_as_long_as_their_name_says(
    apps: dict[str, Flask], kind: str, nbytes: int
) -> None:
    client = apps[NONE].test_client()
    bodies = {client.get(f"/{kind}/{number}").data for number in range(DOCUMENTS)}
    assert len(bodies) == DOCUMENTS
    assert all(0.7 * nbytes < len(body) < 1.3 * nbytes for body in bodies)


@pytest.mark.parametrize("kind", ["json-2k-new", "json-12k-new", "html-new"])
def test_a_new_document_is_another_each_time_and_as_long(
    apps: dict[str, Flask], kind: str
) -> None:
    client = apps[NONE].test_client()
    bodies = [client.get(f"/{kind}/3").data for _ in range(20)]
    assert len(set(bodies)) == 20
    assert len(set(map(len, bodies))) == 1


def test_a_path_without_a_number_goes_through_all_documents(apps: dict[str, Flask]) -> None:
    client = apps[NONE].test_client()
    bodies = {client.get("/json-2k").data for _ in range(DOCUMENTS)}
    assert bodies == {client.get(f"/json-2k/{number}").data for number in range(DOCUMENTS)}


def test_another_coding_is_found(apps: dict[str, Flask]) -> None:
    with pytest.raises(ValueError, match=f"{OURS} answers 2 KB JSON, gzip with None"):
        check(CASES["2 KB JSON, gzip"], {OURS: apps[NONE]})


def test_another_body_is_found(apps: dict[str, Flask]) -> None:
    other = create_app(OURS)
    other.view_functions["json-2k"] = lambda number: Response("x" * 2000, mimetype="text/html")
    with pytest.raises(ValueError, match=f"{OURS} does not say what others say"):
        check(CASES["2 KB JSON, gzip"], {NONE: apps[NONE], OURS: other})


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "name", ["below minimum size", "2 KB JSON, gzip", "2 KB JSON, always new, gzip"]
)
def test_all_applications_answer_every_document_in_turns(way: str, name: str) -> None:
    case = CASES[name]
    seen: list[tuple[str, str]] = []
    apps = {}
    for extension in EXTENSIONS:
        app = create_app(extension)

        def note(
            number: int, extension: str = extension, app: Flask = app
        ) -> dict[str, object]:
            accepted = request.headers["Accept-Encoding"]
            seen.append((f"{extension} {accepted}", str(number)))
            return {}

        app.view_functions[case.kind] = note
        apps[extension] = app
    costs = measure(case, way, apps, rounds=3)
    expected = case.contenders + ((UNCODED,) if case.contenders == EVERYBODY else ())
    assert tuple(cost.extension for cost in costs) == expected
    assert all(0 < cost.least_us <= cost.median_us for cost in costs)
    assert (costs[0].share, costs[0].error) == (1, 0)
    count = len(expected)
    warmed_up = seen[count * DOCUMENTS :]
    turns = [warmed_up[at : at + count] for at in range(0, len(warmed_up), count)]
    assert len(turns) == 3 * DOCUMENTS
    for turn in turns:
        assert len({extension for extension, _ in turn}) == count
        # Each has another document than the one before it.
        assert len({document for _, document in turn}) == count
    assert len(set(warmed_up)) == count * DOCUMENTS
    # Nobody always comes after the same.
    assert len({turn[0][0] for turn in turns}) == count


@pytest.mark.parametrize("name", ["below minimum size", "2 KB JSON, always new, gzip"])
def test_a_document_is_compared_with_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopwatch(work: object, paths: list[str]) -> Callable[[int], int]:
        return lambda number: 1000 * (1 + int(paths[number][-1]))

    monkeypatch.setattr(calls, "stopwatch", stopwatch)
    case = CASES[name]
    apps = {extension: create_app(extension) for extension in case.contenders}
    for cost in measure(case, "WSGI", apps, rounds=3):
        assert (cost.least_us, cost.share, cost.error) == (4.5, 1, 0)


def test_verdicts() -> None:
    def costs(case: str, rival_us: float, ours_us: float) -> list[Row]:
        least = {NONE: 40.0, RIVAL: 40 + rival_us, OURS: 40 + ours_us}
        return [Row(case, "WSGI", name, us, 2 * us, 1.0, 0.0) for name, us in least.items()]

    some = [
        *costs("not eligible", 10, 3.5),
        *costs("below minimum size", 10, 4.1),
        *costs("2 KB JSON, gzip", 100, 35),
        *costs("2 KB JSON, zstd", 100, 40),
        *costs("12 KB JSON, zstd", 100, 90),
        *costs("182 KB HTML, gzip", 100, 90),
    ]
    swept = [replace(row, way=SWEPT) for row in costs("12 KB JSON, zstd", 100, 71)]
    assert [verdict.reached for verdict in judge(swept)] == ["missed"]
    assert added(some, "WSGI")["not eligible"][RIVAL] == 10
    assert [v.reached for v in judge(some)] == ["must", "missed", "aim", "must"]


def test_verdicts_on_what_was_coded_before_and_on_what_never_was() -> None:
    def costs(case: str, anew_us: float, ours_us: float) -> list[Row]:
        us = {NONE: 40.0, RIVAL: 2000.0, STORELESS: 50 + anew_us, OURS: 50 + ours_us}
        us[UNCODED] = 50.0
        return [Row(case, "WSGI", name, took, took, 1.0, 0.0) for name, took in us.items()]

    kept = [
        *costs("2 KB JSON, gzip", 20, 19),
        *costs("12 KB JSON, gzip", 80, 10),
        *costs("12 KB JSON, zstd", 60, 11),
        *costs("182 KB HTML, gzip", 1000, 40),
        *costs("182 KB HTML, zstd", 300, 40),
    ]
    reached = [v.reached for v in judge(kept) if not v.target.startswith("added")]
    assert reached == ["must", "missed", "must", "must", "must", "missed"]
    # Where every body is coded anew is what is compared with others.
    assert times_by_rival(Run({}, kept))[-1] == pytest.approx(310 / 1960)
    assert kept_times_by_rival(Run({}, kept))[-1] == pytest.approx(50 / 1960)

    new = [
        Row("always new", way, name, 100.0, 100.0, share, 0.001)
        for way in WAYS
        for name, share in ((STORELESS, 1.0), (OURS, 1.021 if way == SWEPT else 1.02))
    ]
    assert [v.reached for v in judge(new)] == ["must", "missed"]
    assert added(new, "WSGI") == {}


def test_a_middle_and_its_error() -> None:
    assert middle([3.0]) == (3, 0)
    assert middle([1.0, 2.0, 90.0]) == (2, 44.5)
    # Of 100 values the ranks 40 to 60, about, are within what chance does.
    median, error = middle([float(number) for number in range(101)])
    assert median == 50
    assert 9 <= error <= 11
    assert in_pairs([2.0, 6.0], [1.0, 2.0]) == [2, 3]


def test_figures_are_written_down(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    options = ["hook", "--rounds", "1", "--case", "not eligible", "--json", str(file)]
    result = CliRunner().invoke(main, options, catch_exceptions=False)
    measured = results.read("hook", Row, file)
    assert len(measured.rows) == len(WAYS) * len(WITH_DEFAULTS)
    assert measured.how["rounds"] == 1
    assert "not eligible" in result.output
