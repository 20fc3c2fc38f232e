"""Middleware for the applications of any ASGI framework.

What it decides is what the Flask extension decides: docs/rules.md has the rules. It needs no
framework, and none of a server's extensions.
"""

from __future__ import annotations

from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from ..border import DECODED
from ..http.fields import encoded
from ..interfaces import ASGI
from ..interfaces import check_app
from ..interfaces import check_request
from ..middleware import WISHES
from ..middleware import Middleware
from ..policy.wishes import asked_after
from ..policy.wishes import checked_wishes
from .messages import BODY
from .messages import START
from .requests import decoded
from .requests import with_whole_body
from .response import AsgiResponse
from .scope import CLOSED
from .scope import AsgiRequest

# Each framework has types of its own for scopes and messages, of which none fits the others.
Scope = Mapping[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]


class CompressMiddleware(Middleware):
    """Compresses the responses of an ASGI application, as its clients ask for.

    HTTP alone is looked at: ``websocket`` and ``lifespan`` pass untouched. The start of a
    response waits for the first part of its body. Messages of an event stream are sent as they
    come; of other streams nothing is held for longer than the option ``stream_flush_ms`` says,
    even if the application sends nothing more. Long bodies are coded in a thread, so that other
    requests do not wait for them. With the option ``decode_requests`` the application receives
    the bodies of requests as they are before coding.

    :param app: the application.
    :param options: the settings in lower case, without ``COMPRESS_``, such as ``level=6`` or
        ``extra_mimetypes=["text/csv"]``; docs/configuration.md has all. ``predicate`` is called
        with the scope of the request and a response of two attributes, ``status`` and
        ``fields``; ``cache_key`` with the scope.
    :raises ConfigurationError: an option is not usable; the message names it.
    :raises TypeError: there is no such option, or this is no ASGI application.

    .. versionadded:: 0.1
    """

    def __init__(self, app: Application, **options: Any) -> None:
        check_app(app, ASGI, "CompressMiddleware")
        super().__init__(options)
        self.app = app
        """The application."""
        policy = self.engine.settings.last
        self._app = decoded(app, policy) if policy.decode_requests else app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Call the application."""
        if scope.get("type") != "http" or self.engine.hook is None:
            await self._app(scope, receive, send)
            return
        request = AsgiRequest(scope, self.engine)
        response = AsgiResponse(self, request, receive, send)
        if self.engine.transports is not None:
            served = self.served(request.environ())
            if served is not None:
                headers = encoded(served.lines)
                await response.send({"type": START, "status": 200, "headers": headers})
                await response.send({"type": BODY, "body": served.body})
                return
        try:
            await self._app(request.scope, response.receive, response.send)
            if not response.is_done:
                await response.finish(self._app)
        except Exception:
            # The server sees what it would have seen.
            await response.give_up(self._app)
            raise
        finally:
            if not response.is_done:
                response.close()
            # It has the request: no garbage collector is needed for them.
            request.scope = CLOSED


def exempt(scope: Scope) -> None:
    """Have the response to a request never compressed; without the middleware it is not.

    For pages that reflect what a client sent beside a secret (the BREACH attack), among
    others. To be called before the response starts.

    :param scope: that of the request, as the application has it.
    :raises TypeError: it is something else, such as the environment of WSGI.

    .. versionadded:: 0.1
    """
    check_request(scope, ASGI, "exempt")
    request = scope.get(WISHES)
    if request is not None:
        request.exempt()


def compressed(
    scope: Scope,
    level: int | Mapping[str, int] | None = None,
    codings: str | Iterable[str] | None = None,
    length_noise: int | None = None,
) -> None:
    """Have the response to a request compressed in a way of its own.

    To be called before the response starts. Parameters and errors are those of
    :meth:`pyfastgz.Compress.compressed`.

    :param scope: that of the request, as the application has it.

    .. versionadded:: 0.1
    """
    wishes = checked_wishes(level, codings, length_noise)
    check_request(scope, ASGI, "compressed")
    request = scope.get(WISHES)
    if request is not None:
        request.ask(asked_after(request.wishes, wishes))


def with_length(app: Application) -> Application:
    """Return an application whose requests have a length again, if their bodies are decoded.

    For Django, which takes a form with files for an empty one if it has no length. It belongs
    inside of the middleware:
    ``CompressMiddleware(with_length(application), decode_requests=True)``. The body is received
    before the application is called, and held in memory. If it cannot be had, the application
    is not called.

    :param app: the application.

    .. versionadded:: 0.1
    """

    check_app(app, ASGI, "with_length")

    async def call(scope: Any, receive: Any, send: Any) -> None:
        if DECODED in scope:
            await with_whole_body(app, scope, receive, send)
        else:
            await app(scope, receive, send)

    return call
