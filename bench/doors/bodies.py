"""The bodies that the applications of the benchmarks of middleware send.

There are many documents of a kind, because a processor learns a single one by heart. Each has a
number in it, near its start: that is always the same, or one more each time, which makes a body
unlike all before it. Bytes are put together for each response, as by an application that has
just made them: who knows a body again has to read it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from functools import partial
from itertools import count
from itertools import cycle
from typing import NamedTuple

from flask import render_template

from tools.kit.documents import content
from tools.kit.shop.application import create_app as create_shop

DOCUMENTS = 64
"""How many documents there are of each kind."""

NEW = "-new"
"""What the kinds end in whose bodies are always new."""

_NUMBER = b"%012d"
_MARK = "<number>"


class Body(NamedTuple):
    """What a response has."""

    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Document:
    """A body with a number in it."""

    content_type: str
    head: bytes
    tail: bytes

    def body(self, number: int) -> Body:
        """Return it with a number."""
        return Body(self.content_type, b"%b%012d%b" % (self.head, number, self.tail))

    def next_body(self, numbers: Iterator[int]) -> Body:
        """Return it with the next number."""
        return self.body(next(numbers))


def _json(value: dict[str, object]) -> Document:
    head, tail = json.dumps({"serial": _MARK, **value}).encode().split(_MARK.encode())
    return Document("application/json", head, tail)


def _order(number: int) -> Document:
    return _json(content.make_order(number))


def list_of(first: int, products: int) -> Document:
    """Return a list of so many products."""
    items = [content.make_product(product) for product in range(first, first + products)]
    return _json({"items": items})


def _list(products: int, number: int) -> Document:
    return list_of(products * number, products)


_shop = cache(partial(create_shop, compress=False))


def _page(rows: int, number: int) -> Document:
    with _shop().test_request_context():
        page = render_template("ledger.html", entries=content.make_ledger(f"{number}", rows))
    head, tail = page.encode().split(b"</title>")
    return Document("text/html; charset=utf-8", head + b" ", b"</title>" + tail)


def _picture(number: int) -> Document:
    # A client that knows PNG stops reading where it ends.
    return Document("image/png", content.make_png(20 + number), b"")


def _tiny(number: int) -> Document:
    return _json({"id": number})


KINDS: dict[str, Callable[[int], Document]] = {
    "picture": _picture,
    "tiny": _tiny,
    "json-2k": _order,
    "json-12k": partial(_list, 21),
    "html-2k": partial(_page, 5),
    "html-12k": partial(_page, 44),
}
"""What makes a document of each kind, by its number."""


@cache
def documents(kind: str) -> tuple[Document, ...]:
    """Return all documents of a kind."""
    return tuple(KINDS[kind](number) for number in range(DOCUMENTS))


def paths(kind: str) -> list[str]:
    """Return where the documents of a kind are, which may end in :data:`NEW`."""
    return [f"/{kind}/{number}" for number in range(DOCUMENTS)]


def create_routes() -> dict[str, Callable[[], Body]]:
    """Return what makes the body of each path.

    A path without a number, for load generators, goes through all documents of its kind.
    """
    routes: dict[str, Callable[[], Body]] = {}
    numbers = count(1)
    for kind in KINDS:
        same = [partial(document.body, 0) for document in documents(kind)]
        new = [partial(document.next_body, numbers) for document in documents(kind)]
        for name, views in ((kind, same), (f"{kind}{NEW}", new)):
            routes.update(zip(paths(name), views, strict=True))
            routes[f"/{name}"] = _in_turn(views)
    return routes


def _in_turn(views: list[partial[Body]]) -> Callable[[], Body]:
    turns = cycle(views)

    def view() -> Body:
        return next(turns)()

    return view
