"""What the extension keeps for one application."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

from flask import Response

from .cache import CacheBackend
from .cache import checked_cache
from .coding import KNOWN_CODINGS
from .config import LiveConfig
from .http.conditions import ends_like_coded
from .http.conditions import parse_tag
from .http.eligibility import wildcard_pattern
from .outcome import Tally

_log = logging.getLogger("pyfastgz")

_MAX_LOGGED = 64
_MAX_OWN_TAGS = 1024

EXTENSION = "compress"
"""The key of :class:`State` in ``app.extensions``.

.. versionadded:: 0.1
"""


class State:
    """What one application has of the extension; :class:`Compress` documents the attributes.

    :param settings: the application's configuration; the part that may change is read again
        whenever it did.
    :raises ConfigurationError: a setting is not usable.

    .. versionadded:: 0.1
    """

    __slots__ = (
        "_logged",
        "cache",
        "cache_key",
        "config",
        "enabled_algorithms",
        "errors",
        "hook",
        "mimetypes",
        "own_tags",
        "predicate",
        "register",
        "server_timing",
        "streaming_algorithms",
        "streaming_endpoint_with_conditional",
        "tally",
        "wildcards",
    )

    wildcards: re.Pattern[str] | None

    def __init__(self, settings: MutableMapping[str, Any]) -> None:
        self.config = LiveConfig(settings)
        config = self.config.current()
        self.cache: CacheBackend | None = None
        if config.cache_backend is not None:
            self.cache = checked_cache(config.cache_backend(), "COMPRESS_CACHE_BACKEND returns")
        self.cache_key = config.cache_key
        self.compress_mimetypes_set = set(config.mimetypes)
        self.enabled_algorithms = config.codings
        self.streaming_algorithms = config.streaming_codings
        self.streaming_endpoint_with_conditional = set(config.conditional_endpoints)
        self.errors = config.errors
        self.register = config.register
        self.predicate = config.predicate
        self.server_timing = config.server_timing
        # What the application calls after each request, if anything.
        self.hook: Callable[[Response], Response] | None = None
        self.tally = Tally()
        # What stands between the quotes of tags that the application ends as coding does.
        self.own_tags: dict[str, None] = {}
        self._logged: set[tuple[object, ...]] = set()

    def log_once(self, message: str, error: Exception) -> None:
        """Log an error, with its traceback, unless one of its type came from the same line.

        What fails for one response often fails for every one like it.

        .. versionadded:: 0.1
        """
        traceback = error.__traceback__
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        where = traceback and (traceback.tb_frame.f_code, traceback.tb_lineno)
        kind = (message, type(error), where)
        if kind not in self._logged and len(self._logged) < _MAX_LOGGED:
            self._logged.add(kind)
            _log.error("%s", message, exc_info=error)

    def note_tag(self, etag: str) -> None:
        """Remember a tag of the application that ends as coding would end it, among the latest.

        Nothing else tells it from a coded one when a client sends it back.

        .. versionadded:: 0.1
        """
        # The colon settles almost every tag.
        if ":" in etag and ends_like_coded(etag, KNOWN_CODINGS):
            if len(self.own_tags) >= _MAX_OWN_TAGS:
                with suppress(KeyError, StopIteration, RuntimeError):
                    del self.own_tags[next(iter(self.own_tags))]
            self.own_tags[parse_tag(etag).opaque] = None

    @property
    def compress_mimetypes_set(self) -> set[str]:
        """The media types to code, in lower case; a ``*`` counts when the set is assigned.

        .. versionadded:: 0.1
        """
        return self.mimetypes

    @compress_mimetypes_set.setter
    def compress_mimetypes_set(self, mimetypes: set[str]) -> None:
        self.mimetypes = mimetypes
        self.wildcards = wildcard_pattern(mimetypes)
