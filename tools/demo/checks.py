"""What is asked for, and what must be true of every answer."""

from __future__ import annotations

import http.client
import zlib
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import zstandard

from . import app

try:
    import brotli
except ImportError:
    brotli = None

CODINGS = ("gzip", "deflate", "zstd") if brotli is None else ("gzip", "deflate", "zstd", "br")


class CheckError(Exception):
    """An answer is not what it must be."""


@dataclass(frozen=True)
class Resource:
    """Something to fetch: its kind for people, its path, and whether it may be coded."""

    kind: str
    path: str
    is_coded: bool = True


RESOURCES = (
    Resource("HTML", "/small"),
    Resource("HTML", "/article"),
    Resource("HTML", "/listing"),
    Resource("HTML", "/catalogue"),
    Resource("JSON", "/api/products/2"),
    Resource("JSON", "/api/products/7"),
    Resource("JSON", "/api/products/42"),
    Resource("JSON", "/api/products/640"),
    Resource("CSS", "/static/style.css"),
    Resource("JS", "/static/debugger.js"),
    Resource("SVG", "/chart.svg"),
    Resource("HTML stream", "/stream"),
    Resource("tiny", "/tiny", is_coded=False),
    Resource("empty", "/empty", is_coded=False),
    Resource("noise", "/noise", is_coded=False),
    Resource("PNG", "/picture", is_coded=False),
)


@dataclass(frozen=True)
class Answer:
    """One response as it came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(port: int, path: str, coding: str, **headers: str) -> Answer:
    """Return the answer to a request that accepts one coding."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        lines = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers={"Accept-Encoding": coding, **lines})
        response = connection.getresponse()
        answer_headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, answer_headers, response.read())
    finally:
        connection.close()


def decoder(coding: str) -> Any:
    """Return a decoder that others wrote, with ``decompress`` and ``eof``."""
    if coding == "gzip":
        return zlib.decompressobj(31)
    if coding == "deflate":
        return zlib.decompressobj(15)
    if coding == "zstd":
        return zstandard.ZstdDecompressor(max_window_size=1 << 23).decompressobj()
    raise ValueError(f"no incremental decoder for {coding}")


def decode(coding: str, body: bytes) -> bytes:
    """Return a body without its coding; there must be one member or frame, and all of it."""
    if coding == "br":
        return bytes(brotli.decompress(body))
    decoding = decoder(coding)
    decoded: bytes = decoding.decompress(body)
    if not decoding.eof:
        raise CheckError("the coded body has no end")
    if decoding.unused_data:
        raise CheckError(f"{len(decoding.unused_data)} bytes follow the coded body")
    return decoded


def expect(condition: object, message: str) -> None:
    """Raise CheckError with the message unless the condition is true."""
    if not condition:
        raise CheckError(message)


def check_answer(resource: Resource, coding: str, answer: Answer, body: bytes) -> None:
    """Raise CheckError unless an answer is right.

    :param coding: the one that was accepted.
    :param body: what the application made.
    """
    expected = coding if resource.is_coded else None
    got = answer.headers.get("content-encoding")
    expect(answer.status == 200, f"status {answer.status}")
    expect(got == expected, f"Content-Encoding is {got}, not {expected}")
    if resource.kind != "PNG":
        vary = answer.headers.get("vary", "")
        expect("accept-encoding" in vary.lower(), f"Vary is {vary!r}")
    length = answer.headers.get("content-length")
    expect(length in {None, str(len(answer.body))}, f"Content-Length is {length}")
    decoded = answer.body if expected is None else decode(coding, answer.body)
    expect(decoded == body, f"{len(decoded)} bytes differ from the {len(body)} that were made")


def check_revalidation(port: int, resource: Resource, coding: str, answer: Answer) -> bool:
    """Check that the answer's ETag gives a 304 with the same ETag; False if it has none."""
    etag = answer.headers.get("etag")
    if etag is None:
        return False
    again = fetch(port, resource.path, coding, If_None_Match=etag)
    expect(again.status == 304, f"If-None-Match: {etag} gives {again.status}")
    expect(again.headers.get("etag") == etag, f"the 304 has ETag {again.headers.get('etag')}")
    expect(again.body == b"", "the 304 has a body")
    return True


def check_event_stream(port: int, coding: str) -> int:
    """Read events one by one, each acknowledged once decoded; return the bytes on the wire.

    The application waits for the acknowledgement before it makes the next event, so a single
    byte held back anywhere ends in an error instead of a delay.
    """
    decompress: Callable[[bytes], bytes]
    if coding == "br":
        decompress = brotli.Decompressor().process
    elif coding == "identity":
        decompress = bytes
    else:
        decompress = decoder(coding).decompress
    client = f"/events/{coding}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    nbytes = 0
    try:
        connection.request("GET", client, headers={"Accept-Encoding": coding})
        response = connection.getresponse()
        got = response.getheader("Content-Encoding")
        expect(got == (None if coding == "identity" else coding), f"Content-Encoding is {got}")
        for number in range(app.NEVENTS):
            decoded = b""
            while len(decoded) < len(app.event(number)):
                try:
                    piece = response.read1(65536)
                except TimeoutError:
                    raise CheckError(f"event {number} was held back") from None
                expect(piece, f"the stream ended in event {number}")
                nbytes += len(piece)
                decoded += decompress(piece)
            expect(decoded == app.event(number), f"event {number} differs")
            acknowledge(port, f"{client}/{number}")
        nbytes += len(response.read())
    finally:
        connection.close()
    return nbytes


def acknowledge(port: int, path: str) -> None:
    """Tell the application that an event was read."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path)
        expect(connection.getresponse().status == 204, f"{path} was refused")
    finally:
        connection.close()
