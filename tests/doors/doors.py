"""Every door through which the rules are tested: here a new one is added."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from asgi_application import make_asgi
from asgi_client import AsgiClient
from asgi_server import AsgiServer
from described import OpenDoor
from flask_application import make_flask
from wsgi_application import make_wsgi
from wsgi_client import WsgiClient
from wsgi_server import WsgiServer

ALL = frozenset({"stripped", "files", "parts", "streams", "odd"})

DOORS: Mapping[str, OpenDoor] = {
    "FlaskClient": partial(WsgiClient, make_flask, sees=ALL),
    "FlaskServer": partial(WsgiServer, make_flask, sees=ALL),
    "WsgiClient": partial(WsgiClient, make_wsgi, sees=ALL - {"stripped"}),
    "WsgiServer": partial(WsgiServer, make_wsgi, sees=ALL - {"stripped"}),
    "AsgiClient": partial(AsgiClient, make_asgi),
    "AsgiServer": partial(AsgiServer, make_asgi),
}
