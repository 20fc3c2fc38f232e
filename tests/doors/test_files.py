"""Files of every kind, as they are sent in coded form."""

from __future__ import annotations

import os
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from asking import CODINGS
from asking import Site
from asking import decoded
from described import Cut
from described import Reply

from pyfastgz import Encoder
from pyfastgz import compress
from pyfastgz.files import PIECE_NBYTES

Serve = Callable[..., Site]
SCRIPT = b"function f() { return 1; }\n" * 2000
LONG = b"".join(b"line %d of a long file\n" % number for number in range(200_000))
MEGABYTE = 1024 * 1024

pytestmark = pytest.mark.sees("files")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file.txt"
    path.write_bytes(SCRIPT)
    return path


@pytest.fixture
def site(serve: Serve, path: Path) -> Site:
    return serve(lambda asked: Reply(path, content_type="text/plain", conditional=True))


@pytest.mark.parametrize("coding", CODINGS)
def test_a_file_is_coded_as_a_whole(site: Site, coding: str) -> None:
    answer = site.get(accept=coding)
    coded = compress(SCRIPT, coding)
    assert answer.field("Content-Length") == str(len(coded))
    assert answer.read() == coded


@pytest.mark.parametrize("coding", CODINGS)
def test_a_long_file_is_not_flushed_early(site: Site, path: Path, coding: str) -> None:
    """Nobody waits for a part of it, and flushes cost. Its size is promised."""
    path.write_bytes(LONG)
    pieces = [LONG[at : at + PIECE_NBYTES] for at in range(0, len(LONG), PIECE_NBYTES)]
    encoder = Encoder(coding, size=len(LONG))
    coded = b"".join([*map(encoder.flush, pieces[:-1]), encoder.write(pieces[-1])])
    answer = site.get(accept=coding)
    assert answer.field("Content-Length") is None
    assert answer.read() == coded + encoder.finish()


def test_a_large_file_is_never_held_whole(site: Site, path: Path) -> None:
    # Servers may hold some megabytes, too.
    nbytes = 64 * MEGABYTE
    os.truncate(path, nbytes)
    tracemalloc.start()
    try:
        answer = site.get()
        while answer.more():
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.coding == "gzip"
    assert peak < nbytes // 4


def test_r26_head_of_a_file_has_the_fields_of_get(site: Site) -> None:
    got = dict(site.get().all_fields())
    del got["content-length"]
    answer = site.get(method="HEAD")
    assert dict(answer.all_fields()) == got
    assert answer.body() == b""


def test_r18_a_file_that_does_not_shrink(site: Site, path: Path) -> None:
    path.write_bytes(os.urandom(5000))
    answer = site.get()
    assert (answer.coding, answer.field("Content-Length")) == (None, "5000")
    assert answer.field("Accept-Ranges") == site.get(accept=None).field("Accept-Ranges")
    assert answer.read() == path.read_bytes()
    tag = answer.tag
    assert tag is not None
    again = site.get(If_None_Match=tag)
    assert (again.status, again.tag) == (304, tag)


def test_r28_a_file_that_is_written_anew_is_never_the_old_one(site: Site, path: Path) -> None:
    for number in range(20):
        content = b"%04d" % number + SCRIPT
        path.write_bytes(content)
        # The size and the date are the same each time.
        os.utime(path, (1_767_225_600, 1_767_225_600))
        assert site.get().body() == content


# ---- Kept ----


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test has just written counts as old."""
    monkeypatch.setattr("pyfastgz.store.files.SETTLED_NS", -(10**9))


class Reads:
    """Counts the bytes that are read of files at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.nbytes = 0
        self._pread = os.pread
        monkeypatch.setattr(os, "pread", self._count)

    def _count(self, descriptor: int, nbytes: int, at: int) -> bytes:
        data = self._pread(descriptor, nbytes, at)
        self.nbytes += len(data)
        return data


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    if not hasattr(os, "pread"):
        pytest.skip("this system reads files in order only")
    return Reads(monkeypatch)


@pytest.mark.usefixtures("old")
def test_r52_a_file_is_read_and_coded_once(site: Site, reads: Reads) -> None:
    first = {coding: site.get(accept=coding).read() for coding in CODINGS}
    assert reads.nbytes == len(CODINGS) * len(SCRIPT)
    for coding in CODINGS:
        answer = site.get(accept=coding)
        assert answer.field("Content-Length") == str(len(first[coding]))
        assert answer.read() == first[coding] == compress(SCRIPT, coding)
    assert reads.nbytes == len(CODINGS) * len(SCRIPT)


@pytest.mark.usefixtures("old")
def test_r18_a_file_that_does_not_shrink_is_read_once(
    site: Site, path: Path, reads: Reads
) -> None:
    noise = os.urandom(5000)
    path.write_bytes(noise)
    for _ in range(3):
        answer = site.get()
        assert (answer.coding, answer.read()) == (None, noise)
    assert reads.nbytes == len(noise)


