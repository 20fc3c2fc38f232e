"""Bodies that are small and stand for much, sent to real servers: what these take stays small.

What a server takes is measured and printed; asserted are memory, and that the answer is the one
that costs no more. How much work it is is counted in tests/coding/test_decode.py.
"""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

import brotli
import httpx
import pytest
import zstandard

from pyfastgz import compress
from tests.e2e.asgi_servers import ends_with
from tests.e2e.test_requests import COMMANDS
from tools.kit import usage
from tools.kit.client import fetch
from tools.kit.server import serving

pytestmark = pytest.mark.skipif(not usage.IS_KNOWN, reason="needs /proc/self/clear_refs")

MB = 1 << 20
MAX_NBYTES = 32 * MB
"""What a server's memory may grow by for a request."""

ZEROS = bytes(10 * MB)
# Codings whose windows are too large for one to be over the other.
TOO_WIDE: list[set[str]] = [{"br"}, {"br", "zstd"}]
SKIPPED = b"\x50\x2a\x4d\x18\0\0\0\0"
# Two blocks of deflate that each have codes of their own, and nothing in them but their end.
BLOCKS_OF_NOTHING = bytes.fromhex("04c0810800000000207feb47001c880000000000f2b77e")


class Bomb(NamedTuple):
    """A body.

    :param coding: its Content-Encoding.
    :param status: of the answer.
    """

    coding: str
    body: bytes
    status: int = 413


def run_frame(window: int, *nbytes: int) -> bytes:
    """Return a zstd frame of runs of a byte, with a window descriptor."""
    blocks = [
        (each << 3 | 1 << 1 | (number + 1 == len(nbytes))).to_bytes(3, "little") + b"r"
        for number, each in enumerate(nbytes)
    ]
    return b"\x28\xb5\x2f\xfd\0" + bytes([window]) + b"".join(blocks)


def br(data: bytes) -> bytes:
    """Return a body in br with its largest window, made in little time."""
    coded: bytes = brotli.compress(data, quality=2, lgwin=24)
    return coded


def long_br() -> bytes:
    """Return a gigabyte of zeros in one stream of br."""
    stream = brotli.Compressor(quality=5, lgwin=24)
    return b"".join([*(stream.process(ZEROS) for _ in range(100)), stream.finish()])


def long_deflate() -> bytes:
    """Return a gigabyte of zeros in one stream of deflate."""
    stream = zlib.compressobj()
    return b"".join([*(stream.compress(ZEROS) for _ in range(100)), stream.flush()])


def bombs() -> Iterator[tuple[str, Bomb]]:
    """Yield bombs by name."""
    makers: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "zstd": lambda data: compress(data, "zstd"),
        "br": br,
    }
    yield "1 GB of zeros in gzip", Bomb("gzip", gzip.compress(ZEROS) * 100)
    yield "1 GB of zeros in zstd", Bomb("zstd", compress(ZEROS, "zstd") * 100)
    yield "1 GB of zeros in deflate", Bomb("deflate", long_deflate())
    yield "1 GB of zeros in br", Bomb("br", long_br())
    for coding, make in makers.items():
        once = make(ZEROS)
        yield f"10 MB of zeros in {coding}", Bomb(coding, once)
        for outer, make_outer in makers.items():
            name = f"10 MB of zeros in {coding} in {outer}"
            status = 415 if {coding, outer} in TOO_WIDE else 413
            yield name, Bomb(f"{coding}, {outer}", make_outer(once), status)
    nested = ZEROS
    for _ in range(100):
        nested = gzip.compress(nested)
    yield "10 MB of zeros in gzip, 100-fold", Bomb(", ".join(["gzip"] * 100), nested, 415)
    empty = {"gzip": gzip.compress(b""), "zstd": compress(b"", "zstd")}
    for coding, one in empty.items():
        yield f"100,000 empty in {coding}", Bomb(coding, one * 100_000)
        for outer, make_outer in makers.items():
            name = f"1,000,000 empty in {coding} in {outer}"
            status = 415 if {coding, outer} in TOO_WIDE else 413
            yield name, Bomb(f"{coding}, {outer}", make_outer(one * 1_000_000), status)
    yield "100,000 skipped in zstd", Bomb("zstd", SKIPPED * 100_000)
    yield (
        "a window of 8 MB in each of 10,000 frames",
        Bomb("zstd", (run_frame(13 << 3, 9) + run_frame(0, 9)) * 5_000, 200),
    )
    blocks = BLOCKS_OF_NOTHING * 2_000_000
    yield (
        "blocks of nothing in deflate in gzip",
        Bomb("deflate, gzip", gzip.compress(blocks, 1)),
    )
    yield "a window of 3 GB", Bomb("zstd", run_frame(0xAF, 9))
    yield (
        "a skipped frame of 4 GB",
        Bomb("zstd", b"\x50\x2a\x4d\x18\xff\xff\xff\xff" + ZEROS, 400),
    )
    yield "zeros behind gzip", Bomb("gzip", gzip.compress(b"") + ZEROS * 6, 200)
    yield "noise that is sent", Bomb("gzip", random.Random(1).randbytes(MB) * 10, 400)
    yield (
        "a name without an end",
        Bomb("gzip", b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + b"n" * (60 * MB), 400),
    )


