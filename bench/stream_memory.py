"""Measures the memory that open streams take, in a process that does nothing else.

``python -m bench.stream_memory CODER STREAMS`` opens streams of one coder of
:mod:`bench.stream_coders`, lets each flush an event of 100 bytes and then nine more, and prints
what the process has grown by, as JSON.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path

from .stream_coders import coders
from .stream_events import make_events

EVENT_NBYTES = 100
"""The length of an event in bytes."""

_STATM = Path("/proc/self/statm")
_MEMINFO = Path("/proc/meminfo")
_PILOTS = 100
# How much of the available memory streams may take; other processes need some too.
_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Memory:
    """What open streams of one coder take."""

    name: str
    """The coder's."""
    streams: int
    """How many were open at the same time."""
    one_event_nbytes: float
    """Resident memory a stream, after it flushed one event."""
    ten_events_nbytes: float
    """The same after ten."""


def measure_memory(name: str, streams: int) -> Memory:
    """Measure a coder in a process of its own, with at most so many streams.

    There are fewer if the memory that is available does not suffice.
    """
    command = [sys.executable, "-m", "bench.stream_memory", name, str(streams)]
    root = Path(__file__).resolve().parents[1]
    result = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, check=True)
    return Memory(**json.loads(result.stdout))


def _measure_here(name: str, wanted: int) -> Memory:
    coder = coders()[name]
    events = make_events(10, EVENT_NBYTES)
    # What the first stream of all makes for those after it is not a stream's.
    coder.open().flush(events[0])
    before = _resident_nbytes()

    streams = []
    for _ in range(min(_PILOTS, wanted)):
        streams.append(coder.open())
        streams[-1].flush(events[0])
    per_pilot = max(1.0, (_resident_nbytes() - before) / len(streams))
    # Ten events may take more than one.
    room = _SHARE * _available_nbytes() / (2 * per_pilot)
    while len(streams) < min(wanted, max(_PILOTS, room)):
        streams.append(coder.open())
        streams[-1].flush(events[0])
    after_one = _resident_nbytes()

    for event in events[1:]:
        for stream in streams:
            stream.flush(event)
    after_ten = _resident_nbytes()
    return Memory(
        name=name,
        streams=len(streams),
        one_event_nbytes=(after_one - before) / len(streams),
        ten_events_nbytes=(after_ten - before) / len(streams),
    )


def _resident_nbytes() -> int:
    """Return the resident size of this process; where that is unknown, its maximum so far."""
    if _STATM.exists():
        return int(_STATM.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    # In bytes on macOS, in kilobytes elsewhere.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _available_nbytes() -> float:
    if _MEMINFO.exists():
        for line in _MEMINFO.read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2


if __name__ == "__main__":
    print(json.dumps(asdict(_measure_here(sys.argv[1], int(sys.argv[2])))))
