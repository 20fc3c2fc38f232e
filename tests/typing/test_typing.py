"""Two type checkers see the package as its users write with it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def mypy(file: Path) -> set[int]:
    """Return the lines that mypy refuses."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return {
        int(match[1])
        for match in re.finditer(rf"{re.escape(file.name)}:(\d+): error:", done.stdout)
    }


def pyright(file: Path) -> set[int]:
    """Return the lines that pyright refuses, and those of the package that it would refuse."""
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "-p", str(ROOT), str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] > 0, done.stderr
    return {
        error["range"]["start"]["line"] + 1
        for error in report["generalDiagnostics"]
        if error["severity"] == "error"
    }


checkers = pytest.mark.parametrize("check", [mypy, pyright], ids=lambda check: check.__name__)


@checkers
def test_accepted(check: Callable[[Path], set[int]]) -> None:
    assert check(HERE / "accepted.py") == set()


@checkers
def test_refused(check: Callable[[Path], set[int]]) -> None:
    file = HERE / "refused.py"
    lines = file.read_text("utf-8").splitlines()
    marked = {number for number, line in enumerate(lines, 1) if line.endswith("# refused")}
    assert check(file) == marked


def test_the_stub_is_what_the_module_has() -> None:
    """Names and numbers of parameters in the stub are those of the compiled module."""
    from pyfastgz import _core  # noqa: PLC0415

    stub = (ROOT / "pyfastgz" / "_core.pyi").read_text("utf-8").partition("class _Lib:")[2]
    names = set(re.findall(r"^    (?:def )?(\w+)[:(]", stub, re.MULTILINE))
    assert names == {name for name in dir(_core.lib) if not name.startswith("_")}
