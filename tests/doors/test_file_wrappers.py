"""The file wrappers of servers (PEP 3333), each with Flask's own way to send a file."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import wsgiref.util
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from typing import ClassVar

import pytest
from flask import Flask
from flask import Response
from flask import request
from flask import send_file
from werkzeug.test import create_environ
from werkzeug.wsgi import FileWrapper
from werkzeug.wsgi import wrap_file

from pyfastgz import Compress
from pyfastgz import compress
from pyfastgz.static.manifest import Manifest
from pyfastgz.static.manifest import SiblingFile
from pyfastgz.static.manifest import Source
from pyfastgz.static.manifest import write_manifest

# The oldest versions of what is needed are tested without any server.
gunicorn = pytest.importorskip("gunicorn.http.wsgi")
waitress = pytest.importorskip("waitress.buffers")

SCRIPT = b"function f() { return 1; }\n" * 2000
WRAPPERS: dict[str, Any] = {
    "none": None,
    "werkzeug": FileWrapper,
    "gunicorn": gunicorn.FileWrapper,
    "waitress": waitress.ReadOnlyFileBasedBuffer,
    "wsgiref": wsgiref.util.FileWrapper,
    "uwsgi": lambda file, nbytes=0: file,
}


class Opened:
    """Every file that was opened through it, and how often each was closed."""

    def __init__(self) -> None:
        self.files: list[Any] = []

    def __call__(self, path: Path) -> Any:
        self.files.append(path.open("rb"))
        return self.files[-1]


@pytest.fixture
def opened() -> Opened:
    return Opened()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.js"
    path.write_bytes(SCRIPT)
    return path


@pytest.fixture
def flask(path: Path, opened: Opened) -> Flask:
    app = Flask("files", static_folder=None)
    Compress(app)

    @app.get("/sent")
    def sent() -> Response:
        return send_file(path, "text/javascript", conditional=True)

    @app.get("/opened")
    def wrapped() -> Response:
        body = wrap_file(request.environ, opened(path))
        return Response(body, mimetype="text/javascript", direct_passthrough=True)

    return app


@pytest.fixture(autouse=True)
def _nothing_is_caught(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where something was logged as an error."""
    yield
    assert [each for each in caplog.get_records("call") if each.levelname == "ERROR"] == []


def ask(app: Flask, path: str, wrapper: Any, **fields: str) -> tuple[int, dict[str, str], Any]:
    method = fields.pop("method", "GET")
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    headers = {"Accept-Encoding": "gzip", **headers}
    environ = create_environ(path, method=method, headers=headers)
    if wrapper is not None:
        environ["wsgi.file_wrapper"] = wrapper
    started: list[Any] = []
    iterable: Any = app(environ, lambda *start: started.append(start))  # type: ignore[arg-type]
    ((status, lines),) = started
    return int(status[:3]), dict(lines), iterable


@pytest.mark.parametrize("path_", ["/sent", "/opened"])
@pytest.mark.parametrize("wrapper", WRAPPERS.values(), ids=WRAPPERS)
def test_a_file_is_understood_in_every_wrapper(
    flask: Flask, opened: Opened, wrapper: Any, path_: str
) -> None:
    coded = compress(SCRIPT)
    # Asked for again in the same second, its plan is known.
    for _ in range(3):
        status, fields, iterable = ask(flask, path_, wrapper)
        assert (status, fields["Content-Encoding"]) == (200, "gzip")
        assert fields["Content-Length"] == str(len(coded))
        assert b"".join(iterable) == coded
        assert not any(file.closed for file in opened.files[-1:])
        iterable.close()
        assert all(file.closed for file in opened.files)


@pytest.mark.parametrize("wrapper", WRAPPERS.values(), ids=WRAPPERS)
def test_r12_a_range_of_a_file_in_every_wrapper(flask: Flask, wrapper: Any) -> None:
    status, fields, iterable = ask(flask, "/sent", wrapper, Range="bytes=5-9")
    assert (status, fields["Content-Length"]) == (206, "5")
    assert b"".join(iterable) == SCRIPT[5:10]
    iterable.close()


@pytest.mark.parametrize("wrapper", WRAPPERS.values(), ids=WRAPPERS)
def test_r47_a_part_is_made_whole_in_every_wrapper(flask: Flask, wrapper: Any) -> None:
    status, fields, iterable = ask(
        flask, "/sent", wrapper, Range="bytes=5-9", If_Range='"other"'
    )
    assert (status, fields["Content-Encoding"]) == (200, "gzip")
    assert gzip.decompress(b"".join(iterable)) == SCRIPT
    iterable.close()


def test_a_pipe_is_read_to_its_end(path: Path) -> None:
    app = Flask("pipe")
    Compress(app)

    @app.get("/")
    def pipe() -> Response:
        reader, writer = os.pipe()
        with open(writer, "wb") as file:
            file.write(SCRIPT[:20_000])
        body = wrap_file(request.environ, open(reader, "rb"))  # noqa: SIM115
        return Response(body, mimetype="text/javascript", direct_passthrough=True)

    for _ in range(2):
        status, fields, iterable = ask(app, "/", None)
        assert (status, fields["Content-Encoding"]) == (200, "gzip")
        assert "Content-Length" not in fields
        assert gzip.decompress(b"".join(iterable)) == SCRIPT[:20_000]
        iterable.close()


