"""WSGI and ASGI: whether what middleware is handed is of the one that it is for.

Both have middleware of the same name, and functions. An application would fail with its first
request, and a page that was to be exempt would be compressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

from .callables import accepts


class Interface(NamedTuple):
    """What servers and applications agree on.

    :param module: has the middleware for it.
    :param parameters: what an application is called with.
    :param request: what a request is called.
    :param key: what each request has, and none of the other.
    """

    module: str
    parameters: tuple[str, ...]
    request: str
    key: str


WSGI = Interface(
    "pyfastgz.wsgi", ("environ", "start_response"), "the environment of WSGI", "wsgi.input"
)
ASGI = Interface("pyfastgz.asgi", ("scope", "receive", "send"), "the scope of ASGI", "type")

_OTHER = {WSGI: ASGI, ASGI: WSGI}


def check_app(app: Any, interface: Interface, user: str) -> None:
    """Check that an application can be called as it will be.

    :param user: the name of what calls it.
    :raises TypeError: it cannot; the message has what is for the others.
    """
    if not accepts(app, len(interface.parameters)):
        other = _OTHER[interface]
        raise TypeError(
            f"{interface.module}.{user} takes an application that is called with "
            f"({', '.join(interface.parameters)}), not {app!r}; "
            f"{other.module}.{user} is for ({', '.join(other.parameters)})"
        )


def check_request(request: Any, interface: Interface, user: str) -> None:
    """Check that this is a request: an environment, or a scope.

    :param user: the name of what looks at it.
    :raises TypeError: it is none; the message has what is for the others.
    """
    if not (isinstance(request, Mapping) and interface.key in request):
        other = _OTHER[interface]
        raise TypeError(
            f"{interface.module}.{user} takes {interface.request}, which this "
            f"{type(request).__name__} is not; {other.module}.{user} takes {other.request}"
        )
