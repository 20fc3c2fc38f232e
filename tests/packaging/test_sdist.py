"""The source distribution: what is in it and what is not, and that it needs nothing more."""

from __future__ import annotations

import os
import subprocess
import sys
from email import message_from_string
from pathlib import Path

import pytest

BUILD_SDIST = (
    "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
)
FILES_OF_ZSTD = ("LICENSE", "zstd.c", "zstd.h", "zstd_errors.h")

# Prints what the compiler would be given.
ASK_FFI_BUILD = """
from csrc.ffi_build import make_ffi
module, source, extension, options = make_ffi()._assigned_source
print(*options["sources"], sep="\\n")
"""


def build_sdist(checkout: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BUILD_SDIST, folder],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module", name="unpacked")
def unpack_sdist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    # What editors and compilers leave behind.
    (checkout / "csrc" / "left.o").write_bytes(b"\x7fELF")
    (checkout / "pyfastgz" / "_core.abi3.so").write_bytes(b"\x7fELF")
    result = build_sdist(checkout, folder)
    assert result.returncode == 0, result.stderr
    (archive,) = folder.glob("pyfastgz-*.tar.gz")
    subprocess.run(["tar", "-xzf", archive, "-C", folder], check=True)
    return folder / archive.name.removesuffix(".tar.gz")


def files_in(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix() for path in folder.glob("**/*") if path.is_file()
    }


def test_it_has_what_the_build_and_the_tests_of_the_core_need(
    checkout: Path, unpacked: Path
) -> None:
    files = files_in(unpacked)
    wanted = {
        name
        for name in files_in(checkout)
        if name.startswith(("csrc/", "pyfastgz/", "tests/coding/", "licenses/", "build/zstd/"))
        and not name.endswith((".so", ".o"))
    }
    wanted -= {"tests/coding/test_c_programs.py"}
    wanted |= {"LICENSE", "README.md", "pyproject.toml", "setup.py"}
    wanted |= {f"tools/{name}" for name in ("__init__.py", "zstd_pin.py", "zstd.txt")}
    # What cibuildwheel, which builds from it, is told to install.
    wanted |= {"tools/wheels/build-requirements.txt"}
    assert wanted <= files, sorted(wanted - files)


def test_it_has_nothing_else(unpacked: Path) -> None:
    needless = [
        name
        for name in files_in(unpacked)
        if name.startswith((".", "bench/", "tests/e2e/", "tests/doors/", "tests/http/"))
        or (name.startswith("build/") and not name.startswith("build/zstd/"))
        or name.endswith((".so", ".o", ".pyc"))
    ]
    assert needless == []


def ask_ffi_build(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ASK_FFI_BUILD],
        cwd=folder,
        env=os.environ | {"PATH": "", "PYFASTGZ_ZSTD": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_builds_with_the_libzstd_that_it_carries(unpacked: Path) -> None:
    answer = ask_ffi_build(unpacked)
    assert answer.returncode == 0, answer.stderr
    sources = answer.stdout.split()
    assert "build/zstd/zstd.c" in sources
    assert all((unpacked / name).is_file() for name in sources)


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


@pytest.mark.parametrize("name", FILES_OF_ZSTD)
def test_a_changed_file_of_libzstd_is_not_compiled(unpacked: Path, name: str) -> None:
    path = unpacked / "build" / "zstd" / name
    original = path.read_bytes()
    path.write_bytes(original.replace(b"a", b"b", 1))
    answer = ask_ffi_build(unpacked)
    path.write_bytes(original)
    assert answer.returncode != 0
    assert f"{name} was changed" in answer.stderr


def test_a_header_that_was_put_beside_libzstd_is_not_compiled(unpacked: Path) -> None:
    planted = unpacked / "build" / "zstd" / "stddef.h"
    planted.write_text("#define size_t short\n")
    answer = ask_ffi_build(unpacked)
    planted.unlink()
    assert answer.returncode != 0
    assert "stddef.h is not a part of it" in answer.stderr


@pytest.mark.parametrize("name", FILES_OF_ZSTD)
def test_none_is_made_without_the_pinned_libzstd(
    checkout: Path, tmp_path: Path, name: str
) -> None:
    path = checkout / "build" / "zstd" / name
    original = path.read_bytes()
    path.unlink()
    missing = build_sdist(checkout, tmp_path)
    path.write_bytes(original + b" ")
    changed = build_sdist(checkout, tmp_path)
    path.write_bytes(original)
    for result, fault in ((missing, "is missing"), (changed, "was changed")):
        assert result.returncode != 0
        assert f"{name} {fault}" in result.stderr
        assert "python tools/fetch_zstd.py" in result.stderr
    assert list(tmp_path.iterdir()) == []
