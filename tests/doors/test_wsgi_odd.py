"""Applications of WSGI that do what nobody expects, and requests that no server makes."""

from __future__ import annotations

import sys
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from asking import decoded
from wsgi_script import Failed
from wsgi_script import served

from pyfastgz.wsgi import CompressMiddleware

HTML = ("Content-Type", "text/html; charset=utf-8")
PNG = ("Content-Type", "image/png")
PAGE = b"<p>the same again and again</p>" * 40


@pytest.mark.parametrize("line", [HTML, PNG])
@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize("odd", [None, 7, object()], ids=type)
def test_r49_what_is_no_body_is_the_servers_matter(
    line: Any, odd: Any, *, writes: bool
) -> None:
    """And the application is not asked again."""
    calls = []

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        calls.append(environ["PATH_INFO"])
        write = start_response("200 OK", [line])
        if writes:
            write(PAGE)
        return odd

    plain, coded = served(app), served(CompressMiddleware(app), accept_encoding="gzip")
    assert coded.errors == plain.errors == [TypeError]
    assert len(calls) == 2
    if writes:
        assert coded.decoded().startswith(PAGE)


@pytest.mark.parametrize("odd", [None, 7, "text", bytearray(b"lamp"), [b"lamp"]], ids=type)
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_r49_what_is_written_and_is_no_bytes_is_an_error(coding: str, odd: Any) -> None:
    """Of which nothing is sent, so that an error may come in its place."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        write = start_response("200 OK", [HTML])
        try:
            write(odd)
        except (AssertionError, TypeError):
            start_response("500 Oops", [HTML], sys.exc_info())
        return [PAGE]

    coded = served(CompressMiddleware(app), accept_encoding=coding)
    assert (coded.status, coded.errors) == ("500 Oops", [])
    assert coded.body == PAGE


@pytest.mark.parametrize("name", ["HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH"])
@pytest.mark.parametrize("value", [None, 7, b'"lamp:gzip"', ['"lamp"']], ids=type)
def test_r46_r49_a_condition_that_is_no_text(
    caplog: pytest.LogCaptureFixture, name: str, value: Any
) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        assert environ[name] is value
        start_response("200 OK", [HTML, ("ETag", '"lamp"')])
        return [PAGE]

    status, body = called(app, **{name: value})
    assert status == "200 OK"
    assert body == PAGE or decoded("gzip", body) == PAGE
    assert {record.levelname for record in caplog.records} <= {"ERROR"}
    caplog.clear()


@pytest.mark.parametrize("lines", [[HTML], [HTML, ("Content-Length", str(len(PAGE)))], [PNG]])
@pytest.mark.parametrize("left_out", ["REQUEST_METHOD", "PATH_INFO", "SCRIPT_NAME"])
@pytest.mark.parametrize("form", [list, iter])
def test_r49_a_request_that_lacks_a_variable(left_out: str, lines: Any, form: Any) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", lines)
        return form([PAGE])

    status, body = called(app, left_out)
    assert status == "200 OK"
    assert body == PAGE or decoded("gzip", body) == PAGE


def called(app: Any, left_out: str = "", **variables: Any) -> tuple[str, bytes]:
    """Return status and body of an application's response.

    :param left_out: a variable that there is not.
    :param variables: others.
    """
    environ: dict[str, Any] = {"HTTP_ACCEPT_ENCODING": "gzip"}
    setup_testing_defaults(environ)
    environ |= variables
    environ.pop(left_out, None)
    started: list[str] = []

    def start_response(status: str, *_: Any) -> Any:
        started.append(status)

    body = b"".join(CompressMiddleware(app)(environ, start_response))
    return started[-1], body


def test_r38_an_iterable_whose_closing_raises_is_closed_once() -> None:
    class Body:
        closed = 0

        def __iter__(self) -> Any:
            return iter(lambda: PAGE if not self.closed else b"", b"")

        def close(self) -> None:
            self.closed += 1
            raise Failed

    bodies = []

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [HTML])
        bodies.append(Body())
        return bodies[-1]

    environ: dict[str, Any] = {"HTTP_ACCEPT_ENCODING": "gzip"}
    setup_testing_defaults(environ)
    iterable: Any = CompressMiddleware(app)(environ, lambda *args: None)  # type: ignore[arg-type]
    assert next(iter(iterable))
    with pytest.raises(Failed):
        iterable.close()
    iterable.close()
    assert bodies[0].closed == 1
