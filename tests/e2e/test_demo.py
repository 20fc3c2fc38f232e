"""The demo itself: that it passes, and that it fails when something is wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tools.kit.decoders import CODINGS
from tools.kit.server import ROOT
from tools.kit.shop.resources import RESOURCES


def test_demo_passes() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tools.demo"],
        cwd=ROOT,
        # Some CI systems ask for colours that their logs cannot show.
        env={**os.environ, "FORCE_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    *printed, last = result.stdout.splitlines()
    table = printed[next(at for at, line in enumerate(printed) if line.startswith("---")) :]
    assert len({len(line) for line in table}) == 1
    found = re.match(r"(\d+) responses were checked", last)
    assert found
    assert int(found[1]) >= len(RESOURCES) * (1 + len(CODINGS))
    for resource in RESOURCES:
        assert any(resource.path in line for line in table)


def test_demo_fails() -> None:
    application = "tests.e2e.served_application:create_damaging_app()"
    result = subprocess.run(
        [sys.executable, "-m", "tools.demo", application],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    wanted = r"FAILED: /login as gzip: \d+ bytes follow the end of the coded body\n"
    assert re.fullmatch(wanted, result.stderr)
