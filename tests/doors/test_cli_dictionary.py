"""``flask compress dictionary``: pages that are asked for, what is left out, what is told."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from flask import Flask
from flask import request
from flask.cli import FlaskGroup
from layout_application import create_app

from pyfastgz import Compress
from pyfastgz.http.dictionaries import available
from pyfastgz.store.dictionaries import Dictionaries

Run = Callable[..., tuple[int, str]]
FIRST = [f"/page/{letter}" for letter in "abcdef"]


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    app = create_app()
    app.root_path = str(tmp_path)
    app.config["COMPRESS_DICTIONARIES"] = "instance/dictionaries"
    Compress(app)
    return app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "instance" / "dictionaries"


@pytest.fixture
def run(app: Flask) -> Run:
    def run(*arguments: str) -> tuple[int, str]:
        group = FlaskGroup(create_app=lambda: app)
        result = app.test_cli_runner().invoke(group, ["compress", "dictionary", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    return run


def urls(*paths: str) -> list[str]:
    return [part for path in paths for part in ("--url", path)]


def held_out(*paths: str) -> list[str]:
    return [part for path in paths for part in ("--held-out", path)]


def coded(app: Flask, path: str, dictionary: bytes) -> int:
    """Return what a page takes with a dictionary, its hash and the checksum included."""
    known = zstandard.ZstdCompressionDict(dictionary, zstandard.DICT_TYPE_RAWCONTENT)
    coder = zstandard.ZstdCompressor(3, known, write_checksum=True)
    return 40 + len(coder.compress(app.test_client().get(path).data))


def fetched(app: Flask, path: str, coding: str, fields: dict[str, str]) -> bytes:
    """Return a page as it is sent in a coding."""
    fields = {**fields, "Accept-Encoding": coding}
    answer = app.test_client().get(path, headers=fields)
    assert answer.headers["Content-Encoding"] == coding
    sent: bytes = answer.data
    return sent


def opened_with(dictionary: bytes, sent: bytes) -> bytes:
    """Return what was coded with a dictionary, after the 40 bytes that name it."""
    known = zstandard.ZstdCompressionDict(dictionary, zstandard.DICT_TYPE_RAWCONTENT)
    page: bytes = zstandard.ZstdDecompressor(known).decompress(sent[40:])
    return page


def test_a_page_of_20_kb_that_is_held_out_takes_a_quarter_or_less(
    app: Flask, run: Run, folder: Path
) -> None:
    code, output = run("shop", *urls(*FIRST), *held_out("/page/x", "/page/y"))
    assert code == 0
    (entry,) = Dictionaries(folder).pages
    assert (entry.kind, entry.name, entry.match) == ("pages", "shop", "/*")
    assert entry.destinations == ()
    assert entry.nbytes <= 128 * 1024
    assert str(folder / entry.sha256) in output
    assert "public: whoever asks for it gets what it says" in output
    table = output[output.index("held out") :]
    row = r"^  (/page/\w) +([\d,]+) +([\d,]+) +([\d,]+) +([\d.]+)$"
    rows = re.findall(row, table, re.MULTILINE)
    assert [row[0] for row in rows] == ["/page/x", "/page/y"]
    data = (folder / entry.sha256).read_bytes()
    # A server that is started now.
    Compress(app)
    for path, *figures, ratio in rows:
        body, zstd, dcz = (int(figure.replace(",", "")) for figure in figures)
        assert body == len(app.test_client().get(path).data)
        assert 20_000 <= body <= 21_000
        assert dcz * 4 <= zstd
        assert float(ratio) == pytest.approx(zstd / dcz, abs=0.05)
        # Another coder, and other tokens in the page.
        assert coded(app, path, data) < dcz * 1.2
        # What is sent, of which the tokens are others each time.
        has = {"Available-Dictionary": available(entry.sha256)}
        sent = {coding: fetched(app, path, coding, has) for coding in ("zstd", "dcz")}
        assert len(sent["dcz"]) * 4 <= len(sent["zstd"])
        assert 20_000 <= len(opened_with(data, sent["dcz"])) <= 21_000


def test_tokens_and_nonces_are_in_no_dictionary(app: Flask, run: Run, folder: Path) -> None:
    assert run("shop", *urls(*FIRST), *held_out("/page/x"))[0] == 0
    (entry,) = Dictionaries(folder).pages
    data = (folder / entry.sha256).read_bytes()
    page = app.test_client().get("/page/a").data
    assert re.search(rb'name="csrf_token" value="[0-9a-f]{40}"', page)
    assert re.search(rb'nonce="[\w-]{22}"', page)
    assert b'name="csrf_token"' not in data
    assert b"nonce" not in data


def test_every_fourth_page_is_held_out_if_no_others_are_named(run: Run, folder: Path) -> None:
    code, output = run("shop", *urls(*FIRST, "/page/g", "/page/h"))
    assert code == 0
    seen, unseen = output.split("held out")
    assert re.findall(r"^  (/page/\w)", seen, re.MULTILINE) == [*FIRST, "/page/g", "/page/h"]
    assert re.findall(r"^  (/page/\w)", unseen, re.MULTILINE) == ["/page/d", "/page/h"]


def test_two_pages_are_enough_and_tell_only_of_themselves(run: Run, folder: Path) -> None:
    code, output = run("shop", *urls("/page/a", "/page/b"))
    assert code == 0
    assert "held out" not in output
    assert len(Dictionaries(folder).pages) == 1


def test_what_it_is_for(run: Run, folder: Path) -> None:
    options = ["--match", "/page/*", "--dest", "document", "--dest", "iframe"]
    code, output = run("shop", *urls(*FIRST), *options, "--max-bytes", "5000")
    assert code == 0
    (entry,) = Dictionaries(folder).pages
    assert (entry.match, entry.destinations) == ("/page/*", ("document", "iframe"))
    assert entry.nbytes <= 5000
    assert "It is for /page/* (document, iframe)" in output


def test_what_is_not_for_everybody_is_left_out_and_told(
    app: Flask, run: Run, folder: Path
) -> None:
    others = ["/account", "/login", "/mine", "/picture", "/events", "/empty"]
    code, output = run("shop", *urls("/page/a", "/page/b", *others))
    assert code == 0
    for line in (
        "/account: left out: it redirects to /login, as to strangers perhaps",
        "/login: left out: it sets a cookie (session), so it may be one visitor's own",
        "/mine: left out: its Cache-Control says private, so it is not for everybody",
        "/picture: left out: it would not be compressed: ",
        "/events: left out: it is a stream of events",
        "/empty: left out: it is empty",
    ):
        assert f"{line}" in output
    (entry,) = Dictionaries(folder).pages
    assert b"<h1>mine" not in (folder / entry.sha256).read_bytes()


def test_what_fails_is_told_and_the_rest_is_done(run: Run, folder: Path) -> None:
    others = ["/nowhere", "/broken", "/breaks-off"]
    code, output = run("shop", *urls("/page/a", "/page/b", *others))
    assert code == 1
    for line in (
        "/nowhere: failed: the answer is 404 NOT FOUND",
        "/broken: failed: the answer is 500 INTERNAL SERVER ERROR",
        "/breaks-off: failed: the application failed: ZeroDivisionError: in the middle",
    ):
        assert line in output
    assert len(Dictionaries(folder).pages) == 1


def test_an_application_that_lets_errors_through(app: Flask, run: Run, folder: Path) -> None:
    app.testing = True
    code, output = run("shop", *urls("/broken", "/page/a"))
    assert code == 1
    assert (
        "/broken: failed: the application failed: ZeroDivisionError: nothing to divide by"
        in output
    )
    assert "failed: 1 of 2 pages can be used; at least 2 are needed" in output
    assert not folder.exists()


def test_pages_with_nothing_in_common(run: Run, folder: Path) -> None:
    code, output = run("shop", *urls(*(f"/noise/{number}" for number in range(5))))
    assert code == 1
    assert "failed: not written, it saves nothing worth it" in output
    assert not folder.exists()


def test_older_ones_of_a_name_are_kept(app: Flask, run: Run, folder: Path) -> None:
    first = [*urls(*FIRST), "--keep", "2"]
    assert run("shop", *first)[0] == 0
    (oldest,) = Dictionaries(folder).pages
    assert "is there already" in run("shop", *first)[1]
    assert run("other", *urls("/page/k", "/page/l"))[0] == 0
    for letters in ("gh", "ij"):
        more = urls(*(f"/page/{letter}" for letter in letters))
        code, output = run("shop", *more, "--keep", "2")
        assert code == 0
    assert "1 older dropped" in output
    pages = Dictionaries(folder).pages
    assert sorted(each.name for each in pages) == ["other", "shop", "shop"]
    assert not (folder / oldest.sha256).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shop"], "Missing option '--url'"),
        (["../shop", *urls("/")], "'../shop' is not letters and digits"),
        (["shop", *urls("https://shop.example/")], "is not a path with perhaps a query"),
        (["shop", *urls("//shop.example/")], "is not a path with perhaps a query"),
        (["shop", *urls("page/a")], "is not a path with perhaps a query"),
        (["shop", *urls("/page/a#top")], "has a fragment, which is never sent"),
        (["shop", *urls("/"), "--match", "shop/*"], "begins with a slash"),
        (["shop", *urls("/"), "--match", "/:id"], "means something else in URL patterns"),
        (["shop", *urls("/"), "--dest", "page"], "'page' is not one of"),
        (["shop", *urls("/"), "--keep", "0"], "0 is not in the range"),
        (["shop", *urls("/"), "--max-bytes", "99"], "99 is not in the range"),
        (["shop", *urls("/page/a"), *held_out("/page/a")], "/page/a is a --url and --held-out"),
    ],
)
def test_what_is_wrong_with_arguments(
    run: Run, folder: Path, arguments: list[str], message: str
) -> None:
    code, output = run(*arguments)
    assert code == 2
    assert message in " ".join(output.split())
    assert not folder.exists()


def test_where_dictionaries_are_has_to_be_said(app: Flask, run: Run, tmp_path: Path) -> None:
    del app.config["COMPRESS_DICTIONARIES"]
    Compress(app)
    code, output = run("shop", *urls("/page/a", "/page/b"))
    assert code == 2
    assert "set COMPRESS_DICTIONARIES, or give --dictionaries FOLDER" in output
    other = tmp_path / "other"
    assert run("shop", *urls("/page/a", "/page/b"), "--dictionaries", str(other))[0] == 0
    assert len(Dictionaries(other).pages) == 1


def test_an_application_without_compression(run: Run, app: Flask) -> None:
    app.extensions.clear()
    code, output = run("shop", *urls("/page/a", "/page/b"))
    assert code == 1
    assert "does not use pyfastgz: call Compress(app)" in output


def test_a_damaged_index_is_named_and_left_alone(run: Run, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "index.json").write_text("{")
    code, output = run("shop", *urls("/page/a", "/page/b"))
    assert code == 1
    assert f"failed: {folder / 'index.json'} is damaged" in output
    assert [path.name for path in folder.iterdir()] == ["index.json"]


def test_a_folder_that_cannot_be_made_is_named(run: Run, folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("")
    code, output = run("shop", *urls("/page/a", "/page/b"))
    assert code == 1
    assert f"failed: {folder}: " in output


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may write anywhere"
)
def test_a_folder_that_may_not_be_written_is_named(run: Run, folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o555)
    try:
        code, output = run("shop", *urls("/page/a", "/page/b"))
    finally:
        folder.chmod(0o755)
    assert code == 1
    assert f"failed: {folder}: Permission denied" in output


def test_the_application_is_asked_as_by_a_stranger(app: Flask, run: Run) -> None:
    seen: list[dict[str, str]] = []

    @app.before_request
    def note() -> None:
        seen.append({name.lower(): value for name, value in request.headers})

    assert run("shop", *urls("/page/a", "/page/b"))[0] == 0
    assert len(seen) == 4
    for fields in seen:
        assert not {name for name in fields if name.startswith("sec-fetch")}
        assert fields.keys().isdisjoint({"cookie", "authorization", "accept-encoding"})


def test_it_is_there_without_flask_too(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "from layout_application import create_app\n"
        "from pyfastgz import Compress\n"
        "app = create_app()\n"
        "app.config['COMPRESS_DICTIONARIES'] = 'dictionaries'\n"
        "Compress(app)\n"
    )
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parent), *sys.path])
    process = subprocess.run(
        [
            *(sys.executable, "-m", "pyfastgz", "--app", "shop", "dictionary", "pages"),
            *urls("/page/a", "/page/b"),
            *("--dictionaries", "made"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.returncode, process.stderr) == (0, "")
    assert len(Dictionaries(tmp_path / "made").pages) == 1
