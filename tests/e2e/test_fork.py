"""Processes that are forked after, and while, the core is in use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.forked_application import BEGINNING
from tests.e2e.forked_application import END
from tools.kit.checks import Resource
from tools.kit.checks import check_body
from tools.kit.checks import check_fields
from tools.kit.client import fetch
from tools.kit.decoders import CODINGS
from tools.kit.decoders import decode
from tools.kit.server import ROOT
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.shop.resources import RESOURCES

WORKERS = 3


@pytest.fixture(scope="module", name="preloaded")
def serve() -> Iterator[int]:
    """Yield the port of a server whose parent process has used the core."""
    application = "tests.e2e.forked_application:create_app()"
    with serving(gunicorn_command(application, worker_class="sync", workers=WORKERS)) as port:
        yield port


def test_workers_have_the_idle_encoders_of_their_parent(
    preloaded: int, bodies: dict[str, bytes]
) -> None:
    jobs = 3 * [(resource, coding) for resource in RESOURCES for coding in CODINGS]

    def visit(job: tuple[Resource, str]) -> str | None:
        resource, coding = job
        answer = fetch(preloaded, resource.path, fields={"Accept-Encoding": coding})
        check_fields(answer, resource, coding)
        check_body(answer, resource, coding, bodies[resource.path])
        return answer.field("X-Worker")

    with ThreadPoolExecutor(2 * WORKERS) as pool:
        workers = set(pool.map(visit, jobs))
    assert len(workers) > 1


def test_workers_go_on_with_a_stream_of_their_parent(preloaded: int, coding: str) -> None:
    """Each has a copy of the open encoder; what one does, the others do not see."""
    finished = set()
    # Which worker answers is for the system to choose.
    for _ in range(500):
        answer = fetch(preloaded, f"/left-open/{coding}")
        if answer.status == 200:
            worker = answer.field("X-Worker")
            assert worker not in finished
            finished.add(worker)
            assert decode(coding, answer.body) == BEGINNING + END
            if len(finished) == WORKERS:
                return
    assert len(finished) > 1


def test_each_worker_has_a_cpu_budget_of_its_own() -> None:
    application = "tests.e2e.budgeted_application:create_app()"
    codings: dict[str | None, list[str | None]] = {}
    with serving(gunicorn_command(application, worker_class="sync", workers=WORKERS)) as port:
        for _ in range(500):
            answer = fetch(port, "/", fields={"Accept-Encoding": "gzip"})
            coding = answer.field("Content-Encoding")
            codings.setdefault(answer.field("X-Worker"), []).append(coding)
            if len(codings) == WORKERS and all(len(some) > 1 for some in codings.values()):
                break
    assert len(codings) > 1
    for first, *others in codings.values():
        assert first == "gzip"
        assert set(others) <= {None}


def test_forks_while_threads_encode() -> None:
    """No child waits for a lock that a thread of its parent held."""
    command = [sys.executable, "-m", "tests.e2e.fork_while_encoding", "30"]
    result = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False)
    # Newer versions of Python print a warning all the same.
    assert result.returncode == 0, result.stderr
