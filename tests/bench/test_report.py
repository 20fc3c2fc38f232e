"""The report, what README quotes of it, and the charts: all out of the committed results."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from bench import report
from bench import results
from bench.__main__ import main
from bench.charts import draw_bars
from bench.charts import draw_scores
from bench.encoders.leads import Score
from bench.report import SECTIONS
from bench.report import blocks
from bench.report import compare
from bench.report import draw_charts
from bench.report import is_current
from bench.report import made_files
from bench.report import make_report
from bench.report import read_runs
from bench.report import with_figures
from bench.results import Run
from bench.verdicts import Verdict
from bench.verdicts import verdict_table

SVG_TEXT = "{http://www.w3.org/2000/svg}text"


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    us: float


def texts_of(svg: str) -> Counter[str]:
    return Counter(element.text or "" for element in ElementTree.fromstring(svg).iter(SVG_TEXT))


def test_results_survive_a_file_a_row_a_line(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.json"
    one = Run({"machine": "here"}, [Row("µ", 1.5), Row("b", 2.0)])
    results.write({"one": one}, path)
    results.write({"two": Run({"machine": "there"}, [Row("c", 3.0)])}, path)
    assert results.names(path) == ["one", "two"]
    assert results.read("one", Row, path) == one
    assert '["µ", 1.5],\n["b", 2.0]\n' in path.read_text("utf-8")


def test_verdicts() -> None:
    def reached(measured: float, *, at_most: bool = False) -> str:
        must, aim = (3.0, 2.0) if at_most else (2.0, 3.0)
        verdict = Verdict(
            target="t", where="w", measured=measured, must=must, aim=aim, at_most=at_most
        )
        return verdict.reached

    assert [reached(x) for x in (1.9, 2, 2.9, 3)] == ["missed", "must", "must", "aim"]
    assert [reached(x, at_most=True) for x in (3.1, 3, 2)] == ["missed", "must", "aim"]
    some = Verdict(target="t", where="w", measured=1.0, must=1.0)
    assert some.reached == "must"
    assert "≥ 1" in verdict_table([some]).as_text()
    missed = [Verdict("t", "w", 0.9, 1.0), Verdict("t", "w", 1.1, 1.0, at_most=True)]
    assert [verdict.missed_by for verdict in (some, *missed)] == pytest.approx([0, 0.1, 0.1])
    assert "10.0 %" in verdict_table(missed).as_text()


def test_a_heading_ends_a_block() -> None:
    text = "# Benchmarks\n\nA:\n\n| a |\n\n## More\n\ntext\n\nB:\n\n| b |\n"
    assert blocks(text) == {"A": "| a |", "B": "| b |"}


def test_figures_are_put_between_their_marks() -> None:
    text = "a\n<!-- bench: T -->\nold\n<!-- end -->\nb\n<!-- bench: U -->\n<!-- end -->\n"
    new = with_figures(text, "T:\n\n| 1 |\n\nU:\n\n| 2 |\n")
    assert new == (
        "a\n<!-- bench: T -->\n\n| 1 |\n\n<!-- end -->\n"
        "b\n<!-- bench: U -->\n\n| 2 |\n\n<!-- end -->\n"
    )
    assert with_figures(new, "T:\n\n| 1 |\n\nU:\n\n| 2 |\n") == new


@pytest.mark.parametrize("text", ["nothing", "<!-- bench: V -->\n<!-- end -->\n"])
def test_figures_that_are_not_there(text: str) -> None:
    with pytest.raises(ValueError, match=r"is missing|no block 'V'"):
        with_figures(text, "T:\n\n| 1 |\n")


def test_report_readme_and_chart_say_what_the_results_say() -> None:
    for path, text in made_files().items():
        assert is_current(path, text), f"python -m bench report would change {path}"


def test_readme_quotes_the_ratios_of_each_benchmark_and_no_more() -> None:
    table = compare(read_runs())
    assert re.findall(r"<!-- bench: (.+) -->", report.README.read_text("utf-8")) == [
        table.title
    ]
    assert len(table.rows) == sum(len(section.ratios) for section in SECTIONS)
    for _, *figures in table.rows:
        assert sorted(figures, key=float) == figures


def test_other_results_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tmp_path / "README.md"
    changed.write_text(report.README.read_text("utf-8").replace("1", "7"), "utf-8")
    monkeypatch.setattr(report, "README", changed)
    result = CliRunner().invoke(main, ["report", "--check"])
    assert result.exit_code == 1
    assert "README.md does not say" in result.output


def test_the_report_has_every_part() -> None:
    assert list(read_runs()) == [section.name for section in SECTIONS]
    text = report.REPORT.read_text("utf-8")
    assert all(f"## {section.heading}\n" in text for section in SECTIONS)


def test_another_machine_is_named() -> None:
    runs = read_runs()
    for run in runs.values():
        run.how["machine"] = "a machine"
    runs["hook"].how["machine"] = "another machine"
    machines = blocks(make_report(runs))["Machine"].splitlines()
    assert machines == ["a machine.", "", "another machine."]


def test_charts_are_drawn_from_the_results(tmp_path: Path) -> None:
    draw_charts(tmp_path)
    drawn = {section.name for section in SECTIONS if section.draw}
    assert {path.stem for path in tmp_path.iterdir()} == drawn
    texts = texts_of((tmp_path / "encoders.svg").read_text("utf-8"))
    assert {"16-128K", "> 1M", "libdeflate"} <= texts.keys()


def test_bars_show_their_values() -> None:
    groups = {"short": {"a": 7.25, "b": 3.5}, "long": {"a": 31_400.0, "b": 12_000.0}}
    for scale in ("linear", "log"):
        texts = texts_of(draw_bars("What is <added>", groups, "µs", scale))
        shown = {"What is <added>", "µs", "short", "long", "7.25", "3.5", "31,400", "12,000"}
        assert shown <= texts.keys()
        assert (texts["a"], texts["b"]) == (1, 1)


def test_levels_of_ours_are_named_where_there_is_room() -> None:
    scores = [Score("pyfastgz", i, "deflate", 100.0 - i, 4.0) for i in range(4, 10)]
    scores += [Score("pyfastgz zstd", 3, "zstd", 500.0, 3.9)]
    scores += [Score("zlib", 8, "deflate", 20.0, 4.0), Score("zlib", 1, "deflate", 900.0, 1.0)]
    texts = texts_of(draw_scores({"< 1.5K": scores, "> 1M": scores}, "A caption."))
    assert (texts["4"], texts["3"]) == (2, 2)
    assert not {"5", "6", "7", "8", "9"} & texts.keys()
    assert {"< 1.5K", "> 1M", "A caption."} <= texts.keys()
    assert {texts[score.family] for score in scores} == {1}  # in the one legend


def test_a_chart_is_current_if_it_was_made_of_the_same(tmp_path: Path) -> None:
    def draw(speed: float) -> str:
        scores = [Score("pyfastgz", 6, "deflate", speed, 4.0)]
        return draw_scores({"> 1M": scores}, "A caption.")

    path = tmp_path / "chart.svg"
    assert not is_current(path, draw(100.0))
    path.write_text(draw(100.0), "utf-8")
    assert path.read_text("utf-8") == draw(100.0)
    assert not is_current(path, draw(101.0))
    path.write_text(draw(100.0).replace("Matplotlib v", "Matplotlib v9"), "utf-8")
    assert is_current(path, draw(100.0))
    path.write_text("<svg/>", "utf-8")
    assert not is_current(path, draw(100.0))


def test_a_run_writes_results_report_and_charts(tmp_path: Path) -> None:
    out = tmp_path / "new"
    part = ["--quick", "--part", "hook", "--out", str(out)]
    subprocess.run([sys.executable, "-m", "bench", "run", *part], check=True, timeout=300)
    assert "## The hook" in (out / "REPORT.md").read_text("utf-8")
    assert json.loads((out / "results.json").read_text("utf-8"))["hook"]["how"]["rounds"] == 30
    assert (out / "charts" / "hook.svg").stat().st_size > 1000
