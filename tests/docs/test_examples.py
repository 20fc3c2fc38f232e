"""Every example of the documentation does what it shows, also outside of Sphinx."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(
    r"^```\{(testcode|testoutput|doctest)\}\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks_of(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text())


PAGES = [page for page in sorted(DOCS.glob("*.md")) if blocks_of(page)]


def run(code: str, names: dict[str, Any]) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, "example", "exec"), names)
    return output.getvalue()


@pytest.fixture
def names() -> dict[str, Any]:
    """Return what an example may use that is pasted into a file of its own: nothing."""
    return {"__name__": "__main__"}


def test_there_are_examples() -> None:
    assert {"configuration.md", "quickstart.md", "views.md", "observing.md"} <= {
        page.name for page in PAGES
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_example_does_what_it_shows(page: Path, names: dict[str, Any]) -> None:
    printed = ""
    for kind, text in blocks_of(page):
        if kind == "testcode":
            assert printed == "", "the page does not show what the example before prints"
            printed = run(text, names)
        elif kind == "testoutput":
            assert printed == text
            printed = ""
    assert printed == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_session_does_what_it_shows(page: Path) -> None:
    setup = runpy.run_path(str(DOCS / "conf.py"))["doctest_global_setup"]
    names: dict[str, Any] = {}
    exec(setup, names)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for kind, text in blocks_of(page):
        if kind == "doctest":
            session = doctest.DocTestParser().get_doctest(text, names, page.name, None, None)
            session.globs = names
            runner.run(session, clear_globs=False)
    assert runner.failures == 0


def test_the_example_of_the_readme(names: dict[str, Any]) -> None:
    (code,) = PYTHON.findall((ROOT / "README.md").read_text())
    run(code, names)
    app = names["app"]
    app.add_url_rule(
        "/<path:mimetype>",
        view_func=lambda mimetype: app.response_class(
            "the same again " * 99, mimetype=mimetype
        ),
    )
    for mimetype in (
        # What it adds,
        "application/problem+json",
        "text/csv",
        "text/markdown",
        "application/wasm",
        "text/event-stream",
        # and what it must not take away.
        "text/html",
        "text/css",
        "text/javascript",
        "application/json",
        "image/svg+xml",
    ):
        response = app.test_client().get(f"/{mimetype}", headers={"Accept-Encoding": "gzip"})
        assert response.headers.get("Content-Encoding") == "gzip", mimetype
