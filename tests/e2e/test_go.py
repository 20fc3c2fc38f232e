"""Flushes reach a client in Go, one by one."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest

import pyfastgz
from tests.e2e.go_client import GO
from tests.e2e.go_client import MISSING
from tests.e2e.go_client import running

pytestmark = pytest.mark.skipif(GO is None, reason=MISSING)

LEVELS = range(10)
PIECES = [
    b"data: hello\n\n",
    b"x",
    *(f"data: {json.dumps({'id': i, 'lamp': i * i % 7})}\n\n".encode() for i in range(20)),
    b"<li>lamp</li>" * 3000,
    bytes(range(256)) * 2,
    "\N{SNOWMAN}".encode(),
]


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_each_flush_is_handed_out(
    go_program: Path, coding: str, level: int, *, small: bool
) -> None:
    """Each before the next is written."""
    encoder = pyfastgz.Encoder(coding, level, small=small)
    with running(go_program, "-", coding) as client:
        client.send(encoder.flush())
        for number, piece in enumerate(PIECES):
            if number % 2:
                client.send(encoder.write(piece) + encoder.flush())
            else:
                client.send(encoder.flush(piece))
            assert client.read(len(piece)) == piece
        client.send(encoder.finish(b"the end"))
        client.end()
        assert client.read(7) == b"the end"
        assert client.read_piece() is None


def test_go_waits_for_an_empty_stored_block(go_program: Path) -> None:
    """Or the test above would show nothing: zlib can flush without one."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, 31)
    first = compressor.compress(b"first") + compressor.flush(zlib.Z_PARTIAL_FLUSH)
    second = compressor.compress(b" second") + compressor.flush(zlib.Z_SYNC_FLUSH)
    with running(go_program, "-") as client:
        client.send(first)
        client.send(second)
        assert client.read_piece() == b"first second"
