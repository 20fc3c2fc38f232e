"""The source distribution: what is in it and what is not, and that it needs nothing more."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from email import message_from_string
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FETCHED = ROOT / "build" / "zstd"

BUILD_SDIST = (
    "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
)

# Prints what the compiler would be given.
ASK_FFI_BUILD = """
from csrc.ffi_build import make_ffi
module, source, extension, options = make_ffi()._assigned_source
print(*options["sources"], sep="\\n")
"""

needs_fetched = pytest.mark.skipif(
    not (FETCHED / "zstd.c").exists(),
    reason="libzstd was not fetched: PYFASTGZ_ZSTD=system has no source to carry",
)


@pytest.fixture(scope="module", name="checkout")
def copy_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git knows, and the fetched libzstd: a build would leave traces in the real one."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    shutil.copytree(FETCHED, folder / "build" / "zstd")
    return folder


@pytest.fixture(scope="module", name="unpacked")
def unpack_sdist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    # What editors and compilers leave behind.
    (checkout / "csrc" / "left.o").write_bytes(b"\x7fELF")
    (checkout / "pyfastgz" / "_core.abi3.so").write_bytes(b"\x7fELF")
    subprocess.run(
        [sys.executable, "-c", BUILD_SDIST, folder],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    (archive,) = folder.glob("pyfastgz-*.tar.gz")
    subprocess.run(["tar", "-xzf", archive, "-C", folder], check=True)
    return folder / archive.name.removesuffix(".tar.gz")


def files_in(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix() for path in folder.glob("**/*") if path.is_file()
    }


@needs_fetched
def test_it_has_what_the_build_and_the_tests_of_the_core_need(
    checkout: Path, unpacked: Path
) -> None:
    files = files_in(unpacked)
    wanted = {
        name
        for name in files_in(checkout)
        if name.startswith(("csrc/", "pyfastgz/", "tests/core/", "licenses/", "build/zstd/"))
        and not name.endswith((".so", ".o"))
    }
    wanted -= {"tests/core/test_c_programs.py"}
    wanted |= {"LICENSE", "README.md", "pyproject.toml", "setup.py", "tools/zstd.txt"}
    assert wanted <= files, sorted(wanted - files)


@needs_fetched
def test_it_has_nothing_else(unpacked: Path) -> None:
    needless = [
        name
        for name in files_in(unpacked)
        if name.startswith((".", "bench/", "tests/e2e/", "tests/flask/", "tests/http/"))
        or (name.startswith("build/") and not name.startswith("build/zstd/"))
        or name.endswith((".so", ".o", ".pyc"))
    ]
    assert needless == []


@needs_fetched
def test_it_builds_with_the_libzstd_that_it_carries(unpacked: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "PYFASTGZ_ZSTD"}
    answer = subprocess.run(
        [sys.executable, "-c", ASK_FFI_BUILD],
        cwd=unpacked,
        env=environment | {"PATH": "", "PYFASTGZ_ZSTD": "fetched"},
        capture_output=True,
        text=True,
        check=True,
    )
    sources = answer.stdout.split()
    assert "build/zstd/zstd.c" in sources
    assert all((unpacked / name).is_file() for name in sources)


@needs_fetched
def test_it_is_under_both_licences_and_has_their_texts(unpacked: Path) -> None:
    metadata = message_from_string((unpacked / "PKG-INFO").read_text(encoding="utf-8"))
    assert metadata["License-Expression"] == "MIT AND BSD-3-Clause"
    assert metadata.get_all("License-File") == [
        "LICENSE",
        "licenses/libdivsufsort-lite.txt",
        "licenses/zstd.txt",
    ]
    assert (unpacked / "LICENSE").read_text().startswith("MIT License\n")
    notice = (unpacked / "licenses" / "zstd.txt").read_bytes()
    assert notice == (unpacked / "build" / "zstd" / "LICENSE").read_bytes()


@needs_fetched
def test_none_is_made_without_the_pinned_libzstd(checkout: Path, tmp_path: Path) -> None:
    (checkout / "build" / "zstd" / "pin.txt").write_text("another\n")
    result = subprocess.run(
        [sys.executable, "-c", BUILD_SDIST, tmp_path],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.copy(FETCHED / "pin.txt", checkout / "build" / "zstd")
    assert result.returncode != 0
    assert "python tools/fetch_zstd.py" in result.stderr
    assert list(tmp_path.iterdir()) == []
