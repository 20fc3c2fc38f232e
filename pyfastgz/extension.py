"""The Flask extension."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import Any
from typing import Generic
from typing import TypeVar
from typing import cast
from typing import overload

from flask import Blueprint
from flask import Flask
from flask import Response
from flask import current_app
from flask import make_response
from flask import request
from werkzeug.datastructures import Headers

from .border import Border
from .border import untranslate
from .cache import CacheBackend
from .cache import checked_cache
from .candidate import Candidate
from .candidate import changed
from .candidate import was_looked_at
from .errors import NotInitialisedError
from .http.eligibility import STILL_VARIES
from .http.eligibility import SkipReason
from .http.eligibility import skip_reason
from .http.fields import collect
from .http.fields import server_timing
from .outcome import SKIPPED
from .outcome import Outcome
from .outcome import Stats
from .outcome import notify
from .outcome import response_compressed
from .policy.wishes import EXEMPT
from .policy.wishes import Wishes
from .policy.wishes import checked_wishes
from .state import EXTENSION
from .state import WISHES
from .state import State
from .targets import check_parentheses
from .targets import check_target
from .targets import checked_app
from .targets import without_parentheses

if TYPE_CHECKING:
    from typing_extensions import Self

_NOT_LOOKED_AT = "a response could not be looked at; it is sent as it is"

_T = TypeVar("_T")
_Target = TypeVar("_Target", bound="Callable[..., Any] | Blueprint")


def _checked_by_policy(value: Any) -> Any:
    return value


class _PerApplication(Generic[_T]):
    """An attribute of :class:`Compress` that is kept in the state of the application."""

    __slots__ = ("_convert", "_name")

    def __init__(self, convert: Callable[[Any], _T]) -> None:
        self._convert = convert

    def __set_name__(self, owner: type[Compress], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, compress: None, owner: type[Compress]) -> Self: ...
    @overload
    def __get__(self, compress: Compress, owner: type[Compress]) -> _T: ...
    def __get__(self, compress: Compress | None, owner: type[Compress]) -> Self | _T:
        if compress is None:
            return self
        return cast("_T", getattr(compress._state(), self._name))

    def __set__(self, compress: Compress, value: Any) -> None:
        setattr(compress._state(), self._name, self._convert(value))


class Compress:
    """Compresses the responses of Flask applications, as their clients ask for.

    One instance can serve several applications; each keeps its own settings and state. The
    attributes below are those of the current application or, outside an application context, of
    the one that was initialised last. They may be assigned at any time after :meth:`init_app`,
    and until then are a :exc:`NotInitialisedError`.

    :param app: the application to initialise, if it is there already.
    :raises ConfigurationError: a setting of the application is not usable.

    .. versionadded:: 0.1
    """

    cache = _PerApplication[CacheBackend | None](
        lambda cache: None if cache is None else checked_cache(cache, "Compress.cache is")
    )
    """Keeps compressed bodies between requests; in use when :attr:`cache_key` is set too."""

    cache_key = _PerApplication[Callable[..., str] | None](_checked_by_policy)
    """Called with the request, returns the cache's name for the response."""

    enabled_algorithms = _PerApplication[tuple[str, ...]](_checked_by_policy)
    """The codings in use, in order of preference."""

    streaming_algorithms = _PerApplication[tuple[str, ...]](_checked_by_policy)
    """The codings in use for streamed responses, in order of preference."""

    compress_mimetypes_set = _PerApplication[set[str]](_checked_by_policy)
    """The media types that are compressed, in lower case."""

    streaming_endpoint_with_conditional = _PerApplication[set[str]](_checked_by_policy)
    """The endpoints whose streamed responses may become a 304, as files may anywhere."""

    def __init__(self, app: Flask | None = None) -> None:
        self.app: Flask | None = None
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read the settings of an application and hook into it.

        Doing this again reads the settings again, and hooks in once all the same.

        :raises ConfigurationError: a setting is not usable; the message names the key.
        :raises TypeError: it is no Flask application.

        .. versionadded:: 0.1
        """
        app = checked_app(app)
        previous = _state_of(app)
        state = State(app.config)
        # Flask calls these functions from the last to the first, and whatever others change
        # must have been changed before.
        if previous is not None and previous.hook is not None:
            app.after_request_funcs[None].remove(previous.hook)
        policy = state.live.last
        if policy.mimetypes:
            state.hook = self.after_request if policy.register else self._after_marked_request
            app.after_request_funcs.setdefault(None, []).insert(0, state.hook)
        if previous is None:
            # A function before each request costs a microsecond, a call in between a tenth.
            app.wsgi_app = Border(  # type: ignore[method-assign]
                app.wsgi_app, functools.partial(_state_of, app)
            )
        else:
            state.tally = previous.tally
            state.own_tags = previous.own_tags
        app.extensions[EXTENSION] = state
        self.app = app

    def after_request(self, response: Response | None) -> Response:
        """Compress a response if that is allowed, wanted and useful.

        Never raises for what a view left in the response: what cannot be understood is logged
        once and sent as it is.

        :param response: is not changed; ``None`` becomes an empty 204.
        :return: the response to send: the one given, or a copy with other fields and body.

        .. versionadded:: 0.1
        """
        if response is None:
            return make_response("", 204)
        # Every attribute of a proxy costs several times what the object behind it does.
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        state = _state_of(app) or self._state()
        try:
            return _handled(response, app, state)
        except Exception as error:
            state.log_once(_NOT_LOOKED_AT, error)
            return response

    def _after_marked_request(self, response: Response) -> Response:
        """Code a response only if its view asked for that."""
        if WISHES in vars(request._get_current_object()):  # type: ignore[attr-defined]
            return self.after_request(response)
        state = self._state()
        try:
            etag = _headers_of(response).get("ETag")
            if etag is not None:
                state.note_tag(etag)
        except Exception as error:
            state.log_once(_NOT_LOOKED_AT, error)
        return response

    def compressed(
        self,
        level: int | Mapping[str, int] | None = None,
        codings: str | Iterable[str] | None = None,
    ) -> Callable[[_Target], _Target]:
        """Return a decorator for single views, ``def`` or ``async def``, and for blueprints.

        With ``COMPRESS_REGISTER = False``, the responses of these views are looked at, and no
        others. Where every response is looked at anyway, the decorator is for its parameters.

        :param level: the level of every coding, or a dictionary with the level of some; the
            others keep the application's.
        :param codings: the codings to choose from, in order of preference, as a list or as a
            string with commas; None for the application's. They need not be enabled in the
            application. ``"br"`` is left out where it is not installed.
        :raises ConfigurationError: a coding is unknown, or none of those named is installed.
        :raises ValueError: a coding has no such level.
        :raises TypeError: a level is no integer, or what is decorated is no view or blueprint.

        .. versionadded:: 0.1
        """
        check_parentheses(level)
        options = checked_wishes(level, codings)

        def mark() -> None:
            self._state()
            setattr(request, WISHES, options)

        return functools.partial(_before, mark)

    @without_parentheses
    def exempt(self, target: _Target) -> _Target:
        """Never compress the responses of a view, ``def`` or ``async def``, or of a blueprint.

        For pages that reflect what a client sent beside a secret (the BREACH attack), among
        others. A decorator without parameters.

        :raises TypeError: it is neither a view nor a blueprint.

        .. versionadded:: 0.1
        """
        return _before(_mark_exempt, target)

    def stats(self) -> Stats:
        """Return what became of the responses of the application in this process so far.

        .. versionadded:: 0.1
        """
        return self._state().tally.stats()

    def _state(self) -> State:
        state: State | None = None
        if current_app:
            state = _state_of(current_app)
        if state is None and self.app is not None:
            state = _state_of(self.app)
        if state is None:
            raise NotInitialisedError("Compress has no application yet: call init_app first")
        return state


def _mark_exempt() -> None:
    setattr(request, WISHES, EXEMPT)
    untranslate(request.environ)


def _state_of(app: Flask) -> State | None:
    """Return what the extension keeps for an application, None if it keeps nothing."""
    state = app.extensions.get(EXTENSION)
    return state if isinstance(state, State) else None


def _before(action: Callable[[], None], target: _Target) -> _Target:
    """Have an action run before a view, or before the views of a blueprint."""
    check_target(target)
    if isinstance(target, Blueprint):
        target.before_request(action)
        return cast("_Target", target)
    view = cast("Callable[..., Any]", target)
    if inspect.iscoroutinefunction(view):

        @functools.wraps(view)
        async def async_view(*args: Any, **kwargs: Any) -> Any:
            action()
            return await view(*args, **kwargs)

        return cast("_Target", async_view)

    @functools.wraps(view)
    def sync_view(*args: Any, **kwargs: Any) -> Any:
        action()
        return view(*args, **kwargs)

    return cast("_Target", sync_view)


def _headers_of(response: Response) -> Headers:
    """Return the fields of a response, in which a view may have left something else."""
    headers = response.headers
    if not isinstance(headers, Headers):
        # Anything that werkzeug makes Headers of in the end.
        headers = response.headers = Headers(headers)
    return headers


def _handled(response: Response, app: Flask, state: State) -> Response:
    """Return the response to send, and tell what became of it."""
    if was_looked_at(response):
        return response
    asked = request._get_current_object()  # type: ignore[attr-defined]
    environ = asked.environ
    options: Wishes | None = asked.__dict__.get(WISHES)
    fields = collect(_headers_of(response))
    etag = fields.get("etag")
    if etag is not None:
        state.note_tag(etag)
    status = response.status_code
    policy = state.live.last
    reason = skip_reason(
        environ["REQUEST_METHOD"],
        status,
        fields,
        policy.mimetypes,
        policy.wildcards,
        errors=policy.errors,
    )
    if options is not None and options.exempt:
        reason = SkipReason.EXEMPT
    outcome: Outcome | None
    if reason is None:
        response, outcome = Candidate(response, fields, environ, state, app, options).code()
    elif status == 304 or reason in STILL_VARIES:
        candidate = Candidate(response, fields, environ, state, app, options)
        response, outcome = candidate.reconsider(reason)
    else:
        outcome = SKIPPED[reason]
    if policy.server_timing:
        response = _with_timing(response, outcome)
    if outcome is not None:
        state.tally.count(outcome)
        if response_compressed.receivers:
            notify(app, response, outcome)
    return response


def _with_timing(response: Response, outcome: Outcome | None) -> Response:
    """Return a response that also tells what became of it."""
    lines = [*response.headers.getlist("Server-Timing"), _timing(response, outcome)]
    return changed(response, {"server-timing": ", ".join(lines)})


def _timing(response: Response, outcome: Outcome | None) -> str:
    """Return the Server-Timing entry of a response; a stream has not been coded yet."""
    if outcome is None:
        return server_timing(response.headers["Content-Encoding"])
    if outcome.reason is not None:
        return server_timing(outcome.reason.name.lower())
    if not outcome.out_nbytes:
        return server_timing(str(outcome.coding))
    ratio = outcome.in_nbytes / outcome.out_nbytes
    return server_timing(f"{outcome.coding} {ratio:.1f}x", outcome.seconds)
