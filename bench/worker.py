"""Measures what a request takes of a worker's processor: far steadier than its throughput is.

One worker serves the applications of all contenders, below paths of their own. Processes that
do the same differ by some percent, by where their memory lies, and no number of rounds would
mend that. A turn is so short that whatever else the machine does meets all contenders alike.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import closing
from statistics import median

from bench.ratios import Middle
from bench.ratios import in_pairs
from bench.ratios import middle
from tools.kit.client import TIMEOUT_SECONDS
from tools.kit.load import LoadError
from tools.kit.turns import in_turns

REQUESTS, FEWER = 32, 16
"""How many requests there are in a turn; fewer for long bodies."""

_ROUNDS = 10, 1000  # the least and the most


class Connection:
    """A connection to a port of this machine, on which one request follows the other."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def close(self) -> None:
        """Close it."""
        self._file.close()
        self._socket.close()

    def get(self, path: str, accept_encoding: str) -> bytes:
        """Return what is on the wire of the content of a response, which must be a 200.

        :raises tools.kit.load.LoadError: it is another.
        """
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {accept_encoding}"
        self._socket.sendall(f"{head}\r\n\r\n".encode("ascii"))
        status = self._file.readline()
        if not status.startswith(b"HTTP/1.1 200 "):
            raise LoadError(f"{path} is answered with {status!r}")
        nbytes = None
        while (line := self._file.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                nbytes = int(value)
        if nbytes is not None:
            return self._file.read(nbytes)
        chunks = []
        while chunk_nbytes := int(self._file.readline(), 16):
            chunks.append(self._file.read(chunk_nbytes))
            self._file.readline()
        self._file.readline()
        return b"".join(chunks)


def measure(
    port: int, paths: Mapping[str, str], accept_encoding: str, requests: int, seconds: float
) -> dict[str, list[float]]:
    """Return the microseconds that a request took in each turn, by contender.

    :param paths: what each contender is asked for; ``/cpu`` must tell the seconds so far.
    :param requests: how many there are in a turn.
    :param seconds: how long to go on.
    """

    def turn_of(path: str) -> Callable[[int], float]:
        def turn(number: int) -> float:
            with closing(Connection(port)) as connection:
                before = float(connection.get("/cpu", "identity"))
                for _ in range(requests if path else 0):
                    connection.get(path, accept_encoding)
                return float(connection.get("/cpu", "identity")) - before

        return turn

    # What the question takes is not a contender's.
    turns = {name: turn_of(path) for name, path in {**paths, "": ""}.items()}
    took = in_turns(turns, rounds=_ROUNDS, seconds=seconds)
    question = median(took.pop("")[0])
    return {name: [1e6 * (t - question) / requests for t in of] for name, (of,) in took.items()}


def shares(measured: Sequence[Mapping[str, list[float]]], base: str) -> dict[str, Middle]:
    """Return the time of a base by that of each contender, both in the same rounds.

    :param measured: what :func:`measure` returned, each time with the base among others.
    """
    pairs: dict[str, list[float]] = {}
    for us in measured:
        for name, some in us.items():
            pairs.setdefault(name, []).extend(in_pairs(us[base], some))
    return {name: middle(some) for name, some in pairs.items()}
