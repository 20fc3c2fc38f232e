"""Brotli (RFC 7932) through the optional ``brotli`` or ``brotlicffi`` package."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from .errors import EncoderStateError

if TYPE_CHECKING:
    from typing_extensions import Buffer


class BrotliSettings(NamedTuple):
    """How to use brotli, apart from the level.

    :param mode: 0 for any input, 1 for UTF-8 text, 2 for WOFF 2 fonts.
    :param window: base-2 logarithm of the window in bytes, 10 to 24; an
        :class:`~pyfastgz.Encoder` uses at most 17.
    :param block: base-2 logarithm of the largest input block in bytes, 16 to 24; 0 lets brotli
        choose by level.

    .. versionadded:: 0.1
    """

    mode: int = 0
    window: int = 22
    block: int = 0


LEVELS = range(12)
"""The levels of brotli.

.. versionadded:: 0.1
"""


def _import_or_none(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


_brotli = _import_or_none("brotli") or _import_or_none("brotlicffi")


def is_available() -> bool:
    """Tell whether a brotli package is installed.

    .. versionadded:: 0.1
    """
    return _brotli is not None


def compress(data: Buffer, level: int, settings: BrotliSettings) -> bytes:
    """Code a whole body.

    :param data: any bytes-like object; else :exc:`TypeError`.
    :param level: 0 to 11.
    :raises ValueError: no brotli package is installed.

    .. versionadded:: 0.1
    """
    coded: bytes = _package().compress(
        _as_bytes(data),
        mode=settings.mode,
        quality=level,
        lgwin=settings.window,
        lgblock=settings.block,
    )
    return coded


class BrotliStream:
    """Code a body piece by piece. Not safe for concurrent use; the caller sees to that.

    :param level: 0 to 11.
    :param size: the total number of bytes, a promise; None if it is not certain.
    :raises ValueError: no brotli package is installed.
    :raises EncoderStateError: in its methods, when the promise is broken.

    .. versionadded:: 0.1
    """

    __slots__ = ("_compressor", "_left")

    def __init__(self, level: int, settings: BrotliSettings, size: int | None = None) -> None:
        self._left = size
        self._compressor = _package().Compressor(
            mode=settings.mode, quality=level, lgwin=settings.window, lgblock=settings.block
        )

    def call(self, verb: str, data: Buffer) -> bytes:
        """Call ``"write"``, ``"flush"`` or ``"finish"``.

        .. versionadded:: 0.1
        """
        coded: bytes = getattr(self, verb)(data)
        return coded

    def write(self, data: Buffer) -> bytes:
        """Take more of the body; return the coded bytes that are ready, often none.

        .. versionadded:: 0.1
        """
        piece = _as_bytes(data)
        if self._left is not None:
            self._left -= len(piece)
            if self._left < 0:
                raise EncoderStateError("input differs from the declared size")
        coded: bytes = self._compressor.process(piece)
        return coded

    def flush(self, data: Buffer = b"") -> bytes:
        """Take more of the body; return enough for all so far to be decoded.

        .. versionadded:: 0.1
        """
        coded: bytes = self.write(data) + self._compressor.flush()
        return coded

    def finish(self, data: Buffer = b"") -> bytes:
        """Take the rest of the body; return the end of the coded stream.

        .. versionadded:: 0.1
        """
        written = self.write(data)
        if self._left:
            raise EncoderStateError("input differs from the declared size")
        coded: bytes = written + self._compressor.finish()
        return coded


def _package() -> Any:
    if _brotli is None:
        raise ValueError('the coding "br" needs a package: pip install "pyfastgz[br]"')
    return _brotli


def _as_bytes(data: Buffer) -> bytes:
    # The packages differ in which buffers they take, and so do their versions.
    return data if type(data) is bytes else memoryview(data).tobytes()
