"""Programs that others wrote, which read and decode a stream while it is produced."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tests.e2e import go_client

CURL = shutil.which("curl")
NODE = shutil.which("node")

_NODE_SCRIPT = Path(__file__).with_name("read_stream.mjs")
_PATIENCE_SECONDS = 60


class Reader(Protocol):
    """A program while it reads a stream."""

    def read(self, nbytes: int) -> bytes:
        """Wait until it has handed out so many bytes, decoded, and return them."""


class _Output:
    """The standard output of a program, which is the decoded stream."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def read(self, nbytes: int) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        read = b""
        while len(read) < nbytes:
            ready, _, _ = select.select([descriptor], [], [], _PATIENCE_SECONDS)
            assert ready, f"nothing was handed out after {read!r}"
            more = os.read(descriptor, nbytes - len(read))
            assert more, f"the stream ended after {read!r}"
            read += more
        return read


@contextmanager
def _running(*command: str) -> Iterator[Reader]:
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            yield _Output(process)
        finally:
            process.kill()


def _curl(coding: str, url: str) -> AbstractContextManager[Reader]:
    # "compressed" has it decode; what it asks for is what the field says.
    options = ("--silent", "--show-error", "--no-buffer", "--noproxy", "*", "--compressed")
    return _running(str(CURL), *options, "--header", f"Accept-Encoding: {coding}", url)


def _node_fetch(coding: str, url: str) -> AbstractContextManager[Reader]:
    return _running(str(NODE), str(_NODE_SCRIPT), "fetch", coding, url)


def _node_http(coding: str, url: str) -> AbstractContextManager[Reader]:
    return _running(str(NODE), str(_NODE_SCRIPT), "http", coding, url)


READERS: dict[str, Callable[[str, str], AbstractContextManager[Reader]]] = {
    "curl": _curl,
    "node-fetch": _node_fetch,
    "node-http": _node_http,
}
"""All but Go's, which has to be compiled first, by name; called with a coding and a URL."""


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _curl_codings() -> set[str]:
    if CURL is None:
        return set()
    features = _output(CURL, "--version").split()
    names = {"gzip": "libz", "deflate": "libz", "br": "brotli", "zstd": "zstd"}
    return {coding for coding, feature in names.items() if feature in features}


def _node_codings() -> set[str]:
    if NODE is None:
        return set()
    codings = _output(NODE, str(_NODE_SCRIPT), "--codings").split()
    # Its fetch decodes only what it always has.
    return set(codings)


def find_codings() -> dict[str, set[str]]:
    """Return which codings each program here decodes, none if it is not installed."""
    node = _node_codings()
    return {
        "curl": _curl_codings(),
        "node-http": node,
        # Whether its fetch decodes zstd depends on the version of that, too.
        "node-fetch": node - {"zstd"},
        "go": set() if go_client.GO is None else {"gzip", "deflate"},
    }
