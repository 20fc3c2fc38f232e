"""Processes that are forked after, and while, the core is in use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import product

import pytest

from tests.e2e.all_workers import fetch_from_all
from tests.e2e.all_workers import serve_with_workers
from tests.e2e.forked_application import BEGINNING
from tests.e2e.forked_application import END
from tools.kit.checks import check_body
from tools.kit.checks import check_fields
from tools.kit.decoders import CODINGS
from tools.kit.decoders import decode
from tools.kit.server import ROOT
from tools.kit.server import serving
from tools.kit.shop.resources import RESOURCES


@pytest.fixture(scope="module", name="preloaded")
def serve() -> Iterator[int]:
    """Yield the port of a server whose parent process has used the core."""
    with serving(serve_with_workers("tests.e2e.forked_application:create_app()")) as port:
        yield port


def test_workers_have_the_idle_encoders_of_their_parent(
    preloaded: int, bodies: dict[str, bytes]
) -> None:
    for resource, coding in product(RESOURCES, CODINGS):
        answers = fetch_from_all(preloaded, resource.path, {"Accept-Encoding": coding})
        for answer in answers.values():
            check_fields(answer, resource, coding)
            check_body(answer, resource, coding, bodies[resource.path])


def test_workers_go_on_with_a_stream_of_their_parent(preloaded: int, coding: str) -> None:
    """Each has a copy of the open encoder; what one does, the others do not see."""
    for answer in fetch_from_all(preloaded, f"/left-open/{coding}", {}).values():
        assert decode(coding, answer.body) == BEGINNING + END


def test_each_worker_has_a_cpu_budget_of_its_own() -> None:
    with serving(serve_with_workers("tests.e2e.budgeted_application:create_app()")) as port:
        for coding in ("gzip", None, None):
            answers = fetch_from_all(port, "/", {"Accept-Encoding": "gzip"})
            used = {answer.field("Content-Encoding") for answer in answers.values()}
            assert used == {coding}


def test_forks_while_threads_encode() -> None:
    """No child waits for a lock that a thread of its parent held."""
    command = [sys.executable, "-m", "tests.e2e.fork_while_encoding", "30"]
    result = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False)
    # Newer versions of Python print a warning all the same.
    assert result.returncode == 0, result.stderr
