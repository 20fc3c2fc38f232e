"""Bodies of requests that come coded (R73 to R80)."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable

import pytest
from asking import CODINGS
from asking import DECODED
from asking import KNOWN
from asking import Answer
from asking import Site
from described import Asked
from described import Reply

from pyfastgz import compress

Serve = Callable[..., Site]
MB = 1 << 20
DATA = b"".join(b'{"lamp": %d, "price": %d}\n' % (n, n * n % 997) for n in range(2000))
ZEROS = bytes(10 * MB)
# Codings whose windows are too large for one to be over the other.
TOO_WIDE: list[set[str]] = [{"br"}, {"br", "zstd"}]


def echo(asked: Asked) -> Reply:
    names = sorted(set(asked.fields) & {"content-encoding", "content-length"})
    return Reply(asked.read(), fields={"X-Seen": " ".join(names)}, content_type="image/png")


@pytest.fixture(name="site")
def serve_echo(serve: Serve) -> Site:
    return serve(echo, decode_requests=True)


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


def pieces(data: bytes, nbytes: int = 1000) -> list[bytes]:
    return [data[at : at + nbytes] for at in range(0, len(data), nbytes)]


@pytest.mark.skipif("br" not in DECODED, reason="br is not decoded with this brotli")
def test_r76_a_window_of_br(site: Site) -> None:
    brotli = pytest.importorskip("brotli")
    stream = brotli.Compressor(lgwin=24)
    assert site.post(stream.process(DATA) + stream.finish(), "br").body() == DATA
    stream = brotli.Compressor(lgwin=24, quality=1)
    data = random.Random(1).randbytes(8 * MB)
    answer = site.post(stream.process(data) + stream.finish(), "br")
    check_refused(answer, 413, b"needs a window that is larger than 8 MB.")


@pytest.mark.parametrize("coding", DECODED)
@pytest.mark.parametrize("is_chunked", [False, True])
def test_r73_what_is_read_is_decoded(site: Site, coding: str, is_chunked: bool) -> None:
    coded = compress(DATA, coding)
    answer = site.post(pieces(coded) if is_chunked else coded, coding)
    assert (answer.status, answer.field("X-Seen")) == (200, "")
    assert answer.body() == DATA


@pytest.mark.parametrize(
    ("name", "coded"),
    [
        ("x-gzip", gzip.compress(DATA)),
        ("GZIP", gzip.compress(DATA)),
        ("deflate", zlib.compress(DATA)),
        ("deflate", raw_deflate(DATA)),
        ("gzip, identity", gzip.compress(DATA)),
    ],
    ids=range(5),
)
def test_r73_as_clients_call_it(site: Site, name: str, coded: bytes) -> None:
    assert site.post(coded, name).body() == DATA


@pytest.mark.parametrize("coding", DECODED)
def test_r73_two_codings(site: Site, coding: str) -> None:
    for other in DECODED:
        coded = compress(compress(DATA, coding), other)
        for body in (coded, pieces(coded)):
            answer = site.post(body, f"{coding}, {other}")
            if {coding, other} in TOO_WIDE:
                check_refused(answer, 415)
            else:
                assert answer.body() == DATA


def test_r73_a_long_body(site: Site) -> None:
    data = random.Random(1).randbytes(300_000) * 10
    for coding in DECODED:
        for body in (compress(data, coding), pieces(compress(data, coding), 100_000)):
            assert site.post(body, coding).body() == data


def test_r73_only_if_it_is_wanted(serve: Serve) -> None:
    coded = gzip.compress(DATA)
    answer = serve(echo).post(coded, "gzip")
    assert "content-encoding" in str(answer.field("X-Seen"))
    assert answer.body() == coded


def ignore(asked: Asked) -> Reply:
    return Reply("not read")


@pytest.mark.parametrize("coding", [*DECODED, "lzma", "gzip, gzip, gzip"])
def test_r74_what_is_not_read_is_not_decoded(serve: Serve, coding: str) -> None:
    for body in (b"anything", [b"anything"]):
        answer = serve(ignore, decode_requests=True).post(body, coding)
        assert (answer.status, answer.body()) == (200, b"not read")


def check_refused(answer: Answer, status: int, why: bytes = b"") -> None:
    assert answer.status == status
    assert answer.field("Accept-Encoding") == (KNOWN if status == 415 else None)
    assert answer.field("X-Seen") is None
    body = answer.body()
    assert b"The body of the request " in body
    assert why in body


OTHERS = ["lzma", "aws-chunked", "utf-8", "none", "gzip, lzma", "dcz", "*", "gzip;q=1"]
OTHERS += ["gzip, gzip, gzip"]
# Where br is not decoded.
OTHERS += set(CODINGS) - set(DECODED)


@pytest.mark.parametrize("coding", OTHERS)
def test_r75_another_coding(site: Site, coding: str) -> None:
    for body in (gzip.compress(DATA), [gzip.compress(DATA)]):
        check_refused(site.post(body, coding), 415)


@pytest.mark.parametrize("coding", DECODED)
def test_r76_a_bomb(site: Site, coding: str) -> None:
    coded = compress(ZEROS, coding)
    for body in (coded, [coded], pieces(coded, 100)):
        check_refused(site.post(body, coding), 413)
    for other in DECODED:
        status = 415 if {coding, other} in TOO_WIDE else 413
        check_refused(site.post(compress(coded, other), f"{coding}, {other}"), status)


@pytest.mark.parametrize("coding", DECODED)
def test_r76_more_bytes_than_are_allowed(serve: Serve, coding: str) -> None:
    coded = compress(DATA, coding)
    for limit, is_allowed in (
        (len(DATA), True),
        (len(DATA) - 1, False),
        (len(coded) - 1, False),
    ):
        site = serve(echo, decode_requests=True, request_max_bytes=limit)
        for body in (coded, [coded]):
            answer = site.post(body, coding)
            if is_allowed:
                assert answer.body() == DATA
            else:
                check_refused(answer, 413, b"is too large, as it is sent or decoded.")


def test_r76_the_ratio(serve: Serve) -> None:
    coded = gzip.compress(ZEROS)
    site = serve(echo, decode_requests=True, request_max_ratio=2000)
    assert site.post(coded, "gzip").body() == ZEROS
    # What is short may be of any.
    site = serve(echo, decode_requests=True, request_max_ratio=1)
    assert site.post(gzip.compress(bytes(MB)), "gzip").body() == bytes(MB)
    answer = site.post(gzip.compress(bytes(MB + 1)), "gzip")
    check_refused(answer, 413, b"is too many times as long when it is decoded as it is sent.")


def test_r76_a_window_of_zstd(site: Site) -> None:
    # A run of 9 bytes, behind a descriptor of a window.
    run = (9 << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"r"
    assert site.post(b"\x28\xb5\x2f\xfd\0\x68" + run, "zstd").body() == b"r" * 9
    answer = site.post(b"\x28\xb5\x2f\xfd\0\x69" + run, "zstd")
    check_refused(answer, 413, b"needs a window that is larger than 8 MB.")


@pytest.mark.parametrize("coding", DECODED)
def test_r77_what_is_damaged_or_cut_short(site: Site, coding: str) -> None:
    coded = compress(DATA, coding)
    other = "gzip" if coding != "gzip" else "zstd"
    for damaged in (
        coded[:-1],
        coded[: len(coded) // 2],
        coded[:1],
        coded + b"x",
        b"x" + coded,
        DATA,
        compress(DATA, other),
    ):
        for body in (damaged, [damaged], pieces(damaged)):
            check_refused(site.post(body, coding), 400)
    check_refused(site.post(compress(coded[:-1], other), f"{coding}, {other}"), 400)


MANY: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": lambda data: compress(data, "zstd") + b"\x51\x2a\x4d\x18\x02\0\0\0no",
}


@pytest.mark.parametrize("coding", MANY)
def test_r78_members_and_frames_follow_each_other(site: Site, coding: str) -> None:
    parts = [b"", *pieces(DATA), b"", b""]
    coded = b"".join(map(MANY[coding], parts))
    for body in (coded, pieces(coded, 77)):
        assert site.post(body, coding).body() == DATA


@pytest.mark.parametrize("coding", MANY)
def test_r78_those_that_hold_nothing_count(serve: Serve, coding: str) -> None:
    site = serve(echo, decode_requests=True, request_max_bytes=100 * 4096)
    one = compress(b"", coding)
    assert site.post(one * 101, coding).body() == b""
    check_refused(site.post(one * 102, coding), 413)


REFUSED: list[tuple[str, bytes, int]] = [
    ("lzma", DATA, 415),
    ("gzip", DATA, 400),
    ("gzip", gzip.compress(DATA)[:-1], 400),
    ("gzip", gzip.compress(ZEROS), 413),
]


@pytest.mark.parametrize(("coding", "coded", "status"), REFUSED, ids=range(4))
def test_r79_a_refusal_is_answered_in_place_of_a_response(
    serve: Serve, coding: str, coded: bytes, status: int
) -> None:
    site = serve(echo, decode_requests=True)
    for body in (coded, [coded], pieces(coded, 50)):
        check_refused(site.post(body, coding), status)
    # And the next one finds everything as it was.
    assert site.post(gzip.compress(DATA), "gzip").body() == DATA


def test_r80_what_is_not_coded_is_left_alone(site: Site) -> None:
    for coding in (None, "", "identity"):
        answer = site.post(DATA, coding)
        assert "content-length" in str(answer.field("X-Seen"))
        assert answer.body() == DATA
        assert site.post(pieces(DATA), coding).body() == DATA


@pytest.mark.parametrize("coding", [*DECODED, "lzma"])
def test_r80_so_is_a_request_without_a_body(site: Site, coding: str) -> None:
    bodies: list[bytes | list[bytes]] = [b"", []]
    for body in bodies:
        answer = site.post(body, coding)
        assert (answer.status, answer.body()) == (200, b"")
