"""Requests in ASGI: as decisions see them, and as applications do."""

from __future__ import annotations

from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from typing import Any

from .border import translate
from .border import untranslate
from .border import without_range
from .engine import Engine
from .http.exchange import NO_WISHES
from .http.exchange import Wishes
from .middleware import WISHES
from .policy.wishes import EXEMPT

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
_NAMES = {key: name for name, key in _KEYS.items()}


class AsgiRequest:
    """A request, and what was asked for its response.

    :param scope: the scope of the connection, which is not changed.
    :param engine: translates entity tags.
    """

    __slots__ = ("_outer", "environ", "scope", "wishes")

    def __init__(self, scope: Scope, engine: Engine) -> None:
        self.environ = _environ_of(scope)
        """The same in the variables of WSGI, as far as decisions depend on it."""
        self.wishes: Wishes = NO_WISHES
        """What the application asks for the response."""
        # That of the same middleware further out.
        self._outer: AsgiRequest | None = scope.get(WISHES)
        shown = translate(self.environ, engine)
        self.scope: Scope = {**scope, WISHES: self}
        """What the application gets."""
        if shown:
            self.scope["headers"] = _replaced(scope["headers"], shown)

    def exempt(self) -> None:
        """Have the response not compressed: the application sees the tags that were sent."""
        self.ask(EXEMPT)
        key = "HTTP_IF_NONE_MATCH"
        before = self.environ.get(key)
        untranslate(self.environ)
        sent = self.environ.get(key)
        headers = self.scope["headers"]
        if sent != before and isinstance(headers, list):
            # In place, for whoever has got hold of them.
            headers[:] = _replaced(headers, {key: sent})

    def ask(self, wishes: Wishes) -> None:
        """Ask for something for the response."""
        self.wishes = wishes
        if self._outer is not None:
            self._outer.ask(wishes)

    def without_range(self) -> None:
        """Have the application see no Range: it is to be asked again."""
        self.environ = without_range(self.environ)
        hidden: dict[str, str | None] = {"HTTP_RANGE": None, "HTTP_IF_RANGE": None}
        self.scope = {**self.scope, "headers": _replaced(self.scope["headers"], hidden)}


def _environ_of(scope: Scope) -> dict[str, Any]:
    """Return the variables of WSGI (PEP 3333) that decisions depend on."""
    root, path = scope.get("root_path", ""), scope["path"]
    if root and path.startswith(f"{root}/"):
        # Most servers have it in both.
        path = path[len(root) :]
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        # Bytes as characters, as WSGI has them.
        "SCRIPT_NAME": root if root.isascii() else root.encode().decode("latin-1"),
        "PATH_INFO": path
        if path.isascii()
        else path.encode("utf-8", "replace").decode("latin-1"),
    }
    keys = _KEYS
    for name, value in scope["headers"]:
        key = keys.get(name)
        if key is not None:
            text = value.decode("latin-1")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


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
