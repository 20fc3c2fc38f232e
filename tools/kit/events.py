"""Streams of events in lock-step: the next one is made when the client has read the last.

A client that acknowledges an event only when it has decoded it proves that nothing on the way
held the event back: the server had not even made the next one. No clock is involved, but for a
limit on how long to wait for a client that is gone.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator

from .documents.content import make_events

COUNT = 40
"""How many events a stream has."""

PATIENCE_SECONDS = 30.0
"""How long a stream waits for an acknowledgement before it gives up and ends."""


class Acknowledgements:
    """How many events each channel's client has decoded."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._counts: defaultdict[str, int] = defaultdict(int)

    def add(self, channel: str) -> int:
        """Note one more event, and return how many that makes."""
        with self._changed:
            self._counts[channel] += 1
            self._changed.notify_all()
            return self._counts[channel]

    def wait_for(self, channel: str, count: int) -> bool:
        """Wait until so many events were acknowledged; False if that took too long."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._counts[channel] >= count, timeout=PATIENCE_SECONDS
            )

    def stream(self, channel: str) -> Iterator[bytes]:
        """Yield the events of a channel, each when all before it were acknowledged."""
        for number, event in enumerate(make_events(COUNT)):
            if not self.wait_for(channel, number):
                return
            yield event
