"""Dictionaries: bytes that a client has, and that bodies may refer back to."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from .buffers import as_bytes

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_NBYTES = 8 * 1024 * 1024
"""The longest dictionary: as long as the largest window of zstd that web clients have."""


class Dictionary:
    """What a client has already, such as the former version of a file (RFC 9842).

    It is told from others by its hash alone, and cannot be changed.

    :param data: its bytes, 1 byte to 8 MB. They are taken as they are, whatever they begin
        with: of what zstd trains the header is taken for content, too.
    :raises TypeError: data is not bytes-like.
    :raises ValueError: it is empty, or too long.

    .. versionadded:: 0.1
    """

    __slots__ = ("_data", "_digest")

    def __init__(self, data: Buffer) -> None:
        # A copy, even of bytes: what lies where a body does may be of no use to libzstd.
        self._data = bytes(bytearray(as_bytes(data)))
        if not 0 < len(self._data) <= MAX_NBYTES:
            raise ValueError(
                f"a dictionary has 1 to {MAX_NBYTES} bytes, but this one {len(self._data)}"
            )
        self._digest = sha256(self._data).digest()

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self._data

    @property
    def digest(self) -> bytes:
        """The 32 bytes of its SHA-256, as a coded body has them."""
        return self._digest

    @property
    def sha256(self) -> str:
        """The same in hexadecimal, in lower case."""
        return self._digest.hex()

    def __eq__(self, other: object) -> bool:
        """Tell whether another dictionary has the same bytes."""
        return (
            self._digest == other._digest if isinstance(other, Dictionary) else NotImplemented
        )

    def __hash__(self) -> int:
        """Return a number that equal dictionaries have in common."""
        return hash(self._digest)

    def __repr__(self) -> str:
        """Return how many bytes of which hash it has, not the bytes."""
        return f"<{type(self).__name__} {self.sha256[:8]} of {len(self._data)} bytes>"
