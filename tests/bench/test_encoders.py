"""A short run of the whole comparison: what it says and writes, never how fast anything is."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import results
from bench.__main__ import main
from bench.corpus import Document
from bench.encoders.peers import Point
from bench.encoders.peers import load_points
from bench.encoders.run import Row
from bench.encoders.run import measure
from bench.encoders.run import run
from bench.encoders.run import scores
from bench.encoders.tables import describe
from bench.encoders.tables import judge
from bench.results import Run
from tools.kit.tables import Table

NAMES = {point.name for point in load_points()[0]}
FAMILIES = {point.family for point in load_points()[0]}


def make_documents() -> list[Document]:
    return [Document(f"{i}", "text", "< 1.5K", "tune", b"%d" % i) for i in range(3)]


def test_a_run_writes_down_what_it_prints(documents: list[Document], tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.json"
    options = ["encoders", "--half", "tune", "--class", "< 1.5K", "--rounds", "1"]
    printed = CliRunner().invoke(main, [*options, "--json", str(path)], catch_exceptions=False)
    measured = results.read("encoders", Row, path)
    assert measured.how["versions"].keys() == FAMILIES
    assert measured.how["half"] == "tune"
    members = [d for d in documents if d.half == "tune" and d.size_class == "< 1.5K"]
    assert measured.how["classes"] == {
        "< 1.5K": {
            "documents": len(members),
            "in_nbytes": sum(len(d.body) for d in members),
            "rounds slow": 1,
            "rounds swept": 1,
            "rounds": 1,
        }
    }
    assert {f"{row.family}-{row.level}" for row in measured.rows} == NAMES
    for name in (
        *NAMES,
        "mean lead",
        "gzip.compress",
        "zstd, same level",
        "libdeflate 1-7, swept",
    ):
        assert name in printed.output
    is_swept = {f"{row.family}-{row.level}": row.swept_us > 0 for row in measured.rows}
    assert is_swept == {
        point.name: point.coding != "br" and not point.is_slow for point in load_points()[0]
    }
    assert {verdict.reached for verdict in judge(measured)} <= {"aim", "must", "missed"}
    tables = [part for part in describe(measured) if isinstance(part, Table)]
    assert all(len(table.rows) > 0 for table in tables)


@pytest.mark.parametrize(
    "options", [["--rounds", "0"], ["--class", "enormous"], ["--half", "other"]]
)
def test_senseless_options_are_refused(options: list[str]) -> None:
    assert CliRunner().invoke(main, ["encoders", *options]).exit_code == 2


def test_scores_count_all_bytes() -> None:
    """Every body here has one byte, and every coded form two."""
    point = Point("zlib", 6, "deflate", "0", lambda body: body * 2, lambda coded: coded[:1])
    measured = run(make_documents(), [point], rounds=2)
    (score,) = scores(measured)["< 1.5K"]
    assert (score.out_nbytes, score.ratio, score.name) == (6, 0.5, "zlib-6")
    assert score.speed == pytest.approx(1 / score.us)
    assert measured.how["classes"]["< 1.5K"]["rounds"] == 2


def test_only_what_was_measured_with_caches_swept_has_a_score_for_that() -> None:
    rows = [
        Row("< 1.5K", "zlib", 6, "deflate", 2.0, 5, 4.0),
        Row("> 1M", "zlib", 6, "deflate", 2.0, 5),
    ]
    sizes = {"documents": 1, "in_nbytes": 10}
    measured = Run({"classes": {"< 1.5K": sizes, "> 1M": sizes}}, rows)
    assert {name: some[0].speed for name, some in scores(measured).items()} == {
        "< 1.5K": 5.0,
        "> 1M": 5.0,
    }
    swept = scores(measured, with_caches_swept=True)
    assert {name: some[0].speed for name, some in swept.items()} == {"< 1.5K": 2.5}


def test_zopfli_does_without_the_longest_documents() -> None:
    zopfli = Point("zopfli", 15, "deflate", "0", bytes, bytes)
    zlib = Point("zlib", 6, "deflate", "0", bytes, bytes)
    long = [Document("0", "text", "> 1M", "tune", b"0")]
    rows, _ = measure([zopfli, zlib], long, rounds=1, seconds=0)
    assert [row.family for row in rows] == ["zlib"]


def test_what_does_not_decode_is_an_error() -> None:
    broken = Point("broken", 1, "deflate", "0", bytes, lambda coded: coded + b"!")
    with pytest.raises(ValueError, match="0 does not survive broken-1"):
        measure([broken], make_documents(), rounds=1, seconds=0)
