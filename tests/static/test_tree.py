"""Which files are to have siblings."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path

import pytest
from flask import Flask
from flask import send_file
from trees import POLICY
from trees import names_below
from trees import noise
from trees import options
from trees import run
from trees import text
from trees import write

from pyfastgz import Compress
from pyfastgz.static.tree import excluded_by
from pyfastgz.static.tree import is_coded_type
from pyfastgz.static.tree import look_through


@pytest.mark.parametrize(
    "name",
    [
        *("app.js", "app.css", "index.html", "data.json", "logo.svg", "feed.xml", "a.txt"),
        *("APP.JS", "font.ttf", "module.wasm", "photo.png", "font.woff2", "page.html.gz"),
        *(
            "x.svgz",
            "x.tar.gz",
            "app.js.br",
            "app.js.zst",
            "no_suffix",
            "a.map",
            "x.webmanifest",
        ),
        *("data:text,x.js", "a.mjs", "a.csv", "x.webmanifest", ".js", "x.ico"),
    ],
)
def test_a_type_is_judged_as_the_hook_does_when_flask_sends_the_file(
    tmp_path: Path, name: str
) -> None:
    path = write(tmp_path / name, text(1))
    app = Flask(__name__)
    Compress(app)
    app.add_url_rule("/", view_func=lambda: send_file(path))
    with app.test_client().get("/", headers={"Accept-Encoding": "zstd"}) as response:
        is_coded = response.headers.get("Content-Encoding") == "zstd"
    assert is_coded_type(name, POLICY) is is_coded


def test_types_that_the_application_adds_count(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_coded_type("a.lamp", POLICY)
    monkeypatch.setitem(mimetypes.types_map, ".lamp", "text/plain")
    assert is_coded_type("a.lamp", POLICY)
    wish = options(extra_mimetypes=["application/wasm", "image/*"]).choice.selection
    assert is_coded_type("a.wasm", wish)
    assert is_coded_type("a.png", wish)


def sources(folder: Path, *exclude: str, **settings: object) -> set[str]:
    return set(look_through(str(folder), options(exclude=exclude, **settings).choice).sources)  # type: ignore[arg-type]


def test_what_is_left_out(tmp_path: Path) -> None:
    for name in (
        *("app.js", "sub/deep/page.html", ".well-known/security.txt"),
        *(".hidden.js", ".git/config.json", "image.png", "sub/.cache/a.js"),
        *("app.js.gz", "app.js.br", "app.js.zst", "app.js.zstd"),
    ):
        write(tmp_path / name, text(1))
    write(tmp_path / "tiny.js", b"x" * 499)
    write(tmp_path / "empty.js", b"")
    tree = look_through(str(tmp_path), options().choice)
    assert set(tree.sources) == {"app.js", "sub/deep/page.html", ".well-known/security.txt"}
    assert tree.left_out == {"of other media types": 1, "below 500 bytes": 2}
    assert not tree.faults
    assert sources(tmp_path, min_size=0) == {*tree.sources, "tiny.js", "empty.js"}


def test_whatever_lies_beside_its_source_is_no_source(tmp_path: Path) -> None:
    """Also where every type is coded, as with ``*/*``."""
    for name in ("a.png", "a.png.zst", "a.png.zstd", "b.zst", "c.bin"):
        write(tmp_path / name, noise(1))
    assert sources(tmp_path, mimetypes=["*/*"]) == {"a.png", "b.zst", "c.bin"}


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("app.js", "*.js", True),
        ("sub/app.js", "*.js", True),
        ("sub/app.js", "app.js", True),
        ("sub/app.js", "sub", False),  # the folder itself is asked about before
        ("sub", "sub/", True),
        ("a/sub", "sub", True),
        ("sub/app.js", "sub/*", True),
        ("sub/deep/app.js", "sub/*", True),
        ("a/sub/app.js", "sub/*", False),
        ("app.js", "**/*.js", True),
        ("sub/app.js", "./sub/app.js", True),
        ("sub/app.js", "/app.js", False),
        ("app.js", "/app.js", True),
        ("APP.js", "app.*", False),
        ("app.min.js", "app.?in.js", True),
        ("[x].js", "[[]x].js", True),
    ],
)
def test_patterns(path: str, pattern: str, expected: bool) -> None:
    assert excluded_by(path, [pattern]) is expected
    assert excluded_by(path, ["nothing", pattern]) is expected


