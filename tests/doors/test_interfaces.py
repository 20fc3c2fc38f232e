"""What middleware, and its functions, are given that is for the other interface: an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgi_messages import scope_of
from flask import Flask

from pyfastgz import asgi
from pyfastgz import wsgi


def of_wsgi(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b""]


async def of_asgi(scope: Any, receive: Any, send: Any) -> None:
    pass


class AsgiFramework:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        pass


# Django has such a request.META behind ASGI.
ENVIRON = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}


@pytest.mark.parametrize("name", ["CompressMiddleware", "with_length"])
@pytest.mark.parametrize(
    ("module", "app", "other"),
    [
        (wsgi, of_asgi, "asgi"),
        (wsgi, AsgiFramework(), "asgi"),
        (wsgi, None, "asgi"),
        (asgi, of_wsgi, "wsgi"),
        (asgi, Flask(__name__), "wsgi"),
        (asgi, Flask(__name__).wsgi_app, "wsgi"),
        (asgi, "app", "wsgi"),
    ],
)
def test_an_application_of_the_other_interface(
    module: Any, app: Any, other: str, name: str
) -> None:
    with pytest.raises(TypeError) as raised:
        getattr(module, name)(app)
    text = str(raised.value)
    assert text.startswith(f"{module.__name__}.{name} takes an application")
    assert repr(app) in text
    assert f"pyfastgz.{other}.{name} is for" in text


@pytest.mark.parametrize("name", ["exempt", "compressed"])
@pytest.mark.parametrize(
    ("module", "request_", "other"),
    [
        (wsgi, scope_of(), "asgi"),
        (wsgi, ENVIRON, "asgi"),
        (wsgi, object(), "asgi"),
        (asgi, ENVIRON, "wsgi"),
        (asgi, {**ENVIRON, "wsgi.input": None}, "wsgi"),
        (asgi, object(), "wsgi"),
    ],
)
def test_a_request_of_the_other_interface(
    module: Any, request_: Any, other: str, name: str
) -> None:
    function: Callable[[Any], None] = getattr(module, name)
    with pytest.raises(TypeError) as raised:
        function(request_)
    text = str(raised.value)
    assert text.startswith(f"{module.__name__}.{name} takes the ")
    assert f"this {type(request_).__name__} is not" in text
    assert f"pyfastgz.{other}.{name} takes the " in text


def test_what_takes_any_arguments_may_be_of_either() -> None:
    def proxy(*args: Any) -> Any:
        return args

    assert wsgi.CompressMiddleware(proxy).app is proxy
    assert asgi.CompressMiddleware(proxy).app is proxy
