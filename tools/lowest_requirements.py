"""Print what ``make test-lowest`` installs: each run-time dependency in its oldest version.

The versions are the lower bounds that pyproject.toml states, those of the extras too. What the
tests need besides comes after them, in any version that goes with them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
TEST_GROUPS = ("coding-test", "decoders", "doors-test")


def lowest(text: str) -> str:
    """Return the requirement with its lower bound as the only version.

    Raises ValueError if it has none, or something else that says which versions it takes.
    """
    requirement = Requirement(text)
    (bound,) = requirement.specifier
    if bound.operator != ">=":
        raise ValueError(f"{text} does not say from which version on it is")
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}=={bound.version}{marker}"


def requirements(pyproject: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the file, given what pyproject.toml says."""
    project = pyproject["project"]
    extras = project["optional-dependencies"].values()
    yield from map(lowest, chain(project["dependencies"], *extras))
    for group in TEST_GROUPS:
        yield from pyproject["dependency-groups"][group]


if __name__ == "__main__":
    print(*requirements(tomllib.loads(PYPROJECT.read_text("utf-8"))), sep="\n")
