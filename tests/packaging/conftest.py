"""A copy of the checkout, for tests that build in it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FETCHED = ROOT / "build" / "zstd"


@pytest.fixture(scope="module", name="checkout")
def copy_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git knows, and the fetched libzstd: a build would leave traces in the real one."""
    if not FETCHED.exists():
        pytest.skip("libzstd was not fetched: PYFASTGZ_ZSTD=system has no source to carry")
    folder = tmp_path_factory.mktemp("check out")  # with a space, as folders of users have
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    shutil.copytree(FETCHED, folder / "build" / "zstd")
    return folder
