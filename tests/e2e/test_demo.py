"""The demo itself: that it passes, and that it fails when something is wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

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
    responses, visits, last = result.stdout.split("\n\n")
    for text in (responses, visits):
        lines = text.splitlines()
        start = next(at for at, line in enumerate(lines) if line.startswith("---"))
        assert len({len(line) for line in lines[start:]}) == 1
    found = re.match(r"(\d+) responses were checked", last)
    assert found
    assert int(found[1]) >= len(RESOURCES) * (1 + len(CODINGS))
    for resource in RESOURCES:
        assert resource.path in responses
    check_visits(visits)


def check_visits(text: str) -> None:
    """Check that whoever comes again gets less, and what is told of the dictionaries."""
    rows = [line.replace(",", "").split() for line in text.splitlines()[5:-1]]
    kinds = [row[0] for row in rows]
    assert kinds == ["dictionary", "dictionary", "JS", "CSS", "page", "page", "JSON"]
    for kind, _, nbytes, zstd, *rest in rows:
        assert int(zstd) < int(nbytes)
        if kind == "dictionary":
            assert rest == []
            continue
        dcz, less = rest
        assert 40 < int(dcz) < int(zstd) * (0.5 if kind in {"JS", "CSS", "page"} else 1)
        assert less == f"{1 - int(dcz) / int(zstd):.1%}"


@pytest.mark.parametrize(
    ("arguments", "where"),
    [("", "/login as gzip"), ("'dcz'", r"/static/debugger\.[0-9a-f]{8}\.js as dcz")],
)
def test_demo_fails(arguments: str, where: str) -> None:
    application = f"tests.e2e.served_application:create_damaging_app({arguments})"
    result = subprocess.run(
        [sys.executable, "-m", "tools.demo", application],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    wanted = rf"FAILED: {where}: \d+ bytes follow the end of the coded body\n"
    assert re.fullmatch(wanted, result.stderr)
