"""Trees of files that sites serve: out of the packages that the corpus is taken from."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from pathlib import PurePosixPath

from bench.corpus.packages import fetch_wheels

_SUFFIXES = {".css", ".html", ".ico", ".js", ".json", ".png", ".svg", ".txt", ".woff", ".woff2"}


@dataclass(frozen=True, slots=True)
class Tree:
    """Files of one package."""

    name: str  # for tables and commands
    package: str  # the package, as the corpus names it
    folder: str  # where the files are in its wheel
    most: int  # how many there are at most


TREES = {
    tree.name: tree
    for tree in (
        Tree(
            "1,000 icons",
            "flask-admin",
            "flask_admin/static/vendor/fontawesome-free-5.1.0-web/svgs",
            1000,
        ),
        Tree("Django's admin", "django", "django/contrib/admin/static", 500),
        Tree("Swagger UI", "swagger-ui-bundle", "swagger_ui_bundle/vendor", 500),
    )
}
"""The trees by name."""


def unpack(tree: Tree, folder: Path) -> list[Path]:
    """Write the files of a tree into a folder, and return them.

    :raises bench.corpus.packages.CorpusUnavailableError: the package cannot be downloaded.
    """
    paths = []
    with zipfile.ZipFile(fetch_wheels()[tree.package]) as archive:
        members = (
            name
            for name in sorted(archive.namelist())
            if name.startswith(f"{tree.folder}/") and PurePosixPath(name).suffix in _SUFFIXES
        )
        for member in islice(members, tree.most):
            path = folder / PurePosixPath(member).relative_to(tree.folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(member))
            paths.append(path)
    return paths
