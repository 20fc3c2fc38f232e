"""Rules: what part of a package's file becomes a document.

A rule is one of

- ``""``: the whole file;
- ``"json POINTER"``: the value at a JSON pointer (RFC 6901, without escapes), serialised
  compactly, as an API returns a resource;
- ``"json POINTER START:STOP"``: the elements of the list there, as an API returns a page;
- ``"csv START:STOP"``: rows of a CSV file, as a JSON list of objects;
- ``"html START:STOP"``: operations of a botocore service model, whose documentation is HTML,
  as a page of reference documentation.

:func:`apply_rule` is exact: the same file and rule give the same bytes everywhere.
"""

from __future__ import annotations

import csv
import html
import io
import json
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE_LENGTHS = (1, 4, 10, 25, 50, 100, 250, 1000, 4000)
_MIN_RECORDS = 12
# Keys with these are never part of a proposed pointer, so none needs escapes.
_UNSAFE_IN_POINTER = frozenset(" /~")


def apply_rule(body: bytes, rule: str) -> bytes:
    """Return the part of a file that a rule names.

    :raises ValueError: there is no such rule.
    :raises LookupError: the file has no such part.
    """
    match rule.split(" "):
        case [""]:
            return body
        case ["json", pointer]:
            return _serialise(_resolve(json.loads(body), pointer))
        case ["json", pointer, bounds]:
            return _serialise(_resolve(json.loads(body), pointer)[_slice(bounds)])
        case ["csv", bounds]:
            return _serialise(_read_csv(body)[_slice(bounds)])
        case ["html", bounds]:
            return _render_reference(json.loads(body), _slice(bounds))
        case _:
            raise ValueError(f"there is no rule {rule!r}")


def propose_rules(member: str, body: bytes, seed: int) -> Iterator[str]:
    """Yield the rules that cut documents of realistic shape out of a file.

    :param seed: any number; it decides where in a list the pages are taken.
    """
    if member.endswith(".csv"):
        yield from _propose_pages("csv", len(_read_csv(body)), seed)
    elif member.endswith("service-2.json.gz"):
        yield from _propose_pages("html", len(json.loads(body)["operations"]), seed)
    elif member.endswith(".json"):
        for pointer, value in _containers(json.loads(body), "", 4):
            yield from _propose_json(pointer, value, seed)


def _propose_json(pointer: str, value: Any, seed: int) -> Iterator[str]:
    if pointer.endswith("/output"):
        # The sample responses of botocore's examples.
        yield f"json {pointer}"
    elif isinstance(value, list) and _are_records(value):
        yield f"json {pointer}/{seed % len(value)}"
        yield from _propose_pages(f"json {pointer}", len(value), seed)
    elif isinstance(value, dict) and _are_records(list(value.values())):
        keys = [key for key in value if not _UNSAFE_IN_POINTER & set(key)]
        if keys:
            yield f"json {pointer}/{keys[seed % len(keys)]}"


def _are_records(values: list[Any]) -> bool:
    """Tell whether values look like resources of one type: many, with common keys."""
    if len(values) < _MIN_RECORDS or not all(isinstance(value, dict) for value in values):
        return False
    return bool(set.intersection(*(set(value) for value in values)))


def _propose_pages(prefix: str, count: int, seed: int) -> Iterator[str]:
    for length in _PAGE_LENGTHS:
        if length <= count:
            start = seed % (count - length + 1)
            yield f"{prefix} {start}:{start + length}"


def _containers(value: Any, pointer: str, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        yield pointer, value
        if depth:
            items = value.items() if isinstance(value, dict) else enumerate(value[:1])
            for key, item in items:
                if not _UNSAFE_IN_POINTER & set(str(key)):
                    yield from _containers(item, f"{pointer}/{key}", depth - 1)


def _resolve(value: Any, pointer: str) -> Any:
    for token in pointer.split("/")[1:]:
        value = value[int(token)] if isinstance(value, list) else value[token]
    return value


def _slice(bounds: str) -> slice:
    start, stop = bounds.split(":")
    return slice(int(start), int(stop))


def _serialise(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _read_csv(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8"), newline="")))


def _render_reference(model: dict[str, Any], part: slice) -> bytes:
    title = html.escape(model["metadata"]["serviceFullName"])
    lines = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
    ]
    lines += [f"</head><body><main><h1>{title}</h1>"]
    for name, operation in list(model["operations"].items())[part]:
        lines += [f'<section id="{name}"><h2>{name}</h2>', operation.get("documentation", "")]
        for role in ("input", "output"):
            shape = model["shapes"].get(operation.get(role, {}).get("shape"), {})
            lines += [f'<h3>{role.title()}</h3><dl class="{role}">']
            lines += [
                f'<dt><a href="#{member["shape"]}"><code>{key}</code></a></dt>'
                f"<dd>{member.get('documentation', '')}</dd>"
                for key, member in shape.get("members", {}).items()
            ]
            lines += ["</dl>"]
        lines += ["</section>"]
    lines += ["</main></body></html>", ""]
    return "\n".join(lines).encode()
