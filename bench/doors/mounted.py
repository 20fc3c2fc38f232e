"""All ASGI applications in one, served by uvicorn: each with its middleware, at its own levels.

Processes that do the same differ by some percent, so all are in one.
``python -m bench.doors.mounted DESCRIPTOR APPLICATION`` serves them on a listening socket that
is inherited. uvicorn's own option for that takes it for one of Unix, and has each answer wait
for the client's acknowledgement of its head.
"""

from __future__ import annotations

import signal
import socket
import sys
from pkgutil import resolve_name
from time import process_time
from typing import Any

import uvicorn

from tools.kit.server import IDLE_SECONDS
from tools.kit.server import Command

from .asgi import ASGI
from .contenders import OWN

ENDS_WITH = -signal.SIGTERM
"""How a server ends: once shut down, uvicorn lets the signal do what it does to others."""


def mount(contender: str) -> str:
    """Return the path below which the application with a contender is."""
    return f"/{list(ASGI.contenders).index(contender)}"


def create_worker(app: Any) -> Any:
    """Return an application that has another one with each contender, where :func:`mount` says.

    ``/cpu`` says how much of the processor the process took so far, in seconds.
    """
    apps = {mount(name): of.around(app, OWN) for name, of in ASGI.contenders.items()}

    async def worker(scope: Any, receive: Any, send: Any) -> None:
        first, slash, rest = scope["path"][1:].partition("/")
        mounted = apps.get(f"/{first}")
        if mounted is not None:
            path = f"{slash}{rest}"
            await mounted({**scope, "path": path, "raw_path": path.encode()}, receive, send)
            return
        content = repr(process_time()).encode("ascii")
        headers = [(b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return worker


def uvicorn_command(application: str) -> Command:
    """Return the command that serves an application with uvicorn, with each contender.

    :param application: ``"package.module:function"``, which makes it.
    """
    module = "bench.doors.mounted"
    return lambda descriptor: [sys.executable, "-m", module, str(descriptor), application]


def main(descriptor: int, application: str) -> None:
    """Serve until the process is told to end."""
    config = uvicorn.Config(
        create_worker(resolve_name(application)()),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=IDLE_SECONDS,
    )
    uvicorn.Server(config).run([socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
