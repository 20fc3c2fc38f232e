"""The fingerprint by which bodies are found."""

from __future__ import annotations

from typing import Any

import patience  # noqa: F401
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz._core import lib
from pyfastgz.coding.core import fingerprint_of


@given(st.binary(max_size=3000))
def test_it_is_what_the_core_says(body: bytes) -> None:
    assert fingerprint_of(body) == lib.fgz_fingerprint(body, len(body))


@pytest.mark.parametrize("body", ["lamp", None, 7, bytearray(b"lamp"), memoryview(b"lamp")])
def test_only_bytes_have_one(body: Any) -> None:
    with pytest.raises(TypeError):
        fingerprint_of(body)
