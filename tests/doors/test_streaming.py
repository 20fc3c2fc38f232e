from __future__ import annotations

import array
import random
import threading
import tracemalloc
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from itertools import pairwise
from math import inf
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pyfastgz import Encoder
from pyfastgz import EncoderStateError
from pyfastgz.coding.cutting import BURST_FLUSHES
from pyfastgz.coding.cutting import FIRST_FLUSH_NBYTES
from pyfastgz.coding.cutting import FLUSH_NBYTES
from pyfastgz.coding.cutting import PIECE_NBYTES
from pyfastgz.coding.stream import CodedStream
from pyfastgz.coding.stream import StreamCoder
from pyfastgz.http.fields import flush_rule
from pyfastgz.http.fields import is_of_events

CODINGS = ("gzip", "deflate", "zstd", "br")
SECONDS = 0.02
Decode = Callable[[str, bytes], bytes]

# Messages, other streams, and files; then all but messages with a strong tag.
RULES = {
    "every": {"flush_seconds": 0.0},
    "budget": {"flush_seconds": SECONDS},
    "never": {"flush_seconds": inf},
    "tag": {"flush_seconds": SECONDS, "repeatable": True},
    "file": {"flush_seconds": inf, "repeatable": True},
}


class Source:
    """An iterable that counts what is asked of it."""

    def __init__(self, chunks: Iterable[Any]) -> None:
        self._chunks = iter(chunks)
        self.pulled = 0
        self.closed = 0

    def __iter__(self) -> Iterator[Any]:
        for chunk in self._chunks:
            self.pulled += 1
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk

    def close(self) -> None:
        self.closed += 1


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def stream(
    source: Iterable[Any],
    coding: str = "gzip",
    rule: str = "every",
    clock: Callable[[], float] | None = None,
) -> CodedStream:
    options: dict[str, Any] = RULES[rule]
    return CodedStream(source, StreamCoder(Encoder(coding), clock=clock or Clock(), **options))


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "chunks",
    [
        [],
        [b""],
        ["", b"", bytearray(), memoryview(b"")],
        [b"one"],
        ["häkchen ✓", b"\x00\xff", bytearray(b"array"), memoryview(b"view"), b"", "end"],
        [b"x" * 100_000, b"", b"y"],
        [b"a"] * 1000,
        [b"x" * (2 * PIECE_NBYTES + 1), "y" * PIECE_NBYTES, bytearray(3 * PIECE_NBYTES)],
        [b"a" * FIRST_FLUSH_NBYTES, b"b" * (FLUSH_NBYTES - FIRST_FLUSH_NBYTES)],
    ],
)
def test_r42_the_stream_decodes_to_its_chunks(
    decode_body: Decode, coding: str, rule: str, chunks: list[Any]
) -> None:
    expected = b"".join(c.encode() if isinstance(c, str) else bytes(c) for c in chunks)
    items = list(stream(iter(chunks), coding, rule))
    assert all(items), "an empty item can end a chunked body early"
    assert decode_body(coding, b"".join(items)) == expected


@pytest.mark.parametrize("coding", CODINGS)
def test_r35_a_chunk_can_be_decoded_before_the_next_is_pulled(
    decode_part: Decode, coding: str
) -> None:
    events = [f"data: {number}\n\n" for number in range(20)]
    source = Source(events)
    coded, items = b"", stream(source, coding)
    for number in range(20):
        coded += next(items)
        assert source.pulled == number + 1
        assert decode_part(coding, coded) == "".join(events[: number + 1]).encode()


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("rule", ["every", "budget"])
def test_r36_the_first_bytes_do_not_wait_for_the_second_chunk(
    decode_part: Decode, coding: str, rule: str
) -> None:
    source = Source(["", b"", "<head>", "<body>"])
    coded = next(stream(source, coding, rule))
    assert source.pulled == 3
    assert decode_part(coding, coded) == b"<head>"


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("pause", [SECONDS, 2 * SECONDS])
def test_r36_chunks_of_a_slow_producer_are_not_held(
    decode_part: Decode, coding: str, pause: float
) -> None:
    clock, seen = Clock(), b""

    def slow() -> Iterator[bytes]:
        for number in range(50):
            clock.now += 1.01 * pause
            yield b"%02d" % number

    items = stream(slow(), coding, "budget", clock)
    for number in range(50):
        seen += next(items)
        assert decode_part(coding, seen).endswith(b"%02d" % number)


