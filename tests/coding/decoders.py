"""Decoders that others wrote, by content coding; each fails on anything after the end.

zlib and the standard library's zstd, or its backport, are always there. The others are in the
group ``decoders``, and not to be had on every platform that there is a wheel for: what is not
installed is left out, and named in MISSING.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

Decoder = Callable[[bytes], bytes]

GZIP_WINDOW_BITS = 31
MAX_ZSTD_WINDOW_LOG = 23

MISSING: list[str] = []


def _optional(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError:
        MISSING.append(name)
        return None


brotli = _optional("brotli")
deflate = _optional("deflate")
isal_zlib = _optional("isal.isal_zlib")
zlib_ng = _optional("zlib_ng.zlib_ng")
zstandard = _optional("zstandard")
zstd: Any = import_module(
    "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
)

# All that speak zlib's interface.
ZLIBS = {
    name: module
    for name, module in {"zlib": zlib, "isal": isal_zlib, "zlib-ng": zlib_ng}.items()
    if module is not None
}


def _with_zlib(module: Any, window_bits: int) -> Decoder:
    def decode(coded: bytes) -> bytes:
        decompressor = module.decompressobj(window_bits)
        body: bytes = decompressor.decompress(coded) + decompressor.flush()
        assert decompressor.eof
        assert decompressor.unused_data == b""
        return body

    return decode


def _piece_by_piece_with_zlib(module: Any, window_bits: int) -> Decoder:
    decode: Decoder = module.decompressobj(window_bits).decompress
    return decode


def _with_libdeflate(decompress: Callable[[bytes, int], bytes | bytearray]) -> Decoder:
    def decode(coded: bytes) -> bytes:
        # libdeflate wants to know the size; another decoder says it.
        return bytes(decompress(coded, len(_with_zlib(zlib, 47)(coded))))

    return decode


def _zstandard_decompressor() -> Any:
    return zstandard.ZstdDecompressor(max_window_size=1 << MAX_ZSTD_WINDOW_LOG).decompressobj()


def _zstd_decompressor() -> Any:
    return zstd.ZstdDecompressor(
        options={zstd.DecompressionParameter.window_log_max: MAX_ZSTD_WINDOW_LOG}
    )


def _with_zstd(make: Callable[[], Any]) -> Decoder:
    def decode(coded: bytes) -> bytes:
        decompressor = make()
        body: bytes = decompressor.decompress(coded)
        assert decompressor.eof
        assert decompressor.unused_data == b""
        return body

    return decode


def _brotli_decoder() -> Decoder:
    """Return a decoder that holds nothing back: the package's own stops at full buffers."""
    decompressor = brotli.Decompressor()

    def decode(coded: bytes) -> bytes:
        decoded = piece = decompressor.process(coded)
        while piece and not decompressor.is_finished():
            piece = decompressor.process(b"")
            decoded += piece
        return bytes(decoded)

    return decode


DECODERS: dict[str, dict[str, Decoder]] = {
    "gzip": {name: _with_zlib(module, GZIP_WINDOW_BITS) for name, module in ZLIBS.items()},
    "deflate": {name: _with_zlib(module, 15) for name, module in ZLIBS.items()},
    "zstd": {"zstd": _with_zstd(_zstd_decompressor)},
}

# A fresh decoder that is fed piece by piece, for each coding and independent implementation.
INCREMENTAL: dict[str, list[Callable[[], Decoder]]] = {
    "gzip": [
        partial(_piece_by_piece_with_zlib, module, GZIP_WINDOW_BITS)
        for module in ZLIBS.values()
    ],
    "deflate": [partial(_piece_by_piece_with_zlib, module, 15) for module in ZLIBS.values()],
    "zstd": [lambda: _zstd_decompressor().decompress],
}

if deflate is not None:
    DECODERS["gzip"]["libdeflate"] = _with_libdeflate(deflate.gzip_decompress)
    DECODERS["deflate"]["libdeflate"] = _with_libdeflate(deflate.zlib_decompress)
if zstandard is not None:
    DECODERS["zstd"]["zstandard"] = _with_zstd(_zstandard_decompressor)
    INCREMENTAL["zstd"].append(lambda: _zstandard_decompressor().decompress)
if brotli is not None:
    DECODERS["br"] = {"brotli": brotli.decompress}
    INCREMENTAL["br"] = [_brotli_decoder]

CODINGS = tuple(DECODERS)


def check(coding: str, coded: bytes, body: bytes) -> None:
    """Assert that every decoder of the coding turns coded into body."""
    for name, decode in DECODERS[coding].items():
        assert decode(coded) == body, name
