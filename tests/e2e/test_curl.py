"""``curl --compressed``, whose decoders and HTTP are not Python's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tools.kit.checks import Resource
from tools.kit.decoders import CODINGS
from tools.kit.decoders import decode
from tools.kit.shop.resources import RESOURCES

CURL = shutil.which("curl")
FEATURES = {"libz": ("gzip", "deflate"), "zstd": ("zstd",), "brotli": ("br",)}

pytestmark = pytest.mark.skipif(CURL is None, reason="curl is not installed")


def run_curl(*arguments: str) -> bytes:
    command = [str(CURL), "--silent", "--show-error", "--max-time", "60", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


@pytest.fixture(scope="module")
def decodable() -> set[str]:
    """Return the codings that this curl can decode."""
    features = run_curl("--version").decode().partition("Features:")[2].split()
    return {
        coding
        for feature, codings in FEATURES.items()
        if feature in features
        for coding in codings
    }


def coding_in(head: str) -> str | None:
    """Return the Content-Encoding of the fields that curl wrote down."""
    values = [
        line.partition(":")[2].strip()
        for line in head.splitlines()
        if line.lower().startswith("content-encoding:")
    ]
    assert len(values) <= 1
    return values[0] if values else None


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
def test_compressed(
    port: int, resource: Resource, bodies: dict[str, bytes], decodable: set[str], tmp_path: Path
) -> None:
    """Ask for what curl asks for by itself."""
    head = tmp_path / "head.txt"
    url = f"http://127.0.0.1:{port}{resource.path}"
    body = run_curl("--compressed", "--fail", "--dump-header", str(head), url)
    assert body == bodies[resource.path]
    used = coding_in(head.read_text())
    assert used in decodable & set(CODINGS) if resource.coded else used is None


@pytest.mark.parametrize("path", ["/ledger", "/ledger/live", "/api/export", "/chart.svg"])
def test_each_coding(
    port: int, coding: str, path: str, bodies: dict[str, bytes], decodable: set[str]
) -> None:
    if coding not in decodable:
        pytest.skip(f"this curl cannot decode {coding}")
    accept = f"Accept-Encoding: {coding}"
    url = f"http://127.0.0.1:{port}{path}"
    assert run_curl("--compressed", "--header", accept, url) == bodies[path]
    # And without being asked to decode, it shows what was sent.
    assert decode(coding, run_curl("--header", accept, url)) == bodies[path]


def test_failing_stream_is_an_error(port: int, server_name: str) -> None:
    if server_name == "uwsgi":
        pytest.skip("uWSGI closes the connection after every stream, and curl asks no further")
    with pytest.raises(subprocess.CalledProcessError):
        run_curl("--compressed", f"http://127.0.0.1:{port}/failing/curl")
