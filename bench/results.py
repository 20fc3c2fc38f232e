"""What benchmarks measured: one compact JSON, a row a point, out of which all else is made."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple
from dataclasses import dataclass
from dataclasses import field
from dataclasses import fields
from pathlib import Path
from typing import Any
from typing import Generic
from typing import TypeVar

PATH = Path(__file__).with_name("results.json")  # the committed results

Row = TypeVar("Row")

Report = Callable[[str, float], object]  # told what is measured, and the share that is done


def nobody(what: str, share: float) -> None:
    """Be told, and say nothing."""


@dataclass(slots=True)
class Run(Generic[Row]):
    """What one benchmark measured."""

    how: dict[str, Any]  # under which circumstances; "machine" is always among them
    rows: list[Row] = field(default_factory=list)  # the points, all of one dataclass


def names(path: Path = PATH) -> list[str]:
    """Return the names of the runs in a file."""
    return list(json.loads(path.read_text("utf-8")))


def read(name: str, row: type[Row], path: Path = PATH) -> Run[Row]:
    """Return a run.

    :param name: the benchmark's.
    :param row: the class of its rows.
    :raises KeyError: the file has no such run.
    """
    run = json.loads(path.read_text("utf-8"))[name]
    rows = [dict(zip(run["fields"], values, strict=True)) for values in run["rows"]]
    return Run(run["how"], [row(**values) for values in rows])


def write(runs: dict[str, Run[Any]], path: Path) -> None:
    """Write runs by name beside those that a file has, a line a row; it is made if need be."""
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for name, run in runs.items():
        columns = [column.name for column in fields(run.rows[0])]
        known[name] = {"how": run.how, "fields": columns, "rows": map(astuple, run.rows)}
    texts = []
    for name, some in known.items():
        rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in some["rows"])
        head = f'"how": {json.dumps(some["how"])},\n"fields": {json.dumps(some["fields"])}'
        texts.append(f'"{name}": {{\n{head},\n"rows": [\n{rows}\n]}}')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(texts) + "\n}\n", "utf-8")
