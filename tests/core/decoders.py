"""Decoders that others wrote, by content coding; each fails on anything after the end."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import brotli
import deflate
import isal.isal_zlib
import zstandard
from zlib_ng import zlib_ng

Decoder = Callable[[bytes], bytes]

GZIP_WINDOW_BITS = 31


def _with_zlib(module: object, window_bits: int) -> Decoder:
    def decode(coded: bytes) -> bytes:
        decompressor = module.decompressobj(window_bits)  # type: ignore[attr-defined]
        body: bytes = decompressor.decompress(coded) + decompressor.flush()
        assert decompressor.eof
        assert decompressor.unused_data == b""
        return body

    return decode


def _with_libdeflate(decompress: Callable[[bytes, int], bytes | bytearray]) -> Decoder:
    def decode(coded: bytes) -> bytes:
        # libdeflate wants to know the size; another decoder says it.
        return bytes(decompress(coded, len(_with_zlib(zlib, 47)(coded))))

    return decode


def _with_zstandard(coded: bytes) -> bytes:
    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 23).decompressobj()
    body = decompressor.decompress(coded)
    assert decompressor.eof
    assert decompressor.unused_data == b""
    return body


DECODERS: dict[str, dict[str, Decoder]] = {
    "gzip": {
        "zlib": _with_zlib(zlib, GZIP_WINDOW_BITS),
        "isal": _with_zlib(isal.isal_zlib, GZIP_WINDOW_BITS),
        "zlib-ng": _with_zlib(zlib_ng, GZIP_WINDOW_BITS),
        "libdeflate": _with_libdeflate(deflate.gzip_decompress),
    },
    "deflate": {
        "zlib": _with_zlib(zlib, 15),
        "isal": _with_zlib(isal.isal_zlib, 15),
        "zlib-ng": _with_zlib(zlib_ng, 15),
        "libdeflate": _with_libdeflate(deflate.zlib_decompress),
    },
    "zstd": {"zstandard": _with_zstandard},
    "br": {"brotli": brotli.decompress},
}


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


# A fresh decoder that is fed piece by piece, for each coding and independent implementation.
INCREMENTAL: dict[str, list[Callable[[], Decoder]]] = {
    "gzip": [
        lambda: zlib.decompressobj(GZIP_WINDOW_BITS).decompress,
        lambda: isal.isal_zlib.decompressobj(GZIP_WINDOW_BITS).decompress,
        lambda: zlib_ng.decompressobj(GZIP_WINDOW_BITS).decompress,
    ],
    "deflate": [
        lambda: zlib.decompressobj(15).decompress,
        lambda: isal.isal_zlib.decompressobj(15).decompress,
        lambda: zlib_ng.decompressobj(15).decompress,
    ],
    "zstd": [
        lambda: zstandard.ZstdDecompressor(max_window_size=1 << 23).decompressobj().decompress
    ],
    "br": [_brotli_decoder],
}


def check(coding: str, coded: bytes, body: bytes) -> None:
    """Assert that every decoder of the coding turns coded into body."""
    for name, decode in DECODERS[coding].items():
        assert decode(coded) == body, name
