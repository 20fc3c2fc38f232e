"""A Redis of the tests' own, with all its files in one folder, which can fail in any way."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

REDIS = shutil.which("redis-server")
"""The path of the program; None where it is not installed."""

_PATIENCE_SECONDS = 60.0


class RedisServer:
    """A Redis on a socket in a folder, which keeps nothing when it ends.

    :param folder: with a short path: that of a socket has 107 bytes at most.
    """

    def __init__(self, folder: Path) -> None:
        self.socket = str(folder / "redis")
        """The path of its socket, the same after each start."""
        self.client = redis.Redis(unix_socket_path=self.socket)
        """For tests that look at entries, or change them."""
        # Without this it tries for seconds.
        self._once = redis.Redis(unix_socket_path=self.socket, retry=Retry(NoBackoff(), 0))
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it answers."""
        assert REDIS is not None
        options = f"--port 0 --unixsocket {self.socket} --save '' --appendonly no".split()
        self._process = subprocess.Popen(
            [REDIS, *(option.strip("'") for option in options), "--dir", str(self._folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        end = time.monotonic() + _PATIENCE_SECONDS
        while not self._answers():
            assert time.monotonic() < end
            time.sleep(0.01)

    def keys(self) -> list[bytes]:
        """Return all keys."""
        return sorted(key for key in self.client.scan_iter() if isinstance(key, bytes))

    def values(self) -> list[bytes]:
        """Return the values of all keys, in their order."""
        values = map(self.client.get, self.keys())
        return [value for value in values if isinstance(value, bytes)]

    def kill(self) -> None:
        """Have it end at once, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Have it stop: connections are accepted for it, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        self._signal(signal.SIGCONT)

    def _answers(self) -> bool:
        with suppress(redis.ConnectionError):
            return bool(self._once.ping())
        return False

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)
