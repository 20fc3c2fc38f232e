"""The coders of streams, ours and those of others, used alike, and what they cost."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from statistics import median
from time import perf_counter_ns
from typing import Any

import pyfastgz
from pyfastgz.coding import available_codings
from tools.kit.decoders import DecodingError
from tools.kit.decoders import decode
from tools.kit.turns import in_turns


@dataclass(frozen=True, slots=True)
class Coder:
    """One of the encoders that are compared: of pyfastgz, small or not, or of others."""

    name: str  # for tables and commands
    coding: str  # the content coding that is written
    open: Callable[[], Any]  # opens a stream, with the methods of pyfastgz.Encoder


@dataclass(frozen=True, slots=True)
class Row:
    """What one chunk of a stream costs a coder."""

    chunks: str  # what they are, and whether each is flushed
    coder: str
    least_ns: float  # in the fastest round
    median_ns: float  # in the median round
    nbytes: float  # on the wire, with a share of the frame's header and end


class _ZlibStream:
    """A stream by zlib, or by a module with the same functions."""

    __slots__ = ("_flush", "finish", "write")

    def __init__(self, module: Any, level: int, mode: int) -> None:
        compressor = module.compressobj(level, zlib.DEFLATED, 31)
        self.write = compressor.compress
        self.finish = compressor.flush
        self._flush = partial(compressor.flush, mode)

    def flush(self, data: bytes, /) -> bytes:
        coded: bytes = self.write(data) + self._flush()
        return coded


def coders() -> dict[str, Coder]:
    """Return all ways to code streams by name, ours first."""
    br = [("br", 4)] if "br" in available_codings() else []
    whole = [("gzip", 1), ("gzip", 6), ("deflate", 6), ("zstd", 3), *br]
    everyone = [_ours(*one) for one in whole]
    everyone += [_ours(*one, small=True) for one in whole if one[0] != "deflate"]
    everyone += [
        _zlib_like("zlib 6", "zlib", 6),
        _zlib_like("zlib 6 partial", "zlib", 6, zlib.Z_PARTIAL_FLUSH),
        _zlib_like("zlib 1", "zlib", 1),
        _zlib_like("isal 1", "isal.isal_zlib", 1),
        _zlib_like("zlib-ng 6", "zlib_ng.zlib_ng", 6),
    ]
    return {coder.name: coder for coder in everyone}


def _ours(coding: str, level: int, *, small: bool = False) -> Coder:
    name = f"pyfastgz {coding} {level}{' small' if small else ''}"
    return Coder(name, coding, partial(pyfastgz.Encoder, coding, level, small=small))


def _zlib_like(name: str, module: str, level: int, mode: int = zlib.Z_SYNC_FLUSH) -> Coder:
    return Coder(name, "gzip", partial(_ZlibStream, import_module(module), level, mode))


def check(coder: Coder, coded: bytes, body: bytes) -> None:
    """Check that a finished stream decodes to its body, with somebody else's decoder.

    :raises ValueError: it does not.
    """
    try:
        same = decode(coder.coding, coded) == body
    except DecodingError:
        same = False
    if not same:
        raise ValueError(f"a stream does not survive {coder.name}")


def measure_chunks(
    what: str, everyone: Sequence[Coder], chunks: Sequence[bytes], *, flushed: bool, rounds: int
) -> list[Row]:
    """Return what the chunks of a stream cost each coder.

    In a round each coder codes one stream of all chunks. Opening it is not timed.

    :param what: for tables.
    :param flushed: flush every chunk; otherwise the coder decides what leaves when.
    :raises ValueError: a stream does not decode to its chunks.
    """

    def turn(coder: Coder, _: int) -> int:
        """Code a stream, its end included; return the nanoseconds."""
        stream = coder.open()
        take = stream.flush if flushed else stream.write
        start = perf_counter_ns()
        for chunk in chunks:
            take(chunk)
        stream.finish()
        return perf_counter_ns() - start

    nbytes = {}
    for coder in everyone:
        stream = coder.open()
        take = stream.flush if flushed else stream.write
        coded = b"".join([*map(take, chunks), stream.finish()])
        check(coder, coded, b"".join(chunks))
        nbytes[coder.name] = len(coded)
    turns = {coder.name: partial(turn, coder) for coder in everyone}
    return [
        Row(what, name, *(n / len(chunks) for n in (min(ns), median(ns), nbytes[name])))
        for name, (ns,) in in_turns(turns, rounds=rounds).items()
    ]
