"""Files that somebody else has put beside a source: never touched, and taken if asked for."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import decoders
import pytest
from trees import check_folder
from trees import names_below
from trees import noise
from trees import options
from trees import run
from trees import state_of
from trees import text
from trees import write

import pyfastgz
from pyfastgz.coding import br
from pyfastgz.static.adopt import NotAdoptableError
from pyfastgz.static.adopt import check_sibling
from pyfastgz.static.make import check
from pyfastgz.static.manifest import read_manifest
from pyfastgz.static.remove import clean
from pyfastgz.static.report import Progress

CONTENT = text(1)
LARGE = text(2, 100_000) * 90
needs_brotli = pytest.mark.skipif(decoders.brotli is None, reason="no brotli package")


def zstd_with(window_log: int, body: bytes) -> bytes:
    module = decoders.zstd
    parameters = module.CompressionParameter
    coded: bytes = module.compress(
        body,
        options={
            parameters.window_log: window_log,
            parameters.compression_level: 1,
            parameters.content_size_flag: 0,
        },
    )
    return coded


def in_pieces_with(window_log: int, body: bytes) -> bytes:
    """A frame that says its window, because its size is not known when it begins."""
    module = decoders.zstd
    compressor = module.ZstdCompressor(
        options={module.CompressionParameter.window_log: window_log}
    )
    coded: bytes = compressor.compress(body) + compressor.flush()
    return coded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "app.js", CONTENT)
    return tmp_path


@pytest.mark.parametrize("foreign", [gzip.compress(CONTENT), b"a download of its own", b""])
def test_a_file_that_the_manifest_does_not_name_is_never_touched(
    folder: Path, foreign: bytes
) -> None:
    write(folder / "app.js.gz", foreign)
    before = state_of(folder)
    for _ in range(2):
        report = run(folder, "gzip", "zstd")
        assert report.notes == [
            "app.js.gz: left alone, it is not of this program (see --adopt)"
        ]
        assert report.totals["zstd"].count == 1
        assert report.totals["gzip"].count == 0
    assert check(str(folder), options("gzip", "zstd"), Progress()).stale == []
    write(folder / "app.js", text(8))
    run(folder, "gzip", "zstd")
    (folder / "app.js").unlink()
    run(folder, "gzip", "zstd")
    assert state_of(folder)["app.js.gz"] == before["app.js.gz"]


@pytest.mark.parametrize("name", ["APP.JS.GZ", "App.js.gz", "app.js.GZ"])
def test_nor_is_one_whose_name_differs_in_case_alone(folder: Path, name: str) -> None:
    """On some disks it is where the sibling would go, on others beside it."""
    write(folder / name, b"a download of its own")
    run(folder, "gzip")
    write(folder / "app.js", text(8))
    run(folder, "gzip")
    assert (folder / name).read_bytes() == b"a download of its own"
    assert name in os.listdir(folder)


def test_it_is_taken_if_it_is_the_coded_form(folder: Path) -> None:
    coded = gzip.compress(CONTENT)
    write(folder / "app.js.gz", coded)
    report = run(folder, "gzip", adopt=True)
    assert report.notes == []
    assert (report.totals["gzip"].adopted, report.totals["gzip"].made) == (1, 0)
    assert (folder / "app.js.gz").read_bytes() == coded
    manifest = read_manifest(folder)
    assert manifest is not None
    assert manifest.files["app.js"].siblings["gzip"].nbytes == len(coded)
    before = state_of(folder)
    for adopt in (True, False):
        assert run(folder, "gzip", adopt=adopt).totals["gzip"].adopted == 0
    assert state_of(folder) == before


def test_what_was_taken_is_renewed_like_others(folder: Path) -> None:
    write(folder / "app.js.zstd", zstd_with(20, CONTENT))
    run(folder, "zstd", adopt=True)
    assert names_below(folder) == {"app.js", "app.js.zstd", ".pyfastgz.json"}
    write(folder / "app.js", text(3))
    assert run(folder, "zstd").totals["zstd"].made == 1
    assert names_below(folder) == {"app.js", "app.js.zstd", ".pyfastgz.json"}


def test_what_a_bundler_has_made_again_is_taken_again(folder: Path) -> None:
    write(folder / "app.js.gz", gzip.compress(CONTENT))
    run(folder, "gzip", adopt=True)
    write(folder / "app.js", text(3))
    coded = gzip.compress(text(3))
    write(folder / "app.js.gz", coded)
    run(folder, "gzip", adopt=True)
    assert (folder / "app.js.gz").read_bytes() == coded


GZIP = gzip.compress(CONTENT)
ZSTD = zstd_with(20, CONTENT)


@pytest.mark.parametrize(
    ("coding", "coded", "says"),
    [
        ("gzip", gzip.compress(text(9)), "it decodes to something else"),
        ("gzip", gzip.compress(CONTENT + b"."), "it decodes to something else"),
        ("gzip", gzip.compress(CONTENT[:-1]), "it decodes to something else"),
        ("gzip", gzip.compress(bytes(10**7)), "it decodes to something else"),
        ("gzip", GZIP[:-1], "it is not one member"),
        ("gzip", GZIP + b"\0", "it is not one member"),
        ("gzip", GZIP + gzip.compress(b""), "it is not one member"),
        (
            "gzip",
            gzip.compress(CONTENT[:99]) + gzip.compress(CONTENT[99:]),
            "it is not one member",
        ),
        ("gzip", GZIP[:-8] + bytes(8), "it does not decode"),
        ("gzip", b"", "it is not one member"),
        ("gzip", ZSTD, "it does not decode"),
        ("zstd", zstd_with(20, text(9)), "it decodes to something else"),
        ("zstd", zstd_with(20, bytes(10**7)), "it decodes to something else"),
        ("zstd", ZSTD[:-1], "it is not one frame"),
        ("zstd", ZSTD + b"\0", "it is not one frame"),
        ("zstd", ZSTD + zstd_with(20, b""), "it is not one frame"),
        ("zstd", zstd_with(20, CONTENT[:99]) + zstd_with(20, CONTENT[99:]), "not one frame"),
        ("zstd", b"\x50\x2a\x4d\x18\0\0\0\0" + ZSTD, "it is not one frame"),
        ("zstd", b"", "it is not one frame"),
        ("zstd", GZIP, "it does not decode"),
        pytest.param("br", GZIP, "it does not decode", marks=needs_brotli),
        pytest.param("br", b"", "it does not decode", marks=needs_brotli),
    ],
)
def test_nothing_else_is_taken(folder: Path, coding: str, coded: bytes, says: str) -> None:
    with pytest.raises(NotAdoptableError, match=says):
        check_sibling(coding, coded, CONTENT)
    name = {"gzip": "app.js.gz", "zstd": "app.js.zst", "br": "app.js.br"}[coding]
    write(folder / name, coded)
    report = run(folder, coding, adopt=True)
    assert len(report.notes) == 1
    assert report.notes[0].startswith(f"{name}: not adopted: it ")
    assert (folder / name).read_bytes() == coded
    assert report.totals[coding].count == 0


# A block of zstd that stands for 128 KB of one byte, many times: 2 GB.
ZSTD_BOMB = b"\x28\xb5\x2f\xfd\x00\x58" + b"\x02\x00\x10\x00" * (1 << 14) + b"\x01\0\0"


def br_bomb(nbytes: int) -> bytes:
    compressor = decoders.brotli.Compressor(quality=9, lgwin=24)
    parts = [compressor.process(bytes(1 << 24)) for _ in range(nbytes >> 24)]
    return b"".join([*parts, compressor.finish()])


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
@pytest.mark.parametrize("coding", ["gzip", "zstd", pytest.param("br", marks=needs_brotli)])
def test_what_stands_for_very_much_is_not_decoded_to_the_end(coding: str) -> None:
    """In a process that may have a quarter of a gigabyte more than it has."""
    coded = {
        "gzip": lambda: gzip.compress(bytes(1 << 29), 9),
        "zstd": lambda: ZSTD_BOMB,
        "br": lambda: br_bomb(1 << 29),
    }[coding]()
    script = (
        "import resource, sys\n"
        "from pyfastgz.static.adopt import NotAdoptableError, check_sibling\n"
        "with open('/proc/self/statm') as file:\n"
        "    used = int(file.read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 28), -1))\n"
        "try:\n"
        f"    check_sibling({coding!r}, sys.stdin.buffer.read(), b'short')\n"
        "except NotAdoptableError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=coded, capture_output=True, check=False
    )
    assert done.stderr == b""
    assert done.stdout == b"it decodes to something else\n"


@needs_brotli
def test_br_is_taken_only_whole(folder: Path) -> None:
    coded = decoders.brotli.compress(CONTENT)
    check_sibling("br", coded, CONTENT)
    for other in (coded[:-1], coded + b"\0", coded + coded, decoders.brotli.compress(b"")):
        with pytest.raises(NotAdoptableError):
            check_sibling("br", other, CONTENT)


@pytest.mark.parametrize("decoder", ["compression.zstd", "backports.zstd", "zstandard", None])
@pytest.mark.parametrize("make", [zstd_with, in_pieces_with])
def test_r43_a_window_that_browsers_refuse_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, decoder: str | None, make: Callable[[int, bytes], bytes]
) -> None:
    """The same with every decoder that there may be."""
    for name in ("compression.zstd", "backports.zstd", "zstandard"):
        if name != decoder:
            monkeypatch.setitem(sys.modules, name, None)
    if decoder is None:
        with pytest.raises(NotAdoptableError, match=r"pip install backports\.zstd"):
            check_sibling("zstd", make(23, CONTENT), CONTENT)
        return
    pytest.importorskip(decoder)
    check_sibling("zstd", make(23, LARGE), LARGE)
    with pytest.raises(NotAdoptableError, match="it does not decode"):
        check_sibling("zstd", make(24, LARGE), LARGE)
    with pytest.raises(NotAdoptableError):
        check_sibling("zstd", make(20, LARGE)[:-4], LARGE)
    check_sibling("zstd", pyfastgz.compress(LARGE, "zstd"), LARGE)


def test_without_a_decoder_of_br_it_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(br, "_brotli", None)
    write(folder / "app.js.br", b"whatever")
    report = run(folder, "br", adopt=True)
    assert report.notes == [
        "app.js.br: not adopted: there is no decoder of br here to check it: "
        'pip install "pyfastgz[br]"'
    ]


def test_a_sibling_that_saves_too_little_is_not_taken(folder: Path) -> None:
    write(folder / "app.js", noise(1))
    write(folder / "app.js.gz", gzip.compress(noise(1)))
    report = run(folder, "gzip", adopt=True)
    assert report.notes == ["app.js.gz: not adopted: it saves less than 5 %"]


def test_what_is_far_too_large_is_not_read(folder: Path) -> None:
    run(folder, "zstd")
    for name in ("app.js.gz", "app.js.zst"):
        with (folder / name).open("wb") as file:
            # Without blocks: a file that nobody can read into memory.
            file.truncate(1 << 42)
    report = run(folder, "gzip", "zstd", adopt=True)
    assert report.notes == ["app.js.gz: not adopted: it saves less than 5 %"]
    assert report.faults == []
    assert (folder / "app.js.zst").stat().st_size < len(CONTENT)
    with (folder / "app.js.zst").open("wb") as file:
        file.truncate(1 << 42)
    assert clean(str(folder), options().choice, Progress()).notes == [
        "app.js.zst: left alone, it is not what the manifest says"
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_what_is_no_file_is_not_taken(folder: Path) -> None:
    os.mkfifo(folder / "app.js.gz")
    (folder / "app.js.zst").mkdir()
    report = run(folder, "gzip", "zstd", adopt=True)
    assert report.notes == [
        f"app.js.{suffix}: not adopted: it is not a regular file" for suffix in ("gz", "zst")
    ]
    assert len(run(folder, "gzip", "zstd").notes) == 2
    check_folder(folder)


def test_the_other_suffix_is_read_and_not_needed(folder: Path) -> None:
    write(folder / "app.js.zstd", b"whatever")
    report = run(folder, "zstd", adopt=True)
    assert len(report.notes) == 1
    assert report.notes[0].startswith("app.js.zstd: not adopted: it does not decode")
    assert report.totals["zstd"].made == 1
    assert {"app.js.zst", "app.js.zstd"} <= names_below(folder)
