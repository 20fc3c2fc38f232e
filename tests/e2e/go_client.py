"""A client in Go: its decoder hands nothing out before the empty stored block of a flush.

``read_stream.go`` is compiled once a session, with nothing but Go's own library. Its output is
read line by line, so that a test can wait for one piece before it has the next one sent.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

GO = shutil.which("go")
MISSING = "Go is not installed"

_SOURCE = Path(__file__).with_name("read_stream.go")
_PATIENCE_SECONDS = 60


def build_client(folder: Path) -> Path:
    """Compile the client into a folder, without a network, and return the program."""
    program = folder / "read_stream"
    environment = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GO111MODULE": "off",
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
        "GOPATH": str(folder / "path"),
        "GOTOOLCHAIN": "local",
    }
    command = [str(GO), "build", "-o", str(program), str(_SOURCE)]
    subprocess.run(command, env=environment, check=True)
    return program


class GoClient:
    """The client while it runs."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._waiting = b""

    def send(self, coded: bytes) -> None:
        """Give it more of a stream, if it reads one from its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(coded)
        self._process.stdin.flush()

    def end(self) -> None:
        """Let the stream on its standard input end here."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def read_answer(self) -> tuple[int, str]:
        """Wait for the status and the coding of an answer; it is what comes first."""
        line = self._read_line()
        assert line is not None, "no answer came"
        return int(line["status"]), str(line["coding"])

    def read_piece(self) -> bytes | None:
        """Wait for the next piece; None at the end."""
        line = self._read_line()
        return None if line is None else b64decode(line["data"])

    def read(self, nbytes: int) -> bytes:
        """Wait for pieces until there are so many bytes, and return them."""
        read = b""
        while len(read) < nbytes:
            piece = self.read_piece()
            assert piece is not None, f"the stream ended after {read!r}"
            read += piece
        return read

    def _read_line(self) -> Any:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._waiting:
            ready, _, _ = select.select([descriptor], [], [], _PATIENCE_SECONDS)
            assert ready, "nothing was handed out"
            more = os.read(descriptor, 1 << 16)
            if not more:
                assert self._waiting == b""
                assert self._process.wait() == 0
                return None
            self._waiting += more
        line, _, self._waiting = self._waiting.partition(b"\n")
        return json.loads(line)


@contextmanager
def running(program: Path, source: str, coding: str = "gzip") -> Iterator[GoClient]:
    """Run the client on a URL, or on ``"-"``, its standard input."""
    command = [str(program), "-coding", coding, source]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        try:
            yield GoClient(process)
        finally:
            process.kill()
