"""The core's look at the start of a response in ASGI."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import pytest
from asgi_messages import HTML
from asgi_messages import start
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz.asgi.messages import SHAPES
from pyfastgz.coding.core import start_of
from pyfastgz.http.plain import NO_SHAPE

LENGTH = (b"content-length", b"9")
TAG = (b"ETag", b'"e"')


def test_it_is_a_copy() -> None:
    """Whoever sent it may use it again."""
    message = start(LENGTH, HTML, trailers=True)
    known = start_of(message, SHAPES)
    assert known is not None
    copy, lines, shape, content_type = known
    assert copy == message == start(LENGTH, HTML, trailers=True)
    assert copy is not message
    assert copy["headers"] is lines is not message["headers"]
    assert shape is SHAPES[b"content-length", b"content-type"]
    assert (shape.type_at, shape.length_at) == (1, 0)
    assert content_type == "text/html; charset=utf-8"


NAMES = st.sampled_from([b"content-type", b"Content-Type", b"content-length", b"etag", b""])
VALUES = st.sampled_from([b"text/html", b"image/png", b"9", b"\xff\x00", b""])
LINES = st.tuples(NAMES, VALUES)


@given(st.lists(LINES | LINES.map(list), max_size=9))
def test_it_says_what_the_names_say(lines: list[Any]) -> None:
    known = start_of(start(*lines), SHAPES)
    if known is None:
        assert not lines
        return
    shape = SHAPES[tuple(name for name, _ in lines)]
    text = lines[shape.type_at][1].decode("latin-1")
    assert known == (start(*lines), lines, shape, text)


@pytest.mark.parametrize("status", [200, HTTPStatus.OK])
def test_a_status_may_be_of_an_enumeration(status: int) -> None:
    known = start_of(start(HTML, status=status), SHAPES)
    assert known is not None
    assert known[0]["status"] is status


def started(*lines: Any, status: Any = 200) -> Any:
    """Return a start that may be odd."""
    return {"type": "http.response.start", "status": status, "headers": [*lines]}


ODD_LINES: list[Any] = [(b"x",), (), (b"x", b"1", b"2"), b"x1", None, 7, {b"x": 1, b"y": 2}]
NO_LISTS: list[Any] = [None, 7, (HTML,), iter([HTML]), {}, []]
ODD: list[Any] = [
    None,
    [],
    {},
    MappingProxyType(start(HTML)),
    {"headers": [HTML]},
    {"status": 200},
    *(started(HTML, status=status) for status in (199, 304, 200.0, "200", None, True)),
    *({"status": 200, "headers": odd} for odd in NO_LISTS),
    *(started(HTML, odd) for odd in ODD_LINES),
    started((b"content-type", "text/html")),
    started((b"content-type", None)),
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_what_is_odd_is_for_others(odd: Any) -> None:
    assert start_of(odd, SHAPES) is None


@pytest.mark.parametrize("name", ["text", None, 7, [b"x"], bytearray(b"x")])
def test_names_that_are_odd_are_an_error(name: Any) -> None:
    with pytest.raises((AttributeError, TypeError)):
        start_of(started(HTML, (name, b"1")), SHAPES)
    with pytest.raises(OverflowError):
        start_of(started(HTML, status=1 << 70), SHAPES)


class Fault(Exception):
    """What a part of a start raises."""


class Raises:
    """A name that cannot be looked up."""

    def __hash__(self) -> int:
        raise Fault


@pytest.mark.parametrize("said", [None, 7, [0], (), ("0",), (None,)])
def test_shapes_that_say_nothing_are_an_error(said: Any) -> None:
    names = (b"content-type",)
    with pytest.raises((TypeError, IndexError)):
        start_of(start(HTML), {names: said})
    with pytest.raises(KeyError):
        start_of(start(HTML), {})
    with pytest.raises(Fault):
        start_of(started((Raises(), b"1")), SHAPES)


@pytest.mark.parametrize("at", [-1, 1, 1 << 40])
def test_a_place_where_there_is_no_line_is_odd(at: int) -> None:
    assert start_of(start(HTML), {(b"content-type",): NO_SHAPE._replace(type_at=at)}) is None


class Finalizer:
    """Is collected some time, and replaces the fields of a message then."""

    def __init__(self, message: Any) -> None:
        self.message, self.itself = message, self

    def __del__(self) -> None:
        self.message["headers"] = []


@pytest.fixture
def _often() -> Iterator[None]:
    """Have the garbage collector run all the time."""
    before = gc.get_threshold()
    gc.set_threshold(1, 1000, 1000)
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("_often")
def test_a_finalizer_may_replace_the_fields() -> None:
    """Before CPython 3.12 any allocation may call one."""
    for _ in range(100):
        gc.disable()
        message = started(HTML, *((b"x-%d" % number, b"v" * 50) for number in range(60)))
        Finalizer(message)
        drained: list[Any] = [[] for _ in range(200)]
        gc.enable()
        known = start_of(message, SHAPES)
        assert known is None or len(known[1]) == 61
        del drained


def test_nothing_is_left_behind() -> None:
    """All that the core refers to it lets go of."""
    messages: list[Any] = [
        *ODD,
        start(HTML, LENGTH),
        started(HTML, TAG, [b"x", b"1"]),
        started(HTML, (Raises(), b"1")),
        started(HTML, status=1 << 70),
    ]
    shapes = {
        (b"content-type", b"content-length"): NO_SHAPE,
        (b"content-type", b"ETag", b"x"): None,
    }
    parts = [HTML, *HTML, LENGTH, TAG, NO_SHAPE, shapes, *messages]

    def ask(times: int) -> list[int]:
        for _ in range(times):
            for message in messages:
                with suppress(Fault, KeyError, OverflowError, TypeError):
                    start_of(message, shapes)
        return [sys.getrefcount(part) for part in parts]

    ask(9)
    before, after = ask(9), ask(99)
    assert [b - a for a, b in zip(before, after, strict=True) if abs(b - a) > 9] == []
