"""What benchmarks measured: one compact JSON, a row a point, out of which all else is made."""

from __future__ import annotations

import datetime
import json
import os
import platform
from dataclasses import astuple
from dataclasses import dataclass
from dataclasses import field
from dataclasses import fields
from pathlib import Path
from typing import Any
from typing import Generic
from typing import TypeVar

PATH = Path(__file__).with_name("results.json")
"""The committed results."""

Row = TypeVar("Row")


@dataclass(slots=True)
class Run(Generic[Row]):
    """What one benchmark measured."""

    how: dict[str, Any]  # under which circumstances; ``"machine"`` is always among them
    rows: list[Row] = field(default_factory=list)  # the points, all of one dataclass


def describe_machine() -> str:
    """Return what matters of the machine: processor, cores, system, Python and the date."""
    return ", ".join(
        (
            _processor(),
            f"{os.cpu_count()} cores",
            f"{platform.system()} {platform.machine()}",
            f"{platform.python_implementation()} {platform.python_version()}",
            datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        )
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def names(path: Path = PATH) -> list[str]:
    """Return the names of the runs in a file."""
    return list(json.loads(path.read_text("utf-8")))


def read(name: str, row: type[Row], path: Path = PATH) -> Run[Row]:
    """Return a run.

    :param name: the benchmark's.
    :param row: the class of its rows.
    :raises KeyError: the file has no such run.
    """
    data = json.loads(path.read_text("utf-8"))[name]
    return Run(
        data["how"], [row(**dict(zip(data["fields"], r, strict=True))) for r in data["rows"]]
    )


def write(runs: dict[str, Run[Any]], path: Path) -> None:
    """Write runs by name beside those that a file has, a line a row; it is made if need be."""
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for name, run in runs.items():
        known[name] = {
            "how": run.how,
            "fields": [column.name for column in fields(run.rows[0])],
            "rows": [list(astuple(row)) for row in run.rows],
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "{\n" + ",\n".join(map(_as_lines, known, known.values())) + "\n}\n", "utf-8"
    )


def _as_lines(name: str, run: dict[str, Any]) -> str:
    how, columns = json.dumps(run["how"]), json.dumps(run["fields"])
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in run["rows"])
    return f'"{name}": {{\n"how": {how},\n"fields": {columns},\n"rows": [\n{rows}\n]}}'
