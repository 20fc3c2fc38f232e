"""A cache in which the application names bodies, and the proof that a kept one still fits."""

from __future__ import annotations

import logging
from collections.abc import Callable
from hashlib import blake2b
from typing import Any
from typing import Protocol
from typing import cast

from ..callables import accepts
from ..callables import is_async
from ..coding.core import VERSION
from ..errors import ConfigurationError

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


def checked_cache(cache: Any, source: str, verb: str = "returns") -> CacheBackend:
    """Return a cache if it has what a :class:`CacheBackend` must have.

    :param source: where it comes from, for the message.
    :param verb: what that does: it returns the cache, or is it.
    :raises ConfigurationError: ``get(key)`` or ``set(key, value)`` is missing, or is async.
    """
    for name, parameters in (("get", "key"), ("set", "key, value")):
        method = getattr(cache, name, None)
        if not accepts(method, parameters.count(",") + 1) or is_async(method):
            raise ConfigurationError(
                f"{source} {verb} {cache!r}; a cache must have get(key) and set(key, value), "
                f"and this has no such {name}({parameters})"
            )
    return cast("CacheBackend", cache)


def key_of(
    function: Callable[..., str], request: Any, named: Callable[[str], str] = str
) -> str | None:
    """Return what a key function says of a request, None if that is of no use.

    A function that raises, or returns something else than a string, is logged: its response is
    compressed without the cache.

    :param named: returns what the application calls a setting, by its key.
    """
    try:
        key = function(request)
    except Exception:
        _log.exception("%s failed; the cache is not used", named("COMPRESS_CACHE_KEY"))
        return None
    if isinstance(key, str):
        return key
    name = named("COMPRESS_CACHE_KEY")
    _log.error("%s returned %r, no string; the cache is not used", name, key)
    return None


def entry_name(coding: str, key: str, own_level: int | None) -> str:
    """Return under which name a coded body is kept.

    That is ``coding;key``, as in Flask-Compress, so that applications find it. A view with a
    level of its own has its own entry, or it and another view of the same key would replace
    each other's again and again.

    :param key: the application's name for the body.
    :param own_level: the level that the view asks for; None if it has the application's.
    """
    return f"{coding};{key}" if own_level is None else f"{coding};{key};level={own_level}"


def sealed_with(coding: str, level: int, settings: object) -> str:
    """Return what a seal has to say of how a body was coded, see :func:`code_through`."""
    return f"{level};{settings}" if coding == "br" else f"{level}"


def code_through(
    cache: CacheBackend,
    name: str,
    body: bytes,
    code: Callable[[bytes], tuple[bytes, float]],
    parameters: str = "",
) -> tuple[bytes, float]:
    """Return ``code(body)``, from the cache if it holds just that.

    The name comes from the application and may outlive the body that it was made for, and the
    settings with which it was coded. A second entry therefore seals body, coded body and
    parameters together: a hit needs the same ones, whichever process wrote either entry and in
    whatever order. The seal proves accidents only: it has no secret, so whoever can write the
    cache can forge it. A cache that fails is logged and does no other harm.

    :param cache: where to look and to keep.
    :param name: names the coded body.
    :param body: the bytes to code.
    :param code: codes them, and tells how many seconds that took; its exceptions propagate.
    :param parameters: with which ``code`` does it; the version of this package counts as well.
    :return: the coded body, and the seconds that coding took, 0 for a hit.
    """
    kept = fetch(cache, name, body, parameters)
    if kept is not None:
        return kept, 0.0
    coded, seconds = code(body)
    try:
        cache.set(name, coded)
        cache.set(_seal_name(name), _seal(body, coded, parameters))
    except Exception:
        _log.exception("writing the cache of compressed bodies failed")
    return coded, seconds


def fetch(cache: CacheBackend, name: str, body: bytes, parameters: str = "") -> bytes | None:
    """Return the coded form of a body if a cache holds just that; as :func:`code_through`."""
    try:
        coded = cache.get(name)
        if isinstance(coded, bytes) and cache.get(_seal_name(name)) == _seal(
            body, coded, parameters
        ):
            return coded
    except Exception:
        _log.exception("reading the cache of compressed bodies failed")
    return None


def _seal_name(name: str) -> str:
    return f"{name};seal"


def _seal(body: bytes, coded: bytes, parameters: str) -> bytes:
    # Another version may make other bytes, or have to make up for wrong ones. The lengths keep
    # the borders between the parts.
    head = f"{VERSION};{len(body)};{len(coded)};{parameters}"
    digest = blake2b(head.encode(), digest_size=32)
    digest.update(body)
    digest.update(coded)
    return digest.digest()
