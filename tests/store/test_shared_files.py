"""Bodies shared through a folder: one that is full, and one whose writers are killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import monotonic
from time import sleep

import pytest
from cachelib import FileSystemCache

from pyfastgz import compress
from pyfastgz.coding.br import BrotliSettings
from pyfastgz.store.shared import SharedStore

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")

PATIENCE_SECONDS = 60.0
PROGRAM = """
import itertools, logging, random, sys
from cachelib import FileSystemCache
from pyfastgz.coding.br import BrotliSettings
from pyfastgz import compress
from pyfastgz.store.shared import SharedStore

def body_of(number):
    return random.Random(number).randbytes(1_000_000)

def ask(store, number):
    body = body_of(number)
    coded, seconds = store.compress(body, "gzip", 1, BrotliSettings())
    assert coded == compress(body, "gzip", level=1)
    return seconds == 0

folder = sys.argv[1]
"""


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM + program, *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def test_writers_that_are_killed_leave_nothing_that_is_served(tmp_path: Path) -> None:
    program = """
store = SharedStore(FileSystemCache(folder, threshold=0), border=0.0, wait=30.0)
print("ready", flush=True)
for number in itertools.count():
    ask(store, number % 7 + 100 * int(sys.argv[2]))
    if number % 7 == 6:
        FileSystemCache(folder, threshold=0).clear()
"""
    for round in range(10):
        writers = [start(program, str(tmp_path), str(number % 2)) for number in range(2)]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        sleep(0.01 * round)
        for writer in writers:
            writer.kill()
            writer.communicate()
    reader = start(
        """
store = SharedStore(FileSystemCache(folder, threshold=0), border=0.0, wait=30.0)
hits = [ask(store, number + offset) for offset in (0, 100) for number in range(7)]
print(len(hits))
""",
        str(tmp_path),
    )
    assert reader.communicate(timeout=PATIENCE_SECONDS) == ("14\n", "")


def test_a_disk_that_is_full_costs_no_response(tmp_path: Path) -> None:
    program = """
import resource, time
store = SharedStore(FileSystemCache(folder), border=0.0, wait=30.0)
before = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
# Writing is not waited for.
while store._office().writing.is_open:
    assert not ask(store, 0)
    time.sleep(0.001)
for number in range(5):
    assert not ask(store, number)
resource.setrlimit(resource.RLIMIT_FSIZE, before)
print("end")
"""
    process = start(program, str(tmp_path))
    out, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert out == "end\n", errors
    # cachelib says False, and logs it, too.
    assert errors.count("writing COMPRESS_CACHE_BACKEND failed") == 1


def test_a_folder_that_holds_few_keeps_the_latest(tmp_path: Path) -> None:
    store = SharedStore(FileSystemCache(str(tmp_path), threshold=5), border=0.0, wait=30.0)
    for number in range(40):
        body = b"%d lamps " % number * 1_000
        coded, _ = store.compress(body, "gzip", 6, BrotliSettings())
        assert coded == compress(body)
    end = monotonic() + PATIENCE_SECONDS
    while store.compress(body, "gzip", 6, BrotliSettings())[1] != 0:
        assert monotonic() < end
    assert len(list(tmp_path.iterdir())) < 20


def test_a_folder_that_is_gone_costs_no_response(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "gone"
    store = SharedStore(FileSystemCache(str(folder)), border=0.0, wait=30.0)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    for number in range(5):
        body = b"%d lamps " % number * 1_000
        assert store.compress(body, "gzip", 6, BrotliSettings())[0] == compress(body)
    end = monotonic() + PATIENCE_SECONDS
    while "writing COMPRESS_CACHE_BACKEND failed" not in caplog.text:
        assert monotonic() < end
        sleep(0.001)
