"""The core's way through the store comes to the same as that of the store itself."""

from __future__ import annotations

import random
import sys
from contextlib import suppress
from typing import Any

import pytest
from cachelib import SimpleCache
from collisions import collided
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pyfastgz.coding.br import BrotliSettings
from pyfastgz.coding.core import answer_plainly
from pyfastgz.coding.encoder import coder_of
from pyfastgz.coding.encoder import compress
from pyfastgz.engine import Engine
from pyfastgz.http.answers import Answer
from pyfastgz.http.eligibility import SkipReason
from pyfastgz.http.fields import NO_EDITS
from pyfastgz.http.plain import PlainPlan
from pyfastgz.http.plain import PlainPlans
from pyfastgz.settling import Coded
from pyfastgz.settling import way_of
from pyfastgz.store.bodies import BodyStore

PAGE = b"<p>Lamps and tables, tables and lamps.</p>" * 40
BROTLI = BrotliSettings()
ROOM = 64 * 1024
"""What the stores may keep: few bodies."""

NEVER_SMALLER = random.Random(1).randbytes(900)


LINES = [("Content-Type", "text/html"), ("Content-Length", "2000"), ("X-Lamp", "lit")]


class Left(Exception):
    """The core leaves a body to others."""


def leave(*_: object) -> Any:
    """Settle nothing."""
    raise Left


def by_way(way: Any, body: Any) -> Coded | None:
    """Return what the core settles by a way, None if it leaves that to others."""
    plain = PlainPlan(Answer(None))
    plain.way = way
    try:
        settled: Coded = answer_plainly(leave, plain, body, LINES, 1, "Content-Length")[0]
    except Left:
        return None
    return settled


class Pair:
    """Two engines that are asked for the same, one of them by ways."""

    def __init__(self) -> None:
        self.engines = [Engine({"COMPRESS_STORE_BYTES": ROOM}) for _ in range(2)]
        self.plans = [PlainPlans(engine.settings.last) for engine in self.engines]

    def code(self, body: bytes, accepted: str) -> Coded:
        """Have both code a body, and check that they come to the same."""
        plain, other = (plans.plan("text/html", 2000, accepted) for plans in self.plans)
        assert plain is not None
        assert other is not None
        first: Coded
        first, lines = answer_plainly(
            self.engines[0].settle_plain, plain, body, LINES, 1, "Content-Length"
        )
        second = self.engines[1].settle_plain(other, body)
        settled = [first, second]
        if first.answer.coding is None:
            assert lines == [*LINES, *second.edits().lines]
        else:
            length = "Content-Length", str(len(second.body))
            assert lines == [LINES[0], LINES[2], *second.edits().lines, length]
        assert first.outcome.kept == second.outcome.kept
        assert [one.outcome._replace(seconds=0) for one in settled] == [
            first.outcome._replace(seconds=0)
        ] * 2
        assert first.edits() == second.edits()
        assert (first.answer, first.body, first.nbytes) == (*second[:2], second.nbytes)
        return first

    def check(self) -> None:
        """Check that both keep the same, and have counted the same."""
        stores = [engine.store for engine in self.engines]
        first, second = stores
        assert first is not None
        assert second is not None
        assert first.stats() == second.stats()
        assert bytes(first._doors) == bytes(second._doors)
        kept = [
            [(key, entry.body, entry.used, set(entry.forms)) for key, entry in of.items()]
            for of in (first._entries, second._entries)
        ]
        assert kept[0] == kept[1]


BODIES = [
    PAGE,
    PAGE[:700],
    b"x",
    NEVER_SMALLER,
    collided(PAGE),
    collided(b"other   " + PAGE[8:]),
    # Too long to be kept here.
    PAGE * 20,
    *(b"%d " % number + PAGE for number in range(40)),
]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(BODIES), st.sampled_from(["gzip", "zstd", "deflate", "br"])),
        max_size=150,
    )
)
def test_both_come_to_the_same(asked: list[tuple[bytes, str]]) -> None:
    pair = Pair()
    for body, accepted in asked:
        pair.code(body, accepted)
    pair.check()


