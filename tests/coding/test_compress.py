"""compress(): whole bodies, decoded by everything but the project's own code."""

from __future__ import annotations

import random
import threading
from itertools import product
from operator import contains
from typing import Any

import decoders
import patience  # noqa: F401
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

import pyfastgz
from pyfastgz.coding import available_codings
from pyfastgz.coding import coding_named

CODINGS = decoders.CODINGS
DEFLATE_LEVELS = range(-1, 10)

texts = st.lists(st.sampled_from([b"<li>", b"</li>\n", b"item ", b"42", b"x", b"\xe2\x82\xac"]))
bodies = st.one_of(
    st.binary(max_size=3000),
    texts.map(b"".join),
    st.builds(
        lambda unit, n: unit * n, st.binary(min_size=1, max_size=40), st.integers(0, 2000)
    ),
)


def noise(nbytes: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(nbytes)


@pytest.mark.parametrize("coding", CODINGS)
@given(body=bodies, data=st.data())
@settings(max_examples=150)
def test_every_decoder_returns_the_body(coding: str, body: bytes, data: st.DataObject) -> None:
    levels = coding_named(coding).levels
    level = data.draw(st.integers(max(levels[0], -7), min(levels[-1], 12)))
    decoders.check(coding, pyfastgz.compress(body, coding, level=level), body)


@pytest.mark.parametrize("level", DEFLATE_LEVELS)
def test_all_inputs_of_up_to_nine_bytes_over_three_symbols(level: int) -> None:
    decode = decoders.DECODERS["gzip"]["zlib"]
    for nbytes in range(10):
        for symbols in product(b"\x00a\xff", repeat=nbytes):
            body = bytes(symbols)
            assert decode(pyfastgz.compress(body, "gzip", level=level)) == body


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("nbytes", [4095, 4096, 4097])
def test_noise_of_the_length_of_the_longest_short_body(coding: str, nbytes: int) -> None:
    """Up to there the output goes to the stack; it must fit, whatever it is."""
    levels = coding_named(coding).levels
    body = noise(nbytes)
    for level in range(max(levels[0], -7), levels[-1] + 1):
        decoders.check(coding, pyfastgz.compress(body, coding, level=level), body)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("body", [b"", b"x", b"\x00" * 100_000, noise(3_000_000)])
def test_extreme_bodies(coding: str, body: bytes) -> None:
    decoders.check(coding, pyfastgz.compress(body, coding), body)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_100_mb_of_noise(coding: str) -> None:
    body = noise(1 << 20) * 100
    body = body[:-1]  # not a multiple of anything
    coded = pyfastgz.compress(body, coding, level=1)
    decode = next(iter(decoders.DECODERS[coding].values()))
    assert decode(coded) == body
    assert len(coded) < len(body) + len(body) // 1000


def test_noise_grows_by_no_more_than_the_documented_bound() -> None:
    body = noise(1_000_000)
    for level in DEFLATE_LEVELS:
        nblocks = len(body) // 8189 + 1
        assert len(pyfastgz.compress(body, "gzip", level=level)) <= len(body) + 5 * nblocks + 18


@pytest.mark.parametrize("coding", CODINGS)
def test_same_input_same_bytes_whatever_came_before(coding: str) -> None:
    body = b"".join(b"%d,%d\n" % (i * i, i % 7) for i in range(5000))
    first = pyfastgz.compress(body, coding)
    for other in (noise(70_000), b"", b"ab" * 40_000, body[::-1]):
        pyfastgz.compress(other, coding)
        assert pyfastgz.compress(body, coding) == first


def test_gzip_header_carries_no_time_and_no_system() -> None:
    assert pyfastgz.compress(b"x")[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


@pytest.mark.parametrize("nbytes", [0, 1, 500, 70_000, 9_000_000])
@pytest.mark.parametrize("level", [1, 3, 19, 22])
def test_r43_r44_zstd_frames_declare_their_size_and_a_window_for_the_web(
    nbytes: int, level: int
) -> None:
    body = (b"0123456789abcdef" * (nbytes // 16 + 1))[:nbytes]
    coded = pyfastgz.compress(body, "zstd", level=level)
    parameters = pytest.importorskip("zstandard").get_frame_parameters(coded)
    assert parameters.content_size == nbytes
    assert parameters.window_size <= 1 << 23
    decoders.check("zstd", coded, body)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize(
    "make",
    [
        bytearray,
        memoryview,
        lambda body: memoryview(body).cast("H"),
        lambda body: memoryview(bytes(2 * len(body)))[::2],
    ],
)
def test_any_bytes_like_object(coding: str, make: Any) -> None:
    data = make(b"abcdefgh" * 50)
    decoders.check(coding, pyfastgz.compress(data, coding), memoryview(data).tobytes())


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("data", ["text", 5, None, [1, 2], object()])
def test_what_is_not_bytes_like_is_named(coding: str, data: Any) -> None:
    expected = f"^a bytes-like object is required, not {type(data).__name__}$"
    with pytest.raises(TypeError, match=expected):
        pyfastgz.compress(data, coding)


@pytest.mark.parametrize("coding", ["GZIP", "x-gzip", "identity", "", "zlib"])
def test_an_unknown_coding_is_named(coding: str) -> None:
    with pytest.raises(ValueError, match=f"unknown coding {coding!r}"):
        pyfastgz.compress(b"x", coding)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_level_out_of_range_is_named(coding: str) -> None:
    levels = coding_named(coding).levels
    for level in (levels[0] - 1, levels[-1] + 1, 10**30):
        with pytest.raises(ValueError, match=f"level {level} of {coding}"):
            pyfastgz.compress(b"x", coding, level=level)
    with pytest.raises(TypeError, match="level must be an int"):
        pyfastgz.compress(b"x", coding, level="6")  # type: ignore[arg-type]


def test_br_is_available_with_its_package() -> None:
    assert sorted(available_codings()) == sorted(CODINGS)


@pytest.mark.parametrize("coding", CODINGS)
def test_what_another_thread_changes_meanwhile_is_coded_as_it_was(coding: str) -> None:
    """The core reads a body more than once, and believes what it read."""
    states = [b"<li>lamp</li>\n" * 4000, noise(56_000)]
    either = list(zip(*states, strict=True))
    decode = next(iter(decoders.DECODERS[coding].values()))
    body = bytearray(states[0])
    is_over = threading.Event()

    def change() -> None:
        while not is_over.is_set():
            for state in states:
                body[:] = state

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(50):
            decoded = decode(pyfastgz.compress(body, coding))
            assert len(decoded) == len(body)
            assert all(map(contains, either, decoded))
    finally:
        is_over.set()
        thread.join()


def test_threads_do_not_disturb_each_other() -> None:
    wrong: list[int] = []

    def work(seed: int) -> None:
        for i in range(60):
            body = noise(seed * 37 + i, seed) + b"abc" * (i * seed)
            for coding in ("gzip", "zstd"):
                decode = next(iter(decoders.DECODERS[coding].values()))
                if decode(pyfastgz.compress(body, coding)) != body:
                    wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
