"""The Makefile: its help, and that nothing is kept that was made in another way."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_help_lists_every_target() -> None:
    """In one line each, that fits a terminal."""
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


def test_what_is_compiled_depends_on_how() -> None:
    """Another compiler, other flags or another libzstd: all of it is made anew."""
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    rules = re.findall(r"^(\S+/\S+:) (.*)\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    compiled = {
        target: needed
        for target, needed, recipe in rules
        if re.search(r"\$\((?:CC|C_COMPILE)\) .*-o \$@", recipe)
    }
    assert len(compiled) >= 6
    assert [target for target, needed in compiled.items() if "/how.txt" not in needed] == []
