"""Builds that follow each other in one checkout: none takes over what another one made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

COMMANDS = Path(sys.executable).parent
PINNED = "1.5.7"

ASK_VERSION = "from pyfastgz.coding.core import versions; print(versions()['libzstd'])"


def system_zstd() -> str | None:
    """The version of libzstd that pkg-config knows."""
    if shutil.which("pkg-config") is None:
        return None
    command = ["pkg-config", "--modversion", "libzstd"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


needs_system_zstd = pytest.mark.skipif(
    system_zstd() is None, reason="needs pkg-config and a libzstd, from the package libzstd-dev"
)


def unpack(wheel: Path) -> Path:
    """Return a folder with what is in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(wheel.parent)
    return wheel.parent


def version_in(folder: Path) -> str:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", ASK_VERSION]
    return subprocess.check_output(command, cwd=folder, env=environment, text=True).strip()


def is_linked(folder: Path) -> bool:
    """Whether the module in the folder needs the system's libzstd when it is loaded."""
    (module,) = folder.glob("pyfastgz/_core*.so")
    return b"libzstd.so" in module.read_bytes()


@needs_system_zstd
def test_each_build_has_the_libzstd_that_was_asked_for(
    build_wheel: Callable[[str], Path],
) -> None:
    for zstd in ("fetched", "system", "fetched"):
        built = unpack(build_wheel(zstd))
        assert version_in(built) == (PINNED if zstd == "fetched" else system_zstd())
        assert is_linked(built) == (zstd == "system")


def test_a_module_that_is_no_more_is_not_built(
    checkout: Path, build_wheel: Callable[[str], Path]
) -> None:
    gone = checkout / "pyfastgz" / "gone.py"
    gone.write_text("")
    before = unpack(build_wheel("fetched"))
    gone.unlink()
    after = unpack(build_wheel("fetched"))
    assert (before / "pyfastgz" / "gone.py").exists()
    assert not (after / "pyfastgz" / "gone.py").exists()


def make(checkout: Path, *arguments: str) -> str:
    """Run make in the checkout with the programs of this environment, and pip left out."""
    (checkout / ".venv").mkdir(exist_ok=True)
    stamp = checkout / ".venv" / "tools.stamp"
    if not stamp.exists():
        stamp.touch()
    hidden = ("MAKE", "MFLAGS", "PYFASTGZ_ZSTD", "SANITIZE")
    answer = subprocess.run(
        ["make", f"BIN={COMMANDS}", "PIP=@echo pip", *arguments],
        cwd=checkout,
        env={k: v for k, v in os.environ.items() if not k.startswith(hidden)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_make_installs_anew_what_is_to_be_made_otherwise(checkout: Path) -> None:
    assert "pip install" in make(checkout, "setup")
    assert "pip install" not in make(checkout, "setup")
    for change in ("PYFASTGZ_ZSTD=system", "CFLAGS=-O0", "CC=another"):
        assert "pip install" in make(checkout, "setup", change), change
        assert "pip install" not in make(checkout, "setup", change), change
    assert "pip install" in make(checkout, "setup")


@needs_system_zstd
def test_make_links_the_c_programs_with_the_libzstd_that_was_asked_for(
    checkout: Path, fast_compiler: Path
) -> None:
    program = "build/ctest/digest"
    compiler = f"CC='{fast_compiler}'"
    for zstd in ("fetched", "system", "fetched"):
        make(checkout, "SANITIZE=", compiler, f"PYFASTGZ_ZSTD={zstd}", program)
        linked = b"libzstd.so" in (checkout / program).read_bytes()
        assert linked == (zstd == "system")


def test_make_builds_the_c_programs_anew_with_other_options(checkout: Path) -> None:
    target = "build/ctest/core/cpu.o"
    for level in ("-O1", "-O2"):
        arguments = ("SANITIZE=", f"C_OPTIMISATION={level}", target)
        assert level in make(checkout, *arguments)
        assert level not in make(checkout, *arguments)


def test_makes_at_once_agree_on_how(checkout: Path) -> None:
    """Each writes down how things are made, and none finds the other's file gone."""
    target = "build/ctest/how.txt"
    for number in range(8):
        options = ("SANITIZE=", f"C_OPTIMISATION=-O{number}", target)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: make(checkout, *options), range(8)))  # noqa: B023
        assert f"-O{number}" in (checkout / target).read_text()
    assert list(checkout.glob("build/ctest/how.txt.*")) == []


def test_make_compiles_no_changed_libzstd(checkout: Path) -> None:
    header = checkout / "build" / "zstd" / "zstd.h"
    original = header.read_bytes()
    header.write_bytes(original + b" ")
    answer = subprocess.run(
        ["make", f"BIN={COMMANDS}", "build/ctest/core/libzstd.o"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    header.write_bytes(original)
    assert answer.returncode != 0
    assert "zstd.h was changed" in answer.stderr
