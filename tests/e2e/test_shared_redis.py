"""Processes that share compressed bodies, through a real Redis or a folder.

Each server is a process of its own. That a response was not coded shows in the seconds that the
encoder took for it, which are none.
"""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import tempfile
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from time import monotonic
from time import sleep

import pytest

from tests.e2e.redis_server import REDIS
from tests.e2e.redis_server import RedisServer
from tests.e2e.shared_application import CACHES
from tests.e2e.shared_application import KIND
from tests.e2e.shared_application import PLACE
from tests.e2e.shared_application import WAIT
from tests.e2e.shared_application import page_of
from tools.kit.client import Answer
from tools.kit.client import fetch
from tools.kit.decoders import CODINGS
from tools.kit.decoders import decode
from tools.kit.server import Command
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.server import uwsgi_command
from tools.kit.server import waitress_command

PATIENCE_SECONDS = 180.0
"""Longer than the longest time for which a cache that failed is left alone, a minute."""

_numbers = count()


APPLICATION = "tests.e2e.shared_application:create_app()"
SERVERS: dict[str, Command] = {
    "one": gunicorn_command(APPLICATION, threads=4),
    "sync": gunicorn_command(APPLICATION, worker_class="sync", workers=3),
    "gthread": gunicorn_command(APPLICATION, workers=2, threads=4),
    "gevent": gunicorn_command(APPLICATION, worker_class="gevent", workers=2),
    "waitress": waitress_command(APPLICATION),
    "uwsgi": uwsgi_command(APPLICATION),
}
PACKAGES = {"gevent": "gevent", "waitress": "waitress", "uwsgi": "pyuwsgi"}


@contextmanager
def serving_with(
    kind: str, place: str, server: str = "one", *, waits: bool = True
) -> Iterator[int]:
    """Serve the application, with a cache of some kind in some place.

    :param waits: it waits for the cache as long as that takes, on a busy machine, too.
    """
    if server in PACKAGES:
        pytest.importorskip(PACKAGES[server])
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(KIND, kind)
        environment.setenv(PLACE, place)
        environment.setenv(WAIT, str(PATIENCE_SECONDS) if waits else "")
        with serving(SERVERS[server]) as port:
            yield port


@pytest.fixture
def place() -> Iterator[Path]:
    """Yield an empty folder with a short path."""
    folder = tempfile.mkdtemp(prefix="shared-")
    yield Path(folder)
    shutil.rmtree(folder)


@pytest.fixture
def server(place: Path) -> Iterator[RedisServer]:
    if REDIS is None:
        pytest.skip("redis-server is not installed")
    server = RedisServer(place)
    server.start()
    yield server
    server.kill()


def visit(port: int, number: int, coding: str = "gzip") -> Answer:
    """Fetch a page, and check it."""
    answer = fetch(port, f"/page/{number}", fields={"Accept-Encoding": coding})
    assert answer.status == 200
    assert answer.field("Content-Encoding") == coding
    assert answer.field("Vary") == "Accept-Encoding"
    assert decode(coding, answer.body) == page_of(number)
    return answer


def is_coded(answer: Answer) -> bool:
    return float(answer.field("X-Seconds") or "nan") != 0


def until(condition: Callable[[], object]) -> None:
    end = monotonic() + PATIENCE_SECONDS
    while not condition():
        assert monotonic() < end
        sleep(0.01)


def is_shared(port: int, *others: int) -> bool:
    """Tell whether a page that was never asked for is coded by one process for the others."""
    number = next(_numbers)
    if not is_coded(visit(port, number)):
        return False
    sleep(0.1)
    return not any(is_coded(visit(other, number)) for other in others or (port,))


# ---- Working ----