class Upper(FileWrapper):
    """Sends something else than what is in the file."""

    def __next__(self) -> bytes:
        return super().__next__().upper()


class UpperOfGunicorn(gunicorn.FileWrapper):  # type: ignore[misc,name-defined]
    """The same, of another wrapper."""

    def __next__(self) -> bytes:
        piece: bytes = super().__next__()
        return piece.upper()


class UpperFile(io.FileIO):
    """A file that reads something else than what is in it."""

    def read(self, nbytes: int | None = -1, /) -> bytes:
        return (super().read(nbytes) or b"").upper()


@pytest.mark.parametrize(
    "make",
    [
        lambda path: Upper(path.open("rb")),
        lambda path: UpperOfGunicorn(path.open("rb")),
        lambda path: FileWrapper(UpperFile(path)),
        lambda path: gunicorn.FileWrapper(UpperFile(path)),
        lambda path: FileWrapper(io.BytesIO(SCRIPT.upper())),
        lambda path: UpperFile(path),  # noqa: PLW0108
        lambda path: iter([SCRIPT.upper()]),
    ],
)
@pytest.mark.parametrize("wrapper", [None, gunicorn.FileWrapper])
def test_what_reads_in_a_way_of_its_own_is_read_in_that_way(
    path: Path, make: Callable[[Path], Any], wrapper: Any
) -> None:
    app = Flask("other files")
    Compress(app)

    @app.get("/")
    def other() -> Response:
        return Response(make(path), mimetype="text/javascript", direct_passthrough=True)

    for _ in range(3):
        status, fields, iterable = ask(app, "/", wrapper)
        assert (status, fields["Content-Encoding"]) == (200, "gzip")
        assert "Content-Length" not in fields
        assert gzip.decompress(b"".join(iterable)) == SCRIPT.upper()
        iterable.close()


@pytest.mark.parametrize("nbytes", [1000, 10**6])
def test_a_response_of_another_length_than_its_file(path: Path, nbytes: int) -> None:
    """Somebody means something else by it than the whole file."""
    app = Flask("part of a file")
    Compress(app)

    @app.get("/")
    def part() -> Response:
        response = send_file(path, "text/javascript", conditional=False)
        response.content_length = nbytes
        return response

    status, fields, iterable = ask(app, "/", None)
    assert status == 200
    assert "Content-Length" not in fields
    iterable.close()


def test_a_file_that_was_read_from_is_sent_from_there(path: Path) -> None:
    app = Flask("rest of a file")
    Compress(app)

    @app.get("/")
    def rest() -> Response:
        file = path.open("rb")
        file.seek(27)
        body = wrap_file(request.environ, file)
        return Response(body, mimetype="text/javascript", direct_passthrough=True)

    _, _, iterable = ask(app, "/", None)
    assert gzip.decompress(b"".join(iterable)) == SCRIPT[27:]
    iterable.close()


# ---- Closing ----


class Wrapper:
    """A server's, which counts."""

    made: ClassVar[list[Wrapper]] = []

    def __init__(self, file: Any, nbytes: int = 8192) -> None:
        self.filelike = file
        self.nbytes = nbytes
        self.closed = 0
        self.made.append(self)

    def __iter__(self) -> Wrapper:
        return self

    def __next__(self) -> bytes:
        if piece := self.filelike.read(self.nbytes):
            return bytes(piece)
        raise StopIteration

    def close(self) -> None:
        self.closed += 1
        self.filelike.close()


@pytest.mark.parametrize("form", ["sibling", "made", "long", "plain"])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"method": "HEAD"},
        {"Range": "bytes=0-9"},
        {"Range": "bytes=40000-"},
        {"Range": "bytes=0-9", "If_Range": '"x"'},
        {"If_None_Match": "*"},
        {"If_Match": '"x"'},
    ],
    ids=str,
)
@pytest.mark.parametrize("is_read", [True, False])
def test_r38_every_file_is_closed_once(  # noqa: PLR0917
    flask: Flask,
    path: Path,
    form: str,
    fields: dict[str, str],
    is_read: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pyfastgz.store.files.SETTLED_NS", -(10**9))
    if form == "sibling":
        coded = compress(SCRIPT)
        path.with_name("app.js.gz").write_bytes(coded)
        sibling = SiblingFile("app.js.gz", len(coded), hashlib.sha256(coded).hexdigest())
        source = Source(
            len(SCRIPT),
            path.stat().st_mtime_ns,
            hashlib.sha256(SCRIPT).hexdigest(),
            {"gzip": sibling},
        )
        write_manifest(path.parent, Manifest({"app.js": source}))
    elif form == "long":
        path.write_bytes(SCRIPT * 100)
    Wrapper.made = []
    accept = "identity" if form == "plain" else "gzip"
    _, _, iterable = ask(flask, "/sent", Wrapper, **{"Accept_Encoding": accept, **fields})
    if is_read:
        b"".join(iterable)
    iterable.close()
    assert [each.closed for each in Wrapper.made] == [1] * len(Wrapper.made)
    assert all(each.filelike.closed for each in Wrapper.made)
    if form == "sibling" and not fields:
        assert len(Wrapper.made) == 2
        assert iterable is Wrapper.made[1]
