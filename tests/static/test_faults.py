"""What cannot be read or written is named; the rest goes on, and nothing is half-written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from trees import check_folder
from trees import names_below
from trees import options
from trees import run
from trees import state_of
from trees import text
from trees import write

from pyfastgz.disk import UnusableFileError
from pyfastgz.disk import read_regular
from pyfastgz.errors import ManifestError
from pyfastgz.static.make import check
from pyfastgz.static.make import make
from pyfastgz.static.manifest import NAME
from pyfastgz.static.manifest import read_manifest
from pyfastgz.static.remove import clean
from pyfastgz.static.report import Progress

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "app.js", text(1))
    write(tmp_path / "site.css", text(2))
    return tmp_path


@pytest.fixture
def as_user(folder: Path) -> Iterator[Path]:
    """A folder of somebody who may not do everything, as whom the test is run."""
    if not hasattr(os, "geteuid"):
        pytest.skip("permissions are something else here")
    if os.geteuid() != 0:
        yield folder
        return
    # Whatever is imported late must be there already.
    run(folder, "gzip")
    place = Path(tempfile.mkdtemp())
    try:
        place.chmod(0o755)
        for name in ("app.js", "site.css"):
            write(place / name, (folder / name).read_bytes())
            os.chown(place / name, NOBODY, NOBODY)
        os.chown(place, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        yield place
    finally:
        os.seteuid(0)
        shutil.rmtree(place)


@needs_pipes
def test_pipes_and_links_to_nowhere_are_named(folder: Path) -> None:
    os.mkfifo(folder / "pipe.js")
    (folder / "link.js").symlink_to("missing.js")
    (folder / "loop.js").symlink_to("loop.js")
    (folder / "icon.png").symlink_to("missing.png")  # Nobody would code it.
    report = run(folder, "gzip")
    assert report.faults[0] == "link.js: No such file or directory"
    assert report.faults[1].startswith("loop.js: Too many levels of symbolic links")
    assert report.faults[2] == "pipe.js: it is not a regular file"
    assert report.totals["gzip"].count == 2
    assert check(str(folder), options("gzip"), Progress()).faults == report.faults


@needs_pipes
def test_a_file_that_becomes_a_pipe_keeps_its_siblings(folder: Path) -> None:
    """What cannot be looked at may be there again in a moment."""
    run(folder, "gzip")
    (folder / "app.js").unlink()
    os.mkfifo(folder / "app.js")
    before = state_of(folder)
    report = make(str(folder), options("gzip"), Progress())
    assert report.faults == ["app.js: it is not a regular file"]
    assert state_of(folder) == before


def test_files_and_folders_that_may_not_be_read(as_user: Path) -> None:
    folder = as_user
    write(folder / "sub" / "a.js", text(3))
    run(folder, "gzip")
    before = names_below(folder)
    (folder / "app.js").chmod(0)
    (folder / "sub").chmod(0)
    report = make(str(folder), options("gzip"), Progress())
    (folder / "app.js").chmod(0o644)
    (folder / "sub").chmod(0o755)
    assert report.faults == ["sub: Permission denied", "app.js: Permission denied"]
    assert names_below(folder) == before


def test_a_sibling_that_cannot_be_put_in_its_place(folder: Path) -> None:
    """A folder is there: that stops root as well."""
    run(folder, "gzip", "zstd")
    (folder / "app.js.gz").unlink()
    (folder / "app.js.gz").mkdir()
    report = make(str(folder), options("gzip", "zstd"), Progress())
    assert [fault.partition(":")[0] for fault in report.faults] == ["app.js.gz"]
    # It is known as one that was made here, so that nobody has to adopt it.
    (folder / "app.js.gz").rmdir()
    assert run(folder, "gzip", "zstd").totals["gzip"].made == 1


def test_a_source_that_changed_and_whose_sibling_cannot_be_written(folder: Path) -> None:
    run(folder, "gzip", "zstd")
    write(folder / "app.js", text(5))
    (folder / "app.js.gz").unlink()
    (folder / "app.js.gz").mkdir()
    assert make(str(folder), options("gzip", "zstd"), Progress()).faults
    (folder / "app.js.gz").rmdir()
    report = run(folder, "gzip", "zstd")
    assert report.notes == report.faults == []
    assert report.totals["zstd"].count == 2


@pytest.mark.skipif(os.name == "nt", reason="other limits there")
def test_a_name_that_leaves_no_room_for_a_suffix(folder: Path) -> None:
    name = "a" * 252 + ".js"
    write(folder / name, text(3))
    report = run(folder, "gzip")
    assert report.faults == [f"{name}.gz: File name too long"]
    assert report.totals["gzip"].count == 2


def limited(folder: Path, nbytes: int) -> subprocess.CompletedProcess[str]:
    """Run the command where no file may be longer than that, as on a disk that is full."""
    program = (
        "import resource, runpy\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({nbytes}, {nbytes}))\n"
        "runpy.run_module('pyfastgz', run_name='__main__', alter_sys=True)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program, "static", str(folder), "--codings", "gzip"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
def test_a_disk_that_is_full(folder: Path) -> None:
    write(folder / "big.txt", text(3, 200_000))
    result = limited(folder, 4000)
    assert result.returncode == 1
    assert result.stderr == f"{folder}: failed: big.txt.gz: File too large\n"
    check_folder(folder)
    assert names_below(folder) - {"app.js", "site.css", "big.txt"} == {
        "app.js.gz",
        "site.css.gz",
        ".pyfastgz.json",
    }
    assert run(folder, "gzip").totals["gzip"].made == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
def test_a_manifest_that_cannot_be_written(folder: Path) -> None:
    """What was made is found again by the next run, which need not adopt it."""
    for number in range(20):
        write(folder / f"{number}.txt", text(number, 600))
    run(folder, "gzip")
    write(folder / "new.js", text(7))
    before = (folder / NAME).read_bytes()
    result = limited(folder, 3000)
    assert result.returncode == 1
    assert result.stderr == f"{folder}: failed: .pyfastgz.json: File too large\n"
    assert (folder / NAME).read_bytes() == before
    assert (folder / "new.js.gz").exists()
    report = run(folder, "gzip")
    assert report.notes == report.faults == []
    assert report.totals["gzip"].count == 23


def test_a_folder_that_may_not_be_written(as_user: Path) -> None:
    folder = as_user
    folder.chmod(0o555)
    report = make(str(folder), options("gzip"), Progress())
    folder.chmod(0o755)
    assert set(report.faults) == {
        f"{name}: Permission denied" for name in ("app.js.gz", "site.css.gz", NAME)
    }
    assert names_below(folder) == {"app.js", "site.css"}


def test_a_folder_that_is_up_to_date_need_not_be_writable(as_user: Path) -> None:
    folder = as_user
    run(folder, "gzip")
    folder.chmod(0o555)
    assert make(str(folder), options("gzip"), Progress()).faults == []
    folder.chmod(0o755)


def test_nothing_is_done_with_a_damaged_manifest(folder: Path) -> None:
    run(folder, "gzip")
    write(folder / NAME, b"{")
    write(folder / "app.js", text(7))
    before = state_of(folder)
    for work in (
        partial(make, options=options("gzip")),
        partial(check, options=options("gzip")),
        partial(clean, choice=options().choice),
    ):
        with pytest.raises(ManifestError, match=r"\.pyfastgz\.json is damaged"):
            work(str(folder), progress=Progress())
    assert state_of(folder) == before


def test_without_its_manifest_siblings_are_adopted_again(folder: Path) -> None:
    run(folder, "gzip")
    write(folder / NAME, b"{")
    (folder / NAME).unlink()
    os.utime(folder / "app.js.gz", (5, 5))
    report = run(folder, "gzip", adopt=True)
    assert report.totals["gzip"].count == 2
    assert report.totals["gzip"].made == 0
    assert report.faults == []


def test_a_file_that_changes_while_it_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is read again; all the time it is named, and another run may have more luck."""
    path = str(folder / "app.js")
    changes = [True, False]
    real_fstat = os.fstat

    def fstat(descriptor: int) -> os.stat_result:
        status = real_fstat(descriptor)
        if status.st_ino == os.stat(path).st_ino and changes and changes.pop(0):
            with open(path, "ab") as file:
                file.write(b" more")
        return status

    monkeypatch.setattr(os, "fstat", fstat)
    assert read_regular(path)[0] == text(1) + b" more"
    changes[:] = [True] * 6
    with pytest.raises(UnusableFileError, match="it changes while it is read"):
        read_regular(path)
    changes[:] = [True] * 6
    report = make(str(folder), options("gzip"), Progress())
    assert report.faults == ["app.js: it changes while it is read"]
    assert report.totals["gzip"].count == 1


def test_a_file_that_is_written_while_it_is_coded_is_not_taken_for_what_was_coded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def read(path: str) -> tuple[bytes, os.stat_result]:
        found = read_regular(path)
        if path.endswith("app.js"):
            write(Path(path), text(9))
            os.utime(path, (9, 9))
        return found

    monkeypatch.setattr("pyfastgz.static.examine.read_regular", read)
    make(str(folder), options("gzip"), Progress())
    monkeypatch.undo()
    manifest = read_manifest(folder)
    assert manifest is not None
    assert manifest.files["app.js"].mtime_ns != (folder / "app.js").stat().st_mtime_ns
    assert run(folder, "gzip").totals["gzip"].made == 1


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        make(str(tmp_path / "missing"), options(), Progress())
