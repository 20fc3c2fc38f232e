"""Has the core read past the end of a body.

``make test-asan`` runs this first: it has to fail, or the tests would notice nothing.
"""

from __future__ import annotations

from pyfastgz._core import ffi
from pyfastgz._core import lib

BODY = b"the same again and again, " * 100

encoder = ffi.new("fgz_encoder **")
assert lib.fgz_create(encoder, lib.FGZ_GZIP, 6, ffi.NULL) == 0
out = ffi.new("char[]", 10_000)
# Behind the bytes of a body is a zero, and behind that nothing that is Python's.
lib.fgz_compress(encoder[0], BODY, len(BODY) + 2, out, len(out))
