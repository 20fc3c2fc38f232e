"""Letters that hide how long a coded body is, from those who see lengths alone.

How many there are follows from the coded body and a key, and from nothing else that a client
could vary: to ask for the same bytes again shows the same length again. Which letters they are
does not. They are new each time, because HTTP/2 and HTTP/3 may send a field line that came
before as a number of one byte (RFC 7541 section 2.3, RFC 9204 section 2.2), which would tell
the length that it had.
"""

from __future__ import annotations

import os
from hmac import digest

from .errors import ConfigurationError

_PURPOSE = b"pyfastgz: the lengths of noise"

# Those that take 7 bits in the Huffman code of HTTP/2 and HTTP/3 (RFC 7541 appendix B), so that
# as many take as much, whichever they are.
_LETTERS = b"BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"
_BY_BYTE = bytes(_LETTERS[byte % len(_LETTERS)] for byte in range(256))


def derived_key(secret: str | bytes | None, named: str) -> bytes:
    """Return a key that says nothing of the secret that it is made of.

    :param named: what the secret is called.
    :raises ConfigurationError: there is no secret.
    """
    if not secret:
        raise ConfigurationError(f"length noise needs a secret: set {named}")
    return digest(secret.encode() if isinstance(secret, str) else secret, _PURPOSE, "sha256")


def letters(key: bytes, coded: bytes, most: int) -> str:
    """Return the letters for a coded body.

    :param most: how many there are at most; any number from 0 to that is as likely.
    """
    count = int.from_bytes(digest(key, coded, "sha256"), "big") % (most + 1)
    return os.urandom(count).translate(_BY_BYTE).decode()
