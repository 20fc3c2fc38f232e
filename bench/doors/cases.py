"""What is asked for at each door, and what must come of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace

from .asgi import ASGI
from .bodies import NEW
from .bodies import paths
from .contenders import EQUAL
from .contenders import NONE
from .contenders import OWN
from .contenders import Door
from .contenders import Received
from .django import DJANGO

DOORS: dict[str, Door] = {"ASGI": ASGI, "Django": DJANGO}
"""The ways into an application, by name."""

BODIES = {
    "2 KB JSON": "json-2k",
    "2 KB HTML": "html-2k",
    "12 KB JSON": "json-12k",
    "12 KB HTML": "html-12k",
}
"""The kinds of bodies that are coded, by name."""

AGAIN, ALWAYS_NEW = "again", "always new"
"""A body that was sent before, and one that never was."""

UNCODED = ""
"""What stands for one of these where nothing is coded."""

_BROWSER = "gzip, deflate, br, zstd"


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked for of an application, and what has to come of it."""

    door: str  # one of DOORS
    body: str  # which body it is
    coding: str | None  # the coding that all must choose
    state: str  # AGAIN, ALWAYS_NEW or UNCODED
    levels: str  # OWN or EQUAL
    kind: str  # the first part of the path
    accept_encoding: str | None  # the Accept-Encoding of the request, None without one

    @property
    def response(self) -> str:
        """What is asked for, in words."""
        return ", ".join(filter(None, (self.body, self.coding, self.state)))

    @property
    def name(self) -> str:
        """Its name for commands."""
        levels = f", {EQUAL}" if self.levels == EQUAL else ""
        return f"{self.door}, {self.response}{levels}"

    @property
    def paths(self) -> list[str]:
        """Where its documents are, which requests ask for in turns."""
        return paths(self.kind)

    @property
    def contenders(self) -> list[str]:
        """Whose applications are asked: those that have the coding."""
        known = DOORS[self.door].contenders
        return [
            name
            for name, contender in known.items()
            if name == NONE
            or (
                contender.can(self.coding, self.levels)
                and (contender.leaves_pictures or self.kind != "picture")
            )
        ]

    def check(self, contender: str, received: Received) -> None:
        """Check that a response is coded as it must be.

        :raises ValueError: it is not.
        """
        expected = None if contender == NONE else self.coding
        if (received.status, received.coding) != (200, expected):
            raise ValueError(f"{contender} answers {self.name} with {received[:2]}")


def _coded(door: str) -> Iterator[Case]:
    for body, kind in BODIES.items():
        for coding in ("gzip", "zstd", "br"):
            yield Case(door, body, coding, ALWAYS_NEW, OWN, f"{kind}{NEW}", coding)
            yield Case(door, body, coding, AGAIN, OWN, kind, coding)


def _uncoded(door: str) -> Iterator[Case]:
    yield Case(door, "a picture", None, UNCODED, OWN, "picture", _BROWSER)
    yield Case(door, "36 bytes", None, UNCODED, OWN, "tiny", _BROWSER)
    yield Case(door, "no Accept-Encoding", None, UNCODED, OWN, "json-2k", None)


CASES = {
    case.name: case
    for case in (
        *_coded("ASGI"),
        *_uncoded("ASGI"),
        *(replace(case, levels=EQUAL) for case in _coded("ASGI") if case.state == ALWAYS_NEW),
        *_coded("Django"),
        *_uncoded("Django"),
    )
}
"""Every case by name; those of a coding ask for nothing else. Django's have fixed levels."""
