"""Tells what flushes cost pages that a template yields all at once, in bytes.

The table is that of docs/streaming.md. Nothing is timed: the clock of the streams stands still,
which is what a template that waits for nothing looks like.
"""

from __future__ import annotations

from typing import Any
from typing import NamedTuple

import pyfastgz
from pyfastgz.coding.stream import CodedStream
from pyfastgz.coding.stream import StreamCoder
from tools.kit.documents import content
from tools.kit.shop.application import create_app
from tools.kit.tables import Table

CODINGS = ("gzip", "zstd", "br")
FLUSH_SECONDS = 0.02


class Sizes(NamedTuple):
    """How many bytes a page becomes in one coding, by when it is flushed."""

    never: int
    budget: int  # by the budget that streams have by default
    every: int  # at every piece
    tag: int  # at fixed offsets, as with a strong ETag


def make_pages() -> list[list[bytes]]:
    """Return pages of the shop as the pieces that their templates yield."""
    lists = [[content.make_product(number) for number in range(n)] for n in (10, 50)]
    contexts: list[tuple[str, dict[str, Any]]] = [
        ("login.html", {}),
        ("article.html", {"article": content.make_article(1, sections=5)}),
        *(("products.html", {"products": products}) for products in lists),
    ]
    app = create_app(compress=False)
    pages = []
    with app.test_request_context("/"):
        for name, context in contexts:
            app.update_template_context(context)
            pieces = app.jinja_env.get_template(name).generate(context)
            pages.append([piece.encode() for piece in pieces if piece])
    return pages


def measure_page(pieces: list[bytes], coding: str) -> Sizes:
    """Return what flushes cost a page in one coding, at its default level."""

    def flushed(flush_seconds: float, *, repeatable: bool = False) -> int:
        how: Any = {"flush_seconds": flush_seconds, "repeatable": repeatable}
        coder = StreamCoder(pyfastgz.Encoder(coding), clock=lambda: 0.0, **how)
        return sum(map(len, CodedStream(iter(pieces), coder)))

    encoder = pyfastgz.Encoder(coding)
    never = sum(map(len, map(encoder.write, pieces))) + len(encoder.finish())
    tag = flushed(FLUSH_SECONDS, repeatable=True)
    return Sizes(never, flushed(FLUSH_SECONDS), flushed(0.0), tag)


def describe() -> Table:
    """Return what each rule of flushing adds to pages that come in pieces."""
    headings = ["coding", "never flushed", "the budget", "every chunk", "strong ETag"]
    table = Table("Bytes that flushes add to pages", [], ["pieces", "bytes"], headings)
    for pieces in make_pages():
        page = (f"{len(pieces):,}", f"{sum(map(len, pieces)):,}")
        for coding in CODINGS:
            never, *others = measure_page(pieces, coding)
            table.add(*page, coding, f"{never:,}", *(f"{n - never:+,}" for n in others))
            page = ("", "")
    return table
