"""What type checkers must refuse: each line that is marked, and no other."""

from __future__ import annotations

from flask import Flask

import pyfastgz
from pyfastgz import Compress
from pyfastgz import Encoder
from pyfastgz._core import lib

pyfastgz.compress("text")  # refused
pyfastgz.compress(b"body", 6)  # refused
pyfastgz.compress(b"body", "gzip", 6)  # refused
pyfastgz.compress(b"body", level="6")  # refused
Encoder("gzip", small="yes")  # refused
Encoder("gzip").write("text")  # refused
Encoder("gzip").read()  # refused
Compress("app")  # refused
Compress(Flask("app")).compressed(level="9")  # refused
Compress(Flask("app")).compressed(lambda: "")  # refused
Compress(Flask("app")).compressed()(7)  # refused
Compress(Flask("app")).exempt(7)  # refused
Compress(Flask("app")).stats().skipped["reason"]  # refused
lib.fgz_version(1)  # refused
lib.fgz_level_min("gzip")  # refused
lib.fgz_no_such_function()  # refused
