"""Applications where no brotli package is installed, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

START = """
import sys
# None makes an import fail as that of a package that is not there.
sys.modules.update(brotli=None, brotlicffi=None)
from flask import Flask, Response
from pyfastgz import Compress
app = Flask("shop")

def codings(path):
    client = app.test_client()
    for accept in ("br, gzip", "br"):
        response = client.get(path, headers={"Accept-Encoding": accept})
        yield response.headers.get("Content-Encoding")
"""


def run(program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", START + textwrap.dedent(program)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_defaults_leave_br_out() -> None:
    assert run("""
        app.add_url_rule("/", view_func=lambda: "page " * 200)
        app.add_url_rule("/stream", endpoint="stream", view_func=lambda: Response(
            ("page " for _ in range(200)), mimetype="text/html"))
        compress = Compress(app)
        print(compress.enabled_algorithms, compress.streaming_algorithms)
        print(*codings("/"), *codings("/stream"))
    """) == [
        "('zstd', 'gzip', 'deflate') ('zstd', 'gzip', 'deflate')",
        "gzip None gzip None",
    ]


@pytest.mark.parametrize("value", ["auto", "br, gzip", ["br", "gzip"]])
def test_settings_leave_br_out(value: object) -> None:
    assert run(f"""
        app.config["COMPRESS_ALGORITHM"] = {value!r}
        app.add_url_rule("/", view_func=lambda: "page " * 200)
        Compress(app)
        print(*codings("/"))
    """) == ["gzip None"]


@pytest.mark.parametrize(
    "parameters",
    [
        'level=9, codings="br, gzip"',  # in the README
        'level={"br": 11, "gzip": 9}, codings="br, gzip"',  # in docs/views.md
        'level={"br": 11}, codings=["gzip", "BR"]',
        'level={"br": 11}',
        "level=9",
    ],
)
@pytest.mark.parametrize("register", [True, False])
def test_views_leave_br_out(parameters: str, register: bool) -> None:
    assert run(f"""
        app.config["COMPRESS_REGISTER"] = {register}
        compress = Compress(app)

        @app.get("/")
        @compress.compressed({parameters})
        def view():
            return "page " * 200

        print(*codings("/"))
    """) == ["gzip None"]


@pytest.mark.parametrize(
    "use",
    [
        'app.config["COMPRESS_ALGORITHM"] = "br"; Compress(app)',
        'app.config["COMPRESS_ALGORITHM_STREAMING"] = ["br"]; Compress(app)',
        'Compress(app).compressed(codings="br")',
        'Compress().compressed(9, ["br"])',
        'import pyfastgz; pyfastgz.compress(b"", "br")',
        'import pyfastgz; pyfastgz.Encoder("br")',
        "from pyfastgz.coding import br; br.compress(b'', 4, br.BrotliSettings())",
    ],
)
def test_r50_br_alone_is_an_error_that_says_what_to_install(use: str) -> None:
    (message,) = run(f"""
        try:
            {use}
        except ValueError as error:
            print(error)
    """)
    assert message.endswith('pip install "pyfastgz[br]"')


@pytest.mark.parametrize(
    "use",
    [
        'app.config["COMPRESS_BR_LEVEL"] = {}; Compress(app)',
        'Compress().compressed(level={{"br": {}}})',
        'Compress().compressed({}, "br, gzip")',
        'import pyfastgz; pyfastgz.compress(b"", "br", level={})',
        'import pyfastgz; pyfastgz.Encoder("br", {})',
    ],
)
def test_r50_a_level_that_br_does_not_have_is_an_error_without_it_too(use: str) -> None:
    levels = [99, 12, -1, True, 6.0, "6"]
    names = run(f"""
        for level in {levels!r}:
            try:
                {use.format("level")}
            except (TypeError, ValueError) as error:
                print(type(error).__name__)
            else:
                print(level, "is taken")
    """)
    assert len(names) == len(levels)
    assert set(names) <= {"ValueError", "ConfigurationError", "TypeError"}


def test_r75_a_body_in_br_is_answered_with_what_is_decoded_without_it() -> None:
    assert (
        run("""
        from flask import request
        app.config["COMPRESS_DECODE_REQUESTS"] = True
        app.add_url_rule("/", view_func=lambda: request.data, methods=["POST"])
        Compress(app)
        for coding in ("br", "gzip, br"):
            response = app.test_client().post(
                "/", data=b"lamp", headers={"Content-Encoding": coding}
            )
            print(response.status_code, response.headers["Accept-Encoding"])
    """)
        == ["415 zstd, gzip, deflate"] * 2
    )
