"""Middleware for the applications of any WSGI framework (PEP 3333).

What it decides is what the Flask extension decides: docs/rules.md has the rules.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import Any

from ..border import DECODED
from ..border import bordered
from ..border import untranslate
from ..border import without_range
from ..interfaces import WSGI
from ..interfaces import check_app
from ..interfaces import check_request
from ..middleware import WISHES
from ..middleware import Middleware
from ..policy.wishes import EXEMPT
from ..policy.wishes import asked_after
from ..policy.wishes import checked_wishes
from .bodies import AGAIN
from .requests import decoded
from .response import WsgiResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIApplication
    from _typeshed.wsgi import WSGIEnvironment


class CompressMiddleware(Middleware):
    """Compresses the responses of a WSGI application, as its clients ask for.

    Fields and the coding are all that is added, and an application that raises is seen to
    raise. Streams are flushed as those of Flask are, and what is passed to ``write`` is sent at
    once. With the option ``decode_requests`` it reads the bodies of requests as they are before
    coding; :exc:`~pyfastgz.RequestBodyError` is raised where one cannot be had.

    :param app: the application.
    :param options: the settings in lower case, without ``COMPRESS_``, such as ``level=6`` or
        ``extra_mimetypes=["text/csv"]``; docs/configuration.md has all. ``predicate`` is called
        with the environment of the request and a response of two attributes, ``status`` and
        ``fields``; ``cache_key`` with the environment.
    :raises ConfigurationError: an option is not usable; the message names it.
    :raises TypeError: there is no such option, or this is no WSGI application.

    .. versionadded:: 0.1
    """

    def __init__(self, app: WSGIApplication, **options: Any) -> None:
        check_app(app, WSGI, "CompressMiddleware")
        super().__init__(options)
        self.app = app
        """The application."""
        policy = self.engine.settings.last
        self._app = decoded(app, policy) if policy.decode_requests else app
        self._call = bordered(self.respond, lambda: self.engine)

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Call the application (PEP 3333)."""
        return self._call(environ, start_response)

    def respond(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Respond to a request whose entity tags are translated."""
        if self.engine.hook is None:
            return self._app(environ, start_response)
        response = WsgiResponse(self, environ, start_response)
        served = self.served(environ)
        if served is not None:
            response.start("200 OK", served.lines)
            return response.sent([served.body])
        iterable: Any = None
        try:
            iterable = self._app(environ, response.start)  # type: ignore[arg-type]
            sent = response.sent(iterable)
        except BaseException:
            # The server has nothing to close.
            try:
                response.fail()
            finally:
                _close(iterable)
            raise
        if sent is AGAIN:
            _close(iterable)
            return self.respond(without_range(environ), start_response)
        return sent


def _close(iterable: Any) -> None:
    close = getattr(iterable, "close", None)
    if close is not None:
        close()


def exempt(environ: WSGIEnvironment) -> None:
    """Have the response to a request never compressed.

    For pages that reflect what a client sent beside a secret (the BREACH attack), among
    others. To be called before the response starts.

    :param environ: the environment of the request.
    :raises TypeError: it is something else, such as the scope of ASGI.

    .. versionadded:: 0.1
    """
    check_request(environ, WSGI, "exempt")
    environ[WISHES] = EXEMPT
    untranslate(environ)


def compressed(
    environ: WSGIEnvironment,
    level: int | Mapping[str, int] | None = None,
    codings: str | Iterable[str] | None = None,
    length_noise: int | None = None,
) -> None:
    """Have the response to a request compressed in a way of its own.

    To be called before the response starts. Parameters and errors are those of
    :meth:`pyfastgz.Compress.compressed`.

    :param environ: the environment of the request.

    .. versionadded:: 0.1
    """
    wishes = checked_wishes(level, codings, length_noise)
    check_request(environ, WSGI, "compressed")
    environ[WISHES] = asked_after(environ.get(WISHES), wishes)


def with_length(app: WSGIApplication) -> WSGIApplication:
    """Return an application whose requests have a length again, if their bodies are decoded.

    For frameworks that take a body without a length for an empty one, such as Django, Bottle
    and Falcon. It belongs inside of the middleware:
    ``CompressMiddleware(with_length(application), decode_requests=True)``. The body is read
    before the application is called, and held in memory.

    :param app: the application.

    .. versionadded:: 0.1
    """

    check_app(app, WSGI, "with_length")

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if DECODED in environ and "CONTENT_LENGTH" not in environ:
            body = environ["wsgi.input"].read()
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["wsgi.input"] = io.BytesIO(body)
            # Some would take it for one in chunks.
            environ.pop("HTTP_TRANSFER_ENCODING", None)
        return app(environ, start_response)

    return call
