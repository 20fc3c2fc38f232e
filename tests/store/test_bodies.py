"""The store in the process."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from collisions import collided
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pyfastgz.coding.br import BrotliSettings
from pyfastgz.coding.core import fingerprint_of
from pyfastgz.coding.encoder import compress
from pyfastgz.store.bodies import ENTRY_NBYTES
from pyfastgz.store.bodies import BodyStore

BROTLI = BrotliSettings()
PAGE = b"<p>Lamps and tables, tables and lamps.</p>" * 40


def body_of(number: int, nbytes: int = 600) -> bytes:
    """One of many bodies that compress."""
    return (f"{number:08}".encode() * (nbytes // 8 + 1))[:nbytes]


def code(store: BodyStore, body: bytes, coding: str = "gzip", level: int = 6) -> bool:
    """Code a body, check the result, and tell whether it was kept."""
    form, seconds = store.compress(body, coding, level, BROTLI)
    assert form.coded == compress(body, coding, level=level)
    return not seconds


def reader(body: bytes) -> Callable[[], tuple[bytes, bool]]:
    """What reads a body that a name stands for."""
    return lambda: (body, True)


@given(st.binary(min_size=64, max_size=5000))
def test_fingerprints_of_equal_bodies_are_equal(body: bytes) -> None:
    again = bytes(bytearray(body))
    assert fingerprint_of(body) == fingerprint_of(again)
    first, second = collided(body), collided(b"other   " + body[8:])
    assert fingerprint_of(first) == fingerprint_of(second)
    assert fingerprint_of(first) != fingerprint_of(body)


def test_a_second_coding_is_the_last() -> None:
    store = BodyStore(1 << 20)
    assert [code(store, bytes(bytearray(PAGE))) for _ in range(4)] == [False, False, True, True]
    assert store.stats()[:3] == (2, 2, 1)
    nbytes = len(PAGE) + len(compress(PAGE)) + ENTRY_NBYTES
    assert store.stats().nbytes == nbytes


def test_a_body_is_kept_once_for_all_codings() -> None:
    store = BodyStore(1 << 20)
    for coding, level in [("gzip", 6), ("zstd", 3), ("gzip", 6), ("gzip", 9), ("deflate", 6)]:
        code(store, PAGE, coding, level)
    forms = [("gzip", 6), ("gzip", 9), ("zstd", 3), ("deflate", 6)]
    assert all(code(store, PAGE, coding, level) for coding, level in forms)
    sizes = [len(compress(PAGE, coding, level=level)) for coding, level in forms]
    assert store.stats().entries == 1
    assert store.stats().nbytes == len(PAGE) + sum(sizes) + ENTRY_NBYTES


def test_the_settings_of_brotli_count() -> None:
    pytest.importorskip("brotli")
    store = BodyStore(1 << 20)
    ways = [BrotliSettings(mode, 22, 0) for mode in (0, 1)] * 3
    seconds = [store.compress(PAGE, "br", 4, way)[1] for way in ways]
    assert [not each for each in seconds] == [False, False, False, True, True, True]


def test_r52_a_body_with_the_same_key_is_a_miss() -> None:
    store = BodyStore(1 << 20)
    first, second = collided(PAGE), collided(b"another " + PAGE[8:])
    assert fingerprint_of(first) == fingerprint_of(second)
    assert first != second
    for _ in range(3):
        code(store, first)
    # Each checks that it gets its own coded form.
    for body in [second, first, second, second, first, first]:
        code(store, body)
    assert store.stats().entries == 1
    assert code(store, first)


def test_bodies_that_come_once_are_not_kept() -> None:
    store = BodyStore(1 << 20)
    for number in range(3000):
        assert not code(store, body_of(number))
    # But for those whose fingerprint is there by chance.
    assert store.stats().entries <= 1


def test_those_not_used_for_longest_go_first() -> None:
    room = 3 * (600 + ENTRY_NBYTES + 100) * 8
    store = BodyStore(room)
    fits = 0
    while store.stats().entries == fits:
        for _ in range(2):
            code(store, body_of(fits))
        fits += 1
        assert code(store, body_of(0))
    # One more than fits has come, the first was used all the time, and the second went.
    assert store.stats().nbytes <= room
    assert code(store, body_of(0))
    assert not code(store, body_of(1))
    assert code(store, body_of(fits - 1))


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_memory_is_bounded(coding: str) -> None:
    room = 200_000
    store = BodyStore(room)
    for number in range(1500):
        for _ in range(2):
            code(store, body_of(number, 400 + number % 3000), coding, 1)
        assert store.stats().nbytes <= room
    stats = store.stats()
    assert stats.nbytes > room * 0.9
    assert stats.entries * ENTRY_NBYTES < stats.nbytes


def test_the_overhead_is_not_understated() -> None:
    # With as much as the interpreter says that it takes.
    store = BodyStore(1 << 26)
    bodies = [os.urandom(20) for _ in range(20_000)]
    for body in bodies[:2]:
        store.compress(body, "gzip", 0, BROTLI)
    gc.collect()
    tracemalloc.start()
    for number, body in enumerate(bodies):
        store.compress_file((number, 2), reader(body), "gzip", 0, BROTLI)
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken <= store.stats().nbytes


def test_an_entry_takes_at_most_an_eighth() -> None:
    store = BodyStore(80_000)
    for _ in range(3):
        assert not code(store, body_of(1, 10_001), "gzip", 0)
        assert not code(store, body_of(2, 5_000), "gzip", 0)
        code(store, body_of(3, 3_000), "gzip", 0)
    assert code(store, body_of(3, 3_000), "gzip", 0)
    assert store.stats().misses == 8
    # Another form does not fit, and the first stays.
    store = BodyStore(8 * (3_000 + 3_100 + ENTRY_NBYTES))
    body = os.urandom(3_000)
    for _ in range(3):
        code(store, body)
    for _ in range(3):
        assert not code(store, body, "zstd", 3)
        assert code(store, body)


def test_errors_of_the_encoder_propagate_and_nothing_is_kept() -> None:
    store = BodyStore(1 << 20)
    for _ in range(3):
        with pytest.raises(ValueError, match="level 99"):
            store.compress(PAGE, "gzip", 99, BROTLI)
    assert store.stats()[2:] == (0, 0)


def test_what_has_a_name_is_not_read_again() -> None:
    store = BodyStore(1 << 20)
    reads = []

    def read() -> tuple[bytes, bool]:
        reads.append(1)
        return PAGE, True

    for _ in range(3):
        form, _ = store.compress_file("name", read, "gzip", 6, BROTLI)
        assert form.coded == compress(PAGE)
    assert len(reads) == 1
    store.compress_file("name", read, "zstd", 3, BROTLI)
    store.compress_file("other name", read, "gzip", 6, BROTLI)
    assert len(reads) == 3
    assert store.stats()[:3] == (2, 3, 2)


def test_what_is_kept_as_it_is_is_read_once() -> None:
    store = BodyStore(1 << 20)
    reads = []

    def read() -> tuple[bytes, bool]:
        reads.append(1)
        return PAGE, True

    assert [store.read_file("name", read) for _ in range(3)] == [PAGE] * 3
    assert len(reads) == 1
    # Its coded form is another one.
    store.compress_file("name", read, "gzip", 6, BROTLI)
    assert store.read_file("name", read) == PAGE
    assert len(reads) == 2
    assert store.stats() == (3, 2, 1, ENTRY_NBYTES + len(PAGE) + len(compress(PAGE)))
    for _ in range(2):
        assert store.read_file("other", lambda: (PAGE[1:], False)) == PAGE[1:]
    assert store.stats().entries == 1


def test_what_has_an_uncertain_name_is_not_kept() -> None:
    store = BodyStore(1 << 20)
    for _ in range(3):
        store.compress_file("name", lambda: (PAGE, False), "gzip", 6, BROTLI)
    assert store.stats() == (0, 3, 0, 0)


def test_r51_threads_get_what_is_right_and_the_room_is_kept() -> None:
    store = BodyStore(30_000)
    bodies = [body_of(number, 500 + 7 * number) for number in range(40)]
    start = threading.Barrier(8)

    def work(seed: int) -> None:
        start.wait()
        for turn in range(400):
            body = bodies[(turn * (seed + 1) + turn // 3) % len(bodies)]
            code(store, body, "gzip" if turn % 2 else "zstd", 1)

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(work, seed) for seed in range(8)]:
            each.result()
    stats = store.stats()
    assert stats.hits + stats.misses == 8 * 400
    assert 0 < stats.nbytes <= 30_000
    # What is counted is what is there.
    assert stats.nbytes == sum(entry.nbytes for entry in store._entries.values())


def test_r51_what_an_interruption_left_counted_takes_no_room_for_long() -> None:
    store = BodyStore(1 << 20)
    # So much is counted too much by signal handlers that raise at the wrong time.
    store._nbytes += 2 << 20
    assert [code(store, PAGE) for _ in range(4)] == [False, False, False, True]
    assert store.stats().nbytes < len(PAGE) + 1000


def test_where_all_are_used_some_go_all_the_same() -> None:
    store = BodyStore(20_000)
    for number in range(100):
        for _ in range(2):
            code(store, body_of(number))
        for earlier in range(number + 1):
            # Whatever is still there is used, so that nothing is older than all others.
            if earlier % 3:
                code(store, body_of(earlier))
        assert store.stats().nbytes <= 20_000


def use_in_child(store: BodyStore, result: multiprocessing.SimpleQueue[bool]) -> None:
    result.put(code(store, PAGE))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_r51_a_child_keeps_what_it_inherits() -> None:
    store = BodyStore(1 << 20)
    for _ in range(2):
        code(store, PAGE)
    done = threading.Event()

    def go_on() -> None:
        number = 0
        while not done.is_set():
            number += 1
            for _ in range(2):
                code(store, body_of(number % 50))

    thread = threading.Thread(target=go_on)
    thread.start()
    context = multiprocessing.get_context("fork")
    try:
        for _ in range(20):
            result: multiprocessing.SimpleQueue[bool] = context.SimpleQueue()
            child = context.Process(target=use_in_child, args=(store, result))
            child.start()
            child.join(30)
            assert child.exitcode == 0
            assert result.get()
    finally:
        done.set()
        thread.join()


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from(["gzip", "zstd"]), st.booleans()),
        max_size=120,
    ),
    st.integers(1, 40_000),
)
def test_any_sequence_is_right_and_bounded(
    calls: list[tuple[int, str, bool]], room: int
) -> None:
    store = BodyStore(room)
    for number, coding, is_file in calls:
        body = body_of(number, 20 + 400 * number)
        if is_file:
            form, _ = store.compress_file(f"name of {number}", reader(body), coding, 1, BROTLI)
            assert form.coded == compress(body, coding, level=1)
        else:
            code(store, body, coding, 1)
        stats = store.stats()
        assert stats.nbytes <= room
        assert stats.nbytes == sum(entry.nbytes for entry in store._entries.values())
    assert sum(store.stats()[:2]) <= len(calls)
