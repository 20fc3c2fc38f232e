"""Streams: nothing is held back, closed twice, or kept (R28, R35, R36, R38 to R40, R42)."""

from __future__ import annotations

import array
import gc
import os
import random
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from asking import CODINGS
from asking import Answer
from asking import Site
from asking import decoded
from asking import decoded_part
from described import Asked
from described import Cut
from described import Door
from described import Reply
from sources import Source
from sources import follow

Serve = Callable[..., Site]
MESSAGES = (
    "text/event-stream",
    "application/x-ndjson",
    "application/ndjson",
    "text/ndjson",
    "text/x-ndjson",
    "application/vnd.elasticsearch+x-ndjson",
    "application/jsonl",
    "application/x-jsonl",
    "text/jsonl",
    "application/jsonlines",
    "application/x-jsonlines",
    "application/json-lines",
    "application/x-ldjson",
    "application/json-seq",
    "application/geo+json-seq",
    "application/cbor-seq",
    "application/json-stream",
    "application/x-json-stream",
    "application/stream+json",
    "application/grpc-web",
    "application/grpc-web-text",
    "application/grpc-web+proto",
    "application/connect+json",
    "application/vnd.docker.raw-stream",
    "application/vnd.docker.multiplexed-stream",
    "multipart/mixed",
    "multipart/related",
    "multipart/x-mixed-replace",
)
EVENTS = "text/event-stream"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(name="stream")
def serve_stream(serve: Serve) -> Callable[..., Site]:
    """Serve one stream, of messages if its type says so."""

    def open_site(source: Any, kind: str = "text/html", **settings: Any) -> Site:
        fields = settings.pop("fields", {})
        reply = Reply(source, content_type=kind, fields=fields)
        return serve(lambda asked: reply, extra_mimetypes=MESSAGES, **settings)

    return open_site


Stream = Callable[..., Site]


# ---- Messages ----


@pytest.mark.parametrize("coding", [*CODINGS, None])
@pytest.mark.parametrize("kind", MESSAGES)
def test_r35_a_message_can_be_decoded_before_the_next_is_made(
    stream: Stream, kind: str, coding: str | None
) -> None:
    events = [f"data: {number}\n\n" for number in range(5)]
    source = Source(*events, in_step=True)
    answer = stream(source, kind).get(accept=coding)
    assert answer.coding == coding
    coded = follow(answer, source, *events)
    if coding in {"gzip", "deflate"}:
        # Some decoders hand out nothing at any other border.
        assert coded.endswith(b"\x00\x00\xff\xff")
    answer.close()
    assert source.closed == 1


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize(
    "kind",
    [
        # GraphQL over HTTP, incremental delivery; Apollo's subscriptions; pictures of a camera.
        'multipart/mixed; boundary="-"; deferSpec=20220824',
        'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
        "multipart/x-mixed-replace; boundary=frame",
        "Text/Event-Stream; charset=utf-8",
    ],
)
def test_r35_parameters_and_case_of_a_media_type_do_not_matter(
    stream: Stream, kind: str, coding: str
) -> None:
    source = Source(*LETTERS, in_step=True)
    answer = stream(source, kind).get(accept=coding)
    assert answer.coding == coding
    follow(answer, source, *LETTERS)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize(
    "events",
    [
        # The words of a model, one by one; what keeps a connection open; a page of data.
        [f'data: {{"token": "word{number}"}}\n\n' for number in range(100)],
        [": ping\n\n"] * 50,
        ["data: " + "lamp, " * 40_000 + "\n\n", ":\n\n"],
        [random.Random(number).randbytes(20_000) for number in range(3)],
        ["data: ✓\n\n", b"data: \xe2\x9c\x93\n\n", "id: 1\nretry: 9\n\n"],
    ],
    ids=["words", "pings", "long", "pictures", "kinds"],
)
def test_r35_events_of_all_kinds(stream: Stream, coding: str, events: list[Any]) -> None:
    source = Source(*events, in_step=True)
    answer = stream(source, EVENTS).get(accept=coding)
    assert answer.coding == coding
    coded = follow(answer, source, *events)
    coded += answer.read()
    assert len(decoded(coding, coded)) == sum(
        len(event.encode() if isinstance(event, str) else event) for event in events
    )


def test_r35_a_strong_tag_does_not_hold_messages_back(stream: Stream) -> None:
    source = Source(*LETTERS, in_step=True)
    answer = stream(source, EVENTS, fields={"ETag": '"t"'}).get()
    assert answer.coding == "gzip"
    follow(answer, source, *LETTERS)


