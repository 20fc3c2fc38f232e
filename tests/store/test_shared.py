"""Bodies in a back end that several processes share: what is asked for, kept and believed.

A hit shows in the seconds, which are none, and in the coder, which is not called.
"""

from __future__ import annotations

import contextvars
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from time import sleep
from time import thread_time
from typing import Any

import pytest
from cachelib import FileSystemCache
from cachelib import NullCache
from cachelib import SimpleCache

from pyfastgz import DictCache
from pyfastgz.coding.br import BrotliSettings
from pyfastgz.store.line import BusyError
from pyfastgz.store.line import Gate
from pyfastgz.store.line import Line
from pyfastgz.store.shared import SharedStore
from pyfastgz.store.shared import entry_key
from pyfastgz.store.shared import kind_of
from pyfastgz.store.shared import opened
from pyfastgz.store.shared import sealed

BODY = b"a body that is worth its price" * 100
OTHER = b"another one" * 100
PATIENT = 60.0
"""Seconds: for tests that are not of the time limit."""


class Coder:
    """Codes by reversing, and counts."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, body: bytes) -> bytes:
        self.calls += 1
        return body[::-1]


@pytest.fixture(name="coder")
def make_coder() -> Coder:
    return Coder()


def store_of(backend: Any, **options: Any) -> SharedStore:
    """Return a store that finds everything worth keeping."""
    return SharedStore(backend, **{"border": 0.0, "wait": PATIENT, "pause": 0.0, **options})


def code(store: SharedStore, body: bytes, kind: str, coder: Coder) -> tuple[bytes, float]:
    """Have a body coded as in ``"gzip;6"``, or not, by something that counts."""
    store._code = lambda body, *_: (coder(body), 1.0)
    coding, level = kind.split(";")
    return store.compress(body, coding, int(level), BrotliSettings())


def until(condition: Callable[[], object]) -> None:
    """Wait for what another thread does."""
    end = perf_counter() + PATIENT
    while not condition():
        assert perf_counter() < end
        sleep(0.001)


def written(store: SharedStore) -> None:
    """Wait until all is written that was left to be."""
    if os.getpid() in store._offices:
        store._office()._line.ask(PATIENT, int)


def late_call_ends(store: SharedStore) -> object:
    """Wait until the call is over that was late, and return it."""
    late = store._office()._line._late
    assert late is not None
    until(lambda: late.is_over)
    return late


def fill(store: SharedStore, body: bytes = BODY, kind: str = "gzip;6") -> None:
    assert code(store, body, kind, Coder())[0] == body[::-1]
    written(store)


# ---- What is kept, and found again ----


def backends(folder: Path) -> dict[str, Any]:
    return {
        "DictCache": DictCache(),
        "SimpleCache": SimpleCache(),
        "FileSystemCache": FileSystemCache(str(folder)),
    }


@pytest.mark.parametrize("name", ["DictCache", "SimpleCache", "FileSystemCache"])
def test_what_one_store_coded_another_finds(tmp_path: Path, coder: Coder, name: str) -> None:
    backend = backends(tmp_path)[name]
    fill(store_of(backend))
    assert code(store_of(backend), BODY, "gzip;6", coder) == (BODY[::-1], 0.0)
    assert coder.calls == 0


def test_a_cache_that_keeps_nothing_does_no_harm(coder: Coder) -> None:
    store = store_of(NullCache())
    for _ in range(3):
        assert code(store, BODY, "gzip;6", coder)[0] == BODY[::-1]
    assert coder.calls == 3


@pytest.mark.parametrize(
    ("body", "kind"), [(OTHER, "gzip;6"), (BODY, "gzip;9"), (BODY, "deflate;6")]
)
def test_another_body_or_kind_is_another_entry(coder: Coder, body: bytes, kind: str) -> None:
    backend = DictCache()
    store = store_of(backend)
    fill(store)
    assert code(store, body, kind, coder)[0] == body[::-1]
    assert coder.calls == 1
    written(store)
    assert len(backend.data) == 2


KINDS = [
    kind_of(coding, level, brotli)
    for coding in ("gzip", "deflate", "zstd", "br")
    for level in (1, 9)
    for brotli in (BrotliSettings(), BrotliSettings(2, 10, 16))
]


def test_kinds_tell_apart_what_is_coded_in_another_way() -> None:
    # The settings are for brotli alone.
    assert len(set(KINDS)) == 2 + 2 + 2 + 4


@pytest.mark.parametrize("kind", set(KINDS))
def test_every_back_end_takes_the_keys(kind: str) -> None:
    key = entry_key(BODY, kind)
    assert key.isascii()
    assert key.isprintable()
    assert not set(key) & set(" \t/\\")
    # memcached's limit, with room for a prefix.
    assert len(key) < 200


def test_a_level_of_zstd_that_is_negative_has_its_key() -> None:
    assert entry_key(BODY, kind_of("zstd", -5, BrotliSettings())) != entry_key(
        BODY, kind_of("zstd", 5, BrotliSettings())
    )


# ---- What is believed ----


def damaged(value: bytes) -> Iterator[Any]:
    yield from (b"", value[:1], value[:31], value[:32], value[:-1], value + b"\0", value[1:])
    for place in (0, 31, 32, len(value) - 1):
        yield value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
    yield from (None, 7, True, "text", value.hex(), [value], {"coded": value})
    yield from (bytearray(value), memoryview(value), pickle.dumps(value), BODY[::-1])
    yield sealed(BODY[::-1], entry_key(OTHER, "gzip;6"))
    yield sealed(BODY[::-1], entry_key(BODY, "gzip;9"))


@pytest.mark.parametrize("number", range(len(list(damaged(bytes(100))))))
def test_r52_what_is_not_the_value_of_the_key_is_a_miss(coder: Coder, number: int) -> None:
    backend = DictCache()
    store = store_of(backend)
    fill(store)
    ((key, value),) = backend.data.items()
    backend.data[key] = list(damaged(value))[number]
    assert code(store, BODY, "gzip;6", coder)[0] == BODY[::-1]
    assert coder.calls == 1
    # And it is replaced.
    written(store)
    assert backend.data == {key: value}


def test_r52_swapped_values_are_misses(coder: Coder) -> None:
    backend = DictCache()
    store = store_of(backend)
    fill(store)
    fill(store, OTHER)
    one, other = backend.data
    backend.data[one], backend.data[other] = backend.data[other], backend.data[one]
    for body in (BODY, OTHER):
        assert code(store, body, "gzip;6", coder)[0] == body[::-1]
    assert coder.calls == 2


def test_sealed_values_can_be_opened() -> None:
    assert opened(sealed(b"coded", "key"), "key") == b"coded"
    assert opened(sealed(b"coded", "key"), "other") is None


# ---- What is worth it ----


class Slow(Coder):
    """Takes a millisecond of the processor for every 1,000 bytes."""

    def __call__(self, body: bytes) -> bytes:
        end = thread_time() + len(body) / 1e6
        while thread_time() < end:
            pass
        return super().__call__(body)


class Asked(DictCache):
    """Counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def get(self, key: str) -> bytes | None:
        self.asked += 1
        return super().get(key)


