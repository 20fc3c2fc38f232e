"""Bodies that the store cannot tell apart by their fingerprints."""

from __future__ import annotations


def collided(body: bytes) -> bytes:
    """A body that has the same fingerprint and length as another one, of 64 bytes or more."""
    # A factor of the first product becomes zero, and then the other does not count. So do all
    # bodies that begin like this one but for their first byte.
    return (0x9E3779B97F4A7C15).to_bytes(8, "little").join([body[:8], body[16:]])
