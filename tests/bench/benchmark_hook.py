"""The cases of :mod:`bench.hook.calls` for pytest-benchmark, which keeps and compares runs.

It measures one after the other, so compare only what ran on an idle machine.
"""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from bench.hook.application import CASES
from bench.hook.application import Case
from bench.hook.application import create_app
from bench.hook.calls import WAYS
from bench.hook.calls import check

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


@pytest.mark.parametrize(
    ("case", "extension"),
    [
        pytest.param(case, extension, id=f"{case.name}-{extension}")
        for case in CASES.values()
        for extension in case.contenders
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_hook(way: str, case: Case, extension: str, benchmark: BenchmarkFixture) -> None:
    """Measure one case."""
    app = create_app(extension)
    check(case, {extension: app})
    send = WAYS[way](app, case)
    paths = cycle(case.paths)
    benchmark.group = f"{case.name}, {way}"
    benchmark(lambda: send(next(paths)))
