"""What becomes of a response, by tables: the same for every door, and without any."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any
from typing import NamedTuple

import pytest
from planning import ALL
from planning import DATE
from planning import LATER
from planning import PAGE
from planning import POLICY
from planning import Policy
from planning import answer_of
from planning import change
from planning import html
from planning import plan_of

from pyfastgz.http.answers import Answer
from pyfastgz.http.conditions import Conditions
from pyfastgz.http.eligibility import SkipReason
from pyfastgz.http.exchange import Body
from pyfastgz.http.exchange import Exchange
from pyfastgz.http.exchange import Wishes
from pyfastgz.http.exchange import without
from pyfastgz.http.negotiation import CodingsBySize
from pyfastgz.http.plan import answer_at_sight
from pyfastgz.http.plan import plan_response
from pyfastgz.http.steps import Plan
from pyfastgz.http.steps import Step

# ---- Left alone ----


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (change(content_type="image/png"), SkipReason.MEDIA_TYPE),
        (change(drop="content-type"), SkipReason.MEDIA_TYPE),
        (change(content_encoding="br"), SkipReason.ALREADY_CODED),
        (change(cache_control="no-transform"), SkipReason.NO_TRANSFORM),
        (change(x_sendfile="/a"), SkipReason.SENT_BY_PROXY),
        (change(upgrade="h2c"), SkipReason.UPGRADE),
        (change(method="CONNECT"), SkipReason.UPGRADE),
        (change(status=301), SkipReason.STATUS),
        (change(status=404), SkipReason.STATUS),
        (change(status=204), SkipReason.NO_CONTENT),
        (change(body=Body.UNKNOWN), SkipReason.OWN_WAY),
    ],
)
def test_r12_to_r19_nothing_changes(exchange: Exchange, reason: SkipReason) -> None:
    """Whatever the client accepts, and whatever conditions it has."""
    for accept_encoding in (None, "gzip", "*;q=0"):
        for conditions in (None, Conditions(if_none_match="*")):
            asked = exchange._replace(accept_encoding=accept_encoding, conditions=conditions)
            assert answer_of(asked) == Answer(reason)


def test_what_is_exempt_is_left_alone() -> None:
    assert answer_of(PAGE, wishes=Wishes(exempt=True)) == Answer(SkipReason.EXEMPT)


def test_streams_may_be_left_alone() -> None:
    policy = replace(POLICY, streams=False)
    for body in (Body.STREAM, Body.FILE):
        assert answer_of(change(body=body), policy) == Answer(SkipReason.STREAMS_OFF)
    assert plan_of(PAGE, policy).step is Step.CODE


def test_what_is_seen_at_once_is_what_is_planned() -> None:
    for status in (200, 201, 204, 206, 301, 304, 404, 500):
        for kind in ("text/html", "image/png"):
            exchange = change(status=status, content_type=kind)
            seen = answer_at_sight(status, exchange.fields, POLICY)
            assert seen is None or seen == plan_response(exchange, POLICY)


# ---- Sent without a coding, which varies ----

VARIES = {"vary": "Accept-Encoding"}


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (change(accept_encoding=None), SkipReason.NOT_ACCEPTED),
        (change(accept_encoding="identity"), SkipReason.NOT_ACCEPTED),
        (change(accept_encoding="lzma"), SkipReason.NOT_ACCEPTED),
        (change(nbytes=499), SkipReason.TOO_SMALL),
        (change(nbytes=0), SkipReason.EMPTY),
        (change(nbytes=None, content_length="499"), SkipReason.TOO_SMALL),
        (change(body=Body.STREAM, nbytes=None, content_length="499"), SkipReason.TOO_SMALL),
        (change(body=Body.FILE, nbytes=None, content_length="0"), SkipReason.TOO_SMALL),
        (change(method="HEAD", nbytes=0), SkipReason.EMPTY),
        (change(method="HEAD", nbytes=0, content_length="499"), SkipReason.TOO_SMALL),
    ],
)
def test_r20_what_is_not_coded_varies(exchange: Exchange, reason: SkipReason) -> None:
    assert answer_of(exchange) == Answer(reason, VARIES)
    assert answer_of(change(exchange, vary="Cookie")) == Answer(
        reason, {"vary": "Cookie, Accept-Encoding"}
    )
    for vary in ("*", "accept-encoding", "Cookie, Accept-Encoding"):
        assert answer_of(change(exchange, vary=vary)) == Answer(reason)


def test_r10_a_client_that_refuses_identity_gets_small_bodies_coded() -> None:
    asked = change(accept_encoding="gzip, identity;q=0", nbytes=1)
    plan = plan_of(asked)
    assert (plan.step, plan.min_nbytes, plan.may_grow) == (Step.CODE, 1, True)
    assert plan.answer(1, 21).edits["content-length"] == "21"


@pytest.mark.parametrize("status", [200, 404])
def test_r10_nothing_is_acceptable(status: int) -> None:
    asked = change(accept_encoding="*;q=0", status=status, etag='"a"', content_md5="x")
    policy = replace(POLICY, errors=True)
    assert answer_of(asked, policy) == Answer(SkipReason.NOT_ACCEPTED, VARIES)
    answer = answer_of(asked, replace(policy, not_acceptable=True))
    if status == 404:
        assert answer == Answer(SkipReason.NOT_ACCEPTED, VARIES)
        return
    assert (answer.status, answer.reason) == (406, SkipReason.NOT_ACCEPTABLE)
    assert answer.text is not None
    assert answer.edits == {
        "vary": "Accept-Encoding",
        "etag": None,
        "content-md5": None,
        "content-type": "text/plain; charset=utf-8",
        "content-length": str(len(answer.text)),
    }


# ---- Coded ----


def test_a_whole_body_is_coded() -> None:
    plan = plan_of(change(content_length="2000"))
    assert plan[:1] + plan[3:8] == (Step.CODE, "gzip", 6, 500, False, None)
    assert plan.answer(2000, 300) == Answer(
        None,
        {"vary": "Accept-Encoding", "content-encoding": "gzip", "content-length": "300"},
        "gzip",
    )


def test_r18_what_does_not_shrink_is_sent_as_it_is() -> None:
    plan = plan_of(PAGE)
    assert plan.answer(2000, 2000) == Answer(SkipReason.NOT_SMALLER, VARIES)
    assert plan.answer(2000, 1999).coding == "gzip"
    assert plan.answer(reason=SkipReason.FAILED) == Answer(SkipReason.FAILED, VARIES)


@pytest.mark.parametrize(
    ("cache_control", "may_keep"),
    [
        (None, True),
        ("public, max-age=60", True),
        ("private", True),
        ("no-cache", True),
        ("no-store", False),
        ("private, No-Store", False),
        ('private="no-store"', True),
    ],
)
def test_what_must_not_be_stored_is_not_kept(cache_control: str | None, may_keep: bool) -> None:
    fields = {} if cache_control is None else {"cache_control": cache_control}
    page = change(PAGE, **fields)
    by_date = change(page, status=304, etag='"a"', date=DATE)
    for exchange in (page, by_date, change(page, accept_encoding="gzip, identity;q=0")):
        assert plan_of(exchange).may_keep is may_keep


def test_a_length_that_only_making_tells_is_looked_at_again() -> None:
    plan = plan_of(change(nbytes=None))
    assert plan.answer(499, 0) == Answer(SkipReason.TOO_SMALL, VARIES)
    assert plan.answer(0, 0) == Answer(SkipReason.EMPTY, VARIES)


def test_r24_r25_r27_fields_of_what_is_coded() -> None:
    fields: dict[str, Any] = {
        "accept_ranges": "bytes",
        "digest": "a",
        "repr_digest": "b",
        "etag": '"a"',
    }
    edits = plan_of(change(PAGE, **fields, unencoded_digest="c")).answer(2000, 300).edits
    assert edits == {
        "vary": "Accept-Encoding",
        "content-encoding": "gzip",
        "content-length": "300",
        "accept-ranges": None,
        "digest": None,
        "repr-digest": None,
        "etag": '"a:gzip"',
    }


def test_r29_weak_tags_stay() -> None:
    assert "etag" not in plan_of(change(etag='W/"a"')).answer(2000, 300).edits


def test_what_a_view_wishes() -> None:
    wishes = Wishes(codings=("deflate", "gzip"), levels={"deflate": 9})
    plan = plan_of(change(accept_encoding=ALL), wishes=wishes)
    assert (plan.coding, plan.level) == ("deflate", 9)
    assert plan_of(change(accept_encoding="gzip"), wishes=wishes).level == 6


@pytest.mark.parametrize(
    ("nbytes", "length", "coding"),
    [(999, None, "gzip"), (1000, None, "zstd"), (None, "999", "gzip"), (None, None, "zstd")],
)
def test_the_order_of_codings_may_depend_on_the_size(
    nbytes: int | None, length: str | None, coding: str
) -> None:
    order = CodingsBySize(("gzip", "zstd"), ("zstd", "gzip"), 1000)
    policy = replace(POLICY, algorithm=order, algorithm_streaming=order)
    asked = change(accept_encoding=ALL, nbytes=nbytes)
    if length is not None:
        asked = change(asked, content_length=length)
    assert plan_of(asked, policy).coding == coding
    if nbytes is None:
        assert plan_of(change(asked, body=Body.STREAM), policy).coding == coding


def test_r26_head_without_a_body_says_what_get_would() -> None:
    asked = change(method="HEAD", nbytes=0, content_length="2000", etag='"a"')
    edits = {
        "vary": "Accept-Encoding",
        "content-encoding": "gzip",
        "content-length": None,
        "etag": '"a:gzip"',
    }
    assert answer_of(asked) == Answer(None, edits, "gzip")


# ---- Streams ----


def test_r22_a_stream_has_no_length() -> None:
    plan = plan_of(change(body=Body.STREAM, nbytes=None, content_length="2000"))
    assert (plan.step, plan.flush_seconds, plan.is_small) == (Step.STREAM, 0.02, False)
    assert plan.answer() == Answer(
        None,
        {"vary": "Accept-Encoding", "content-encoding": "gzip", "content-length": None},
        "gzip",
    )


def test_r35_messages_are_flushed_one_by_one() -> None:
    asked = change(body=Body.STREAM, content_type="text/event-stream", etag='"a"')
    plan = plan_of(asked)
    assert (plan.flush_seconds, plan.is_small, plan.tag) == (0.0, True, 'W/"a"')


@pytest.mark.parametrize(("etag", "seconds"), [('"a"', inf), ('W/"a"', 0.02), ("", 0.02)])
def test_files_are_not_flushed_unless_they_may_be_pipes(etag: str, seconds: float) -> None:
    asked = change(body=Body.FILE, nbytes=None)
    if etag:
        asked = change(asked, etag=etag)
    assert plan_of(asked).flush_seconds == seconds
    assert plan_of(asked._replace(nbytes=10**6)).flush_seconds == inf


def test_r26_head_of_a_stream_needs_no_encoder() -> None:
    answer = answer_of(change(method="HEAD", body=Body.STREAM))
    assert (answer.coding, answer.reason) == ("gzip", None)


# ---- Files ----

FILE = change(body=Body.FILE, nbytes=2000, content_length="2000", date=DATE, etag='"a"')


def test_a_file_that_is_not_too_long_is_coded_whole() -> None:
    plan = plan_of(FILE)
    assert (plan.step, plan.min_nbytes, plan.tag, plan.may_keep) == (
        Step.CODE,
        500,
        '"a:gzip"',
        True,
    )
    assert plan.answer(2000, 300).edits["content-length"] == "300"
    assert plan_of(change(FILE, nbytes=4000)).step is Step.CODE
    for nbytes in (4001, None):
        assert plan_of(change(FILE, nbytes=nbytes)).step is Step.STREAM
    assert plan_of(FILE, replace(POLICY, file_nbytes=0)).step is Step.STREAM
    assert not plan_of(change(FILE, cache_control="no-store")).may_keep


def test_the_size_of_a_long_file_is_promised() -> None:
    assert plan_of(change(FILE, nbytes=5000)).nbytes == 5000
    assert plan_of(change(FILE, nbytes=None)).nbytes is None


@pytest.mark.parametrize("file_nbytes", [0, 4000])
def test_the_size_of_a_file_counts_though_no_field_has_it(file_nbytes: int) -> None:
    policy = replace(POLICY, file_nbytes=file_nbytes)
    for exchange in (change(FILE, nbytes=499), change(FILE, drop="content-length", nbytes=499)):
        assert answer_of(exchange, policy).reason is SkipReason.TOO_SMALL


def test_a_file_of_messages_that_is_coded_whole_keeps_its_strong_tag() -> None:
    messages = change(FILE, content_type="text/event-stream")
    assert plan_of(messages).tag == '"a:gzip"'
    assert plan_of(change(messages, nbytes=5000)).tag == 'W/"a"'


def test_codings_for_files_are_those_for_streams() -> None:
    policy = replace(POLICY, algorithm=("gzip",), algorithm_streaming=("zstd", "gzip"))
    assert plan_of(change(FILE, accept_encoding=ALL), policy).coding == "zstd"


def test_r26_head_of_a_file_needs_no_reading() -> None:
    answer = answer_of(change(FILE, method="HEAD"))
    assert (answer.coding, answer.edits["content-length"]) == ("gzip", None)


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        (Conditions(if_none_match='"a:gzip"'), 304),
        (Conditions(if_none_match='"b", W/"a:gzip"'), 304),
        (Conditions(if_none_match='"a"'), None),
        (Conditions(if_none_match="*"), 304),
        (Conditions(if_match='"a"'), 412),
        (Conditions(if_match='"a:gzip"'), None),
    ],
)
@pytest.mark.parametrize("nbytes", [2000, 5000])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_r30_conditions_of_a_file(
    conditions: Conditions, status: int | None, nbytes: int, method: str
) -> None:
    asked = change(FILE, nbytes=nbytes, method=method, conditions=conditions)
    planned = plan_response(asked, POLICY)
    names_it = conditions.if_none_match is not None and "a:gzip" in conditions.if_none_match
    if names_it or nbytes == 5000 or method == "HEAD":
        # Nothing is read.
        assert isinstance(planned, Answer) or status is None
    answer = planned.answer(2000, 300) if isinstance(planned, Plan) else planned
    assert answer.status == status


def test_r30_a_client_that_has_a_file_which_does_not_shrink() -> None:
    asked = change(FILE, conditions=Conditions(if_none_match='"a"'))
    assert plan_of(asked).answer(2000, 2000).status == 304


# ---- Coded forms that lie ready ----


class Form(NamedTuple):
    """One that lies ready."""

    nbytes: int
    mark: str


READY = change(
    FILE, accept_ranges="bytes", last_modified=DATE, ready={"gzip": Form(300, "0123abcd")}
)
READY_TAG = '"a:gzip-0123abcd"'


def test_r53_what_lies_ready_is_sent() -> None:
    plan = plan_of(READY)
    assert (plan.step, plan.coding, plan.tag) == (Step.READY, "gzip", READY_TAG)
    assert plan.answer() == Answer(
        None,
        {
            **VARIES,
            "content-encoding": "gzip",
            "content-length": "300",
            "accept-ranges": "bytes",
            "etag": READY_TAG,
        },
        "gzip",
    )


def test_r53_long_files_too() -> None:
    assert plan_of(change(READY, nbytes=10**6)).step is Step.READY
    assert plan_of(READY, replace(POLICY, file_nbytes=0)).step is Step.READY


def test_r53_without_it_the_file_is_coded() -> None:
    plan = plan_of(without(READY, "gzip"))
    assert (plan.step, plan.tag) == (Step.CODE, '"a:gzip"')
    answer = plan_of(without(READY, "gzip")._replace(range="bytes=0-9")).answer(2000, 300)
    assert (answer.status, answer.part, answer.edits["accept-ranges"]) == (None, None, None)


@pytest.mark.parametrize(
    ("accept_encoding", "coding", "step"),
    [
        (ALL, "gzip", Step.READY),
        ("*", "gzip", Step.READY),
        ("zstd;q=0.5, gzip;q=0.5", "gzip", Step.READY),
        ("zstd, gzip;q=0.9", "zstd", Step.CODE),
        ("zstd, *;q=0.9", "zstd", Step.CODE),
        ("zstd", "zstd", Step.CODE),
        ("gzip, identity;q=0", "gzip", Step.READY),
    ],
)
def test_r54_what_lies_ready_wins_among_equals(
    accept_encoding: str, coding: str, step: Step
) -> None:
    plan = plan_of(change(READY, accept_encoding=accept_encoding))
    assert (plan.coding, plan.step) == (coding, step)


@pytest.mark.parametrize(
    ("fields", "has_ranges"),
    [
        ({"accept-ranges": "bytes"}, True),
        ({"accept-ranges": " Bytes", "date": DATE}, True),
        ({"date": DATE}, True),
        ({}, False),
        ({"accept-ranges": "none", "date": DATE}, False),
        ({"accept-ranges": "rows", "date": DATE}, False),
    ],
)
def test_r55_there_are_ranges_if_the_application_has_them(
    fields: dict[str, str], has_ranges: bool
) -> None:
    asked = READY._replace(fields={**html(), **fields}, range="bytes=0-9")
    answer = plan_of(asked).answer()
    assert answer.status == (206 if has_ranges else None)
    assert answer.edits.get("accept-ranges") == ("bytes" if has_ranges else None)


@pytest.mark.parametrize(
    ("conditions", "is_part"),
    [
        (None, True),
        (Conditions(if_range=READY_TAG), True),
        (Conditions(if_match=READY_TAG), True),
        (Conditions(if_match="*"), True),
        (Conditions(if_none_match='"b"'), True),
        (Conditions(if_range='"a"'), False),
        (Conditions(if_range='"a:gzip"'), False),
        (Conditions(if_range=f"W/{READY_TAG}"), False),
        (Conditions(if_range=DATE), False),
        (Conditions(if_unmodified_since=LATER), False),
    ],
)
def test_r55_a_range_for_who_holds_just_these_bytes(
    conditions: Conditions | None, is_part: bool
) -> None:
    asked = READY._replace(conditions=conditions, range="bytes=5-9")
    answer = plan_of(asked).answer()
    assert answer.part == ((5, 10) if is_part else None)
    assert answer.status == (206 if is_part else None)
    assert answer.edits["content-length"] == ("5" if is_part else "300")
    assert answer.edits.get("content-range") == ("bytes 5-9/300" if is_part else None)
    # Only of GET are there ranges (RFC 9110 section 14.2).
    head = plan_of(asked._replace(method="HEAD")).answer()
    assert (head.status, head.part) == (None, None)


def test_r55_a_range_that_is_not_there() -> None:
    answer = plan_of(READY._replace(range="bytes=300-")).answer()
    assert (answer.status, answer.reason) == (416, SkipReason.NO_SUCH_RANGE)
    assert answer.edits["content-range"] == "bytes */300"
    assert answer.edits["etag"] is None


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        (Conditions(if_none_match=READY_TAG), 304),
        (Conditions(if_none_match='"a:gzip"'), None),
        (Conditions(if_match='"a"'), 412),
        (Conditions(if_match='"a:gzip"'), 412),
        (Conditions(if_modified_since=DATE), 304),
        (Conditions(if_none_match=READY_TAG, if_range='"b"'), 304),
    ],
)
def test_r30_conditions_come_before_ranges(conditions: Conditions, status: int | None) -> None:
    planned = plan_response(READY._replace(conditions=conditions, range="bytes=900-"), POLICY)
    if status is None:
        assert isinstance(planned, Plan)
    else:
        assert isinstance(planned, Answer)
        assert planned.status == status
        if status == 304:
            assert planned.edits["etag"] == READY_TAG


@pytest.mark.parametrize(
    ("conditions", "is_whole"),
    [
        (None, True),
        (Conditions(if_range=READY_TAG), True),
        (Conditions(if_match="*"), True),
        (Conditions(if_none_match='"b"'), True),
        (Conditions(if_range='"a"'), False),
        (Conditions(if_match='"a"'), False),
        (Conditions(if_match='"b", "a"'), False),
    ],
)
def test_r55_a_part_of_the_file_is_for_who_holds_identity_bytes(
    conditions: Conditions | None, is_whole: bool
) -> None:
    part = change(
        READY, status=206, content_range="bytes 0-9/2000", content_length="10", is_cut=True
    )
    asked = part._replace(conditions=conditions, range="bytes=0-9")
    if is_whole:
        assert plan_of(asked).step is Step.RESTORE
    else:
        assert answer_of(asked).reason is SkipReason.PARTIAL


def test_r48_the_304_for_what_lies_ready() -> None:
    not_modified = change(READY, status=304)
    for if_none_match, etag in (
        (READY_TAG, READY_TAG),
        ('"a:gzip"', '"a:gzip"'),
        ('"a:br-99999999", "a:br"', '"a:br"'),
        ("*", READY_TAG),
    ):
        conditions = Conditions(if_none_match=if_none_match)
        assert answer_of(change(not_modified, conditions=conditions)).edits["etag"] == etag


# ---- Noise ----


NOISY = replace(POLICY, length_noise=64)


@pytest.mark.parametrize(
    ("policy", "wishes", "noise"),
    [
        (POLICY, Wishes(), 0),
        (POLICY, Wishes(length_noise=16), 16),
        (NOISY, Wishes(), 64),
        (NOISY, Wishes(length_noise=16), 16),
        (NOISY, Wishes(length_noise=0), 0),
    ],
)
def test_r90_r93_the_view_decides_how_much_noise(
    policy: Policy, wishes: Wishes, noise: int
) -> None:
    assert plan_of(PAGE, policy, wishes).noise == noise
    assert plan_of(change(status=404), replace(policy, errors=True), wishes).noise == noise


def test_r92_a_file_has_no_noise() -> None:
    file = change(body=Body.FILE, nbytes=2000)
    assert plan_of(file, NOISY).step is Step.CODE
    assert plan_of(file, NOISY).noise == 0


@pytest.mark.parametrize("body", [Body.STREAM, Body.FILE])
@pytest.mark.parametrize("nbytes", [None, 2000])
def test_r93_what_cannot_be_hidden_is_left_alone(body: Body, nbytes: int | None) -> None:
    exchange = change(body=body, nbytes=nbytes, etag='"a"')
    wishes = Wishes(length_noise=1)
    for policy in (POLICY, NOISY, replace(POLICY, streams=False)):
        assert answer_of(exchange, policy, wishes) == Answer(SkipReason.LENGTH_SHOWS)
    assert plan_of(exchange, NOISY, Wishes(length_noise=0)).coding == "gzip"


# ---- Asking the application ----


def test_the_application_is_asked_of_candidates_only() -> None:
    policy = replace(POLICY, predicate=print)
    assert plan_of(PAGE, policy).step is Step.ASK
    assert plan_of(change(is_wanted=True), policy).step is Step.CODE
    assert answer_of(change(is_wanted=False), policy) == Answer(SkipReason.PREDICATE, VARIES)
    assert answer_of(change(content_type="image/png"), policy).reason is SkipReason.MEDIA_TYPE
    not_modified = change(status=304, etag='"a"')
    assert plan_of(not_modified, policy).step is Step.ASK
    for is_wanted, edits in ((True, {**VARIES, "etag": '"a:gzip"'}), (False, VARIES)):
        asked = not_modified._replace(is_wanted=is_wanted)
        assert answer_of(asked, policy).edits == edits


# ---- Conditions ----


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        (Conditions(if_none_match='"a:gzip"'), 304),
        (Conditions(if_none_match='W/"a:gzip"'), 304),
        (Conditions(if_none_match='"a"'), None),
        (Conditions(if_none_match='"a:br"'), None),
        (Conditions(if_none_match='"b", "a:gzip"'), 304),
        (Conditions(if_none_match="*"), 304),
        (Conditions(if_match='"a:gzip"'), None),
        (Conditions(if_match='"a"'), 412),
        (Conditions(if_match="*"), None),
        (Conditions(if_match='"b"', if_none_match='"a:gzip"'), 412),
        (Conditions(if_modified_since=DATE), 304),
        (Conditions(if_modified_since=DATE, if_none_match='"b"'), None),
        (Conditions(if_unmodified_since=DATE), None),
        (Conditions(if_unmodified_since="Wed, 31 Dec 2025 00:00:00 GMT"), 412),
    ],
)
def test_r30_r31_r45_conditions_are_judged_by_what_is_sent(
    conditions: Conditions, status: int | None
) -> None:
    exchange = change(etag='"a"', last_modified=DATE, accept_ranges="bytes")
    exchange = exchange._replace(conditions=conditions)
    planned = plan_response(exchange, POLICY)
    answer = planned.answer(2000, 300) if isinstance(planned, Plan) else planned
    assert answer.status == status
    if status == 304:
        dropped = dict.fromkeys(["accept-ranges", "content-type", "last-modified"])
        assert answer.edits == {**VARIES, **dropped, "etag": '"a:gzip"'}
        assert answer.reason is SkipReason.NOT_MODIFIED
    elif status == 412:
        assert answer.reason is SkipReason.PRECONDITION_FAILED
        assert answer.edits["etag"] is None
        assert answer.edits["last-modified"] is None


def test_a_body_that_does_not_shrink_is_judged_by_its_own_tag() -> None:
    exchange = change(etag='"a"')._replace(conditions=Conditions(if_none_match='"a"'))
    answer = plan_of(exchange).answer(2000, 2000)
    edits = {**VARIES, "content-type": None}
    assert answer == Answer(SkipReason.NOT_MODIFIED, edits, status=304)


@pytest.mark.parametrize(
    ("exchange", "policy"),
    [
        (change(method="PUT"), POLICY),
        (change(status=404), replace(POLICY, errors=True)),
        (PAGE, replace(POLICY, evaluate_conditional_request=False)),
        (change(body=Body.STREAM), POLICY),
        (change(body=Body.FILE), POLICY),
    ],
)
def test_c5_c6_conditions_that_are_not_ours_to_judge(
    exchange: Exchange, policy: Policy
) -> None:
    exchange = change(exchange, etag='"a"')._replace(
        conditions=Conditions(if_none_match='"a:gzip"')
    )
    assert plan_of(exchange, policy).step in {Step.CODE, Step.STREAM}


def test_c6_streams_that_may_become_a_304() -> None:
    conditions = Conditions(if_none_match='"a:gzip"')
    stream = change(body=Body.STREAM, etag='"a"', conditions=conditions)
    assert answer_of(stream._replace(is_conditional=True)).status == 304
    assert answer_of(change(stream, body=Body.FILE, date=DATE)).status == 304


# ---- 304s of the application ----

NOT_MODIFIED = change(status=304, nbytes=0, etag='"a"')


@pytest.mark.parametrize(
    ("if_none_match", "etag"),
    [
        ('"a:gzip"', '"a:gzip"'),
        ('"a"', None),
        ('"a:br"', '"a:br"'),
        ("*", '"a:gzip"'),
        ('"', None),
        (None, '"a:gzip"'),
    ],
)
def test_r48_a_304_has_the_tag_that_the_client_has(
    if_none_match: str | None, etag: str | None
) -> None:
    conditions = Conditions(if_none_match=if_none_match)
    answer = answer_of(change(NOT_MODIFIED, accept_ranges="bytes", conditions=conditions))
    edits = {**VARIES, "accept-ranges": None} | ({"etag": etag} if etag else {})
    assert answer == Answer(SkipReason.NOT_MODIFIED, edits)


def test_r48_a_304_by_date_has_the_tag_of_its_200() -> None:
    """With the body of the 200 at hand, whether it shrinks is seen by coding it."""
    conditions = Conditions(if_modified_since=DATE)
    exchange = change(NOT_MODIFIED, nbytes=2000, date=DATE, conditions=conditions)
    plan = plan_of(exchange)
    assert plan.step is Step.CODE
    coded = plan.answer(2000, 300)
    assert coded == Answer(SkipReason.NOT_MODIFIED, {**VARIES, "etag": '"a:gzip"'})
    for answer in (
        plan.answer(2000, 2000),
        plan.answer(reason=SkipReason.FAILED),
        plan.answer(499, 9),
    ):
        assert answer == Answer(SkipReason.NOT_MODIFIED, VARIES)


def test_a_304_that_stands_for_nothing_coded_keeps_its_tag() -> None:
    for exchange in (
        change(NOT_MODIFIED, accept_encoding="identity"),
        change(NOT_MODIFIED, body=Body.UNKNOWN),
    ):
        assert answer_of(exchange) == Answer(SkipReason.NOT_MODIFIED, VARIES)
    small = change(NOT_MODIFIED, date=DATE, nbytes=2000, content_length="499")
    without_length = {**VARIES, "content-length": None}
    assert answer_of(small) == Answer(SkipReason.NOT_MODIFIED, without_length)
    image = change(NOT_MODIFIED, content_type="image/png")
    assert answer_of(image) == Answer(SkipReason.MEDIA_TYPE)


def test_a_304_without_a_tag_names_the_one_that_was_translated() -> None:
    conditions = Conditions(if_none_match='"a:gzip"')
    exchange = change(NOT_MODIFIED, drop="etag", conditions=conditions)
    assert answer_of(exchange).edits == VARIES
    exchange = exchange._replace(is_translated=True)
    assert answer_of(exchange).edits == {**VARIES, "etag": '"a:gzip"'}


# ---- Parts ----

PART = change(
    status=206, content_range="bytes 0-9/2000", content_length="10", etag='"a"', is_cut=True
)


@pytest.mark.parametrize(
    ("conditions", "is_whole"),
    [
        (None, False),
        (Conditions(if_range='"a"'), False),
        (Conditions(if_range=DATE), True),
        (Conditions(if_range='W/"a"'), True),
        (Conditions(if_unmodified_since=LATER), True),
        (Conditions(if_match='"b"'), True),
        (Conditions(if_none_match='"a:gzip"'), True),
        (Conditions(if_none_match='"b"'), False),
    ],
)
def test_r47_a_part_is_for_who_holds_no_coded_bytes(
    conditions: Conditions | None, is_whole: bool
) -> None:
    exchange = PART._replace(conditions=conditions)
    planned = plan_response(exchange, POLICY)
    if is_whole:
        assert isinstance(planned, Plan)
        assert planned.step is Step.RESTORE
        assert planned.edits == {"content-range": None, "content-length": "2000"}
    else:
        assert planned == Answer(SkipReason.PARTIAL, VARIES)
    # One that cannot be taken back is never touched.
    cut_by_hand = exchange._replace(is_cut=False)
    assert answer_of(cut_by_hand) == Answer(SkipReason.PARTIAL, VARIES)