def test_the_core_does_what_is_new_and_what_is_kept() -> None:
    pair = Pair()
    pair.code(PAGE + b"the first is for the encoder", "gzip")
    pair.code(PAGE + b"and the second too, which is longer", "gzip")
    plain = pair.plans[0].plan("text/html", 2000, "gzip")
    assert plain is not None
    new = by_way(plain.way, PAGE)
    assert type(new) is Coded
    assert new.body == compress(PAGE, level=6)
    assert new.outcome.seconds > 0
    assert by_way(plain.way, PAGE) is None, "the second time it is to be kept"
    pair.engines[0].code_plain(plain, PAGE)
    before = by_way(plain.way, PAGE)
    assert before is None, "nothing is noted yet"
    noted = pair.engines[0].code_plain(plain, PAGE)
    assert by_way(plain.way, PAGE) is noted
    assert noted.outcome.kept


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_what_does_not_get_smaller_is_left(coding: str) -> None:
    pair = Pair()
    for _ in range(4):
        assert pair.code(NEVER_SMALLER, coding).answer.coding is None
    pair.check()
    refused = pair.code(NEVER_SMALLER, f"{coding}, identity;q=0")
    assert refused.answer.coding == coding


def test_with_a_shared_cache_the_core_codes_nothing() -> None:
    """Also if there was none yet when the way was made."""
    engine = Engine({"COMPRESS_STORE_BYTES": ROOM})
    plans = PlainPlans(engine.settings.last)
    plain, other = (plans.plan("text/html", 2000, accepted) for accepted in ("gzip", "zstd"))
    assert plain is not None
    assert other is not None
    for _ in range(3):
        engine.code_plain(plain, PAGE)
    compress(PAGE, "zstd", level=3)
    engine.cache = SimpleCache()
    engine.code_plain(other, b"new" + PAGE)
    assert other.way is None
    assert by_way(plain.way, PAGE) is not None, "what is kept is kept"
    assert by_way(plain.way, b"other" + PAGE) is None
    engine.cache = None
    assert by_way(plain.way, b"other" + PAGE) is not None


# ---- What is odd ----


@pytest.fixture
def plain() -> PlainPlan:
    engine = Engine({})
    plain = PlainPlans(engine.settings.last).plan("text/html", 2000, "gzip")
    assert plain is not None
    compress(PAGE * 2, "gzip", level=6)
    return plain


def with_part(way: tuple[Any, ...], old: object, new: object) -> tuple[Any, ...]:
    """A way with another part in the place of one."""
    assert any(part is old for part in way)
    return tuple(new if part is old else part for part in way)


@pytest.mark.parametrize("way", [7, [], (), (1,) * 18, (1, 2)])
def test_what_is_no_way_is_an_error(way: Any) -> None:
    with pytest.raises(TypeError, match="no way of a plan"):
        by_way(way, PAGE)


@pytest.mark.parametrize("body", [None, "text", bytearray(PAGE), memoryview(PAGE), PAGE * 3000])
def test_other_bodies_are_for_others(plain: PlainPlan, body: Any) -> None:
    store = BodyStore(ROOM)
    way = way_of(plain, store, BROTLI)
    assert way
    assert by_way(way, body) is None
    assert store.stats() == BodyStore(ROOM).stats()


def test_a_store_without_bounds_holds_no_other_bodies_either(plain: PlainPlan) -> None:
    way = way_of(plain, BodyStore(8 * sys.maxsize), BROTLI)
    assert by_way(way, bytearray(PAGE)) is None
    assert by_way(way, PAGE) is not None


def test_nothing_is_coded_for_lines_of_something_else(plain: PlainPlan) -> None:
    engine = Engine({})
    with pytest.raises(TypeError, match="lines are a list, not "):
        answer_plainly(engine.settle_plain, plain, PAGE, tuple(LINES), 1, "Content-Length")  # type: ignore[arg-type]
    assert engine.stats().store == Engine({}).stats().store


def test_without_an_encoder_it_is_for_others(plain: PlainPlan) -> None:
    store = BodyStore(ROOM)
    way = way_of(plain, store, BROTLI)
    assert way
    assert by_way(with_part(way, coder_of("gzip", 6, BROTLI), []), PAGE) is None
    assert not any(store._doors)
    assert by_way(way, PAGE) is not None
    assert any(store._doors)


def fail(*_: object) -> Any:
    """Be any part of a way that is called."""
    raise LookupError("a part fails")


class Failing(list[Any]):
    """Idle encoders that cannot be had."""

    pop = fail


def test_what_a_function_makes_is_to_be_bytes(plain: PlainPlan) -> None:
    way = way_of(plain, BodyStore(ROOM), BROTLI)
    assert way
    idle = coder_of("gzip", 6, BROTLI)
    with pytest.raises(TypeError, match="a coded body is to be bytes"):
        by_way(with_part(way, idle, bytearray), PAGE)


