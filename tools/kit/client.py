"""Requests over real sockets, one connection each."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import closing
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.client import HTTPResponse

TIMEOUT_SECONDS = 60.0
"""How long a read may take: only a server that hangs takes so long, on a busy machine, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server sent for one request."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes
    """As it was on the wire, coded, but without the chunks of the transfer."""

    def field(self, name: str) -> str | None:
        """Return the value of a field, its lines joined with commas, or None."""
        lines = [value for key, value in self.fields if key.lower() == name.lower()]
        return ", ".join(lines) if lines else None


@contextmanager
def opened(
    port: int, path: str, *, method: str = "GET", fields: Mapping[str, str] | None = None
) -> Iterator[HTTPResponse]:
    """Send a request to a port of this machine; its response is open while the block runs."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)) as connection:
        # Without this http.client sends an Accept-Encoding of its own.
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in (fields or {}).items():
            connection.putheader(name, value)
        if method == "POST":
            connection.putheader("Content-Length", "0")
        connection.endheaders()
        with closing(connection.getresponse()) as response:
            yield response


def fetch(
    port: int, path: str, *, method: str = "GET", fields: Mapping[str, str] | None = None
) -> Answer:
    """Send a request and read the whole answer.

    :raises http.client.HTTPException: the answer is not valid HTTP, or ends too early.
    """
    with opened(port, path, method=method, fields=fields) as response:
        return Answer(
            status=response.status,
            fields=tuple(response.getheaders()),
            body=response.read(),
        )
