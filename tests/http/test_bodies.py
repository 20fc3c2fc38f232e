from __future__ import annotations

from array import array
from collections.abc import Sequence

import pytest

from pyfastgz.http.bodies import nbytes_of

Part = str | bytes | bytearray | memoryview


@pytest.mark.parametrize(
    ("parts", "nbytes"),
    [
        ([], 0),
        ([""], 0),
        (["abc", b"abc"], 6),
        (["é", "日本", "🙂"], 2 + 6 + 4),
        (("a" * 1000 + "é",), 1002),
        ([bytearray(b"ab"), memoryview(b"abc")], 5),
        ([memoryview(array("I", [1, 2, 3]))], 3 * array("I").itemsize),
        (["\ud800"], 1),
    ],
)
def test_bytes_and_not_characters_are_counted(parts: Sequence[Part], nbytes: int) -> None:
    assert nbytes_of(parts) == nbytes
