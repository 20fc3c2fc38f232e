"""Bodies of requests, decoded within limits: by bytes and steps, whatever somebody sends."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import NamedTuple

import patience  # noqa: F401
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pyfastgz import Encoder
from pyfastgz import compress
from pyfastgz.coding import KNOWN_CODINGS
from pyfastgz.coding import decodable_codings
from pyfastgz.coding.decode import PIECE_NBYTES
from pyfastgz.coding.undo import FRAME_NBYTES
from pyfastgz.coding.undo import FREE_BETWEEN_NBYTES
from pyfastgz.coding.undo import FREE_NBYTES
from pyfastgz.coding.undo import CodedBody
from pyfastgz.coding.undo import Limits
from pyfastgz.errors import DecodeError
from pyfastgz.errors import LimitError
from pyfastgz.errors import WindowError

CODINGS = decodable_codings()
ANY = Limits(1 << 40, float("inf"))
USUAL = Limits(64 << 20, 200)
MB = 1 << 20

TEXT = b"".join(b"<p>%d lamps of %d</p>\n" % (n * n, n % 7) for n in range(9000))


class Undone(NamedTuple):
    """What came of a body."""

    body: bytes
    steps: int
    longest: int


def pieces(data: bytes, nbytes: int) -> Iterator[bytes]:
    return (data[at : at + nbytes] for at in range(0, len(data), nbytes))


def undo(
    codings: str | Iterable[str],
    coded: bytes | Iterable[bytes],
    limits: Limits = ANY,
) -> Undone:
    """Decode a body, given as it comes."""
    body = CodedBody([codings] if isinstance(codings, str) else codings, limits)
    made: list[bytes] = []
    steps = 0
    for piece in [coded] if isinstance(coded, bytes) else coded:
        assert body.needs_input
        body.push(piece)
        while not body.needs_input:
            made.append(body.step())
            steps += 1
    body.end()
    return Undone(b"".join(made), steps, max(map(len, made), default=0))


def steps_until_too_much(codings: list[str], coded: bytes, limits: Limits) -> int:
    """Decode a body that is above the limits; return how many steps that takes."""
    body = CodedBody(codings, limits)
    steps = 0
    try:
        for piece in pieces(coded, 65_536):
            body.push(piece)
            while not body.needs_input:
                steps += 1
                body.step()
        body.end()
    except LimitError:
        return steps
    pytest.fail("it is not refused")


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


def test_every_coding_can_be_decoded_here() -> None:
    # br needs a package whose decoder can be told how much to make.
    assert set(KNOWN_CODINGS) - set(CODINGS) <= {"br"}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("data", [b"", b"x", TEXT[:900], TEXT, bytes(3 * MB)], ids=len)
def test_what_was_coded_is_decoded(coding: str, data: bytes) -> None:
    coded = compress(data, coding)
    for nbytes in (len(coded), 8192, 1000):
        undone = undo(coding, pieces(coded, nbytes))
        assert undone.body == data
        # br makes up to half as much more.
        assert undone.longest <= PIECE_NBYTES * (1.5 if coding == "br" else 1)


@pytest.mark.parametrize("coding", CODINGS)
def test_it_may_come_byte_by_byte(coding: str) -> None:
    coded = compress(TEXT[:3000], coding)
    assert undo(coding, pieces(coded, 1)).body == TEXT[:3000]


@pytest.mark.parametrize("coding", CODINGS)
def test_what_has_come_is_made_before_more_comes(coding: str) -> None:
    body = CodedBody([coding], ANY)
    encoder = Encoder(coding)
    for chunk in (b"a line\n", TEXT[:70_000], b"another\n"):
        body.push(encoder.flush(chunk))
        made = b""
        while not body.needs_input:
            made += body.step()
        assert made == chunk
    body.push(encoder.finish())
    while not body.needs_input:
        assert body.step() == b""
    body.end()


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_of_nothing_is_empty(coding: str) -> None:
    assert undo(coding, []).body == b""


def test_deflate_is_zlib_or_what_some_send_for_it() -> None:
    for data in (b"", b"x", TEXT, random.Random(1).randbytes(70_000)):
        for level in range(10):
            assert undo("deflate", zlib.compress(data, level)).body == data
        assert undo("deflate", raw_deflate(data)).body == data
        assert undo("deflate", pieces(raw_deflate(data), 1)).body == data


@pytest.mark.parametrize("outer", CODINGS)
@pytest.mark.parametrize("inner", CODINGS)
def test_two_codings(outer: str, inner: str) -> None:
    coded = compress(compress(TEXT, inner), outer)
    assert undo([outer, inner], pieces(coded, 5000)).body == TEXT


MANY: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": lambda data: compress(data, "zstd") + b"\x53\x2a\x4d\x18\x03\0\0\0abc",
}


@pytest.mark.parametrize("coding", MANY)
@pytest.mark.parametrize("nbytes", [1, 7, 5000])
def test_members_and_frames_follow_each_other(coding: str, nbytes: int) -> None:
    parts = [b"", b"one", TEXT[:5000], b"", b"", b"two", TEXT[5000:9000], b""]
    coded = b"".join(map(MANY[coding], parts))
    assert undo(coding, pieces(coded, nbytes)).body == b"".join(parts)


def test_zeros_may_follow_gzip() -> None:
    coded = gzip.compress(b"lamp") + bytes(9000)
    for nbytes in (1, 4096, 20_000):
        assert undo("gzip", pieces(coded, nbytes)).body == b"lamp"
    with pytest.raises(DecodeError):
        undo("gzip", bytes(9))


# ---- What is not as it says ----


@pytest.mark.parametrize("coding", CODINGS)
def test_every_beginning_is_cut_short(coding: str) -> None:
    data = TEXT[:400]
    coded = compress(data, coding)
    for cut in range(1, len(coded)):
        with pytest.raises(DecodeError) as raised:
            undo(coding, coded[:cut])
        assert not isinstance(raised.value, LimitError)
    inner = compress(data, coding)
    for other in CODINGS:
        with pytest.raises(DecodeError):
            undo([other, coding], compress(inner[:-1], other))


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("rest", [b"x", b"\x1f", TEXT[:9000]], ids=len)
def test_nothing_else_may_follow(coding: str, rest: bytes) -> None:
    coded = compress(TEXT, coding)
    for parts in ([coded + rest], [coded, rest]):
        with pytest.raises(DecodeError):
            undo(coding, parts)


@pytest.mark.parametrize("coding", CODINGS)
def test_another_coding_is_damage(coding: str) -> None:
    for other in {*CODINGS, None} - {coding}:
        coded = TEXT[:2000] if other is None else compress(TEXT[:2000], other)
        with pytest.raises(DecodeError):
            undo(coding, coded)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_damaged_checksum_is_found(coding: str) -> None:
    coded = bytearray(compress(TEXT, coding))
    coded[-5 if coding == "gzip" else -1] ^= 1
    with pytest.raises(DecodeError):
        undo(coding, bytes(coded))


def test_what_needs_a_dictionary_is_refused() -> None:
    stream = zlib.compressobj(zdict=b"lamps")
    with pytest.raises(DecodeError):
        undo("deflate", stream.compress(b"lamps and lamps") + stream.flush())
    with pytest.raises(DecodeError):
        undo("zstd", b"\x28\xb5\x2f\xfd\x01\x00\x07\x01\x00\x00")


def test_a_window_of_zstd_is_no_larger_than_the_webs() -> None:
    # A run of 9 bytes, behind a descriptor of a window.
    run = (9 << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"r"
    for window, is_allowed in ((13 << 3, True), (13 << 3 | 1, False), (255, False)):
        coded = b"\x28\xb5\x2f\xfd\0" + bytes([window]) + run
        for nbytes in (1, 100):
            if is_allowed:
                assert undo("zstd", pieces(coded, nbytes)).body == b"r" * 9
            else:
                with pytest.raises(LimitError):
                    undo("zstd", pieces(coded, nbytes))


@pytest.mark.skipif("br" not in CODINGS, reason="br is not decoded with this brotli")
def test_a_window_of_br_is_no_larger_than_one_of_zstd() -> None:
    """The largest is twice as large, but no shorter body needs it."""
    brotli = pytest.importorskip("brotli")
    largest = (1 << 23) - 16
    for window, nbytes, is_allowed in (
        (24, 1000, True),
        (24, largest, True),
        (24, largest + 1, False),
        (23, largest + 1, True),
    ):
        # It refers to the dictionary of RFC 7932 from its beginning to its end.
        data = (b"the time of the government; " * (nbytes // 28 + 1))[: nbytes - 30]
        data += b'<a href="http://www. available'
        stream = brotli.Compressor(quality=1, lgwin=window)
        coded = stream.process(data) + stream.finish()
        assert (coded[0] & 15 == 15) == (window == 24)
        if is_allowed:
            assert undo("br", pieces(coded, 100_000)).body == data
        else:
            with pytest.raises(WindowError):
                undo("br", pieces(coded, 100_000))


def outcome(coding: str, parts: Iterable[bytes]) -> bytes | type[Exception]:
    try:
        return undo(coding, parts, USUAL).body
    except DecodeError as error:
        return type(error)


damages = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=3)


@settings(max_examples=300)
@given(
    st.sampled_from(CODINGS), st.binary(max_size=300), damages, st.integers(1, 400), st.data()
)
def test_whatever_comes_is_decoded_or_refused(
    coding: str, data: bytes, damage: list[tuple[int, int]], nbytes: int, extra: st.DataObject
) -> None:
    """In one way, however it is cut."""
    coded = bytearray(compress(data * 40, coding))
    for at, value in damage:
        coded[at % len(coded)] = value
    coded += extra.draw(st.sampled_from([b"", b"", b"\0\0", b"rest"]))
    found = [outcome(coding, parts) for parts in ([bytes(coded)], pieces(bytes(coded), nbytes))]
    assert found[0] == found[1]
    if not damage and coded.endswith(compress(data * 40, coding)):
        assert found[0] == data * 40


# ---- Limits ----


@pytest.mark.parametrize("coding", CODINGS)
def test_no_more_bytes_than_are_allowed(coding: str) -> None:
    coded = compress(TEXT, coding)
    allowed = Limits(len(TEXT), 200)
    assert undo(coding, coded, allowed).body == TEXT
    with pytest.raises(LimitError):
        undo(coding, coded, Limits(len(TEXT) - 1, 200))


@pytest.mark.parametrize("coding", CODINGS)
def test_no_more_bytes_are_sent_than_are_allowed(coding: str) -> None:
    noise = random.Random(1).randbytes(5000)
    coded = compress(noise, coding)
    assert len(coded) > len(noise)
    with pytest.raises(LimitError):
        undo(coding, pieces(coded, 700), Limits(len(coded) - 1, 200))
    assert undo(coding, pieces(coded, 700), Limits(len(coded), 200)).body == noise


@pytest.mark.parametrize("coding", CODINGS)
def test_what_is_short_may_be_of_any_ratio(coding: str) -> None:
    for ratio in (200, 1):
        limits = Limits(2 * MB, ratio)
        assert undo(coding, compress(bytes(FREE_NBYTES), coding), limits).body == bytes(
            FREE_NBYTES
        )
    with pytest.raises(LimitError):
        undo(coding, compress(bytes(FREE_NBYTES + 1), coding), Limits(2 * MB, 20))


def test_the_ratio_is_what_it_is_set_to() -> None:
    data = b"".join(random.Random(n).randbytes(10) * 300 for n in range(400))
    coded = compress(data, "zstd")
    ratio = len(data) / len(coded)
    assert 20 < ratio < 200
    assert undo("zstd", coded, Limits(1 << 40, ratio * 1.5)).body == data
    with pytest.raises(LimitError):
        undo("zstd", coded, Limits(1 << 40, ratio / 1.5))


ZEROS = bytes(10 * MB)


def bombs() -> Iterator[tuple[str, list[str], bytes]]:
    """Yield bombs by name, with the codings in the order in which they are undone."""
    for coding in CODINGS:
        once = compress(ZEROS, coding)
        yield f"{coding} of 10 MB", [coding], once
        if coding in MANY:
            yield f"{coding} of 10 MB, 100-fold", [coding], once * 100
        for outer in CODINGS:
            yield f"{coding} of 10 MB in {outer}", [outer, coding], compress(once, outer)
            many = compress(once * 100 if coding in MANY else once, outer)
            yield f"{coding} of 10 MB, 100-fold in {outer}", [outer, coding], many
        if coding in MANY:
            empty = MANY[coding](b"") * 100_000
            yield f"{coding} of 100,000 that are empty", [coding], empty
            for outer in CODINGS:
                name = f"{coding} of 100,000 that are empty, in {outer}"
                yield name, [outer, coding], compress(empty, outer)
    yield "zstd of 100,000 that are skipped", ["zstd"], b"\x50\x2a\x4d\x18\0\0\0\0" * 100_000
    yield "raw deflate", ["deflate"], raw_deflate(ZEROS)


BOMBS = {name: (codings, coded) for name, codings, coded in bombs()}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_little(name: str) -> None:
    """As many steps as are made of some thousand kilobytes, whatever it stands for."""
    codings, coded = BOMBS[name]
    steps = steps_until_too_much(codings, coded, USUAL)
    print(name, len(coded), steps)
    # One for each 4 KB that came, or for a member or frame that counts for as much.
    assert steps <= USUAL.max_nbytes // FRAME_NBYTES + len(coded) // 4096 + 20


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_of_one_coding_is_known_by_its_first_megabyte(coding: str) -> None:
    steps = steps_until_too_much([coding], compress(ZEROS, coding), USUAL)
    assert steps <= FREE_NBYTES // PIECE_NBYTES + 2


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_may_begin_with_what_is_alike(coding: str) -> None:
    """As with five seconds of silence."""
    data = bytes(5 * 44_100 * 4) + random.Random(1).randbytes(MB // 4)
    assert undo(coding, pieces(compress(data, coding), 8192), USUAL).body == data


def test_a_few_bytes_that_are_frames_of_nothing_are_no_reason_for_more() -> None:
    """What lies between two codings is limited, too, though nothing comes out."""
    inner = gzip.compress(b"") * 20_000
    coded = gzip.compress(inner)
    assert len(coded) * 200 < len(inner)
    steps = steps_until_too_much(["gzip", "gzip"], coded, Limits(1 << 40, 200))
    # Those of the first piece.
    assert steps < FREE_BETWEEN_NBYTES // 20 + 10


# Two blocks of deflate that each have codes of their own, and nothing in them but their end.
BLOCKS_OF_NOTHING = bytes.fromhex("04c0810800000000207feb47001c880000000000f2b77e")


def test_r76_what_is_between_two_codings_hardly_shrinks() -> None:
    """Bytes of which nothing comes take as long to decode as any others, or longer."""
    decoder = zlib.decompressobj(-15)
    assert decoder.decompress(BLOCKS_OF_NOTHING * 1000) == b""
    assert not decoder.unused_data
    inner = BLOCKS_OF_NOTHING * 400_000
    coded = gzip.compress(inner, 1)
    assert len(coded) * 20 < len(inner) < len(coded) * USUAL.max_ratio
    steps = steps_until_too_much(["gzip", "deflate"], coded, USUAL)
    assert steps < FREE_BETWEEN_NBYTES // 2048


@pytest.mark.parametrize("inner", CODINGS)
@pytest.mark.parametrize("outer", CODINGS)
def test_r76_a_stream_of_messages_may_be_coded_twice(outer: str, inner: str) -> None:
    with Encoder(inner) as encoder:
        flushed = [encoder.write(piece) + encoder.flush() for piece in pieces(TEXT, 40)]
        coded = compress(b"".join([*flushed, encoder.finish()]), outer)
    assert undo([outer, inner], coded, USUAL).body == TEXT


def test_members_count_for_what_they_take() -> None:
    coded = gzip.compress(b"x")
    allowed = Limits(10 * FRAME_NBYTES + 11, 200)
    assert undo("gzip", coded * 11, allowed).body == b"x" * 11
    with pytest.raises(LimitError):
        undo("gzip", coded * 12, allowed)


def test_a_coding_that_cannot_be_decoded_is_an_error() -> None:
    for name in ("dcz", "lzma"):
        with pytest.raises(ValueError, match=name):
            CodedBody([name], ANY)
