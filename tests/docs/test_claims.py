"""What the pages say of fields, tags and sizes is what is sent."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask import Response
from flask import send_file
from flask.testing import FlaskClient

from pyfastgz import Compress
from pyfastgz import Encoder
from pyfastgz._core import lib
from pyfastgz.coding.core import CoreStream
from pyfastgz.http.fields import STALE_WHEN_CODED

ROOT = Path(__file__).resolve().parents[2]
GZIP = {"Accept-Encoding": "gzip"}
BODY = "<p>the same again and again</p>" * 100


def text_of(page: str) -> str:
    """The page in one line, as its sentences are."""
    return " ".join((ROOT / "docs" / page).read_text().split())


def client_of(fields: dict[str, str]) -> FlaskClient:
    app = Flask(__name__)
    Compress(app)
    app.add_url_rule("/", view_func=lambda: Response(BODY, headers=fields))
    return app.test_client()


def names_in(sentence: str) -> set[str]:
    return {name.lower() for name in re.findall(r"`([\w-]+)`", sentence)}


def test_the_fields_that_proxies_says_are_dropped_are() -> None:
    (sentence,) = re.findall(
        r"((?:`[\w-]+`,? (?:and )?)+)describe the bytes before", text_of("proxies.md")
    )
    fields = {name: f"a {name}" for name in STALE_WHEN_CODED | {"unencoded-digest"}}
    response = client_of(fields).get("/", headers=GZIP)
    dropped = {name for name in fields if name not in response.headers}
    assert names_in(sentence) == dropped == STALE_WHEN_CODED
    assert "`Unencoded-Digest` stays" in text_of("proxies.md")


def test_the_fields_that_compat_says_are_dropped_are() -> None:
    (row,) = re.findall(r"\| ([^|]*) stay on [^|]* \| They are dropped; ", text_of("compat.md"))
    assert names_in(row) == STALE_WHEN_CODED


def test_the_tags_and_conditions_that_proxies_shows() -> None:
    text = text_of("proxies.md")
    (tag,) = set(re.findall(r'`("\w+:\w+")`', text))
    (condition,) = re.findall(r"`(If-None-Match): [^`]+` from a client", text)
    (vary,) = re.findall(r"`Vary: ([^`]+)`", text)
    client = client_of({"ETag": f'"{tag[1:-1].partition(":")[0]}"'})
    response = client.get("/", headers=GZIP)
    assert (response.headers["ETag"], response.headers["Vary"]) == (tag, vary)
    again = client.get("/", headers=GZIP | {condition: tag})
    assert (again.status_code, again.headers["ETag"], again.data) == (304, tag, b"")


def test_the_page_of_the_index_is_as_large_as_it_says() -> None:
    text = (ROOT / "docs" / "index.md").read_text()
    (example,) = re.findall(r"^```\{testcode\}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (full, limit) = re.findall(r"page of ([\d,]+) bytes arrives .* less than (\d+)\.", text)[0]
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(example, names)
    client = names["app"].test_client()
    assert len(client.get("/").data) == int(full.replace(",", ""))
    response = client.get("/", headers=GZIP)
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(response.data) < int(limit)


def test_extras_are_quoted_wherever_they_are_installed() -> None:
    """Shells such as zsh take brackets without quotes for a pattern."""
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for command in re.findall(r"pip install [^`\n]*\[[a-z,]+\].?", page.read_text()):
            quoted = re.search(r"""(["'])[^"'\s]+\[[a-z,]+\]\1$""", command)
            assert quoted, f"{page.name}: {command}"


@pytest.mark.parametrize("nbytes", [700, 10_000, 65_536, 1_000_000])
def test_long_files_that_do_not_shrink_grow_no_more_than_compat_says(
    tmp_path: Path, nbytes: int
) -> None:
    claim = r"by (\d+) bytes at most, and (\d+) for each 64 KB, with gzip"
    ((once, each),) = re.findall(claim, text_of("compat.md"))
    path = tmp_path / "archive.txt"
    path.write_bytes(random.Random(1).randbytes(nbytes))
    app = Flask(__name__)
    # Every file counts as a long one.
    app.config["COMPRESS_STORE_BYTES"] = 0
    Compress(app)
    app.add_url_rule("/", view_func=lambda: send_file(path))
    for coding in ("gzip", "deflate", "zstd", "br"):
        with app.test_client().get("/", headers={"Accept-Encoding": coding}) as response:
            assert response.headers["Content-Encoding"] == coding
            growth = len(response.data) - nbytes
        bound = int(once) + int(each) * -(-nbytes // 65_536)
        assert 0 < growth <= bound / (1 if coding in {"gzip", "deflate"} else 4)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
@pytest.mark.parametrize("small", [False, True])
def test_a_stream_allocates_no_more_than_deployment_says(coding: str, small: bool) -> None:
    table = (ROOT / "docs/deployment.md").read_text()
    name = "zstd 3" if coding == "zstd" else "gzip 6, deflate 6"
    row = rf"^\| {name}{', events' if small else ''} \| [^|]+ \| ([\d.]+) (KB|MB) \|$"
    ((figure, unit),) = re.findall(row, table, re.MULTILINE)
    nbytes = float(figure) * {"KB": 1024, "MB": 1024 * 1024}[unit]
    data = random.Random(1).randbytes(100_000)
    encoder = Encoder(coding, small=small)
    for _ in range(20):
        encoder.flush(data)
    stream = encoder._free["stream"]
    assert isinstance(stream, CoreStream)
    # And no table that is far above it.
    assert nbytes / 1.2 < lib.fgz_memory_nbytes(stream.encoder) <= nbytes


def test_architecture_has_every_file_of_the_encoder_and_every_c_program() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    listed = {
        name
        for row in re.findall(r"^\| (`[\w.]+`(?:, `[\w.]+`)*) \|", text, re.MULTILINE)
        for name in re.findall(r"`([\w.]+)`", row)
    }
    parts = ("parse", "entropy", "deflate", "zstd")
    files = [path for part in parts for path in (ROOT / "csrc" / part).iterdir()]
    # A header stands beside the file that it is of.
    names = {path.name for path in files if not path.with_suffix(".c").exists()}
    names |= {path.name for path in files if path.suffix == ".c"}
    names |= {path.stem for path in (ROOT / "csrc/test").glob("*.c")}
    modules = {path.name for path in (ROOT / "pyfastgz").rglob("*.py")}
    assert listed - modules == names


def run_by(node: ast.AST) -> Iterator[ast.AST]:
    """Return all nodes but those that only type checkers look at."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from run_by(child)


def imports_of(module: Path) -> set[str]:
    """Return what a module imports of the package, as the table of architecture.md names it.

    That is also what it imports later, in functions.
    """
    package = ROOT / "pyfastgz"
    paths: set[Path] = set()
    for node in run_by(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = module.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            if folder.is_dir():
                # A name is a module in a room, or stands in its __init__.py.
                for each in node.names:
                    file = folder / f"{each.name}.py"
                    paths.add(file if file.exists() else folder / "__init__.py")
            else:
                paths.add(folder.with_suffix(".py"))
    # The core is compiled; what is outside of a room names that as a whole.
    paths.discard(package / "_core.py")
    return {
        path.relative_to(package).as_posix()
        if path.parent in {module.parent, package}
        else f"{path.parent.name}/"
        for path in paths
    }


def test_architecture_has_every_module_and_what_it_depends_on() -> None:
    table = re.findall(
        r"^\| `([\w/]+\.py)` \| [^|]+ \| ([^|]+) \|$",
        (ROOT / "docs/architecture.md").read_text(),
        re.MULTILINE,
    )
    package = ROOT / "pyfastgz"
    modules = {
        path.relative_to(package).as_posix(): imports_of(path)
        for path in package.rglob("*.py")
        if path.name != "__init__.py" or (path.parent != package and imports_of(path))
    }
    listed = {name: set(re.findall(r"`([^`]+)`", depends)) for name, depends in table}
    assert listed == modules
    # Each stands below all that it depends on.
    order = [name for name, _ in table]
    for name, depends in listed.items():
        files = [each for each in depends if not each.endswith("/")]
        assert all(order.index(each) < order.index(name) for each in files)
