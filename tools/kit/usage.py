"""What the process that asks has used so far, what there is left, and what machine it is."""

from __future__ import annotations

import datetime
import os
import platform
import resource
import sys
from pathlib import Path

_FOLDER = Path("/proc/self")
_MEMINFO = Path("/proc/meminfo")

IS_KNOWN = (_FOLDER / "io").exists()
"""Whether the system counts what a process reads and writes: Linux does."""


def measure() -> dict[str, int]:
    """Return all that there is here, by name."""
    return {
        "resident_nbytes": resident_nbytes(),
        "most_resident_nbytes": 1024 * _number("status", "VmHWM:"),
        # From files, sockets and all else.
        "read_nbytes": _number("io", "rchar:"),
    }


def resident_nbytes() -> int:
    """Return how much memory the process has now; where that is unknown, its most so far."""
    if (_FOLDER / "statm").exists():
        pages = int((_FOLDER / "statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    # In bytes on macOS, in kilobytes elsewhere.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def available_nbytes() -> int:
    """Return how much memory the machine has left for processes."""
    if _MEMINFO.exists():
        words = _MEMINFO.read_text("ascii").split()
        return 1024 * int(words[words.index("MemAvailable:") + 1])
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def available_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _number(file: str, name: str) -> int:
    words = (_FOLDER / file).read_text("ascii").split()
    return int(words[words.index(name) + 1])


def describe_machine() -> str:
    """Return what matters of the machine: processor, cores, system, Python and the date."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    # The first processor stands for all.
    pairs = (line.partition(":") for line in reversed(lines))
    known = {key.strip(): value.strip() for key, _, value in pairs}
    processor = known.get("model name", platform.machine())
    # Virtual machines often name a make and no more; these two tell the generation.
    if "cpu family" in known and "model" in known:
        processor += f" (family {known['cpu family']}, model {known['model']})"
    system = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    date = datetime.datetime.now(datetime.timezone.utc).date()
    return f"{processor}, {system}, {python}, {date}"
