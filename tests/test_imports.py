"""Who may import whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FORBIDDEN = {
    "pyfastgz": ("tools", "bench", "tests"),
    "tools": ("bench", "tests"),
    "tools/kit": ("tools.demo", "bench", "tests"),
    "bench": ("tools.demo", "tests"),
    "tests": ("tools.demo",),
    # It is copied away from the sources, to meet wheels.
    "tests/coding": ("tools", "bench", "tests"),
    # So that it runs without the sources, too.
    "tests/doors": ("tools", "bench"),
    "tests/http": ("tools", "bench"),
    "tests/static": ("tools", "bench"),
}
"""What the modules of a folder must not import."""

CENTRE = (
    "pyfastgz.border",
    "pyfastgz.budget",
    "pyfastgz.budgeted",
    "pyfastgz.carrying",
    "pyfastgz.coding",
    "pyfastgz.collecting",
    "pyfastgz.decoding",
    "pyfastgz.engine",
    "pyfastgz.errors",
    "pyfastgz.files",
    "pyfastgz.http",
    "pyfastgz.keeping",
    "pyfastgz.length_noise",
    "pyfastgz.logged",
    "pyfastgz.outcome",
    "pyfastgz.own_tags",
    "pyfastgz.policy",
    "pyfastgz.settling",
    "pyfastgz.static",
    "pyfastgz.store",
    "pyfastgz.transports",
)
FLASK = ("blinker", "click", "flask", "werkzeug")
ALLOWED = {
    "http": (),
    "coding": ("pyfastgz.errors", "pyfastgz.forks", "pyfastgz._core"),
    "policy": (
        "pyfastgz.callables",
        "pyfastgz.coding",
        "pyfastgz.errors",
        "pyfastgz.forks",
        "pyfastgz.http",
        "pyfastgz.length_noise",
    ),
    "errors.py": (),
    "Compress.py": ("pyfastgz.flask.extra",),
    "forks.py": (),
    "callables.py": (),
    "interfaces.py": ("pyfastgz.callables",),
    "counter.py": (),
    "length_noise.py": ("pyfastgz.errors",),
    "logged.py": (),
    "budget.py": ("pyfastgz.counter", "pyfastgz.forks"),
    "own_tags.py": ("pyfastgz.http",),
    "outcome.py": (
        "pyfastgz.budget",
        "pyfastgz.counter",
        "pyfastgz.forks",
        "pyfastgz.http",
        "pyfastgz.store",
        "blinker",
    ),
    "disk.py": (),
    "documents.py": ("pyfastgz.disk", "pyfastgz.errors"),
    "static": (
        "pyfastgz.coding",
        "pyfastgz.disk",
        "pyfastgz.documents",
        "pyfastgz.errors",
        "pyfastgz.http",
        "pyfastgz.store",
    ),
    "store": (
        "pyfastgz.callables",
        "pyfastgz.coding",
        "pyfastgz.counter",
        "pyfastgz.disk",
        "pyfastgz.documents",
        "pyfastgz.errors",
    ),
    "pages.py": (),
    "settling.py": ("pyfastgz.coding", "pyfastgz.http", "pyfastgz.outcome", "pyfastgz.store"),
    "keeping.py": ("pyfastgz.coding", "pyfastgz.policy", "pyfastgz.store"),
    "transports.py": ("pyfastgz.http", "pyfastgz.store"),
    **dict.fromkeys(
        (
            "engine.py",
            "budgeted.py",
            "border.py",
            "files.py",
            "collecting.py",
            "carrying.py",
            "decoding.py",
        ),
        CENTRE,
    ),
    "middleware.py": CENTRE,
    "asgi": (*CENTRE, "pyfastgz.interfaces", "pyfastgz.middleware"),
    "wsgi": (*CENTRE, "pyfastgz.interfaces", "pyfastgz.middleware"),
    "flask": (*CENTRE, *FLASK),
    "cli": (*CENTRE, *FLASK, "pyfastgz.disk", "pyfastgz.flask", "pyfastgz.pages"),
    "__main__.py": ("pyfastgz.cli",),
    "__init__.py": ("pyfastgz",),
}
"""What modules may import beside the standard library, those of a room also each other."""


MAX_LINES = 350


def modules() -> list[Path]:
    """The modules of the package."""
    return sorted((ROOT / "pyfastgz").rglob("*.py"))


def imported_by(path: Path) -> Iterator[str]:
    """All modules that a module may import, and the names that it takes from them."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_nothing_forbidden_is_imported(folder: str) -> None:
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths
    found = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in imported_by(path)
        for forbidden in FORBIDDEN[folder]
        if f"{name}.".startswith(f"{forbidden}.")
    ]
    assert found == []


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_what_it_may(room: str) -> None:
    place = ROOT / "pyfastgz" / room
    # Type checkers alone import the last two.
    allowed = {*sys.stdlib_module_names, *ALLOWED[room], "typing_extensions", "_typeshed"}
    if place.is_dir():
        allowed.add(f"pyfastgz.{room}")
    found = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (sorted(place.rglob("*.py")) if place.is_dir() else [place])
        for name in imported_by(path)
        if not any(f"{name}.".startswith(f"{each}.") for each in allowed)
    ]
    assert found == []