@pytest.mark.parametrize("coding", CODINGS)
def test_r36_a_few_chunks_at_once_do_not_wait_for_the_slow_one_after_them(
    decode_part: Decode, coding: str
) -> None:
    """The head of a page, a link and the navigation; then its view asks the database."""
    clock, seen = Clock(), b""

    def page() -> Iterator[str]:
        for part in ("head", "body"):
            for number in range(BURST_FLUSHES):
                clock.now += 0.001
                yield f"<{part} {number}>"
            clock.now += BURST_FLUSHES * SECONDS

    items = stream(page(), coding, "budget", clock)
    for part in ("head", "body"):
        for number in range(BURST_FLUSHES):
            seen += next(items)
            assert decode_part(coding, seen).endswith(f"<{part} {number}>".encode())


@pytest.mark.parametrize("coding", CODINGS)
def test_r36_at_most_as_much_as_was_flushed_is_held_of_a_burst(
    decode_part: Decode, coding: str
) -> None:
    source, seen, coded = Source([b"<li>lamp</li>"] * 20_000), 0, b""
    items = stream(source, coding, "budget")
    count = 0
    for item in items:
        coded += item
        came = 13 * source.pulled
        # What came before this item was flushed, and the chunk that did it.
        assert came - seen < min(max(seen, FIRST_FLUSH_NBYTES), FLUSH_NBYTES) + 13
        # An encoder whose window is full gives some of it away unasked.
        seen = len(decode_part(coding, coded))
        count += 1
    assert seen == 260_000
    # 6 until they are 64 KB apart, 3 of these, what comes unasked, and the end.
    assert count <= BURST_FLUSHES + 16


def test_a_budget_is_not_saved_for_more_than_one_burst() -> None:
    """However long nothing came."""
    clock = Clock()

    def bursts() -> Iterator[bytes]:
        for _ in range(5):
            clock.now += 3600.0
            for _ in range(30):
                yield b"a"

    assert len(list(stream(bursts(), "gzip", "budget", clock))) == 5 * BURST_FLUSHES + 1


def test_a_clock_that_stands_still_or_returns_to_earlier_times_is_survived() -> None:
    times = iter([5.0, 4.0, 3.0, 3.0, -1e300, 0.0, 1e300, inf, inf])
    items = stream([b"a"] * 9, "gzip", "budget", lambda: next(times))
    assert len(b"".join(items)) > 0


# ---- With a strong tag ----


