"""Serves the tests' application with waitress, on a listening socket that is inherited."""

from __future__ import annotations

import signal
import socket
import sys

import waitress

from .served_application import create_app


def main(descriptor: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    waitress.serve(create_app(), sockets=[socket.socket(fileno=descriptor)], threads=16)


if __name__ == "__main__":
    main(int(sys.argv[1]))
