"""Requests with long fields that nobody would send, as bytes."""

from __future__ import annotations

import socket
from http.client import HTTPResponse

from tools.kit.client import TIMEOUT_SECONDS
from tools.kit.decoders import decode

FIELDS = (
    "Accept-Encoding",
    "Available-Dictionary",
    "Cache-Control",
    "Content-Encoding",
    "Content-Length",
    "Cookie",
    "Dictionary-ID",
    "Host",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Origin",
    "Range",
    "Sec-Fetch-Dest",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
    "TE",  # codespell:ignore
    "Transfer-Encoding",
    "Upgrade",
)

_FILLINGS = (b",", b'"a:gzip",', b"\xff", b"9")

_IN_PATHS = (b"a", b"%", b"%ff", b"/../", b"?", b"%00")

# Some servers take no head that is longer than 4 KB, others no field of 64 KB.
_SIZES = (3000, 60_000)


def heads(path: str) -> list[tuple[str, bytes]]:
    """Return the heads of requests for a path, each with what is long in it."""
    found = []
    for size in _SIZES:
        for filling in _FILLINGS:
            value = (filling * size)[:size]
            found += [
                (name, _head(path.encode(), name.encode() + b": " + value)) for name in FIELDS
            ]
        found += [
            ("path", _head(path.encode() + (filling * size)[:size])) for filling in _IN_PATHS
        ]
        found.append(("method", _head(path.encode(), method=b"A" * size)))
    return found


def _head(path: bytes, line: bytes = b"X: 1", method: bytes = b"GET") -> bytes:
    name = line.partition(b":")[0]
    usual = {b"Host": b"long.test", b"Accept-Encoding": b"gzip", b"Connection": b"close"}
    others = [key + b": " + value for key, value in usual.items() if key != name]
    return b"\r\n".join([method + b" " + path + b" HTTP/1.1", line, *others, b"", b""])


def check_survived(port: int, path: str, page: bytes) -> None:
    """Check that a server answers all these requests, or refuses them, and goes on.

    What it answers with a 200 and the path alone is a page, coded as the client can tell.
    """
    answered = 0
    for name, head in heads(path):
        answer = _answer(port, head)
        if answer is None:
            continue
        status, coding, body = answer
        assert status != 500, f"{name} fails: {head[:60]!r}"
        if status == 200 and name not in {"path", "method"}:
            answered += 1
            assert page == (body if coding is None else decode(coding, body)), name
    assert answered
    status, coding, body = _answer(port, _head(path.encode())) or (0, None, b"")
    assert (status, coding) == (200, "gzip")
    assert decode("gzip", body) == page


def _answer(port: int, head: bytes) -> tuple[int, str | None, bytes] | None:
    """Return status, coding and body; None if there is no answer."""
    try:
        with socket.create_connection(
            ("127.0.0.1", port), timeout=TIMEOUT_SECONDS
        ) as connection:
            connection.sendall(head)
            response = HTTPResponse(connection, method="GET")
            response.begin()
            body = response.read()
            return response.status, response.getheader("Content-Encoding"), body
    except TimeoutError:
        raise
    except OSError:
        # The server closes the connection before it has read all.
        return None
