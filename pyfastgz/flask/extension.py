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

from ..border import bordered
from ..border import untranslate
from ..budgeted import engine_for
from ..engine import Engine
from ..errors import NotInitialisedError
from ..outcome import Stats
from ..outcome import notify_step
from ..policy import LivePolicy
from ..policy.wishes import EXEMPT
from ..policy.wishes import asked_after
from ..policy.wishes import checked_wishes
from ..store.keyed import CacheBackend
from ..store.keyed import checked_cache
from .dictionary_route import add_route
from .handling import NOT_LOOKED_AT
from .handling import WISHES
from .handling import current_request
from .handling import handle
from .hook import make_hook
from .requests import decode_all
from .requests import decode_request
from .responses import headers_of
from .targets import check_parentheses
from .targets import check_target
from .targets import checked_app
from .targets import without_parentheses

if TYPE_CHECKING:
    from typing_extensions import Self

EXTENSION = "pyfastgz"
"""The key of the :class:`~pyfastgz.engine.Engine` in ``app.extensions``.

Under ``"compress"`` applications keep what they called ``Compress`` for, to find it again.
"""

_T = TypeVar("_T")
_Target = TypeVar("_Target", bound="Callable[..., Any] | Blueprint")


class _PerApplication(Generic[_T]):
    """An attribute of :class:`Compress` that is one of the application's policy.

    :param name: of the policy's attribute.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, compress: None, owner: type[Compress]) -> Self: ...
    @overload
    def __get__(self, compress: Compress, owner: type[Compress]) -> _T: ...
    def __get__(self, compress: Compress | None, owner: type[Compress]) -> Self | _T:
        return self if compress is None else self._of(compress._engine().settings)

    def __set__(self, compress: Compress, value: Any) -> None:
        compress._engine().settings.assign(**{self._name: value})

    def _of(self, settings: LivePolicy) -> _T:
        return cast("_T", getattr(settings.current(), self._name))


class _SetPerApplication(_PerApplication[set[str]]):
    """One that is handed out as a set to be changed."""

    __slots__ = ()

    def _of(self, settings: LivePolicy) -> set[str]:
        return settings.set_of(self._name)


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

    cache_key = _PerApplication[Callable[..., str] | None]("cache_key")
    """Called with the request, returns the cache's name for the response."""

    enabled_algorithms = _PerApplication[tuple[str, ...]]("algorithm")
    """The codings in use, in order of preference."""

    streaming_algorithms = _PerApplication[tuple[str, ...]]("algorithm_streaming")
    """The codings in use for streamed responses, in order of preference."""

    compress_mimetypes_set = _SetPerApplication("mimetypes")
    """The media types that are compressed, in lower case."""

    streaming_endpoint_with_conditional = _SetPerApplication("streaming_endpoint_conditional")
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
        previous = engine_of(app)
        engine = engine_for(app.config, app.root_path)
        if engine.budget is not None:
            engine.budget.on_change = functools.partial(notify_step, app)
        if engine.transports is not None:
            add_route(app, engine_of)
        # Flask calls these functions from the last to the first, and whatever others change
        # must have been changed before.
        if previous is not None and previous.hook is not None:
            app.after_request_funcs[None].remove(previous.hook)
        if previous is not None:
            engine.tally = previous.tally
            engine.own_tags = previous.own_tags
        if engine.settings.last.mimetypes:
            engine.hook = self._hook(app, engine)
            app.after_request_funcs.setdefault(None, []).insert(0, engine.hook)
        if previous is None:
            # A function before each request costs a microsecond, a call in between a tenth.
            app.wsgi_app = bordered(  # type: ignore[method-assign,assignment]
                app.wsgi_app, functools.partial(engine_of, app)
            )
        decode_all(app, engine.settings.last)
        app.extensions[EXTENSION] = engine
        self.app = app

    def _hook(self, app: Flask, engine: Engine) -> Callable[[Response], Response]:
        """Return what an application calls after each request."""
        if not engine.settings.last.register:
            return self._after_marked_request
        if getattr(self.after_request, "__func__", None) is not _AFTER_REQUEST:
            # Somebody wants to be called in between.
            return self.after_request
        return make_hook(app, engine)

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
        engine = engine_of(app) or self._engine()
        try:
            return handle(response, app, engine)
        except Exception as error:
            engine.log_once(NOT_LOOKED_AT, error)
            return response

    def _after_marked_request(self, response: Response) -> Response:
        """Code a response only if its view asked for that."""
        if WISHES in vars(request._get_current_object()):  # type: ignore[attr-defined]
            return self.after_request(response)
        engine = self._engine()
        try:
            etag = headers_of(response).get("ETag")
            if etag is not None:
                engine.note_tag(etag)
        except Exception as error:
            engine.log_once(NOT_LOOKED_AT, error)
        return response

    @property
    def cache(self) -> CacheBackend | None:
        """Keeps compressed bodies between requests, under names of :attr:`cache_key` if set."""
        return self._engine().cache

    @cache.setter
    def cache(self, cache: CacheBackend | None) -> None:
        if cache is not None:
            checked_cache(cache, "Compress.cache", "is")
        self._engine().cache = cache

    def compressed(
        self,
        level: int | Mapping[str, int] | None = None,
        codings: str | Iterable[str] | None = None,
        length_noise: int | None = None,
    ) -> Callable[[_Target], _Target]:
        """Return a decorator for single views, ``def`` or ``async def``, and for blueprints.

        With ``COMPRESS_REGISTER = False``, the responses of these views are looked at, and no
        others. Where every response is looked at anyway, the decorator is for its parameters.

        :param level: the level of every coding, or a dictionary with the level of some; the
            others keep the application's.
        :param codings: the codings to choose from, in order of preference, as a list or as a
            string with commas; None for the application's. They need not be enabled in the
            application. ``"br"`` is left out where it is not installed.
        :param length_noise: how many letters of noise a compressed response has at most, which
            slow attacks by length (BREACH); None for the application's. A stream or file, whose
            length shows all the same, is then not compressed.
        :raises ConfigurationError: a coding is unknown, or none of those named is installed, or
            there is no such noise.
        :raises ValueError: a coding has no such level.
        :raises TypeError: a level is no integer, or what is decorated is no view or blueprint.

        .. versionadded:: 0.1
        """
        check_parentheses(level)
        wishes = checked_wishes(level, codings, length_noise)

        def mark() -> None:
            self._engine()
            before = getattr(request, WISHES, None)
            setattr(request, WISHES, asked_after(before, wishes))

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

    @without_parentheses
    def decode_requests(self, target: _Target) -> _Target:
        """Decode the bodies of requests to a view, ``def`` or ``async def``, or to a blueprint.

        As ``COMPRESS_DECODE_REQUESTS`` does for all requests: what the view reads, as
        ``request.data``, ``stream``, ``json``, ``form`` or ``files``, is decoded while it does.
        A decorator without parameters.

        :raises TypeError: it is neither a view nor a blueprint.

        .. versionadded:: 0.1
        """

        def decode() -> None:
            decode_request(current_request(), self._engine().settings.last)

        return _before(decode, target, "COMPRESS_DECODE_REQUESTS")

    def stats(self) -> Stats:
        """Return what became of the responses of the application in this process so far.

        .. versionadded:: 0.1
        """
        return self._engine().stats()

    def _engine(self) -> Engine:
        engine: Engine | None = None
        if current_app:
            engine = engine_of(current_app)
        if engine is None and self.app is not None:
            engine = engine_of(self.app)
        if engine is None:
            raise NotInitialisedError("Compress has no application yet: call init_app first")
        return engine


# As it is here, whatever is put into the class in place of it.
_AFTER_REQUEST = Compress.after_request


def _mark_exempt() -> None:
    setattr(request, WISHES, EXEMPT)
    untranslate(request.environ)


def engine_of(app: Flask) -> Engine | None:
    """Return what is kept for an application, None if it was never initialised."""
    engine = app.extensions.get(EXTENSION)
    return engine if isinstance(engine, Engine) else None


def _before(
    action: Callable[[], None], target: _Target, setting: str = "COMPRESS_REGISTER"
) -> _Target:
    """Have an action run before a view, or before the views of a blueprint.

    :param setting: that which is for an application.
    """
    check_target(target, setting)
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
