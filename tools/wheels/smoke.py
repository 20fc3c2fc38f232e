"""Run by an interpreter that has the wheel installed, and no Flask: does it do what it is for?

The first argument is the folder where it must have been installed.
"""

from __future__ import annotations

import asyncio
import gzip
import sys
import sysconfig
import tempfile
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pyfastgz
import pyfastgz.asgi
import pyfastgz.wsgi
from pyfastgz.cli import main
from pyfastgz.coding import core

BODY = b"<li>one of many lines</li>\n" * 400

place = Path(pyfastgz.__file__).resolve()
assert Path(sys.argv[1]).resolve() in place.parents, place
assert find_spec("flask") is None
assert find_spec("werkzeug") is None

assert gzip.decompress(pyfastgz.compress(BODY, "gzip")) == BODY
assert zlib.decompress(pyfastgz.compress(BODY, "deflate")) == BODY
with pyfastgz.Encoder("gzip") as encoder:
    assert gzip.decompress(encoder.flush(BODY) + encoder.finish(BODY)) == BODY * 2
assert core.versions()["libzstd"] == "1.5.7", core.versions()


def wsgi_application(environ: Any, start_response: Any) -> list[bytes]:
    """Answer in WSGI."""
    start_response("200 OK", [("Content-Type", "text/html")])
    return [BODY]


async def asgi_application(scope: Any, receive: Any, send: Any) -> None:
    """Answer in ASGI."""
    fields = [(b"content-type", b"text/html")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": BODY})


environ: dict[str, Any] = {"HTTP_ACCEPT_ENCODING": "gzip"}
setup_testing_defaults(environ)
door = pyfastgz.wsgi.CompressMiddleware(wsgi_application)
sent = door(environ, lambda status, fields, exc_info=None: lambda data: None)
assert gzip.decompress(b"".join(sent)) == BODY

messages: list[Any] = []


async def note(message: Any) -> None:
    """Take a message as servers do."""
    messages.append(message)


scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/"}
scope["headers"] = [(b"accept-encoding", b"gzip")]
asyncio.run(pyfastgz.asgi.CompressMiddleware(asgi_application)(scope, note, note))
assert gzip.decompress(b"".join(message.get("body", b"") for message in messages)) == BODY

with tempfile.TemporaryDirectory() as folder:
    page = Path(folder, "page.html")
    page.write_bytes(BODY)
    main(["static", "--codings", "gzip", folder], standalone_mode=False)
    assert gzip.decompress(page.with_name("page.html.gz").read_bytes()) == BODY

# A module that does not say it can do without the GIL would have switched it on.
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    assert not sys._is_gil_enabled()  # type: ignore[attr-defined]
