"""Processes that are killed, interrupted, or not alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from trees import check_folder
from trees import names_below
from trees import run
from trees import state_of
from trees import text
from trees import write

from pyfastgz.static.manifest import NAME
from pyfastgz.static.manifest import read_manifest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such signals")

ROOT = Path(__file__).resolve().parents[2]
FILES = 150


def started(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "pyfastgz", "static", str(folder)),
            *("--codings", "gzip,zstd", *options),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(FILES):
        write(tmp_path / f"{number % 7}" / f"{number}.js", text(number, 40_000))
    return tmp_path


def nsiblings(folder: Path) -> int:
    return sum(name.endswith((".gz", ".zst")) for name in names_below(folder))


def wait_for(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until so many siblings are there, or the process has ended."""
    while nsiblings(folder) < count and process.poll() is None:
        time.sleep(0.002)


def stop(process: subprocess.Popen[str], folder: Path) -> None:
    """Have a process wait that has work left, and so keeps others from it."""
    process.send_signal(signal.SIGSTOP)
    # A signal is not there at once.
    if process.returncode is None:
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    if nsiblings(folder) == 2 * FILES:
        process.kill()
        process.communicate()
        pytest.skip("it was done before")


@pytest.mark.parametrize("count", [0, 1, 17, 60, 150, 299])
def test_a_process_that_is_killed_leaves_nothing_that_the_next_one_minds(
    folder: Path, count: int
) -> None:
    expected = {
        f"{number % 7}/{number}.js{suffix}"
        for number in range(FILES)
        for suffix in ("", ".gz", ".zst")
    }
    process = started(folder)
    wait_for(folder, count, process)
    process.kill()
    process.communicate()
    # No sibling is half-written, whatever the manifest says of them.
    left = names_below(folder)
    contents = {name: (folder / name).read_bytes() for name in left if name in expected}
    report = run(folder, "gzip", "zstd")
    assert report.notes == report.faults == []
    assert names_below(folder) == expected | {NAME}
    for name, content in contents.items():
        assert (folder / name).read_bytes() == content


def test_it_is_killed_again_and_again(folder: Path) -> None:
    chooser = random.Random(1)
    for _ in range(6):
        for number in chooser.sample(range(FILES), 20):
            content = text(chooser.randrange(999), 40_000)
            write(folder / f"{number % 7}" / f"{number}.js", content)
        # Some are renamed, as by a build.
        for number in chooser.sample(range(FILES), 3):
            path = folder / f"{number % 7}" / f"{number}.js"
            path.rename(path.with_suffix(".mjs"))
            write(path, text(number, 40_000))
        process = started(folder)
        time.sleep(0.15 + chooser.random() * 0.3)
        process.kill()
        process.communicate()
    report = run(folder, "gzip", "zstd")
    assert not [note for note in report.notes if "left alone" in note]
    assert report.faults == []
    sources = {name for name in names_below(folder) if name.endswith("js")}
    assert nsiblings(folder) == 2 * len(sources)


def test_temporary_files_of_a_killed_process_are_removed(folder: Path) -> None:
    write(folder / "1" / ".0123456789abcdef.pyfastgz-tmp", b"half")
    write(folder / ".0123456789abcdef.pyfastgz-tmp", b"half")
    run(folder, "gzip")


def test_what_was_done_is_recorded_when_it_is_interrupted(folder: Path) -> None:
    # What a shell runs in the background ignores this signal, and so would its children.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = started(folder)
    signal.signal(signal.SIGINT, handler)
    wait_for(folder, 40, process)
    stop(process, folder)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "Aborted!" in errors
    assert "Traceback" not in errors
    check_folder(folder)
    manifest = read_manifest(folder)
    assert manifest is not None
    named = sum(len(source.siblings) for source in manifest.files.values())
    assert named == nsiblings(folder) >= 40
    before = state_of(folder)
    report = run(folder, "gzip", "zstd")
    assert sum(total.made for total in report.totals.values()) == 2 * FILES - named
    after = state_of(folder)
    assert {name for name in before if after[name] != before[name]} == {NAME}


def test_two_at_once(folder: Path) -> None:
    processes = [started(folder) for _ in range(3)]
    outputs = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    check_folder(folder)
    assert nsiblings(folder) == 2 * FILES
    # One has made all of them, the others none.
    made = sorted(output.split("gzip", 1)[1].split()[3] for output, _ in outputs)
    assert made == ["0", "0", f"{FILES}"]


def test_one_that_waits_goes_on_when_the_other_is_killed(folder: Path) -> None:
    first = started(folder)
    wait_for(folder, 3, first)
    stop(first, folder)
    second = started(folder)
    assert second.stderr is not None
    assert "waiting for another run to end" in second.stderr.readline()
    first.kill()
    first.communicate()
    second.communicate()
    assert second.returncode == 0
    check_folder(folder)
    assert nsiblings(folder) == 2 * FILES


def test_a_check_does_not_wait(folder: Path) -> None:
    first = started(folder)
    wait_for(folder, 3, first)
    stop(first, folder)
    second = started(folder, "--check")
    second.communicate()
    first.kill()
    first.communicate()
    assert second.returncode == 1
