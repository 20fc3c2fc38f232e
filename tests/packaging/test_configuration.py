"""pyproject.toml and the workflows: what tools that run elsewhere will make of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

import decoders
import pytest
from packaging.requirements import Requirement

import pyfastgz
from pyfastgz.coding import core

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = Path(sys.executable).parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
REQUIREMENTS = sorted((ROOT / "tools" / "wheels").glob("*-requirements.txt"))

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


def test_workflows_run_what_there_is() -> None:
    """Targets of the Makefile and scripts, from no other place than the checkout."""
    makefile = (ROOT / "Makefile").read_text()
    texts = [workflow.read_text() for workflow in WORKFLOWS]
    targets = {name for text in texts for name in re.findall(r"\bmake ([a-z-]+)", text)}
    for listed in re.findall(r"^ +target: \[(.+)\]$", "\n".join(texts), re.MULTILINE):
        targets.update(listed.split(", "))
    assert {"lint", "test-asan", "test-c", "fuzz", "compile-foreign"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:.*##", makefile, re.MULTILINE), target
    scripts = {name for text in texts for name in re.findall(r"bash (\S+)", text)}
    assert scripts == {".ci/run", ".ci/python"}
    assert [text for text in texts if "://" in text] == []


def test_what_builds_is_installed_by_hash() -> None:
    """In the workflows, and by cibuildwheel, which hands nothing to another installation."""
    commands = []
    for workflow in WORKFLOWS:
        text = workflow.read_text().replace("\n          ", " ")
        commands += re.findall(r"pip install (.+)$", text, re.MULTILINE)
        for builds in re.findall(r"-m build .+$", text, re.MULTILINE):
            assert "--no-isolation" in builds
    cibuildwheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["cibuildwheel"]
    assert cibuildwheel["build-frontend"]["args"] == ["--no-isolation"]
    commands.append(cibuildwheel["before-build"].partition("pip install ")[2])
    assert len(commands) == 3
    for command in commands:
        assert command.startswith("--require-hashes --only-binary=:all: -r "), command
        for name in re.findall(r"-r (?:{package}/)?(\S+)", command):
            assert ROOT / name in REQUIREMENTS


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_has_a_version_and_hashes(path: Path) -> None:
    lines = path.read_text().replace("\\\n", " ").splitlines()
    assert lines
    for line in lines:
        requirement, *hashes = line.split(" --hash=")
        assert "==" in Requirement(requirement.strip()).specifier.__str__(), line
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64} *", one) for one in hashes), line


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_among_the_pinned(path: Path) -> None:
    """And those of the build are the ones that pyproject.toml has."""
    lines = path.with_suffix(".in").read_text().splitlines()
    asked = [line for line in lines if not line.startswith("#")]
    pinned = re.findall(r"^([\w.-]+)==(\S+)", path.read_text(), re.MULTILINE)
    for requirement in map(Requirement, asked):
        versions = [version for name, version in pinned if name == requirement.name]
        assert versions
        assert all(version in requirement.specifier for version in versions)
    if path.name == "build-requirements.txt":
        pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
        assert asked == pyproject["build-system"]["requires"]


def test_every_decoder_is_here() -> None:
    """A wheel may be tested with fewer; the checkout is not."""
    assert decoders.MISSING == []


def test_the_core_has_the_version_that_pyproject_has() -> None:
    """The one source of it: the core, which can be compiled alone, repeats it once."""
    expected = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    sources = [*ROOT.glob("csrc/**/*.[ch]"), ROOT / "csrc" / "ffi_build.py"]
    written = [found for path in sources for found in version_like(path, expected)]
    assert written == [f'#define FGZ_VERSION "{expected}"']
    assert core.versions()["core"] == expected
    assert pyfastgz.__version__ == expected


def test_pages_name_this_version_and_the_libzstd_that_is_pinned() -> None:
    expected = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    heading = re.findall(r"^## (\S+)", (ROOT / "docs/changelog.md").read_text(), re.MULTILINE)
    assert heading[0] == expected
    (pinned,) = re.findall(r"^# libzstd (\S+)", (ROOT / "tools/zstd.txt").read_text())
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    named = [
        version
        for page in [*pages, ROOT / "tools/wheels/smoke.py"]
        for version in re.findall(r"libzstd\W+(\d+\.\d+\.\d+)", page.read_text())
    ]
    assert len(named) >= 4
    assert set(named) == {pinned}


def version_like(path: Path, version: str) -> list[str]:
    """Return the lines that define the version, or that have it in quotes."""
    lines = path.read_text("utf-8").splitlines()
    return [line for line in lines if "define FGZ_VERSION" in line or f'"{version}"' in line]