def test_r35_settings_do_not_hold_messages_back(stream: Stream) -> None:
    source = Source(*LETTERS, in_step=True)
    answer = stream(source, EVENTS, stream_flush_ms=float("inf"), min_size=9999).get()
    assert answer.coding == "gzip"
    follow(answer, source, *LETTERS)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("kind", ["text/event-stream", "application/x-ndjson"])
def test_r28_r35_the_tag_of_a_stream_of_messages_becomes_weak(
    serve: Serve, kind: str, coding: str
) -> None:
    """How they are cut shows in the bytes."""

    def respond(asked: Asked) -> Reply:
        chunks = (f"data: {number}\n\n" for number in range(3))
        return Reply(chunks, content_type=kind, fields={"ETag": '"t"'})

    site = serve(respond, mimetypes=[kind])
    answer = site.get(accept=coding)
    assert (answer.coding, answer.tag) == (coding, 'W/"t"')
    assert site.get(accept=None).tag == '"t"'
    assert site.get(accept=coding, method="HEAD").tag == 'W/"t"'
    current = site.get(accept=coding, If_None_Match='W/"t"')
    assert (current.status, current.tag) == (200, 'W/"t"')


def test_r28_r48_a_304_for_a_stream_of_messages_has_the_weak_tag(
    serve: Serve, door: Door
) -> None:
    def respond(asked: Asked) -> Reply:
        fields = {"ETag": '"t"', "Content-Length": "900"}
        body = iter(["data: 1\n\n" * 100])
        return Reply(body, content_type=EVENTS, fields=fields, conditional=True)

    site = serve(respond, extra_mimetypes=[EVENTS])
    assert site.get().tag == 'W/"t"'
    current = site.get(If_None_Match='W/"t"')
    # A framework may take the type out of a 304.
    assert (current.status, current.tag) == (304, 'W/"t"' if "stripped" in door.sees else '"t"')


# ---- Other streams ----


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/json"])
def test_r36_what_precedes_a_slow_chunk_is_not_held(
    stream: Stream, kind: str, coding: str
) -> None:
    """The head of a page, a link and the navigation; then its view asks the database."""
    chunks = [f"<part {number}>" for number in range(8)]
    source = Source(*chunks, in_step=True)
    answer = stream(source, kind).get(accept=coding)
    assert answer.coding == coding
    follow(answer, source, *chunks)


class Slow(Source):
    """Makes each chunk only when another flush may be there."""

    def __next__(self) -> Any:
        time.sleep(0.003)
        return super().__next__()


@pytest.mark.parametrize("coding", CODINGS)
def test_r36_flushes_are_there_again_after_a_while(stream: Stream, coding: str) -> None:
    source = Slow(*LETTERS, in_step=True)
    answer = stream(source, stream_flush_ms=2).get(accept=coding)
    follow(answer, source, *LETTERS)


@pytest.mark.parametrize("coding", CODINGS)
def test_r36_with_0_ms_every_chunk_is_flushed(stream: Stream, coding: str) -> None:
    chunks = ["<li>lamp</li>"] * 100
    source = Source(*chunks, in_step=True)
    answer = stream(source, stream_flush_ms=0).get(accept=coding)
    follow(answer, source, *chunks)


@pytest.mark.parametrize("coding", CODINGS)
def test_r36_a_burst_of_chunks_is_gathered(stream: Stream, coding: str) -> None:
    source = Source(*["<li>lamp</li>"] * 4_000)
    # A minute, so that it is a burst on any machine.
    answer = stream(source, stream_flush_ms=60_000).get(accept=coding)
    pieces = []
    while piece := answer.more():
        pieces.append(piece)
    assert len(pieces) < 200
    assert decoded(coding, b"".join(pieces)) == b"<li>lamp</li>" * 4_000


@pytest.mark.parametrize("coding", CODINGS)
def test_r28_r36_with_a_strong_tag_the_first_kilobytes_are_not_held(
    stream: Stream, coding: str
) -> None:
    """They are flushed at fixed offsets, so that the bytes are the same every time."""
    chooser = random.Random(5)
    text = bytes(chooser.choices(b"abcdefgh ", k=16 * 1024))
    ends = (0, 1024, 2048, 4096, 8192, 16384)
    chunks = [text[start:end] for start, end in pairwise(ends)]
    source = Source(*chunks, in_step=True)
    answer = stream(source, fields={"ETag": '"t"'}).get(accept=coding)
    assert answer.tag == f'"t:{coding}"'
    follow(answer, source, *chunks)


