"""Build, check and test the wheels, and show them in a table."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from tools.kit.tables import Table

from .build import WHEELS
from .build import build_sdist
from .build import build_wheel
from .check import WheelError
from .check import audit_abi
from .check import check_wheel
from .install import test_emulated
from .install import test_wheel
from .interpreters import Interpreter
from .interpreters import find_interpreters
from .steps import ROOT
from .steps import WORK
from .steps import announce
from .steps import run
from .targets import AARCH64
from .targets import TARGETS
from .targets import X86_64_MUSL
from .targets import Target


@dataclass
class Made:
    """A file that was made, and what was done with it."""

    path: Path
    tested_on: list[str] = field(default_factory=list)


def make_wheel(sdist: Path, target: Target, python: Path = Path(sys.executable)) -> Made:
    """Build a wheel and check what can be seen of it."""
    announce(f"wheel for {target.tag}: build")
    wheel = build_wheel(sdist, target, python)
    check_wheel(wheel, target)
    if "-abi3-" in wheel.name:
        audit_abi(wheel)
    announce(f"{wheel.name}: metadata, licences, symbols, hardening and ABI are right")
    return Made(wheel)


def test_everywhere(made: Made, interpreters: Sequence[Interpreter]) -> None:
    """Test a wheel with each interpreter."""
    for interpreter in interpreters:
        if not interpreter.can_make_environments:
            package = f"python3.{interpreter.version[1]}-venv"
            made.tested_on.append(f"{interpreter}: skipped, needs the Debian package {package}")
            continue
        announce(f"{made.path.name}: tests with CPython {interpreter}")
        made.tested_on.append(test_wheel(made.path, interpreter))


def make_free_threaded(
    sdist: Path, target: Target, interpreters: Sequence[Interpreter]
) -> list[Made]:
    """Build and test a wheel for each free-threaded interpreter that has its headers."""
    wheels = []
    for interpreter in interpreters:
        if not (interpreter.has_headers and interpreter.can_make_environments):
            announce(f"no wheel for CPython {interpreter}: it has no headers or no venv")
            continue
        made = make_wheel(sdist, target, interpreter.path)
        test_everywhere(made, [interpreter])
        wheels.append(made)
    return wheels


class Unavailable(Exception):
    """Something that cannot be fetched here."""


def fetch(tool: str, *arguments: str) -> Path:
    """Return the path that one of the tools that fetch prints."""
    command = [sys.executable, f"tools/{tool}", *arguments]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise Unavailable(answer.stderr.splitlines()[-1])
    return Path(answer.stdout.strip())


def test_foreign(made: Made, target: Target) -> None:
    """Run the core's C tests, and then the wheel, under emulation as far as it is to be had."""
    try:
        emulator = fetch("fetch_qemu.py", target.machine)
        announce(f"C tests on {target.machine}, emulated")
        run(["make", f"test-foreign-{target.machine}"], cwd=ROOT)
        made.tested_on.append("the core's C tests under QEMU")

        python = fetch("fetch_foreign_python.py", target.machine)
        announce(f"{made.path.name}: tests with CPython for {target.machine}, emulated")
        made.tested_on.append(test_emulated(made.path, target, emulator, python))
    except Unavailable as reason:
        made.tested_on.append(f"skipped: {reason}")


def main() -> None:
    """Do all of it."""
    if not sys.platform.startswith("linux"):
        sys.exit("make wheels needs Linux: elsewhere cibuildwheel builds the wheel")
    if shutil.which("readelf") is None:
        sys.exit("make wheels needs readelf: install the Debian package binutils")
    shutil.rmtree(WORK, ignore_errors=True)
    WHEELS.mkdir(parents=True)
    interpreters = find_interpreters()
    announce(f"CPython on this machine: {', '.join(map(str, interpreters))}")
    with_gil = [one for one in interpreters if not one.is_free_threaded]
    free_threaded = [one for one in interpreters if one.is_free_threaded]

    announce("source distribution")
    sdist = build_sdist()
    table = [Made(sdist, ["every wheel below is built from it"])]
    try:
        for target in TARGETS:
            made = make_wheel(sdist, target)
            table.append(made)
            if target.is_native:
                test_everywhere(made, with_gil)
                table += make_free_threaded(sdist, target, free_threaded)
            elif target is AARCH64:
                test_foreign(made, target)
            elif target is X86_64_MUSL:
                made.tested_on.append("not run: there is no CPython for musl here")
    except WheelError as error:
        sys.exit(str(error))
    if not free_threaded:
        announce("no cp314t wheel: there is no free-threaded CPython here")
    announce("the core for Windows and macOS, compiled")
    run(["make", "compile-foreign"], cwd=ROOT)
    show(table)


def show(table: Sequence[Made]) -> None:
    """Print what was made, how large it is, and what it was tested on."""
    shown = Table("Made", ["file"], ["KiB"], ["tested on"])
    for made in table:
        first, *others = made.tested_on or [""]
        shown.add(made.path.name, f"{made.path.stat().st_size / 1024:.0f}", first)
        for other in others:
            shown.add("", "", other)
    print(shown.as_text())


if __name__ == "__main__":
    main()
