"""Servers, in processes of their own, and what their application says without coding."""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Iterator

import pytest

from tools.demo.application import plain_bodies
from tools.demo.decoding import CODINGS
from tools.demo.resources import RESOURCES
from tools.demo.server import gunicorn_command
from tools.demo.server import serving


def waitress_command(descriptor: int) -> list[str]:
    return [sys.executable, "-m", "tests.e2e.serve_with_waitress", str(descriptor)]


COMMANDS: dict[str, Callable[[int], list[str]]] = {
    "gunicorn": gunicorn_command("tests.e2e.served_application:create_app()"),
    "waitress": waitress_command,
}


@pytest.fixture(scope="session", params=COMMANDS)
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """Yield the port of a server that runs the tests' application."""
    if request.param == "waitress":
        pytest.importorskip("waitress")
    with serving(COMMANDS[request.param]) as port:
        yield port


@pytest.fixture(scope="session")
def bodies() -> dict[str, bytes]:
    """Return what the application says without the extension, by path."""
    return plain_bodies(resource.path for resource in RESOURCES)


@pytest.fixture(params=CODINGS)
def coding(request: pytest.FixtureRequest) -> str:
    return str(request.param)