def test_r36_headers_do_not_wait_for_the_second_chunk(stream: Stream) -> None:
    source = Source("<head>", "<body>", in_step=True)
    answer = stream(source).get()
    assert answer.status == 200
    assert source.pulled <= 1
    follow(answer, source, "<head>", "<body>")


# ---- Life ----


@pytest.mark.parametrize("accept", [*CODINGS, None])
def test_r38_close_at_the_end(stream: Stream, accept: str | None) -> None:
    source = Source(*LETTERS)
    assert stream(source).get(accept=accept).body() == LETTERS.encode()
    assert (source.pulled, source.closed) == (26, 1)


@pytest.mark.parametrize("accept", [*CODINGS, None])
def test_r38_r39_a_client_that_goes_away(stream: Stream, accept: str | None) -> None:
    # Of bytes that fill what is between a server and a client that does not read.
    noise = random.Random(1).randbytes(100_000)
    source = Source(*[noise] * 1000)
    answer = stream(source, EVENTS).get(accept=accept)
    assert answer.more()
    answer.close()
    assert source.closed == 1
    assert source.pulled < 1000


def test_r38_a_client_that_goes_away_at_once(stream: Stream) -> None:
    noise = random.Random(1).randbytes(100_000)
    source = Source(*[noise] * 1000)
    stream(source, EVENTS).get().close()
    assert source.closed == 1
    assert source.pulled < 1000


@pytest.mark.parametrize("accept", ["gzip", None])
def test_r38_generators_are_closed(serve: Serve, accept: str | None) -> None:
    noise = random.Random(1).randbytes(100_000)
    ends = Source()

    def produce() -> Iterator[bytes]:
        try:
            while True:
                yield noise
        finally:
            ends.close()

    answer = serve(lambda asked: Reply(produce())).get(accept=accept)
    assert answer.more()
    answer.close()
    assert ends.closed == 1


@pytest.mark.parametrize("accept", ["gzip", None])
@pytest.mark.parametrize("condition", [{"If_None_Match": '"t:gzip", "t"'}, {"If_Match": '"x"'}])
def test_r38_close_with_a_304_or_whatever_a_condition_makes_of_it(
    serve: Serve, accept: str | None, condition: dict[str, str]
) -> None:
    source = Source("a" * 900)
    reply = Reply(source, fields={"ETag": '"t"'}, conditional=True, nbytes=900)
    answer = serve(lambda asked: reply).get(accept=accept, **condition)
    if "If_None_Match" in condition:
        assert answer.status == 304
    answer.read()
    assert source.closed == 1


@pytest.mark.parametrize("accept", [*CODINGS, None])
def test_r38_close_of_what_is_not_coded(stream: Stream, accept: str | None) -> None:
    source = Source("tiny")
    answer = stream(source, fields={"Content-Length": "4"}).get(accept=accept)
    assert answer.coding is None
    assert answer.body() == b"tiny"
    assert source.closed == 1
    source = Source("tiny")
    assert stream(source, "image/png").get(accept=accept).read() == b"tiny"
    assert source.closed == 1


@pytest.mark.parametrize("accept", [*CODINGS, None])
def test_r38_close_of_a_list_that_has_one(serve: Serve, accept: str | None) -> None:
    class Rows(list[bytes]):
        def __init__(self, *rows: bytes) -> None:
            super().__init__(rows)
            self.source = Source()

        def close(self) -> None:
            self.source.close()

    rows = Rows(b"x" * 600, b"y")
    assert serve(Reply(rows)).get(accept=accept).body() == b"x" * 600 + b"y"
    assert rows.source.closed == 1


def test_an_iterable_with_a_length_is_a_stream(serve: Serve) -> None:
    class Sized:
        def __init__(self) -> None:
            self.source = Source("a" * 600, "b")
            self.close = self.source.close

        def __len__(self) -> int:
            return 2

        def __iter__(self) -> Iterator[str]:
            return iter(self.source)

    sized = Sized()
    answer = serve(Reply(sized)).get()
    assert (answer.coding, answer.field("Content-Length")) == ("gzip", None)
    assert answer.body() == b"a" * 600 + b"b"
    assert sized.source.closed == 1


