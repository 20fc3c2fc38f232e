"""A short run of the whole benchmark: what it prints and writes, never how fast anything is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench import pareto
from bench.chart import draw
from bench.chart import write_svg
from bench.leads import Score
from bench.peers import load_points

NAMES = {point.name for point in load_points()[0]}
FAMILIES = {point.family for point in load_points()[0]}


def run(folder: Path, *more: str) -> tuple[dict[str, Any], ElementTree.Element]:
    svg, data = folder / "new" / "pareto.svg", folder / "pareto.json"
    options = ["--half", "tune", "--classes", "< 1.5K", "--rounds", "1"]
    pareto.main([*options, "--json", f"{data}", "--svg", f"{svg}", *more])
    return json.loads(data.read_text("utf-8")), ElementTree.parse(svg).getroot()


@pytest.mark.usefixtures("documents")
def test_a_run_writes_data_and_a_chart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, svg = run(tmp_path)
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert {"processor", "python", "date"} < data["machine"].keys()
    assert data["versions"].keys() == FAMILIES
    assert data["half"] == "tune"

    assert data["classes"].keys() == {"< 1.5K"}
    measured = data["classes"]["< 1.5K"]
    assert measured["rounds"] == 1
    assert measured["documents"] == 17
    assert {point["name"] for point in measured["points"]} == NAMES
    for point in measured["points"]:
        assert point["speed"] > 0
        assert point["ratio"] == pytest.approx(measured["in_nbytes"] / point["out_nbytes"])
        assert (point["lead"] is None) == (point["is_ours"] or point["coding"] == "br")
        assert (point["lead_level"] is None) == (not point["lead"])
    assert measured["leads"].keys() == {"DEFLATE", "cramjam", "zstd, same level"}
    assert measured["level_sizes"].keys() == {f"{level}" for level in range(1, 10)}
    assert {target["reached"] for target in data["targets"]} <= {"aim", "must", "missed"}

    printed = capsys.readouterr().out
    for name in (*NAMES, "least lead", "mean lead", "gzip.compress"):
        assert name in printed


@pytest.mark.usefixtures("documents")
def test_tables_can_be_markdown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, "--markdown")
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) > len(NAMES)
    titles = [line for line in lines if line.endswith(":")]
    assert [line.startswith("|---") for line in lines].count(True) == len(titles)


@pytest.mark.parametrize(
    "options", [["--rounds", "0"], ["--classes", "enormous"], ["--half", "other"]]
)
def test_senseless_options_are_refused(options: list[str]) -> None:
    with pytest.raises(SystemExit):
        pareto.main(options)


def test_the_same_scores_give_the_same_chart(tmp_path: Path) -> None:
    scores = [Score("pyfastgz", i, "deflate", True, 100.0 - i, 4.0) for i in range(1, 10)]
    scores += [Score("zlib", 6, "deflate", False, 50.0, 4.0)]
    for name in ("one.svg", "two.svg"):
        write_svg(draw({"< 1.5K": scores, "> 1M": scores}, "Both"), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
