"""Files of which something is known, and all the others."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyfastgz.store.files import SETTLED_NS
from pyfastgz.store.files import FileId
from pyfastgz.store.files import Whole
from pyfastgz.store.files import has_settled
from pyfastgz.store.files import identity
from pyfastgz.store.files import read_whole

BYTES = b"what is in the file\n" * 100


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file.txt"
    path.write_bytes(BYTES)
    return path


@pytest.fixture(params=["buffered", "raw"])
def file(request: pytest.FixtureRequest, path: Path) -> Iterator[Any]:
    with path.open("rb", buffering=-1 if request.param == "buffered" else 0) as file:
        yield file


@pytest.fixture(params=["pread", "read"])
def _how_it_is_read(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what there is, and with what there is on Windows."""
    if request.param == "read":
        monkeypatch.delattr(os, "pread", raising=False)


def known(file: Any) -> FileId:
    found = identity(file)
    assert found is not None
    return found


def read(file: Any) -> Whole:
    whole = read_whole(file, known(file))
    assert whole is not None
    return whole


def test_a_file_is_known_by_what_the_file_system_says(file: Any, path: Path) -> None:
    status = path.stat()
    assert known(file) == (
        status.st_dev,
        status.st_ino,
        len(BYTES),
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def test_another_state_of_a_file_is_another_identity(path: Path, tmp_path: Path) -> None:
    def now() -> FileId:
        with path.open("rb") as file:
            return known(file)

    seen = [now()]
    os.utime(path, ns=(1, 1))
    seen.append(now())
    # The same bytes and times, but another file.
    other = tmp_path / "other"
    other.write_bytes(BYTES)
    os.utime(other, ns=(1, 1))
    other.replace(path)
    seen.append(now())
    path.write_bytes(BYTES + b"more")
    seen.append(now())
    assert len(set(seen)) == 4
    assert now() == now()


class OfAnotherType(io.FileIO):
    """May read whatever it likes."""


@pytest.mark.parametrize(
    "make",
    [
        gzip.open,
        lambda path: path.open("r+b"),
        lambda path: path.open("r"),
        OfAnotherType,
        lambda path: io.BufferedReader(OfAnotherType(path)),
        lambda path: io.BytesIO(BYTES),
        lambda path: io.BufferedReader(io.BytesIO(BYTES)),
        lambda path: tempfile.SpooledTemporaryFile(),  # noqa: SIM115
        lambda path: tempfile.TemporaryFile(),  # noqa: SIM115
        lambda path: io.BufferedReader(gzip.open(path)),  # noqa: SIM115
    ],
)
def test_nothing_is_known_of_other_kinds_of_files(make: Any, path: Path) -> None:
    path.write_bytes(gzip.compress(BYTES))
    with make(path) as file:
        assert identity(file) is None


def test_nothing_is_known_of_a_file_that_was_read_from(file: Any) -> None:
    file.read(1)
    assert identity(file) is None
    file.seek(0)
    assert identity(file) is not None


def test_nothing_is_known_of_what_is_closed_or_no_file(file: Any) -> None:
    file.close()
    for other in (file, None, "file", [b"file"]):
        assert identity(other) is None


def test_nothing_is_known_of_a_detached_file(path: Path) -> None:
    file = path.open("rb")
    file.detach().close()
    assert identity(file) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_nothing_is_known_of_pipes(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.mkfifo(tmp_path / "pipe")
    named = os.open(tmp_path / "pipe", os.O_RDWR)
    os.close(writer)
    for descriptor in (reader, named):
        for buffering in (0, -1):
            with open(descriptor, "rb", buffering, closefd=False) as file:
                assert identity(file) is None
        os.close(descriptor)


def test_nothing_is_known_where_files_have_no_number(
    file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = list(os.fstat(file.fileno()))
    status[stat.ST_INO] = 0
    monkeypatch.setattr(os, "fstat", lambda _: os.stat_result(status))
    assert identity(file) is None


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_nothing_is_known_of_files_without_size_that_have_bytes() -> None:
    for name in ("/proc/self/status", "/dev/zero", "/proc/self/mountinfo"):
        with open(name, "rb") as file:
            assert identity(file) is None
            assert file.read(1)


@pytest.mark.usefixtures("_how_it_is_read")
def test_all_is_read_and_the_file_stays_where_it_is(file: Any) -> None:
    assert read(file).body == BYTES
    assert file.tell() == 0
    assert file.read() == BYTES


@pytest.mark.usefixtures("_how_it_is_read")
def test_a_file_that_has_become_shorter_is_not_read(file: Any, path: Path) -> None:
    before = known(file)
    os.truncate(path, 10)
    assert read_whole(file, before) is None
    assert file.tell() == 0


@pytest.mark.usefixtures("_how_it_is_read")
def test_of_a_file_that_grows_what_was_there_is_read(file: Any, path: Path) -> None:
    before = known(file)
    with path.open("ab") as writer:
        writer.write(b"more")
    assert read_whole(file, before) == (BYTES, False)


@pytest.mark.skipif(not hasattr(os, "pread"), reason="this system reads files in order only")
def test_a_file_that_is_read_in_pieces(file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, nbytes, at: pread(fd, min(nbytes, 700), at))
    assert read(file).body == BYTES


def test_a_sparse_file(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as writer:
        writer.truncate(1 << 20)
    with (tmp_path / "sparse").open("rb") as file:
        assert read(file).body == bytes(1 << 20)


def test_what_has_changed_a_moment_ago_is_not_kept(
    file: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns = path.stat().st_ctime_ns + SETTLED_NS
    monkeypatch.setattr("pyfastgz.store.files.time_ns", lambda: now_ns)
    assert not read(file).may_keep
    now_ns += 1
    assert read(file).may_keep
    # What it was when it was opened counts, not what it is when it is read.
    before = known(file)
    os.utime(path, ns=(1, 1))
    assert read_whole(file, before) == (BYTES, False)


@pytest.mark.parametrize(
    ("age_ns", "expected"),
    [(-1, False), (0, False), (SETTLED_NS, False), (SETTLED_NS + 1, True)],
)
def test_a_file_settles(age_ns: int, expected: bool) -> None:
    now_ns = 10**18
    file = FileId(1, 2, 3, now_ns - age_ns, now_ns - age_ns)
    assert has_settled(file, now_ns) is expected