def resident_nbytes() -> int:
    """Return how much memory the process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("coding", ["zstd", "br"])
def test_r39_what_an_encoder_has_is_freed_at_close(serve: Serve, coding: str) -> None:
    """Not by the collector, nor when the last answer is forgotten."""

    def produce() -> Iterator[bytes]:
        yield b"data: 1\n\n" * 100
        yield b"data: 2\n\n" * 100

    site = serve(lambda asked: Reply(produce()))
    kept = []
    gc.disable()
    try:
        for number in range(300):
            if number == 100:
                before = resident_nbytes()
            answer = site.get(accept=coding)
            assert answer.more()
            answer.close()
            kept.append(answer)
        grown = resident_nbytes() - before
    finally:
        gc.enable()
    # 500 KB each, or 800.
    assert grown < 200 * 100_000


def read_until_cut(answer: Answer) -> bytes:
    """Return what comes of a body that breaks off."""
    coded = b""
    try:
        while piece := answer.more():
            coded += piece
    except Cut:
        return coded
    raise AssertionError("the body seems to be complete")


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("kind", ["text/event-stream", "text/html"])
def test_r40_an_exception_in_the_generator(stream: Stream, coding: str, kind: str) -> None:
    source = Source("one", ZeroDivisionError("as it should"))
    answer = stream(source, kind).get(accept=coding)
    coded = read_until_cut(answer)
    assert decoded_part(coding, coded) in {b"", b"one"}
    with pytest.raises(Exception):  # noqa: B017, PT011
        decoded(coding, coded)
    answer.close()
    assert source.closed == 1


@pytest.mark.parametrize("coding", CODINGS)
def test_r40_an_exception_before_the_first_chunk(stream: Stream, coding: str) -> None:
    """A server may still answer something else, but no complete body."""
    source = Source(ZeroDivisionError("as it should"))
    try:
        answer = stream(source).get(accept=coding)
        assert answer.status == 500 or answer.read() != b"", "an empty body"
    except Cut:
        pass
    assert source.closed == 1


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("kind", ["text/html", "text/event-stream"])
@pytest.mark.parametrize("tag", [None, '"t"'])
@pytest.mark.parametrize("missing", [1, 10**9])
def test_r40_a_stream_that_ends_before_its_declared_length(
    serve: Serve, coding: str, kind: str, tag: str | None, missing: int
) -> None:
    """Without a coding, every client sees that something is missing.

    If nothing was sent yet, a server may still answer that it has failed.
    """
    source = Source("one", "two")
    fields = {"Content-Length": str(len("onetwo") + missing), **({"ETag": tag} if tag else {})}
    reply = Reply(source, fields=fields, content_type=kind)
    site = serve(lambda asked: reply, mimetypes=[kind], min_size=0)
    answer, coded = site.get(accept=coding), b""
    assert (answer.status, answer.coding) in {(200, coding), (500, None)}
    if answer.status == 200:
        coded = read_until_cut(answer)
    assert b"onetwo".startswith(decoded_part(coding, coded))
    with pytest.raises(Exception):  # noqa: B017, PT011
        decoded(coding, coded)
    answer.close()
    assert source.closed == 1


# ---- Chunks ----


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("kind", ["text/html", "text/event-stream"])
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
        [memoryview(b"0123456789")[::3], memoryview(bytes(range(12))).cast("B", (3, 4))],
        [array.array("I", [1, 2])],
    ],
    ids=range(9),
)
def test_r42_chunks_of_all_kinds(
    stream: Stream, coding: str, kind: str, chunks: list[Any]
) -> None:
    plain = b"".join(
        chunk.encode() if isinstance(chunk, str) else memoryview(chunk).tobytes()
        for chunk in chunks
    )
    source = Source(*chunks)
    answer = stream(source, kind).get(accept=coding)
    # It may show that nothing comes.
    assert answer.coding in ({coding} if plain else {coding, None})
    assert answer.body() == plain
    assert source.closed == 1


@pytest.mark.parametrize("coding", CODINGS)
def test_r42_a_buffer_may_be_used_again(stream: Stream, coding: str) -> None:
    def rows() -> Iterator[bytearray]:
        buffer = bytearray()
        for number in range(1000):
            buffer += b"row %d\n" % number
            yield buffer
            buffer.clear()

    expected = b"".join(b"row %d\n" % number for number in range(1000))
    assert stream(rows()).get(accept=coding).body() == expected
