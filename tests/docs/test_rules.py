"""docs/rules.md is the one list of rules, and every rule has a test that names it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "rules.md"
RULES = re.findall(r"^- \*\*(\w+)\*\* ", PAGE.read_text(), re.MULTILINE)

RULE = re.compile(r"\b(R\d+|C[1-9])\b")
TEST = re.compile(r"^(?: {4})?(?:async )?def (test_\w+)\(", re.MULTILINE)
IN_A_NAME = re.compile(r"_([rc]\d+)(?=_|$)")


NEVER_GIVEN = {57, 58, 59, *range(81, 90), *range(95, 100)}
"""Numbers that stand for no rule."""

OF_FLASK = {"R41"}
"""Rules of what only Flask has: contexts, and what is called when they end."""


def rules_tested(pattern: str = "**/test_*.py") -> Counter[str]:
    return Counter(
        rule.upper()
        for path in (ROOT / "tests").glob(pattern)
        for name in TEST.findall(path.read_text())
        for rule in IN_A_NAME.findall(name)
    )


@pytest.fixture(scope="module", name="tested")
def find_tested() -> Counter[str]:
    return rules_tested()


def test_rules_are_numbered_once_and_none_is_missing() -> None:
    for letter in "RC":
        numbers = sorted(int(rule[1:]) for rule in RULES if rule[0] == letter)
        expected = set(range(1, numbers[-1] + 1)) - (NEVER_GIVEN if letter == "R" else set())
        assert numbers == sorted(expected)


@pytest.mark.parametrize("rule", RULES)
def test_rule_has_a_test(rule: str, tested: Counter[str]) -> None:
    assert tested[rule]


def test_every_rule_of_http_has_a_test_through_every_door() -> None:
    tested = rules_tested("doors/test_rules_*.py")
    assert {rule for rule in RULES if rule[0] == "R"} - OF_FLASK <= tested.keys()


def test_every_rule_that_a_test_names_is_there(tested: Counter[str]) -> None:
    assert tested.keys() <= set(RULES)


def test_every_rule_that_a_text_names_is_there() -> None:
    named: set[str] = set()
    kinds = {"pyfastgz": "py", "csrc": "[ch]", "tests": "py", "tools": "py", "docs": "md"}
    for folder, kind in kinds.items():
        for path in ROOT.glob(f"{folder}/**/*.{kind}"):
            named.update(RULE.findall(path.read_text()))
    assert named <= set(RULES)
