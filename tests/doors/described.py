"""An application, a request and an answer, each told without any framework.

A test of a rule describes an application with these, a door serves it, and the test looks at
what a client gets. So it runs through every door of :mod:`doors`, and knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any
from typing import NamedTuple
from typing import Protocol

Chunk = str | bytes | bytearray | memoryview
Lines = list[tuple[str, str]]

HTML = "text/html; charset=utf-8"


class Asked(NamedTuple):
    """A request as the application sees it.

    :param path: without the query.
    :param fields: values by lower-case name.
    :param read: returns the body, once.
    """

    method: str
    path: str
    query: str
    fields: Mapping[str, str]
    read: Callable[[], bytes]


class Reply(NamedTuple):
    """What an application answers.

    :param body: a ``str`` or ``bytes``: all of it; a list or tuple: pieces that are all there;
        a path: a file, sent in the way that files are sent in; any other iterable: a stream.
    :param fields: a dictionary, or a list of lines. A door adds nothing but ``Content-Type``,
        ``Content-Length`` where the length is known, and for a file what goes with files.
    :param content_type: None for none.
    :param conditional: the application, or its framework, evaluates the conditions and the
        range of the request, as far as the fields here, or those of the file, allow it.
    :param nbytes: how long a stream is that ranges may be asked of.
    """

    body: str | bytes | list[Any] | tuple[Any, ...] | Path | Iterable[Any] = b""
    status: int = 200
    fields: Mapping[str, str] | Lines = {}  # noqa: RUF012
    content_type: str | None = HTML
    conditional: bool = False
    nbytes: int | None = None

    def lines(self) -> Lines:
        """Return the fields as lines."""
        fields = self.fields
        return list(fields.items()) if isinstance(fields, Mapping) else list(fields)


@dataclass(frozen=True)
class Application:
    """An application, and what it wishes of the middleware in front of it.

    :param respond: answers requests of every method and path.
    :param settings: the ``COMPRESS_*`` settings, in lower case and without that prefix.
    :param exempt: its responses are never coded.
    :param own_level: of this application alone, as ``Compress.compressed`` takes it for a view;
        so are ``own_codings`` and ``own_length_noise``.
    :param wanted: says of a request whether its response may be coded.
    :param cache_key: names the body of a request in a cache.
    :param prepare: called with what the middleware keeps for the application, before it is
        asked for anything.
    """

    respond: Callable[[Asked], Reply]
    settings: Mapping[str, Any] = field(default_factory=dict)
    exempt: bool = False
    own_level: Any = None
    own_codings: Any = None
    own_length_noise: int | None = None
    wanted: Callable[[Asked], bool] | None = None
    cache_key: Callable[[Asked], str] | None = None
    prepare: Callable[[Any], object] = id

    @property
    def own(self) -> dict[str, Any]:
        """What is asked for this application alone, by the name of the parameter."""
        own = {
            "level": self.own_level,
            "codings": self.own_codings,
            "length_noise": self.own_length_noise,
        }
        return {name: value for name, value in own.items() if value is not None}


class Request(NamedTuple):
    """A request as a client sends it; each line may be there several times.

    :param body: with a length, or, as a list, in chunks.
    """

    method: str
    target: str
    lines: Lines
    body: bytes | list[bytes] = b""


class Received(NamedTuple):
    """What came of a request.

    :param lines: without those of the connection alone.
    :param chunks: the body as it comes, without any framing. Raises :exc:`Cut` where it ends
        before its end.
    :param close: leave, whether or not all was read.
    """

    status: int
    lines: Lines
    chunks: Iterator[bytes]
    close: Callable[[], None]


class Cut(Exception):
    """A body ended, and everybody can tell that it was not the end."""


Ask = Callable[[Request], Received]


class Door(Protocol):
    """A way through which applications are served.

    What its middleware sees of responses, in ``sees``. ``"stripped"``: bodies that are not
    sent, those of answers to HEAD, and of a 200 that the framework has made a 304 of.
    ``"files"``: which file is sent. ``"parts"``: of which file a range is sent. ``"streams"``:
    that there is one, before its first chunk is made. ``"odd"``: statuses and fields that some
    servers refuse.
    """

    sees: frozenset[str]

    def serve(self, application: Application) -> Ask:
        """Serve an application until the door is closed, and return how to ask it.

        :raises pyfastgz.ConfigurationError: a setting is not usable.
        """
        ...


MakeWsgi = Callable[[Application], Any]
"""Returns a WSGI application, with the middleware in it."""

OpenDoor = Callable[[], AbstractContextManager[Door]]
