"""What the extension keeps for one application."""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

from flask import Response

from .cache import CacheBackend
from .cache import checked_cache
from .coding import KNOWN_CODINGS
from .http.conditions import ends_like_coded
from .http.conditions import parse_tag
from .outcome import Tally
from .policy import LivePolicy

_log = logging.getLogger("pyfastgz")

_MAX_LOGGED = 64
_MAX_OWN_TAGS = 1024

EXTENSION = "compress"
"""The key of :class:`State` in ``app.extensions``.

.. versionadded:: 0.1
"""

WISHES = "pyfastgz_wishes"
"""Where a request object holds the :class:`~pyfastgz.policy.wishes.Wishes` of its view.

The environment is no place for them: one application may hand it on to another.
"""


class _OfPolicy:
    """A setting under the name that it has in :class:`~pyfastgz.Compress`."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, state: State, owner: type[State]) -> Any:
        return getattr(state.live.current(), self._name)

    def __set__(self, state: State, value: Any) -> None:
        state.live.assign(**{self._name: value})


class _SetOfPolicy(_OfPolicy):
    """One that is handed out as a set to be changed."""

    __slots__ = ()

    def __get__(self, state: State, owner: type[State]) -> Any:
        return state.live.set_of(self._name)


class State:
    """What one application has of the extension; :class:`Compress` documents the attributes.

    :param settings: the application's configuration; the part that may change is read again
        whenever it did.
    :raises ConfigurationError: a setting is not usable.

    .. versionadded:: 0.1
    """

    __slots__ = ("_logged", "cache", "hook", "live", "own_tags", "tally")

    def __init__(self, settings: MutableMapping[str, Any]) -> None:
        self.live = LivePolicy(settings)
        policy = self.live.current()
        self.cache: CacheBackend | None = None
        if policy.cache_backend is not None:
            self.cache = checked_cache(policy.cache_backend(), "COMPRESS_CACHE_BACKEND returns")
        # What the application calls after each request, if anything.
        self.hook: Callable[[Response], Response] | None = None
        self.tally = Tally()
        # What stands between the quotes of tags that the application ends as coding does.
        self.own_tags: dict[str, None] = {}
        self._logged: set[tuple[object, ...]] = set()

    cache_key = _OfPolicy("cache_key")
    compress_mimetypes_set = _SetOfPolicy("mimetypes")
    enabled_algorithms = _OfPolicy("algorithm")
    streaming_algorithms = _OfPolicy("algorithm_streaming")
    streaming_endpoint_with_conditional = _SetOfPolicy("streaming_endpoint_conditional")

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
