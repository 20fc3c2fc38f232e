"""``flask compress info``, found and run as the command ``flask`` does it."""

from __future__ import annotations

import os
import random
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from flask import Request
from flask import Response
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from pyfastgz import Compress
from pyfastgz.store.dictionary_folder import About
from pyfastgz.store.dictionary_folder import opened

BODY = "<p>what becomes of it</p>\n" * 200
LIST = "".join(f"<li>{n * n * 7919 % 100003}</li>" for n in range(400))
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
    assert row(output, "COMPRESS_LEVEL") == "* COMPRESS_LEVEL 4"


def row(output: str, key: str) -> str:
    (line,) = (line for line in output.splitlines() if key in line.split())
    return " ".join(line.split())


def test_what_differs_from_the_default_is_marked(app: Flask, run: Run) -> None:
    app.config["COMPRESS_ALGORITHM"] = "gzip, deflate"
    app.config["COMPRESS_ALGORITHM_STREAMING"] = "zstd, br, gzip, deflate"
    app.config["COMPRESS_PREDICATE"] = is_wanted
    Compress(app)
    output = run()[1]
    marked = {line.split()[1] for line in output.splitlines() if line.startswith("  * ")}
    # A default that is spelt in another way is none the less one.
    assert marked == {"COMPRESS_ALGORITHM", "COMPRESS_PREDICATE"}
    assert row(output, "COMPRESS_ALGORITHM") == "* COMPRESS_ALGORITHM 'gzip, deflate'"
    assert "* is not the default" in output
    assert "in use       gzip, deflate\n" in output


def test_no_secret_is_shown(app: Flask, run: Run) -> None:
    app.config["COMPRESS_LENGTH_NOISE_KEY"] = "lamp"
    Compress(app)
    output = run()[1]
    expected = "* COMPRESS_LENGTH_NOISE_KEY a secret str"
    assert row(output, "COMPRESS_LENGTH_NOISE_KEY") == expected
    assert "lamp" not in output
    assert "lamp" not in repr(app.extensions["pyfastgz"].settings.last)


def is_wanted(request: Request, response: Response) -> bool:
    return True


def test_what_was_changed_too_late_is_said(app: Flask, run: Run) -> None:
    Compress(app)
    app.config["COMPRESS_MIMETYPES"].append("text/csv")
    app.config["COMPRESS_ALGORITHM"] = ["gzip"]
    app.config["COMPRESS_LEVEL"] = 9
    app.config["COMPRESS_ZSTD_LEVEL"] = 99
    del app.config["COMPRESS_MIN_SIZE"]
    output = run()[1]
    assert "csv" not in output
    late = "(what it was changed to after Compress(app) is not in effect)"
    assert row(output, "COMPRESS_MIMETYPES").endswith(f"'font/opentype'] {late}")
    assert row(output, "COMPRESS_ALGORITHM").endswith(
        f"['zstd', 'br', 'gzip', 'deflate'] {late}"
    )
    assert row(output, "COMPRESS_LEVEL") == "* COMPRESS_LEVEL 9"
    assert row(output, "COMPRESS_ZSTD_LEVEL") == (
        "COMPRESS_ZSTD_LEVEL 3 (99 is not usable, and not in effect)"
    )
    assert row(output, "COMPRESS_MIN_SIZE") == "COMPRESS_MIN_SIZE 500"


def test_what_was_assigned_is_said(app: Flask, run: Run) -> None:
    compress = Compress(app)
    compress.enabled_algorithms = "gzip, deflate"
    compress.compress_mimetypes_set = {"text/html"}
    compress.compress_mimetypes_set.add("text/csv")
    output = run()[1]
    how = "(assigned to an attribute of Compress)"
    assert row(output, "COMPRESS_ALGORITHM").endswith(f"['gzip', 'deflate'] {how}")
    assert row(output, "COMPRESS_MIMETYPES").endswith(f"['text/csv', 'text/html'] {how}")
    # They are among the others.
    assert row(output, "COMPRESS_EXTRA_MIMETYPES").endswith(f"[] {how}")
    assert "in use       gzip, deflate\n" in output


