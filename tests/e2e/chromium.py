"""Has Chromium visit pages, without a window, with nothing kept from earlier runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from typing import Any

import pytest

from tools.kit.client import fetch

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
"""The path of the program; None where it is not installed."""

MAX_ANSWERS = 30
"""So many times the server may say, every 5 seconds, that the browser is not there yet."""

_OPTIONS = (
    "--headless",
    "--disable-gpu",
    # The shared memory of containers is often too small for it.
    "--disable-dev-shm-usage",
    # It does not start as root with its sandbox, and visits nothing but the tests' server.
    "--no-sandbox",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--password-store=basic",
)


@contextmanager
def running(url: str, *options: str, piped: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """Have Chromium show a page while the block runs.

    :param options: more of Chromium's.
    :param piped: its file descriptors 3 and 4 are connected to the process's ``stdin`` and
        ``stdout``.
    """
    streams = subprocess.PIPE if piped else subprocess.DEVNULL
    moved = 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null'
    shell = ["sh", "-c", moved, "sh"] if piped else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        profile = f"--user-data-dir={folder}/profile"
        process = subprocess.Popen(
            [*shell, str(CHROMIUM), *_OPTIONS, profile, *options, url],
            env={**os.environ, "HOME": folder},
            stdin=streams,
            stdout=streams,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            # A group of its own can be killed with all its processes.
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            # Closes the pipes, too.
            process.communicate()


def visit(port: int, path: str, *, until: str) -> dict[str, Any]:
    """Have Chromium visit a page until the server has seen something; return its record."""
    # br and zstd are offered on secure connections, and to this name.
    with running(f"http://localhost:{port}{path}"):
        for _ in range(MAX_ANSWERS):
            record = record_of(port, until)
            if record[until]:
                return record
    pytest.fail(f"Chromium did not get to the end of {path}: {record}")


def record_of(port: int, until: str) -> dict[str, Any]:
    """Return what the server has seen, at once or when there is some of a kind."""
    record: dict[str, Any] = json.loads(fetch(port, f"/record/{until}").body)
    return record


def exchanges(record: dict[str, Any], path: str) -> list[dict[str, Any]]:
    """Return what was asked and answered under a path."""
    return [exchange for exchange in record["exchanges"] if exchange["path"] == path]
