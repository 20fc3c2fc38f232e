"""Every field that is read, from clients that mean harm: against RFC 9110, and at length.

What is expected is made first, and the field written from it: so nothing here reads a field.
"""

from __future__ import annotations

import signal
from base64 import b64encode
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from datetime import timezone
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from planning import CODINGS
from planning import DATE
from planning import POLICY

from pyfastgz.http.answers import Answer
from pyfastgz.http.conditions import Conditions
from pyfastgz.http.conditions import allows_part
from pyfastgz.http.conditions import failed_precondition
from pyfastgz.http.conditions import tag_of_304
from pyfastgz.http.dictionaries import Asked
from pyfastgz.http.dictionaries import announced
from pyfastgz.http.dictionaries import is_kept_fresh
from pyfastgz.http.dictionaries import may_read
from pyfastgz.http.eligibility import SkipReason
from pyfastgz.http.eligibility import is_part
from pyfastgz.http.eligibility import skip_reason
from pyfastgz.http.eligibility import wildcard_pattern
from pyfastgz.http.exchange import Body
from pyfastgz.http.exchange import Exchange
from pyfastgz.http.fields import complete_length
from pyfastgz.http.fields import has_directive
from pyfastgz.http.fields import is_of_events
from pyfastgz.http.fields import media_type
from pyfastgz.http.fields import vary_with
from pyfastgz.http.negotiation import choose
from pyfastgz.http.patterns import match_of
from pyfastgz.http.patterns import matches
from pyfastgz.http.plan import plan_response
from pyfastgz.http.ranges import part_of
from pyfastgz.http.requests import MAX_CODINGS
from pyfastgz.http.requests import Refusal
from pyfastgz.http.requests import is_coded
from pyfastgz.http.requests import plan_decoding
from pyfastgz.http.steps import Plan
from pyfastgz.http.tags import EntityTag
from pyfastgz.http.tags import coded_tag
from pyfastgz.http.tags import parse_tags
from pyfastgz.http.tags import uncoded_tags
from pyfastgz.http.translation import plan_request

quick = settings(max_examples=300, deadline=None)

SPACE = st.sampled_from(["", " ", "\t", " \t  "])
NAMES = st.sampled_from([*CODINGS, "dcz", "dcb", "identity", "*", "compress", "x"])
# In thousandths; None for none.
WEIGHTS = st.none() | st.integers(0, 1000) | st.sampled_from([0, 1, 999, 1000])
OPAQUE = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters='"\x7f'),
    max_size=12,
).filter(lambda text: not any("\x7f" <= char <= "\x9f" for char in text))
TAGS = st.lists(st.tuples(OPAQUE | st.sampled_from(["a", "a:gzip", "a,b", "*"]), st.booleans()))

HOSTILE = '\0\x01\x08\n\r\t\x0b\x1f \x7f\x80\x85\xa0\xff"\\,;=*()<>{}[]:/.-_%?&q01579WZgbz'
SOUP = st.text(HOSTILE, max_size=60) | st.lists(
    st.sampled_from(
        [
            *CODINGS,
            *("identity", ";q=0", ";q=0.5", ";q=", "W/", '"a"', '"a:gzip"', "*", ","),
            *("bytes=", "0-5", "-1", DATE, "\r\nX: y", "\xa7", " ", '"', "\\", "max-age="),
        ]
    ),
    max_size=9,
).map("".join)


def mixed_case(draw: st.DrawFn, text: str) -> str:
    return "".join(draw(st.sampled_from([char.lower(), char.upper()])) for char in text)


def listed(draw: st.DrawFn, members: list[str]) -> str:
    """Return a list with optional white space, and with members that are empty."""
    padded = [f"{draw(SPACE)}{member}{draw(SPACE)}" for member in members]
    for _ in range(draw(st.integers(0, 2))):
        padded.insert(draw(st.integers(0, len(padded))), draw(SPACE))
    return ",".join(padded)