def test_whatever_fails_in_between_is_told_and_loses_no_encoder(plain: PlainPlan) -> None:
    idle = coder_of("gzip", 6, BROTLI)
    assert isinstance(idle, list)
    known, store = len(idle), BodyStore(ROOM)
    way = way_of(plain, store, BROTLI)
    assert way
    store._keep((0, 0), b"", ("gzip", 6), store.compress(b"", "gzip", 6, BROTLI)[0])
    called = [part for part in way if callable(part)]
    assert len(called) == 8
    # Not all are called for any body.
    for number, part in enumerate(called):
        for body in (b"%d " % number + PAGE, b"%d" % number + NEVER_SMALLER, b""):
            with suppress(LookupError):
                by_way(with_part(way, part, fail), body)
    with pytest.raises(LookupError, match="a part fails"):
        by_way(with_part(way, idle, Failing()), b"x" + PAGE)
    assert len(idle) == known


def test_nothing_is_left_behind(plain: PlainPlan) -> None:
    """All that the core refers to it lets go of."""
    store = BodyStore(8 * ROOM)
    way = way_of(plain, store, BROTLI)
    assert way
    parts = [*way, way, plain.answer, plain.edits, LINES, *LINES]
    kept = [b"kept" + PAGE]

    def ask(times: int) -> list[int]:
        for number in range(times):
            body = b"%d " % number + PAGE
            for _ in range(number % 4):
                by_way(way, body)
            by_way(way, b"%d" % number + NEVER_SMALLER)
            by_way(way, kept[0])
        return [sys.getrefcount(part) for part in parts]

    ask(100)
    before = ask(100)
    after = ask(1000)
    assert [b - a for a, b in zip(before, after, strict=True) if abs(b - a) > 10] == []


# ---- What is sent ----


@pytest.mark.parametrize("name", ["Content-Length", b"content-length"])
@pytest.mark.parametrize("at", [None, 0, 1, 2])
def test_lines_with_a_length(plain: PlainPlan, name: Any, at: int | None) -> None:
    lines = [("a", "1"), ("b", "2"), ("c", "3")]
    settled, made = answer_plainly(Engine({}).settle_plain, plain, PAGE, lines, at, name)
    edits, length = settled.edits(), str(len(settled.body))
    is_raw = isinstance(name, bytes)
    added, value = (edits.raw, length.encode()) if is_raw else (edits.lines, length)
    left = [line for number, line in enumerate(lines) if number != at]
    assert made == [*left, *added, (name, value)]
    assert lines == [("a", "1"), ("b", "2"), ("c", "3")]


@pytest.mark.parametrize("reason", [SkipReason.MEDIA_TYPE, SkipReason.TOO_SMALL])
def test_lines_of_what_is_left(reason: SkipReason) -> None:
    """It is settled once; the body is not looked at."""
    plain = PlainPlan(Answer(reason, {"vary": "Accept-Encoding"}))
    for settle in (Engine({}).settle_plain, leave):
        settled, made = answer_plainly(settle, plain, b"", LINES, 1, "Content-Length")
        assert settled is plain.left
        assert settled.answer is plain.answer
        assert made == [*LINES, ("Vary", "Accept-Encoding")]


@pytest.mark.parametrize(
    "arguments",
    [
        (None, None, "x"),
        ((), None, "x"),
        ([], "0", "x"),
        ([], 1 << 70, "x"),
        ([], 9, "x"),
        ([], None),
    ],
)
def test_lines_of_something_else_are_an_error(plain: PlainPlan, arguments: Any) -> None:
    with pytest.raises((TypeError, OverflowError, SystemError, IndexError)):
        answer_plainly(Engine({}).settle_plain, plain, PAGE, *arguments)


@pytest.mark.parametrize(
    "settled",
    [
        None,
        (),
        (1, 2, 3, 4, 5),
        ((), b"", None, None, 0),
        (Answer(None), None, None, NO_EDITS, 0),
        (Answer(None), b"", None, None, 0),
        (Answer(None), b"", None, 7, 0),
    ],
)
def test_what_is_not_settled_is_an_error(plain: PlainPlan, settled: Any) -> None:
    with pytest.raises((TypeError, AttributeError, IndexError, SystemError)):
        answer_plainly(lambda *_: settled, plain, PAGE, LINES, 1, "Content-Length")


def test_no_plan_is_an_error() -> None:
    for plain in (None, 7, Answer(None)):
        with pytest.raises(AttributeError):
            answer_plainly(leave, plain, PAGE, LINES, 1, "Content-Length")
