"""Run by an interpreter that has the wheel installed: does it do what it is for?

The first argument is the folder where it must have been installed.
"""

from __future__ import annotations

import gzip
import sys
import sysconfig
import zlib
from pathlib import Path

from flask import Flask

import pyfastgz
from pyfastgz.coding import core

body = b"<li>one of many lines</li>\n" * 400

place = Path(pyfastgz.__file__).resolve()
assert Path(sys.argv[1]).resolve() in place.parents, place

assert gzip.decompress(pyfastgz.compress(body, "gzip")) == body
assert zlib.decompress(pyfastgz.compress(body, "deflate")) == body
assert core.versions()["libzstd"] == "1.5.7", core.versions()

app = Flask("smoke")
pyfastgz.Compress(app)
app.add_url_rule("/", view_func=body.decode)
response = app.test_client().get("/", headers={"Accept-Encoding": "gzip"})
assert response.headers["Content-Encoding"] == "gzip"
assert gzip.decompress(response.data) == body

# A module that does not say it can do without the GIL would have switched it on.
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    assert not sys._is_gil_enabled()  # type: ignore[attr-defined]
