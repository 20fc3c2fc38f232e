"""Coded bodies in a back end that several processes share, found by what they are made of."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from time import monotonic
from time import thread_time
from typing import Any

from ..coding import Settings
from ..coding import br
from ..coding import core
from ..coding.dictionary import Dictionary
from ..coding.encoder import compress_in_time
from .bodies import Code
from .keyed import CacheBackend
from .line import BusyError
from .line import Gate
from .line import Line

_log = logging.getLogger("pyfastgz")

BORDER_SECONDS = 0.001
"""What takes less to code is not asked for.

Measured on an AMD EPYC (family 26, with SHA instructions) that others used as well, with Python
3.11, redis-py 8.1, Redis 7.0 on loopback, in microseconds:

- SHA-256 of a body of 12, 182 and 1,000 KB: 6, 96 and 510;
- reading what is not there, and 40 KB that are, with the thread in between (8 to 15 of it):
  50 and 65 from Redis, 15 and 25 from a FileSystemCache; more over a network;
- coding 12 KB with gzip 6, zstd 3, br 4, br 9: 50, 37, 100, 6,400;
- coding 182 KB: 1,720, 700, 2,000, 18,800;
- all that it takes to ask for 182 KB: 280 from Redis, 220 from files, 250 in vain.

So with gzip 6, for which the border is 100 KB, asking in vain costs a seventh of coding, and an
answer saves five sixths. Of 12 KB it saves nothing.
"""

WAIT_SECONDS = 0.05
"""How long a request waits for an answer: as long as coding 5 MB with gzip 6.