def words(nbytes: int, seed: int = 5) -> bytes:
    chooser = random.Random(seed)
    vocabulary = [f"word{number} ".encode() for number in range(500)]
    text = b"".join(chooser.choices(vocabulary, k=nbytes // 5))
    return text[:nbytes]


TEXT = words(300_000)

# What shows that encoders see how their input is cut: brotli's first levels, a stored block.
LEVELS = [
    *(("gzip", level) for level in (0, 1, 6, 9)),
    *(("deflate", level) for level in (0, 1, 6)),
    *(("zstd", level) for level in (-5, 1, 3, 9)),
    *(("br", level) for level in (0, 1, 2, 4, 5)),
]


@pytest.mark.parametrize(("coding", "level"), LEVELS)
@pytest.mark.parametrize("rule", ["tag", "file"])
@settings(max_examples=25)
@given(data=st.data())
def test_r28_a_strong_tag_has_the_same_bytes_however_the_input_is_cut(
    coding: str, level: int, rule: str, data: st.DataObject
) -> None:
    length = data.draw(
        st.one_of(
            st.integers(0, 3000),
            st.integers(0, len(TEXT)),
            st.sampled_from([k * FLUSH_NBYTES + d for k in (1, 2, 3) for d in (-1, 0, 1)]),
        )
    )
    text = TEXT[:length]
    cuts = data.draw(st.lists(st.integers(0, length), max_size=30))
    step = data.draw(st.one_of(st.none(), st.integers(100, 9000)))
    if step is not None:
        cuts += range(0, length, step)
    ends = [0, *sorted(cuts), length]
    chunks = [text[i:j] for i, j in pairwise(ends)]
    options: dict[str, Any] = RULES[rule]
    clock = Clock()

    def late() -> Iterator[bytes]:
        for chunk in chunks:
            clock.now += 1.0
            yield chunk

    def code(source: Iterator[bytes]) -> bytes:
        coder = StreamCoder(Encoder(coding, level), clock=clock, **options)
        return b"".join(CodedStream(source, coder))

    assert code(late()) == code(iter([text]))


def test_some_encoders_show_how_their_input_was_cut() -> None:
    """Or the test above would show nothing."""

    def code(step: int) -> bytes:
        encoder = Encoder("br", 1)
        pieces = [encoder.write(TEXT[at : at + step]) for at in range(0, len(TEXT), step)]
        return b"".join(pieces) + encoder.finish()

    assert code(1000) != code(8192)


@pytest.mark.parametrize("coding", CODINGS)
def test_with_a_strong_tag_flushes_are_at_fixed_offsets(
    decode_part: Decode, coding: str
) -> None:
    flushed, coded = [], b""
    for item in stream(
        Source([TEXT[at : at + 100] for at in range(0, 200_000, 100)]), coding, "tag"
    ):
        coded += item
        flushed.append(len(decode_part(coding, coded)))
    kilobytes = [1, 2, 4, 8, 16, 32, 64, 128, 192]
    wanted = [1024 * offset for offset in kilobytes]
    assert [offset for offset in flushed if offset in wanted] == wanted


@pytest.mark.parametrize("coding", CODINGS)
def test_with_a_strong_tag_the_first_kilobyte_does_not_wait_for_more(
    decode_part: Decode, coding: str
) -> None:
    source = Source([TEXT[:1000], TEXT[1000:FIRST_FLUSH_NBYTES], b"more"])
    items, coded = stream(source, coding, "tag"), b""
    while len(decode_part(coding, coded) if coded else b"") < FIRST_FLUSH_NBYTES:
        coded += next(items)
    assert source.pulled == 2


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("rule", ["never", "file"])
def test_with_infinity_nothing_is_flushed_early(
    decode_part: Decode, coding: str, rule: str
) -> None:
    clock, coded, seen = Clock(), b"", set()

    def late() -> Iterator[bytes]:
        for at in range(0, FLUSH_NBYTES + 1000, 1000):
            clock.now += 3600.0
            yield TEXT[at : at + 1000]

    for item in stream(late(), coding, rule, clock):
        coded += item
        seen.add(len(decode_part(coding, coded)))
    # Encoders may give something of a full window away unasked, but not of the first kilobytes.
    assert min(seen - {0}) > FLUSH_NBYTES // 2
    assert max(seen) == 67_000


# ---- Rules ----


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("text/event-stream", True),
        ("application/x-ndjson", True),
        ("application/vnd.elasticsearch+x-ndjson", True),
        ("application/jsonl", True),
        ("application/json-seq", True),
        ("application/geo+json-seq", True),
        ("application/x-json-stream", True),
        ("application/stream+json", True),
        ("multipart/mixed", True),
        ("multipart/x-mixed-replace", True),
        ("multipart/related", True),
        ("application/grpc-web-text", True),
        ("application/grpc-web+proto", True),
        ("application/connect+json", True),
        ("text/html", False),
        ("text/plain", False),
        ("text/csv", False),
        ("application/json", False),
        ("application/openmetrics-text", False),
        ("application/grpc", False),
        ("", False),
    ],
)
def test_r35_media_types_of_messages(media_type: str, expected: bool) -> None:
    assert is_of_events(media_type) is expected
    assert (flush_rule(media_type, 0.5, is_file=False) == 0.0) is expected


def test_flush_rule() -> None:
    assert flush_rule("text/html", 0.5, is_file=False) == 0.5
    assert flush_rule("text/html", 0.0, is_file=False) == 0.0
    assert flush_rule("text/css", 0.5, is_file=True) == inf
    assert flush_rule("application/x-ndjson", inf, is_file=False) == 0.0


# ---- Life ----


def test_nothing_is_pulled_before_it_is_asked_for() -> None:
    source = Source([b"a"])
    stream(source).close()
    assert source.pulled == 0


def test_r38_close_closes_once() -> None:
    source = Source([b"a", b"b"])
    items = stream(source)
    next(items)
    items.close()
    items.close()
    assert source.closed == 1
    assert list(items) == []
    assert source.pulled == 1


def test_r38_close_after_the_end_and_before_the_start() -> None:
    for take in (0, 99):
        source = Source([b"a"])
        items = stream(source)
        for _ in zip(range(take), items, strict=False):
            pass
        items.close()
        assert source.closed == 1


def test_close_of_an_iterable_without_close() -> None:
    items = stream([b"a"])
    items.close()
    assert list(items) == []


class Watched:
    """An encoder that says whether it was closed."""

    def __init__(self, coding: str = "gzip") -> None:
        self.encoder = Encoder(coding)
        self.closed = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.encoder, name)

    def close(self) -> None:
        self.closed += 1
        self.encoder.close()


