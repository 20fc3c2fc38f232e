"""The comparison of two commits: both sides run for real, here with the same package."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import regress
from bench.__main__ import main
from bench.corpus import SIZE_CLASSES
from bench.regress import Job
from bench.regress import Side
from bench.regress import Times
from bench.regress import compare
from bench.regress import describe
from bench.regress import find_slower
from bench.regress import least
from bench.regress import running
from bench.regress import slowdown
from bench.regress import time_job
from bench.regress_worker import HOOK
from bench.regress_worker import KEEPING_HOOK

ROOT = Path(__file__).resolve().parents[2]
BODIES = {"< 1.5K": [b"a" * 1000, b"b" * 700], "1.5-4K": [b"abc" * 900]}
JOBS = [
    Job("< 1.5K", "gzip", 6),
    Job("1.5-4K", "zstd", 3),
    Job("1.5-4K", HOOK, "gzip"),
    Job("1.5-4K", KEEPING_HOOK, "gzip"),
]


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[list[Side]]:
    file = tmp_path / "bodies"
    file.write_bytes(pickle.dumps(BODIES))
    with ExitStack() as stack:
        yield [stack.enter_context(running(ROOT, file)) for _ in range(2)]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_side_times_every_document(sides: list[Side], job: Job) -> None:
    times, nbytes = time_job(sides[0], job)
    assert len(times) == len(BODIES[job.size_class])
    assert all(time > 0 for time in times)
    assert (nbytes > 0) == (job.name in {"gzip", "zstd"})


def test_the_same_package_gives_the_same_bytes(sides: list[Side]) -> None:
    base, new = sides
    results = compare(base, new, JOBS)
    assert list(results) == JOBS
    for of_base, of_new in results.values():
        assert of_base.nbytes == of_new.nbytes
        assert len(of_base.least_ns) == len(of_new.least_ns)
    assert "+0.00 %" in describe(results).as_text()


def test_a_side_that_ends_is_an_error(sides: list[Side]) -> None:
    with pytest.raises(RuntimeError, match="the worker ended"):
        time_job(sides[0], Job("no such class", "gzip", 6))


def test_the_least_times_count() -> None:
    assert least([Times([5, 9], 10), Times([7, 2], 10)]) == Times([5, 2], 10)
    assert slowdown(Times([100, 100], 0), Times([110, 100], 0)) == pytest.approx(1.05)


def test_only_what_is_over_the_limit_is_slower() -> None:
    results = {
        JOBS[0]: (Times([100, 100], 9), Times([110, 100], 9)),
        JOBS[1]: (Times([100], 9), Times([106], 9)),
        JOBS[2]: (Times([100], 0), Times([90], 0)),
    }
    assert find_slower(results) == [JOBS[1]]


def test_what_is_no_commit_is_refused() -> None:
    result = CliRunner().invoke(main, ["regress", "no-such-commit"])
    assert result.exit_code != 0
    assert "'no-such-commit' is no commit" in result.output


def test_every_size_class_is_compared() -> None:
    assert {job.size_class for job in regress.JOBS} == set(SIZE_CLASSES)