def test_every_module_has_a_room() -> None:
    there = {path.relative_to(ROOT / "pyfastgz").parts[0] for path in modules()}
    assert there == set(ALLOWED)


def test_modules_are_small() -> None:
    lines = {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8").count("\n")
        for path in modules()
    }
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


def test_flask_is_imported_by_its_door_alone() -> None:
    touching = {
        path.relative_to(ROOT / "pyfastgz").with_suffix("").parts[0]
        for path in modules()
        for name in imported_by(path)
        if name.split(".")[0] in {"flask", "werkzeug"}
    }
    assert touching == {"flask", "cli"}


def test_one_module_touches_the_core() -> None:
    touching = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "pyfastgz").rglob("*.py")
        for name in imported_by(path)
        if f"{name}.".startswith("pyfastgz._core.")
    }
    assert touching == {"pyfastgz/coding/core.py"}


@pytest.mark.parametrize(
    "use",
    [
        "import pyfastgz.coding.stream",
        "import pyfastgz; pyfastgz.compress(b'lamp'); pyfastgz.Encoder('zstd').finish(b'lamp')",
        "from pyfastgz import EncoderStateError, SkipReason, DictCache",
    ],
)
def test_flask_is_not_imported_before_it_is_needed(use: str) -> None:
    program = (
        f"{use}\n"
        "import sys\n"
        "print(sorted({'flask', 'werkzeug', 'click', 'blinker'} & sys.modules.keys()))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert run.stdout == "[]\n"


@pytest.mark.parametrize("module", ["pyfastgz", "pyfastgz.asgi", "pyfastgz.wsgi"])
def test_metadata_of_packages_is_not_read_to_import(module: str) -> None:
    """That takes almost as long as to import the encoders."""
    program = f"""
import sys
before = set(sys.modules)
import {module}
print("importlib.metadata" in sys.modules.keys() - before)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert run.stdout == "False\n"


def test_wsgi_middleware_imports_nothing_of_flask() -> None:
    program = """
import sys
from wsgiref.util import setup_testing_defaults
from pyfastgz.wsgi import CompressMiddleware, compressed, exempt

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"lamp" * 1000]

door = CompressMiddleware(app, extra_mimetypes="text/csv")
environ = {"HTTP_ACCEPT_ENCODING": "gzip", "HTTP_IF_NONE_MATCH": "*"}
setup_testing_defaults(environ)
assert len(*door(environ, lambda *_: None)) < 100
print(sorted({"flask", "werkzeug", "click"} & sys.modules.keys()))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert run.stdout == "[]\n"


def test_asgi_middleware_imports_nothing_of_flask() -> None:
    program = """
import asyncio
import sys
from pyfastgz.asgi import CompressMiddleware

async def app(scope, receive, send):
    headers = [(b"content-type", b"text/html")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"lamp" * 1000})

async def send(message):
    assert len(message.get("body", b"")) < 100

scope = {"type": "http", "method": "GET", "path": "/"}
scope["headers"] = [(b"accept-encoding", b"gzip"), (b"if-none-match", b"*")]
asyncio.run(CompressMiddleware(app)(scope, None, send))
print(sorted({"flask", "werkzeug", "click"} & sys.modules.keys()))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert run.stdout == "[]\n"


def test_relative_imports_are_seen() -> None:
    seen = set(imported_by(ROOT / "tools" / "kit" / "shop" / "application.py"))
    assert {"tools.kit.documents.content", "tools.kit.events.Acknowledgements"} <= seen
