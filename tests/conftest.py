"""What tests in several folders share."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import patience  # noqa: F401
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", name="build_folder")
def build() -> Path:
    # Whatever make this runs under has options that are not for the one started here.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    subprocess.run(["make", "--silent", "c-programs"], cwd=ROOT, env=environment, check=True)
    return ROOT / "build" / "ctest"
