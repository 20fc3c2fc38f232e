"""A range against a length, by tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz.http.ranges import MAX_FIELD_LENGTH
from pyfastgz.http.ranges import UNSATISFIABLE
from pyfastgz.http.ranges import Part
from pyfastgz.http.ranges import part_of

NBYTES = 1000


@pytest.mark.parametrize(
    ("field", "part"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=5-5", (5, 6)),
        ("bytes=0-999", (0, 1000)),
        ("bytes=999-999", (999, 1000)),
        ("bytes=0-", (0, 1000)),
        ("bytes=500-", (500, 1000)),
        ("bytes=500-9999", (500, 1000)),
        ("bytes=0-99999999999999999999999999", (0, 1000)),
        ("bytes=-1", (999, 1000)),
        ("bytes=-1000", (0, 1000)),
        ("bytes=-1001", (0, 1000)),
        ("bytes=-99999999999999999999999999", (0, 1000)),
        ("Bytes=1-2", (1, 3)),
        ("BYTES=1-2", (1, 3)),
        (" bytes=1-2\t", (1, 3)),
        ("bytes= 1-2 ", (1, 3)),
        # An empty member of a list is none (RFC 9110 section 5.6.1).
        ("bytes=,1-2,, ", (1, 3)),
        ("bytes=0-,", (0, 1000)),
        ("bytes=0001-0002", (1, 3)),
    ],
)
def test_a_range(field: str, part: tuple[int, int]) -> None:
    assert part_of(field, NBYTES) == part


@pytest.mark.parametrize(
    "field",
    ["bytes=1000-", "bytes=1000-1000", "bytes=99999999999999999999-", "bytes=-0", "bytes=-000"],
)
def test_a_range_beyond_the_end(field: str) -> None:
    assert part_of(field, NBYTES) is UNSATISFIABLE


@pytest.mark.parametrize("field", ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"])
def test_nothing_has_no_ranges(field: str) -> None:
    assert part_of(field, 0) is UNSATISFIABLE


@pytest.mark.parametrize(
    "field",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=,",
        "bytes=9-5",
        "bytes=a-b",
        "bytes=1",
        "bytes=1-2-3",
        "bytes=--1",
        "bytes=-1-",
        "bytes=+1-2",
        "bytes=1 - 2",
        "bytes=1-2 3",
        "bytes=1_0-20",
        "bytes=0x1-0x2",
        "bytes=\u0661-\u0662",
        "bytes=\xb2-\xb3",
        "bytes=1.0-2.0",
        "bytes =1-2",
        "bytes:1-2",
        "byte=1-2",
        "items=1-2",
        "rows=0-9",
        "bytes=0-1,3-4",
        "bytes=0-1,-1",
        "bytes=1-2;q=1",
        "bytes=0-1\n",
        "\xff",
    ],
)
def test_a_field_that_is_ignored(field: str) -> None:
    assert part_of(field, NBYTES) is None


def test_r50_a_long_field_is_ignored() -> None:
    field = "bytes=" + "0" * (MAX_FIELD_LENGTH - 8) + "-9"
    assert part_of(field, NBYTES) == Part(0, 10)
    assert part_of(field + "0", NBYTES) is None
    assert part_of("bytes=" + "9" * 10**6 + "-", NBYTES) is None
    assert part_of("bytes=" + "," * 10**6, NBYTES) is None


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_a_part_is_what_a_slice_has(first: int, last: int, nbytes: int) -> None:
    whole = bytes(range(nbytes))
    for field, expected in (
        (f"bytes={first}-{last}", whole[first : last + 1] if first <= last else None),
        (f"bytes={first}-", whole[first:]),
        (f"bytes=-{last}", whole[-last:] if last else b""),
    ):
        part = part_of(field, nbytes)
        if expected is None:
            assert part is None
        else:
            assert part is not None
            assert whole[part.start : part.stop] == expected
            assert (part is UNSATISFIABLE) is (expected == b"")


@given(st.text(), st.integers(0, 1000))
def test_r46_any_field_is_survived(field: str, nbytes: int) -> None:
    for value in (field, f"bytes={field}"):
        part = part_of(value, nbytes)
        assert part is None or 0 <= part.start <= part.stop <= nbytes
