"""Every door through which the rules are tested: here a new one is added."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from described import OpenDoor
from flask_application import make_flask
from wsgi_application import make_wsgi
from wsgi_client import WsgiClient
from wsgi_server import WsgiServer

DOORS: Mapping[str, OpenDoor] = {
    "FlaskClient": partial(WsgiClient, make_flask, sees_all=True),
    "FlaskServer": partial(WsgiServer, make_flask, sees_all=True),
    "WsgiClient": partial(WsgiClient, make_wsgi, sees_all=False),
    "WsgiServer": partial(WsgiServer, make_wsgi, sees_all=False),
}
