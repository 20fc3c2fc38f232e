"""The fingerprint by which bodies are found, with ctypes and without."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz.coding import core

BY_CFFI = core.lib.fgz_fingerprint  # type: ignore[attr-defined]


@given(st.binary(max_size=3000))
def test_it_is_what_the_core_says(body: bytes) -> None:
    assert core.fingerprint_of(body, len(body)) == BY_CFFI(body, len(body))


def test_it_is_the_same_where_ctypes_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctypes", None)
    function = core._fingerprint_of()
    assert function is BY_CFFI or function == BY_CFFI
    assert function(b"lamp\0table", 10) == core.fingerprint_of(b"lamp\0table", 10)
