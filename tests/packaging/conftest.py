"""A copy of the checkout, for tests that build in it, and the wheels that they build."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
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


@pytest.fixture(scope="module", name="fast_compiler")
def make_fast_compiler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that does not optimise: nobody waits for what is built here."""
    compiler = tmp_path_factory.mktemp("compiler") / "cc"
    compiler.write_text('#!/bin/sh\nexec cc "$@" -O0 -w\n')
    compiler.chmod(0o755)
    return compiler


@pytest.fixture(scope="module", name="build_wheel")
def make_builder(
    checkout: Path, fast_compiler: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """A function that builds as `pip install .` does, with the libzstd that it is told."""

    def build(zstd: str) -> Path:
        folder = tmp_path_factory.mktemp("wheel")
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
        subprocess.run(
            [*command, "--wheel-dir", folder, "."],
            cwd=checkout,
            env=os.environ | {"CC": str(fast_compiler), "PYFASTGZ_ZSTD": zstd},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (wheel,) = folder.glob("*.whl")
        return wheel

    return build