@pytest.mark.parametrize("kind", CACHES)
def test_what_one_process_coded_another_serves(
    kind: str, place: Path, request: pytest.FixtureRequest
) -> None:
    where = str(place)
    if "edis" in kind:
        where = request.getfixturevalue("server").socket
    with ExitStack() as stack:
        one, other = (stack.enter_context(serving_with(kind, where)) for _ in range(2))

        def is_handed_on(coding: str) -> bool:
            """Tell whether the other serves what it never coded."""
            number = next(_numbers)
            first = visit(one, number, coding)
            assert is_coded(first)
            # Writing is not waited for.
            until(lambda: not is_coded(visit(one, number, coding)))
            second = visit(other, number, coding)
            assert second.body == first.body
            assert second.field("X-Worker") != first.field("X-Worker")
            return not is_coded(second)

        for coding in CODINGS:
            until(lambda: is_handed_on(coding))  # noqa: B023


@pytest.mark.parametrize("name", sorted(SERVERS.keys() - {"one"}))
def test_several_workers_at_once(server: RedisServer, name: str) -> None:
    jobs = [(number, coding) for number in range(4) for coding in CODINGS]
    with (
        serving_with("RedisCache", server.socket, name) as port,
        ThreadPoolExecutor(4) as pool,
    ):

        def visit_all(times: int) -> list[Answer]:
            return list(pool.map(lambda job: visit(port, *job), times * jobs))

        bodies = [answer.body for answer in visit_all(1)]
        # What is left to be written while much else is, is not.
        until(lambda: visit_all(1) and len(server.keys()) == len(jobs))

        def most_are_shared() -> bool:
            """Whichever worker answers; what one codes in no time it does not ask for."""
            answers = visit_all(3)
            assert [answer.body for answer in answers] == 3 * bodies
            return sum(map(is_coded, answers)) < len(answers) / 2

        until(most_are_shared)


# ---- Damaged ----


