from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz.http.conditions import Conditions
from pyfastgz.http.conditions import allows_part
from pyfastgz.http.conditions import failed_precondition
from pyfastgz.http.conditions import lists
from pyfastgz.http.conditions import tag_of_304
from pyfastgz.http.tags import MAX_FIELD_LENGTH
from pyfastgz.http.tags import EntityTag
from pyfastgz.http.tags import TagList
from pyfastgz.http.tags import coded_tag
from pyfastgz.http.tags import ends_like_coded
from pyfastgz.http.tags import is_strong
from pyfastgz.http.tags import parse_tag
from pyfastgz.http.tags import parse_tags
from pyfastgz.http.tags import uncoded_tag
from pyfastgz.http.tags import uncoded_tags
from pyfastgz.http.tags import weak_tag

CODINGS = ("zstd", "br", "gzip", "deflate")
opaque_tags = st.text(st.characters(min_codepoint=0x23, max_codepoint=0x7E), max_size=20)


def test_r27_strong_tags_differ_per_coding() -> None:
    tags = {coded_tag('"abc"', coding) for coding in CODINGS}
    assert tags == {'"abc:zstd"', '"abc:br"', '"abc:gzip"', '"abc:deflate"'}


@pytest.mark.parametrize("tag", ['W/"abc"', 'w/"abc"', 'W/"a:gzip"'])
def test_r29_weak_tags_stay(tag: str) -> None:
    assert coded_tag(tag, "gzip") == tag


@pytest.mark.parametrize("tag", ['"abc"', 'W/"abc"', "abc", 'w/"abc"'])
def test_r28_a_tag_can_be_made_weak(tag: str) -> None:
    assert weak_tag(tag) == 'W/"abc"'


@pytest.mark.parametrize(
    ("tag", "coded"), [("abc", "abc:br"), ('""', '":br"'), ('"', '":br'), ('"a', '"a:br')]
)
def test_malformed_and_empty_tags(tag: str, coded: str) -> None:
    assert coded_tag(tag, "br") == coded


@given(opaque_tags, st.sampled_from(CODINGS))
def test_r34_every_strong_tag_survives_the_round_trip(opaque: str, coding: str) -> None:
    tag = f'"{opaque}"'
    assert str(uncoded_tag(parse_tag(coded_tag(tag, coding)), CODINGS)) == tag


@pytest.mark.parametrize("tag", ['"x:br"', '"x:gzip:br"', '":br"'])
def test_r34_a_tag_that_ends_like_ours_loses_one_suffix_only(tag: str) -> None:
    assert str(uncoded_tag(parse_tag(coded_tag(tag, "gzip")), CODINGS)) == tag
    assert str(uncoded_tag(parse_tag(coded_tag(tag, "br")), CODINGS)) == tag


@pytest.mark.parametrize("opaque", ["abc", "gzip", "abc:lzma", "*", "", ":br ", "abc:gzi"])
def test_uncoded_tag_leaves_others_alone(opaque: str) -> None:
    assert uncoded_tag(EntityTag(opaque), CODINGS) == EntityTag(opaque)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("*", TagList((), is_any=True)),
        (" * ", TagList((), is_any=True)),
        ('""', TagList((EntityTag(""),))),
        ('"a", ""', TagList((EntityTag("a"), EntityTag("")))),
        ('W/"a" , w/"b"', TagList((EntityTag("a", True), EntityTag("b", True)))),
        (',, "a"\t,', TagList((EntityTag("a"),))),
        ('"a,b"', TagList((EntityTag("a,b"),))),
        (
            "a,W/b",
            TagList((EntityTag("a", is_bare=True), EntityTag("b", True, is_bare=True))),
        ),
        ('"a b"', TagList((EntityTag("a b"),))),
        ('"é"', TagList((EntityTag("é"),))),
    ],
)
def test_r46_lists_of_tags(field: str, expected: TagList) -> None:
    assert parse_tags(field) == expected


@pytest.mark.parametrize(
    "field",
    ["", " ", ",", '"', '"a', 'a"', 'a"b', '"a" "b"', '"a""b"', "W/", 'W/"', '*, "a"', "a b"],
)
def test_r46_lists_in_doubt(field: str) -> None:
    assert parse_tags(field) is None
    for keeps_coded in (True, False):
        assert uncoded_tags(field, CODINGS, keeps_coded=keeps_coded) == field


