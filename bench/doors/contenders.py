"""Who is compared: at the levels that each has by default, and at levels that are equal."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import NamedTuple

NONE, OURS = "no middleware", "pyfastgz"

OWN, EQUAL = "own levels", "equal levels"

LEVELS = {"gzip": 6, "zstd": 3, "br": 4}
"""The levels that are equal, by coding: of all that can be told one."""

_FIELDS = {
    "Host": "shop.example",
    "Connection": "keep-alive",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.5",
    "Referer": "https://shop.example/",
    "Cookie": "session=eyJ1c2VyIjo3MzAwMDF9.aJ0dXg.k3JvbGw",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
}


def request_fields(accept_encoding: str | None) -> dict[str, str]:
    """Return the fields of a request, about as many as a browser sends."""
    return {**_FIELDS, **({"Accept-Encoding": accept_encoding} if accept_encoding else {})}


@dataclass(frozen=True, slots=True)
class Contender:
    """Middleware, and what it codes."""

    wrap: Callable[..., Any]  # puts it round an application, with options
    own: Mapping[str, int]  # its default level of each coding it has
    options: Mapping[str, str] = field(default_factory=dict)  # those that set them, by coding
    leaves_pictures: bool = True  # whether it codes no pictures

    def around(self, app: Any, levels: str) -> Any:
        """Return an application with it, at levels that are its own or equal."""
        options = self.options if levels == EQUAL else {}
        return self.wrap(app, **{name: LEVELS[coding] for coding, name in options.items()})

    def can(self, coding: str | None, levels: str) -> bool:
        """Return whether it has a coding, and at equal levels can be told its level."""
        if coding is None:
            return True
        if levels == EQUAL and coding not in self.options:
            return self.own.get(coding) == LEVELS[coding]
        return coding in self.own


class Received(NamedTuple):
    """What an application answered."""

    status: int
    coding: str | None
    content: bytes


Fetch = Callable[[str], object]
"""Has an application answer for a path, and drops what it sends."""


@dataclass(frozen=True, slots=True)
class Door:
    """A way into applications, and who stands there."""

    contenders: Mapping[str, Contender]  # by name; the first is ``NONE``
    create: Callable[[], Any]  # makes the application that all are put around
    fetcher: Callable[[Any, str | None], Fetch]  # given an application and Accept-Encoding
    receive: Callable[[Any, str | None, str], Received]  # the same for a path, and what came
