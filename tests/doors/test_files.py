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
    assert answer.field("Accept-Ranges") == "bytes"
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
