"""pyproject.toml and the workflows: what tools that run elsewhere will make of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import decoders
import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = Path(sys.executable).parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

# A wheel for CPython >= 3.10, its tests once more on 3.14, and a wheel for free-threaded 3.14.
KINDS = ("cp310", "cp314", "cp314t")
IDENTIFIERS = {
    "linux": {
        f"{kind}-{libc}_{machine}"
        for kind in KINDS
        for libc in ("manylinux", "musllinux")
        for machine in ("x86_64", "aarch64")
    },
    "macos": {f"{kind}-macosx_{machine}" for kind in KINDS for machine in ("x86_64", "arm64")},
    "windows": {f"{kind}-win_amd64" for kind in KINDS}
    | {f"{kind}-win_arm64" for kind in ("cp311", "cp314", "cp314t")},
}
MACHINES = {"linux": "x86_64,aarch64", "macos": "x86_64,arm64", "windows": "AMD64,ARM64"}


def run(command: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CIBW_")}
    return subprocess.run(
        [COMMANDS / command, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("platform", IDENTIFIERS)
def test_cibuildwheel_builds_these_and_no_others(platform: str) -> None:
    result = run(
        "cibuildwheel",
        "--print-build-identifiers",
        f"--platform={platform}",
        f"--archs={MACHINES[platform]}",
        ".",
    )
    assert result.returncode == 0, result.stderr
    assert set(result.stdout.split()) == IDENTIFIERS[platform]


def test_pyproject_keeps_to_the_schemas() -> None:
    """Those of the standards, setuptools and cibuildwheel: an unknown option is an error."""
    result = run("validate-pyproject", "pyproject.toml")
    assert result.returncode == 0, result.stderr


def test_the_schema_of_cibuildwheel_is_among_them(tmp_path: Path) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    broken = tmp_path / "pyproject.toml"
    broken.write_text(text.replace("\ntest-command =", "\ntest-comand ="))
    result = run("validate-pyproject", broken)
    assert result.returncode != 0
    assert "test-comand" in result.stdout + result.stderr


def test_workflows_keep_to_the_schema() -> None:
    assert WORKFLOWS
    result = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(workflow: Path) -> None:
    uses = re.findall(r"^\s*(?:- )?uses:\s*(.+)$", workflow.read_text(), re.MULTILINE)
    assert uses
    for action in uses:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_tools_are_pinned_in_the_workflows() -> None:
    for workflow in WORKFLOWS:
        for packages in re.findall(r"pip install (.+)$", workflow.read_text(), re.MULTILINE):
            for package in packages.split():
                assert "==" in package, f"{workflow.name}: {package}"


def test_every_decoder_is_here() -> None:
    """A wheel may be tested with fewer; the checkout is not."""
    assert decoders.MISSING == []
