"""What a process keeps when nobody codes: a bounded number of bytes, shared among all uses."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

import decoders
import pytest

import pyfastgz
from pyfastgz._core import lib
from pyfastgz.coding import coding_named
from pyfastgz.coding import core
from pyfastgz.coding import idle
from pyfastgz.coding.br import BrotliSettings
from pyfastgz.coding.idle import MAX_ITEM_NBYTES
from pyfastgz.coding.idle import MAX_NBYTES
from pyfastgz.coding.idle import Kept
from pyfastgz.coding.idle import Shelf

PAGE = b"".join(b"<tr><td>%d</td><td>lamp %d</td></tr>\n" % (i, i * i) for i in range(30_000))


def measured_nbytes(kept: Kept) -> int:
    """Return what an encoder takes: what it has allocated, by its own word."""
    return lib.fgz_memory_nbytes(kept.encoder)


def bodies_of(coding: str, level: int | None = None) -> core.Bodies:
    """Return what codes whole bodies at a level of a coding of the core."""
    row = coding_named(coding)
    bodies = row.bodies(row.default_level if level is None else level)
    assert isinstance(bodies, core.Bodies)
    return bodies


def all_kept() -> list[Kept]:
    return [kept for shelf in idle._shelves for kept in shelf.items]


def check_bound() -> None:
    """Assert that what is kept counts for what it takes, and is no more than there may be."""
    kept = all_kept()
    assert sum(map(measured_nbytes, kept)) <= MAX_NBYTES
    assert all(measured_nbytes(one) <= one.counted_nbytes for one in kept)
    assert idle.counted_nbytes() == sum(one.counted_nbytes for one in kept)


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    """Begin with nothing kept, and with nothing that other tests left in hand."""
    for shelf in idle._shelves:
        shelf.items.clear()
    assert idle.counted_nbytes() == 0
    yield
    check_bound()


def test_whatever_is_coded_what_stays_is_bounded() -> None:
    numbers = random.Random(30)

    def code_much() -> None:
        for _ in range(60):
            coding = numbers.choice(("gzip", "deflate", "zstd"))
            level = numbers.randrange(1, 10)
            body = PAGE[: numbers.choice((100, 5000, 60_000, 200_000, 900_000))]
            match numbers.randrange(3):
                case 0:
                    pyfastgz.compress(body, coding, level=level)
                case 1:
                    with pyfastgz.Encoder(coding, level) as encoder:
                        encoder.write(body)
                case _:
                    with pyfastgz.Encoder(coding, level, small=True) as encoder:
                        encoder.flush(body)

    threads = [threading.Thread(target=code_much) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check_bound()
    # It is of use, too.
    assert sum(map(measured_nbytes, all_kept())) > MAX_NBYTES / 2


def test_many_streams_that_end_together_leave_no_more() -> None:
    encoders = [pyfastgz.Encoder("zstd", 3) for _ in range(60)]
    for encoder in encoders:
        encoder.write(PAGE[:300_000])
    for encoder in encoders:
        encoder.finish()
    check_bound()
    assert all_kept()


def test_open_streams_do_not_count() -> None:
    for _ in range(2):
        bodies_of("zstd").idle.items.clear()
        encoders = [pyfastgz.Encoder("gzip", small=True) for _ in range(400)]
        for encoder in encoders:
            encoder.flush(b"data: lamp\n\n")
        assert idle.counted_nbytes() == 0
        # Others find room while they are open.
        pyfastgz.compress(PAGE, "zstd")
        assert bodies_of("zstd").idle.items
        for encoder in encoders:
            encoder.close()


def test_the_fullest_shelf_makes_room() -> None:
    encoders = [pyfastgz.Encoder("gzip") for _ in range(100)]
    for encoder in encoders:
        encoder.write(b"x")
        encoder.close()
    assert idle.counted_nbytes() > MAX_NBYTES * 0.9
    pyfastgz.compress(PAGE, "zstd")
    pool = bodies_of("zstd")
    assert len(pool.idle.items) == 1


def test_one_kind_does_not_push_others_out() -> None:
    shelves = [Shelf() for _ in range(4)]
    for _ in range(50):
        for shelf in shelves:
            shelf.keep(Kept(None, 0), MAX_NBYTES // 16)
    assert [len(shelf.items) for shelf in shelves] == [4, 4, 4, 4]
    greedy = shelves[0]
    for _ in range(50):
        greedy.keep(Kept(None, 0), MAX_NBYTES // 16)
    assert [len(shelf.items) for shelf in shelves] == [4, 4, 4, 4]
    for shelf in shelves:
        idle._shelves.remove(shelf)


@pytest.mark.parametrize("level", [19, 22])
def test_large_encoders_are_not_kept(level: int) -> None:
    coded = pyfastgz.compress(PAGE, "zstd", level=level)
    decoders.check("zstd", coded, PAGE)
    assert bodies_of("zstd", level).idle.items == []
    assert MAX_ITEM_NBYTES < MAX_NBYTES


def test_what_grows_is_counted_again() -> None:
    counts = []
    for nbytes in (10, 1000, 10, 12_000, 60_000, 300_000, 10):
        pyfastgz.compress(PAGE[:nbytes], "zstd")
        (kept,) = bodies_of("zstd").idle.items
        assert kept.counted_nbytes == measured_nbytes(kept)
        counts.append(kept.counted_nbytes)
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_what_failed_is_not_kept(coding: str) -> None:
    encoder = pyfastgz.Encoder(coding, size=3)
    encoder.write(b"abc")
    row = coding_named(coding)
    pool = row.streams(row.default_level, False)
    assert isinstance(pool, core.Streams)
    before = pool.idle.items.copy()
    with pytest.raises(pyfastgz.EncoderStateError):
        encoder.write(b"d")
    decoders.check(coding, pyfastgz.Encoder(coding).finish(b"abc"), b"abc")
    assert len(pool.idle.items) == len(before) + 1


STREAMS = {
    "gzip": 310 * 1024,
    "deflate": 310 * 1024,
    "zstd": 2200 * 1024,
}


@pytest.mark.parametrize("coding", STREAMS)
@pytest.mark.parametrize("size", [None, 4 * len(PAGE)])
def test_a_stream_takes_no_more_the_more_it_carries(coding: str, size: int | None) -> None:
    """Whatever was coded before with encoders that the process kept."""
    pyfastgz.compress(PAGE, coding)
    encoder = pyfastgz.Encoder(coding, size=size)
    for _ in range(4):
        encoder.write(PAGE)
    stream = encoder._free["stream"]
    assert isinstance(stream, core.CoreStream)
    assert lib.fgz_memory_nbytes(stream.encoder) <= STREAMS[coding]
    encoder.finish()


@pytest.mark.parametrize("level", [1, 3, 6, 9, 13, 19, 22])
def test_a_zstd_stream_has_bounded_memory_at_every_level(level: int) -> None:
    encoder = pyfastgz.Encoder("zstd", level)
    coded = encoder.write(PAGE) + encoder.flush()
    stream = encoder._free["stream"]
    assert isinstance(stream, core.CoreStream)
    assert lib.fgz_memory_nbytes(stream.encoder) <= 3 * 1024 * 1024
    decoders.check("zstd", coded + encoder.finish(), PAGE)


@pytest.mark.parametrize(
    ("window", "small", "used"), [(24, False, 17), (10, False, 10), (22, True, 14)]
)
def test_a_br_stream_refers_back_less_far_than_a_body(
    window: int,
    small: bool,
    used: int,
) -> None:
    brotli = pytest.importorskip("brotli")
    settings = BrotliSettings(window=window)
    stream = pyfastgz.Encoder("br", 5, small=small, brotli=settings)
    theirs = brotli.Compressor(quality=5, lgwin=used)
    coded = stream.write(PAGE) + stream.finish()
    assert coded == theirs.process(PAGE) + theirs.finish()
    decoders.check("br", coded, PAGE)
    whole = brotli.compress(PAGE, quality=5, lgwin=window)
    assert pyfastgz.compress(PAGE, "br", level=5, brotli=settings) == whole
