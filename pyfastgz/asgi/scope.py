"""Requests in ASGI: as decisions see them, and as applications do."""

from __future__ import annotations

from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from ..border import NOT_UNDERSTOOD
from ..border import translate
from ..border import untranslate
from ..border import without_range
from ..engine import Engine
from ..http.exchange import NO_WISHES
from ..http.exchange import Wishes
from ..middleware import WISHES
from ..policy.wishes import EXEMPT

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]

_KEYS = {
    name.encode(): f"HTTP_{name.upper().replace('-', '_')}"
    for name in (
        "accept-encoding",
        "available-dictionary",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "origin",
        "range",
        "sec-fetch-mode",
        "sec-fetch-site",
        "transfer-encoding",
    )
} | {b"content-length": "CONTENT_LENGTH"}
CLOSED: Scope = {}
"""The scope of what is over."""

_NAMES = {key: name for name, key in _KEYS.items()}


class AsgiRequest:
    """A request, and what was asked for its response.

    :param scope: the scope of the connection, which is not changed.
    :param engine: translates entity tags.
    """

    __slots__ = ("_environ", "_given", "fields", "method", "scope", "wishes")

    fields: dict[bytes, bytes]
    """The values of fields by name; of several lines those that decisions depend on, joined."""

    def __init__(self, scope: Scope, engine: Engine) -> None:
        self._given = scope
        self._environ: dict[str, Any] | None = None
        self.method: str = scope.get("method", "")
        """In capital letters."""
        self.wishes: Wishes = NO_WISHES
        """What the application asks for the response."""
        self.scope: Scope = {**scope, WISHES: self}
        """What the application gets. It has the request: whatever ends, replaces it."""
        headers = scope.get("headers", ())
        if type(headers) is not list and hasattr(headers, "__next__"):
            # They can be iterated over once.
            self.scope["headers"] = headers = list(headers)
        try:
            # The application may change its list, which is the server's.
            self.fields = fields = dict(headers)
            if len(fields) != len(headers):
                self.fields = fields = _joined(headers)
            if b"if-none-match" in fields or b"if-match" in fields:
                shown = translate(self.environ(), engine)
                if shown:
                    self.scope["headers"] = _replaced(headers, shown)
        except Exception as error:
            # It is for the application to say what it makes of it.
            engine.log_once(NOT_UNDERSTOOD, error)
            self.fields, self._environ = {}, None

    def environ(self) -> dict[str, Any]:
        """Return the request in the variables of WSGI, as far as decisions depend on it.

        Most decisions do without: that takes less time.
        """
        if self._environ is None:
            self._environ = _environ_of(self._given, self.fields)
        return self._environ

    def exempt(self) -> None:
        """Have the response not compressed: the application sees the tags that were sent."""
        self.ask(EXEMPT)
        key, environ = "HTTP_IF_NONE_MATCH", self.environ()
        before = environ.get(key)
        untranslate(environ)
        sent = environ.get(key)
        headers = self.scope.get("headers")
        if sent != before and isinstance(headers, list):
            # In place, for whoever has got hold of them.
            headers[:] = _replaced(headers, {key: sent})

    def ask(self, wishes: Wishes) -> None:
        """Ask for something for the response."""
        self.wishes = wishes
        # That of the same middleware further out.
        outer: AsgiRequest | None = self._given.get(WISHES)
        if outer is not None:
            outer.ask(wishes)

    def without_range(self) -> None:
        """Have the application see no Range: it is to be asked again."""
        self._environ = without_range(self.environ())
        hidden: dict[str, str | None] = {"HTTP_RANGE": None, "HTTP_IF_RANGE": None}
        self.scope = {**self.scope, "headers": _replaced(self.scope["headers"], hidden)}


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return the fields that decisions depend on, several lines of one joined with commas."""
    fields: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _KEYS:
            fields[name] = b"%b,%b" % (fields[name], value) if name in fields else value
    return fields


def _environ_of(scope: Scope, fields: Mapping[bytes, bytes]) -> dict[str, Any]:
    """Return the variables of WSGI (PEP 3333) that decisions depend on.

    :param fields: of the request, by name in lower case.
    """
    root, path = _text(scope.get("root_path")), _text(scope.get("path"))
    if root and path.startswith(f"{root}/"):
        # Most servers have it in both.
        path = path[len(root) :]
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.get("method", ""),
        # Bytes as characters, as WSGI has them.
        "SCRIPT_NAME": root
        if root.isascii()
        else root.encode("utf-8", "replace").decode("latin-1"),
        "PATH_INFO": path
        if path.isascii()
        else path.encode("utf-8", "replace").decode("latin-1"),
    }
    for name in _KEYS.keys() & fields.keys():
        value = fields[name]
        if isinstance(value, (bytes, bytearray)):
            environ[_KEYS[name]] = value.decode("latin-1")
    return environ


def _text(value: Any) -> str:
    """Return a value that is to be text, an empty one if it is none."""
    return value if isinstance(value, str) else ""


def _replaced(
    headers: Iterable[tuple[bytes, bytes]], shown: dict[str, str | None]
) -> list[tuple[bytes, bytes]]:
    """Return the lines of a request with some fields replaced, or left out: None."""
    names = {_NAMES[key]: value for key, value in shown.items()}
    lines = [(name, value) for name, value in headers if name not in names]
    lines += [
        (name, value.encode("latin-1")) for name, value in names.items() if value is not None
    ]
    return lines


async def _nothing_received() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def after_no_body(receive: Receive) -> Receive:
    """Return what receives an empty body first: the one that there was is received."""
    waiting = [_nothing_received]

    async def received() -> dict[str, Any]:
        return await (waiting.pop() if waiting else receive)()

    return received
