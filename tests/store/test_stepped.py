"""A store of bodies that are coded at lower levels for a while."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz import BrotliSettings
from pyfastgz import Dictionary
from pyfastgz import compress
from pyfastgz.coding import levels_down
from pyfastgz.store.bodies import ENTRY_NBYTES
from pyfastgz.store.stepped import SteppedStore

BROTLI = BrotliSettings()
PAGE = b"".join(b"<p>Lamps and tables, %d of them.</p>" % (n * n) for n in range(99))
LEVELS = (6, 4, 2, 1)


def keep(store: SteppedStore, level: int, coding: str = "gzip", body: bytes = PAGE) -> bytes:
    for _ in range(2):
        form, _ = store.compress(body, coding, level, BROTLI)
    return form.coded


def nbytes_of(*coded: bytes) -> int:
    return ENTRY_NBYTES + len(PAGE) + sum(map(len, coded))


def test_the_best_form_is_found_and_counted() -> None:
    store = SteppedStore(1 << 20)
    assert store.kept_at(PAGE, "gzip", LEVELS, BROTLI) is None
    low = keep(store, 1)
    found = store.kept_at(PAGE, "gzip", LEVELS, BROTLI)
    assert found is not None
    assert found.coded == low == compress(PAGE, level=1)
    assert store.kept_at(PAGE, "gzip", (6, 4), BROTLI) is None
    assert store.kept_at(PAGE, "deflate", LEVELS, BROTLI) is None
    assert store.kept_at(PAGE[1:], "gzip", LEVELS, BROTLI) is None
    assert (store.stats().hits, store.stats().misses) == (1, 2)


@pytest.mark.parametrize("coding", ["gzip", "zstd", "br"])
def test_a_higher_level_takes_the_place_of_lower_ones(coding: str) -> None:
    store = SteppedStore(1 << 20)
    levels = levels_down(coding, 4)
    for level in sorted(set(levels)):
        coded = keep(store, level, coding)
        assert store.stats().nbytes == nbytes_of(coded)
    for level in set(levels) - {4}:
        assert store.kept_at(PAGE, coding, [level], BROTLI) is None


def test_other_levels_and_codings_stay() -> None:
    store = SteppedStore(1 << 20)
    others = [keep(store, 5), keep(store, 9), keep(store, 1, "zstd"), keep(store, 0)]
    keep(store, 1)
    high = keep(store, 6)
    assert store.stats().nbytes == nbytes_of(*others, high)


def test_a_form_for_which_there_is_no_room_drops_no_other() -> None:
    low = compress(PAGE, level=1)
    noise = bytes(range(256)) * 4
    store = SteppedStore(8 * nbytes_of(low))
    assert keep(store, 1) == low
    store.keep(PAGE, "gzip", 6, BROTLI, noise)
    found = store.kept_at(PAGE, "gzip", LEVELS, BROTLI)
    assert found is not None
    assert found.coded == low


def test_with_a_dictionary() -> None:
    store = SteppedStore(1 << 20)
    dictionary, other = Dictionary(PAGE[:2000]), Dictionary(PAGE[1000:])
    for level, known in ((1, dictionary), (1, other), (3, dictionary)):
        for _ in range(2):
            store.compress(PAGE, "dcz", level, known)
    assert store.kept_at(PAGE, "dcz", [1], dictionary) is None
    for level, known in ((3, dictionary), (1, other)):
        form = store.kept_at(PAGE, "dcz", [3, 2, 1], known)
        assert form is not None
        assert form.coded == compress(PAGE, "dcz", level=level, dictionary=known)


def test_files_and_their_own_bytes() -> None:
    store = SteppedStore(1 << 20)
    name = ("device", 7)
    assert store.read_file(name, lambda: (PAGE, True)) == PAGE
    for level in (1, 2):
        store.compress_file(name, lambda: (PAGE, True), "gzip", level, BROTLI)
    assert store.named_at(name, "gzip", [1], BROTLI) is None
    form = store.named_at(name, "gzip", LEVELS, BROTLI)
    assert form is not None
    assert form.coded == compress(PAGE, level=2)
    assert store.named_at("other", "gzip", LEVELS, BROTLI) is None
    # As they are they have no level.
    assert store.read_file(name, lambda: pytest.fail("read again")) == PAGE


def test_what_came_from_elsewhere_is_kept_at_once() -> None:
    store = SteppedStore(1 << 20)
    coded = compress(PAGE)
    for _ in range(2):
        assert store.keep(PAGE, "gzip", 6, BROTLI, coded).coded == coded
        assert store.stats().entries == 1
    long = PAGE * 100
    assert store.keep(long, "gzip", 6, BROTLI, coded).coded == coded
    assert store.stats().entries == 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=60))
def test_what_it_takes_is_what_is_counted(coded: list[tuple[int, int]]) -> None:
    store = SteppedStore(8 * 8000)
    for step, number in coded:
        body = PAGE[number:]
        form, _ = store.compress(body, "gzip", LEVELS[step], BROTLI)
        assert form.coded == compress(body, level=LEVELS[step])
    entries = store._entries.values()
    assert store.stats().nbytes == sum(entry.nbytes for entry in entries) <= 8 * 8000
    for entry in entries:
        forms = sum(len(form.coded) for form in entry.forms.values())
        assert entry.nbytes == ENTRY_NBYTES + len(entry.body or b"") + forms