def weight_of(draw: st.DrawFn, thousandths: int) -> str:
    if thousandths == 1000:
        return draw(st.sampled_from(["1", "1.", "1.0", "1.000"]))
    text = f"0.{thousandths:03}"
    return draw(st.sampled_from([text, text.rstrip("0")]))


# ---- Accept-Encoding ----


@st.composite
def accepted(draw: st.DrawFn) -> tuple[dict[str, int], str]:
    """Draw weights by name, and the field that states them."""
    stated = draw(st.dictionaries(NAMES, WEIGHTS, max_size=6))
    members = []
    for name, weight in stated.items():
        written = "x-gzip" if name == "gzip" and draw(st.booleans()) else name
        member = mixed_case(draw, written)
        if weight is not None:
            q = draw(st.sampled_from("qQ"))
            member += f"{draw(SPACE)};{draw(SPACE)}{q}={weight_of(draw, weight)}"
        members.append(member)
    weights = {name: 1000 if weight is None else weight for name, weight in stated.items()}
    return weights, listed(draw, members)


def expected_choice(
    weights: dict[str, int], codings: tuple[str, ...]
) -> tuple[str | None, bool]:
    """Say what R1 to R11 and C4 say of weights."""
    star, identity = weights.get("*"), weights.get("identity")
    named = [coding for coding in codings if weights.get(coding)]
    best, weight = None, star or 0
    if named:
        weight = max(weights[coding] for coding in named)
        best = next(coding for coding in named if weights[coding] == weight)
    elif star:
        others = (c for c in codings if c not in weights and c not in {"dcz", "dcb"})
        best = next(others, None)
    if identity is not None and (identity > weight or (not named and identity == weight)):
        best = None
    return best, identity == 0 or (identity is None and star == 0)


@quick
@given(accepted(), st.permutations([*CODINGS, "dcz"]), st.integers(0, 5))
def test_r3_r4_r5_r6_r8_r9_r11_any_field_is_understood(
    field: tuple[dict[str, int], str], order: list[str], count: int
) -> None:
    weights, text = field
    codings = tuple(order[:count])
    if text:
        assert choose(text, codings) == expected_choice(weights, codings)


@pytest.mark.parametrize("char", ["\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\0", "\x7f"])
@pytest.mark.parametrize("text", ["{}gzip", "gzip{}", "gzip{};q=1", "gzip;q={}1"])
def test_r7_what_is_no_white_space_is_no_consent(char: str, text: str) -> None:
    assert choose(text.format(char), ("gzip",)) == (None, False)
    refusal = plan_decoding(text.format(char), None, ("gzip",), 1000)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 415


# ---- Tags ----


@st.composite
def tagged(draw: st.DrawFn) -> tuple[list[tuple[str, bool]], str]:
    """Draw tags, each with whether it is weak, and the field that lists them."""
    tags = draw(TAGS)
    return tags, listed(draw, [f'{"W/" * is_weak}"{opaque}"' for opaque, is_weak in tags])


@quick
@given(tagged(), OPAQUE | st.just("a"), st.booleans())
def test_r30_r46_any_list_of_tags_is_understood(
    field: tuple[list[tuple[str, bool]], str], own: str, is_weak: bool
) -> None:
    tags, text = field
    found = parse_tags(text)
    if not tags:
        assert found is None
        return
    assert found is not None
    assert [tag[:2] for tag in found.tags] == tags
    etag = str(EntityTag(own, is_weak))
    assert found.holds(etag) == any(opaque == own for opaque, _ in tags)
    strong = [opaque for opaque, each_is_weak in tags if not (each_is_weak or is_weak)]
    assert found.holds(etag, strongly=True) == (own in strong)
    expected = 304 if found.holds(etag) else None
    assert failed_precondition(Conditions(None, text), etag, None) == expected
    assert failed_precondition(Conditions(text), etag, None) == (None if own in strong else 412)