BOMBS = dict(bombs())
SERVERS = {"gthread": ("flask", "wsgi"), "uvicorn": ("asgi",)}


@pytest.fixture(scope="module", params=SERVERS, name="server")
def serve(request: pytest.FixtureRequest) -> Iterator[tuple[int, tuple[str, ...]]]:
    name = str(request.param)
    with serving(COMMANDS[name], ends_with=ends_with(name)) as port:
        yield port, SERVERS[name]


def used(port: int, door: str) -> dict[str, Any]:
    """Return what the process has used since this was last asked for."""
    path = "/asgi/usage" if door == "asgi" else "/flask/usage"
    return json.loads(fetch(port, path).body)  # type: ignore[no-any-return]


def post(port: int, path: str, coding: str, body: bytes) -> int:
    """Send a body; return the status of the answer."""
    url = f"http://127.0.0.1:{port}/{path}"
    with httpx.Client(trust_env=False, timeout=60) as client:
        return client.post(url, content=body, headers={"Content-Encoding": coding}).status_code


def cost_of(port: int, path: str, name: str, bomb: Bomb) -> int:
    """Send a body, check the status, print what it took; return the growth of memory."""
    door = path.partition("/")[0]
    before = used(port, door)
    status = post(port, path, bomb.coding, bomb.body)
    after = used(port, door)
    growth = int(after["most_resident_nbytes"] - before["resident_nbytes"])
    seconds = after["seconds"] - before["seconds"]
    print(f"{door:6}{name:45}{len(bomb.body):9}{status:5}{growth / MB:6.1f} MB{seconds:7.3f} s")
    assert status == bomb.status
    return growth


@pytest.mark.parametrize("name", BOMBS)
def test_memory_stays_small(server: tuple[int, tuple[str, ...]], name: str) -> None:
    port, doors = server
    for door in doors:
        path = "wsgi/echo" if door == "wsgi" else f"{door}/streamed"
        post(port, path, "gzip", gzip.compress(b"lamp"))
        assert cost_of(port, path, name, BOMBS[name]) < MAX_NBYTES


def test_a_long_body_is_read_in_little_memory(server: tuple[int, tuple[str, ...]]) -> None:
    """As much as may be, of nearly as few bytes as may be."""
    port, (door, *_) = server
    number = random.Random(1)
    data = b"".join(number.randbytes(10) * 150 for _ in range(44_000))
    for coding in ("gzip", "deflate", "zstd", "br"):
        coded = compress(data, coding, level=9)
        assert len(data) < 200 * len(coded)
        name, bomb = f"{len(data)} bytes in {coding}", Bomb(coding, coded, 200)
        assert cost_of(port, f"{door}/streamed", name, bomb) < MAX_NBYTES


def growing_br(data: bytes) -> bytes:
    """Return a body in br whose window, of 8 MB, a decoder makes larger step by step."""
    stream = brotli.Compressor(quality=2, lgwin=23)
    parts = [data[at : at + MB] for at in range(0, len(data), MB)]
    flushed = (stream.process(part) + stream.flush() for part in parts)
    return b"".join([*flushed, stream.finish()])


def wide_zstd(data: bytes) -> bytes:
    """Return a body in zstd with the largest window that is allowed."""
    settings = zstandard.ZstdCompressionParameters(window_log=23, compression_level=1)
    coded: bytes = zstandard.ZstdCompressor(compression_params=settings).compress(data)
    return coded


WIDE: dict[str, Callable[[bytes], bytes]] = {
    "br": growing_br,
    "br, gzip": lambda data: gzip.compress(growing_br(data), 1),
    "gzip, br": lambda data: growing_br(gzip.compress(data, 1)),
    "zstd, zstd": lambda data: wide_zstd(wide_zstd(data)),
}


@pytest.mark.parametrize("coding", WIDE)
def test_the_largest_windows(server: tuple[int, tuple[str, ...]], coding: str) -> None:
    """Of bodies that are longer than these, coded and decoded."""
    port, (door, *_) = server
    number = random.Random(1)
    data = b"".join(number.randbytes(900) * 3 for _ in range(20_000))
    bomb = Bomb(coding, WIDE[coding](data), 200)
    assert len(bomb.body) > 16 * MB
    # A window of br grows by doubling. The memory of the smaller ones is not given back by
    # glibc after the first body.
    for _ in range(3):
        name = f"windows of {coding}"
        assert cost_of(port, f"{door}/streamed", name, bomb) < MAX_NBYTES
