"""The window of zstd frames: at most 8 MB, or browsers refuse them (RFC 9659 section 3)."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable

import decoders
import pytest

import pyfastgz

ZSTD = shutil.which("zstd")
MAX_WINDOW_NBYTES = 1 << 23
LEVELS = range(1, 23)

SMALL = b"".join(b"<li>item %d of the list</li>\n" % (i * i) for i in range(700))


def make_large() -> bytes:
    """Return more than the window, with a match that only a larger window could reach."""
    far = random.Random("far").randbytes(4000)
    return far + bytes(MAX_WINDOW_NBYTES + 500_000) + far


def window_nbytes(frame: bytes) -> int:
    """Return the window that a frame asks for, from its header (RFC 8878 section 3.1.1.1)."""
    assert frame[:4] == b"\x28\xb5\x2f\xfd"
    descriptor = frame[4]
    if not descriptor & 0x20:
        exponent, mantissa = frame[5] >> 3, frame[5] & 7
        base = 1 << (10 + exponent)
        return base + base // 8 * mantissa
    # A single segment: the window is the content, whose size follows the dictionary's number.
    start = 5 + (0, 1, 2, 4)[descriptor & 3]
    field_nbytes = (1, 2, 4, 8)[descriptor >> 6]
    size = int.from_bytes(frame[start : start + field_nbytes], "little")
    return size + 256 if field_nbytes == 2 else size


def code_at_once(body: bytes, level: int) -> bytes:
    return pyfastgz.compress(body, "zstd", level=level)


def code_as_stream(body: bytes, level: int) -> bytes:
    with pyfastgz.Encoder("zstd", level) as encoder:
        middle = len(body) // 2
        return encoder.flush(body[:middle]) + encoder.write(body[middle:]) + encoder.finish()


def code_as_stream_of_known_size(body: bytes, level: int) -> bytes:
    with pyfastgz.Encoder("zstd", level, size=len(body)) as encoder:
        return encoder.write(body) + encoder.finish()


WAYS = (code_at_once, code_as_stream, code_as_stream_of_known_size)
Way = Callable[[bytes, int], bytes]


def check_with_command(frame: bytes) -> None:
    """Have the zstd command decode a frame with no more memory than the largest window."""
    result = subprocess.run(
        [str(ZSTD), "-t", "--memory=8MB"], input=frame, capture_output=True, check=False
    )
    assert result.returncode == 0, result.stderr.decode()


needs_command = pytest.mark.skipif(ZSTD is None, reason="the zstd command is not installed")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("level", LEVELS)
def test_r43_small_body(way: Way, level: int) -> None:
    assert window_nbytes(way(SMALL, level)) <= MAX_WINDOW_NBYTES


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("level", [1, 3, 9, 17, 19, 20, 22])
def test_r43_large_body(way: Way, level: int) -> None:
    body = make_large()
    frame = way(body, level)
    assert window_nbytes(frame) <= MAX_WINDOW_NBYTES
    if ZSTD is not None:
        check_with_command(frame)


@pytest.mark.parametrize("level", [-7, -1, 0, *LEVELS])
def test_the_window_of_a_stream_is_as_large_as_it_pays(level: int) -> None:
    pays = level == 0 or level >= 3
    assert window_nbytes(pyfastgz.Encoder("zstd", level).flush(SMALL)) == (
        1 << 20 if pays else 1 << 18
    )


@pytest.mark.parametrize("level", [-5, 1, 3, 6, 13, 19])
def test_a_stream_goes_round_its_buffer(level: int) -> None:
    """With a page that comes again soon, and others that do just beyond the window."""
    numbers = random.Random(level)
    pages = [numbers.randbytes(20_000) for _ in range(60)]
    pieces = [
        pages[number % 60][numbers.randrange(9) :] if number % 7 else SMALL
        for number in range(200)
    ]
    encoder = pyfastgz.Encoder("zstd", level)
    coded = [
        encoder.flush(piece) if numbers.randrange(4) else encoder.write(piece)
        for piece in pieces
    ]
    decoders.check("zstd", b"".join(coded) + encoder.finish(), b"".join(pieces))


@needs_command
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("level", LEVELS)
def test_r43_zstd_command(way: Way, level: int) -> None:
    check_with_command(way(SMALL, level))


def test_window_is_read_as_the_standard_says() -> None:
    magic = b"\x28\xb5\x2f\xfd"
    # Descriptor with a window: 2^23 is exponent 13; one eighth more is mantissa 1.
    assert window_nbytes(magic + bytes([0x00, 13 << 3])) == 1 << 23
    assert window_nbytes(magic + bytes([0x00, 13 << 3 | 1])) == (1 << 23) + (1 << 20)
    # Single segments: sizes in 1, 2 and 4 bytes, the last one behind a dictionary's number.
    assert window_nbytes(magic + bytes([0x20, 200])) == 200
    assert window_nbytes(magic + bytes([0x60, 1, 0])) == 257
    assert window_nbytes(magic + bytes([0xA1, 9, 0, 0, 0, 1])) == 1 << 24


@needs_command
def test_zstd_command_refuses_a_larger_window() -> None:
    """Or its word would be worth nothing."""
    frame = bytearray(code_as_stream(SMALL, 3))
    frame[5] = 14 << 3
    assert window_nbytes(bytes(frame)) == 1 << 24
    with pytest.raises(AssertionError, match="memory"):
        check_with_command(bytes(frame))