@quick
@given(st.lists(OPAQUE, min_size=1, max_size=5), st.sampled_from(CODINGS), OPAQUE)
def test_r31_r32_coded_tags_come_back_as_those_of_the_application(
    own: list[str], coding: str, other: str
) -> None:
    coded = [coded_tag(f'"{opaque}"', coding) for opaque in own]
    shown = parse_tags(uncoded_tags(", ".join(coded), CODINGS))
    assert shown is not None
    assert [tag.opaque for tag in shown.tags] == [*dict.fromkeys(own)]
    if other not in own:
        etag = coded_tag(f'"{other}"', coding)
        assert failed_precondition(Conditions(None, ", ".join(coded)), etag, None) is None


@pytest.mark.parametrize("char", [*map(chr, range(9)), "\n", "\r", "\x0b", "\x1f", "\x7f"])
def test_r46_a_control_character_is_in_no_tag(char: str) -> None:
    for text in (f'"a{char}"', f'{char}"a"', f'"a"{char}', f'"b", a{char}b', char):
        assert parse_tags(text) is None
        asked = Conditions(if_none_match=text)
        assert failed_precondition(asked, '"a"', None) is None
        assert tag_of_304(asked, '"a"', '"a:gzip"', CODINGS) == '"a"'


@pytest.mark.parametrize("char", ["\x0b", "\x1c", "\x85", "\xa0"])
def test_r46_what_is_no_white_space_is_passed_on(char: str) -> None:
    for if_match, shown in ((" * ", {"if-match": None}), (f"{char}*", {}), (f"*{char}", {})):
        assert plan_request("GET", Conditions(if_match), "gzip", POLICY) == shown


# ---- Ranges, dates, dictionaries, codings of requests, directives ----


@quick
@given(
    st.integers(0, 12),
    st.tuples(st.none() | st.integers(0, 14), st.none() | st.integers(0, 14)),
    SPACE,
    st.data(),
)
def test_r55_any_range_is_understood(
    nbytes: int, limits: tuple[int | None, int | None], space: str, data: Any
) -> None:
    first, last = limits
    unit = mixed_case(data.draw, "bytes")
    spec = f"{'' if first is None else first}-{'' if last is None else last}"
    found = part_of(f"{space}{unit}={listed(data.draw, [spec])}{space}", nbytes)
    body = bytes(range(nbytes))
    low = first or 0
    high = low if last is None else last
    if limits == (None, None) or (first is not None and high < low):
        assert found is None
    else:
        wanted = {at for at in range(nbytes) if first is not None and at >= first}
        if first is None:
            assert last is not None
            wanted = {at for at in range(nbytes) if at >= nbytes - last}
        elif last is not None:
            wanted = {at for at in wanted if at <= last}
        assert found is not None
        assert body[found.start : found.stop] == bytes(sorted(wanted))
    assert part_of(f"{unit}={spec},{spec}", nbytes) is None
    assert part_of(f"lines={spec}", nbytes) is None


DATES = st.datetimes(datetime(1970, 1, 2), datetime(2068, 1, 1)).map(
    lambda time: time.replace(microsecond=0, tzinfo=timezone.utc)
)
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def written(time: datetime, form: int) -> str:
    """Return a date in one of the three forms (RFC 9110 section 5.6.7)."""
    day, month = DAYS[time.weekday()], MONTHS[time.month - 1]
    if form == 0:
        return f"{day[:3]}, {time.day:02} {month} {time.year} {time:%H:%M:%S} GMT"
    if form == 1:
        return f"{day}, {time.day:02}-{month}-{time.year % 100:02} {time:%H:%M:%S} GMT"
    return f"{day[:3]} {month} {time.day:2} {time:%H:%M:%S} {time.year}"


@quick
@given(DATES, DATES, st.integers(0, 2))
def test_r30_dates_are_compared(changed: datetime, since: datetime, form: int) -> None:
    last_modified, field = written(changed, 0), written(since, form)
    expected = 304 if changed <= since else None
    asked = Conditions(if_modified_since=field)
    assert failed_precondition(asked, None, last_modified) == expected
    asked = Conditions(if_unmodified_since=field)
    expected = 412 if changed > since else None
    assert failed_precondition(asked, None, last_modified) == expected


