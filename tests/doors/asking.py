"""What tests of rules ask through a door, and what they look at: answers, and their bodies."""

from __future__ import annotations

from importlib.metadata import version

from decoders import DECODERS
from decoders import INCREMENTAL
from described import Ask
from described import Lines
from described import Received
from described import Request

CODINGS = ("gzip", "deflate", "zstd", "br")

# Of brotli before 1.2 nothing is decoded, because that bounds no output.
DECODES_BR = tuple(map(int, version("brotli").split(".")[:2])) >= (1, 2)
DECODED = CODINGS if DECODES_BR else CODINGS[:-1]
"""Those in which bodies of requests are taken here."""

KNOWN = "zstd, br, gzip, deflate" if DECODES_BR else "zstd, gzip, deflate"
"""The Accept-Encoding of an answer to another."""


class Answer:
    """What a client got, and gets."""

    def __init__(self, received: Received, method: str) -> None:
        self.status, self.headers, self._chunks, self._close = received
        self._method = method

    def field(self, name: str) -> str | None:
        """Return the value of a field that is there once at most."""
        lines = self.lines(name)
        assert len(lines) <= 1, f"{name} is repeated: {lines}"
        return lines[0] if lines else None

    def lines(self, name: str) -> list[str]:
        """Return the values of all lines of a field."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def coding(self) -> str | None:
        """The Content-Encoding."""
        return self.field("Content-Encoding")

    @property
    def tag(self) -> str | None:
        """The ETag."""
        return self.field("ETag")

    def all_fields(self) -> Lines:
        """Return the sorted lines of all fields, with names in lower case, without the date."""
        lines = [(name.lower(), value) for name, value in self.headers]
        return sorted(line for line in lines if line[0] != "date")

    def more(self) -> bytes:
        """Return the next bytes of the body as they are sent, none at its end."""
        return next(self._chunks, b"")

    def read(self) -> bytes:
        """Return what is left of the body, as it is sent."""
        try:
            return b"".join(self._chunks)
        finally:
            self.close()

    def body(self) -> bytes:
        """Return the decoded body, after checking what the fields say of it."""
        raw = self.read()
        if self._method == "HEAD" or self.status == 304:
            assert raw == b""
            return raw
        length = self.field("Content-Length")
        assert length is None or int(length) == len(raw)
        return raw if self.coding is None else decoded(self.coding, raw)

    def close(self) -> None:
        """Leave."""
        self._close()


class Site:
    """An application behind a door."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._answers: list[Answer] = []

    def get(
        self,
        path: str = "/",
        accept: str | None = "gzip",
        method: str = "GET",
        **fields: str | list[str],
    ) -> Answer:
        """Ask for something.

        :param accept: the Accept-Encoding; None for none.
        :param fields: further fields; an underscore stands for a hyphen, a list for several
            lines.
        """
        sent = [
            (name.replace("_", "-"), line)
            for name, value in fields.items()
            for line in ([value] if isinstance(value, str) else value)
        ]
        if accept is not None:
            sent.append(("Accept-Encoding", accept))
        return self._answer(Request(method, path, sent))

    def post(
        self, body: bytes | list[bytes], coding: str | None = None, path: str = "/"
    ) -> Answer:
        """Send something.

        :param body: a list is sent in chunks.
        :param coding: the Content-Encoding; None for none.
        """
        lines = [] if coding is None else [("Content-Encoding", coding)]
        return self._answer(Request("POST", path, lines, body))

    def _answer(self, request: Request) -> Answer:
        answer = Answer(self._ask(request), request.method)
        self._answers.append(answer)
        return answer

    def close(self) -> None:
        """Leave whatever was asked for."""
        for answer in self._answers:
            answer.close()


def decoded(coding: str, coded: bytes) -> bytes:
    """Decode one complete body; anything missing or left over is an error."""
    first, *_ = DECODERS[coding].values()
    return first(coded)


def decoded_part(coding: str | None, coded: bytes) -> bytes:
    """Decode what can be decoded of an unfinished body."""
    return coded if coding is None or not coded else INCREMENTAL[coding][0]()(coded)
