"""ASGI servers in processes of their own, by name."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from importlib.util import find_spec

import pytest

from tools.kit.server import ROOT
from tools.kit.server import serving

PATIENCE_SECONDS = 15.0

# What each is told; {} is the file descriptor of its listening socket.
_OPTIONS = {
    "uvicorn": ["--fd={}", "--log-level=warning"],
    "hypercorn": ["--bind=fd://{}", "--graceful-timeout=2"],
    "daphne": ["--fd={}", "--verbosity=0"],
}

SERVERS = [*_OPTIONS, "granian"]
"""Their names, which are those of their packages."""


def skip_without(server: str) -> None:
    """Skip a test whose server is not installed."""
    if find_spec(server) is None:
        pytest.skip(f"the package {server} is not installed")


@contextmanager
def serving_asgi(server: str, application: str) -> Iterator[int]:
    """Serve an application while the block runs, and yield the port.

    :param server: one of :data:`SERVERS`.
    :param application: ``"package.module:name"``.
    """

    def command(descriptor: int) -> list[str]:
        options = [option.format(descriptor) for option in _OPTIONS[server]]
        return [sys.executable, "-m", server, *options, application]

    if server == "granian":
        running = _granian(application)
    else:
        # When it has shut down, uvicorn lets the signal do what it does to others.
        running = serving(command, ends_with=-signal.SIGTERM if server == "uvicorn" else 0)
    with running as port:
        yield port


@contextmanager
def _granian(application: str) -> Iterator[int]:
    """Run granian, which takes no socket, on a port that was free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    options = ["--interface=asgi", "--host=127.0.0.1", f"--port={port}", "--log-level=warning"]
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", *options, application], cwd=ROOT
    )
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < end, "the server does not answer"
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_SECONDS)
        process.kill()
        process.wait()
