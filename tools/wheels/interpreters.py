"""Every CPython >= 3.10 on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST = 10
NEWEST_TRIED = 20

QUESTION = """
import json, os, sys, sysconfig
try:
    import ensurepip, venv
except ImportError:
    can_make_environments = False
else:
    can_make_environments = True
include = sysconfig.get_path("include")
print(json.dumps({
    "path": sys.executable,
    "name": sys.implementation.name,
    "version": sys.version_info[:3],
    "is_free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "can_make_environments": can_make_environments,
    "has_headers": os.path.exists(os.path.join(include, "Python.h")),
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """A CPython on this machine, which wheels may be tested with."""

    path: Path
    version: tuple[int, int, int]
    is_free_threaded: bool
    can_make_environments: bool
    has_headers: bool

    def __str__(self) -> str:
        """Return how people call it."""
        return ".".join(map(str, self.version)) + ("t" if self.is_free_threaded else "")


def find_interpreters() -> list[Interpreter]:
    """Return one interpreter for each minor version, free-threaded or not, oldest first."""
    found: dict[tuple[int, bool], Interpreter] = {}
    for path in candidates():
        interpreter = ask(path)
        if interpreter is None:
            continue
        kind = (interpreter.version[1], interpreter.is_free_threaded)
        before = found.get(kind)
        if before is None or not before.can_make_environments:
            found[kind] = interpreter
    return [found[kind] for kind in sorted(found)]


def candidates() -> Iterator[str]:
    """Return what may be interpreters: on the PATH, and where pyenv keeps its own."""
    for minor in range(OLDEST, NEWEST_TRIED):
        for suffix in ("", "t"):
            path = shutil.which(f"python3.{minor}{suffix}")
            if path is not None:
                yield path
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(pyenv.glob("versions/*/bin/python3")))
    yield from ("/usr/bin/python3", "/usr/local/bin/python3")


def ask(path: str) -> Interpreter | None:
    """Return what an interpreter says of itself, None if it is none that we support."""
    try:
        answer = subprocess.run(
            [path, "-I", "-c", QUESTION], capture_output=True, text=True, check=True
        )
        facts = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    version = tuple(facts["version"])
    if facts["name"] != "cpython" or version < (3, OLDEST):
        return None
    return Interpreter(
        Path(facts["path"]),
        version,
        facts["is_free_threaded"],
        facts["can_make_environments"],
        facts["has_headers"],
    )
