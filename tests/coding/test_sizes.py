"""Output may only shrink: no level makes more of the generated bodies than it once did."""

from __future__ import annotations

import sizes


def test_no_level_makes_more_than_the_committed_size() -> None:
    now = sizes.measure()
    grown = {
        f"{group}, level {level}": f"{nbytes} to {now[group][level]} bytes"
        for group, by_level in sizes.committed().items()
        for level, nbytes in by_level.items()
        if now[group][level] > nbytes
    }
    assert not grown, "if it is worth it: python tests/coding/sizes.py --write"


def test_the_table_has_every_group_and_level() -> None:
    expected = {*sizes.GROUPS, sizes.FLUSHED}
    table = sizes.committed()
    assert set(table) == expected
    for by_level in table.values():
        assert list(map(int, by_level)) == list(sizes.LEVELS)
