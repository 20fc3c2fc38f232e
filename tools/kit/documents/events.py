"""Server-sent events of exact lengths: readings as JSON, whose numbers change."""

from __future__ import annotations

import json
import random
from typing import Any

_SENSORS = ("boiler-1", "boiler-2", "intake", "outlet", "roof", "hall", "cellar", "pump-7")
_REMARKS = (
    "stable",
    "rising",
    "falling",
    "calibrated",
    "checked by the night shift",
    "valve open",
    "valve closed",
    "battery low",
)


def make_events(count: int, nbytes: int) -> list[bytes]:
    """Return events of nbytes each, the same every time.

    Each has as many readings as fit, and remarks that fill it.

    :param nbytes: 100 or more.
    """
    numbers = random.Random(nbytes)
    return [_make_event(numbers, number, nbytes) for number in range(count)]


def _make_event(numbers: random.Random, number: int, nbytes: int) -> bytes:
    readings = [_reading(numbers, number)]
    while len(_serialise([*readings, more := _reading(numbers, number)], "")) <= nbytes:
        readings.append(more)
    room = nbytes - len(_serialise(readings, ""))
    remarks = ", ".join(numbers.choices(_REMARKS, k=room // 6 + 1))
    return _serialise(readings, remarks[:room])


def _reading(numbers: random.Random, number: int) -> dict[str, Any]:
    return {
        "sensor": numbers.choice(_SENSORS),
        "value": f"{numbers.gauss(60.0, 8.0):05.2f}",
        "at": 1_700_000_000 + 3 * number,
    }


def _serialise(readings: list[dict[str, Any]], remarks: str) -> bytes:
    data = json.dumps({"data": readings, "remarks": remarks}, separators=(",", ":"))
    return f"data: {data}\n\n".encode()
