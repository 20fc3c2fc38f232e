"""Every target is listed by ``make help``, in one line that fits a terminal."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = {
        name
        for names in re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
        for name in names.split()
        if re.fullmatch(r"[a-z-]+", name)
    }
    done = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert {line.partition(":")[0] for line in lines} == phony
    assert all(re.fullmatch(r"[a-z-]+: \S.*", line) and len(line) <= 100 for line in lines)
