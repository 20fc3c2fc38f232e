"""The C programs of csrc/test, built with sanitizers: each checks one property and exits 0."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = sorted(path.stem for path in (ROOT / "csrc" / "test").glob("*.c"))


@pytest.mark.parametrize("program", PROGRAMS)
def test_property(build_folder: Path, program: str) -> None:
    result = subprocess.run(
        [build_folder / program], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def libzstd_options(build_folder: Path) -> list[str]:
    """Those for the libzstd that the C programs were built with."""
    fetched = build_folder / "zstd.o"
    if not fetched.exists():
        return ["-lzstd"]
    return [f"-I{ROOT}/build/zstd", "-DFGZ_ZSTD_COMPILED_IN=1", str(fetched)]


def test_standard_c_alone_makes_the_same_bytes(build_folder: Path, tmp_path: Path) -> None:
    """What compilers without GNU C have; `make test-portable` runs every program that way."""
    core = [*ROOT.glob("csrc/*.c"), *ROOT.glob("csrc/[!t]*/*.c"), ROOT / "csrc/test/digest.c"]
    command = ["cc", "-O1", "-Wall", "-Werror", "-DFGZ_PORTABLE", "-Icsrc", *map(str, core)]
    portable = tmp_path / "digest"
    command += [*libzstd_options(build_folder), "-o", str(portable)]
    subprocess.run(command, cwd=ROOT, check=True)
    assert subprocess.check_output([portable]) == subprocess.check_output(
        [build_folder / "digest"]
    )


def test_one_compiler_line_builds_all(build_folder: Path, tmp_path: Path) -> None:
    """The line in docs/architecture.md, as it is meant: no configuration, no list of files."""
    libzstd = libzstd_options(build_folder)
    sources = [*ROOT.glob("csrc/*.c"), *ROOT.glob("csrc/*/*.c")]
    command = ["cc", "-O2", "-Wall", "-Werror", "-Icsrc", *map(str, sources), *libzstd]
    subprocess.run([*command, "-o", str(tmp_path / "all")], cwd=ROOT, check=True)


def test_every_source_of_the_core_is_listed_once() -> None:
    tests = ROOT / "csrc" / "test"
    names = [path.name for path in ROOT.glob("csrc/**/*.c") if tests not in path.parents]
    assert len(names) == len(set(names))
