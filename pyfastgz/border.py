"""The border of an application: it sees its own entity tags, the hook what the client sent.

A client that was sent ``"abc:gzip"`` says so in If-Match and If-None-Match, and the
application, which made the tag ``"abc"``, would take it for another (RFC 9110 sections 13.1.1
and 13.1.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from .http.conditions import Conditions
from .http.conditions import with_uncoded_tags
from .http.negotiation import acceptable
from .settings import KNOWN_CODINGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIApplication
    from _typeshed.wsgi import WSGIEnvironment

_SENT = "pyfastgz.sent"
_IF_MATCH = "HTTP_IF_MATCH"
_IF_NONE_MATCH = "HTTP_IF_NONE_MATCH"
_CONDITIONS = frozenset(
    {
        _IF_MATCH,
        _IF_NONE_MATCH,
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_UNMODIFIED_SINCE",
        "HTTP_IF_RANGE",
    }
)


def translating_tags(wsgi_app: WSGIApplication) -> WSGIApplication:
    """Return a WSGI application that translates tags for another before it calls it.

    The environment is changed in place: what the application puts into it has to reach whoever
    made it.

    .. versionadded:: 0.1
    """

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if _IF_NONE_MATCH in environ or _IF_MATCH in environ:
            _translate(environ)
        return wsgi_app(environ, start_response)

    return call


def sent_conditions(environ: dict[str, Any]) -> Conditions | None:
    """Return the conditions of a request as its client sent them, None if there are none.

    .. versionadded:: 0.1
    """
    if _CONDITIONS.isdisjoint(environ):
        return None
    return Conditions(
        _sent(environ, _IF_MATCH),
        _sent(environ, _IF_NONE_MATCH),
        environ.get("HTTP_IF_MODIFIED_SINCE"),
        environ.get("HTTP_IF_UNMODIFIED_SINCE"),
        environ.get("HTTP_IF_RANGE"),
    )


def _translate(environ: dict[str, Any]) -> None:
    codings: tuple[str, ...] = KNOWN_CODINGS
    if environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
        # A 304 stands for one of these; a copy in another coding is of no use any more.
        codings = acceptable(environ.get("HTTP_ACCEPT_ENCODING"), codings)
    # The pairs of what was sent and what is shown instead.
    pairs = {}
    for key in (_IF_MATCH, _IF_NONE_MATCH):
        if key in environ:
            sent = _sent(environ, key)
            shown = with_uncoded_tags(sent, codings)
            if shown != sent:
                pairs[key] = sent, shown
                environ[key] = shown
    environ[_SENT] = pairs


def _sent(environ: dict[str, Any], key: str) -> Any:
    """Return what the client sent, though it may have been translated; None if nothing."""
    value = environ.get(key)
    sent, shown = environ.get(_SENT, {}).get(key, (value, value))
    # Somebody may have put in another value since.
    return sent if value == shown else value
