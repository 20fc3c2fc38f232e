"""Whatever is bytes-like, as what encoders take."""

from __future__ import annotations

from typing import Any


def as_bytes(data: Any) -> bytes:
    """Return a bytes-like object as bytes, in the order of its items.

    :raises TypeError: it is not bytes-like.
    """
    if type(data) is bytes:
        return data
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(f"a bytes-like object is required, not {type(data).__name__}") from None
    return view.tobytes()