def test_what_is_coded_faster_than_fetched_is_neither_asked_for_nor_kept() -> None:
    backend = Asked()
    store = store_of(backend, border=0.02)
    slow = Slow()
    # Nothing is known of the kind yet.
    code(store, bytes(1_000), "gzip;6", slow)
    assert backend.asked == 1
    for _ in range(3):
        code(store, bytes(1_000), "gzip;6", slow)
    written(store)
    assert (backend.asked, backend.data) == (1, {})
    code(store, bytes(30_000), "gzip;6", slow)
    written(store)
    assert (backend.asked, len(backend.data)) == (2, 1)
    assert code(store, bytes(30_000), "gzip;6", slow)[1] == 0
    # Another kind is another matter.
    code(store, bytes(1_000), "br;11", slow)
    assert backend.asked == 4


def test_what_a_byte_costs_is_learnt_again() -> None:
    backend = Asked()
    store = store_of(backend, border=0.001)
    for _ in range(3):
        store._note(1 << 24, "gzip;6", 1e-6)
    code(store, bytes(1_000), "gzip;6", Coder())
    assert backend.asked == 0
    for _ in range(9):
        store._note(1 << 24, "gzip;6", 1e3)
    code(store, bytes(1_000), "gzip;6", Coder())
    assert backend.asked == 1


def test_an_error_of_the_coder_propagates_and_nothing_is_kept() -> None:
    class Failing(Coder):
        def __call__(self, body: bytes) -> bytes:
            raise MemoryError

    backend = DictCache()
    store = store_of(backend)
    with pytest.raises(MemoryError):
        code(store, BODY, "gzip;6", Failing())
    written(store)
    assert backend.data == {}


# ---- What fails ----


