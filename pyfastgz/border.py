"""The border of an application: it sees its own entity tags, the hook what the client sent.

A client that was sent ``"abc:gzip"`` says so in If-Match and If-None-Match, and the
application, which made the tag ``"abc"``, would take it for another (RFC 9110 sections 13.1.1
and 13.1.2).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from types import MethodType
from typing import TYPE_CHECKING
from typing import Any

from .http.conditions import Conditions
from .http.dictionaries import NOTHING_ASKED
from .http.dictionaries import Asked
from .http.translation import plan_request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIApplication
    from _typeshed.wsgi import WSGIEnvironment

    from .engine import Engine

NOT_UNDERSTOOD = "a request could not be understood; it is passed on as it is"

DECODED = "pyfastgz.decoded"
"""Where environments and scopes say that a request has a coded body, decoded as it is read."""

_SENT = "pyfastgz.sent"
_IF_MATCH = "HTTP_IF_MATCH"
_IF_NONE_MATCH = "HTTP_IF_NONE_MATCH"
_IF_MODIFIED_SINCE = "HTTP_IF_MODIFIED_SINCE"
_IF_UNMODIFIED_SINCE = "HTTP_IF_UNMODIFIED_SINCE"
_IF_RANGE = "HTTP_IF_RANGE"
_RANGE = "HTTP_RANGE"
_AVAILABLE = "HTTP_AVAILABLE_DICTIONARY"
_FETCH_SITE = "HTTP_SEC_FETCH_SITE"
_FETCH_MODE = "HTTP_SEC_FETCH_MODE"
_ORIGIN = "HTTP_ORIGIN"
_CONDITIONS = frozenset(
    {_IF_MATCH, _IF_NONE_MATCH, _IF_MODIFIED_SINCE, _IF_UNMODIFIED_SINCE, _IF_RANGE, _SENT}
)


def bordered(
    wsgi_app: WSGIApplication, engine_of: Callable[[], Engine | None]
) -> WSGIApplication:
    """Return a WSGI application that translates tags for another while that is called.

    The environment is changed in place: what the application puts into it has to reach whoever
    made it. Afterwards its fields are again those that the client sent.

    :param wsgi_app: what to wrap.
    :param engine_of: returns what the door keeps for the application.
    """

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if _IF_NONE_MATCH not in environ and _IF_MATCH not in environ:
            return wsgi_app(environ, start_response)
        return _translated(wsgi_app, engine_of(), environ, start_response)

    if isinstance(wsgi_app, FunctionType | MethodType):
        # Calling a function takes half a microsecond less than an object, on a busy server.
        return wraps(wsgi_app)(call)
    return _Bordered(call, wsgi_app)


def _translated(
    wsgi_app: WSGIApplication,
    engine: Engine | None,
    environ: WSGIEnvironment,
    start_response: StartResponse,
) -> Iterable[bytes]:
    """Call an application for a request that names tags."""
    shown: dict[str, str | None] = {}
    # Without a hook nothing is coded here.
    if engine is not None and engine.hook is not None:
        try:
            shown = _shown(environ, engine)
        except Exception as error:
            engine.log_once(NOT_UNDERSTOOD, error)
    # One application may be mounted in another, whose border was passed before.
    before = {key: environ.get(key) for key in (_SENT, *shown)}
    _show(environ, shown)
    try:
        return wsgi_app(environ, start_response)
    finally:
        changed = {key for key in shown if environ.get(key) != shown[key]}
        _put(environ, {key: before[key] for key in before.keys() - changed})


def translate(environ: WSGIEnvironment, engine: Engine) -> dict[str, str | None]:
    """Put into an environment what the application is to see, and return that.

    For a door that makes the environment itself, and has nothing to put back.
    """
    if _IF_NONE_MATCH not in environ and _IF_MATCH not in environ:
        return {}
    shown = _shown(environ, engine)
    _show(environ, shown)
    return shown


def _show(environ: WSGIEnvironment, shown: dict[str, str | None]) -> None:
    environ[_SENT] = shown, {key: _sent(environ, key) for key in shown}
    _put(environ, shown)


class _Bordered:
    """What is in place of middleware.

    Applications know their own, and look for its attributes and its class where they put it:
    all but the call is that of the wrapped application.
    """

    def __init__(self, call: WSGIApplication, wsgi_app: WSGIApplication) -> None:
        self._call = call
        self._wsgi_app = wsgi_app

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Call the application (PEP 3333)."""
        return self._call(environ, start_response)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the wrapped application."""
        if name == "_wsgi_app":
            # Asked for before there is one, as by copy.
            raise AttributeError(name)
        return getattr(self._wsgi_app, name)

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The class of the wrapped application, for ``isinstance``."""
        return type(self._wsgi_app)