def test_all_in_a_folder_is_excluded_with_it(tmp_path: Path) -> None:
    for name in ("app.js", "node_modules/a/b.js", "sub/node_modules/c.js", "sub/app.js"):
        write(tmp_path / name, text(1))
    assert sources(tmp_path, "node_modules") == {"app.js", "sub/app.js"}
    assert sources(tmp_path, "sub/", "/node_modules/a/*") == {"app.js"}


def test_links_to_files_count_wherever_they_lead(tmp_path: Path) -> None:
    """As ``collectstatic --link`` and package managers make them."""
    outside = write(tmp_path / "outside" / "lib.js", text(1))
    folder = tmp_path / "static"
    write(folder / "app.js", text(2))
    (folder / "lib.js").symlink_to(outside)
    (folder / "same.js").symlink_to("app.js")
    run(folder, "gzip")
    assert names_below(tmp_path / "outside") == {"lib.js"}
    assert {"lib.js.gz", "same.js.gz", "app.js.gz"} <= names_below(folder)
    assert (folder / "lib.js").is_symlink()


def test_links_to_folders_are_named_and_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "outside" / "lib.js", text(1))
    folder = tmp_path / "static"
    write(folder / "real" / "app.js", text(2))
    (folder / "vendor").symlink_to(tmp_path / "outside")
    (folder / "again").symlink_to("real")
    (folder / "real" / "loop").symlink_to("..")
    report = run(folder, "gzip")
    assert report.count == 1
    assert [note.split(":")[0] for note in report.notes] == ["again", "vendor", "real/loop"]
    assert "vendor: left out, it is a link to a folder" in report.notes
    assert not report.faults
    assert names_below(tmp_path / "outside") == {"lib.js"}


def test_a_folder_with_a_manifest_of_its_own_is_left_to_it(tmp_path: Path) -> None:
    write(tmp_path / "app.js", text(1))
    write(tmp_path / "sub" / "lib.js", text(2))
    run(tmp_path / "sub", "gzip")
    report = run(tmp_path, "gzip")
    assert report.count == 1
    assert report.notes == ["sub: left out, it has a manifest of its own"]


def test_a_folder_that_gets_a_manifest_of_its_own_keeps_its_siblings(tmp_path: Path) -> None:
    write(tmp_path / "app.js", text(1))
    write(tmp_path / "sub" / "lib.js", text(2))
    run(tmp_path, "gzip")
    run(tmp_path / "sub", "gzip")
    run(tmp_path, "gzip")
    assert (tmp_path / "sub" / "lib.js.gz").exists()
    assert run(tmp_path / "sub", "gzip", adopt=True).totals["gzip"].count == 1


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_any_name_is_a_name(tmp_path: Path) -> None:
    """White space, bytes that are no UTF-8, and what a terminal would obey."""
    names = [b"a b.js", b"a\nb.js", b"\xff\xfe.js", b"\x1b[31m.js", "ä€.js".encode(), b"-x.js"]
    names += [b"a" * 240 + b".js", b"'\".js", b"$(x).js", b"a%2fb.js", b"*.js"]
    for seed, name in enumerate(names):
        write(tmp_path / os.fsdecode(name), text(seed))
    report = run(tmp_path, "gzip", "zstd")
    assert report.totals["gzip"].count == report.totals["zstd"].count == len(names)
    assert not report.faults
    assert set(os.listdir(os.fsencode(tmp_path))) == {
        b".pyfastgz.json",
        *(name + suffix for name in names for suffix in (b"", b".gz", b".zst")),
    }


def test_names_that_differ_in_case_alone(tmp_path: Path) -> None:
    for name in ("app.js", "APP.JS"):
        write(tmp_path / name, text(len(os.listdir(tmp_path))))
    count = len(os.listdir(tmp_path))
    report = run(tmp_path, "gzip")
    assert report.totals["gzip"].count == count
    assert len(os.listdir(tmp_path)) == 2 * count + 1
