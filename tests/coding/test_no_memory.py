"""Python has no memory, at any moment: what was coded is right, or there is an exception."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from typing import TypeVar

import decoders
import pytest

import pyfastgz
from pyfastgz.coding.core import answer_plainly
from pyfastgz.coding.core import start_of
from pyfastgz.coding.decode import Decoder
from pyfastgz.coding.decode import DeflateDecoder
from pyfastgz.coding.decode import GzipDecoder
from pyfastgz.engine import Engine
from pyfastgz.http.plain import NO_SHAPE
from pyfastgz.http.plain import PlainPlans

CODINGS = decoders.CODINGS
TEXT = b"".join(b"<p>%d lamps of %d</p>\n" % (n * n, n % 7) for n in range(9000))
PIECES = (b"<p>lamp</p>" * 9, random.Random(3).randbytes(9000), TEXT[:30_000], b"")

T = TypeVar("T")


@pytest.fixture(name="testcapi")
def import_testcapi() -> Any:
    return pytest.importorskip("_testcapi")


def call_without(
    testcapi: Any, number: int, function: Callable[..., T], *given: Any
) -> T | None:
    """Call a function of whose allocations one fails, by its number; return None if that shows.

    Nothing here may allocate before all may again.
    """
    try:
        testcapi.set_nomemory(number, number + 1)
        return function(*given)
    # CPython 3.11 says the second where there is no memory for its own stack.
    except (MemoryError, SystemError):
        return None
    finally:
        testcapi.remove_mem_hooks()


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("make", [bytes, bytearray])
def test_a_body_is_whole_or_refused(
    coding: str, make: Callable[[bytes], bytes], testcapi: Any
) -> None:
    refused = 0
    for piece in PIECES:
        coded = pyfastgz.compress(piece, coding)
        for number in range(1, 20):
            made = call_without(testcapi, number, pyfastgz.compress, make(piece), coding)
            refused += made is None
            assert made in {None, coded}
        assert pyfastgz.compress(piece, coding) == coded
    assert refused >= len(PIECES)


def goes_on(coding: str, testcapi: Any, at: int, number: int) -> bool:
    """Code a stream, and have an allocation of a call fail, which is then made once more."""
    encoder = pyfastgz.Encoder(coding)
    made = [encoder.flush(piece) for piece in PIECES[:at]]
    flushed = call_without(testcapi, number, encoder.flush, PIECES[at])
    try:
        made.append(encoder.flush(PIECES[at]) if flushed is None else flushed)
    except pyfastgz.EncoderStateError:
        return False
    made += map(encoder.flush, PIECES[at + 1 :])
    made.append(encoder.finish())
    decoders.check(coding, b"".join(made), b"".join(PIECES))
    return True


@pytest.mark.parametrize("coding", CODINGS)
def test_no_output_of_a_stream_goes_missing(coding: str, testcapi: Any) -> None:
    """A call that failed had no effect, or the encoder does not go on."""
    outcomes = {
        goes_on(coding, testcapi, at, number)
        for at in range(len(PIECES))
        for number in range(1, 12)
    }
    assert outcomes == {True, False}


def decode(make: Callable[[], Decoder], coded: bytes) -> bytes:
    decoder = make()
    decoder.push(coded)
    made = []
    while not decoder.needs_input:
        made.append(decoder.step())
    return b"".join(made)


@pytest.mark.parametrize("make", [GzipDecoder, DeflateDecoder])
def test_it_is_no_fault_of_a_body_that_is_decoded(
    make: Callable[[], Decoder], testcapi: Any
) -> None:
    """Wherever it is: zlib takes memory at the beginning, and later for its window."""
    coded = pyfastgz.compress(TEXT, "gzip" if make is GzipDecoder else "deflate")
    number = 1
    while (made := call_without(testcapi, number, decode, make, coded)) is None:
        number += 1
    assert number > 10
    assert made == TEXT


def test_what_is_answered_plainly_is_whole_or_refused(testcapi: Any) -> None:
    """And no body is taken for one that came before."""
    engine = Engine({})
    plain = PlainPlans(engine.settings.last).plan("text/html", 9000, "gzip")
    assert plain is not None
    lines, refused = [("Content-Type", "text/html"), ("Content-Length", "9")], 0
    for number in range(80):
        body = b"%d " % number + PIECES[0]
        coded = pyfastgz.compress(body)
        asked = engine.settle_plain, plain, body, lines, 1, "Content-Length"
        made = call_without(testcapi, number % 40, answer_plainly, *asked)
        refused += made is None
        settled, sent = made or answer_plainly(*asked)
        assert settled.body == coded
        added = [*settled.edits().lines, ("Content-Length", str(len(coded)))]
        assert sent == [lines[0], *added]
    assert refused > 9


def test_the_start_of_a_response_is_whole_or_refused(testcapi: Any) -> None:
    lines = [(b"content-type", b"text/html"), (b"content-length", b"9")]
    message, shapes = (
        {"status": 200, "headers": lines},
        {(b"content-type", b"content-length"): NO_SHAPE},
    )
    refused = 0
    for number in range(20):
        made = call_without(testcapi, number, start_of, message, shapes)
        refused += made is None
        assert made is None or made == (message, lines, NO_SHAPE, "text/html")
    assert 0 < refused < 20
