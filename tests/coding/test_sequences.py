"""Bodies of lengths at which the core writes zstd frames itself, at some levels."""

from __future__ import annotations

import random
import shutil
import subprocess

import decoders
import pytest

import pyfastgz

LEVELS = range(1, 7)
BORDERS = (1536, 4096, 16_384, 65_535)
ZSTD = shutil.which("zstd")
NODE = shutil.which("node")
# The exit code says whether this Node knows zstd at all.
DECODE_IN_NODE = """
const {zstdDecompressSync} = require("node:zlib");
if (zstdDecompressSync === undefined) process.exit(77);
process.stdout.write(zstdDecompressSync(require("node:fs").readFileSync(0)));
"""


def page(nbytes: int, seed: int = 1) -> bytes:
    """Return markup with numbers in it, of exactly so many bytes."""
    numbers = random.Random(seed)
    words = ["price", "apples", "pears", "<td class=num>", "</td>", "\n<tr>", "&amp;", "of the"]
    parts: list[str] = []
    length = 0
    while length < nbytes:
        part = f"{numbers.choice(words)}{numbers.randrange(3) and numbers.randrange(10**6)}"
        parts.append(part)
        length += len(part)
    return "".join(parts).encode()[:nbytes]


def turns(nbytes: int) -> bytes:
    """Return noise and pages in turns, the noise twice."""
    numbers = random.Random(nbytes)
    noise = numbers.randbytes(3000)
    parts = [page(5000), noise, page(2000, 2), noise[:2500], numbers.randbytes(9000)]
    return (b"".join(parts) * (nbytes // 20_000 + 1))[:nbytes]


BODIES = {
    **{f"page of {n + more}": page(n + more) for n in BORDERS for more in (-1, 0, 1)},
    "turns": turns(60_000),
    "noise": random.Random(1).randbytes(30_000),
    "noise, then a page": random.Random(2).randbytes(20_000) + page(20_000),
    "zeros": bytes(50_000),
    "lines": b"".join(b"%d,%d,open\n" % (n, n * n % 977) for n in range(4000)),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("level", LEVELS)
def test_all_decoders_return_the_body(name: str, level: int) -> None:
    body = BODIES[name]
    coded = pyfastgz.compress(body, "zstd", level=level)
    decoders.check("zstd", coded, body)
    assert len(coded) < len(body) + 20


@pytest.mark.parametrize("name", BODIES)
def test_what_was_coded_before_does_not_show(name: str) -> None:
    expected = pyfastgz.compress(BODIES[name], "zstd")
    for other in BODIES.values():
        pyfastgz.compress(other, "zstd")
        assert pyfastgz.compress(BODIES[name], "zstd") == expected


@pytest.mark.skipif(ZSTD is None, reason="the zstd command is not installed")
@pytest.mark.parametrize("name", BODIES)
def test_the_zstd_command_takes_it_with_little_memory(name: str) -> None:
    coded = pyfastgz.compress(BODIES[name], "zstd")
    command = [str(ZSTD), "-t", "--memory=8MB"]
    result = subprocess.run(command, input=coded, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()


@pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
@pytest.mark.parametrize("name", BODIES)
def test_node_returns_the_body(name: str) -> None:
    coded = pyfastgz.compress(BODIES[name], "zstd")
    command = [str(NODE), "-e", DECODE_IN_NODE]
    result = subprocess.run(command, input=coded, capture_output=True, check=False)
    if result.returncode == 77:
        pytest.skip("this Node.js knows no zstd")
    assert result.returncode == 0, result.stderr.decode()
    assert result.stdout == BODIES[name]


def test_no_more_bytes_than_libzstd_takes() -> None:
    """Or hardly more, of pages that nobody tuned for; the report has real documents."""
    zstandard = pytest.importorskip("zstandard")
    for nbytes in (5000, 9000, 20_000, 60_000):
        body = page(nbytes)
        for level in (2, 3, 4):
            theirs = len(zstandard.ZstdCompressor(level=level).compress(body))
            assert len(pyfastgz.compress(body, "zstd", level=level)) < 1.02 * theirs
