from __future__ import annotations

from tools.kit.tables import Table


def make_table() -> Table:
    table = Table("Some figures", ["name"], ["count"], ["remark"])
    table.add("one", "1")
    table.add("two", "2,000", "many")
    return table


def test_columns_are_aligned_and_lines_equally_long() -> None:
    title, *lines = make_table().as_text().splitlines()
    assert title == "Some figures"
    assert len({len(line) for line in lines}) == 1
    assert [line.split() for line in lines[1:2] + lines[3:5]] == [
        ["name", "count", "remark"],
        ["one", "1"],
        ["two", "2,000", "many"],
    ]
    assert lines[3].index("1") == lines[4].index("2,000") + len("2,00")


def test_markdown() -> None:
    assert make_table().as_markdown() == (
        "Some figures:\n"
        "\n"
        "| name | count | remark |\n"
        "|------|------:|--------|\n"
        "| one  |     1 |        |\n"
        "| two  | 2,000 | many   |"
    )
