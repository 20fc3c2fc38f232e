"""The doors that rules are tested through; for tests of Flask's alone, what a server sees."""

from __future__ import annotations

import dataclasses
import logging
import random
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any
from typing import Literal

import pytest
from asking import Site
from asking import decoded as decode
from asking import decoded_part as decode_prefix
from described import Application
from described import Door
from described import Reply
from doors import DOORS
from flask import Flask
from werkzeug.test import create_environ

from pyfastgz.coding import encoder

WHEN: tuple[Literal["setup", "call"], ...] = ("setup", "call")


class Exchange:
    """One request to a WSGI application, one chunk at a time."""

    def __init__(
        self, app: Flask, path: str, accept: str | None, method: str, headers: dict[str, str]
    ) -> None:
        all_headers = dict(headers)
        if accept is not None:
            all_headers["Accept-Encoding"] = accept
        self.method = method
        environ = create_environ(path, method=method, headers=all_headers)
        self.iterable: Any = app.wsgi_app(environ, self._start_response)
        self.chunks = iter(self.iterable)
        self._closed = False

    def _start_response(self, status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        self.status = int(status[:3])
        self.headers = headers

    def field(self, name: str) -> str | None:
        lines = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(lines) <= 1, f"{name} is repeated: {lines}"
        return lines[0] if lines else None

    def lines(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        close = getattr(self.iterable, "close", None)
        if close is not None:
            close()

    def read(self) -> bytes:
        try:
            return b"".join(self.chunks)
        finally:
            self.close()

    def body(self) -> bytes:
        """Read and decode the whole body, checking the fields that describe it."""
        raw = self.read()
        if self.method == "HEAD":
            assert not raw
            return raw
        length = self.field("Content-Length")
        assert length is None or int(length) == len(raw)
        coding = self.field("Content-Encoding")
        return raw if coding is None else decode(coding, raw)


Get = Callable[..., Exchange]
Serve = Callable[..., Site]
WISHES = {field.name for field in dataclasses.fields(Application)}


# For each module, so that no server runs, in a thread, beside the tests of others.
@pytest.fixture(scope="module", params=DOORS)
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    with DOORS[request.param]() as door:
        yield door


@pytest.fixture(autouse=True)
def _seen(request: pytest.FixtureRequest) -> None:
    """Skip what is marked as needing something that the door does not see."""
    for mark in request.node.iter_markers("sees"):
        if "door" in request.fixturenames:
            missing = set(mark.args) - request.getfixturevalue("door").sees
            if missing:
                pytest.skip(f"not to be seen here: {', '.join(missing)}")


@pytest.fixture
def serve(door: Door, caplog: pytest.LogCaptureFixture) -> Iterator[Serve]:
    """Serve what answers requests, or a reply, or a body, with settings and wishes by name.

    Whatever is logged as an error fails the test.
    """
    sites = []

    def open_site(answers: Any, **options: Any) -> Site:
        reply = answers if isinstance(answers, Reply) else Reply(answers)
        respond = answers if callable(answers) else lambda asked: reply
        wishes = {name: options.pop(name) for name in WISHES & options.keys()}
        sites.append(Site(door.serve(Application(respond, options, **wishes))))
        return sites[-1]

    yield open_site
    for site in sites:
        site.close()
    for record in caplog.get_records("call"):
        ours = record.name.startswith("pyfastgz")
        assert not (ours and record.levelno >= logging.ERROR), record.getMessage()


@pytest.fixture(autouse=True)
def _nothing_fails_unseen(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where the hook caught what it should not have raised."""
    yield
    for when in WHEN:
        for record in caplog.get_records(when):
            assert "could not be looked at" not in record.getMessage()


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    app.testing = True
    return app


@pytest.fixture
def get(app: Flask) -> Iterator[Get]:
    exchanges = []

    def request(
        path: str = "/",
        accept: str | None = "gzip",
        method: str = "GET",
        *,
        to: Flask | None = None,
        **headers: str,
    ) -> Exchange:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        exchanges.append(Exchange(to or app, path, accept, method, named))
        return exchanges[-1]

    yield request
    for exchange in exchanges:
        exchange.close()


class _Failing(list[Any]):
    """The idle encoders of a coding, none of which can be had."""

    error: Exception

    def pop(self, *_: Any) -> Any:
        raise self.error

    def get(self, *_: Any) -> _Failing:
        """Be those of every coding."""
        return self


@pytest.fixture
def fail_to_code(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Have all coding of whole bodies raise an error from now on."""

    def fail(error: Exception) -> None:
        failing = _Failing()
        failing.error = error
        for idle in encoder._idle.values():
            # They are known to whoever has used them.
            idle.clear()
        monkeypatch.setattr(encoder, "_idle", failing)

    return fail


@pytest.fixture
def decode_body() -> Callable[[str, bytes], bytes]:
    return decode


@pytest.fixture
def decode_part() -> Callable[[str, bytes], bytes]:
    return decode_prefix


@pytest.fixture
def page() -> str:
    """Return a page of about 8 KB that compresses as pages do."""
    chooser = random.Random(8)
    words = [f"word{number}" for number in range(300)]
    return "".join(f"<p>{' '.join(chooser.choices(words, k=9))}</p>\n" for _ in range(120))
