"""Files and their siblings through real servers, each with a file wrapper of its own."""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from pyfastgz import compress
from pyfastgz.static.manifest import Manifest
from pyfastgz.static.manifest import SiblingFile
from pyfastgz.static.manifest import Source
from pyfastgz.static.manifest import write_manifest
from pyfastgz.store.files import SETTLED_NS
from tests.e2e.files_application import FOLDER
from tools.kit.client import Answer
from tools.kit.client import fetch
from tools.kit.client import opened
from tools.kit.server import Command
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.server import uwsgi_command
from tools.kit.server import waitress_command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")

APPLICATION = "tests.e2e.files_application:create_app()"
COMMANDS: dict[str, Command] = {
    "gthread": gunicorn_command(APPLICATION),
    "sync": gunicorn_command(APPLICATION, worker_class="sync"),
    "gevent": gunicorn_command(APPLICATION, worker_class="gevent"),
    "waitress": waitress_command(APPLICATION),
    "uwsgi": uwsgi_command(APPLICATION),
}
PACKAGES = {"gevent": "gevent", "waitress": "waitress", "uwsgi": "pyuwsgi"}
WORDS = [f"word{number}" for number in range(2000)]
TEXT = "\n".join(random.Random(13).choices(WORDS, k=100_000)).encode()
CODED = compress(TEXT, level=9)
GZIP = {"Accept-Encoding": "gzip"}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a sibling, one without, and a long one, none of them new."""
    folder = tmp_path_factory.mktemp("files")
    for name in ("ready.css", "made.css"):
        (folder / name).write_bytes(TEXT)
    (folder / "long.css").write_bytes(TEXT * 6)
    (folder / "ready.css.gz").write_bytes(CODED)
    sibling = SiblingFile("ready.css.gz", len(CODED), digest(CODED))
    mtime_ns = (folder / "ready.css").stat().st_mtime_ns
    source = Source(len(TEXT), mtime_ns, digest(TEXT), {"gzip": sibling})
    write_manifest(folder, Manifest({"ready.css": source}))
    time.sleep(SETTLED_NS / 10**9 + 0.1)
    return folder


@pytest.fixture(scope="module", params=COMMANDS, name="port")
def serve(folder: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    package = PACKAGES.get(request.param)
    if package is not None and find_spec(package) is None:
        pytest.skip(f"the package {package} is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER, str(folder))
        with serving(COMMANDS[request.param]) as port:
            yield port


def used(port: int, what: str) -> int:
    value: int = json.loads(fetch(port, "/used").body)[what]
    return value


def get(port: int, name: str, **fields: str) -> Answer:
    named = {key.replace("_", "-"): value for key, value in fields.items()}
    return fetch(port, f"/files/{name}", fields={**GZIP, **named})


def check_ready(answer: Answer) -> None:
    assert (answer.status, answer.field("Content-Encoding")) == (200, "gzip")
    assert answer.field("Content-Length") == str(len(CODED))
    assert answer.body == CODED


def test_a_file_is_read_once(port: int) -> None:
    first = get(port, "made.css")
    assert first.field("Content-Length") == str(len(first.body))
    assert first.body == compress(TEXT)
    before = used(port, "read")
    for _ in range(10):
        assert get(port, "made.css").body == first.body
    # Requests are read as well, by some servers.
    assert used(port, "read") - before < len(TEXT)


def test_a_sibling_is_sent_instead(port: int) -> None:
    check_ready(get(port, "ready.css"))
    before = used(port, "read")
    for _ in range(10):
        check_ready(get(port, "ready.css"))
    # It was read to be sent, if not by the kernel alone, and the file was not.
    assert used(port, "read") - before < 10 * len(CODED) + len(TEXT)


def test_r55_a_range_of_a_sibling(port: int) -> None:
    tag = get(port, "ready.css").field("ETag")
    assert tag is not None
    for start, stop in ((0, 1), (1000, 190_000), (len(CODED) - 1, len(CODED))):
        answer = get(port, "ready.css", Range=f"bytes={start}-{stop - 1}", If_Range=tag)
        assert answer.status == 206
        assert answer.field("Content-Range") == f"bytes {start}-{stop - 1}/{len(CODED)}"
        assert answer.body == CODED[start:stop]
    assert get(port, "ready.css", Range=f"bytes={len(CODED)}-").status == 416
    assert get(port, "ready.css", If_None_Match=tag).status == 304


def test_r26_head_of_a_sibling(port: int) -> None:
    answer = fetch(port, "/files/ready.css", method="HEAD", fields=GZIP)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.field("Content-Length") == str(len(CODED))


def test_r12_without_a_coding_a_file_is_what_it_was(port: int) -> None:
    for name in ("ready.css", "made.css"):
        assert fetch(port, f"/files/{name}").body == TEXT
        answer = fetch(port, f"/files/{name}", fields={"Range": "bytes=7-70000"})
        assert (answer.status, answer.body) == (206, TEXT[7:70001])


def test_a_long_file(port: int) -> None:
    answer = get(port, "long.css")
    assert answer.field("Content-Length") is None
    assert len(answer.body) < len(TEXT * 6) // 2


@pytest.mark.parametrize("name", ["ready.css", "made.css", "long.css"])
def test_r38_nothing_stays_open(port: int, name: str) -> None:
    def ask_all() -> None:
        for fields in ({}, {"Range": "bytes=5-9"}, {"If_None_Match": "*"}):
            get(port, name, **fields)
        fetch(port, f"/files/{name}", method="HEAD", fields=GZIP)
        # Who leaves in the middle.
        with opened(port, f"/files/{name}", fields=GZIP) as response:
            response.read(10)

    for _ in range(10):
        ask_all()
    opened_before, resident_before = used(port, "opened"), used(port, "resident")
    for _ in range(20):
        ask_all()
    # Some connections may not have ended yet.
    assert used(port, "opened") - opened_before < 20
    assert used(port, "resident") - resident_before < 20 * 1024 * 1024
