"""Starts Chromium without a window, with nothing kept from earlier runs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
"""The path of the program; None where it is not installed."""

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
def visiting(url: str) -> Iterator[None]:
    """Have Chromium show a page while the block runs."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [str(CHROMIUM), *_OPTIONS, f"--user-data-dir={folder}/profile", url],
            env={**os.environ, "HOME": folder},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # A group of its own can be killed with all its processes.
            start_new_session=True,
        )
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
