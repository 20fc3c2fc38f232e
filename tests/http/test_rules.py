"""Every rule of the project has a test that names it, so that ``pytest -k r21`` shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
RULES = range(1, 53)
NAMES = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)


@pytest.fixture(scope="module", name="named")
def find_named() -> set[int]:
    names = [
        name for path in TESTS.rglob("test_*.py") for name in NAMES.findall(path.read_text())
    ]
    return {int(rule) for name in names for rule in re.findall(r"_r(\d+)(?=_|$)", name)}


@pytest.mark.parametrize("rule", RULES)
def test_rule_has_a_test(rule: int, named: set[int]) -> None:
    assert rule in named
