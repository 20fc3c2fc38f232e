"""What a killed run has noted, and what is made of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import names_below
from trees import options
from trees import run
from trees import text
from trees import write

from pyfastgz.static import journal
from pyfastgz.static import run as running
from pyfastgz.static.journal import Journal
from pyfastgz.static.journal import recover
from pyfastgz.static.make import make
from pyfastgz.static.manifest import Manifest
from pyfastgz.static.manifest import SiblingFile
from pyfastgz.static.manifest import Source
from pyfastgz.static.remove import clean
from pyfastgz.static.report import Progress

ONE, OTHER = "1" * 64, "2" * 64
GZIP = {"gzip": SiblingFile("a.js.gz", 5, ONE)}
ZSTD = {"zstd": SiblingFile("a.js.zst", 4, ONE)}
NONE = Manifest({})


def noted(folder: Path, *sources: Source) -> None:
    each = Journal(str(folder))
    for source in sources:
        each.note("a.js", source)
    each.close()


def test_nothing_was_noted(tmp_path: Path) -> None:
    known = Manifest({"a.js": Source(9, 1, ONE, GZIP)})
    assert recover(str(tmp_path), known) is known


def test_what_was_noted_counts_as_known(tmp_path: Path) -> None:
    noted(tmp_path, Source(9, 1, ONE, GZIP), Source(9, 1, ONE, ZSTD))
    expected = Manifest({"a.js": Source(9, 1, ONE, {**GZIP, **ZSTD})})
    assert recover(str(tmp_path), NONE) == expected
    assert recover(str(tmp_path), Manifest({"a.js": Source(9, 1, ONE, ZSTD)})) == expected


def test_siblings_of_an_older_content_are_known_and_not_trusted(tmp_path: Path) -> None:
    """Else they would be taken for those of the newer content, which they are not."""
    noted(tmp_path, Source(8, 2, OTHER, GZIP))
    known = Manifest({"a.js": Source(9, 1, ONE, {**GZIP, **ZSTD})})
    source = recover(str(tmp_path), known).files["a.js"]
    assert source.sha256 == OTHER
    assert source.siblings["gzip"] == GZIP["gzip"]
    assert source.siblings["zstd"] == ZSTD["zstd"]._replace(sha256="0" * 64)


@given(st.integers(0, 400), st.binary(max_size=20))
def test_a_line_that_was_not_finished_is_left_out(
    tmp_path_factory: pytest.TempPathFactory, kept: int, garbage: bytes
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    noted(folder, Source(9, 1, ONE, GZIP))
    place = folder / journal.NAME
    place.write_bytes(place.read_bytes()[:kept] + garbage.replace(b"\n", b""))
    noted(folder, Source(9, 1, ONE, ZSTD))
    assert "zstd" in recover(str(folder), NONE).files["a.js"].siblings


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists) | st.just(["a", {}]))
def test_lines_of_anything_else(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    (folder / journal.NAME).write_text(json.dumps(value))
    assert recover(str(folder), NONE) == NONE


def stopped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make siblings, up to the manifest."""
    with monkeypatch.context() as patch:
        patch.setattr(running.Run, "record", lambda self, _: self._journal.close())
        make(str(folder), options("gzip", "zstd"), Progress())
    assert (folder / journal.NAME).exists()


def test_a_source_that_is_gone_since_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "app.js", text(1))
    stopped(tmp_path, monkeypatch)
    (tmp_path / "app.js").rename(tmp_path / "new.js")
    run(tmp_path, "gzip")
    assert names_below(tmp_path) == {"new.js", "new.js.gz", ".pyfastgz.json"}


def test_a_source_that_has_changed_since_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "app.js", text(1))
    run(tmp_path, "zstd")
    write(tmp_path / "app.js", text(2))
    stopped(tmp_path, monkeypatch)
    write(tmp_path / "app.js", text(3))
    report = run(tmp_path, "gzip", "zstd")
    assert report.notes == []
    assert [total.made for total in report.totals.values()] == [1, 1]


def test_what_was_made_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "app.js", text(1))
    stopped(tmp_path, monkeypatch)
    report = run(tmp_path, "gzip", "zstd")
    assert [total.made for total in report.totals.values()] == [0, 0]


def test_it_can_be_cleaned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "app.js", text(1))
    stopped(tmp_path, monkeypatch)
    clean(str(tmp_path), options().choice, Progress())
    assert names_below(tmp_path) == {"app.js"}
