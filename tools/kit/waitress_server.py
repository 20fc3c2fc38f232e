"""Serves an application with waitress, on a listening socket that is inherited.

``python -m tools.kit.waitress_server DESCRIPTOR APPLICATION`` takes the application as
:func:`tools.kit.server.waitress_command` does.
"""

from __future__ import annotations

import signal
import socket
import sys
from pkgutil import resolve_name

import waitress


def main(descriptor: int, application: str) -> None:
    """Serve until the process is told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    app = resolve_name(application.removesuffix("()"))()
    waitress.serve(app, sockets=[socket.socket(fileno=descriptor)], threads=16)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
