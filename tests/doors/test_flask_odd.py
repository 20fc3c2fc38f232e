"""Responses of Flask that are of odd classes, or lie about themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asking import CODINGS
from flask import Flask
from flask import Response
from flask import stream_with_context
from wsgi_script import served

from pyfastgz import Compress

PAGE = b"<p>the same again and again</p>" * 40


class Shouting(Response):
    """Has a way of its own from what it has as body to bytes."""

    def iter_encoded(self) -> Iterator[bytes]:
        """Return the bytes in capital letters."""
        return (part.upper() for part in super().iter_encoded())


class Liar(list[bytes]):
    """Has another length than it says."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[bytes]:
        return iter([PAGE, b"more"])


def bodies() -> dict[str, Any]:
    return {
        "list": [PAGE],
        "tuple": (PAGE, b"<p>more</p>"),
        "generator": (each for each in [PAGE, b"<p>more</p>"]),
        "context": stream_with_context(each for each in [PAGE, b"<p>more</p>"]),
    }


@pytest.mark.parametrize("coding", [*CODINGS, "identity"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name", ["list", "tuple", "generator", "context"])
@pytest.mark.parametrize("kind", [Response, Shouting])
def test_r38_what_is_called_on_close_is_called_once(
    kind: type[Response], name: str, method: str, coding: str
) -> None:
    closed: list[int] = []
    app = Flask(__name__)
    Compress(app)

    @app.get("/")
    def view() -> Response:
        response = kind(mimetype="text/html")
        response.response = bodies()[name]
        response.call_on_close(lambda: closed.append(1))
        return response

    seen = served(app, method, accept_encoding=coding)
    assert closed == [1]
    assert seen.field("content-encoding") == (None if coding == "identity" else coding)
    if method == "GET":
        body = PAGE if name == "list" else PAGE + b"<p>more</p>"
        assert seen.decoded() == (body.upper() if kind is Shouting else body)


@pytest.mark.parametrize("coding", [*CODINGS, "identity"])
def test_r49_a_body_that_lies_about_its_length(coding: str) -> None:
    app = Flask(__name__)
    Compress(app)

    @app.get("/")
    def view() -> Response:
        response = Response(mimetype="text/html")
        response.response = Liar([PAGE])
        return response

    assert served(app, accept_encoding=coding).decoded() == PAGE + b"more"
