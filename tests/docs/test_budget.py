"""What docs/budget.md says of steps is so."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from pyfastgz.budget import BORDERS
from pyfastgz.budget import GAP
from pyfastgz.budget import LAST
from pyfastgz.budget import SECONDS
from pyfastgz.coding import CODINGS
from pyfastgz.coding import levels_down

PAGE = Path(__file__).resolve().parents[2] / "docs" / "budget.md"


def share(text: str) -> float:
    return 0.0 if text == "nothing" else float(Fraction(text))


def test_steps_begin_and_end_there_and_have_these_levels() -> None:
    rows = re.findall(r"^\| \d \|.*\|$", PAGE.read_text(), re.MULTILINE)[: 1 + LAST]
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    numbers, begins, ends, *columns = zip(*cells, strict=True)
    assert list(map(int, numbers)) == list(range(1 + LAST))
    assert tuple(map(share, begins[1:])) == BORDERS
    assert [*map(share, ends[1:])] == [each + GAP for each in BORDERS]
    for coding, column in zip(("gzip", "zstd", "br"), columns, strict=True):
        levels = levels_down(coding, CODINGS[coding].default_level)
        assert column == (*map(str, levels), "not compressed")
    assert levels_down("deflate", 6) == levels_down("gzip", 6)


def test_the_bucket_is_as_large_as_it_says() -> None:
    text = " ".join(PAGE.read_text().split())
    assert SECONDS == 8
    assert "a quarter of one core in each process, and eight times as much at once" in text
    assert "from br 11 to 7, 3 and 0" in text
    assert levels_down("br", 11) == (11, 7, 3, 0)
