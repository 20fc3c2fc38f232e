"""What each level makes of documents, in bytes: ours, and zlib's of the same number."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pyfastgz

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .corpus import Document

LEVELS = range(1, 10)
"""The levels both encoders have, but for level 0, which stores."""

# The zlib format and the gzip format of the same DEFLATE stream, RFC 1950 and RFC 1952.
_ZLIB_FRAME_NBYTES = 2 + 4
_GZIP_FRAME_NBYTES = 10 + 8


def level_sizes(documents: Iterable[Document], level: int) -> tuple[int, int]:
    """Return the summed sizes in bytes of the gzip forms at a level: ours and zlib's."""
    ours = zlibs = 0
    for document in documents:
        ours += len(pyfastgz.compress(document.body, "gzip", level=level))
        zlibs += len(zlib.compress(document.body, level))
        zlibs += _GZIP_FRAME_NBYTES - _ZLIB_FRAME_NBYTES
    return ours, zlibs
