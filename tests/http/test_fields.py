from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz.http.fields import STALE_WHEN_CODED
from pyfastgz.http.fields import collect
from pyfastgz.http.fields import declared_length
from pyfastgz.http.fields import has_directive
from pyfastgz.http.fields import media_type
from pyfastgz.http.fields import server_timing
from pyfastgz.http.fields import tokens
from pyfastgz.http.fields import vary_with


def test_collect_joins_repeated_lines_of_any_case() -> None:
    headers = [("Vary", "Cookie"), ("X-A", "1"), ("vary", "Origin")]
    assert collect(headers) == {"vary": "Cookie, Origin", "x-a": "1"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text/html", "text/html"),
        ("Text/HTML; charset=utf-8", "text/html"),
        ("text/html ;charset=utf-8", "text/html"),
        ("", ""),
        (";", ""),
    ],
)
def test_r16_media_type_without_case_and_parameters(value: str, expected: str) -> None:
    assert media_type(value) == expected


@pytest.mark.parametrize(
    ("vary", "expected"),
    [
        ("", "Accept-Encoding"),
        ("Cookie", "Cookie, Accept-Encoding"),
        ("Accept-Encoding", "Accept-Encoding"),
        ("accept-encoding", "accept-encoding"),
        ("Cookie, Accept-Encoding", "Cookie, Accept-Encoding"),
        ("Cookie, cookie,Origin", "Cookie, Origin, Accept-Encoding"),
        ("X-Accept-Encoding", "X-Accept-Encoding, Accept-Encoding"),
        ("Accept-Encoding-X", "Accept-Encoding-X, Accept-Encoding"),
        ("*", "*"),
        ("Cookie, *", "*"),
        (" , Cookie,, ", "Cookie, Accept-Encoding"),
    ],
)
def test_r21_vary(vary: str, expected: str) -> None:
    assert vary_with(vary) == expected


@given(st.lists(st.sampled_from(["Cookie", "cookie", "Origin", "accept-encoding", " ", "*"])))
def test_r21_adding_twice_is_adding_once(names: list[str]) -> None:
    once = vary_with(", ".join(names))
    assert vary_with(once) == once
    lowered = [name.lower() for name in tokens(once)]
    assert len(set(lowered)) == len(lowered)
    assert lowered == ["*"] or "accept-encoding" in lowered
    assert {name.strip().lower() for name in names} - {""} <= set(lowered) or lowered == ["*"]


def test_r24_r25_fields_that_coding_makes_untrue() -> None:
    assert {"accept-ranges", "content-md5", "content-digest", "repr-digest"} <= STALE_WHEN_CODED
    assert "unencoded-digest" not in STALE_WHEN_CODED


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        ("12", 12),
        ("-1", None),
        ("", None),
        ("1.5", None),
        ("²", None),
        ("1, 1", None),
    ],
)
def test_declared_length(value: str, expected: int | None) -> None:
    assert declared_length({"content-length": value}) == expected


def test_declared_length_absent() -> None:
    assert declared_length({}) is None


def test_server_timing_is_in_milliseconds() -> None:
    assert server_timing("gzip 7.4x", 0.00021) == 'fastgz;dur=0.21;desc="gzip 7.4x"'
    assert server_timing("too_small") == 'fastgz;desc="too_small"'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, False),
        ("", False),
        ("no-store", True),
        ("No-Store", True),
        ("private, max-age=0 ,no-store,", True),
        ("no-store=1", True),
        ('private="a, b", no-store', True),
        ('private="a, no-store, b"', False),
        (r'private="a\", no-store, b"', False),
        ("x-no-store, no-stores", False),
        ('private="a, no-store', True),
    ],
)
def test_a_directive_is_found_by_its_name(value: str | None, expected: bool) -> None:
    assert has_directive(value, "no-store") is expected