@pytest.mark.usefixtures("old")
def test_r52_another_state_of_a_file_is_coded_anew(site: Site, path: Path) -> None:
    for number in range(10):
        content = b"%04d" % number + SCRIPT
        other = path.with_name("other")
        other.write_bytes(content)
        os.utime(other, (1_767_225_600, 1_767_225_600))
        other.replace(path)
        for _ in range(2):
            assert site.get().body() == content


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("kind", ["no-store", "no store"])
def test_what_must_not_be_kept_is_read_each_time(
    serve: Serve, path: Path, reads: Reads, kind: str
) -> None:
    fields = {"Cache-Control": "no-store"} if kind == "no-store" else {}
    settings = {"store_bytes": 0} if kind == "no store" else {}
    site = serve(
        lambda asked: Reply(path, fields=fields, content_type="text/plain"), **settings
    )
    for _ in range(2):
        assert site.get().body() == SCRIPT
    # Without a store every file is a stream.
    assert reads.nbytes == (2 * len(SCRIPT) if kind == "no-store" else 0)


def test_a_file_that_has_just_changed_is_not_kept(
    site: Site, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Some minutes ago, for a machine that stands still.
    monkeypatch.setattr("pyfastgz.store.files.SETTLED_NS", 10**12)
    for _ in range(2):
        assert site.get().body() == SCRIPT
    assert reads.nbytes == 2 * len(SCRIPT)


def test_the_store_decides_which_files_are_long(serve: Serve, path: Path) -> None:
    for store_bytes, is_whole in ((8 * len(SCRIPT), True), (8 * len(SCRIPT) - 8, False)):
        site = serve(
            lambda asked: Reply(path, content_type="text/plain"), store_bytes=store_bytes
        )
        answer = site.get()
        assert (answer.field("Content-Length") is not None) is is_whole
        assert answer.body() == SCRIPT


# ---- Files that change while they are sent ----


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"other bytes")


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more bytes")


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"another file")
    other.replace(path)


@pytest.fixture
def noise(path: Path) -> bytes:
    """What no buffer on the way to a client can hold."""
    noise = os.urandom(16 * MEGABYTE)
    path.write_bytes(noise)
    return noise


@pytest.mark.parametrize(
    "change",
    [
        lambda path: os.truncate(path, 9 * MEGABYTE),
        lambda path: os.truncate(path, 0),
        overwrite,
    ],
    ids=["shorter", "empty", "overwritten"],
)
@pytest.mark.parametrize("coding", CODINGS)
def test_r40_a_file_that_changes_while_it_is_sent_has_no_end(
    site: Site, path: Path, noise: bytes, coding: str, change: Callable[[Path], None]
) -> None:
    answer = site.get(accept=coding)
    assert answer.more()
    change(path)
    with pytest.raises(Cut):
        answer.read()


@pytest.mark.parametrize("change", [append, replace, Path.unlink])
@pytest.mark.parametrize("coding", CODINGS)
def test_a_file_that_grows_or_is_replaced_is_sent_as_it_was(
    site: Site, path: Path, noise: bytes, coding: str, change: Callable[[Path], None]
) -> None:
    """Logs grow all the time, and a deployment replaces files."""
    answer = site.get(accept=coding)
    first = answer.more()
    change(path)
    assert decoded(coding, first + answer.read()) == noise


# ---- What is no plain file ----


@pytest.mark.parametrize("name", ["/proc/self/status", "/proc/cpuinfo"])
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_file_without_size_is_sent_as_ever(serve: Serve, name: str) -> None:
    site = serve(lambda asked: Reply(Path(name), content_type="text/plain"))
    for accept in ("gzip", None):
        answer = site.get(accept=accept)
        assert (answer.status, answer.coding, answer.field("Content-Length")) == (
            200,
            None,
            "0",
        )


@pytest.mark.parametrize("coding", CODINGS)
def test_a_sparse_file(site: Site, path: Path, coding: str) -> None:
    os.truncate(path, 0)
    os.truncate(path, MEGABYTE)
    assert site.get(accept=coding).body() == bytes(MEGABYTE)


# ---- Asked for again in the same second ----


@pytest.mark.parametrize("coding", CODINGS)
def test_r48_each_client_gets_the_304_for_its_own_copy(site: Site, coding: str) -> None:
    tags = {accept: site.get(accept=accept).tag or "" for accept in (coding, None)}
    for _ in range(2):
        for tag in tags.values():
            answer = site.get(accept=coding, If_None_Match=tag)
            assert (answer.status, answer.tag) == (304, tag)
        answer = site.get(accept=coding, If_None_Match='"x"')
        assert (answer.status, answer.tag) == (200, tags[coding])
        assert answer.body() == SCRIPT


def test_r46_conditions_that_never_end_are_survived(site: Site) -> None:
    tag = site.get().tag
    for number in range(200):
        answer = site.get(If_None_Match=f'"{number}", {tag}')
        assert (answer.status, answer.tag) == (304, tag)
    for length in (1_000, 10_000):
        assert site.get(If_None_Match='"x", ' * (length // 5)).status == 200
