"""What is remembered of requests and responses takes a bounded number of bytes."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from pyfastgz.engine import Engine
from pyfastgz.http.answers import Answer
from pyfastgz.http.conditions import Conditions
from pyfastgz.http.dictionaries import Asked
from pyfastgz.http.dictionaries import available
from pyfastgz.http.eligibility import SkipReason
from pyfastgz.http.exchange import Body
from pyfastgz.http.exchange import Exchange
from pyfastgz.http.fields import media_type
from pyfastgz.http.fields import vary_with
from pyfastgz.http.negotiation import choose
from pyfastgz.http.plain import SHAPES
from pyfastgz.http.plain import PlainPlans
from pyfastgz.http.plan import plan_response
from pyfastgz.http.repeated import FilePlan
from pyfastgz.http.repeated import FilePlans
from pyfastgz.http.repeated import Key
from pyfastgz.http.steps import Plan
from pyfastgz.own_tags import OwnTags
from pyfastgz.policy import LivePolicy
from pyfastgz.settling import coded_before
from pyfastgz.store.bodies import Form
from pyfastgz.store.dictionary_folder import About
from pyfastgz.store.dictionary_folder import opened

LONG = "x" * 50_000
MB = 1 << 20
TYPES = ("text/html; charset=utf-8", "application/json", "text/css; charset=utf-8")
SITES = (None, "same-origin", "same-site", "cross-site", "none", "evil")
MODES = (None, "navigate", "same-origin", "cors", "no-cors", "evil")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return what an application with eight dictionaries for pages has."""
    monkeypatch.setattr("pyfastgz.store.files.SETTLED_NS", -(10**9))
    with opened(str(tmp_path), lambda: None) as work:
        for number in range(8):
            about = About("pages", f"site{number}", f"/{number}/*", ("document",))
            work.put(layout_of(number), about)
    return Engine({"COMPRESS_DICTIONARIES": str(tmp_path)})


def layout_of(number: int) -> bytes:
    return b"<p>%d</p>" % number * 400


def growth(act: Callable[[], object]) -> int:
    """Return how many bytes more there are after something was done."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        act()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def test_r50_plans_with_dictionaries(engine: Engine) -> None:
    transports = engine.transports
    assert transports is not None
    base = PlainPlans(engine.settings.last)

    def ask() -> None:
        for number, site, mode in product(range(8), SITES, MODES):
            named = available(hashlib.sha256(layout_of(number)).hexdigest())
            asked = Asked(named, site, mode, f"https://{number}.example")
            plans = transports.plain_plans("", f"/{number}", asked, base)
            for kind, client in product(TYPES if plans else (), range(20)):
                accepted = f"gzip, dcz, zstd, {client:0900}"
                assert plans is not None
                assert plans.plan(kind, 5000, accepted) is not None

    assert growth(ask) < MB


def test_r50_plans_of_files() -> None:
    plans, policy = FilePlans(), Any
    answer = FilePlan(Answer(SkipReason.EXEMPT))

    def put(key: Key) -> None:
        plans.put(key, policy, answer)  # type: ignore[arg-type]

    def ask() -> None:
        for number in range(100):
            disposition = f"attachment; filename={LONG}{number}"
            put(Key("gzip", None, False, (("Content-Disposition", disposition),)))
            put(Key(f"{LONG}{number}", None, False, ()))
            put(Key("gzip", Conditions(if_none_match=f"{LONG}{number}"), True, ()))
            put(Key("gzip", None, False, (), ("", f"/{LONG}{number}")))

    assert growth(ask) < MB


@pytest.mark.parametrize(
    "remember",
    [
        media_type,
        vary_with,
        lambda text: SHAPES[("Content-Type", text)],
        lambda text: choose(text, ("gzip",)),
    ],
    ids=["types", "vary", "names", "codings"],
)
def test_r50_what_is_long_is_not_remembered(remember: Callable[[str], object]) -> None:
    def ask() -> None:
        for number in range(100):
            remember(f"{LONG}{number}")

    assert growth(ask) < MB


def test_r50_what_was_settled_for_a_file_is_not_kept_as_long_as_the_file() -> None:
    """Its plan has the fields of a response, which the store of bodies does not count."""
    settings = LivePolicy({})
    forms = [Form(b"coded") for _ in range(1000)]

    def settle() -> None:
        for number, form in enumerate(forms):
            fields = {"content-type": "text/html", "x-echo": f"{number:05000}"}
            exchange = Exchange("GET", 200, fields, Body.WHOLE, 2000, "gzip")
            plan = plan_response(exchange, settings.last)
            assert isinstance(plan, Plan)
            settled = coded_before(plan, 2000, form)
            assert coded_before(plan, 2000, form) is settled

    assert growth(settle) < 2 * MB


def test_r50_tags_that_end_like_coded_ones() -> None:
    tags = OwnTags()
    for number in range(3000):
        tags.note(f'"{number}{LONG}:gzip"', ("gzip",))
        tags.note(f'"{number}:gzip"', ("gzip",))
    assert sum(map(len, tags)) < 1024 * 20
    assert "2999:gzip" in tags
