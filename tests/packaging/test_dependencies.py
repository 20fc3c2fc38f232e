"""What pyproject.toml says: what is packed, what is imported, and from which version on."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from pyfastgz.flask.extra import LOWEST
from tools.lowest_requirements import lowest
from tools.lowest_requirements import requirements

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
DEPENDENCIES = [*PROJECT["dependencies"], *EXTRAS["br"], *EXTRAS["flask"]]
MODULES = sorted((ROOT / "pyfastgz").glob("**/*.py"))


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imported_by(node: ast.AST) -> Iterator[str]:
    """The top-level packages that a module imports when it runs."""
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
        yield node.module.partition(".")[0]
    elif not is_for_types_only(node):
        for child in ast.iter_child_nodes(node):
            yield from imported_by(child)


def test_all_modules_are_packed() -> None:
    folders = {path.parent.relative_to(ROOT) for path in MODULES}
    packages = {".".join(folder.parts) for folder in folders}
    assert set(PYPROJECT["tool"]["setuptools"]["packages"]) == packages


def test_what_is_imported_is_declared() -> None:
    imported = {
        name for path in MODULES for name in imported_by(ast.parse(path.read_text("utf-8")))
    }
    others = imported - sys.stdlib_module_names - {"pyfastgz"}
    # The compiled module is what imports cffi's; brotli is looked for by name.
    assert others == names_of(PROJECT["dependencies"]) - {"cffi"} | names_of(EXTRAS["flask"])


def names_of(requirements: list[str]) -> set[str]:
    return {Requirement(text).name.lower() for text in requirements}


def test_flask_and_what_it_is_made_of_are_an_extra() -> None:
    assert names_of(PROJECT["dependencies"]) == {"blinker", "cffi", "click"}
    assert EXTRAS["flask"] == [f"{name}>={version}" for name, version in LOWEST.items()]


def test_only_what_users_may_want_is_published() -> None:
    """What developers need are dependency groups (PEP 735), which no wheel names."""
    assert EXTRAS.keys() == {"br", "flask"}
    assert {"bench", "demo", "docs", "test"} <= PYPROJECT["dependency-groups"].keys()


def test_the_demo_needs_no_test_tools() -> None:
    demo = PYPROJECT["dependency-groups"]["demo"]
    assert {Requirement(text).name for text in demo} == {"brotli", "gunicorn", "zstandard"}


@pytest.mark.parametrize("text", DEPENDENCIES)
def test_each_dependency_has_a_lower_bound_and_no_upper(text: str) -> None:
    requirement = Requirement(text)
    assert [bound.operator for bound in requirement.specifier] == [">="]
    assert lowest(text).startswith(f"{requirement.name}==")


def test_the_lowest_are_those_of_the_documentation() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    rows = re.findall(r"^\| ([\w-]+) \| ([\d.]+) \|", page, re.MULTILINE)
    assert {f"{name}=={version}" for name, version in rows} == set(map(lowest, DEPENDENCIES))


def test_what_needs_more_says_so() -> None:
    """What builds the package may need a newer cffi than what runs it."""
    page = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    (cffi,) = [text for text in PYPROJECT["build-system"]["requires"] if "cffi" in text]
    assert f"{cffi.partition('>=')[2]} to build from source" in page


def test_the_tests_are_given_what_they_need() -> None:
    lines = list(requirements(PYPROJECT))
    assert lines[: len(DEPENDENCIES)] == list(map(lowest, DEPENDENCIES))
    names = {Requirement(line).name for line in lines}
    assert {"pytest", "hypothesis", "asgiref", "Flask-Caching", "zstandard"} <= names


@pytest.mark.parametrize(
    "text", ["Flask", "Flask>2", "Flask>=2,<4", "Flask~=2.2", "Flask==2.2"]
)
def test_a_requirement_without_a_plain_lower_bound_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        lowest(text)
