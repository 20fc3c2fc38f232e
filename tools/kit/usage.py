"""What the process that asks has used so far, as Linux counts it."""

from __future__ import annotations

import os
from pathlib import Path

_FOLDER = Path("/proc/self")

IS_KNOWN = (_FOLDER / "io").exists()
"""Whether this system tells."""


def measure() -> dict[str, int]:
    """Return all that there is here, by name."""
    return {
        "resident_nbytes": resident_nbytes(),
        "most_resident_nbytes": 1024 * _number("status", "VmHWM:"),
        # From files, sockets and all else.
        "read_nbytes": _number("io", "rchar:"),
    }


def resident_nbytes() -> int:
    """Return how much memory the process has now."""
    pages = int((_FOLDER / "statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _number(file: str, name: str) -> int:
    words = (_FOLDER / file).read_text("ascii").split()
    return int(words[words.index(name) + 1])
