"""HTTP/1.1 over a socket, read byte by byte, for doors that have a server behind them.

A body is checked against its framing (RFC 9112 section 6): what is missing is :exc:`Cut`, and
what follows its end is an error.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from described import Cut
from described import Lines
from described import Received
from described import Request

PATIENCE_SECONDS = 60.0
OF_THE_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding"})


def ask_over_http(
    port: int, host: str, request: Request, *, half_closes: bool = True
) -> Received:
    """Send one request over a connection of its own, and read the head of what comes.

    :param half_closes: the end of what is sent says that nothing follows. Some servers take
        that for the client's leaving: they are told in a field.
    """
    lines = [("Host", host), *request.lines]
    if not half_closes:
        lines.append(("Connection", "close"))
    if isinstance(request.body, list):
        lines.append(("Transfer-Encoding", "chunked"))
    elif request.body or request.method in {"POST", "PUT", "PATCH"}:
        lines.append(("Content-Length", str(len(request.body))))
    head = [f"{request.method} {request.target} HTTP/1.1", *map(": ".join, lines), "", ""]
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
    try:
        file = connection.makefile("rb")
    except BaseException:
        connection.close()
        raise

    def close() -> None:
        file.close()
        connection.close()

    try:
        connection.sendall("\r\n".join(head).encode("latin-1") + framed(request.body))
        if half_closes:
            # Nothing follows, so the server need not wait for more when it is done: it may be.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
        version, status, _ = file.readline().decode("latin-1").split(" ", 2)
        assert version == "HTTP/1.1"
        received = list(read_lines(file))
    except BaseException:
        close()
        raise
    chunks = read_body(file, request.method, int(status), received)
    kept = [line for line in received if line[0].lower() not in OF_THE_CONNECTION]
    return Received(int(status), kept, chunks, close)


def framed(body: bytes | list[bytes]) -> bytes:
    """Return a body as it is sent."""
    if isinstance(body, bytes):
        return body
    chunks = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in body if chunk]
    return b"".join([*chunks, b"0\r\n\r\n"])


def read_lines(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """Read the lines of the fields, up to the empty one."""
    while line := file.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(":")
        yield name, value.strip(" \t")


def read_body(file: BinaryIO, method: str, status: int, lines: Lines) -> Iterator[bytes]:
    """Read a body, piece by piece as it comes, and then the end of the connection."""
    fields = {name.lower(): value for name, value in lines}
    if method == "HEAD" or status < 200 or status in {204, 304}:
        pass
    elif fields.get("transfer-encoding") == "chunked":
        assert "content-length" not in fields
        while nbytes := int(file.readline() or b"-1", 16):
            yield read_exactly(file, nbytes)
            read_exactly(file, 2)
        read_exactly(file, 2)
    elif (length := fields.get("content-length")) is not None:
        left = int(length)
        while left:
            piece = file.read1(left) if hasattr(file, "read1") else file.read(left)
            if not piece:
                raise Cut
            left -= len(piece)
            yield piece
    assert file.read() == b"", "something follows the end of the body"


def read_exactly(file: BinaryIO, nbytes: int) -> bytes:
    """Read so many bytes.

    :raises Cut: there are fewer.
    """
    data = file.read(nbytes) if nbytes >= 0 else b""
    if len(data) != nbytes:
        raise Cut
    return data
