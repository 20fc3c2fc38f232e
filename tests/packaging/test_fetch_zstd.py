"""The pinned libzstd is taken out of the pinned archive, and out of no other."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tools.zstd_pin import FETCHED
from tools.zstd_pin import read_pin

PINNED = read_pin()


def pack(folder: Path, archive: Path) -> None:
    """Make an archive of the pinned one's layout."""
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, f"{PINNED.archive.removesuffix('.tar.gz')}/zstd")


def run(checkout: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tools/fetch_zstd.py", *arguments]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


@pytest.fixture(name="archive")
def pin_another(checkout: Path, tmp_path: Path) -> Path:
    """The fetched files in an archive that the checkout pins, and not one of them in it."""
    archive = tmp_path / PINNED.archive
    pack(FETCHED, archive)
    pin = checkout / "tools" / "zstd.txt"
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    original = (FETCHED.parents[1] / "tools" / "zstd.txt").read_text()
    pin.write_text(original.replace(PINNED.archive_sha256, sha256))
    shutil.rmtree(checkout / "build" / "zstd", ignore_errors=True)
    return archive


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def test_the_files_are_taken_out_of_the_archive(checkout: Path, archive: Path) -> None:
    result = run(checkout, archive)
    assert result.returncode == 0, result.stderr
    assert contents(checkout / "build" / "zstd") == contents(FETCHED)


def test_what_was_changed_or_added_is_replaced(checkout: Path, archive: Path) -> None:
    folder = checkout / "build" / "zstd"
    folder.mkdir()
    (folder / "zstd.c").write_text("another")
    (folder / "more.h").write_text("")
    assert run(checkout, archive).returncode == 0
    assert contents(folder) == contents(FETCHED)


def test_nothing_is_fetched_when_it_is_there(checkout: Path, archive: Path) -> None:
    shutil.copytree(FETCHED, checkout / "build" / "zstd")
    archive.write_bytes(b"")
    assert run(checkout, archive).returncode == 0


def test_another_archive_is_not_opened(checkout: Path, archive: Path) -> None:
    with archive.open("ab") as file:
        file.write(b"\0")
    result = run(checkout, archive)
    assert result.returncode != 0
    assert "is not the archive that tools/zstd.txt pins" in result.stderr
    assert not (checkout / "build" / "zstd").exists()


def test_an_archive_from_the_index_is_checked(
    checkout: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(archive.parent))
    content = archive.read_bytes()
    archive.write_bytes(content + b"\0")
    result = run(checkout)
    assert result.returncode != 0
    assert "another SHA-256" in result.stderr
    assert not (checkout / "build" / "zstd").exists()
    archive.write_bytes(content)
    assert run(checkout).returncode == 0
    assert contents(checkout / "build" / "zstd") == contents(FETCHED)


@pytest.mark.parametrize("name", PINNED.files)
def test_a_file_that_is_not_the_pinned_one_is_not_written(
    checkout: Path, archive: Path, tmp_path: Path, name: str
) -> None:
    """Not even out of an archive with the pinned hash."""
    shutil.copytree(FETCHED, tmp_path / "changed")
    with (tmp_path / "changed" / name).open("a") as file:
        file.write(" ")
    pin = checkout / "tools" / "zstd.txt"
    before = hashlib.sha256(archive.read_bytes()).hexdigest()
    pack(tmp_path / "changed", archive)
    after = hashlib.sha256(archive.read_bytes()).hexdigest()
    pin.write_text(pin.read_text().replace(before, after))
    result = run(checkout, archive)
    assert result.returncode != 0
    assert f"another zstd/{name}" in result.stderr
    assert not (checkout / "build" / "zstd").exists()