@quick
@given(st.binary(min_size=28, max_size=36), SPACE, st.sampled_from(["{}", "{}, {}", "{};a=1"]))
def test_r60_one_hash_of_32_bytes_or_none(digest: bytes, space: str, form: str) -> None:
    value = f":{b64encode(digest).decode()}:"
    text = f"{space}{form.replace('{}', value)}{space}"
    is_one = len(digest) == 32 and form == "{}"
    assert announced(text) == (digest.hex() if is_one else None)


@quick
@given(
    st.lists(st.sampled_from([*CODINGS, "identity", "compress", "x-gzip"]), max_size=4),
    st.none() | st.integers(0, 2000),
    st.data(),
)
def test_r73_r75_any_content_encoding_is_understood(
    names: list[str], nbytes: int | None, data: Any
) -> None:
    field = listed(data.draw, [mixed_case(data.draw, name) for name in names])
    codings = [name.removeprefix("x-") for name in names if name != "identity"]
    assert is_coded(field) == bool(codings)
    planned = plan_decoding(field, nbytes, CODINGS, 1000)
    has_large_windows = len(codings) == 2 and set(codings) in ({"br"}, {"br", "zstd"})
    if len(codings) > MAX_CODINGS or not set(codings) <= set(CODINGS) or has_large_windows:
        assert isinstance(planned, Refusal)
        assert planned.status == 415
    elif nbytes is not None and nbytes > 1000:
        assert isinstance(planned, Refusal)
        assert planned.status == 413
    else:
        assert planned == tuple(reversed(codings))


ARGUMENTS = st.none() | st.sampled_from(["1", "no-store", '"a, no-store"', '"a\\", no-store"'])


@quick
@given(
    st.dictionaries(
        st.sampled_from(["no-store", "max-age", "x-no-store", "private", "no-storex"]),
        ARGUMENTS,
        max_size=4,
    ),
    st.data(),
)
def test_r15_a_directive_is_told_from_the_argument_of_another(
    directives: dict[str, str | None], data: Any
) -> None:
    members = [
        mixed_case(data.draw, name) + ("" if argument is None else f"={argument}")
        for name, argument in directives.items()
    ]
    field = listed(data.draw, members)
    assert has_directive(field, "no-store") == ("no-store" in directives)


def test_r15_a_string_without_an_end_hides_no_directive() -> None:
    assert has_directive('a="b\\", no-transform', "no-transform")
    assert has_directive('a="b", c="d, no-transform', "no-transform")
    assert not has_directive('a="b\\", no-transform"', "no-transform")


# ---- Whatever comes ----


@settings(max_examples=1500, deadline=None)
@given(
    st.tuples(*[st.none() | SOUP] * 5),
    st.none() | SOUP,
    st.none() | SOUP,
    st.sampled_from([200, 206, 304, 404]),
    st.sampled_from([None, '"a"', 'W/"a"', '"a:gzip"', "a"]),
    st.sampled_from([*Body]),
    st.booleans(),
)
def test_r46_nothing_that_a_client_sends_raises_or_gets_into_a_field(  # noqa: PLR0917
    conditions: Any,
    accept_encoding: str | None,
    range_: str | None,
    status: int,
    etag: str | None,
    body: Body,
    is_cut: bool,
) -> None:
    asked = Conditions(*conditions)
    for method in ("GET", "PUT"):
        plan_request(method, asked, accept_encoding, POLICY)
    fields = {"content-type": "text/html", "last-modified": DATE, "date": DATE}
    if etag is not None:
        fields["etag"] = etag
    exchange = Exchange(
        "GET", status, fields, body, 2000, accept_encoding, asked, is_cut=is_cut, range=range_
    )
    plan = plan_response(exchange, POLICY)
    answers = [plan] if isinstance(plan, Answer) else [plan.answer(2000, 300)]
    if isinstance(plan, Plan):
        answers.append(plan.answer(reason=SkipReason.FAILED))
    for answer in answers:
        for value in answer.edits.values():
            assert value is None or (value.isascii() and value.isprintable())
            assert value is None or "\xa7" not in value


