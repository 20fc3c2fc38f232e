"""Siblings that somebody else has made: taken if every client reads the source out of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..coding import br

# RFC 9659 section 3: browsers refuse more.
_ZSTD_WINDOW_LOG = 23

_GZIP_WINDOW_BITS = 31

# So little is given to the decoder at a time, because it decodes all of it: a block of 4 bytes
# may stand for 128 KB (RFC 8878 section 3.1.1.2).
_ZSTD_PIECE_NBYTES = 256

_NOT_ONE = "it is not one {} and nothing else, which is all that every client reads"


class NotAdoptableError(ValueError):
    """A file cannot be taken as the coded form of another one; the message says why."""


def check_sibling(coding: str, coded: bytes, content: bytes) -> None:
    """Check that a file is the coded form of another one, and such that all clients read it.

    However much it stands for, not many more bytes are decoded than the other one has.

    Members or frames after the first are refused: curl 7.88 fails at a second member of gzip,
    and httpx 0.28 leaves it out.

    :param coding: one that has files.
    :param coded: the content of the sibling.
    :param content: that of the source.
    :raises NotAdoptableError: it is not, or there is nothing here that could tell.
    """
    try:
        body = _DECODERS[coding](coded, len(content))
    except NotAdoptableError:
        raise
    except Exception as error:
        raise NotAdoptableError(f"it does not decode: {error}") from error
    if body != content:
        raise NotAdoptableError("it decodes to something else")


def _gzip(coded: bytes, nbytes: int) -> bytes:
    decompressor = zlib.decompressobj(_GZIP_WINDOW_BITS)
    body = decompressor.decompress(coded, nbytes + 1)
    # An end that is held back until there is room for output.
    body += decompressor.decompress(decompressor.unconsumed_tail, 1)
    if len(body) <= nbytes and (not decompressor.eof or decompressor.unused_data):
        raise NotAdoptableError(_NOT_ONE.format("member"))
    return body


def _br(coded: bytes, nbytes: int) -> bytes:
    if not br.is_available():
        raise NotAdoptableError(
            'there is no decoder of br here to check it: pip install "pyfastgz[br]"'
        )
    return br.decompress(coded, nbytes)


def _zstd(coded: bytes, nbytes: int) -> bytes:
    decompressor = _zstd_decompressor()
    body = bytearray()
    for start in range(0, len(coded), _ZSTD_PIECE_NBYTES):
        if decompressor.eof:
            raise NotAdoptableError(_NOT_ONE.format("frame"))
        body += decompressor.decompress(coded[start : start + _ZSTD_PIECE_NBYTES])
        if len(body) > nbytes:
            return bytes(body)
    if not decompressor.eof or decompressor.unused_data:
        raise NotAdoptableError(_NOT_ONE.format("frame"))
    return bytes(body)


def _zstd_decompressor() -> Any:
    """Return what decodes a frame, and refuses a window of more than 8 MB."""
    for name in ("compression.zstd", "backports.zstd"):
        module = _import_or_none(name)
        if module is not None:
            limit = {module.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
            return module.ZstdDecompressor(options=limit)
    module = _import_or_none("zstandard")
    if module is None:
        raise NotAdoptableError(
            "there is no decoder of zstd here to check it: pip install backports.zstd"
        )
    limited = module.ZstdDecompressor(max_window_size=1 << _ZSTD_WINDOW_LOG)
    return limited.decompressobj()


def _import_or_none(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {"gzip": _gzip, "br": _br, "zstd": _zstd}
