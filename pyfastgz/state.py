"""What the extension keeps for one application."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from .cache import CacheBackend
from .config import LiveConfig


class State:
    """What one application has of the extension; :class:`Compress` documents the attributes.

    :param settings: the application's configuration; the part that may change is read again
        whenever it did.
    :param hooked: the application already calls ``after_request``.
    :raises ConfigurationError: a setting is not usable.

    .. versionadded:: 0.1
    """

    __slots__ = (
        "cache",
        "cache_key",
        "compress_mimetypes_set",
        "config",
        "enabled_algorithms",
        "hooked",
        "streaming_algorithms",
        "streaming_endpoint_with_conditional",
    )

    def __init__(self, settings: MutableMapping[str, Any], *, hooked: bool) -> None:
        self.config = LiveConfig(settings)
        config = self.config.current()
        backend = config.cache_backend
        self.cache: CacheBackend | None = None if backend is None else backend()
        self.cache_key = config.cache_key
        self.compress_mimetypes_set = set(config.mimetypes)
        self.enabled_algorithms = config.codings
        self.streaming_algorithms = config.streaming_codings
        self.streaming_endpoint_with_conditional = set(config.conditional_endpoints)
        self.hooked = hooked
