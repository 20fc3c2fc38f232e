"""Install a wheel into a fresh place, and test it from outside the checkout."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from .interpreters import Interpreter
from .steps import ROOT
from .steps import run
from .targets import Target

SMOKE = Path(__file__).with_name("smoke.py")
SMOKE_FLASK = Path(__file__).with_name("smoke_flask.py")
NEEDS_A_CHECKOUT = "test_c_programs.py"
GROUPS = ("coding-test", "decoders")
"""The dependency groups of pyproject.toml that the tests of the core need."""


def groups(*names: str) -> list[str]:
    """Return pip's options for dependency groups."""
    return [f"--group={ROOT / 'pyproject.toml'}:{name}" for name in names]


def test_wheel(wheel: Path, interpreter: Interpreter) -> str:
    """Test a wheel with an interpreter, and return what came out in a few words."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run([interpreter.path, "-m", "venv", folder / "environment"], cwd=folder)
        python = folder / "environment" / "bin" / "python"
        # The pip that comes with an interpreter may be too old for groups.
        install = [sys.executable, "-m", "pip", "--python", python, "install"]
        # Not every decoder has a wheel for free-threaded interpreters.
        needed = groups("coding-test") if interpreter.is_free_threaded else groups(*GROUPS)
        run([*install, "--only-binary=:all:", *needed, wheel], cwd=folder)

        run([python, "-I", SMOKE, folder / "environment"], cwd=folder)
        copy_tests(folder)
        output = run([python, "-m", "pytest", "-q", "tests"], cwd=folder)

        run([*install, "--only-binary=:all:", f"{wheel}[flask]"], cwd=folder)
        run([python, "-I", SMOKE_FLASK], cwd=folder)
    return f"CPython {interpreter}: {count_passed(output)} tests"


def test_emulated(wheel: Path, target: Target, emulator: Path, python: Path) -> str:
    """Test a wheel with a foreign interpreter that an emulator runs."""
    version = python.name.removeprefix("python")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        packages = folder / "packages"
        platforms = [
            f"--platform={libc}_{target.machine}"
            for libc in ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
        ]
        install = [sys.executable, "-m", "pip", "install", "--only-binary=:all:"]
        install += [f"--target={packages}", f"--python-version={version}", *platforms]
        run([*install, *groups(*GROUPS), wheel], cwd=folder)

        emulated = write_emulated(folder / "python", emulator, python)
        environment = {"PYTHONPATH": str(packages), "PYTHONHOME": str(python.parents[1])}
        run([emulated, SMOKE, packages], cwd=folder, environment=environment)
        copy_tests(folder)
        pytest = [emulated, "-m", "pytest", "-q", "tests"]
        output = run(pytest, cwd=folder, environment=environment)
    return f"CPython {version} under QEMU: {count_passed(output)} tests"


def write_emulated(path: Path, emulator: Path, python: Path) -> Path:
    """Write a command that is a foreign interpreter, also for what the interpreter starts.

    Tests start processes by ``sys.executable``, which is the command and not what it runs.
    """
    words = [str(emulator), "-0", str(path), "-L", str(python.parents[2]), str(python)]
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    path.chmod(0o755)
    return path


def copy_tests(folder: Path) -> None:
    """Copy the tests of the core away from the package's sources."""
    shutil.copytree(
        ROOT / "tests" / "coding",
        folder / "tests",
        ignore=shutil.ignore_patterns("__pycache__", NEEDS_A_CHECKOUT),
    )


def count_passed(output: str) -> str:
    """Return how many tests passed, as pytest says."""
    (passed,) = re.findall(r"(\d+) passed", output)
    return str(passed)
