"""The benchmark of files coded ahead of time: the trees, the tools for real, the verdicts."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from bench import results
from bench.corpus import Document
from bench.results import Run
from bench.static import run as static
from bench.static.run import OURS
from bench.static.run import OURS_WITHOUT_ZSTD
from bench.static.run import TOOLS
from bench.static.run import WHITENOISE
from bench.static.run import Row
from bench.static.run import judge
from bench.static.run import measure
from bench.static.run import nbytes_by_whitenoise
from bench.static.run import unchanged_by_whitenoise
from bench.static.trees import TREES
from bench.static.trees import Tree
from bench.static.trees import unpack
from tools.kit.decoders import decode

ROW = Row("a tree", OURS, 1000, 9000, 3.0, 6.0, 1.0, 0.9, 2000, 4000, 3000, 3500)


@pytest.fixture(autouse=True)
def with_packages(documents: list[Document]) -> None:
    """Skip these tests where the packages are not to be had."""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Tree:
    tree = replace(TREES["Django's admin"], name="small", most=12)
    monkeypatch.setitem(TREES, tree.name, tree)
    return tree


@pytest.mark.parametrize(
    ("name", "files"), [("1,000 icons", 1000), ("Django's admin", 124), ("Swagger UI", 12)]
)
def test_trees_have_their_files(tmp_path: Path, name: str, files: int) -> None:
    paths = unpack(TREES[name], tmp_path)
    assert len(set(paths)) == files
    assert all(path.is_relative_to(tmp_path) and path.stat().st_size > 0 for path in paths)


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_codes_a_tree(tmp_path: Path, small: Tree, tool: str) -> None:
    row = measure(small.name, tool, tmp_path)
    assert row.files == 12
    assert row.in_nbytes > row.gzip_nbytes > row.br_nbytes
    makes_zstd = tool not in {WHITENOISE, OURS_WITHOUT_ZSTD}
    assert (row.zstd_nbytes < row.in_nbytes) == makes_zstd
    codings = {
        coding: path
        for path in tmp_path.rglob("*")
        for coding, suffixes in static.SUFFIXES.items()
        if path.suffix in suffixes
    }
    assert len(codings) == 2 + makes_zstd
    for coding, path in codings.items():
        assert decode(coding, path.read_bytes()) == path.with_suffix("").read_bytes()


def test_what_is_left_out_counts_as_it_is(tmp_path: Path) -> None:
    files = [tmp_path / "a.js", tmp_path / "b.js"]
    for path in files:
        path.write_bytes(b"a" * 1000)
    coded = gzip.compress(b"a" * 1000)
    (tmp_path / "a.js.gz").write_bytes(coded)
    assert static._sent_nbytes(files, (".gz",)) == 1000 + len(coded)
    assert static._sent_nbytes(files, (".zst", ".zstd")) == 2000


def test_ratios_are_of_the_same_trees() -> None:
    theirs = replace(ROW, tool=WHITENOISE, gzip_nbytes=5000, br_nbytes=3000)
    run = Run({}, [ROW, replace(theirs, second_cpu_seconds=9.0)])
    assert nbytes_by_whitenoise(run) == [0.8, 1.0]
    assert unchanged_by_whitenoise(run) == pytest.approx([0.1])


def test_verdicts() -> None:
    few, slow = replace(ROW, files=999, second_seconds=9.0), replace(ROW, second_seconds=1.1)
    assert [verdict.reached for verdict in judge([ROW, few, slow])] == ["must", "missed"]


def test_figures_are_written_down(tmp_path: Path, small: Tree) -> None:
    file = tmp_path / "results.json"
    rows = [replace(ROW, tool=tool) for tool in TOOLS]
    results.write({"static": Run({"machine": "here"}, rows)}, file)
    assert results.read("static", Row, file).rows == rows
