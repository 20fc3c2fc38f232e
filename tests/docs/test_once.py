"""What docs/once.md and docs/security.md say of kept bodies and of siblings is so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from pyfastgz import Compress
from pyfastgz.policy.table import DEFAULTS
from pyfastgz.static.manifest import NAME
from pyfastgz.store.bodies import ENTRY_NBYTES
from pyfastgz.store.bodies import MAX_SHARE
from pyfastgz.store.files import SETTLED_NS
from pyfastgz.store.shared import BORDER_SECONDS
from pyfastgz.store.shared import PAUSE_SECONDS
from pyfastgz.store.shared import WAIT_SECONDS

ROOT = Path(__file__).resolve().parents[2]
SHEET = b"".join(b"h%d { color: red }\n" % number for number in range(400))
IN_1980 = 315_532_801


def text_of(page: str) -> str:
    """The page in one line, as its sentences are."""
    return " ".join((ROOT / "docs" / page).read_text().split())


def static(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pyfastgz", "static", str(folder), *options],
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "app.css").write_bytes(SHEET)
    return folder


@pytest.fixture
def made(folder: Path) -> Path:
    assert static(folder).returncode == 0
    return folder


def set_times(folder: Path, seconds: int | None = None) -> None:
    """Give all files one time, or cut the fraction of a second off each."""
    for path in folder.iterdir():
        time = int(path.stat().st_mtime) if seconds is None else seconds
        os.utime(path, (time, time))


def test_the_default_is_what_it_says() -> None:
    nbytes = DEFAULTS["COMPRESS_STORE_BYTES"]
    assert f"in one process, {nbytes // 2**20} MB by default: " in text_of("once.md")
    longest = nbytes // MAX_SHARE // 2**20
    assert f"of the store, {longest} MB by default |" in text_of("once.md")


def test_the_other_numbers_are_what_it_says() -> None:
    text = text_of("once.md")
    assert MAX_SHARE == 8
    assert "more than an eighth of the store" in text
    assert f"{ENTRY_NBYTES} bytes an entry" in text
    assert SETTLED_NS == 2 * 10**9
    assert "changed in the last two seconds" in text
    assert BORDER_SECONDS == 0.001
    assert "takes longer than a millisecond" in text
    assert f"waits {WAIT_SECONDS * 1000:.0f} milliseconds at most" in text
    assert PAUSE_SECONDS == 1
    assert "left alone for a second, then longer, up to a minute" in text


def test_the_command_shows_what_it_says(folder: Path) -> None:
    page = (ROOT / "docs/once.md").read_text()
    shown = re.search(r"^\$ flask .* static\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert shown
    (folder / "tiny.css").write_text("h1 { color: red }")

    def shape(text: str) -> list[str]:
        lines = re.sub(r"\S*/static:", "/static:", text).splitlines()
        return [" ".join(re.sub(r"[\d.,]+%?", "N", line).split()) for line in lines]

    assert shape(static(folder).stdout) == shape(shown[1])


def test_what_keeps_siblings_in_use(made: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    assert static(copy, "--check").returncode == 0
    set_times(copy)
    assert static(copy, "--check").returncode == 0


def test_one_time_for_all_files_before_the_command(folder: Path) -> None:
    set_times(folder, IN_1980)
    static(folder)
    set_times(folder, IN_1980)
    assert static(folder, "--check").returncode == 0


def test_what_puts_siblings_out_of_use(made: Path) -> None:
    set_times(made, IN_1980)
    checked = static(made, "--check")
    assert checked.returncode == 1
    assert "app.css: its time is not the one of its siblings" in checked.stdout
    before = (made / "app.css.gz").stat().st_ino
    assert static(made).returncode == 0
    assert (made / "app.css.gz").stat().st_ino == before
    assert static(made, "--check").returncode == 0


def test_a_manifest_that_is_lost(made: Path) -> None:
    (made / NAME).unlink()
    assert static(made, "--check").returncode == 1
    assert "app.css.gz: left alone" in static(made).stdout
    adopted = static(made, "--adopt")
    assert adopted.returncode == 0
    # gzip is decoded with what Python itself has.
    assert re.search(r"^ +gzip +1 .* 1$", adopted.stdout, re.MULTILINE)


SPELLINGS = (
    f"/static/{NAME}",
    f"/static/no/../{NAME}",
    f"/static/./{NAME}",
    f"/static/{NAME}/",
    "/static/%2Epyfastgz.json",
)


@pytest.fixture
def names() -> dict[str, Any]:
    """Run the example of docs/security.md, and return its names."""
    page = (ROOT / "docs/security.md").read_text()
    examples = re.findall(r"^```\{testcode\}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (example,) = [example for example in examples if "hide_manifests" in example]
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(example, names)
    return names


@pytest.mark.parametrize("path", SPELLINGS)
def test_the_manifest_is_sent_unless_it_is_denied(
    made: Path, names: dict[str, Any], path: str
) -> None:
    statuses = []
    for hooks in ((), (names["hide_manifests"],)):
        app = Flask(__name__, static_folder=str(made), static_url_path="/static")
        Compress(app)
        for hook in hooks:
            app.before_request(hook)
        with app.test_client().get(path) as response:
            statuses.append(response.status_code)
        with app.test_client().get("/static/app.css") as response:
            assert response.data == SHEET
    assert statuses == [200, 404]
