from __future__ import annotations

import ast
from pathlib import Path

import pytest

import pyfastgz.http

SOURCES = sorted(Path(pyfastgz.http.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_http_depends_on_nothing_of_ours_and_not_on_flask(source: Path) -> None:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            assert not any(name.name.startswith(("flask", "pyfastgz")) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 1, "an import from outside http/"
            assert not (node.module or "").startswith(("flask", "pyfastgz"))
