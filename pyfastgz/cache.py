"""Where coded bodies may be kept between requests, and the proof that a kept one still fits."""

from __future__ import annotations

import logging
from collections.abc import Callable
from hashlib import blake2b
from typing import Any
from typing import Protocol
from typing import cast

from .callables import accepts
from .callables import is_async
from .errors import ConfigurationError

_log = logging.getLogger("pyfastgz")


class CacheBackend(Protocol):
    """What ``COMPRESS_CACHE_BACKEND`` must build: anything with ``get`` and ``set``.

    A Flask-Caching ``Cache`` is one, and so is every cachelib cache.

    .. versionadded:: 0.1
    """

    def get(self, key: str) -> bytes | None:
        """Return the value stored under ``key``, or ``None``."""

    def set(self, key: str, value: bytes) -> bool | None:
        """Store ``value`` under ``key``."""


class DictCache:
    """A cache in a dictionary: per process, unbounded, for small sets of keys and for tests.

    .. versionadded:: 0.1
    """

    __slots__ = ("data",)

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        """Return the value stored under ``key``, or ``None``.

        .. versionadded:: 0.1
        """
        return self.data.get(key)

    def set(self, key: str, value: bytes) -> None:
        """Store ``value`` under ``key``.

        .. versionadded:: 0.1
        """
        self.data[key] = value


def checked_cache(cache: Any, source: str) -> CacheBackend:
    """Return a cache if it has what a :class:`CacheBackend` must have.

    :param source: where it comes from, for the message.
    :raises ConfigurationError: ``get(key)`` or ``set(key, value)`` is missing, or is async.

    .. versionadded:: 0.1
    """
    for name, parameters in (("get", "key"), ("set", "key, value")):
        method = getattr(cache, name, None)
        if not accepts(method, parameters.count(",") + 1) or is_async(method):
            raise ConfigurationError(
                f"{source} {cache!r}; a cache must have get(key) and set(key, value), "
                f"and this has no such {name}({parameters})"
            )
    return cast("CacheBackend", cache)


def code_through(
    cache: CacheBackend, key: str, body: bytes, code: Callable[[bytes], bytes]
) -> bytes:
    """Return ``code(body)``, from the cache if it holds just that.

    The key is the application's and may outlive the body that it was made for. A second entry
    therefore seals the pair of body and coded body: a hit needs the same body, whoever wrote
    either entry and in whatever order. A cache that fails is logged and does no other harm.

    :param cache: where to look and to keep.
    :param key: names the coded body.
    :param body: the bytes to code.
    :param code: codes them; its exceptions propagate.

    .. versionadded:: 0.1
    """
    seal_key = f"{key};seal"
    try:
        coded = cache.get(key)
        if isinstance(coded, bytes) and cache.get(seal_key) == _seal(body, coded):
            return coded
    except Exception:
        _log.exception("reading the cache of coded bodies failed")
    coded = code(body)
    try:
        cache.set(key, coded)
        cache.set(seal_key, _seal(body, coded))
    except Exception:
        _log.exception("writing the cache of coded bodies failed")
    return coded


def _seal(body: bytes, coded: bytes) -> bytes:
    # The length keeps the border between the two apart.
    digest = blake2b(len(body).to_bytes(8, "big"), digest_size=32)
    digest.update(body)
    digest.update(coded)
    return digest.digest()
