"""The comparison of two commits: both sides run for real, here with the same package."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench import check
from bench.check import Job
from bench.check import Side
from bench.check import Times
from bench.check import compare
from bench.check import print_results
from bench.check import running
from bench.check import slowdown
from bench.check import time_job
from bench.check_worker import HOOK
from bench.corpus_manifest import SIZE_CLASSES

ROOT = Path(__file__).resolve().parents[2]
BODIES = {"< 1.5K": [b"a" * 1000, b"b" * 700], "1.5-4K": [b"abc" * 900]}
JOBS = [Job("< 1.5K", "gzip", 6), Job("1.5-4K", "zstd", 3), Job("1.5-4K", HOOK, "gzip")]


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
    assert (nbytes > 0) == (job.name != HOOK)


def test_the_same_package_gives_the_same_bytes(
    sides: list[Side], capsys: pytest.CaptureFixture[str]
) -> None:
    base, new = sides
    results = compare(base, new, JOBS)
    assert list(results) == JOBS
    for of_base, of_new in results.values():
        assert of_base.nbytes == of_new.nbytes
        assert len(of_base.least_ns) == len(of_new.least_ns)
    print_results(results)
    assert "+0.00 %" in capsys.readouterr().out


def test_a_side_that_ends_is_an_error(sides: list[Side]) -> None:
    with pytest.raises(RuntimeError, match="the worker ended"):
        time_job(sides[0], Job("no such class", "gzip", 6))


def test_the_least_times_count() -> None:
    times = Times()
    times.add([5, 9], 10)
    times.add([7, 2], 10)
    assert times == Times([5, 2], 10)
    assert slowdown(Times([100, 100]), Times([110, 100])) == pytest.approx(1.05)


def test_only_what_is_over_the_limit_is_slower() -> None:
    results = {
        JOBS[0]: (Times([100, 100], 9), Times([110, 100], 9)),
        JOBS[1]: (Times([100], 9), Times([106], 9)),
        JOBS[2]: (Times([100]), Times([90])),
    }
    assert print_results(results) == [JOBS[1]]


def test_what_is_no_commit_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        check.main(["no-such-commit"])
    assert "'no-such-commit' is no commit" in capsys.readouterr().err


def test_every_size_class_is_compared() -> None:
    assert {job.size_class for job in check.JOBS} == set(SIZE_CLASSES)
