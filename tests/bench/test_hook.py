"""The benchmark of the hook: what it sends, what it checks, what it concludes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask import Response

from bench import results
from bench.__main__ import main
from bench.hook.application import CASES
from bench.hook.application import DOCUMENTS
from bench.hook.application import EXTENSIONS
from bench.hook.application import NONE
from bench.hook.application import OURS
from bench.hook.application import RIVAL
from bench.hook.application import Case
from bench.hook.application import create_app
from bench.hook.calls import SWEPT
from bench.hook.calls import WAYS
from bench.hook.calls import Row
from bench.hook.calls import added
from bench.hook.calls import check
from bench.hook.calls import judge
from bench.hook.calls import measure


@pytest.fixture(scope="module")
def apps() -> dict[str, Flask]:
    return {extension: create_app(extension) for extension in EXTENSIONS}


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_every_extension_codes_as_the_case_says(case: Case, apps: dict[str, Flask]) -> None:
    check(case, apps)


@pytest.mark.parametrize(
    ("kind", "nbytes"),
    [("tiny", 30), ("json-2k", 2048), ("json-12k", 12_000), ("html", 182_000)],
)
def test_documents_are_as_long_as_their_name_says(
    apps: dict[str, Flask], kind: str, nbytes: int
) -> None:
    client = apps[NONE].test_client()
    bodies = {client.get(f"/{kind}/{number}").data for number in range(DOCUMENTS)}
    assert len(bodies) == DOCUMENTS
    assert all(0.7 * nbytes < len(body) < 1.3 * nbytes for body in bodies)


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
def test_all_applications_answer_every_document_in_turns(way: str) -> None:
    seen: list[tuple[str, str]] = []
    apps = {}
    for extension in EXTENSIONS:
        app = create_app(extension)

        def note(
            number: int, extension: str = extension, app: Flask = app
        ) -> dict[str, object]:
            seen.append((extension, str(number)))
            return {}

        app.view_functions["tiny"] = note
        apps[extension] = app
    costs = measure(CASES["below minimum size"], way, apps, rounds=3)
    assert [cost.extension for cost in costs] == list(EXTENSIONS)
    assert all(0 < cost.least_us <= cost.median_us for cost in costs)
    warmed_up = seen[len(EXTENSIONS) * DOCUMENTS :]
    turns = [warmed_up[at : at + len(EXTENSIONS)] for at in range(0, len(warmed_up), 3)]
    assert len(turns) == 3 * DOCUMENTS
    for turn in turns:
        assert {extension for extension, _ in turn} == set(EXTENSIONS)
        # Each has another document than the one before it.
        assert len({document for _, document in turn}) == len(EXTENSIONS)
    # Nobody always comes after the same.
    assert {turn[0][0] for turn in turns} == set(EXTENSIONS)


def test_verdicts() -> None:
    def costs(case: str, rival_us: float, ours_us: float) -> list[Row]:
        least = {NONE: 40.0, RIVAL: 40 + rival_us, OURS: 40 + ours_us}
        return [Row(case, "WSGI", name, us, 2 * us) for name, us in least.items()]

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


def test_figures_are_written_down(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    options = ["hook", "--rounds", "1", "--case", "not eligible", "--json", str(file)]
    result = CliRunner().invoke(main, options, catch_exceptions=False)
    measured = results.read("hook", Row, file)
    assert len(measured.rows) == len(WAYS) * len(EXTENSIONS)
    assert measured.how["rounds"] == 1
    assert "not eligible" in result.output