def watched(source: Iterable[Any]) -> tuple[Any, CodedStream]:
    encoder: Any = Watched()
    return encoder, CodedStream(source, StreamCoder(encoder, flush_seconds=0.0))


def test_r39_the_encoder_is_freed_at_the_end_on_close_and_on_exceptions() -> None:
    encoder, items = watched([b"a"])
    list(items)
    assert encoder.closed == 1
    items.close()
    assert encoder.closed == 1

    encoder, items = watched([b"a", b"b"])
    next(items)
    assert encoder.closed == 0
    items.close()
    assert encoder.closed == 1
    with pytest.raises(EncoderStateError):
        encoder.write(b"x")

    encoder, items = watched(Source([ZeroDivisionError()]))
    with pytest.raises(ZeroDivisionError):
        next(items)
    assert encoder.closed == 1


def test_r38_the_iterable_is_closed_even_if_the_encoder_fails_to() -> None:
    source = Source([b"a"])
    encoder, items = watched(source)

    def fail() -> None:
        raise EncoderStateError("in use")

    encoder.close = fail
    with pytest.raises(EncoderStateError):
        items.close()
    assert source.closed == 1


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("error", [ZeroDivisionError(), GeneratorExit(), KeyboardInterrupt()])
def test_r40_an_exception_propagates_and_leaves_no_valid_end(
    decode_body: Decode, decode_part: Decode, coding: str, error: BaseException
) -> None:
    source = Source([b"one", b"two", error, b"three"])
    items, coded = stream(source, coding), b""
    coded += next(items) + next(items)
    with pytest.raises(type(error)):
        next(items)
    assert decode_part(coding, coded) == b"onetwo"
    with pytest.raises(Exception):  # noqa: B017, PT011
        decode_body(coding, coded)
    assert list(items) == []
    assert source.pulled == 3
    items.close()
    assert source.closed == 1


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("rule", RULES)
def test_r40_a_stream_of_fewer_bytes_than_declared_has_no_valid_end(
    decode_part: Decode, decode_body: Decode, coding: str, rule: str
) -> None:
    options: dict[str, Any] = {**RULES[rule], "clock": Clock()}
    expected = "oné12".encode()
    for nbytes in (5, 6, 7):
        encoder: Any = Watched(coding)
        coder = StreamCoder(encoder, declared_nbytes=nbytes, **options)
        items = CodedStream(["oné", b"12"], coder)
        if nbytes <= len(expected):
            assert decode_body(coding, b"".join(items)) == expected
        else:
            coded: list[bytes] = []
            with pytest.raises(EncoderStateError, match="after 6 bytes, but 7 were declared"):
                coded.extend(items)
            assert expected.startswith(decode_part(coding, b"".join(coded)))
        assert encoder.closed == 1


@pytest.mark.parametrize("chunk", [None, 0, 7, 1.5, object(), ["a"], {"a": 1}])
def test_a_chunk_of_another_type_is_an_error_that_names_it(chunk: object) -> None:
    def rows() -> Iterator[Any]:
        yield b"a"
        yield chunk

    encoder, items = watched(rows())
    next(items)
    kind = type(chunk).__name__
    with pytest.raises(TypeError, match=rf"item 1 of \S+\.rows is of type {kind}$"):
        next(items)
    assert encoder.closed == 1
    assert list(items) == []


def test_the_iterable_of_a_wrong_chunk_is_named_by_its_type() -> None:
    with pytest.raises(TypeError, match=r"item 0 of Source is of type int$"):
        next(stream(Source([3])))


def test_r42_any_bytes_like_object_is_a_chunk(decode_body: Decode) -> None:
    chunks: list[Any] = [
        array.array("I", [1, 2]),
        memoryview(b"0123456789")[::3],
        memoryview(bytes(range(12))).cast("B", (3, 4)),
    ]
    expected = b"".join(memoryview(chunk).tobytes() for chunk in chunks)
    assert decode_body("gzip", b"".join(stream(chunks))) == expected


@pytest.mark.parametrize("rule", RULES)
def test_a_buffer_may_be_used_again_by_the_iterable(decode_body: Decode, rule: str) -> None:
    """Nothing of it is read, nor exported, once the iterable goes on."""

    def rows() -> Iterator[bytearray]:
        buffer = bytearray()
        for number in range(1000):
            buffer += b"row %d\n" % number
            yield buffer
            buffer.clear()

    expected = b"".join(b"row %d\n" % number for number in range(1000))
    assert decode_body("gzip", b"".join(stream(rows(), "gzip", rule))) == expected


