"""What becomes of a response where an application has dictionaries (RFC 9842)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from typing import NamedTuple

import pytest
from planning import LEVELS
from planning import PAGE
from planning import POLICY
from planning import answer_of
from planning import change
from planning import plan_of

from pyfastgz.http.answers import Answer
from pyfastgz.http.conditions import Conditions
from pyfastgz.http.dictionaries import NO_TRANSPORT
from pyfastgz.http.dictionaries import Transport
from pyfastgz.http.eligibility import SkipReason
from pyfastgz.http.exchange import Body
from pyfastgz.http.exchange import Exchange
from pyfastgz.http.exchange import Wishes
from pyfastgz.http.plan import plan_response
from pyfastgz.http.steps import Plan
from pyfastgz.http.steps import Step

CODED = {"dcz": 3, **LEVELS}
WITH = replace(POLICY, levels=CODED, known_codings=(*POLICY.known_codings, "dcz"))
CHROMIUM = "gzip, deflate, br, zstd, dcb, dcz"
ALONE = "Accept-Encoding, Available-Dictionary"
VARY = {"vary": ALONE}


class Known(NamedTuple):
    sha256: str


class Ready(NamedTuple):
    nbytes: int
    mark: str


OLD = Known("0123456789abcdef" * 4)
HAS = Transport(OLD)
ASKED = change(PAGE, accept_encoding=CHROMIUM, transport=HAS)
TAG = '"a:dcz-01234567"'


def tagged(exchange: Exchange = ASKED, if_none_match: str | None = None) -> Exchange:
    conditions = None if if_none_match is None else Conditions(if_none_match=if_none_match)
    return change(exchange, etag='"a"', conditions=conditions)


def test_r62_a_dictionary_comes_before_all_codings() -> None:
    plan = plan_of(ASKED, WITH)
    assert (plan.step, plan.coding, plan.dictionary) == (Step.CODE, "dcz", OLD)
    assert isinstance(plan.otherwise, Plan)
    assert (plan.otherwise.step, plan.otherwise.coding) == (Step.CODE, "zstd")
    assert plan.otherwise.dictionary is None
    assert plan.otherwise.exchange.transport == NO_TRANSPORT


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip, zstd, dcz", "dcz"),
        ("dcz", "dcz"),
        ("gzip;q=0.5, dcz;q=0.5", "dcz"),
        ("gzip, dcz;q=0.9", "gzip"),
        ("gzip, dcz;q=0", "gzip"),
        ("gzip, dcz;q=0.000", "gzip"),
        ("gzip, dcz;q=x", "gzip"),
        ("gzip, zstd", "zstd"),
        ("*", "zstd"),
        ("gzip, *", "gzip"),
        ("dcb, gzip", "gzip"),
        ("DCZ;Q=1, zstd", "dcz"),
    ],
)
def test_r11_r62_only_one_that_is_named_outright(accept: str, coding: str) -> None:
    assert plan_of(change(ASKED, accept_encoding=accept), WITH).coding == coding


def test_r62_identity_may_be_liked_better() -> None:
    asked = change(ASKED, accept_encoding="identity, dcz;q=0.5")
    assert answer_of(asked, WITH).reason is SkipReason.NOT_ACCEPTED


def test_r62_it_is_a_way_to_write_zstd() -> None:
    without = replace(WITH, algorithm=("br", "gzip"))
    assert plan_of(ASKED, without).coding == "br"
    assert plan_of(ASKED, WITH, Wishes(codings=("gzip",))).coding == "gzip"
    assert plan_of(ASKED, WITH, Wishes(levels={"zstd": 9})).level == 9
    assert answer_of(ASKED, WITH, Wishes(exempt=True)).reason is SkipReason.EXEMPT


@pytest.mark.parametrize("transport", [NO_TRANSPORT, HAS, Transport(None, "</d>; rel=x")])
@pytest.mark.parametrize("body", [Body.WHOLE, Body.STREAM, Body.FILE])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(("accept", "nbytes"), [(CHROMIUM, 2000), (None, 2000), (CHROMIUM, 9)])
def test_r64_every_variant_says_what_it_follows_from(
    transport: Transport, body: Body, method: str, accept: str | None, nbytes: int
) -> None:
    asked = change(
        ASKED,
        transport=transport,
        body=body,
        method=method,
        accept_encoding=accept,
        nbytes=nbytes,
    )
    for exchange in (asked, tagged(asked, '"a"'), tagged(asked, TAG)):
        planned = plan_response_of(exchange)
        answers = [planned] if isinstance(planned, Answer) else finished(planned)
        for answer in answers:
            assert answer.edits["vary"] == ALONE


def plan_response_of(exchange: Exchange) -> Answer | Plan:
    return plan_response(exchange, WITH)


def finished(plan: Plan) -> list[Answer]:
    """Return all that a plan may come to."""
    answers = [
        plan.answer(2000, 100),
        plan.answer(2000, 2000),
        plan.answer(reason=SkipReason.FAILED),
    ]
    if isinstance(plan.otherwise, Plan):
        answers += finished(plan.otherwise)
    return answers


@pytest.mark.parametrize("status", [406, 412])
def test_r64_refusals_too(status: int) -> None:
    if status == 406:
        asked = change(ASKED, accept_encoding="identity;q=0, dcz;q=0")
        answer = answer_of(asked, replace(WITH, not_acceptable=True))
    else:
        asked = change(ASKED, etag='"a"', conditions=Conditions(if_match='"b"'))
        answer = plan_of(asked, WITH).answer(2000, 100)
    assert (answer.status, answer.edits["vary"]) == (status, VARY["vary"])


def test_r64_what_is_never_coded_says_nothing() -> None:
    assert answer_of(change(ASKED, content_type="image/png"), WITH).edits == {}
    cookie = change(
        ASKED,
        vary="Cookie, available-dictionary",
        accept_encoding=None,
        transport=NO_TRANSPORT,
    )
    vary = answer_of(cookie, WITH).edits["vary"]
    assert vary == "Cookie, available-dictionary, Accept-Encoding"


def test_r65_each_dictionary_has_a_tag() -> None:
    plan = plan_of(tagged(), WITH)
    assert plan.tag == TAG
    answer = plan.answer(2000, 100)
    assert answer.edits == {
        **VARY,
        "content-encoding": "dcz",
        "content-length": "100",
        "etag": TAG,
    }
    assert isinstance(plan.otherwise, Plan)
    assert plan.otherwise.tag == '"a:zstd"'
    assert plan_of(change(ASKED, etag='W/"a"'), WITH).tag == 'W/"a"'


@pytest.mark.parametrize(
    ("listed", "status"),
    [
        (TAG, 304),
        (f"W/{TAG}", 304),
        (f'"b", {TAG}', 304),
        ('"a:dcz-76543210"', None),
        ('"a:zstd"', None),
        ('"a"', None),
        ('"a:dcz"', None),
    ],
)
def test_r65_conditions_are_about_one_of_them(listed: str, status: int | None) -> None:
    planned = plan_response_of(tagged(if_none_match=listed))
    answer = planned if isinstance(planned, Answer) else planned.answer(2000, 100)
    assert answer.status == status
    if status == 304:
        assert answer.edits == {**VARY, "etag": TAG, "content-type": None}


def test_r65_a_304_of_the_application_has_the_tag_that_the_client_has() -> None:
    made = tagged(change(ASKED, status=304, nbytes=0), TAG)
    assert answer_of(made, WITH).edits == {**VARY, "etag": TAG}
    zstd = tagged(change(ASKED, status=304, nbytes=0), '"a:zstd"')
    assert answer_of(zstd, WITH).edits == {**VARY, "etag": '"a:zstd"'}


@pytest.mark.parametrize("is_needed", [False, True])
def test_r10_a_304_for_which_the_body_is_coded_knows_the_dictionary(is_needed: bool) -> None:
    accept = f"{CHROMIUM}, identity;q=0" if is_needed else CHROMIUM
    made = change(ASKED, status=304, etag='"a"', date="x", accept_encoding=accept)
    plan = plan_of(made, WITH)
    assert (plan.coding, plan.dictionary) == ("dcz", OLD)
    assert plan.answer(2000, 100).edits == {**VARY, "etag": TAG}
    assert isinstance(plan.otherwise, Plan)
    assert plan.otherwise.answer(2000, 100).edits == {**VARY, "etag": '"a:zstd"'}


def test_r26_head_of_a_stream_is_labelled_as_get_would_be() -> None:
    asked = change(ASKED, method="HEAD", body=Body.STREAM, nbytes=None)
    assert answer_of(asked, WITH).edits == {**VARY, "content-encoding": "dcz"}


def test_r35_streams_have_one_too() -> None:
    asked = change(ASKED, body=Body.STREAM, nbytes=None, content_type="text/event-stream")
    plan = plan_of(asked, WITH)
    assert (plan.step, plan.coding, plan.dictionary) == (Step.STREAM, "dcz", OLD)
    assert (plan.flush_seconds, plan.is_small) == (0.0, True)
    assert isinstance(plan.otherwise, Plan)
    assert (plan.otherwise.step, plan.otherwise.coding) == (Step.STREAM, "zstd")


def test_r72_a_difference_that_lies_ready_is_sent() -> None:
    ready = {"zstd": Ready(700, "aaaaaaaa"), "dcz": Ready(80, "bbbbbbbb")}
    file = change(ASKED, body=Body.FILE, etag='"a"', date="x", ready=ready)
    plan = plan_of(file, WITH)
    assert (plan.step, plan.coding, plan.tag) == (Step.READY, "dcz", '"a:dcz-bbbbbbbb"')
    assert plan.answer().edits["content-length"] == "80"
    assert isinstance(plan.otherwise, Plan)
    assert (plan.otherwise.step, plan.otherwise.coding) == (Step.READY, "zstd")
    assert plan.otherwise.tag == '"a:zstd-aaaaaaaa"'
    no_difference = plan_of(file._replace(ready={"zstd": ready["zstd"]}), WITH)
    assert (no_difference.step, no_difference.coding) == (Step.CODE, "dcz")
    assert no_difference.otherwise == plan.otherwise


OWN = Transport(own='match="/app.*.js"')


def test_r69_a_response_says_that_it_is_a_dictionary() -> None:
    file = change(ASKED, body=Body.FILE, transport=OWN, cache_control="max-age=60")
    plan = plan_of(file, WITH)
    assert plan.answer(2000, 100).edits["use-as-dictionary"] == OWN.own
    assert plan.answer(2000, 2000).edits["use-as-dictionary"] == OWN.own
    plain = answer_of(change(file, accept_encoding=None), WITH)
    assert plain.edits == {"vary": ALONE, "use-as-dictionary": OWN.own}


@pytest.mark.parametrize(
    "changes",
    [
        {"cache_control": "no-cache"},
        {"cache_control": "max-age=60, no-store"},
        {"drop": "cache-control"},
        {"use_as_dictionary": 'match="/its/own"'},
        {"status": 206, "content_range": "bytes 0-9/2000"},
        {"status": 304, "nbytes": 0},
        {"conditions": Conditions(if_none_match='"a"'), "etag": '"a"', "date": "x"},
    ],
)
def test_r69_only_where_it_can_be_one(changes: dict[str, Any]) -> None:
    file = change(
        ASKED, body=Body.FILE, transport=OWN, cache_control="max-age=60", accept_encoding=None
    )
    assert "use-as-dictionary" not in answer_of(change(file, **changes), WITH).edits


def test_r69_a_part_of_a_sibling_is_none() -> None:
    ready = {"zstd": Ready(700, "aaaaaaaa")}
    file = change(
        ASKED,
        body=Body.FILE,
        transport=OWN,
        cache_control="max-age=60",
        accept_ranges="bytes",
        etag='"a"',
        date="x",
        ready=ready,
        range="bytes=0-9",
    )
    answer = plan_of(file, WITH).answer()
    assert answer.status == 206
    assert "use-as-dictionary" not in answer.edits


OFFERED = Transport(link='</d/1>; rel="compression-dictionary"')


def test_r70_a_page_links_to_its_dictionary() -> None:
    page = change(ASKED, transport=OFFERED)
    assert plan_of(page, WITH).answer(2000, 100).edits["link"] == OFFERED.link
    plain = change(page, accept_encoding=None)
    assert answer_of(plain, WITH).edits == {"vary": ALONE, "link": OFFERED.link}
    with_own = change(plain, link="</a.css>; rel=preload")
    expected = f"</a.css>; rel=preload, {OFFERED.link}"
    assert answer_of(with_own, WITH).edits["link"] == expected


def test_r70_only_a_document_links() -> None:
    for kind, has_link in (("text/html", True), ("application/json", False)):
        asked = change(ASKED, transport=OFFERED, content_type=kind)
        policy = replace(WITH, mimetypes=WITH.mimetypes | {"application/json"})
        planned = plan_response(asked, policy)
        assert isinstance(planned, Plan)
        assert ("link" in planned.answer(2000, 100).edits) is has_link


@pytest.mark.parametrize("status", [304, 404])
def test_r70_only_a_page_that_is_sent(status: int) -> None:
    page = change(ASKED, transport=OFFERED, status=status, nbytes=0)
    assert "link" not in answer_of(page, replace(WITH, errors=True)).edits
