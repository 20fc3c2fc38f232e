"""``flask compress static`` and ``python -m pyfastgz static``."""

from __future__ import annotations

import gzip
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import decoders
import pytest
from flask import Blueprint
from flask import Flask
from flask.cli import FlaskGroup

from pyfastgz import Compress
from pyfastgz.coding import CODINGS
from pyfastgz.coding import available_codings
from pyfastgz.store.dictionaries import Dictionaries

TEXT = b"what is to be made small, again and again\n" * 100
SUFFIXES = {"zstd": ".zst", "br": ".br", "gzip": ".gz"}
EVERY = tuple(name for name in available_codings() if name in SUFFIXES)
Run = Callable[..., tuple[int, str]]


def write(path: Path, content: bytes = TEXT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    app = Flask(__name__, root_path=str(tmp_path))
    app.testing = True
    return app


@pytest.fixture
def run(app: Flask) -> Run:
    def run(*arguments: str) -> tuple[int, str]:
        group = FlaskGroup(create_app=lambda: app)
        result = app.test_cli_runner().invoke(group, ["compress", "static", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    return run


def package(
    *arguments: str | Path, cwd: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m pyfastgz static``."""
    return subprocess.run(
        [sys.executable, "-m", "pyfastgz", "static", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_the_folders_of_the_application_and_its_blueprints(
    app: Flask, run: Run, tmp_path: Path
) -> None:
    write(tmp_path / "static" / "app.js")
    write(tmp_path / "admin" / "assets" / "admin.css")
    write(tmp_path / "inner" / "inner.css")
    write(tmp_path / "other.js")
    admin = Blueprint("admin", __name__, root_path=str(tmp_path), static_folder="admin/assets")
    inner = Blueprint("inner", __name__, root_path=str(tmp_path), static_folder="inner")
    admin.register_blueprint(inner)
    app.register_blueprint(admin, url_prefix="/admin")
    # One more has no folder, and that of another is not there.
    app.register_blueprint(Blueprint("plain", __name__))
    app.register_blueprint(
        Blueprint("lost", __name__, root_path=str(tmp_path), static_folder="lost")
    )
    Compress(app)
    code, output = run()
    assert code == 0
    for folder in ("static", "admin/assets", "inner"):
        assert f"{tmp_path / folder}: 1 files, 4,200 bytes, made in " in output
        assert (tmp_path / folder / ".pyfastgz.json").exists()
    assert (tmp_path / "static" / "app.js.gz").exists()
    assert not (tmp_path / "other.js.gz").exists()
    code, output = run()
    assert code == 0
    assert set(re.findall(r"(\d+)$", output, re.MULTILINE)) == {"0"}


def test_the_settings_of_the_application_decide(app: Flask, run: Run, tmp_path: Path) -> None:
    for name in ("app.js", "module.wasm", "data.csv"):
        write(tmp_path / "static" / name)
    write(tmp_path / "static" / "small.js", b"x" * 600)
    app.config.update(
        COMPRESS_EXTRA_MIMETYPES=["application/wasm"],
        COMPRESS_MIN_SIZE=700,
        COMPRESS_ALGORITHM=["zstd"],
        # It is for files too.
        COMPRESS_ALGORITHM_STREAMING=["gzip", "deflate"],
    )
    Compress(app)
    assert run()[0] == 0
    made = {name for name in names_below(tmp_path / "static") if name.count(".") == 2}
    assert made - {".pyfastgz.json"} == {"app.js.gz", "module.wasm.gz"}
    assert run("--codings", "zstd")[0] == 0
    made = {name for name in names_below(tmp_path / "static") if name.count(".") == 2}
    assert made - {".pyfastgz.json"} == {"app.js.zst", "module.wasm.zst"}


def test_a_folder_that_is_named_is_meant_alone(app: Flask, run: Run, tmp_path: Path) -> None:
    write(tmp_path / "static" / "app.js")
    write(tmp_path / "dist" / "lib.wasm")
    app.config["COMPRESS_MIMETYPES"] = ["application/wasm"]
    Compress(app)
    assert run(str(tmp_path / "dist"))[0] == 0
    assert names_below(tmp_path / "static") == {"app.js"}
    assert (tmp_path / "dist" / "lib.wasm.gz").exists()


def test_an_application_without_compression(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "static" / "app.js")
    code, output = run()
    assert code == 1
    assert "does not use pyfastgz: call Compress(app)" in output


def test_an_application_without_files(app: Flask, run: Run) -> None:
    Compress(app)
    code, output = run()
    assert code == 2
    assert "has no static folder: name a FOLDER" in output


def test_an_application_without_a_coding_that_has_files(
    app: Flask, run: Run, tmp_path: Path
) -> None:
    write(tmp_path / "static" / "app.js")
    app.config["COMPRESS_ALGORITHM_STREAMING"] = ["deflate"]
    Compress(app)
    code, output = run()
    assert code == 2
    assert "no coding in use has files" in output


def test_an_application_that_would_not_send_them(app: Flask, run: Run, tmp_path: Path) -> None:
    write(tmp_path / "static" / "app.js")
    app.config["COMPRESS_STREAMS"] = False
    Compress(app)
    code, output = run("--codings", "gzip")
    assert code == 0
    assert "COMPRESS_STREAMS is off: the application sends files as they are." in output


def test_the_package_needs_no_application(tmp_path: Path) -> None:
    write(tmp_path / "dist" / "app.js")
    write(tmp_path / "dist" / "app.wasm")
    result = package("dist", cwd=tmp_path, FLASK_APP="")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert re.fullmatch(r"dist: 1 files, 4,200 bytes, made in \d+\.\d\d s", lines[0])
    assert lines[1].split() == ["coding", "siblings", "bytes", "saved", "made"]
    assert [line.split()[0] for line in lines[2:-1]] == list(EVERY)
    assert lines[-1] == "  left out: 1 of other media types"
    assert names_below(tmp_path / "dist") == {
        *("app.js", "app.wasm", ".pyfastgz.json"),
        *(f"app.js{SUFFIXES[coding]}" for coding in EVERY),
    }


def test_the_package_with_an_application(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "from flask import Flask\n"
        "from pyfastgz import Compress\n"
        "app = Flask(__name__)\n"
        "app.config['COMPRESS_EXTRA_MIMETYPES'] = ['application/wasm']\n"
        "Compress(app)\n"
    )
    write(tmp_path / "static" / "app.wasm")
    write(tmp_path / "dist" / "app.wasm")
    result = package("--codings", "gzip", cwd=tmp_path, FLASK_APP="shop")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "static" / "app.wasm.gz").exists()
    result = package("dist", "--codings", "gzip", cwd=tmp_path, FLASK_APP="shop")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "dist" / "app.wasm.gz").exists()
    # Found as Flask finds it where nothing names it.
    (tmp_path / "shop.py").rename(tmp_path / "app.py")
    assert package("--check", "--codings", "gzip", cwd=tmp_path, FLASK_APP="").returncode == 0


def test_the_package_without_either(tmp_path: Path) -> None:
    result = package(cwd=tmp_path, FLASK_APP="")
    assert result.returncode == 2
    assert "Flask application" in result.stderr


@pytest.fixture
def dist(app: Flask, tmp_path: Path) -> Path:
    Compress(app)
    write(tmp_path / "dist" / "app.js")
    return tmp_path / "dist"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing"], "Directory 'missing' does not exist."),
        (["dist/app.js"], "Directory 'dist/app.js' is a file."),
        (["dist", "missing"], "Directory 'missing' does not exist."),
        (["dist", "--codings", "lzma"], "'lzma' is not one of zstd, br, gzip."),
        (["dist", "--codings", "deflate"], "'deflate' is not one of zstd, br, gzip."),
        (["dist", "--codings", ","], "no coding is named."),
        (["dist", "--jobs", "0"], "0 is not in the range x>=1."),
        (["dist", "--jobs", "many"], "'many' is not a valid integer"),
        (["dist", "--check", "--clean"], "--adopt, --check and --clean do not go together"),
        (["dist", "--adopt", "--check"], "--adopt, --check and --clean do not go together"),
        (["dist", "--level", "3"], "No such option"),
    ],
)
def test_wrong_usage(
    run: Run, dist: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(dist.parent)
    code, output = run(*arguments)
    assert code == 2
    assert says in output
    assert names_below(dist) == {"app.js"}


def test_a_coding_without_its_package(
    run: Run, dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codings = {**CODINGS, "br": CODINGS["br"]._replace(is_available=False)}
    monkeypatch.setattr("pyfastgz.cli.static.CODINGS", codings)
    code, output = run(str(dist), "--codings", "gzip,br")
    assert code == 2
    assert 'br needs a package: pip install "pyfastgz[br]"' in " ".join(output.split())


def test_the_same_folder_twice(run: Run, dist: Path) -> None:
    (dist.parent / "link").symlink_to("dist")
    code, output = run(str(dist), f"{dist}/", str(dist.parent / "link"), f"{dist}/../dist")
    assert code == 0
    assert output.count("made in") == 1


def test_a_folder_inside_of_another(run: Run, dist: Path) -> None:
    """Each has a manifest, and none of them says anything of a file of the other."""
    write(dist / "sub" / "lib.js")
    for _ in range(2):
        code, output = run(str(dist), str(dist / "sub"), "--codings", "gzip")
        assert code == 0
        assert "sub: left out, it has a manifest of its own" in output
    assert names_below(dist) == {
        *("app.js", "app.js.gz", ".pyfastgz.json"),
        *("sub/lib.js", "sub/lib.js.gz", "sub/.pyfastgz.json"),
    }
    assert run(str(dist), str(dist / "sub"), "--codings", "gzip", "--check")[0] == 0


def test_check_and_clean(run: Run, dist: Path) -> None:
    code, output = run(str(dist), "--check")
    assert code == 1
    assert "there is no manifest: siblings were never made here" in output
    assert names_below(dist) == {"app.js"}
    run(str(dist), "--codings", "gzip")
    code, output = run(str(dist), "--check", "--codings", "gzip")
    assert code == 0
    assert "checked in" in output
    write(dist / "app.js", TEXT + b"more")
    code, output = run(str(dist), "--check", "--codings", "gzip")
    assert code == 1
    assert "app.js.gz: older than its file\n" in output
    code, output = run(str(dist), "--clean")
    assert code == 0
    assert names_below(dist) == {"app.js"}
    assert "cleaned in" in output


def test_adopt_and_exclude(run: Run, dist: Path) -> None:
    write(dist / "app.js.gz", gzip.compress(TEXT))
    write(dist / "vendor" / "lib.js")
    code, output = run(str(dist), "--codings", "gzip", "--exclude", "vendor")
    assert code == 0
    assert "app.js.gz: left alone, it is not of this program (see --adopt)\n" in output
    code, output = run(str(dist), "--codings", "gzip", "--exclude", "vendor", "--adopt")
    assert code == 0
    lines = [line.split() for line in output.splitlines()]
    assert lines[-2][-2:] == ["made", "adopted"]
    assert lines[-1][-2:] == ["0", "1"]
    assert names_below(dist) == {"app.js", "app.js.gz", "vendor/lib.js", ".pyfastgz.json"}


def test_what_failed_is_named_and_the_rest_is_done(run: Run, dist: Path) -> None:
    (dist / "lost.js").symlink_to("missing")
    write(dist / "bad" / ".pyfastgz.json", b"{")
    write(dist / "bad" / "app.js")
    code, output = run(str(dist), str(dist / "bad"), "--codings", "gzip")
    assert code == 1
    assert "failed: lost.js: No such file or directory\n" in output
    assert f"failed: {dist}/bad/.pyfastgz.json is damaged: " in output
    assert (dist / "app.js.gz").exists()
    assert not (dist / "bad" / "app.js.gz").exists()


def test_many_lines_are_cut_short(run: Run, dist: Path) -> None:
    for number in range(60):
        (dist / f"{number}.js").symlink_to("missing")
    _, output = run(str(dist), "--codings", "gzip")
    assert output.count("failed: ") == 50
    assert "and 10 more\n" in output


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_any_name_can_be_shown(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"\xff \xc3\xa4")
    for name in (b"\x1b[2J.js", b"a\nb.js", "ä€.js".encode(), b"\xff.js"):
        (folder / os.fsdecode(name)).parent.mkdir(exist_ok=True)
        (folder / os.fsdecode(name)).symlink_to("missing")
    for encoding in ("utf-8", "ascii"):
        result = package(folder, cwd=tmp_path, PYTHONIOENCODING=encoding, FLASK_APP="")
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        assert result.stderr.count("\n") == 4
        assert "\x1b" not in result.stderr
        assert r"failed: 'a\nb.js': No such file" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no such terminals")
def test_a_bar_is_shown_on_a_terminal_alone(dist: Path) -> None:
    import pty  # noqa: PLC0415

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "pyfastgz", "static", "dist"],
        cwd=dist.parent,
        env={**os.environ, "FLASK_APP": "", "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 1000)
            except OSError:
                break
            shown += piece
        output, _ = process.communicate()
    os.close(ours)
    assert process.returncode == 0
    assert b"100%" in shown
    assert shown.count(b"dist") >= 1
    assert "%  " not in output.splitlines()[0]


def test_help_names_defaults_and_units(run: Run) -> None:
    code, output = run("--help")
    text = " ".join(output.split())
    assert code == 0
    for says in (
        "zstd 19, br 11, gzip",
        "5 %",
        "[default: one for each processor]",
        ".well-known",
    ):
        assert says in text


@pytest.mark.parametrize("coding", EVERY)
def test_the_application_sends_what_was_made(
    app: Flask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, coding: str
) -> None:
    """And never what was made of something else."""
    # Nobody writes to these files without changing their times, so they are trusted at once.
    monkeypatch.setattr("pyfastgz.store.files.SETTLED_NS", -(10**9))
    path = write(tmp_path / "static" / "app.js")
    sibling = tmp_path / "static" / f"app.js{SUFFIXES[coding]}"
    Compress(app)

    def sent(content: bytes) -> bool:
        """Check what is sent, and tell whether it is the sibling, of which there are ranges."""
        # Folders are looked at again after a second; another application has seen none.
        other = Flask(__name__, root_path=str(tmp_path))
        Compress(other)
        url = "/static/app.js"
        with other.test_client().get(url, headers={"Accept-Encoding": coding}) as response:
            assert response.headers["Content-Encoding"] == coding
            decoders.check(coding, response.data, content)
            is_sibling = "Accept-Ranges" in response.headers
            assert not is_sibling or response.data == sibling.read_bytes()
            return is_sibling

    assert not sent(TEXT)
    assert run()[0] == 0
    assert sent(TEXT)
    write(path, TEXT + b"more")
    assert run("--check")[0] == 1
    assert not sent(TEXT + b"more")
    assert run()[0] == 0
    assert sent(TEXT + b"more")
    assert run("--clean")[0] == 0
    assert not sent(TEXT + b"more")


def test_versions_are_kept_in_the_folder_of_dictionaries(
    app: Flask, run: Run, tmp_path: Path
) -> None:
    admin = Blueprint("admin", __name__, root_path=str(tmp_path), static_folder="assets")
    app.register_blueprint(admin, url_prefix="/admin")
    app.config["COMPRESS_DICTIONARIES"] = Path("instance", "dictionaries")
    Compress(app)
    folder = tmp_path / "instance" / "dictionaries"
    for version in range(4):
        write(tmp_path / "static" / f"app.{version}a2b3c4d.js", TEXT + b"%d" % version)
        write(tmp_path / "assets" / "admin.css")
        code, output = run("--codings", "zstd")
        assert code == 0
        (tmp_path / "static" / f"app.{version}a2b3c4d.js").unlink()
    assert f"{folder}: 4 versions of 2 files, 16,803 bytes, 1 added, 1 dropped in " in output
    entries = Dictionaries(folder).entries.values()
    assert sorted(entry.name for entry in entries) == [
        "/admin/assets/admin.css",
        *["/static/app.*.js"] * 3,
    ]
    assert "differences" not in output


def test_files_that_are_served_at_the_root(tmp_path: Path) -> None:
    app = Flask(__name__, root_path=str(tmp_path), static_url_path="")
    app.config["COMPRESS_DICTIONARIES"] = "dictionaries"
    write(tmp_path / "static" / "js" / "app.js")
    Compress(app)
    group = FlaskGroup(create_app=lambda: app)
    result = app.test_cli_runner().invoke(group, ["compress", "static", "--codings", "zstd"])
    assert result.exit_code == 0
    (entry,) = Dictionaries(tmp_path / "dictionaries").entries.values()
    assert entry.name == "/js/app.js"


def test_differences_are_made_where_that_is_wanted(
    app: Flask, run: Run, tmp_path: Path
) -> None:
    Compress(app)
    folder = tmp_path / "dictionaries"
    body = random.Random(1).randbytes(6000).hex().encode()
    options = ["--dictionaries", str(folder), "--differences", "--keep", "2"]
    for version in range(3):
        write(tmp_path / "static" / "app.js", body + b"%d" % version)
        code, output = run("--codings", "zstd", *options)
        assert code == 0
    assert "2 versions of 1 files" in output
    (line,) = re.findall(
        r"^  1 differences, (\d+) bytes, (9\d)\.\d% less .* 1 made$", output, re.MULTILINE
    )
    (coded,) = folder.glob("*.dcz")
    assert int(line[0]) == coded.stat().st_size < 200


def test_a_check_looks_at_dictionaries_too(app: Flask, run: Run, tmp_path: Path) -> None:
    app.config["COMPRESS_DICTIONARIES"] = "dictionaries"
    write(tmp_path / "static" / "app.js")
    Compress(app)
    assert run()[0] == 0
    code, output = run("--check")
    assert code == 0
    assert f"{tmp_path / 'dictionaries'}: 1 files, checked in " in output
    shutil.rmtree(tmp_path / "dictionaries")
    code, output = run("--check")
    assert code == 1
    assert "app.js: not kept as a dictionary" in output
    assert not (tmp_path / "dictionaries").exists()


def test_cleaning_leaves_dictionaries_alone(app: Flask, run: Run, tmp_path: Path) -> None:
    app.config["COMPRESS_DICTIONARIES"] = "dictionaries"
    write(tmp_path / "static" / "app.js")
    Compress(app)
    assert run()[0] == 0
    before = names_below(tmp_path / "dictionaries")
    assert run("--clean")[0] == 0
    assert names_below(tmp_path / "dictionaries") == before != set()


def test_a_damaged_folder_of_dictionaries_is_named(
    app: Flask, run: Run, tmp_path: Path
) -> None:
    app.config["COMPRESS_DICTIONARIES"] = "dictionaries"
    write(tmp_path / "static" / "app.js")
    Compress(app)
    write(tmp_path / "dictionaries" / "index.json", b"[]")
    for option in ("--jobs=1", "--check"):
        code, output = run(option)
        assert code == 1
        assert f"failed: {tmp_path / 'dictionaries' / 'index.json'} is damaged" in output
    assert (tmp_path / "dictionaries" / "index.json").read_bytes() == b"[]"


def test_differences_need_a_folder(app: Flask, run: Run, tmp_path: Path) -> None:
    write(tmp_path / "static" / "app.js")
    Compress(app)
    code, output = run("--differences")
    assert code == 2
    assert "set COMPRESS_DICTIONARIES, or give --dictionaries FOLDER" in " ".join(
        output.split()
    )


@pytest.mark.parametrize("name", ["static", "static/dictionaries"])
def test_dictionaries_are_not_to_be_served_as_files(
    app: Flask, run: Run, tmp_path: Path, name: str
) -> None:
    write(tmp_path / "static" / "app.js")
    app.config["COMPRESS_DICTIONARIES"] = name
    Compress(app)
    code, output = run()
    assert code == 2
    assert "which is served" in " ".join(output.split())
    assert names_below(tmp_path / "static") == {"app.js"}


def test_dictionaries_without_an_application(tmp_path: Path) -> None:
    write(tmp_path / "dist" / "app.js")
    for version in range(2):
        write(tmp_path / "dist" / "app.js", TEXT + b"%d" % version)
        ran = package("dist", "--dictionaries", "kept", "--codings", "gzip", cwd=tmp_path)
        assert (ran.returncode, ran.stderr) == (0, "")
    entries = Dictionaries(tmp_path / "kept").entries.values()
    assert [entry.name for entry in entries] == ["/dist/app.js"] * 2