@pytest.mark.parametrize("rule", RULES)
def test_r42_an_iterable_that_goes_on_after_its_end_is_not_asked_again(
    decode_body: Decode, rule: str
) -> None:
    class Restless:
        pulled = 0

        def __iter__(self) -> Iterator[bytes]:
            return self

        def __next__(self) -> bytes:
            self.pulled += 1
            if self.pulled == 2:
                raise StopIteration
            return b"a"

    restless = Restless()
    items = stream(restless, "gzip", rule)
    assert decode_body("gzip", b"".join(items)) == b"a"
    assert list(items) == []
    assert restless.pulled == 2


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("goes_on", [True, False])
def test_r38_r40_an_iterable_that_closes_the_stream_it_is_in(
    decode_body: Decode, rule: str, *, goes_on: bool
) -> None:
    """The stream is over, without a valid end."""

    class Closing:
        closed = 0

        def __iter__(self) -> Iterator[bytes]:
            yield b"a" * FIRST_FLUSH_NBYTES
            items.close()
            if goes_on:
                yield b"b" * FLUSH_NBYTES

        def close(self) -> None:
            self.closed += 1

    closing = Closing()
    items = stream(closing, "gzip", rule)
    coded = b"".join(items)
    assert list(items) == []
    items.close()
    assert closing.closed == 1
    with pytest.raises(AssertionError):
        decode_body("gzip", coded)


def test_r38_a_generator_that_closes_the_stream_it_is_in() -> None:
    """Python refuses to close a generator that runs; all else is freed, and nothing twice."""

    def closing() -> Iterator[bytes]:
        yield b"a"
        items.close()
        yield b"b"

    encoder, items = watched(closing())
    next(items)
    with pytest.raises(ValueError, match="already executing"):
        next(items)
    assert encoder.closed == 1
    items.close()
    assert list(items) == []


def test_a_generator_that_pulls_the_stream_it_is_in() -> None:
    def pulling() -> Iterator[bytes]:
        yield b"a"
        yield next(items)

    encoder, items = watched(pulling())
    next(items)
    with pytest.raises(ValueError, match="already executing"):
        next(items)
    assert encoder.closed == 1


def test_r38_close_by_another_thread_while_a_chunk_is_awaited(decode_body: Decode) -> None:
    waits, goes_on = threading.Event(), threading.Event()

    class Slow:
        closed = 0

        def __iter__(self) -> Iterator[bytes]:
            yield b"a"
            waits.set()
            assert goes_on.wait(30)
            yield b"b"

        def close(self) -> None:
            self.closed += 1

    slow = Slow()
    coded: list[bytes] = []
    items = stream(slow)
    thread = threading.Thread(target=lambda: coded.extend(items))
    thread.start()
    assert waits.wait(30)
    items.close()
    goes_on.set()
    thread.join(30)
    assert not thread.is_alive()
    assert slow.closed == 1
    assert len(coded) == 1
    with pytest.raises(AssertionError):
        decode_body("gzip", coded[0])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("coding", CODINGS)
def test_a_long_chunk_is_coded_in_pieces(coding: str, rule: str) -> None:
    chunk = random.Random(1).randbytes(8 * 1024 * 1024)
    items = stream([chunk], coding, rule)
    tracemalloc.start()
    try:
        out_nbytes = sum(map(len, items))
        peak_nbytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert out_nbytes > len(chunk)
    assert peak_nbytes < len(chunk) // 2


@pytest.mark.parametrize("coding", CODINGS)
def test_r35_a_long_message_can_be_decoded_before_the_next_is_pulled(
    decode_part: Decode, coding: str
) -> None:
    message = words(3 * PIECE_NBYTES + 5)
    source, coded = Source([message, b"next"]), b""
    for item in stream(source, coding):
        if source.pulled > 1:
            break
        coded += item
    assert decode_part(coding, coded) == message


@pytest.mark.parametrize("rule", RULES)
def test_r39_input_that_waits_is_freed_at_close(rule: str) -> None:
    def rows() -> Iterator[bytes]:
        yield b"a" * FLUSH_NBYTES
        for _ in range(2 * FLUSH_NBYTES):
            yield b"b"

    streams = []
    tracemalloc.start()
    try:
        for _ in range(50):
            items = stream(rows(), "gzip", rule)
            next(items)
            items.close()
            streams.append(items)
        assert tracemalloc.get_traced_memory()[0] < 50 * 4096
    finally:
        tracemalloc.stop()


