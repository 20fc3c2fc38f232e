from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz.http.validators import coded_tag
from pyfastgz.http.validators import is_strong
from pyfastgz.http.validators import lists
from pyfastgz.http.validators import uncoded_tag
from pyfastgz.http.validators import with_uncoded_tags

CODINGS = ("zstd", "br", "gzip", "deflate")
opaque_tags = st.text(st.characters(min_codepoint=0x23, max_codepoint=0x7E), max_size=20)


def test_r27_strong_tags_differ_per_coding() -> None:
    tags = {coded_tag('"abc"', coding) for coding in CODINGS}
    assert tags == {'"abc:zstd"', '"abc:br"', '"abc:gzip"', '"abc:deflate"'}


@pytest.mark.parametrize("tag", ['W/"abc"', 'w/"abc"', 'W/"a:gzip"'])
def test_r29_weak_tags_stay(tag: str) -> None:
    assert coded_tag(tag, "gzip") == tag
    assert uncoded_tag(tag, CODINGS) == tag


@pytest.mark.parametrize(
    ("tag", "coded"), [("abc", '"abc:br"'), ('""', '":br"'), ('"', '"":br"'), ('"a', '""a:br"')]
)
def test_malformed_and_empty_tags(tag: str, coded: str) -> None:
    assert coded_tag(tag, "br") == coded


@given(opaque_tags, st.sampled_from(CODINGS))
def test_r34_every_strong_tag_survives_the_round_trip(opaque: str, coding: str) -> None:
    tag = f'"{opaque}"'
    assert uncoded_tag(coded_tag(tag, coding), CODINGS) == tag


@pytest.mark.parametrize("tag", ['"x:br"', '"x:gzip:br"', '":br"'])
def test_r34_a_tag_that_ends_like_ours_loses_one_suffix_only(tag: str) -> None:
    assert uncoded_tag(coded_tag(tag, "gzip"), CODINGS) == tag
    assert uncoded_tag(coded_tag(tag, "br"), CODINGS) == tag


@pytest.mark.parametrize("tag", ['"abc"', '"gzip"', '"abc:lzma"', "*", "", ':br"', '"abc:gzip'])
def test_uncoded_tag_leaves_others_alone(tag: str) -> None:
    assert uncoded_tag(tag, CODINGS) == tag


def test_is_strong() -> None:
    assert is_strong('"a"')
    assert not is_strong('W/"a"')
    assert not is_strong("")
    assert not is_strong(None)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('"a:gzip"', True),
        ('W/"a:gzip"', True),
        ('"x", "a:gzip"', True),
        ('"a"', False),
        ('"a:br"', False),
        ('W/"a"', False),
        ("*", False),
        ("", False),
    ],
)
def test_r30_lists_compares_weakly(field: str, expected: bool) -> None:
    assert lists(field, '"a:gzip"') is expected


def test_r30_lists_weak_tag() -> None:
    assert lists('"a"', 'W/"a"')
    assert lists('W/"a"', 'W/"a"')


@given(st.text(), opaque_tags)
def test_lists_never_raises(field: str, opaque: str) -> None:
    assert lists(field, f'"{opaque}"') in {True, False}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('"a"', '"a"'),
        ("*", "*"),
        ('"a:gzip"', '"a:gzip", "a"'),
        ('"a:gzip", "b:br"', '"a:gzip", "b:br", "a", "b"'),
        ('"a:br:gzip"', '"a:br:gzip", "a:br"'),
        ('"a", "a:gzip"', '"a", "a:gzip"'),
        ('W/"a:gzip"', 'W/"a:gzip"'),
        ('"a:lzma"', '"a:lzma"'),
        ("", ""),
    ],
)
def test_r32_r34_tags_of_coded_bodies_are_listed_without_their_suffix_too(
    field: str, expected: str
) -> None:
    assert with_uncoded_tags(field, ("gzip", "br")) == expected


@given(st.text())
def test_r32_any_field_keeps_what_it_lists(field: str) -> None:
    assert with_uncoded_tags(field, ("gzip", "br")).startswith(field)
