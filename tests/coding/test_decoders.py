"""Random bodies and streams at every level, for decoders that others wrote."""

from __future__ import annotations

import random

import decoders
import pytest

import pyfastgz

LEVELS = {"gzip": range(-1, 10), "deflate": range(-1, 10), "zstd": range(1, 12)}
CASES = [(coding, level) for coding, levels in LEVELS.items() for level in levels]

NWHOLE = 25
NSTREAMS = 8


def make_body(rng: random.Random, log2_max_nbytes: float) -> bytes:
    """Return noise, runs, copies and words."""
    body = bytearray()
    nbytes = int(2 ** rng.uniform(0, log2_max_nbytes))
    style = rng.randrange(4)
    while len(body) < nbytes:
        kind = style if style < 3 else rng.randrange(3)
        if kind == 0 or not body:
            body += rng.randbytes(rng.randrange(1, 200))
        elif kind == 1:
            start = rng.randrange(len(body))
            body += body[start : start + rng.randrange(3, 600)]
        else:
            body += rng.choice([b"<td>", b"</td>", b"0.", b" class=", b"\n", b"e", b"aaaa"])
    return bytes(body[:nbytes])


class ByteByByte:
    """Gives a decoder one byte after the other, and gathers what comes out."""

    def __init__(self, decode: decoders.Decoder) -> None:
        self._decode = decode
        self.decoded = bytearray()

    def feed(self, coded: bytes) -> None:
        for i in range(len(coded)):
            self.decoded += self._decode(coded[i : i + 1])


@pytest.mark.parametrize(("coding", "level"), CASES)
def test_whole_bodies(coding: str, level: int) -> None:
    rng = random.Random(f"{coding} {level}")
    for _ in range(NWHOLE):
        body = make_body(rng, 17.6)
        decoders.check(coding, pyfastgz.compress(body, coding, level=level), body)


@pytest.mark.parametrize(("coding", "level"), CASES)
def test_streams_byte_by_byte_and_on_time(coding: str, level: int) -> None:
    """A decoder that is given one byte after the other has all input so far at each flush."""
    rng = random.Random(f"{level} {coding}")
    for _ in range(NSTREAMS):
        body = make_body(rng, 14)
        decoding = [ByteByByte(make()) for make in decoders.INCREMENTAL[coding]]
        coded = b""
        done = 0
        encoder = pyfastgz.Encoder(coding, level, size=rng.choice([None, len(body)]))
        while done < len(body):
            begin, done = done, min(done + int(2 ** rng.uniform(0, 12)), len(body))
            flushes = rng.random() < 0.5
            piece = (encoder.flush if flushes else encoder.write)(body[begin:done])
            coded += piece
            for decoder in decoding:
                decoder.feed(piece)
                assert not flushes or decoder.decoded == body[:done]
        last = encoder.finish()
        for decoder in decoding:
            decoder.feed(last)
            assert decoder.decoded == body
        decoders.check(coding, coded + last, body)