def test_an_iterable_that_cannot_be_iterated_is_refused_at_once() -> None:
    not_iterable: Any = 5
    with pytest.raises(TypeError):
        stream(not_iterable)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("rule", RULES)
def test_no_more_than_so_many_bytes_are_held(
    decode_part: Decode, coding: str, rule: str
) -> None:
    source = Source([bytes([number]) * 1000 for number in range(200)])
    seen = 0
    coded = b""
    for item in stream(source, coding, rule):
        coded += item
        seen = len(decode_part(coding, coded))
        assert 1000 * source.pulled - seen <= FLUSH_NBYTES
    assert seen == 200_000


_PIECES = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=20),
    st.binary(max_size=40).map(bytearray),
    st.binary(max_size=40).map(lambda data: memoryview(data)[::-1]),
    st.integers(0, 3 * FLUSH_NBYTES).map(lambda nbytes: TEXT[:nbytes]),
    st.sampled_from(["", b"", bytearray(), memoryview(b"")]),
)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=st.tuples(
        st.lists(_PIECES, max_size=30),
        st.lists(st.sampled_from([0.0, 0.001, SECONDS, 60.0]), min_size=31, max_size=31),
        st.integers(0, 40),
        st.booleans(),
    )
)
def test_r38_r40_r42_any_stream_left_at_any_time(
    decode_body: Decode,
    decode_part: Decode,
    coding: str,
    rule: str,
    plan: tuple[list[Any], list[float], int, bool],
) -> None:
    chunks, pauses, taken, fails = plan
    clock = Clock()
    source = Source([*chunks, ZeroDivisionError()] if fails else chunks)
    encoder: Any = Watched(coding)
    told: list[tuple[int, int, float]] = []

    class Paced:
        close = source.close

        def __iter__(self) -> Iterator[Any]:
            for chunk, pause in zip(source, pauses, strict=False):
                clock.now += pause
                yield chunk

    options: dict[str, Any] = RULES[rule]
    coder = StreamCoder(
        encoder, clock=clock, on_close=lambda *numbers: told.append(numbers), **options
    )
    items = CodedStream(Paced(), coder)
    body = b"".join(c.encode() if isinstance(c, str) else bytes(c) for c in chunks)
    coded, ended = b"", False
    try:
        for _ in range(taken):
            item = next(items)
            assert item
            coded += item
    except StopIteration:
        ended = True
        assert not fails
        assert decode_body(coding, coded) == body
    except ZeroDivisionError:
        ended = True
        assert fails
    assert source.closed == 0
    items.close()
    items.close()
    assert source.closed == 1
    assert encoder.closed == 1
    assert next(items, None) is None
    seen = decode_part(coding, coded) if coded else b""
    assert body.startswith(seen)
    if fails and ended:
        with pytest.raises(Exception):  # noqa: B017, PT011
            decode_body(coding, coded)
    ((in_nbytes, out_nbytes, seconds),) = told
    assert len(seen) <= in_nbytes <= len(body)
    assert out_nbytes == len(coded)
    assert seconds >= 0.0


@pytest.mark.parametrize("rule", RULES)
def test_how_much_is_held_is_known(decode_part: Decode, rule: str) -> None:
    options: dict[str, Any] = {**RULES[rule], "clock": Clock()}
    coder, coded = StreamCoder(Encoder("gzip"), **options), b""
    for end in range(100, 200_000, 100):
        coded += coder.code(TEXT[end - 100 : end])
        if end % 1000 == 0 or end < 2000:
            assert len(decode_part("gzip", coded)) >= end - coder.held_nbytes
        assert coder.can_flush is (coder.held_nbytes > 0 and "repeatable" not in options)
    assert coder.held_nbytes < FLUSH_NBYTES
    coder.flush()
    assert coder.can_flush is False
    coder.close()
    assert coder.can_flush is False


def test_what_became_of_it_is_told_once_at_the_end() -> None:
    told: list[tuple[int, int, float]] = []
    source = Source([b"one", "zwei ✓", memoryview(bytes(8)).cast("I")])
    coder = StreamCoder(
        Encoder("gzip"), flush_seconds=0.0, on_close=lambda *numbers: told.append(numbers)
    )
    items = CodedStream(source, coder)
    coded = b"".join(items)
    assert told == []
    items.close()
    items.close()
    assert [numbers[:2] for numbers in told] == [(3 + 8 + 8, len(coded))]
    assert told[0][2] > 0.0
