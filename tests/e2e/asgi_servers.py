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
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.e2e.tls import shake_hands
from tools.kit.server import IDLE_SECONDS
from tools.kit.server import PATIENCE_SECONDS
from tools.kit.server import ROOT
from tools.kit.server import Command
from tools.kit.server import ask_for_root
from tools.kit.server import serving

# What each is told; {} is the file descriptor of its listening socket.
_OPTIONS = {
    "uvicorn": ["--fd={}", "--log-level=warning", f"--timeout-keep-alive={IDLE_SECONDS}"],
    "hypercorn": ["--bind=fd://{}", "--graceful-timeout=2", f"--keep-alive={IDLE_SECONDS}"],
    "daphne": ["--fd={}", "--verbosity=0"],
}

# The options for a certificate and its key, in one file.
_SECURE = {
    "uvicorn": ["--ssl-certfile={}", "--ssl-keyfile={}"],
    "hypercorn": ["--certfile={}", "--keyfile={}"],
    "granian": ["--ssl-certificate={}", "--ssl-keyfile={}"],
}

SERVERS = [*_OPTIONS, "granian"]
"""Their names, which are those of their packages."""


def asgi_command(server: str, application: str, *more: str) -> Command:
    """Return the command that serves an application, for ``serving``.

    :param server: one of :data:`SERVERS`, but for granian, which takes no socket.
    :param application: ``"package.module:name"``.
    :param more: options.
    """

    def command(descriptor: int) -> list[str]:
        options = [option.format(descriptor) for option in _OPTIONS[server]]
        return [sys.executable, "-m", server, *options, *more, application]

    return command


def ends_with(server: str) -> int:
    """Return the exit status of a server, whichever it is, that was told to end."""
    # When it has shut down, uvicorn lets the signal do what it does to others.
    return -signal.SIGTERM if server == "uvicorn" else 0


def skip_without(server: str) -> None:
    """Skip a test whose server is not installed."""
    if find_spec(server) is None:
        pytest.skip(f"the package {server} is not installed")


@contextmanager
def serving_asgi(
    server: str, application: str, certificate: Path | None = None
) -> Iterator[int]:
    """Serve an application while the block runs, and yield the port.

    :param server: one of :data:`SERVERS`.
    :param application: ``"package.module:name"``.
    :param certificate: and its key, in one file, for TLS; None for none.
    """
    more, ask = [], ask_for_root
    if certificate is not None:
        more = [option.format(certificate) for option in _SECURE[server]]
        ask = partial(shake_hands, certificate)

    if server == "granian":
        running = _granian(*more, application)
    else:
        command = asgi_command(server, application, *more)
        running = serving(command, ends_with=ends_with(server), ask=ask)
    with running as port:
        yield port


@contextmanager
def _granian(*more: str) -> Iterator[int]:
    """Run granian, which takes no socket, on a port that nobody else gets meanwhile."""
    with socket.socket() as reserved:
        # As granian does it: what has not set this cannot have the port, and is given another.
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind(("127.0.0.1", 0))
        port: int = reserved.getsockname()[1]
        options = ["--interface=asgi", "--host=127.0.0.1", f"--port={port}"]
        options.append("--log-level=warning")
        process = subprocess.Popen([sys.executable, "-m", "granian", *options, *more], cwd=ROOT)
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