@quick
@given(SOUP, st.sampled_from(['"a"', '"a:gzip"', None]))
def test_r46_a_304_echoes_no_control_character(text: str, etag: str | None) -> None:
    fields = {"date": DATE} if etag is None else {"date": DATE, "etag": etag}
    asked = Conditions(if_none_match=text)
    exchange = Exchange("GET", 304, fields, Body.WHOLE, 0, "gzip", asked, is_translated=True)
    plan = plan_response(exchange, POLICY)
    answer = plan if isinstance(plan, Answer) else plan.answer()
    for value in answer.edits.values():
        assert value is None or all(char >= " " and char != "\x7f" for char in value)


WITH_STARS: Any = replace(
    POLICY, wildcards=wildcard_pattern(["text/*", "*+json", "*=b*,*a/*e*f"])
)

READERS: dict[str, Callable[[str], object]] = {
    "choose": lambda text: choose(text, CODINGS),
    "if-match": lambda text: failed_precondition(Conditions(text), '"a"', DATE),
    "if-none-match": lambda text: failed_precondition(Conditions(None, text), '"a"', DATE),
    "dates": lambda text: (
        failed_precondition(Conditions(None, None, text), '"a"', DATE),
        failed_precondition(Conditions(None, None, None, text), '"a"', DATE),
    ),
    "if-range": lambda text: allows_part(Conditions(if_range=text), '"a"'),
    "translation": lambda text: plan_request("PUT", Conditions(text, text), text, POLICY),
    "tags": lambda text: uncoded_tags(text, CODINGS, keeps_coded=True),
    "range": lambda text: part_of(text, 1000),
    "content-encoding": lambda text: (is_coded(text), plan_decoding(text, 5, CODINGS, 1000)),
    "available-dictionary": announced,
    "fetch metadata": lambda text: may_read(Asked("x", text, text, text).usual(), {}),
    "cache-control": lambda text: has_directive(f"{text}no-transform", "no-transform"),
    "freshness": lambda text: is_kept_fresh({"cache-control": f"max-age{text}"}),
    "vary": vary_with,
    "content-type": lambda text: is_of_events(media_type(text)),
    "content-range": lambda text: (is_part(text), complete_length({"content-range": text})),
    "wildcards": lambda text: skip_reason(200, {"content-type": text}, WITH_STARS),
    "paths": lambda text: [matches(pattern, f"/{text}") for pattern in ("/*", "/a*a*a*b")],
    "path": lambda text: match_of(f"/{text}"),
}

SEEDS = [",", '"', '\\"', '"\\', "\\", "*", ";", "=", ";q=", "gzip;q=0.1,", '"a",', "W/", "0-,"]
SEEDS += ["9", " ", "\t", "\0", "\xff", "\xa0", "/", "a/", "%", "%2", "-", ".", "a0-", "1.2.3-"]
SEEDS += ["a=b,", "{\\:", "a", "*a", 'a="\\"', "\x00-", "(", "Aa1"]


@pytest.fixture
def no_square() -> Iterator[None]:
    """End a test that goes on for a hundred times as long as it should.

    What looks at 128 KB once takes some milliseconds; what looks at them from every character
    takes a minute.
    """

    def end(*_: object) -> None:
        pytest.fail("it takes the square of the length")

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, 30)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


@pytest.mark.skipif(not hasattr(signal, "SIGVTALRM"), reason="needs a clock of the process")
@pytest.mark.usefixtures("no_square")
@pytest.mark.parametrize("reader", READERS)
def test_r50_a_long_field_is_read_once(reader: str) -> None:
    for before, seed, after in product(["", '"'], SEEDS, ["", "x"]):
        READERS[reader](f"{before}{seed * (128 * 1024 // len(seed))}{after}")