class Failing(DictCache):
    """Fails as it is told to."""

    def __init__(self, reading: Any = None, writing: Any = None) -> None:
        super().__init__()
        self.reading, self.writing = reading, writing
        self.calls: list[str] = []

    def get(self, key: str) -> bytes | None:
        self.calls.append("get")
        if self.reading is not None:
            raise self.reading
        return super().get(key)

    def set(self, key: str, value: bytes) -> Any:
        self.calls.append("set")
        if isinstance(self.writing, Exception):
            raise self.writing
        if self.writing is None:
            super().set(key, value)
        return self.writing


def test_a_back_end_that_is_down_is_left_alone_and_logged_once(
    caplog: pytest.LogCaptureFixture, coder: Coder
) -> None:
    backend = Failing(ConnectionError("down"), ConnectionError("down"))
    store = store_of(backend, pause=3600.0)
    for _ in range(5):
        assert code(store, BODY, "gzip;6", coder)[0] == BODY[::-1]
    written(store)
    # That it does not take an entry either tells that it is not the entry.
    assert backend.calls == ["get", "set"]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "reading COMPRESS_CACHE_BACKEND failed" in caplog.text
    assert "ConnectionError: down" in caplog.text


def test_a_back_end_that_works_again_is_used_again(
    caplog: pytest.LogCaptureFixture, coder: Coder
) -> None:
    backend = Failing(ConnectionError("down"), ConnectionError("down"))
    store = store_of(backend)
    for _ in range(3):
        code(store, BODY, "gzip;6", coder)
    backend.reading = backend.writing = None
    fill(store)
    calls = coder.calls
    assert code(store, BODY, "gzip;6", coder) == (BODY[::-1], 0.0)
    assert coder.calls == calls
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "reading COMPRESS_CACHE_BACKEND works again" in caplog.text


@pytest.mark.parametrize(
    ("full", "tries"), [(OSError("OOM command not allowed"), 1), (False, 3)]
)
def test_a_full_back_end_is_still_read(
    caplog: pytest.LogCaptureFixture, coder: Coder, full: Any, tries: int
) -> None:
    backend = Failing()
    store = store_of(backend, pause=3600.0)
    fill(store)
    backend.writing = full
    for start in range(6):
        body = OTHER[start:]
        assert code(store, body, "gzip;6", coder)[0] == body[::-1]
        written(store)
    assert code(store, BODY, "gzip;6", coder) == (BODY[::-1], 0.0)
    assert backend.calls.count("set") == 1 + tries
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "writing COMPRESS_CACHE_BACKEND failed" in caplog.text


def test_one_body_that_is_not_kept_keeps_no_other_out(
    caplog: pytest.LogCaptureFixture, coder: Coder
) -> None:
    # As by memcached, whose values have a megabyte at most.
    backend = Failing()
    store = store_of(backend, pause=3600.0)
    for start in range(4):
        backend.writing = False
        code(store, OTHER[start:], "gzip;6", coder)
        written(store)
        backend.writing = None
        code(store, BODY[start:], "gzip;6", coder)
        written(store)
    assert all(code(store, BODY[start:], "gzip;6", coder)[1] == 0 for start in range(4))
    assert caplog.records == []


def test_an_entry_that_cannot_be_read_is_replaced(
    caplog: pytest.LogCaptureFixture, coder: Coder
) -> None:
    # What another version of something wrote cannot be unpickled.
    class Unpickling(DictCache):
        def get(self, key: str) -> Any:
            value = self.data.get(key)
            return value and pickle.loads(value)

        def set(self, key: str, value: bytes) -> None:
            self.data[key] = pickle.dumps(value)

    backend = Unpickling()
    store = store_of(backend, pause=3600.0)
    fill(store)
    fill(store, OTHER)
    for key in backend.data:
        backend.data[key] = b"cno_such_module\nNo\n."
    for body in (BODY, OTHER):
        assert code(store, body, "gzip;6", coder)[0] == body[::-1]
        written(store)
        assert code(store, body, "gzip;6", coder) == (body[::-1], 0.0)
    assert coder.calls == 2
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "No module named 'no_such_module'" in caplog.text