def test_what_is_no_setting_is_said(app: Flask, run: Run) -> None:
    app.config.update(COMPRESS_MIN_SIZ=1, COMPRESS_DEBUG=True)
    Compress(app)
    output = run()[1]
    assert row(output, "COMPRESS_MIN_SIZ").endswith(
        "does nothing (did you mean COMPRESS_MIN_SIZE?)"
    )
    assert row(output, "COMPRESS_DEBUG").endswith("is no setting and does nothing")


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_long_lists_are_wrapped_to_the_terminal(
    app: Flask, run: Run, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    Compress(app)
    whole = run()[1]
    monkeypatch.setenv("COLUMNS", str(columns))
    wrapped = run()[1]
    longest = max(map(len, wrapped.splitlines()))
    assert columns - 30 < longest <= columns
    # Nothing is lost, and what does not go to a terminal is not wrapped.
    assert wrapped.split() == whole.split()
    assert row(whole, "COMPRESS_MIMETYPES").endswith("'font/opentype']")


def test_in_a_narrow_terminal_each_word_has_a_line(
    app: Flask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Compress(app)
    whole = run()[1]
    monkeypatch.setenv("COLUMNS", "10")
    wrapped = run()[1]
    assert wrapped.split() == whole.split()
    assert max(map(len, wrapped.splitlines())) < 90


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_real_terminal(tmp_path: Path) -> None:
    import fcntl  # noqa: PLC0415
    import pty  # noqa: PLC0415
    import termios  # noqa: PLC0415

    application = tmp_path / "shop.py"
    application.write_text(
        "import flask, pyfastgz\napp = flask.Flask('shop')\npyfastgz.Compress(app)\n"
    )
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 90, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = [sys.executable, "-m", "flask", "--app", str(application), "compress", "info"]
    with subprocess.Popen(command, stdout=inside, stderr=inside, env=environment) as process:
        os.close(inside)
        pieces = []
        with suppress(OSError):
            while piece := os.read(terminal, 65536):
                pieces.append(piece)
        os.close(terminal)
    assert process.returncode == 0
    lines = re.sub(rb"\x1b\[[0-9;]*m", b"", b"".join(pieces)).decode().splitlines()
    assert 60 < max(map(len, lines)) <= 90
    assert any(line.strip().startswith("'font/") for line in lines)


def test_the_effect_on_a_url(app: Flask, run: Run) -> None:
    Compress(app)
    assert f"zstd, {len(BODY)} to " in run("/page")[1]
    assert f"gzip, {len(BODY)} to " in run("/page", "--accept-encoding", "gzip")[1]
    assert "(NOT_ACCEPTED)" in run("/page", "--accept-encoding", "")[1]
    assert "(MEDIA_TYPE)" in run("/image")[1]
    assert "404" in run("/nowhere")[1]


def test_the_dictionaries_for_a_url(app: Flask, run: Run, tmp_path: Path) -> None:
    folder = str(tmp_path / "dictionaries")
    with opened(folder, lambda: pytest.fail("the folder is in use")) as work:
        work.put(LIST.encode(), About("pages", "site", "/*", ("document",)))
        work.put(LIST.encode()[:999], About("pages", "shop", "/shop/*"))
    app.config["COMPRESS_DICTIONARIES"] = folder
    noise = random.Random(1).randbytes(999).hex()
    app.add_url_rule("/other", "other", lambda: noise)
    app.add_url_rule("/list", "list", lambda: f"{LIST}<p>new</p>")
    Compress(app)
    code, output = run("/list?a=b")
    assert code == 0
    _, with_dictionary = output.split("The same with pages site\n")
    assert row(with_dictionary, "Content-Encoding") == "Content-Encoding dcz"
    assert re.search(r"saves +[1-9][0-9]+ bytes", with_dictionary)
    assert "shop" not in output.split("GET /list?a=b")[1]
    # Where it does not help, that shows.
    _, useless = run("/other")[1].split("The same with pages site\n")
    assert row(useless, "Content-Encoding") == "Content-Encoding zstd"
    assert re.search(r"saves +0 bytes", useless)


def test_a_url_without_dictionaries(app: Flask, run: Run, tmp_path: Path) -> None:
    app.config["COMPRESS_DICTIONARIES"] = str(tmp_path / "none yet")
    Compress(app)
    code, output = run("/page")
    assert code == 0
    assert "There is no dictionary for it." in output


def test_what_is_kept(app: Flask, run: Run) -> None:
    Compress(app)
    outputs = [run("/page", "--accept-encoding", "gzip")[1] for _ in range(3)]
    effects = [row(output, "effect") for output in outputs]
    assert [effect.endswith(", kept") for effect in effects] == [False, False, True]
    assert [row(outputs[2], key) for key in ("hits", "misses", "entries")] == [
        "hits 1",
        "misses 2",
        "entries 1",
    ]
    assert re.search(r"  bytes +[\d,]+ of 33,554,432\n", outputs[2])


def test_the_cpu_budget(app: Flask, run: Run) -> None:
    app.config.update(
        COMPRESS_CPU_BUDGET=0.25,
        COMPRESS_LEVEL=9,
        COMPRESS_ALGORITHM="zstd, gzip",
        COMPRESS_ALGORITHM_STREAMING="gzip, deflate",
    )
    Compress(app)
    output = run("/page")[1]
    assert row(output, "COMPRESS_CPU_BUDGET") == "* COMPRESS_CPU_BUDGET 0.25"
    section = output.partition("CPU budget of this process\n")[2]
    rows = [" ".join(line.split()) for line in section.splitlines()]
    cores, left, step, *levels = rows
    assert cores == "cores 0.25"
    # The page took some of it.
    assert re.fullmatch(r"left [12]\.\d\d of 2\.00 seconds", left)
    assert step == "step 0 of 4"
    assert levels == [
        "zstd by step 3, 2, 1, 1, none",
        "gzip by step 9, 6, 3, 1, none",
        "deflate by step -1, 4, 2, 1, none",
    ]


def test_without_a_cpu_budget_none_is_shown(app: Flask, run: Run) -> None:
    Compress(app)
    assert "CPU budget" not in run("/page")[1]


def test_an_application_that_does_not_register(app: Flask, run: Run) -> None:
    app.config["COMPRESS_REGISTER"] = False
    compress = Compress(app)

    @app.get("/asked")
    @compress.compressed()
    def asked() -> str:
        return BODY

    assert "not looked at: COMPRESS_REGISTER is off" in run("/page")[1]
    assert f"zstd, {len(BODY)} to " in run("/asked")[1]


def test_an_answer_of_a_mounted_application(app: Flask, run: Run) -> None:
    Compress(app)
    inner = Flask("inner")
    inner.add_url_rule("/", view_func=lambda: BODY)
    Compress(inner)
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/metrics": inner})  # type: ignore[method-assign]
    output = run("/metrics/")[1]
    # It is compressed there.
    assert row(output, "Content-Encoding") == "Content-Encoding zstd"
    assert "not looked at: WSGI middleware around the application, such as a mounted" in output
    assert "COMPRESS_REGISTER is off" not in output
    assert f"zstd, {len(BODY)} to " in run("/page")[1]


def test_an_application_without_media_types(app: Flask, run: Run) -> None:
    app.config["COMPRESS_MIMETYPES"] = []
    Compress(app)
    assert "not looked at: COMPRESS_MIMETYPES and " in run("/page")[1]


def fail(response: Response) -> Response:
    raise RuntimeError


def test_a_function_after_the_request_that_fails(app: Flask, run: Run) -> None:
    app.testing = False
    Compress(app)
    app.after_request(fail)
    output = run("/page")[1]
    assert row(output, "status").startswith("status 500")
    assert "not looked at: a function that runs after the request failed" in output


def test_middleware_that_closes_no_stream(app: Flask, run: Run) -> None:
    Compress(app)
    app.add_url_rule("/stream", "stream", lambda: Response(iter([os.urandom(400_000)] * 9)))
    inside = app.wsgi_app
    app.wsgi_app = lambda *request: map(bytes, inside(*request))  # type: ignore[method-assign]
    assert "not looked at: the hook failed, as the log says, or WSGI" in run("/stream")[1]


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


def test_the_package_runs_the_same_commands(tmp_path: Path) -> None:
    """``python -m pyfastgz info`` is ``flask compress info``."""
    (tmp_path / "shop.py").write_text(
        "from flask import Flask\n"
        "from pyfastgz import Compress\n"
        "app = Flask(__name__)\n"
        "Compress(app)\n"
        "app.add_url_rule('/page', view_func=lambda: 'again and again ' * 99)\n"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-m", *command, "/page"],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for command in (
            ["flask", "--app", "shop", "compress", "info"],
            ["pyfastgz", "--app", "shop", "info"],
        )
    ]
    assert "zstd, 1584 to " in outputs[0]
    # But for what it took.
    first, second = (re.sub(r"in [\d.]+ ms", "in a moment", output) for output in outputs)
    assert first == second


def test_the_package_without_an_application(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pyfastgz", "info"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2
    # What needs none is shown all the same.
    assert "libzstd" in result.stdout
    assert "Flask application" in result.stderr
