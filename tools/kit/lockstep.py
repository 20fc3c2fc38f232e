"""The client's side of an event stream in lock-step: decode an event, acknowledge, go on."""

from __future__ import annotations

from .checks import Mismatch
from .checks import expect
from .client import Answer
from .client import fetch
from .client import opened
from .decoders import DecodingError
from .decoders import make_decoder
from .documents.content import make_events
from .events import COUNT


def follow_events(port: int, coding: str, *, channel: str = "") -> Answer:
    """Read an event stream to its end, and acknowledge each event when it is decoded.

    :param port: the server's.
    :param coding: to ask for.
    :param channel: one that nobody has used; the coding's name unless given.
    :return: the answer, for further checks.
    :raises Mismatch: an event is not what it should be, or was held back.
    """
    path = f"/events/{channel or coding}"
    received: list[bytes] = []
    decoded = b""
    with opened(port, path, fields={"Accept-Encoding": coding}) as response:
        decoder = make_decoder(response.getheader("Content-Encoding"))
        try:
            for number, event in enumerate(make_events(COUNT)):
                while len(decoded) < len(event):
                    coded = response.read1()
                    if not coded:
                        raise Mismatch(
                            f"{path} as {coding}: the stream ended before event {number}, as it"
                            " does when an event is held back"
                        )
                    received.append(coded)
                    decoded += decoder.feed(coded)
                # Byte for byte, and nothing more: the next event does not exist yet.
                expect(path, coding, f"event {number}", decoded, event)
                decoded = b""
                fetch(port, path, method="POST")
            received.append(response.read())
            decoded = decoder.feed(received[-1])
        except DecodingError as error:
            raise Mismatch(f"{path} as {coding}: {error}") from error
        expect(path, coding, "what follows the last event", decoded, b"")
        return Answer(
            status=response.status,
            fields=tuple(response.getheaders()),
            body=b"".join(received),
        )
