"""One report of what the benchmarks print, and what README quotes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.table import Table

from bench import __main__ as suite
from bench import readme
from bench.bars import draw_bars
from bench.chart import write_svg
from bench.hook_application import OURS
from bench.hook_application import RIVAL
from bench.printer import Printer
from bench.readme import with_figures
from bench.report import as_page
from bench.report import blocks
from bench.report import tidy


def print_some(printer: Printer) -> Table:
    table = printer.start_table("Some figures", ["name"], ["count"], ["remark"])
    table.add_row("one", "1", "")
    printer.end_section(table)
    table.add_row("two", "2,000", "many")
    printer.print_table(table)
    printer.print_text("Measured [somewhere].")
    return table


def test_what_is_printed_as_markdown_becomes_a_block(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_some(Printer(markdown=True))
    report = tidy(capsys.readouterr().out)
    assert blocks(report) == {
        "Some figures": "| name | count | remark |\n"
        "|------|-------|--------|\n"
        "| one  |     1 |        |\n"
        "| two  | 2,000 | many   |\n"
        "\n"
        "Measured [somewhere]."
    }


def test_what_is_printed_for_a_terminal_is_not_markdown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_some(Printer())
    printed = capsys.readouterr().out
    assert "2,000" in printed
    assert "|" not in printed


def test_a_heading_ends_a_block() -> None:
    report = "# Benchmarks\n\nA:\n\n| a |\n\n## More\n\ntext\n\nB:\n\n| b |\n"
    assert blocks(report) == {"A": "| a |", "B": "| b |"}


def test_a_page_needs_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text("<svg/>", "utf-8")
    page = as_page(
        "# Benchmarks\n\n![bars](a.svg)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", tmp_path
    )
    assert 'src="data:image/svg+xml;base64,PHN2Zy8+"' in page
    assert page.count("<td>") == 2
    assert "a.svg" not in page


def test_bars_show_their_values(tmp_path: Path) -> None:
    file = tmp_path / "bars.svg"
    groups = {"short": {RIVAL: 7.25, OURS: 3.5}, "long": {RIVAL: 31_400.0, OURS: 12_000.0}}
    write_svg(draw_bars("What is added", groups, "µs", log=True), file)
    texts = {element.text for element in ElementTree.parse(file).iter() if element.text}
    assert {"short", "long", RIVAL, OURS, "7.25", "3.5", "31,400", "12,000"} <= texts


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


def test_readme_has_the_figures_of_the_report() -> None:
    readme.main(["--check"])


def test_readme_with_other_figures_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "REPORT.md"
    other.write_text(readme.REPORT.read_text("utf-8").replace("1", "7"), "utf-8")
    monkeypatch.setattr(readme, "REPORT", other)
    with pytest.raises(SystemExit, match="other figures"):
        readme.main(["--check"])


def test_the_report_has_every_part() -> None:
    report = readme.REPORT.read_text("utf-8")
    for part in suite.PARTS:
        assert f"## {part.heading}\n" in report
        for suffix in ("json", "svg"):
            file = readme.REPORT.parent / "results" / f"{part.name}.{suffix}"
            assert file.stat().st_size > 1000


def test_a_run_writes_report_page_and_figures(tmp_path: Path) -> None:
    out = tmp_path / "new"
    part = ["--quick", "--parts", "hook", "--out", str(out)]
    subprocess.run([sys.executable, "-m", "bench", *part], check=True, timeout=300)
    assert "## The hook" in (out / "REPORT.md").read_text("utf-8")
    assert "data:image/svg+xml" in (out / "REPORT.html").read_text("utf-8")
    assert json.loads((out / "results" / "hook.json").read_text("utf-8"))["rounds"] == 30
