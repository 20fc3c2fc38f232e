"""What the benchmark of streams compares: our encoders and those of others, used alike."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any
from typing import Protocol

import zstandard

import pyfastgz
from pyfastgz.encoder import available_codings

_GZIP_WINDOW_BITS = 31
_ZLIB_WINDOW_BITS = 15


class Stream(Protocol):
    """One open stream."""

    def write(self, data: bytes, /) -> bytes:
        """Take data and return what is ready."""

    def flush(self, data: bytes, /) -> bytes:
        """Take data and return what makes all input so far decodable."""

    def finish(self) -> bytes:
        """End the stream and return its last bytes."""


@dataclass(frozen=True, slots=True)
class Coder:
    """A way to code streams."""

    name: str
    """For tables and commands."""
    coding: str
    """The content coding that is written."""
    open: Callable[[], Stream]
    """Opens a stream."""


class _ZlibStream:
    """A stream by zlib, or by a module with the same functions."""

    __slots__ = ("_flush", "_mode", "finish", "write")

    def __init__(self, module: Any, level: int, mode: int) -> None:
        compressor = module.compressobj(level, zlib.DEFLATED, _GZIP_WINDOW_BITS)
        self.write = compressor.compress
        self.finish = compressor.flush
        self._flush = compressor.flush
        self._mode = mode

    def flush(self, data: bytes, /) -> bytes:
        coded: bytes = self.write(data) + self._flush(self._mode)
        return coded


def coders() -> dict[str, Coder]:
    """Return all ways to code streams by name, ours first."""
    ours = [
        _ours("gzip", 1),
        _ours("gzip", 6),
        _ours("deflate", 6),
        _ours("zstd", 3),
        *([_ours("br", 4)] if "br" in available_codings() else []),
        _ours("gzip", 1, small=True),
        _ours("gzip", 6, small=True),
        _ours("zstd", 3, small=True),
        *([_ours("br", 4, small=True)] if "br" in available_codings() else []),
    ]
    others = [
        _zlib_like("zlib 6", "zlib", 6, zlib.Z_SYNC_FLUSH),
        _zlib_like("zlib 6 partial", "zlib", 6, zlib.Z_PARTIAL_FLUSH),
        _zlib_like("zlib 1", "zlib", 1, zlib.Z_SYNC_FLUSH),
        _zlib_like("isal 1", "isal.isal_zlib", 1, zlib.Z_SYNC_FLUSH),
        _zlib_like("zlib-ng 6", "zlib_ng.zlib_ng", 6, zlib.Z_SYNC_FLUSH),
    ]
    return {coder.name: coder for coder in (*ours, *others)}


def check(coder: Coder, coded: bytes, body: bytes) -> None:
    """Check that a finished stream decodes to its body, with somebody else's decoder.

    :raises ValueError: it does not.
    """
    if _decode(coder.coding, coded) != body:
        raise ValueError(f"a stream does not survive {coder.name}")


def _ours(coding: str, level: int, *, small: bool = False) -> Coder:
    name = f"pyfastgz {coding} {level}{' small' if small else ''}"
    return Coder(name, coding, partial(pyfastgz.Encoder, coding, level, small=small))


def _zlib_like(name: str, module: str, level: int, mode: int) -> Coder:
    return Coder(name, "gzip", partial(_ZlibStream, import_module(module), level, mode))


def _decode(coding: str, coded: bytes) -> bytes:
    if coding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(coded)
    if coding == "br":
        decoded: bytes = import_module("brotli").decompress(coded)
        return decoded
    return zlib.decompress(coded, _GZIP_WINDOW_BITS if coding == "gzip" else _ZLIB_WINDOW_BITS)