def test_r50_long_lists_are_not_looked_at() -> None:
    tags = '"a:gzip"' + "," * (MAX_FIELD_LENGTH - 8)
    assert parse_tags(tags) is not None
    assert parse_tags(tags + ",") is None


@given(st.lists(st.builds(EntityTag, opaque_tags, st.booleans(), st.just(False)), min_size=1))
def test_r46_what_is_written_is_read_again(tags: list[EntityTag]) -> None:
    assert parse_tags(" , ".join(map(str, tags))) == TagList(tuple(tags))


@given(st.text() | st.text('", \tW/*a:gzip'))
def test_r46_nothing_is_raised_for_any_text(text: str) -> None:
    parse_tag(text)
    parse_tags(text)
    conditions = Conditions(text, text, text, text, text)
    assert failed_precondition(conditions, text, text) in {None, 304, 412}
    assert allows_part(conditions, text) in {True, False}
    tag_of_304(conditions, text, text, CODINGS)


DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
EARLIER = "Wed, 31 Dec 2025 23:59:59 GMT"
LATER = "Thu, 01 Jan 2026 00:00:01 GMT"


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, None),
        ({"if_match": '"t"'}, None),
        ({"if_match": '"x", "t"'}, None),
        ({"if_match": "*"}, None),
        ({"if_match": '"x"'}, 412),
        ({"if_match": 'W/"t"'}, 412),
        ({"if_match": '"t'}, None),
        ({"if_match": '"x"', "if_none_match": '"t"'}, 412),
        ({"if_match": '"t"', "if_none_match": '"t"'}, 304),
        ({"if_unmodified_since": EARLIER}, 412),
        ({"if_unmodified_since": DATE}, None),
        ({"if_unmodified_since": LATER}, None),
        ({"if_unmodified_since": "then"}, None),
        ({"if_match": '"t"', "if_unmodified_since": EARLIER}, None),
        ({"if_none_match": '"t"'}, 304),
        ({"if_none_match": 'W/"t"'}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": '"x"'}, None),
        ({"if_none_match": '"x"', "if_modified_since": DATE}, None),
        ({"if_none_match": '"', "if_modified_since": DATE}, None),
        ({"if_modified_since": DATE}, 304),
        ({"if_modified_since": LATER}, 304),
        ({"if_modified_since": EARLIER}, None),
        ({"if_modified_since": "Thursday, 01-Jan-26 00:00:00 GMT"}, 304),
        ({"if_modified_since": "Thu Jan  1 00:00:00 2026"}, 304),
        ({"if_modified_since": "yesterday"}, None),
        ({"if_modified_since": "Thu, 99 Jan 2026 00:00:00 GMT"}, None),
        ({"if_modified_since": "Thu, 01 Jan 999999 00:00:00 GMT"}, None),
        ({"if_modified_since": "9" * 5000}, None),
        ({"if_modified_since": "Thu, 01 Jan 2026 00:00:00 -0800"}, None),
        ({"if_unmodified_since": "Thu, 01 Jan 2026 00:00:00 +0800"}, None),
    ],
)
def test_conditions_in_their_order(conditions: dict[str, str], expected: int | None) -> None:
    assert failed_precondition(Conditions(**conditions), '"t"', DATE) == expected


def test_conditions_on_what_a_representation_does_not_have() -> None:
    conditions = Conditions('"x"', "*", DATE, EARLIER)
    assert failed_precondition(conditions, None, None) is None
    assert failed_precondition(Conditions(if_modified_since=DATE), '"t"', None) is None
    assert failed_precondition(Conditions(if_none_match='"t"'), None, DATE) is None


