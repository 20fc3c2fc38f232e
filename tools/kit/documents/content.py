"""What the demo's pages are about: a shop, its magazine and its accounts, made up by seed.

What is made once is kept, as a real application would keep it in a database.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from datetime import date
from datetime import timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from . import vocabulary as words
from .prose import Writer

_FIRST_DAY = date(2024, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A piece of the magazine."""

    title: str
    author: str
    published: date
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    """Headings, each with its paragraphs."""


@cache
def make_article(number: int, *, sections: int) -> Article:
    """Return an article of that many sections, each of three paragraphs."""
    writer = Writer(f"article {number}")
    return Article(
        title=writer.title(),
        author=writer.person(),
        published=_FIRST_DAY + timedelta(days=writer.random.randrange(700)),
        sections=tuple(
            (writer.title(), tuple(writer.paragraph() for _ in range(3)))
            for _ in range(sections)
        ),
    )


@cache
def make_product(number: int) -> dict[str, Any]:
    """Return a product, as the API shows it: 600 bytes of JSON."""
    writer = Writer(f"product {number}")
    adjective, material = writer.choose(words.ADJECTIVES), writer.choose(words.MATERIALS)
    name = f"{adjective} {material} {writer.choose(words.NOUNS)}"
    return {
        "id": 10_000 + number,
        "sku": f"{material[:3].upper()}-{writer.random.randrange(16**6):06x}",
        "name": name.capitalize(),
        "slug": name.replace(" ", "-"),
        "maker": writer.person(),
        "made_in": writer.choose(words.TOWNS),
        "price": {"amount": writer.random.randrange(190, 48_000) / 100, "currency": "EUR"},
        "stock": writer.random.choice((0, 1, 2, 3, 5, 8, 13, 40, 250)),
        "rating": round(writer.random.triangular(2, 5, 4.4), 1),
        "dimensions_mm": [writer.random.randrange(20, 900) for _ in range(3)],
        "weight_g": writer.random.randrange(15, 12_000),
        "tags": sorted({writer.choose(words.NOUNS) for _ in range(6)}),
        "added": str(_FIRST_DAY + timedelta(days=writer.random.randrange(700))),
        "description": writer.paragraph(2),
    }


@cache
def make_order(number: int) -> dict[str, Any]:
    """Return an order of twelve products, as the API shows it: 2 KB of JSON."""
    writer = Writer(f"order {number}")
    street = f"{writer.choose(words.LAST_NAMES)} street {writer.random.randint(1, 90)}"
    lines = [make_product(writer.random.randrange(900)) for _ in range(12)]
    return {
        "id": 730_000 + number,
        "state": writer.random.choice(("paid", "packed", "sent", "delivered")),
        "customer": {
            "name": writer.person(),
            "street": street,
            "town": writer.choose(words.TOWNS),
            "postcode": f"{writer.random.randrange(10**5):05d}",
        },
        "lines": [
            {
                "product": line["id"],
                "sku": line["sku"],
                "name": line["name"],
                "quantity": writer.random.randint(1, 4),
                "unit_price": line["price"],
                "gift": writer.random.random() < 0.2,
            }
            for line in lines
        ],
        "note": writer.sentence(),
    }


@cache
def make_ledger(seed: str, rows: int) -> tuple[dict[str, Any], ...]:
    """Return entries of an account book, with running balance."""
    writer = Writer(f"ledger {seed}")
    balance = 1_250_000
    entries = []
    for row in range(rows):
        amount = writer.random.randrange(-90_000, 92_000)
        balance += amount
        entries.append(
            {
                "number": 4_000 + row,
                "day": _FIRST_DAY + timedelta(days=row // 3),
                "party": writer.person(),
                "town": writer.choose(words.TOWNS),
                "purpose": f"{writer.choose(words.ADJECTIVES)} {writer.choose(words.NOUNS)}",
                "amount": amount / 100,
                "balance": balance / 100,
            }
        )
    return tuple(entries)


def make_token(session: str) -> str:
    """Return the token in the forms of a session, 32 hexadecimal digits: the same each time."""
    return sha256(f"token {session}".encode()).hexdigest()[:32]


def make_readings(count: int) -> list[tuple[int, int]]:
    """Return the points of a chart: a random walk of that many steps."""
    writer = Writer("readings")
    height = 400
    points = []
    for step in range(count):
        height = min(max(height + writer.random.randint(-25, 25), 20), 780)
        points.append((step * 4, height))
    return points


@cache
def make_events(count: int) -> tuple[bytes, ...]:
    """Return messages of an event stream (100 to 300 bytes each), ready to be sent."""
    writer = Writer("events")
    events = []
    for number in range(count):
        data = json.dumps({"author": writer.person(), "text": writer.paragraph(2)[:180]})
        kind = writer.random.choice(("note", "price", "stock"))
        events.append(f"id: {number}\nevent: {kind}\ndata: {data}\n\n".encode())
    return tuple(events)


def make_noise(nbytes: int) -> bytes:
    """Return bytes that no coding makes smaller."""
    return Writer("noise").random.randbytes(nbytes)


def make_png(side: int) -> bytes:
    """Return a square picture, in a format that has its compression inside."""
    noise = Writer("picture").random
    rows = b"".join(b"\0" + noise.randbytes(3 * side) for _ in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@cache
def make_utility_css() -> str:
    """Return a style sheet of one-purpose classes, as style frameworks ship them: 60 KB."""
    sides = {"t": "top", "r": "right", "b": "bottom", "l": "left"}
    rules = []
    for screen, width in (("", 0), ("sm", 640), ("md", 768), ("lg", 1024), ("xl", 1280)):
        prefix = f"{screen}\\:" if screen else ""
        lines = []
        for step in (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24):
            size = f"{step / 4:g}rem"
            lines += [
                f".{prefix}{short}-{step} {{ {name}: {size}; }}"
                for short, name in (("m", "margin"), ("p", "padding"), ("gap", "gap"))
            ]
            for side, where in sides.items():
                lines.append(f".{prefix}m{side}-{step} {{ margin-{where}: {size}; }}")
                lines.append(f".{prefix}p{side}-{step} {{ padding-{where}: {size}; }}")
            lines.append(f".{prefix}w-{step} {{ width: {size}; }}")
            lines.append(f".{prefix}h-{step} {{ height: {size}; }}")
        for hue in range(0, 360, 24):
            for light in range(10, 100, 20):
                color = f"hsl({hue} 70% {light}%)"
                lines.append(f".{prefix}text-{hue}-{light} {{ color: {color}; }}")
        block = "\n".join(lines)
        rules.append(f"@media (min-width: {width}px) {{\n{block}\n}}" if width else block)
    return "\n".join(rules) + "\n"
