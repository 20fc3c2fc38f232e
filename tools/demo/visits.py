"""What dictionaries bring (RFC 9842): someone who comes again beside someone who is new.

The first visit is to what was deployed first, the second to what was deployed next: a script
and a style sheet of which every hundredth line has changed. The pages are others of one layout.
"""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from pathlib import PurePosixPath
from tempfile import TemporaryDirectory
from time import monotonic
from time import sleep
from typing import NamedTuple

from flask import Flask
from gunicorn.util import import_app  # type: ignore[import-untyped]

from pyfastgz import Compress
from pyfastgz.cli import compress
from pyfastgz.store.files import SETTLED_NS
from tools.kit.checks import Mismatch
from tools.kit.checks import Resource
from tools.kit.documents.prose import Writer
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.shop.application import plain_bodies
from tools.kit.tables import Table

from .browser import Browser

_TITLE = (
    "Visits. zstd: bytes sent to someone who is new; dcz: to someone who was here before this\n"
    "was deployed, and has dictionaries from then; less: how much that saves."
)

ASSETS = ("/debugger/debugger.js", "/utility.css")
"""What has versions, which are named by their hashes."""

DICTIONARIES = {"/products/": "shop", "/api/orders/": "api"}
"""The names of the dictionaries, by what is before the numbers of the pages they are for."""

MADE_OF = range(40, 48)
"""The numbers of the pages that dictionaries are made of."""

FIRST = (Resource(label="page", path="/products/1"),)
"""What is visited first; it links to the dictionaries."""

SECOND = (
    Resource(label="page", path="/products/2"),
    Resource(label="page", path="/products/3"),
    Resource(label="JSON", path="/api/orders/7"),
)
"""What is visited then."""

# What is left out of paths: all of a hash but its beginning.
_LONG_HASH = re.compile("(?<=[0-9a-f]{8})[0-9a-f]{56}")


class Visited(NamedTuple):
    """How many bytes a resource has, and takes to send; dcz is None for a dictionary."""

    resource: Resource
    body_nbytes: int
    zstd_nbytes: int
    dcz_nbytes: int | None = None


def create_app(application: str, place: str) -> Flask:
    """Return an application with another static folder, and with dictionaries.

    :param application: ``"package.module:function()"``.
    :param place: where both folders are.
    """
    app: Flask = import_app(application)
    app.static_folder = f"{place}/static"
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 365 * 24 * 3600
    app.config["COMPRESS_DICTIONARIES"] = f"{place}/dictionaries"
    Compress(app)
    return app


def visit_twice(application: str) -> list[Visited]:
    """Deploy two versions of an application, and visit one after the other.

    :param application: ``"package.module:function()"``.
    :raises Mismatch: an answer is wrong, or a command failed.
    :raises ServerError: the server failed.
    """
    bodies = plain_bodies([*ASSETS, *(page.path for page in (*FIRST, *SECOND))])
    visitor = Browser()
    with TemporaryDirectory() as place:
        app = create_app(application, place)
        first = _deploy(app, bodies, "first") | {page: bodies[page.path] for page in FIRST}
        second = _deploy(app, bodies, "second") | {page: bodies[page.path] for page in SECOND}
        settled_at = monotonic() + SETTLED_NS / 1e9
        for prefix, name in DICTIONARIES.items():
            urls = (f"--url={prefix}{number}" for number in MADE_OF)
            _run(app, "dictionary", name, f"--match={prefix}*", *urls)
        command = gunicorn_command(f"{__name__}:create_app({application!r}, {place!r})")
        with serving(command) as port:
            # What lies ready is not sent instead of a file that has only just been written.
            sleep(max(0.0, settled_at - monotonic()))
            for resource, body in first.items():
                visitor.get(port, resource, body, "zstd")
            # A browser does so when it has nothing else to do.
            visited = [_fetch_linked(visitor, port, path, place) for path in visitor.links]
            for resource, body in second.items():
                zstd_nbytes = Browser().get(port, resource, body, "zstd")
                dcz_nbytes = visitor.get(port, resource, body, "dcz")
                visited.append(Visited(resource, len(body), zstd_nbytes, dcz_nbytes))
    return visited


def _deploy(app: Flask, bodies: dict[str, bytes], version: str) -> dict[Resource, bytes]:
    """Put a version of each asset into the static folder, and return what is where."""
    assert app.static_folder is not None
    folder = Path(app.static_folder)
    folder.mkdir(exist_ok=True)
    deployed = {}
    for path in map(PurePosixPath, ASSETS):
        body = _make_version(bodies[str(path)], f"{path} {version}")
        name = f"{path.stem}.{sha256(body).hexdigest()[:8]}{path.suffix}"
        (folder / name).write_bytes(body)
        label = path.suffix[1:].upper()
        deployed[Resource(label=label, path=f"/static/{name}")] = body
    _run(app, "static", "--codings=zstd", "--differences")
    return deployed


def _make_version(body: bytes, seed: str) -> bytes:
    """Return a text whose every hundredth line is another one."""
    writer = Writer(seed)
    lines = body.decode().splitlines()
    for number in range(50, len(lines), 100):
        lines[number] = f"/* {writer.sentence()} */"
    return "\n".join(lines).encode()


def _run(app: Flask, *arguments: str) -> None:
    """Run ``flask compress``."""
    result = app.test_cli_runner().invoke(compress, arguments)
    if result.exit_code:
        raise Mismatch(f"flask compress {arguments[0]}: {result.output}")


def _fetch_linked(visitor: Browser, port: int, path: str, place: str) -> Visited:
    """Fetch a dictionary that pages link to."""
    body = Path(place, "dictionaries", path.rpartition("/")[2]).read_bytes()
    resource = Resource(label="dictionary", path=path, tagged=False)
    return Visited(resource, len(body), visitor.get(port, resource, body, "zstd"))


def make_visits_table(visited: list[Visited]) -> Table:
    """Return a table of what was visited."""
    table = Table(_TITLE, ("type", "path"), ("bytes", "zstd", "dcz", "less"))
    for resource, body_nbytes, zstd_nbytes, dcz_nbytes in visited:
        cells = [f"{body_nbytes:,}", f"{zstd_nbytes:,}"]
        if dcz_nbytes is not None:
            cells += [f"{dcz_nbytes:,}", f"{1 - dcz_nbytes / zstd_nbytes:.1%}"]
        table.add(resource.label, _LONG_HASH.sub("...", resource.path), *cells)
    return table
