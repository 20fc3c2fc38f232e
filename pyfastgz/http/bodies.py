"""What can be said of a body before it is coded."""

from __future__ import annotations

from collections.abc import Iterable


def nbytes_of(parts: Iterable[str | bytes | bytearray | memoryview]) -> int:
    """Return how many bytes the parts of a body have; text is sent as UTF-8.

    Never raises for text: what cannot be sent counts like a question mark.
    """
    nbytes = 0
    for part in parts:
        if isinstance(part, str):
            nbytes += len(part) if part.isascii() else len(part.encode(errors="replace"))
        elif isinstance(part, memoryview):
            nbytes += part.nbytes
        else:
            nbytes += len(part)
    return nbytes
