"""Measures the memory that open streams take, in a process that does nothing else.

``python -m bench.streams.memory CODER STREAMS`` opens streams of one coder, lets each flush an
event of 100 bytes and then nine more, and prints what the process has grown by, as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from dataclasses import dataclass
from typing import Any

from tools.kit import usage
from tools.kit.documents.events import make_events
from tools.kit.server import ROOT

from .coders import coders

EVENT_NBYTES = 100
"""How long an event is that streams are given, in bytes."""

_PILOTS = 100
# How much of the available memory streams may take; other processes need some too.
_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """What open streams of one coder take."""

    coder: str
    streams: int  # how many were open at the same time
    one_event_nbytes: float  # resident memory a stream, after it flushed one event
    ten_events_nbytes: float  # the same after ten


def measure_memory(name: str, streams: int) -> Row:
    """Measure a coder in a process of its own, with at most so many streams.

    There are fewer if the memory that is available does not suffice.
    """
    command = [sys.executable, "-m", "bench.streams.memory", name, str(streams)]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return Row(**json.loads(result.stdout))


def _measure_here(name: str, wanted: int) -> Row:
    coder = coders()[name]
    events = make_events(10, EVENT_NBYTES)
    # What the first stream of all makes for those after it is not a stream's.
    coder.open().flush(events[0])
    before = usage.resident_nbytes()
    streams: list[Any] = []
    room = float(_PILOTS)
    while len(streams) < min(wanted, room):
        streams.append(coder.open())
        streams[-1].flush(events[0])
        if len(streams) == _PILOTS:
            per_pilot = max(1.0, (usage.resident_nbytes() - before) / _PILOTS)
            # Ten events may take more than one.
            room = max(room, _SHARE * usage.available_nbytes() / (2 * per_pilot))
    after_one = usage.resident_nbytes()
    for event in events[1:]:
        for stream in streams:
            stream.flush(event)
    grown = (after_one - before, usage.resident_nbytes() - before)
    return Row(name, len(streams), *(round(nbytes / len(streams), 1) for nbytes in grown))


if __name__ == "__main__":
    print(json.dumps(asdict(_measure_here(sys.argv[1], int(sys.argv[2])))))
