"""How many bytes each DEFLATE level makes of generated bodies: numbers that may only shrink.

``python tests/coding/sizes.py`` shows how the encoder compares with the committed table,
``sizes.json``; ``--write`` replaces the table, for a change that makes it smaller or is worth
what it costs. The bodies are of a few kinds of text that the web is full of. Levels are made
for real documents, and ``make bench`` judges them by those; this table notices what changes.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from pathlib import Path

import pyfastgz

TABLE = Path(__file__).resolve().with_name("sizes.json")
LEVELS = range(1, 13)

# Group of bodies -> level -> bytes.
Sizes = dict[str, dict[str, int]]

SYLLABLES = (
    "ba",
    "co",
    "de",
    "fi",
    "ga",
    "lu",
    "mo",
    "ne",
    "pi",
    "ro",
    "sta",
    "tri",
    "ver",
    "x",
)


class Writer:
    """Writes text of one kind after the other; the same seed gives the same text."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._words = [
            "".join(self._random.choices(SYLLABLES, k=1 + self._random.randrange(4)))
            for _ in range(400)
        ]

    def number(self, below: int) -> int:
        """Return a number from 0 on."""
        return self._random.randrange(below)

    def words(self, count: int) -> str:
        """Return words, a few of them often."""
        picks = (int(400 * self._random.random() ** 2.5) for _ in range(count))
        return " ".join(self._words[pick] for pick in picks)

    def page(self) -> str:
        """Return a row of an HTML table and a paragraph."""
        return (
            f'<tr class="row-{self.number(2)}"><td><a href="/items/{self.number(10**5)}">'
            f'{self.words(2)}</a></td><td class="price">{self.number(10**4) / 100}</td></tr>\n'
            f"<p>{self.words(12 + self.number(30))}.</p>\n"
        )

    def record(self) -> str:
        """Return an object of a JSON array."""
        record = {
            "id": self.number(10**6),
            "name": self.words(3),
            "tags": self.words(self.number(4)).split(),
            "score": self._random.random(),
            "active": self.number(2) == 0,
            "parent": None,
        }
        return json.dumps(record) + ",\n"

    def script(self) -> str:
        """Return a function in a minified script."""
        a, b, c = (self.words(1) for _ in range(3))
        return (
            f"function {a}(e,t){{var n=e.{b}||{self.number(99)};return t.{c}(n),"
            f'"{b}"===typeof n?n:e.{a}[{self.number(20)}]}}'
        )

    def style(self) -> str:
        """Return a rule of a style sheet."""
        return (
            f".{self.words(1)}-{self.words(1)}:hover {{ color: #{self.number(1 << 24):06x}; "
            f"margin: {self.number(40)}px {self.number(40)}px; }}\n"
        )

    def log(self) -> str:
        """Return a line of a log."""
        time = f"12:{self.number(60):02}:{self.number(60):02}"
        address = f"10.0.{self.number(4)}.{self.number(256)}"
        path = f"/{self.words(1)}/{self.number(999)}"
        return f"2026-01-{1 + self.number(28):02} {time} INFO {address} GET {path}\n"


def make_body(kind: str, nbytes: int) -> bytes:
    """Return a body of one of Writer's kinds."""
    writer = Writer(f"{kind} {nbytes}")
    write: Callable[[], str] = getattr(writer, kind)
    parts: list[bytes] = []
    left = nbytes
    while left > 0:
        parts.append(write().encode()[:left])
        left -= len(parts[-1])
    return b"".join(parts)


KINDS = ("page", "record", "script", "style", "log")
GROUPS = {
    "under 4 KB": [400, 900, 1700, 3500],
    "under 64 KB": [6_000, 13_000, 30_000, 60_000],
    "over 64 KB": [200_000],
}
FLUSHED = "flushed streams"


def flushed_nbytes(level: int) -> int:
    """Return the bytes of streams that are flushed after every line."""
    nbytes = 0
    for kind in KINDS:
        with pyfastgz.Encoder("gzip", level) as encoder:
            for line in make_body(kind, 40_000).splitlines(keepends=True):
                nbytes += len(encoder.flush(line))
            nbytes += len(encoder.finish())
    return nbytes


def measure() -> Sizes:
    """Return the sizes of today's encoder."""
    sizes: Sizes = {}
    for group, lengths in GROUPS.items():
        bodies = [make_body(kind, nbytes) for kind in KINDS for nbytes in lengths]
        sizes[group] = {
            str(level): sum(len(pyfastgz.compress(body, level=level)) for body in bodies)
            for level in LEVELS
        }
    sizes[FLUSHED] = {str(level): flushed_nbytes(level) for level in LEVELS}
    return sizes


def committed() -> Sizes:
    """Return the sizes in the committed table."""
    sizes: Sizes = json.loads(TABLE.read_text())
    return sizes


def main() -> None:
    """Show the differences, or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="replace the committed table")
    options = parser.parse_args()
    sizes = measure()
    before = committed() if TABLE.exists() else sizes
    for group, by_level in sizes.items():
        for level, nbytes in by_level.items():
            was = before[group].get(level, nbytes)
            print(f"{group:16} level {level} {nbytes:9,} {100 * (nbytes / was - 1):+8.3f} %")
    if options.write:
        TABLE.write_text(json.dumps(sizes, indent=2) + "\n")


if __name__ == "__main__":
    main()
