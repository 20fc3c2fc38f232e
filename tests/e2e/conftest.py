"""Servers, in processes of their own, and what their application says without coding."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.e2e import go_client
from tools.kit.decoders import CODINGS
from tools.kit.server import Command
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.server import uwsgi_command
from tools.kit.server import waitress_command
from tools.kit.shop.application import plain_bodies
from tools.kit.shop.resources import RESOURCES

APPLICATION = "tests.e2e.served_application:create_app()"


# Tests have up to 8 streams open at a time, each of which may wait for one more request.
COMMANDS: dict[str, Command] = {
    "gthread": gunicorn_command(APPLICATION),
    "sync": gunicorn_command(APPLICATION, worker_class="sync", workers=12),
    "gevent": gunicorn_command(APPLICATION, worker_class="gevent"),
    "waitress": waitress_command(APPLICATION),
    "uwsgi": uwsgi_command(APPLICATION),
}
"""Servers by name; the first three are gunicorn's workers."""

PACKAGES = {"gevent": "gevent", "waitress": "waitress", "uwsgi": "pyuwsgi"}
"""What must be installed for a server beside gunicorn."""


@pytest.fixture(scope="session", params=COMMANDS)
def server_name(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    package = PACKAGES.get(name)
    if package is not None and find_spec(package) is None:
        pytest.skip(f"the package {package} is not installed")
    return name


@pytest.fixture(scope="session")
def port(server_name: str) -> Iterator[int]:
    """Yield the port of a server that runs the tests' application."""
    with serving(COMMANDS[server_name]) as port:
        yield port


@pytest.fixture(scope="session")
def gunicorn_port() -> Iterator[int]:
    """Yield the port of a gunicorn, for tests in which the server does not matter."""
    with serving(COMMANDS["gthread"]) as port:
        yield port


@pytest.fixture(scope="session")
def bodies() -> dict[str, bytes]:
    """Return what the application says without the extension, by path."""
    return plain_bodies(resource.path for resource in RESOURCES)


@pytest.fixture(scope="session")
def go_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the client in Go; compiling it takes seconds."""
    if go_client.GO is None:
        pytest.skip(go_client.MISSING)
    return go_client.build_client(tmp_path_factory.mktemp("go"))


@pytest.fixture(params=CODINGS)
def coding(request: pytest.FixtureRequest) -> str:
    return str(request.param)