def untranslate(environ: dict[str, Any]) -> None:
    """Have the application see If-None-Match as the client sent it.

    For a view whose responses are not coded: the copy that its client has is not what it sends.
    """
    _put(environ, {_IF_NONE_MATCH: _sent(environ, _IF_NONE_MATCH)})


def sent_conditions(environ: dict[str, Any]) -> Conditions | None:
    """Return the conditions of a request as its client sent them, None if there are none."""
    # Of two sets the smaller one is walked through.
    if environ.keys().isdisjoint(_CONDITIONS):
        return None
    return Conditions(
        _sent(environ, _IF_MATCH),
        _sent(environ, _IF_NONE_MATCH),
        environ.get(_IF_MODIFIED_SINCE),
        environ.get(_IF_UNMODIFIED_SINCE),
        _sent(environ, _IF_RANGE),
    )


def sent_range(environ: dict[str, Any]) -> str | None:
    """Return the Range field of a request as its client sent it, None if there is none."""
    return _sent(environ, _RANGE)


def asked_of(environ: dict[str, Any]) -> Asked:
    """Return what a request says that matters for a dictionary."""
    available = environ.get(_AVAILABLE)
    if available is None:
        return NOTHING_ASKED
    get = environ.get
    return Asked(available, get(_FETCH_SITE), get(_FETCH_MODE), get(_ORIGIN))


def can_ask_again(environ: dict[str, Any]) -> bool:
    """Tell whether the application can be asked again for all of what it sent a part of.

    For a GET without a body: it is safe, and there is nothing of it that was read.
    """
    return (
        environ["REQUEST_METHOD"] == "GET"
        and _RANGE in environ
        and environ.get("CONTENT_LENGTH") in {None, "", "0"}
        and "HTTP_TRANSFER_ENCODING" not in environ
        and DECODED not in environ
    )


def without_range(environ: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of an environment in which the application sees no Range.

    That its client sent one is still known.
    """
    shown, sent = environ.get(_SENT) or ({}, {})
    hidden = dict.fromkeys((_RANGE, _IF_RANGE))
    copy = {key: value for key, value in environ.items() if key not in hidden}
    copy[_SENT] = {**shown, **hidden}, {**sent, **{key: _sent(environ, key) for key in hidden}}
    return copy


def was_translated(environ: dict[str, Any]) -> bool:
    """Tell whether the application sees something else than its client sent."""
    pair = environ.get(_SENT)
    return pair is not None and bool(pair[0])


def _shown(environ: dict[str, Any], engine: Engine) -> dict[str, str | None]:
    """Return the variables that the application is to see otherwise; None for not at all."""
    edits = plan_request(
        environ["REQUEST_METHOD"],
        Conditions(_sent(environ, _IF_MATCH), _sent(environ, _IF_NONE_MATCH)),
        environ.get("HTTP_ACCEPT_ENCODING"),
        engine.settings.current(),
        engine.own_tags,
    )
    return {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in edits.items()}


def _put(environ: dict[str, Any], fields: dict[str, Any]) -> None:
    for key, value in fields.items():
        if value is None:
            environ.pop(key, None)
        else:
            environ[key] = value


def _sent(environ: dict[str, Any], key: str) -> str | None:
    """Return what the client sent, though it may have been translated; None if nothing."""
    value: str | None = environ.get(key)
    pair: tuple[dict[str, Any], dict[str, Any]] = environ.get(_SENT) or ({}, {})
    shown, sent = pair
    # Somebody may have put in another value since.
    return sent[key] if key in shown and shown[key] == value else value
