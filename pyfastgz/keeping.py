"""What an application keeps of coded bodies: in this process, and where others find it, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .coding import Settings
from .coding.encoder import compress_in_time
from .policy import LivePolicy
from .store.bodies import BodyStore
from .store.bodies import Code
from .store.keyed import CacheBackend
from .store.keyed import checked_cache
from .store.shared import SharedStore


class Keeper:
    """Codes bodies, and keeps them as the settings say.

    :param settings: the application's configuration.
    :param named: see the attribute.
    :raises ConfigurationError: a setting is not usable.
    """

    __slots__ = ("_cache", "_code", "_shared", "named", "settings", "store")

    # What another kind does in a way of its own.
    _store_kind = BodyStore
    _encode: Code = staticmethod(compress_in_time)

    def __init__(self, settings: dict[str, Any], named: Callable[[str], str]) -> None:
        self.named = named
        """Returns what the application calls a setting, by its key."""
        self.settings = LivePolicy(settings)
        """The settings, of which ``current()`` tells what holds."""
        policy = self.settings.current()
        self.store = self._store_kind(policy.store_bytes) if policy.store_bytes else None
        """Keeps coded bodies in this process; None if it may not."""
        self._shared: SharedStore | None = None
        make_cache, name = policy.cache_backend, named("COMPRESS_CACHE_BACKEND")
        self.cache = None if make_cache is None else checked_cache(make_cache(), name)

    @property
    def cache(self) -> CacheBackend | None:
        """Keeps coded bodies between requests, under names of ``cache_key`` if that is set."""
        return self._cache

    @cache.setter
    def cache(self, cache: CacheBackend | None) -> None:
        self._cache = cache
        # How to code what this process does not keep.
        self._code: Code = self._encode if cache is None else self._code_or_fetch
        if self.store is not None:
            self.store.code = self._code

    def _code_or_fetch(
        self, body: bytes, coding: str, level: int, settings: Settings
    ) -> tuple[bytes, float]:
        """Code a body, unless it is in a cache that is shared.

        See :data:`~pyfastgz.store.bodies.Code`.
        """
        shared = self._shared_store()
        code = self._encode if shared is None else shared.compress
        return code(body, coding, level, settings)

    def _shared_store(self) -> SharedStore | None:
        """Return what other processes have coded, None if nothing is shared with them."""
        cache = self._cache
        if cache is None or self.settings.last.cache_key is not None:
            return None
        shared = self._shared
        if shared is None or shared.backend is not cache:
            shared = self._shared = SharedStore(cache, self._encode, named=self.named)
        return shared
