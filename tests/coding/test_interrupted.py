"""Signals whose handlers raise, at any moment: no output goes missing unnoticed.

After an interrupted call an encoder either refuses to go on, or its input and the output that
arrived agree, as if the call had never been or had been done.
"""

from __future__ import annotations

import gc
import random
import signal
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import decoders
import pytest

import pyfastgz
from pyfastgz.coding import idle

CODINGS = decoders.CODINGS
SECONDS = 1.0
"""How much of the processor each test takes."""

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="needs interval timers"
)


class InterruptedBySignalError(KeyError):
    """Raised by the signal handler: what other code catches for reasons of its own."""


class Interrupter:
    """Calls a function and has it interrupted once, at random."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        self.count = 0
        self._is_armed = False

    def handle(self, *_: object) -> None:
        """Handle the signal."""
        # One that comes late must not hit the test itself.
        if self._is_armed:
            self._is_armed = False
            raise InterruptedBySignalError

    def call(self, function: Callable[[], object]) -> bool:
        """Call the function, and tell whether it was interrupted."""
        try:
            self._is_armed = True
            # Often early: short calls and the way in and out of the core matter most.
            signal.setitimer(signal.ITIMER_REAL, 1e-6 + 1e-3 * self.random.random() ** 4)
            function()
            self._is_armed = False
        except InterruptedBySignalError:
            self.count += 1
            return True
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return False

    def rounds(self) -> Iterator[int]:
        """Yield numbers for as long as the test is to work."""
        end = time.process_time() + SECONDS
        number = 0
        while time.process_time() < end:
            yield number
            number += 1


@pytest.fixture(name="interrupter")
def make_interrupter(request: pytest.FixtureRequest) -> Iterator[Interrupter]:
    interrupter = Interrupter(request.node.name)
    before = signal.signal(signal.SIGALRM, interrupter.handle)
    # What a handler raises in one of these is not raised, but warned of.
    callbacks = gc.callbacks.copy()
    gc.callbacks.clear()
    yield interrupter
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    gc.callbacks.extend(callbacks)
    # What was in hand when a call was interrupted counts no more, once it is freed.
    gc.collect()
    assert idle.counted_nbytes() == sum(map(idle.Shelf.nbytes, idle._shelves))


def make_pieces(numbers: random.Random) -> list[bytes]:
    """Return pieces of a stream: mostly short ones, some long, some empty."""
    texts = [
        b"data: lamp\n\n",
        b"<li>chair</li>" * 9,
        numbers.randbytes(40),
        b"",
        b"x" * 70_000,
    ]
    return numbers.choices(texts, weights=[8, 4, 4, 1, 1], k=2000)


def check_refuses(encoder: pyfastgz.Encoder) -> None:
    """Assert that an encoder takes no more, and can be closed."""
    for verb in (encoder.write, encoder.flush, encoder.finish):
        with pytest.raises(pyfastgz.EncoderStateError, match="the Encoder is "):
            verb(b"x")
    encoder.close()
    encoder.close()


@pytest.mark.skipif(
    sys.version_info < (3, 11),
    reason="CPython 3.10 may run a handler between a call's return and the use of its result",
)
@pytest.mark.parametrize("verb", ["write", "flush"])
@pytest.mark.parametrize("coding", CODINGS)
def test_an_interrupted_stream_is_whole_or_refuses(
    coding: str, verb: str, interrupter: Interrupter
) -> None:
    outcomes = {"refused": 0, "went on": 0}
    for number in interrupter.rounds():
        pieces = make_pieces(interrupter.random)
        encoder = pyfastgz.Encoder(coding, 1, small=number % 2 == 0)
        take = getattr(encoder, verb)
        arrived: list[bytes] = []

        def send_all() -> None:
            for piece in pieces:  # noqa: B023
                arrived.append(take(piece))  # noqa: B023, PERF401

        interrupter.call(send_all)
        try:
            end = encoder.finish(b"the end")
        except pyfastgz.EncoderStateError:
            outcomes["refused"] += 1
            check_refuses(encoder)
            continue
        outcomes["went on"] += 1
        # What arrived says how far the input got: a call that was interrupted took none of it.
        taken = b"".join(pieces[: len(arrived)])
        decoders.check(coding, b"".join(arrived) + end, taken + b"the end")
    assert interrupter.count > 20
    assert min(outcomes.values()) > 0, outcomes


@pytest.mark.parametrize("coding", CODINGS)
def test_interrupted_ends_leave_nothing_dirty(coding: str, interrupter: Interrupter) -> None:
    """Opening, finishing and closing: the encoders that come next are in order."""
    body = b"<p>lamp</p>" * 50
    expected = pyfastgz.Encoder(coding, 2).finish(body)
    for number in interrupter.rounds():
        encoders: list[Any] = []

        def use_many() -> None:
            for _ in range(200):
                encoder = pyfastgz.Encoder(coding, 2)
                encoders.append(encoder)  # noqa: B023
                encoder.write(b"dirt")
                if number % 2:  # noqa: B023
                    encoder.finish(b"more")
                encoder.close()

        interrupter.call(use_many)
        for encoder in encoders:
            with suppress(pyfastgz.EncoderStateError):
                encoder.finish()
            encoder.close()
        # More at a time than are kept idle: two that shared one of the core would show.
        together = [pyfastgz.Encoder(coding, 2) for _ in range(20)]
        flushed = [encoder.flush(body[:-9]) for encoder in together]
        alone = pyfastgz.Encoder(coding, 2)
        assert set(flushed) == {alone.flush(body[:-9])}
        assert {encoder.finish(body[-9:]) for encoder in together} == {alone.finish(body[-9:])}
        assert pyfastgz.Encoder(coding, 2).finish(body) == expected
    assert interrupter.count > 20


@pytest.mark.parametrize("coding", CODINGS)
def test_interrupted_bodies_leave_nothing_dirty(coding: str, interrupter: Interrupter) -> None:
    bodies = [b"", b"lamp" * 9, b"<p>chair</p>" * 500, random.Random(4).randbytes(100_000)]
    expected = [pyfastgz.compress(body, coding, level=2) for body in bodies]
    for _ in interrupter.rounds():
        made: list[bytes] = []

        def compress_many() -> None:
            for number in range(200):
                made.append(  # noqa: PERF401, B023
                    pyfastgz.compress(bodies[number % 3], coding, level=2)
                )
            made.append(pyfastgz.compress(bodies[3], coding, level=2))  # noqa: B023

        interrupter.call(compress_many)
        assert all(coded == expected[i % 3] for i, coded in enumerate(made[:200]))
        assert [pyfastgz.compress(body, coding, level=2) for body in bodies] == expected
    assert interrupter.count > 20