@pytest.mark.parametrize(
    ("if_none_match", "tag"),
    [
        (None, '"t:zstd"'),
        ("*", '"t:zstd"'),
        ('"t:zstd"', '"t:zstd"'),
        ('W/"t:zstd"', '"t:zstd"'),
        ('"t", "t:zstd"', '"t:zstd"'),
        ('"t"', '"t"'),
        ('"t:gzip", "t"', '"t"'),
        ('"t:gzip"', '"t:gzip"'),
        ('"x", W/"t:br"', '"t:br"'),
        ('"x"', '"t:zstd"'),
        ('"t', '"t"'),
    ],
)
def test_r48_the_tag_of_a_304(if_none_match: str | None, tag: str | None) -> None:
    conditions = Conditions(if_none_match=if_none_match)
    assert tag_of_304(conditions, '"t"', '"t:zstd"', CODINGS) == tag
    assert tag_of_304(conditions, 'W/"t"', 'W/"t"', CODINGS) == 'W/"t"'


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
    ("field", "alone", "beside"),
    [
        ('"a"', '"a"', '"a"'),
        ("*", "*", "*"),
        ('"a:gzip"', '"a"', '"a", "a:gzip"'),
        ('"a:gzip", "b:br"', '"a", "b"', '"a", "b", "a:gzip", "b:br"'),
        ('"a:br:gzip"', '"a:br"', '"a:br", "a:br:gzip"'),
        ('"a", "a:gzip"', '"a"', '"a", "a:gzip"'),
        ('W/"a:gzip"', 'W/"a"', 'W/"a", W/"a:gzip"'),
        ('":gzip"', '""', '"", ":gzip"'),
        ("a:gzip", "a", "a, a:gzip"),
        ('"a:lzma"', '"a:lzma"', '"a:lzma"'),
        ("", "", ""),
    ],
)
def test_r32_r34_r45_tags_without_their_suffix(field: str, alone: str, beside: str) -> None:
    codings = ("gzip", "br")
    assert uncoded_tags(field, codings, keeps_coded=False) == alone
    assert uncoded_tags(field, codings, keeps_coded=True) == beside


def test_r34_tags_that_are_the_applications_own_stay() -> None:
    assert (
        uncoded_tags('"a:br", "b:br", W/"a:br"', CODINGS, {"a:br"}) == '"a:br", "b", W/"a:br"'
    )


@pytest.mark.parametrize(
    ("etag", "expected"),
    [('"a:gzip"', True), ("a:br", True), ('"a"', False), ('"gzip"', False)],
)
def test_r34_tags_of_an_application_that_end_like_ours(etag: str, expected: bool) -> None:
    assert ends_like_coded(etag, CODINGS) is expected


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, True),
        ({"if_match": '"t"'}, True),
        ({"if_range": '"t"'}, True),
        ({"if_range": 'W/"t"'}, False),
        ({"if_range": '"t:gzip"'}, False),
        ({"if_range": DATE}, False),
        ({"if_range": ""}, False),
        ({"if_unmodified_since": DATE}, False),
        ({"if_range": '"t"', "if_unmodified_since": DATE}, False),
    ],
)
def test_r47_conditions_that_allow_a_part(conditions: dict[str, str], expected: bool) -> None:
    assert allows_part(Conditions(**conditions), '"t"') is expected
    assert not allows_part(Conditions(if_range='"t"'), 'W/"t"')
    assert not allows_part(Conditions(if_range='"t"'), None)


@pytest.mark.parametrize(
    ("field", "alone"),
    [
        ('"a:gzip-0123abcd"', '"a"'),
        ('W/"a:br-ffffffff", "b:zstd"', 'W/"a", "b"'),
        ('"a:gzip-0123abcde"', '"a:gzip-0123abcde"'),
        ('"a:gzip-0123ABCD"', '"a:gzip-0123ABCD"'),
        ('"a:gzip-0123abc"', '"a:gzip-0123abc"'),
        # As the tags of Flask's files end, which are of decimal digits.
        ('"1767225600.0-54000-12345678"', '"1767225600.0-54000-12345678"'),
        ('"-0123abcd"', '"-0123abcd"'),
    ],
)
def test_r32_the_tag_of_a_form_that_lay_ready(field: str, alone: str) -> None:
    assert uncoded_tags(field, CODINGS) == alone
    assert coded_tag('"a"', "gzip", "0123abcd") == '"a:gzip-0123abcd"'
    assert coded_tag('W/"a"', "gzip", "0123abcd") == 'W/"a"'
