"""Every door through which the rules are tested: here a new one is added."""

from __future__ import annotations

from described import OpenDoor
from flask_client import FlaskClient
from flask_server import FlaskServer

DOORS: tuple[OpenDoor, ...] = (FlaskClient, FlaskServer)
