"""The pinned libzstd: which files it has, and whether a folder has these and no others.

``tools/zstd.txt`` has the SHA-256 of each. Whoever fetches, compiles or packs libzstd asks here
each time. So a file that somebody changed meanwhile gets no further, and neither does one too
many, such as a header that the compiler would find before the system's.
``python -m tools.zstd_pin`` asks for ``build/zstd``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PIN = ROOT / "tools" / "zstd.txt"
FETCHED = ROOT / "build" / "zstd"


class Pin(NamedTuple):
    """What ``tools/zstd.txt`` says."""

    archive: str
    """The name of the archive that has the files."""

    archive_sha256: str
    """In hexadecimal digits."""

    files: dict[str, str]
    """SHA-256 by name; the names have no folder."""


def read_pin() -> Pin:
    """Read ``tools/zstd.txt``: the archive in the first line, then the files."""
    lines = PIN.read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    (archive_sha256, archive), *files = rows
    return Pin(archive, archive_sha256, {Path(name).name: sha256 for sha256, name in files})


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def differences(folder: Path) -> Iterator[str]:
    """Yield what sets a folder apart from the pinned libzstd, in words."""
    expected = read_pin().files
    found = {path.name for path in folder.glob("*")}
    for name in sorted(expected.keys() | found):
        if name not in found:
            yield f"{name} is missing"
        elif name not in expected:
            yield f"{name} is not a part of it"
        elif sha256_of((folder / name).read_bytes()) != expected[name]:
            yield f"{name} was changed"


def check(folder: Path) -> None:
    """End the program unless the folder has the pinned libzstd and nothing else."""
    found = ", ".join(differences(folder))
    if found:
        raise SystemExit(
            f"{folder} is not the libzstd that tools/zstd.txt pins: {found}."
            " `python tools/fetch_zstd.py` fetches it."
        )


if __name__ == "__main__":
    check(FETCHED)