class Hanging(DictCache):
    """Hangs until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.go = threading.Event()

    def get(self, key: str) -> bytes | None:
        self.calls += 1
        assert self.go.wait(PATIENT)
        return super().get(key)


def test_a_back_end_that_hangs_is_waited_for_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, coder: Coder
) -> None:
    # However long the machine lets the test wait, it is too early to give up.
    monkeypatch.setattr("pyfastgz.store.line._HANG_SECONDS", 3600.0)
    monkeypatch.setattr("pyfastgz.store.line._MAX_LATE", 3600)
    backend = Hanging()
    store = store_of(backend, wait=0.01)
    with ThreadPoolExecutor(8) as pool:
        bodies = [BODY[number:] for number in range(100)]
        coded = pool.map(lambda body: code(store, body, "gzip;6", coder)[0], bodies)
        assert list(coded) == [body[::-1] for body in bodies]
    # No other call is made, and none waits that would be.
    assert backend.calls == 1
    assert caplog.records == []
    monkeypatch.setattr("pyfastgz.store.line._HANG_SECONDS", 0.0)
    assert code(store, BODY, "gzip;6", coder)[0] == BODY[::-1]
    assert "and logged when it works: no answer in 0 s" in caplog.text
    backend.go.set()
    late_call_ends(store)
    assert backend.calls == 1
    store._wait = PATIENT
    fill(store)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_back_end_that_is_late_again_and_again_is_left_alone(
    caplog: pytest.LogCaptureFixture, coder: Coder
) -> None:
    backend = Hanging()
    store = store_of(backend, wait=0.001, pause=3600.0)
    late = set()
    for number in range(5):
        backend.go.clear()
        assert code(store, BODY, "gzip;6", coder)[0] == BODY[::-1]
        backend.go.set()
        late.add(late_call_ends(store))
        # A call that has not begun when it is late is not made.
        assert backend.calls <= len(late) == min(number + 1, 3)
    assert len(caplog.records) == 1
    assert "no answer in 1 ms, 3 times" in caplog.text


def test_an_answer_in_time_makes_up_for_late_ones() -> None:
    line, go = Line(), threading.Event()
    for _ in range(5):
        for _ in range(2):
            go.clear()
            with pytest.raises(BusyError):
                line.ask(0.001, go.wait, PATIENT)
            late = line._late
            assert late is not None
            go.set()
            until(lambda: late.is_over)  # noqa: B023
        assert line.ask(PATIENT, int) == 0


def test_the_reason_of_a_late_answer_is_logged_when_it_comes(
    caplog: pytest.LogCaptureFixture, coder: Coder
) -> None:
    # As redis-py does, which tries for seconds.
    class Trying(Hanging):
        def get(self, key: str) -> bytes | None:
            super().get(key)
            raise ConnectionRefusedError("as it should")

    backend = Trying()
    store = store_of(backend, wait=0.01, pause=3600.0)
    assert code(store, BODY, "gzip;6", coder)[0] == BODY[::-1]
    assert caplog.records == []
    backend.go.set()
    late_call_ends(store)
    assert "ConnectionRefusedError: as it should" in caplog.text
    assert len(caplog.records) == 1


def test_writing_is_not_waited_for(coder: Coder) -> None:
    class Stuck(DictCache):
        def set(self, key: str, value: bytes) -> None:
            assert go.wait(PATIENT)
            super().set(key, value)

    go = threading.Event()
    backend = Stuck()
    store = store_of(backend, pause=3600.0)
    # This one is read in time, and leaves what is stuck.
    code(store, BODY, "gzip;6", coder)
    store._wait = 0.01
    for number in range(20):
        body = BODY[number:]
        assert code(store, body, "gzip;6", coder)[0] == body[::-1]
    assert backend.data == {}
    go.set()
    until(lambda: backend.data)


def test_pauses_grow_and_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("pyfastgz.store.line.monotonic", lambda: now)
    gate = Gate("something", 0.001)
    pauses = []
    for _ in range(20):
        gate.failed(OSError())
        pauses.append(gate._pause)
        # The report of another that tried before says nothing new.
        gate.failed(OSError())
        assert not gate.admits()
        now += gate._pause
        assert gate.admits()
        assert not gate.admits()
    assert pauses[:4] == [0.001, 0.002, 0.004, 0.008]
    assert pauses[-1] == 60
    gate.failed(OSError())
    gate.worked()
    assert gate.admits()
    assert gate.is_open
    # So soon after the last one, it is still the same trouble.
    gate.failed(OSError())
    assert gate._pause == 60
    gate.worked()
    now += 60
    gate.failed(OSError())
    assert gate._pause == 0.001
    assert len(caplog.records) == 5


# ---- Threads, forks, contexts ----


def test_many_threads(coder: Coder) -> None:
    store = store_of(DictCache())
    bodies = [BODY[number % 7 :] for number in range(2_000)]
    with ThreadPoolExecutor(16) as pool:
        coded = pool.map(lambda body: code(store, body, "gzip;6", coder)[0], bodies)
        assert list(coded) == [body[::-1] for body in bodies]
    assert coder.calls < 1_000


def test_a_thread_that_has_nothing_to_do_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyfastgz.store.line._IDLE_SECONDS", 0.001)
    line = Line()
    for _ in range(200):
        thread = line.ask(PATIENT, threading.current_thread)
    thread.join(PATIENT)
    assert not thread.is_alive()
    assert line.ask(PATIENT, threading.current_thread) is not thread


def test_a_thread_that_cannot_be_started_costs_no_response(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, coder: Coder
) -> None:
    def fail(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    store = store_of(DictCache())
    with monkeypatch.context() as context:
        context.setattr(threading.Thread, "start", fail)
        for _ in range(200):
            assert code(store, BODY, "gzip;6", coder)[0] == BODY[::-1]
    assert "can't start new thread" in caplog.text
    fill(store)
    assert code(store, BODY, "gzip;6", coder)[1] == 0


def test_calls_see_the_variables_of_their_callers() -> None:
    variable = contextvars.ContextVar("variable", default="none")
    line = Line()
    for value in ("one", "other"):
        variable.set(value)
        assert line.ask(PATIENT, variable.get) == value
    assert contextvars.Context().run(line.ask, PATIENT, variable.get) == "none"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_ends_the_thread_ends_nothing_else(coder: Coder) -> None:
    class Ending(DictCache):
        def get(self, key: str) -> bytes | None:
            threads.append(threading.current_thread())
            raise SystemExit

    threads: list[threading.Thread] = []
    store = store_of(Ending())
    for _ in range(3):
        assert code(store, BODY, "gzip;6", coder)[0] == BODY[::-1]
    written(store)
    for thread in threads:
        thread.join(PATIENT)


PROGRAM = """
import os, sys, threading
from pyfastgz import DictCache
from pyfastgz.store.shared import SharedStore

