"""Plans of plain exchanges are kept, but no more than a few (R50, R52)."""

from __future__ import annotations

from pyfastgz.http.answers import Answer
from pyfastgz.http.eligibility import SkipReason
from pyfastgz.http.negotiation import MAX_HEADER_LENGTH
from pyfastgz.http.plain import PlainPlans
from pyfastgz.http.plain import TypePlans
from pyfastgz.http.plan import Plan
from pyfastgz.policy import Policy

HTML = "text/html; charset=utf-8"


def made() -> tuple[PlainPlans, TypePlans]:
    plans = PlainPlans(Policy.from_mapping({}))
    known = plans.learn_type(HTML)
    assert isinstance(known, TypePlans)
    assert plans.by_type[HTML] is known
    return plans, known


def test_what_was_learned_is_known() -> None:
    plans, known = made()
    plan = plans.learn(known, HTML, "gzip", is_short=False)
    assert isinstance(plan, Plan)
    assert known.long == {"gzip": plan}
    assert plans.learn(known, HTML, "gzip", is_short=True) == Answer(
        SkipReason.TOO_SMALL, {"vary": "Accept-Encoding"}
    )
    answer = plans.learn(known, HTML, None, is_short=False)
    assert isinstance(answer, Answer)
    assert answer.reason is SkipReason.NOT_ACCEPTED
    assert plans.learn_type("image/png") == Answer(SkipReason.MEDIA_TYPE)


def test_r50_ever_new_fields_neither_pile_up_nor_keep_others_out() -> None:
    plans, known = made()
    for number in range(1000):
        plan = plans.learn(known, HTML, f"gzip, x{number}", is_short=False)
        assert isinstance(plan, Plan)
        assert len(known.long) <= 64
    plans.learn(known, HTML, "br", is_short=False)
    assert "br" in known.long


def test_r50_ever_new_types_neither_pile_up_nor_keep_others_out() -> None:
    plans, _ = made()
    for number in range(1000):
        plans.learn_type(f"multipart/mixed; boundary={number}")
        assert len(plans.by_type) <= 64
    known = plans.learn_type(HTML)
    assert plans.by_type[HTML] is known


def test_r50_oversized_fields_are_not_kept() -> None:
    plans, known = made()
    field = "gzip".ljust(MAX_HEADER_LENGTH + 1, ",")
    answer = plans.learn(known, HTML, field, is_short=False)
    assert isinstance(answer, Answer)
    assert answer.reason is SkipReason.NOT_ACCEPTED
    assert not known.long
