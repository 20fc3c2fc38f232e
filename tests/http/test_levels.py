"""What a plan says of levels where there is a CPU budget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from planning import DATE
from planning import PAGE
from planning import POLICY
from planning import answer_of
from planning import change
from planning import plan_of

from pyfastgz.http.answers import Answer
from pyfastgz.http.conditions import Conditions
from pyfastgz.http.eligibility import SkipReason
from pyfastgz.http.exchange import Body
from pyfastgz.http.exchange import Wishes
from pyfastgz.http.plain import PlainPlans
from pyfastgz.http.steps import Step

WITH = replace(POLICY, down=3)
VARIES = {"vary": "Accept-Encoding"}


@pytest.mark.parametrize("body", [Body.WHOLE, Body.STREAM, Body.FILE])
def test_without_a_budget_there_is_one_level(body: Body) -> None:
    plan = plan_of(change(body=body))
    assert (plan.level, plan.levels) == (6, ())
    assert isinstance(answer_of(change(body=Body.STREAM, method="HEAD")), Answer)


@pytest.mark.parametrize("body", [Body.WHOLE, Body.STREAM, Body.FILE])
@pytest.mark.parametrize(
    ("fields", "levels"),
    [
        ({}, (6, 5, 4, 3, None)),
        ({"etag": 'W/"a"'}, (6, 5, 4, 3, None)),
        ({"etag": '"a"'}, (6, 6, 6, 6, None)),
        ({"etag": '"a:gzip"'}, (6, 6, 6, 6, None)),
    ],
)
def test_r101_a_strong_tag_has_one_level(
    body: Body, fields: dict[str, Any], levels: tuple[int | None, ...]
) -> None:
    plan = plan_of(change(body=body, **fields), WITH)
    assert (plan.level, plan.levels) == (6, levels)


def test_r101_messages_have_no_strong_tag() -> None:
    events = change(body=Body.STREAM, content_type="text/event-stream", etag='"a"')
    assert plan_of(events, WITH).levels == (6, 5, 4, 3, None)


@pytest.mark.parametrize(
    ("etag", "levels"), [(None, (6, 5, 4, 3, None)), ('"a"', (6, 6, 6, 6, None))]
)
def test_r105_who_refuses_identity_has_the_levels_of_all_others(
    etag: str | None, levels: tuple[int | None, ...]
) -> None:
    fields: dict[str, Any] = {} if etag is None else {"etag": etag}
    exchange = change(accept_encoding="gzip, identity;q=0", **fields)
    assert plan_of(exchange, WITH).levels == levels
    assert plan_of(exchange._replace(body=Body.STREAM, method="HEAD"), WITH).levels == levels


def test_a_view_goes_down_from_its_own_level() -> None:
    plan = plan_of(PAGE, WITH, Wishes(levels={"gzip": 9}))
    assert (plan.level, plan.levels) == (9, (9, 8, 7, 6, None))


def test_plain_plans_are_made_once_for_all_steps() -> None:
    plans = PlainPlans(WITH)
    first, second = (plans.plan("text/html", 2000, "gzip") for _ in range(2))
    assert first is second
    assert first is not None
    assert first.plan is not None
    assert first.plan.levels == (6, 5, 4, 3, None)


@pytest.mark.parametrize(
    ("fields", "conditions", "expected"),
    [
        ({}, None, Answer(SkipReason.BUDGET, VARIES)),
        ({"etag": '"a"'}, None, Answer(SkipReason.BUDGET, VARIES)),
        (
            {"etag": '"a"', "vary": "Cookie"},
            None,
            Answer(SkipReason.BUDGET, {"vary": "Cookie, Accept-Encoding"}),
        ),
    ],
)
def test_r103_what_is_not_coded_varies(
    fields: dict[str, Any], conditions: Any, expected: Answer
) -> None:
    for body in (Body.WHOLE, Body.STREAM, Body.FILE):
        plan = plan_of(change(body=body, conditions=conditions, **fields), WITH)
        assert plan.answer(reason=SkipReason.BUDGET) == expected


@pytest.mark.parametrize("known", [None, "a file"])
@pytest.mark.parametrize("nbytes", [2000, 9000])
def test_r103_head_of_a_file_is_labelled_if_get_is_coded(
    known: str | None, nbytes: int
) -> None:
    head = change(
        body=Body.FILE, method="HEAD", nbytes=nbytes, file=known, content_length=str(nbytes)
    )
    plan = plan_of(head, WITH)
    assert (plan.step, plan.levels) == (Step.LABEL, (6, 5, 4, 3, None))
    assert plan.answer() == answer_of(head)
    assert plan.answer().coding == "gzip"
    plain = plan.answer(reason=SkipReason.BUDGET)
    # A short one may be kept, and where nothing is known of the file nobody can look.
    is_in_doubt = known is None and nbytes <= POLICY.file_nbytes
    assert plain.edits == ({**VARIES, "content-length": None} if is_in_doubt else VARIES)


def test_r103_a_304_by_date_stands_for_what_would_be_sent() -> None:
    fields: dict[str, Any] = {"etag": '"a"', "date": DATE, "last_modified": DATE}
    conditions = Conditions(if_modified_since=DATE)
    plan = plan_of(change(status=304, conditions=conditions, **fields), WITH)
    assert (plan.step, plan.levels) == (Step.CODE, (6, 6, 6, 6, None))
    assert plan.answer(2000, 300).edits == {**VARIES, "etag": '"a:gzip"'}
    plain = plan.answer(reason=SkipReason.BUDGET)
    assert plain == Answer(SkipReason.NOT_MODIFIED, VARIES)
