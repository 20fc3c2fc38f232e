"""Servers in a process of their own, on a free port of this machine, always shut down."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import gunicorn.config  # type: ignore[import-untyped]

from .client import fetch

Command = Callable[[int], list[str]]
"""Returns the command of a server, given the file descriptor of its listening socket."""

ROOT = Path(__file__).resolve().parents[2]
"""The top folder of the project; servers run there."""

PATIENCE_SECONDS = 60.0
"""How long a server may take to shut down before it is killed."""

IDLE_SECONDS = 3600
"""How long servers keep a connection that nobody uses, or reads from: a client that the machine
lets wait for some seconds is no client that has left."""


class ServerError(Exception):
    """A server failed; the message has what it printed."""


def gunicorn_command(
    application: str, *, worker_class: str = "gthread", workers: int = 1, threads: int = 16
) -> Command:
    """Return the command that serves an application with gunicorn, for :func:`serving`.

    :param application: ``"package.module:function()"``.
    :param worker_class: gunicorn's name of the kind of worker.
    :param workers: how many processes there are. If there are several, the application is made
        before they are forked, so that what they share can be made with it.
    :param threads: how many requests each process of the class ``gthread`` answers at a time.
    """
    options = [f"--workers={workers}", f"--worker-class={worker_class}"]
    options += ["--log-level=warning", "--graceful-timeout=5", f"--keep-alive={IDLE_SECONDS}"]
    if worker_class == "gthread":
        options.append(f"--threads={threads}")
    if workers > 1:
        options.append("--preload")
    # Newer versions have a socket in the user's home folder, which servers would fight for.
    if hasattr(gunicorn.config, "ControlSocketDisable"):
        options.append("--no-control-socket")

    def command(descriptor: int) -> list[str]:
        bind = f"--bind=fd://{descriptor}"
        return [sys.executable, "-m", "gunicorn", *options, bind, application]

    return command


def waitress_command(application: str) -> Command:
    """Return the command that serves an application with waitress, in 16 threads.

    :param application: ``"package.module:function()"``.
    """

    def command(descriptor: int) -> list[str]:
        module = "tools.kit.waitress_server"
        return [sys.executable, "-m", module, str(descriptor), application]

    return command


def uwsgi_command(application: str) -> Command:
    """Return the command that serves an application with uWSGI, in 16 threads.

    :param application: ``"package.module:function()"``.
    """
    options = [f"--module={application}", "--need-app", "--master", "--die-on-term"]
    options += ["--worker-reload-mercy=5", "--threads=16", "--disable-logging"]
    options += [f"--socket-timeout={IDLE_SECONDS}"]

    def command(descriptor: int) -> list[str]:
        socket_option = f"--http-socket=fd://{descriptor}"
        return [sys.executable, "-c", "import pyuwsgi; pyuwsgi.run()", socket_option, *options]

    return command


def ask_for_root(port: int) -> object:
    """Ask a server for ``/``."""
    return fetch(port, "/")


@contextmanager
def serving(
    command: Command, *, ends_with: int = 0, ask: Callable[[int], object] = ask_for_root
) -> Iterator[int]:
    """Run a server while the block runs, and yield its port; then show what it printed.

    The port is bound here and handed over, so it cannot be taken by anybody else, and requests
    wait in its queue until the server is up.

    :param command: called with the file descriptor of the listening socket.
    :param ends_with: the exit status of a server that has shut down cleanly; some end by the
        signal that told them to.
    :param ask: asks the server on a port for anything, as it wants to be asked.
    :raises ServerError: the server ended early, or did not shut down cleanly.
    """
    with tempfile.TemporaryFile() as log, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        port: int = listener.getsockname()[1]
        process = subprocess.Popen(
            command(listener.fileno()),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
            # A group of its own can be killed with all its workers.
            start_new_session=True,
        )
        # With this copy closed, connections are refused when the server dies.
        listener.close()
        try:
            _wait_for_answer(port, process, ask)
            yield port
        finally:
            status = _shut_down(process)
            log.seek(0)
            printed = log.read().decode(errors="replace")
            if status != ends_with:
                raise ServerError(f"the server ended with status {status}:\n{printed}")
            sys.stderr.write(printed)


def _wait_for_answer(
    port: int, process: subprocess.Popen[bytes], ask: Callable[[int], object]
) -> None:
    """Return when a server answers, whatever it says."""
    try:
        ask(port)
    except (OSError, HTTPException) as error:
        # It is about to end, and then its own status says more than that of being told to.
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=PATIENCE_SECONDS)
        raise ServerError("the server does not answer") from error


def _shut_down(process: subprocess.Popen[bytes]) -> int:
    """Ask a server to end, wait for that, and make sure; return its exit status."""
    process.terminate()
    try:
        process.wait(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()
