"""Memory stays flat, whatever becomes of streams and however long a body is."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from tools.kit import usage
from tools.kit.client import fetch
from tools.kit.client import opened
from tools.kit.decoders import CODINGS
from tools.kit.decoders import make_decoder
from tools.kit.documents.prose import Writer
from tools.kit.server import ROOT
from tools.kit.server import gunicorn_command
from tools.kit.server import serving

MB = 1024 * 1024
FILE_NBYTES = 256 * MB
PATH = "/files/big.txt"

pytestmark = pytest.mark.skipif(not usage.IS_KNOWN, reason="needs /proc/self/io")


def measure(port: int) -> dict[str, int]:
    """Return what the server's process has used so far."""
    used: dict[str, int] = json.loads(fetch(port, "/usage").body)
    return used


# ---- Streams that are aborted ----


def test_r39_aborted_streams() -> None:
    """100,000 of them; what coding takes is given back without the garbage collector."""
    command = [sys.executable, "-m", "tests.e2e.abort_streams", "12500"]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    growth: dict[str, int] = json.loads(result.stdout)
    print(growth)
    for coding, path in product(CODINGS, ("/text", "/events")):
        # Flask itself leaves 0.8 KB of each request to the collector. 2 MB are 160 bytes each.
        assert growth[f"{coding} {path}"] < growth[f"identity {path}"] + 2 * MB


def test_r39_clients_that_leave(gunicorn_port: int) -> None:
    def leave(turn: str) -> int:
        """Start streams of all kinds and leave; return the memory when all are closed."""
        kinds = product(CODINGS, ("text/plain", "text/event-stream"), range(25))
        names = []
        for coding, media_type, number in kinds:
            names.append(f"{turn}-{coding}-{media_type.replace('/', '-')}-{number}")
            path = f"/endless/{names[-1]}?type={media_type}"
            with opened(gunicorn_port, path, fields={"Accept-Encoding": coding}) as response:
                assert response.getheader("Content-Encoding") == coding
                assert response.read1()
        for name in names:
            assert json.loads(fetch(gunicorn_port, f"/closed/{name}").body) == {"closed": 1}
        return measure(gunicorn_port)["resident_nbytes"]

    # Each thread of the server has memory of its own, which grows with its first requests.
    first, second, third = map(leave, ("first", "second", "third"))
    print(first, second, third)
    # The smallest of 200 encoders takes 54 KB.
    assert third < second + 8 * MB


# ---- A file of 256 MB ----


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a file that has a page of text in each megabyte, and gaps."""
    folder = tmp_path_factory.mktemp("files")
    text = Writer("big file").paragraph(400).encode()
    with (folder / "big.txt").open("wb") as file:
        for number, at in enumerate(range(0, FILE_NBYTES, MB)):
            file.seek(at)
            file.write(text[number:])
        file.truncate(FILE_NBYTES)
    return folder


@pytest.fixture(scope="module", name="server")
def serve(folder: Path) -> Iterator[int]:
    """Yield the port of a server of that file."""
    application = f"tests.e2e.big_file_application:create_app({str(folder)!r})"
    with serving(gunicorn_command(application)) as port:
        fetch(port, PATH, fields={"Range": "bytes=0-99"})
        yield port


@pytest.fixture(scope="module")
def checksum(folder: Path) -> int:
    checksum = 0
    with (folder / "big.txt").open("rb") as file:
        while piece := file.read(MB):
            checksum = zlib.crc32(piece, checksum)
    return checksum


def test_big_file(server: int, coding: str, checksum: int) -> None:
    before = measure(server)
    nbytes = decoded_checksum = 0
    with opened(server, PATH, fields={"Accept-Encoding": coding}) as response:
        assert response.getheader("Content-Encoding") == coding
        tag = response.getheader("ETag") or ""
        decoder = make_decoder(coding)
        while coded := response.read1():
            decoded = decoder.feed(coded)
            nbytes += len(decoded)
            decoded_checksum = zlib.crc32(decoded, decoded_checksum)
    assert decoder.at_end()
    assert (nbytes, decoded_checksum) == (FILE_NBYTES, checksum)
    after = measure(server)
    print(before, after)
    assert after["most_resident_nbytes"] < before["resident_nbytes"] + 32 * MB
    assert after["read_nbytes"] > before["read_nbytes"] + FILE_NBYTES

    # What needs no content does not read it.
    fields = {"Accept-Encoding": coding, "If-None-Match": tag}
    assert fetch(server, PATH, fields=fields).status == 304
    head = fetch(server, PATH, method="HEAD", fields={"Accept-Encoding": coding})
    assert (head.status, head.field("Content-Encoding")) == (200, coding)
    assert (head.field("ETag"), head.field("Content-Length")) == (tag, None)
    assert measure(server)["read_nbytes"] < after["read_nbytes"] + MB
