from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

import pytest

from pyfastgz import Encoder
from pyfastgz import EncoderStateError
from pyfastgz.streaming import FLUSH_NBYTES
from pyfastgz.streaming import CodedStream
from pyfastgz.streaming import FlushPolicy
from pyfastgz.streaming import flush_policy

CODINGS = ("gzip", "deflate", "zstd", "br")
Decode = Callable[[str, bytes], bytes]


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
    policy: FlushPolicy = FlushPolicy.EVERY_CHUNK,
    clock: Callable[[], float] | None = None,
) -> CodedStream:
    clock = clock or Clock()
    return CodedStream(source, Encoder(coding), policy=policy, clock=clock)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("policy", FlushPolicy)
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
    ],
)
def test_r42_the_stream_decodes_to_its_chunks(
    decode_body: Decode, coding: str, policy: FlushPolicy, chunks: list[Any]
) -> None:
    expected = b"".join(c.encode() if isinstance(c, str) else bytes(c) for c in chunks)
    items = list(stream(iter(chunks), coding, policy))
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
@pytest.mark.parametrize("policy", FlushPolicy)
def test_r36_the_first_bytes_do_not_wait_for_the_second_chunk(
    decode_part: Decode, coding: str, policy: FlushPolicy
) -> None:
    source = Source(["", b"", "<head>", "<body>"])
    coded = next(stream(source, coding, policy))
    assert source.pulled == 3
    assert decode_part(coding, coded) == b"<head>"


@pytest.mark.parametrize("coding", CODINGS)
def test_chunks_of_a_slow_producer_are_not_held(decode_part: Decode, coding: str) -> None:
    clock, seen = Clock(), b""

    def slow() -> Iterator[bytes]:
        for number in range(10):
            clock.now += 2 * 0.02
            yield b"%d" % number

    items = stream(slow(), coding, FlushPolicy.LATE, clock)
    for number in range(10):
        seen += next(items)
        assert decode_part(coding, seen) == b"0123456789"[: number + 1]


def test_chunks_of_a_fast_producer_are_gathered() -> None:
    items = list(stream([b"x"] * 1000, "gzip", FlushPolicy.LATE))
    assert len(items) < 10


def test_r28_with_a_strong_tag_the_clock_changes_nothing() -> None:
    def run(step: float) -> bytes:
        clock = Clock()

        def chunks() -> Iterator[bytes]:
            for number in range(200):
                clock.now += step
                yield b"chunk %d " % number

        return b"".join(stream(chunks(), "gzip", FlushPolicy.FIRST, clock))

    assert run(0.0) == run(60.0)


@pytest.mark.parametrize(
    ("media_type", "repeatable", "expected"),
    [
        ("text/event-stream", False, FlushPolicy.EVERY_CHUNK),
        ("text/event-stream", True, FlushPolicy.EVERY_CHUNK),
        ("application/x-ndjson", False, FlushPolicy.EVERY_CHUNK),
        ("application/json-seq", False, FlushPolicy.EVERY_CHUNK),
        ("application/geo+json-seq", False, FlushPolicy.EVERY_CHUNK),
        ("text/html", False, FlushPolicy.LATE),
        ("text/html", True, FlushPolicy.FIRST),
    ],
)
def test_flush_policy(media_type: str, repeatable: bool, expected: FlushPolicy) -> None:
    assert flush_policy(media_type, repeatable=repeatable) is expected


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
    return encoder, CodedStream(source, encoder, policy=FlushPolicy.EVERY_CHUNK)


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


@pytest.mark.parametrize("chunk", [None, 0, 7, object(), ["a"], {"a": 1}])
def test_a_chunk_of_another_type_is_an_error(chunk: object) -> None:
    source = Source([b"a", chunk])
    items = stream(source)
    next(items)
    with pytest.raises(TypeError):
        next(items)
    assert list(items) == []


def test_an_iterable_that_cannot_be_iterated_is_refused_at_once() -> None:
    not_iterable: Any = 5
    with pytest.raises(TypeError):
        stream(not_iterable)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("policy", [FlushPolicy.LATE, FlushPolicy.FIRST])
def test_no_more_than_so_many_bytes_are_held(
    decode_part: Decode, coding: str, policy: FlushPolicy
) -> None:
    source = Source([bytes([number]) * 1000 for number in range(200)])
    seen = 0
    coded = b""
    for item in stream(source, coding, policy, Clock()):
        coded += item
        seen = len(decode_part(coding, coded))
        assert 1000 * source.pulled - seen <= FLUSH_NBYTES
    assert seen == 200_000


@pytest.mark.parametrize("seconds", [0.0, 0.5, float("inf")])
def test_a_stream_is_flushed_after_its_time(seconds: float) -> None:
    clock, source = Clock(), Source([b"x"] * 100)
    items = CodedStream(
        source, Encoder("gzip"), policy=FlushPolicy.LATE, flush_seconds=seconds, clock=clock
    )
    next(items)
    clock.now += 1.0
    next(items)
    assert source.pulled == (2 if seconds < 1.0 else 100)


def test_what_became_of_it_is_told_once_at_the_end() -> None:
    told: list[tuple[int, int, float]] = []
    source = Source([b"one", "zwei ✓", memoryview(bytes(8)).cast("I")])
    items = CodedStream(
        source,
        Encoder("gzip"),
        policy=FlushPolicy.EVERY_CHUNK,
        on_close=lambda *numbers: told.append(numbers),
    )
    coded = b"".join(items)
    assert told == []
    items.close()
    items.close()
    assert [numbers[:2] for numbers in told] == [(3 + 8 + 8, len(coded))]
    assert told[0][2] > 0.0