def damaged(values: list[bytes]) -> Iterator[list[bytes]]:
    """Yield what may stand for these values; each is some hundred kilobytes."""
    yield [b"" for _ in values]
    yield [value[: len(value) // 2] for value in values]
    yield [value[:-1] for value in values]
    yield [value[:50_000] + b"?" + value[50_001:] for value in values]
    yield [*values[1:], values[0]]
    yield [b"!" + pickle.dumps("a string") for _ in values]
    yield [b"!" + pickle.dumps({"an": "object"}) for _ in values]
    yield [b"!cno_such_module\nNo\n." for _ in values]
    yield [b"!\x80\x05" for _ in values]
    yield [b"17" for _ in values]
    yield [b"\xff" * 100_000 for _ in values]


@pytest.mark.parametrize("kind", ["redis", "RedisCache"])
def test_r52_damaged_entries_are_never_served(server: RedisServer, kind: str) -> None:
    with serving_with(kind, server.socket) as port:
        whole = {number: visit(port, number).body for number in range(3)}

        def is_coded_no_more() -> bool:
            return not any(is_coded(visit(port, number)) for number in whole)

        until(is_coded_no_more)
        assert len(server.keys()) == len(whole)
        keys, values = server.keys(), server.values()
        for bad in damaged(values):
            for key, value in zip(keys, bad, strict=True):
                server.client.set(key, value)
            for number, body in whole.items():
                answer = visit(port, number)
                assert is_coded(answer)
                assert answer.body == body
            # They are replaced by good ones.
            until(is_coded_no_more)
            assert server.values() == values


def test_an_entry_of_another_type_costs_no_response(server: RedisServer) -> None:
    with serving_with("RedisCache", server.socket) as port:
        until(lambda: visit(port, 1) and server.keys())
        (key,) = server.keys()
        server.client.delete(key)
        server.client.rpush(key, "a list")
        # WRONGTYPE, and replaced.
        until(lambda: visit(port, 1) and server.client.type(key) == b"string")
        until(lambda: not is_coded(visit(port, 1)))


# ---- Failing ----


def traffic(port: int, seconds: float) -> list[Answer]:
    """Fetch pages that are new and pages that are not, for a while, and check all."""

    def go(_: int) -> list[Answer]:
        answers = []
        while monotonic() < end:
            for number in (next(_numbers), 0):
                answers += [visit(port, number), visit(port, number)]
        return answers

    end = monotonic() + seconds
    with ThreadPoolExecutor(4) as pool:
        return [answer for answers in pool.map(go, range(4)) for answer in answers]


# redis-py tries for four seconds to connect to one that is dead, so these take their time.
@pytest.mark.parametrize(
    ("how", "name"),
    [("killed", "gthread"), ("killed", "uwsgi"), ("frozen", "gthread"), ("frozen", "gevent")],
)
def test_a_redis_that_fails_costs_no_response(
    server: RedisServer, name: str, how: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving_with("RedisCache", server.socket, name, waits=False) as port:
        until(lambda: is_shared(port))
        with ThreadPoolExecutor(1) as pool:
            answers = pool.submit(traffic, port, 2.0)
            sleep(0.5)
            if how == "killed":
                server.kill()
            else:
                server.freeze()
            sleep(0.5)
            answers.result()
        # Now it is left alone.
        assert all(is_coded(answer) for answer in traffic(port, 0.5))
        if how == "killed":
            server.start()
        else:
            server.thaw()
        new = next(_numbers)
        until(lambda: not is_coded(visit(port, new)))
    log = capfd.readouterr().err
    workers = 1 if name == "uwsgi" else 2
    # Each time it is told a few times at most what is wrong, not for each response.
    again = log.count("reading COMPRESS_CACHE_BACKEND works again")
    assert again >= 1
    assert 1 <= log.count("reading COMPRESS_CACHE_BACKEND failed") <= 3 * (again + workers)


def test_a_redis_that_is_not_there_yet_costs_no_response(
    server: RedisServer, capfd: pytest.CaptureFixture[str]
) -> None:
    server.kill()
    with serving_with("Flask RedisCache", server.socket, waits=False) as port:
        assert all(is_coded(answer) for answer in traffic(port, 0.5))
        server.start()
        until(lambda: is_shared(port))
    # The reason, which comes after seconds, is logged as well.
    log = capfd.readouterr().err
    assert "redis.exceptions.ConnectionError" in log
    assert log.count("Traceback") < 10


def test_a_full_redis_costs_no_response(
    server: RedisServer, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving_with("RedisCache", server.socket) as port:
        assert is_coded(visit(port, 0))
        until(lambda: not is_coded(visit(port, 0)))
        server.client.config_set("maxmemory-policy", "noeviction")
        server.client.config_set("maxmemory", 1)
        new = next(_numbers) + 1
        assert all(is_coded(visit(port, new)) for _ in range(5))
        # What is there is still read.
        assert not is_coded(visit(port, 0))
        server.client.config_set("maxmemory", 0)
        until(lambda: not is_coded(visit(port, new)))
    log = capfd.readouterr().err
    assert log.count("writing COMPRESS_CACHE_BACKEND failed") == 1
    assert "OutOfMemoryError" in log
    assert "writing COMPRESS_CACHE_BACKEND works again" in log


def test_workers_that_are_killed_while_they_write_leave_nothing_wrong(
    server: RedisServer,
) -> None:
    with serving_with("RedisCache", server.socket, "sync") as port:
        # A response is there before its entry is.
        for number in range(8):
            worker = visit(port, number, CODINGS[number % 4]).field("X-Worker")
            os.kill(int(worker or "none"), signal.SIGKILL)
        for number in range(8):
            visit(port, number, CODINGS[number % 4])
            until(lambda: not is_coded(visit(port, number, CODINGS[number % 4])))  # noqa: B023


def test_an_empty_redis_is_filled_again(server: RedisServer) -> None:
    with serving_with("RedisCache", server.socket) as port:
        until(lambda: is_shared(port))
        server.client.flushall()
        until(lambda: is_shared(port))
