"""The Flask extension."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Any
from typing import Generic
from typing import TypeVar
from typing import cast
from typing import overload

from flask import Flask
from flask import Response
from flask import after_this_request
from flask import current_app
from flask import make_response
from flask import request

from .cache import CacheBackend
from .candidate import Candidate
from .candidate import add_vary
from .http.eligibility import STILL_VARIES
from .http.eligibility import skip_reason
from .http.fields import collect
from .state import State

if TYPE_CHECKING:
    from typing_extensions import Self

_log = logging.getLogger("pyfastgz")

_EXTENSION = "compress"

_T = TypeVar("_T")
_View = TypeVar("_View", bound=Callable[..., Any])


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
    """Codes the responses of Flask applications, as their clients ask for.

    One instance can serve several applications; each keeps its own settings and state. The
    attributes below are those of the current application or, outside an application context, of
    the one that was initialised last. They may be assigned at any time after :meth:`init_app`.

    :param app: the application to initialise, if it is there already.
    :raises ConfigurationError: a setting of the application is not usable.

    .. versionadded:: 0.1
    """

    cache = _PerApplication[CacheBackend | None](lambda cache: cache)
    """Keeps coded bodies between requests; in use when :attr:`cache_key` is set too."""

    cache_key = _PerApplication[Callable[..., str] | None](lambda function: function)
    """Called with the request, returns the cache's name for the response."""

    enabled_algorithms = _PerApplication[tuple[str, ...]](tuple)
    """The codings in use, in order of preference."""

    streaming_algorithms = _PerApplication[tuple[str, ...]](tuple)
    """The codings in use for streamed responses, in order of preference."""

    compress_mimetypes_set = _PerApplication[set[str]](set)
    """The media types that are coded, in lower case."""

    streaming_endpoint_with_conditional = _PerApplication[set[str]](set)
    """The endpoints whose streamed responses may become a 304."""

    def __init__(self, app: Flask | None = None) -> None:
        self.app: Flask | None = None
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read the settings of an application and hook into it.

        Doing this again reads the settings again, and hooks in once all the same.

        :raises ConfigurationError: a setting is not usable; the message names the key.

        .. versionadded:: 0.1
        """
        previous = app.extensions.get(_EXTENSION)
        state = State(app.config, hooked=previous is not None and previous.hooked)
        wanted = state.config.current().register and state.compress_mimetypes_set
        if wanted and not state.hooked:
            app.after_request(self.after_request)
            state.hooked = True
        app.extensions[_EXTENSION] = state
        self.app = app

    def after_request(self, response: Response | None) -> Response:
        """Code a response if that is allowed, wanted and useful.

        :param response: changed in place; ``None`` becomes an empty 204.

        .. versionadded:: 0.1
        """
        if not response:
            return make_response("", 204)
        # Every attribute of a proxy costs several times what the object behind it does.
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        environ = request._get_current_object().environ  # type: ignore[attr-defined]
        state = app.extensions.get(_EXTENSION) or self._state()
        fields = collect(response.headers)
        reason = skip_reason(
            environ["REQUEST_METHOD"],
            response.status_code,
            fields,
            state.compress_mimetypes_set,
        )
        if reason is None:
            reason = Candidate(response, fields, environ, state).code()
        elif reason in STILL_VARIES:
            add_vary(response, fields)
        if reason is not None:
            _log.debug("response left as it is: %s", reason.value)
        return response

    def compressed(self) -> Callable[[_View], _View]:
        """Return a decorator for single views, ``def`` or ``async def``.

        For applications with ``COMPRESS_REGISTER = False``; where every response is looked at
        anyway, it changes nothing.

        .. versionadded:: 0.1
        """

        def decorator(view: _View) -> _View:
            if inspect.iscoroutinefunction(view):

                @functools.wraps(view)
                async def coded_async_view(*args: Any, **kwargs: Any) -> Any:
                    self._code_this_response()
                    return await view(*args, **kwargs)

                return cast("_View", coded_async_view)

            @functools.wraps(view)
            def coded_view(*args: Any, **kwargs: Any) -> Any:
                self._code_this_response()
                return view(*args, **kwargs)

            return cast("_View", coded_view)

        return decorator

    def _code_this_response(self) -> None:
        if not self._state().hooked:
            after_this_request(self.after_request)

    def _state(self) -> State:
        state: State | None = None
        if current_app:
            state = current_app.extensions.get(_EXTENSION)
        if state is None and self.app is not None:
            state = self.app.extensions[_EXTENSION]
        if state is None:
            raise RuntimeError("Compress has no application yet: call init_app(app) first")
        return state