A back end that needs longer three times in a row, or hangs for a second, is not asked again for
a while.
"""

PAUSE_SECONDS = 1.0
"""How long nothing is asked after the first failure."""

# So many times in a row a body is refused before none is offered for a while.
_MANY_REFUSALS = 3

_DIGEST_NBYTES = 32

# Told from all that a back end may return.
_FAILED = object()

# The costs of coding are those of the last 16 to 32 MB of a kind.
_REMEMBERED_NBYTES = 1 << 25


class SharedStore:
    """Coded bodies in a back end, each under a key that says what body it is of, and how coded.

    Nothing is asked for that is coded faster than fetched: of each kind it is known what coding
    a byte takes here. A body of a kind that was not coded here yet is asked for, however small;
    what comes back was expensive elsewhere, for nothing else is kept.

    A value is the coded body behind a digest of it and of its key. What is damaged, cut off, of
    another key or of another type is as good as none. That proves accidents only: the digest
    has no secret, so whoever can write to the back end can send what he likes to clients.
    Through one of cachelib's or Flask-Caching's he can do anything in this process, because
    these unpickle what they read. A body is told from another by SHA-256 alone.

    A back end that fails, is full, or hangs costs no response and little time: calls are made
    by a thread of their own, reading is waited for so long and no longer, writing not at all,
    and after a failure neither is tried for a while. A call that never returns ends the use of
    the back end in this process: it should have a time limit of its own. All is safe in any
    number of threads, and after a fork.

    :param backend: what entries are kept in.
    :param code: codes what is not kept.
    :param border: seconds of processor time. What takes less to code is neither kept nor asked
        for.
    :param wait: seconds that are waited for an answer.
    :param pause: seconds that nothing is asked after a first failure.
    :param named: returns what the application calls a setting, by its key.
    """

    __slots__ = (
        "_border",
        "_code",
        "_costs",
        "_named",
        "_offices",
        "_pause",
        "_wait",
        "backend",
    )

    def __init__(
        self,
        backend: CacheBackend,
        code: Code = compress_in_time,
        *,
        border: float = BORDER_SECONDS,
        wait: float = WAIT_SECONDS,
        pause: float = PAUSE_SECONDS,
        named: Callable[[str], str] = str,
    ) -> None:
        self.backend = backend
        """What entries are kept in."""
        self._code = code
        self._border = border
        self._wait = wait
        self._pause = pause
        self._named = named("COMPRESS_CACHE_BACKEND")
        # By kind: seconds, and the bytes that took them. A lost update does no harm.
        self._costs: dict[str, tuple[float, int]] = {}
        self._offices: dict[int, _Office] = {}

    def compress(
        self, body: bytes, coding: str, level: int, settings: Settings
    ) -> tuple[bytes, float]:
        """Return the coded form of a body, and the seconds that coding took, 0 if it was there.

        Raises what coding raises.
        """
        kind = kind_of(coding, level, settings)
        key, kept = self._fetch(body, kind)
        if kept is not None:
            return kept, 0.0
        start = thread_time()
        coded, seconds = self._code(body, coding, level, settings)
        used = thread_time() - start
        self._note(len(body), kind, used)
        if used >= self._border:
            office = self._office()
            if office.reading.is_open and office.writing.admits():
                office.write(self.backend, key or entry_key(body, kind), coded)
        return coded, seconds

    def fetch(self, body: bytes, coding: str, level: int, settings: Settings) -> bytes | None:
        """Return the coded form of a body if it is there, without coding it otherwise."""
        return self._fetch(body, kind_of(coding, level, settings))[1]

    def _fetch(self, body: bytes, kind: str) -> tuple[str, bytes | None]:
        """Return the key under which was looked, empty for none, and what is there."""
        if self._is_expensive(len(body), kind):
            office = self._office()
            if office.reading.admits():
                key = entry_key(body, kind)
                return key, office.read(self.backend, key, self._wait)
        return "", None

    def _is_expensive(self, nbytes: int, kind: str) -> bool:
        cost = self._costs.get(kind)
        return cost is None or cost[0] * nbytes >= self._border * cost[1]

    def _note(self, nbytes: int, kind: str, seconds: float) -> None:
        """Note what coding took: time of the processor, whatever else it did meanwhile."""
        earlier_seconds, earlier_nbytes = self._costs.get(kind, (0.0, 0))
        if earlier_nbytes >= _REMEMBERED_NBYTES:
            earlier_seconds, earlier_nbytes = earlier_seconds / 2, earlier_nbytes // 2
        self._costs[kind] = (earlier_seconds + seconds, earlier_nbytes + nbytes)

    def _office(self) -> _Office:
        """Return what does the work in this process; a child of it has its own."""
        pid = os.getpid()
        office = self._offices.get(pid)
        return office or self._offices.setdefault(pid, _Office(self._named, self._pause))


class _Office:
    """Reads and writes in one process, and knows whether that works."""

    __slots__ = ("_is_logged", "_line", "_named", "_refusals", "reading", "writing")

    def __init__(self, named: str, pause: float) -> None:
        self._named = named
        self._line = Line()
        self._is_logged = False
        self._refusals = 0
        self.reading = Gate(f"reading {named}", pause)
        self.writing = Gate(f"writing {named}", pause)

    def read(self, backend: CacheBackend, key: str, wait: float) -> bytes | None:
        """Return the coded body of a key, None if there is none to be had."""
        try:
            value = self._line.ask(wait, self._get, backend, key, wait)
        except BusyError:
            return None
        except Exception as error:
            self.reading.failed(error)
            return None
        if value is _FAILED:
            return None
        self.reading.worked()
        return opened(value, key)

    def write(self, backend: CacheBackend, key: str, coded: bytes) -> None:
        """Have a coded body kept, some time soon."""
        try:
            self._line.leave(self._set, backend, key, coded)
        except BusyError:
            pass
        except Exception as error:
            self.writing.failed(error)

    def _get(self, backend: CacheBackend, key: str, wait: float) -> Any:
        start = monotonic()
        try:
            return backend.get(key)
        except Exception as error:
            # What cannot be unpickled or decoded says nothing of the back end, and is in the
            # way until it is replaced. What takes long would take as long again.
            if monotonic() - start < wait and self._replaces(backend, key, error):
                return None
            self.reading.failed(error)
            return _FAILED

    def _replaces(self, backend: CacheBackend, key: str, error: Exception) -> bool:
        """Tell whether what cannot be read can at least be replaced."""
        try:
            if backend.set(key, b"") is False:
                return False
        except Exception:
            return False
        if not self._is_logged:
            self._is_logged = True
            _log.error(
                "an entry of %s cannot be read, and is replaced; no other is logged",
                self._named,
                exc_info=error,
            )
        return True

    def _set(self, backend: CacheBackend, key: str, coded: bytes) -> None:
        try:
            # Others return nothing, cachelib whether it is kept.
            is_kept = backend.set(key, sealed(coded, key)) is not False
        except Exception as error:
            self.writing.failed(error)
            return
        if is_kept:
            self._refusals = 0
            self.writing.worked()
            return
        # It may be this one alone: memcached keeps no more than a megabyte of each.
        self._refusals += 1
        refusal = OSError(f"{len(coded)} bytes were not kept")
        if self._refusals >= _MANY_REFUSALS or not self.writing.is_open:
            self.writing.failed(refusal)


@lru_cache(maxsize=64)
def kind_of(coding: str, level: int, settings: Settings) -> str:
    """Return what the coded form of a body depends on, but for the body and this package.

    That has no spaces, and at most some 100 characters.
    """
    if coding == "zstd":
        return f"zstd;{core.versions()['libzstd']};{level}"
    if isinstance(settings, Dictionary):
        return f"{coding};{core.versions()['libzstd']};{level};{settings.sha256}"
    if coding == "br":
        numbers = "-".join(map(str, settings))
        return f"br;{br.version()};{level};{numbers}"
    return f"{coding};{level}"


def entry_key(body: bytes, kind: str) -> str:
    """Return under which key the coded form of a body is kept.

    It is at most some 200 characters of ASCII, none of them a space: memcached, which is the
    strictest, takes 250, with whatever prefix the back end has.
    """
    return f"pyfastgz;{core.VERSION};{kind};{len(body)};{sha256(body).hexdigest()}"


def sealed(coded: bytes, key: str) -> bytes:
    """Return the value of a coded body: a digest, and then that."""
    return _digest(coded, key) + coded


def opened(value: Any, key: str) -> bytes | None:
    """Return the coded body of a value; None if it is not just what was kept under the key."""
    if type(value) is not bytes or len(value) <= _DIGEST_NBYTES:
        return None
    coded = value[_DIGEST_NBYTES:]
    return coded if value.startswith(_digest(coded, key)) else None


def _digest(coded: bytes, key: str) -> bytes:
    # The key has no zero.
    digest = sha256(key.encode() + b"\0")
    digest.update(coded)
    return digest.digest()
