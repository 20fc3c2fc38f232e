"""The manifest: which documents the corpus consists of, and how they are told apart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

MANIFEST_PATH = Path(__file__).with_name("manifest.json")
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

    package: str  # the name of the package, as in the requirements file
    member: str  # the path of the file in the package's wheel
    rule: str  # what of the file is taken: see bench.corpus.rules
    nbytes: int  # the length in bytes
    sha256: str  # the SHA-256 digest, in hexadecimal
    kind: str  # one of SUFFIXES
    size_class: str  # one of SIZE_CLASSES
    half: str  # one of HALVES


def read_manifest() -> list[Entry]:
    """Return the entries of the committed manifest, in its order: by size."""
    return [Entry(*row) for row in json.loads(MANIFEST_PATH.read_text("utf-8"))["documents"]]
