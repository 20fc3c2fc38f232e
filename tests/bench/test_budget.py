"""The benchmark of the CPU budget: what it asks for, and what it says of the answers."""

from __future__ import annotations

import shutil

import pytest

from bench.budget import run as budgets
from bench.budget.application import create_app
from bench.budget.run import CODINGS
from bench.budget.run import Load
from bench.budget.run import coded_share
from bench.budget.run import describe
from bench.budget.run import summarise
from bench.results import Run
from tools.kit.load import LoadError
from tools.kit.tables import Table

with_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="no wrk")


def load(rate: float, *steps: int) -> Load:
    return Load(rate, 10 * rate, 1000.0, 500.0, 0.1, steps)


@pytest.mark.parametrize("coding", CODINGS)
def test_no_page_comes_again(coding: str) -> None:
    client = create_app(coding, 0.1).test_client()
    pages = [client.get("/", headers={"Accept-Encoding": coding}) for _ in range(3)]
    assert {page.headers["Content-Encoding"] for page in pages} == {coding}
    assert len({page.data for page in pages}) == 3
    state = client.get("/state", headers={"Accept-Encoding": coding}).json
    assert state is not None
    assert state["budget"]["responses"] == [3, 0, 0, 0, 0]
    assert state["budget"]["seconds"] > 0
    assert state["store"]["hits"] == 0


def test_the_share_that_is_coded() -> None:
    assert coded_share(load(1)) == 1
    assert coded_share(load(1, 0, 0, 0, 0, 0)) == 1
    assert coded_share(load(1, 1, 1, 0, 1, 9)) == 0.25


def test_rows_are_medians() -> None:
    loads = {0.0: [load(1), load(5), load(2)], 0.1: [load(4, 0, 0, 0, 1, 3)] * 3}
    without, with_budget = summarise("gzip", 4.0, loads)
    assert (without.budget, without.requests_per_second, without.p99_ms) == (0, 2, 20)
    assert (without.sent_per_second, without.coded) == (2000, 1)
    assert (with_budget.budget, with_budget.offered, with_budget.coded) == (0.1, 4, 0.25)
    how = {"machine": "here", "rounds": 3, "seconds": 6, "part": 4}
    how |= {"connections": 64, "threads": 4}
    table, text = describe(Run(how, [without, with_budget]))
    assert isinstance(table, Table)
    assert [row.split()[:2] for row in table.as_text().splitlines()[4:6]] == [
        ["gzip", "none"],
        ["gzip", "0.100"],
    ]
    assert "3 rounds" in str(text)


@with_wrk
def test_what_does_not_answer_is_an_error() -> None:
    with pytest.raises(LoadError):
        budgets.run_wrk(1, 10, 1)


@with_wrk
def test_servers_are_asked_for_twice_what_they_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "WARM_SECONDS", 1)
    # What is left of the budget is gone with the first page.
    monkeypatch.setattr(budgets, "PART", 10_000)
    without, with_budget = budgets.run(["gzip"], rounds=1, seconds=1).rows
    assert (without.coding, without.budget) == ("gzip", 0)
    assert without.offered == with_budget.offered > 0
    assert (without.coded, with_budget.coded) == (1, 0)
    assert with_budget.response_nbytes > 2 * without.response_nbytes
    assert min(without.requests_per_second, with_budget.requests_per_second) > 0
