"""How long encoding takes, apart from all else that a server does."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from collections.abc import Sequence
from functools import partial

from pyfastgz import Encoder
from pyfastgz import compress
from tools.kit.turns import in_turns
from tools.kit.turns import stopwatch

ROUNDS = 7
"""How often each contender has its turn."""

MIN_TURN_SECONDS = 0.001
"""What a turn takes at least: small bodies are encoded several times in it."""

STDLIB = "stdlib"
"""The name of the standard library's gzip at level 6 among the contenders."""

_STDLIB_LEVEL = 6
_GZIP_WINDOW_BITS = 31


def encode(pieces: Sequence[bytes], coding: str, level: int) -> bytes:
    """Return a body as pyfastgz codes it.

    :param pieces: the whole body as one; or several, each of them flushed.
    """
    if len(pieces) == 1:
        return compress(pieces[0], coding, level=level)
    with Encoder(coding, level) as encoder:
        return b"".join([*(encoder.flush(piece) for piece in pieces), encoder.finish()])


def encode_with_stdlib(pieces: Sequence[bytes]) -> bytes:
    """Return a body as the standard library codes it, with gzip at level 6.

    :param pieces: as for :func:`encode`.
    """
    if len(pieces) == 1:
        return gzip.compress(pieces[0], _STDLIB_LEVEL, mtime=0)
    encoder = zlib.compressobj(_STDLIB_LEVEL, wbits=_GZIP_WINDOW_BITS)
    coded = []
    for piece in pieces:
        coded += [encoder.compress(piece), encoder.flush(zlib.Z_SYNC_FLUSH)]
    return b"".join([*coded, encoder.flush()])


def encode_seconds(pieces: Sequence[bytes], levels: dict[str, int]) -> dict[str, float]:
    """Return how long encoding a body takes: the least of several interleaved rounds.

    :param pieces: as for :func:`encode`.
    :param levels: the codings of pyfastgz to measure, and their levels.
    :return: seconds by coding, and by :data:`STDLIB`.
    """
    contenders: dict[str, Callable[[], object]] = {
        coding: partial(encode, pieces, coding, level) for coding, level in levels.items()
    }
    contenders[STDLIB] = partial(encode_with_stdlib, pieces)
    counts = {name: _turn_count(contender) for name, contender in contenders.items()}
    turns = {name: stopwatch(_repeat(contenders[name]), [counts[name]]) for name in counts}
    measured = in_turns(turns, rounds=ROUNDS)
    return {name: min(times[0]) / counts[name] / 1e9 for name, times in measured.items()}


def _turn_count(contender: Callable[[], object]) -> int:
    """Return how many times to encode in one turn."""
    turn = _repeat(contender)
    count = 1
    while stopwatch(turn, [count])(0) < MIN_TURN_SECONDS * 1e9:
        count *= 2
    return count


def _repeat(contender: Callable[[], object]) -> Callable[[int], None]:
    def turn(count: int) -> None:
        for _ in range(count):
            contender()

    return turn
