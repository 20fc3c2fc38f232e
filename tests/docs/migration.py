"""What the tests share of the pages that tell how to come from other middleware.

Such a page has a table of differences: a column for each middleware, and rows that say what
comes of a request. A site is an application in one of them, and is asked what the rows say.
"""

from __future__ import annotations

import re
from abc import ABC
from abc import abstractmethod
from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import NamedTuple

from asking import CODINGS
from asking import decoded_part
from wsgi_script import Seen

DOCS = Path(__file__).resolve().parents[2] / "docs"
FILE = DOCS / "rules.md"
"""What the view ``file`` sends, as a text."""

PAGE = b"".join(b"<p>lamp %d of %d</p>" % (n * n, n % 7) for n in range(400))
PIECES = [PAGE[:1000], PAGE[1000:]]
EVENTS = [b"data: the first event, and what it tells\n\n", b"data: the second one\n\n"]

AS_IT_IS = "as it is"


class View(NamedTuple):
    """What a view answers with: a page, or the beginning of one.

    :param kind: its media type.
    """

    body: bytes = PAGE
    kind: str = "text/html"
    status: int = 200
    fields: Mapping[str, str] = {}


VIEWS: dict[str, View] = {
    "page": View(),
    "short": View(PAGE[:300]),
    "image": View(kind="image/png"),
    "csv": View(kind="text/csv"),
    "missing": View(status=404),
    "part": View(PAGE[:1000], status=206, fields={"Content-Range": f"bytes 0-999/{len(PAGE)}"}),
    "no-transform": View(fields={"Cache-Control": "no-transform"}),
    "tagged": View(fields={"ETag": '"t"'}),
    "digest": View(fields={"Content-Digest": "sha-256=:x:"}),
    "own": View(fields={"Content-Encoding": "identity"}),
}
"""What every site has, beside ``events`` and ``file``."""


class Site(ABC):
    """An application in one middleware."""

    def __init__(self) -> None:
        self.had: list[bytes] = []
        """What was sent of bodies before the second piece of each was made."""

    @abstractmethod
    def get(self, view: str, accept: str = "gzip", method: str = "GET", **fields: str) -> Seen:
        """Ask a view.

        :param fields: of the request, an underscore stands for a hyphen.
        """

    def coding(self, view: str, accept: str = "gzip") -> str:
        """Return in which coding a page is sent."""
        seen = self.get(view, accept)
        coding = seen.field("content-encoding")
        assert coding is None or PAGE.startswith(seen.decoded())
        return coding or AS_IT_IS

    def has(self, view: str, name: str) -> bool:
        """Tell whether a compressed response has a field."""
        seen = self.get(view)
        assert seen.field("content-encoding") == "gzip"
        return seen.field(name) is not None

    def first_of(self, view: str, pieces: list[bytes]) -> str:
        """Tell whether the first of two pieces is there before the second is made."""
        self.had.clear()
        seen = self.get(view)
        assert seen.decoded() == b"".join(pieces)
        coding = seen.field("content-encoding")
        (had,) = self.had
        part = decoded_part(coding if coding in CODINGS else None, had)
        return "is sent" if part == pieces[0] else "is held"

    def again(self, view: str) -> str:
        """Return the status for a client that sends back the tag that it got."""
        tag = self.get(view).field("etag")
        return self.get(view, if_none_match=str(tag)).status[:3]

    def twice(self) -> str:
        """Tell whether a page is always sent in the same bytes."""
        # Random bytes are as many by chance in one of a hundred.
        bodies = {self.get("page").body for _ in range(5)}
        return "same bytes" if len(bodies) == 1 else "other bytes"


# Called with a site; some rows ask what only one kind of them knows.
Row = Callable[[Any], str]

ROWS: dict[str, Row] = {
    "`Accept-Encoding: zstd, br, gzip, deflate`": lambda site: site.coding(
        "page", "zstd, br, gzip, deflate"
    ),
    "`Accept-Encoding: deflate`": lambda site: site.coding("page", "deflate"),
    "`Accept-Encoding: gzip;q=0`": lambda site: site.coding("page", "gzip;q=0"),
    "`Accept-Encoding: *`": lambda site: site.coding("page", "*"),
    "`text/csv`": lambda site: site.coding("csv"),
    "a page with status 404": lambda site: site.coding("missing"),
    "`Cache-Control: no-transform`": lambda site: site.coding("no-transform"),
    'what `ETag: "t"` becomes': lambda site: f"`{site.get('tagged').field('etag')}`",
    "the status when the client sends that back": lambda site: site.again("tagged"),
    "`Content-Digest` of the page as it is": lambda site: (
        "stays" if site.has("digest", "content-digest") else "is dropped"
    ),
}
"""What all pages say."""


class Table(NamedTuple):
    """A table of a page.

    :param head: what its columns are about, from the second on.
    :param rows: of cells, each as long as the head and one more.
    """

    head: list[str]
    rows: list[list[str]]


def tables_of(page: str) -> list[Table]:
    """Return the tables of a page; the first has the differences."""
    found = re.findall(r"(?:^\|.*\|\n)+", (DOCS / page).read_text(), re.MULTILINE)
    tables = []
    for text in found:
        head, _, *rows = [line.strip("|").split(" | ") for line in text.splitlines()]
        cells = [[cell.strip() for cell in row] for row in rows]
        assert {len(row) for row in cells} == {len(head)}
        tables.append(Table([name.strip() for name in head[1:]], cells))
    return tables
