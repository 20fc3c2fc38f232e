"""Plans of plain exchanges are kept, but no more than a few (R50, R52)."""

from __future__ import annotations

import pytest

from pyfastgz.http.answers import Answer
from pyfastgz.http.eligibility import SkipReason
from pyfastgz.http.negotiation import MAX_HEADER_LENGTH
from pyfastgz.http.plain import SHAPES
from pyfastgz.http.plain import PlainPlans
from pyfastgz.http.plain import Shape
from pyfastgz.http.plain import TypePlans
from pyfastgz.policy import Policy

HTML = "text/html; charset=utf-8"


def made() -> tuple[PlainPlans, TypePlans]:
    plans = PlainPlans(Policy.from_mapping({}))
    known = plans.by_type[HTML]
    assert isinstance(known, TypePlans)
    assert plans.by_type[HTML] is known
    return plans, known


def test_what_was_made_is_known() -> None:
    plans, known = made()
    plain = known.long["gzip"]
    assert plain is not None
    assert known.long["gzip"] is plain
    assert plain.plan is not None
    assert (plain.coding, plain.level) == (plain.plan.coding, plain.plan.level) == ("gzip", 6)
    assert plain.plan.plain is plain
    assert plain.answer.edits == plain.edits | {"content-encoding": "gzip"}
    left = known.short["gzip"]
    assert left is not None
    assert left.answer == Answer(SkipReason.TOO_SMALL, {"vary": "Accept-Encoding"})
    assert (left.coding, left.plan) == ("", None)
    left = known.long[None]
    assert left is not None
    assert left.answer.reason is SkipReason.NOT_ACCEPTED
    assert plans.by_type["image/png"] == Answer(SkipReason.MEDIA_TYPE)


def test_noise_is_no_part_of_a_plan_that_is_kept() -> None:
    settings = {"COMPRESS_LENGTH_NOISE": 64, "COMPRESS_LENGTH_NOISE_KEY": "a secret"}
    plans = PlainPlans(Policy.from_mapping(settings))
    assert plans.by_type[HTML] is None
    assert plans.by_type["image/png"] == Answer(SkipReason.MEDIA_TYPE)


@pytest.mark.parametrize(
    ("names", "shape"),
    [
        (("Content-Type", "Content-Length"), Shape(0, True, True, 1)),
        (("X-A", "content-TYPE", "Set-Cookie", "Set-Cookie"), Shape(1, True, True, None)),
        (("Content-Type", "Vary"), Shape(0, True, False, None)),
        (("Cache-Control", "Content-Type"), Shape(1, True, False, None)),
        (("Content-Type", "etag"), Shape(0, False, False, None)),
        (("Content-Type", "Content-type"), Shape(0, False, False, None)),
        (("content-length", "Content-Type"), Shape(1, True, True, 0)),
        (("Content-Length", "content-length", "Content-Type"), Shape(2, True, False, 0)),
        (("Location",), Shape(0, False, False, None)),
    ],
)
def test_names_of_fields_say(names: tuple[str, ...], shape: Shape) -> None:
    assert SHAPES[names] == shape
    assert SHAPES[names] is SHAPES[names]


def test_r50_ever_new_fields_neither_pile_up_nor_keep_others_out() -> None:
    _, known = made()
    for number in range(1000):
        plain = known.long[f"gzip, x{number}"]
        assert plain is not None
        assert plain.coding == "gzip"
        assert len(known.long) <= 64
    assert known.long["br"] is known.long["br"]


def test_r50_ever_new_types_neither_pile_up_nor_keep_others_out() -> None:
    plans, _ = made()
    for number in range(1000):
        assert plans.by_type[f"multipart/mixed; boundary={number}"] is not None
        assert len(plans.by_type) <= 64
    assert plans.by_type[HTML] is plans.by_type[HTML]


def test_r50_oversized_fields_are_not_kept() -> None:
    _, known = made()
    left = known.long["gzip".ljust(MAX_HEADER_LENGTH + 1, ",")]
    assert left is not None
    assert left.answer.reason is SkipReason.NOT_ACCEPTED
    assert not known.long
