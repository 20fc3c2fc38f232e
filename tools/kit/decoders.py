"""Decoders that others wrote; each takes one member, stream or frame, and no byte more."""

from __future__ import annotations

import hashlib
import zlib
from importlib.util import find_spec
from typing import Any
from typing import Protocol

import zstandard

if find_spec("brotli"):
    import brotli

# RFC 9659: what every client can decode.
_MAX_WINDOW_NBYTES = 2**23

# RFC 9842 section 5: what is before the hash.
_DCZ = bytes.fromhex("5e2a4d1820000000")

CODINGS = ("gzip", "deflate", "zstd", *(("br",) if find_spec("brotli") else ()))
"""The codings that can be decoded here."""


class DecodingError(Exception):
    """A coded body is damaged, ends too early, or goes on after its end."""


class Decoder(Protocol):
    """Decodes a body as it arrives."""

    def feed(self, coded: bytes) -> bytes:
        """Return what these bytes make decodable.

        :raises DecodingError: they are damaged, or follow the end.
        """

    def at_end(self) -> bool:
        """Tell whether the body is complete, down to its check sum."""


class _WithUnusedData:
    """A zlib or zstandard decompression object, which have the same attributes."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def feed(self, coded: bytes) -> bytes:
        if self._inner.eof:
            # Even no bytes are too many for zstandard then.
            if coded:
                raise DecodingError(f"{len(coded)} bytes follow the end of the coded body")
            return b""
        try:
            body: bytes = self._inner.decompress(coded)
        except (zlib.error, zstandard.ZstdError) as error:
            raise DecodingError(str(error)) from error
        if self._inner.unused_data:
            unused_nbytes = len(self._inner.unused_data)
            raise DecodingError(f"{unused_nbytes} bytes follow the end of the coded body")
        return body

    def at_end(self) -> bool:
        return bool(self._inner.eof)


class _Brotli:
    """The decompressor of the brotli package."""

    def __init__(self) -> None:
        self._inner = brotli.Decompressor()

    def feed(self, coded: bytes) -> bytes:
        try:
            body: bytes = self._inner.process(coded)
        except brotli.error as error:
            raise DecodingError(str(error)) from error
        return body

    def at_end(self) -> bool:
        return bool(self._inner.is_finished())


class _Identity:
    """Takes the bytes as they are; the end is the end of the response."""

    def feed(self, coded: bytes) -> bytes:
        return coded

    def at_end(self) -> bool:
        return True


class _WithDictionary(_WithUnusedData):
    """A zstd frame that refers to a dictionary, after its header (RFC 9842 section 5)."""

    def __init__(self, dictionary: bytes) -> None:
        known = zstandard.ZstdCompressionDict(
            dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT
        )
        context = zstandard.ZstdDecompressor(
            dict_data=known, max_window_size=max(_MAX_WINDOW_NBYTES, len(dictionary) * 5 // 4)
        )
        super().__init__(context.decompressobj())
        # What must come before the frame, as far as it did not come yet.
        self._header = _DCZ + hashlib.sha256(dictionary).digest()

    def feed(self, coded: bytes) -> bytes:
        header = coded[: len(self._header)]
        if not self._header.startswith(header):
            raise DecodingError("the header is not that of dcz with this dictionary")
        self._header = self._header[len(header) :]
        return super().feed(coded[len(header) :])


def make_decoder(coding: str | None, dictionary: bytes | None = None) -> Decoder:
    """Return a decoder for one body; ``None`` and ``"identity"`` mean that it is not coded.

    :param dictionary: what dcz refers to.
    """
    if coding is None or coding == "identity":
        return _Identity()
    if coding == "gzip":
        return _WithUnusedData(zlib.decompressobj(31))
    if coding == "deflate":
        return _WithUnusedData(zlib.decompressobj(15))
    if coding == "zstd":
        context = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_NBYTES)
        return _WithUnusedData(context.decompressobj())
    if coding == "br" and coding in CODINGS:
        return _Brotli()
    if coding == "dcz" and dictionary is not None:
        return _WithDictionary(dictionary)
    raise DecodingError(f"no decoder for the coding {coding!r}")


def decode(coding: str | None, coded: bytes, dictionary: bytes | None = None) -> bytes:
    """Decode one complete body.

    :param dictionary: what dcz refers to.
    :raises DecodingError: it is damaged, ends too early, or goes on after its end.
    """
    decoder = make_decoder(coding, dictionary)
    body = decoder.feed(coded)
    if not decoder.at_end():
        raise DecodingError(f"the coded body ends too early, after {len(coded)} bytes")
    return body
