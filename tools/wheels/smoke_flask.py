"""Run by an interpreter that has the wheel installed, with its extra ``flask``."""

from __future__ import annotations

import gzip

from flask import Flask

from pyfastgz import Compress

BODY = b"<li>one of many lines</li>\n" * 400

app = Flask("smoke")
Compress(app)
app.add_url_rule("/", view_func=BODY.decode)
response = app.test_client().get("/", headers={"Accept-Encoding": "gzip"})
assert response.headers["Content-Encoding"] == "gzip"
assert gzip.decompress(response.data) == BODY
