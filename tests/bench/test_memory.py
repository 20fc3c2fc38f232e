"""The benchmark of the memory of kept bodies: a process of its own, and the verdicts."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import results
from bench.__main__ import main
from bench.hook import memory
from bench.hook.memory import BOUND_NBYTES
from bench.hook.memory import Row
from bench.hook.memory import judge


def row(bodies: int, grown: float, kept: float) -> Row:
    return Row(bodies, int(grown * BOUND_NBYTES), int(kept * BOUND_NBYTES), bodies)


def test_every_body_is_another_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    options = ["memory", "--bodies", "200", "--json", str(file)]
    result = CliRunner().invoke(main, options, catch_exceptions=False)
    rows = results.read("memory", Row, file).rows
    assert [row.bodies for row in rows] == list(range(20, 201, 20))
    assert [b.entries - a.entries for a, b in pairwise(rows)] == [20] * 9
    assert rows[-1].kept_nbytes > 200 * 1000
    assert "bodies kept" in result.output


def test_a_process_that_fails_is_an_error() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        memory.run(bodies=3)  # too few to look ten times


def test_verdicts() -> None:
    growing = row(100, 0.5, 0.5)
    flat = [growing, row(200, 1.1, 1), row(300, 1.15, 1)]
    assert [verdict.reached for verdict in judge(flat)] == ["must", "must"]
    rising = [growing, row(200, 1.1, 1), row(300, 1.3, 1)]
    assert [verdict.reached for verdict in judge(rising)] == ["missed", "missed"]
    # It was not full, so nothing was shown.
    assert judge([growing, row(200, 1.0, 1)]) == []
