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
from typing import Any


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
    lines = ["<!doctype html>"]
    lines += [f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>']
    lines += [f"</head><body><main><h1>{title}</h1>"]
    for name, operation in list(model["operations"].items())[part]:
        lines += [f'<section id="{name}"><h2>{name}</h2>', operation.get("documentation", "")]
        for role in ("input", "output"):
            shape = model["shapes"].get(operation.get(role, {}).get("shape"), {})
            lines += [f'<h3>{role.title()}</h3><dl class="{role}">']
            for key, member in shape.get("members", {}).items():
                term = f'<dt><a href="#{member["shape"]}"><code>{key}</code></a></dt>'
                lines += [f"{term}<dd>{member.get('documentation', '')}</dd>"]
            lines += ["</dl>"]
        lines += ["</section>"]
    lines += ["</main></body></html>", ""]
    return "\n".join(lines).encode()