class Hanging(DictCache):
    def get(self, key):
        if hangs:
            threading.Event().wait()
        return super().get(key)

    def set(self, key, value):
        super().set(key, value)
        kept.set()

def reverse(body, coding, level, brotli):
    calls.append(body)
    return body[::-1], 1.0

def code(store, body):
    return store.compress(body, "gzip", 6, None)

calls, kept = [], threading.Event()
store = SharedStore(Hanging(), reverse, border=0.0, wait=30.0)
hangs = False
code(store, b"body")
kept.wait()
hangs = "hangs" in sys.argv
if hangs:
    store._wait = 0.01
    code(store, b"other")
    store._wait, hangs = 30.0, False
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
@pytest.mark.parametrize("what", ["works", "hangs"])
def test_a_child_of_the_process_has_a_thread_of_its_own(what: str) -> None:
    program = PROGRAM + (
        "child = os.fork()\n"
        "calls.clear()\n"
        "assert code(store, b'body') == (b'ydob', 0.0) or not child == 0\n"
        "if child == 0:\n"
        "    os._exit(7 if not calls else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program, what]
    run = subprocess.run(
        command, capture_output=True, text=True, timeout=2 * PATIENT, check=True
    )
    assert run.stdout == "7\n"


def test_the_interpreter_does_not_wait_for_a_call_that_hangs() -> None:
    program = PROGRAM + "print('end')\n"
    command = [sys.executable, "-c", program, "hangs"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENT, check=True)
    assert run.stdout == "end\n"


GEVENT = """
from pyfastgz.store.shared import SharedStore
import gevent.monkey; gevent.monkey.patch_all()
import gevent, threading, time
from pyfastgz import DictCache

class Slow(DictCache):
    def get(self, key):
        time.sleep(0.01)
        return super().get(key)

def reverse(body, coding, level, brotli):
    calls.append(body)
    return body[::-1], 1.0

def code(store, body):
    return store.compress(body, "gzip", 6, None)

calls = []
store = SharedStore(Slow(), reverse, border=0.0, wait=30.0)
bodies = [b"%d" % (number % 5) for number in range(50)]
jobs = [gevent.spawn(code, store, body) for body in bodies]
gevent.joinall(jobs, raise_error=True)
assert [job.value[0] for job in jobs] == [body[::-1] for body in bodies]
late = SharedStore(Slow(), reverse, border=0.0, wait=0.001)
assert code(late, b"body")[0] == b"ydob"
# Others go on meanwhile.
ticks = []
ticking = gevent.spawn(lambda: [ticks.append(gevent.sleep(0.001)) for _ in range(5)])
assert code(store, b"body")[0] == b"ydob"
assert ticks
print(len(calls))
"""


def test_greenlets() -> None:
    pytest.importorskip("gevent")
    run = subprocess.run(
        [sys.executable, "-c", GEVENT],
        capture_output=True,
        text=True,
        timeout=2 * PATIENT,
        check=True,
    )
    assert int(run.stdout) <= 52
