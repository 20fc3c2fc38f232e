"""The manifest: which documents the corpus consists of, and how they are told apart."""

from __future__ import annotations

import json
from dataclasses import astuple
from dataclasses import dataclass
from dataclasses import fields
from pathlib import Path

MANIFEST_PATH = Path(__file__).with_name("corpus-manifest.json")
"""The committed manifest."""

SIZE_CLASSES = {
    "< 1.5K": 1536,
    "1.5-4K": 4096,
    "4-16K": 16384,
    "16-128K": 131072,
    "128K-1M": 1 << 20,
    "> 1M": 4 << 20,
}
"""The size classes, smallest first: the name, and the length in bytes all members are below."""

HALVES = ("tune", "held-back")
"""The halves of the corpus: parameters are tuned on one, and judged on the other."""

SUFFIXES = {
    "api": ".json",
    "css": ".css",
    "font": ".ttf",
    "html": ".html",
    "js": ".js",
    "json": ".json",
    "map": ".map",
    "svg": ".svg",
    "text": ".txt",
    "xml": ".xml",
}
"""The kinds of documents, each with the suffix it is exported under; api is JSON cut out of a
file as an API would return it, json a whole file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One document of the corpus: where it comes from, and what it must turn out to be."""

    package: str
    """The name of the package, as in the requirements file."""
    member: str
    """The path of the file in the package's wheel."""
    rule: str
    """What of the file is taken: see :mod:`bench.corpus_rules`."""
    nbytes: int
    """The length in bytes."""
    sha256: str
    """The SHA-256 digest, in hexadecimal."""
    kind: str
    """One of :data:`SUFFIXES`."""
    size_class: str
    """One of :data:`SIZE_CLASSES`."""
    half: str
    """One of :data:`HALVES`."""


def size_class_of(nbytes: int) -> str | None:
    """Return the size class of a document of a length in bytes; None if it is too long."""
    return next((name for name, end in SIZE_CLASSES.items() if nbytes < end), None)


def read_manifest() -> list[Entry]:
    """Return the entries of the committed manifest, in its order: by size."""
    return [Entry(*row) for row in json.loads(MANIFEST_PATH.read_text("utf-8"))["documents"]]


def write_manifest(entries: list[Entry]) -> None:
    """Replace the committed manifest, one line per entry so that changes can be reviewed."""
    header = json.dumps([field.name for field in fields(Entry)])
    rows = ",\n".join(json.dumps(astuple(entry)) for entry in entries)
    MANIFEST_PATH.write_text(f'{{"fields": {header},\n"documents": [\n{rows}\n]}}\n', "utf-8")
