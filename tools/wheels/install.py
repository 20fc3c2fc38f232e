"""Install a wheel into a fresh environment, and test it from outside the checkout."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from .interpreters import Interpreter
from .steps import ROOT
from .steps import run

SMOKE = Path(__file__).with_name("smoke.py")
NEEDS_A_CHECKOUT = "test_c_programs.py"


def test_wheel(wheel: Path, interpreter: Interpreter) -> str:
    """Test a wheel with an interpreter, and return what came out in a few words."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run([interpreter.path, "-m", "venv", folder / "environment"], cwd=folder)
        python = folder / "environment" / "bin" / "python"
        install = [python, "-m", "pip", "install", "--only-binary=:all:"]
        # Not every decoder has a wheel for free-threaded interpreters.
        extras = "core-test" if interpreter.is_free_threaded else "core-test,decoders"
        run([*install, f"pyfastgz[{extras}] @ {wheel.as_uri()}"], cwd=folder)

        run([python, "-I", SMOKE, folder / "environment"], cwd=folder)
        shutil.copytree(
            ROOT / "tests" / "core",
            folder / "tests",
            ignore=shutil.ignore_patterns("__pycache__", NEEDS_A_CHECKOUT),
        )
        output = run([python, "-m", "pytest", "-q", "tests"], cwd=folder)
    (passed,) = re.findall(r"(\d+) passed", output)
    return f"{interpreter} ({passed} tests)"
