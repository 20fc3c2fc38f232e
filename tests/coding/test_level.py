"""One rule for a level, wherever it is given."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from enum import IntEnum
from fractions import Fraction
from typing import Any

import decoders
import pytest

import pyfastgz
from pyfastgz.coding import checked_level
from pyfastgz.coding import coding_named

CODINGS = decoders.CODINGS


class Effort(IntEnum):
    LOW = 1
    HIGH = 9
    TOO_HIGH = 99


class Strange(int):
    """An int that lies about everything but its value."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 7

    def __int__(self) -> int:
        return 7

    def __index__(self) -> int:
        return 7

    def __str__(self) -> str:
        return "seven"


class Index:
    def __index__(self) -> int:
        return 6


class NoInt(Enum):
    SIX = 6


NOT_INTS = [
    True,
    False,
    6.0,
    float("nan"),
    "6",
    b"6",
    6j,
    Decimal(6),
    Fraction(6),
    Index(),
    NoInt.SIX,
    [6],
    (6,),
    {},
]


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("level", NOT_INTS, ids=repr)
def test_what_is_no_int_is_refused(coding: str, level: Any) -> None:
    # What it is equal to may have been used before, and be found by that.
    for equal in (1, 0, 6):
        pyfastgz.compress(b"x", coding, level=equal)
    for use in (
        lambda: checked_level(coding, level),
        lambda: pyfastgz.compress(b"x", coding, level=level),
        lambda: pyfastgz.Encoder(coding, level),
        lambda: pyfastgz.Encoder(coding, level, small=True),
    ):
        with pytest.raises(
            TypeError, match=f"must be an int or None, not {type(level).__name__}"
        ):
            use()


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("level", [Effort.LOW, Effort.HIGH, Strange(1), Strange(9)], ids=repr)
def test_an_int_of_a_subclass_counts_by_its_value(coding: str, level: int) -> None:
    value = int.__index__(level)
    body = b"<li>lamp %d</li>" % value * 1000
    checked = checked_level(coding, level)
    assert type(checked) is int
    assert checked == value
    expected = pyfastgz.compress(body, coding, level=value)
    for _ in range(2):
        assert pyfastgz.compress(body, coding, level=level) == expected
    with pyfastgz.Encoder(coding, level, len(body)) as encoder:
        decoders.check(coding, encoder.write(body) + encoder.finish(), body)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_level_out_of_range_is_named(coding: str) -> None:
    levels = coding_named(coding).levels
    for level in (
        levels[0] - 1,
        levels[-1] + 1,
        10**30,
        -(10**30),
        Effort.TOO_HIGH,
        Strange(99),
    ):
        number = int.__index__(level)
        for use in (
            lambda: checked_level(coding, level),  # noqa: B023
            lambda: pyfastgz.compress(b"x", coding, level=level),  # noqa: B023
            lambda: pyfastgz.Encoder(coding, level),  # noqa: B023
        ):
            with pytest.raises(ValueError, match=f"^level {number} of {coding} is not in "):
                use()
    for level in (levels[0], levels[-1]):
        assert checked_level(coding, level) == level


def test_none_is_the_default() -> None:
    assert [checked_level(coding, None) for coding in ("gzip", "deflate", "zstd")] == [6, 6, 3]


def test_the_coding_is_checked_too() -> None:
    with pytest.raises(ValueError, match="unknown coding 'nonsense'"):
        checked_level("nonsense", 6)
