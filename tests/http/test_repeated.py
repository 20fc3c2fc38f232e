"""Plans of files that are remembered."""

from __future__ import annotations

import threading
from typing import cast

import pytest

from pyfastgz.http.answers import LEFT
from pyfastgz.http.conditions import Conditions
from pyfastgz.http.eligibility import SkipReason
from pyfastgz.http.exchange import Policy
from pyfastgz.http.negotiation import MAX_HEADER_LENGTH
from pyfastgz.http.repeated import FilePlan
from pyfastgz.http.repeated import FilePlans
from pyfastgz.http.repeated import Key

PLAN = FilePlan(LEFT[SkipReason.MEDIA_TYPE])

# Which settings they have does not matter here.
POLICY, OTHER_POLICY = cast("list[Policy]", [object(), object()])


def key(number: int = 0, accept_encoding: str | None = "gzip") -> Key:
    lines = (("Content-Type", "text/css"), ("ETag", f'"{number}"'))
    return Key(accept_encoding, None, False, lines)


def test_a_plan_is_that_of_the_same_fields_and_the_same_policy() -> None:
    plans = FilePlans()
    plans.put(key(), POLICY, PLAN)
    assert plans.get(key(), POLICY) is PLAN
    assert plans.get(key(1), POLICY) is None
    assert plans.get(key(0, "br"), POLICY) is None
    assert plans.get(key(), OTHER_POLICY) is None
    plans.put(key(1), OTHER_POLICY, PLAN)
    assert plans.get(key(), POLICY) is None


def test_r50_few_are_remembered() -> None:
    plans = FilePlans()
    for number in range(1000):
        plans.put(key(number), POLICY, PLAN)
    there = [number for number in range(1000) if plans.get(key(number), POLICY)]
    assert 0 < len(there) <= 128
    assert 999 in there
    has = key()._replace(conditions=Conditions(if_none_match='"0"'))
    assert plans.get(has, POLICY) is None
    plans.put(has, POLICY, PLAN)
    assert plans.get(has, POLICY) is PLAN
    assert plans.get(has._replace(is_translated=True), POLICY) is None
    has = key()._replace(conditions=Conditions(if_none_match='"0"' * MAX_HEADER_LENGTH))
    plans.put(has, POLICY, PLAN)
    assert plans.get(has, POLICY) is None
    plans.put(key(0, "gzip," * MAX_HEADER_LENGTH), POLICY, PLAN)
    assert plans.get(key(0, "gzip," * MAX_HEADER_LENGTH), POLICY) is None


def test_lines_that_are_no_texts_raise() -> None:
    with pytest.raises(TypeError):
        FilePlans().get(Key("gzip", None, False, (("ETag", []),)), POLICY)  # type: ignore[arg-type]


def test_r51_threads_of_two_policies_get_their_own() -> None:
    plans = FilePlans()
    wrong: list[object] = []

    def use(policy: Policy) -> None:
        mine = FilePlan(PLAN.plan)
        for number in range(2000):
            plans.put(key(number % 20), policy, mine)
            found = plans.get(key(number % 20), policy)
            if found is not None and found is not mine:
                wrong.append(found)

    threads = [threading.Thread(target=use, args=[each]) for each in (POLICY, OTHER_POLICY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
