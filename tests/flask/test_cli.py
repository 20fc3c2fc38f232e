"""``flask compress info``, found and run as the command ``flask`` does it."""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Iterator

import pytest
from flask import Flask
from flask import Response

from pyfastgz import Compress

BODY = "<p>what becomes of it</p>\n" * 200
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(app: Flask) -> Run:
    app.add_url_rule("/page", view_func=lambda: BODY)
    app.add_url_rule(
        "/image", view_func=lambda: Response(b"x" * 900, mimetype="image/png"), endpoint="image"
    )

    def run(*arguments: str) -> tuple[int, str]:
        # The application's own group does not load the commands that packages add.
        from flask.cli import FlaskGroup  # noqa: PLC0415

        group = FlaskGroup(create_app=lambda: app)
        result = app.test_cli_runner().invoke(group, ["compress", "info", *arguments])
        return result.exit_code, result.output

    return run


def test_versions_and_configuration(app: Flask, run: Run) -> None:
    app.config["COMPRESS_LEVEL"] = 4
    Compress(app)
    code, output = run()
    assert code == 0
    for expected in ("libzstd", "1.5", "instruction sets", "COMPRESS_LEVEL", "gzip, deflate"):
        assert expected in output
    line = next(line for line in output.splitlines() if "COMPRESS_LEVEL" in line)
    assert line.split() == ["COMPRESS_LEVEL", "4"]


def test_the_effect_on_a_url(app: Flask, run: Run) -> None:
    Compress(app)
    assert f"zstd, {len(BODY)} to " in run("/page")[1]
    assert f"gzip, {len(BODY)} to " in run("/page", "--accept-encoding", "gzip")[1]
    assert "(NOT_ACCEPTED)" in run("/page", "--accept-encoding", "")[1]
    assert "(MEDIA_TYPE)" in run("/image")[1]
    assert "404" in run("/nowhere")[1]


def test_an_application_that_does_not_register(app: Flask, run: Run) -> None:
    app.config["COMPRESS_REGISTER"] = False
    Compress(app)
    assert "COMPRESS_REGISTER is off" in run("/page")[1]


def test_an_application_without_the_extension(run: Run) -> None:
    code, output = run()
    assert code == 1
    assert "Compress(app)" in output


@pytest.mark.parametrize("mimetype", ["text/event-stream", "text/plain"])
def test_a_stream_without_end(app: Flask, run: Run, mimetype: str) -> None:
    closed = []

    @app.get("/endless")
    def endless() -> Response:
        def chunks() -> Iterator[bytes]:
            try:
                while True:
                    yield os.urandom(2000)
            finally:
                closed.append(True)

        return Response(chunks(), mimetype=mimetype)

    app.config["COMPRESS_MIMETYPES"] = [mimetype]
    Compress(app)
    code, output = run("/endless", "--accept-encoding", "gzip")
    assert code == 0
    assert " and more" in output
    assert "gzip, " in output
    assert closed == [True]
