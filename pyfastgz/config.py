"""The ``COMPRESS_*`` settings of an application as one validated, frozen object."""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import MutableMapping
from copy import copy
from dataclasses import dataclass
from dataclasses import replace
from difflib import get_close_matches
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from .cache import CacheBackend
from .coding.br import BrotliSettings
from .errors import ConfigurationError
from .http.negotiation import CodingsBySize
from .settings import AUTO
from .settings import AUTO_LONG
from .settings import AUTO_SHORT
from .settings import SETTINGS
from .settings import installed

_log = logging.getLogger("pyfastgz")

_LEVEL_KEYS = {
    "gzip": "COMPRESS_LEVEL",
    "deflate": "COMPRESS_DEFLATE_LEVEL",
    "br": "COMPRESS_BR_LEVEL",
    "zstd": "COMPRESS_ZSTD_LEVEL",
}

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {key: setting.default for key, setting in SETTINGS.items()}
)
"""Every setting with its default.

.. versionadded:: 0.1
"""

LIVE_KEYS = tuple(key for key, setting in SETTINGS.items() if setting.is_live)
"""The settings that may be changed in ``app.config`` while the application runs.

.. versionadded:: 0.1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of one application, validated.

    :param register: whether every response of the application is looked at.
    :param mimetypes: media types to code, in lower case, some perhaps with a ``*``.
    :param errors: whether responses with a status of 400 to 599 are coded like others.
    :param codings: enabled codings that are installed, in order of preference.
    :param streaming_codings: the same for streamed responses.
    :param conditional_endpoints: endpoints whose streamed responses may become a 304.
    :param cache_backend: builds the cache of coded bodies.
    :param cache_key: names the coded body of a request in the cache.
    :param predicate: tells of a request and a response whether it may be coded.
    :param flush_seconds: in which time a stream may be flushed once more.
    :param server_timing: whether responses carry a Server-Timing entry.
    :param not_acceptable: whether a client that nothing is acceptable to gets a 406.
    :param levels: level by coding.
    :param brotli: how to use brotli.
    :param min_size: bodies below this many bytes are left alone.
    :param streams: whether streamed responses are coded.
    :param evaluate_conditional: whether a coded response to GET or HEAD may become a 304.

    .. versionadded:: 0.1
    """

    register: bool
    mimetypes: frozenset[str]
    errors: bool
    codings: tuple[str, ...]
    streaming_codings: tuple[str, ...]
    conditional_endpoints: frozenset[str]
    cache_backend: Callable[[], CacheBackend] | None
    cache_key: Callable[..., str] | None
    predicate: Callable[..., bool] | None
    flush_seconds: float
    server_timing: bool
    not_acceptable: bool
    levels: Mapping[str, int]
    brotli: BrotliSettings
    min_size: int
    streams: bool
    evaluate_conditional: bool

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any]) -> Config:
        """Read and validate every setting.

        :param settings: holds every key of :data:`DEFAULTS`.
        :raises ConfigurationError: a value is not usable; the message names the key.

        .. versionadded:: 0.1
        """
        border = read_setting(settings, "COMPRESS_AUTO_SIZE")
        return cls(
            register=read_setting(settings, "COMPRESS_REGISTER"),
            mimetypes=read_setting(settings, "COMPRESS_MIMETYPES")
            | read_setting(settings, "COMPRESS_EXTRA_MIMETYPES"),
            errors=read_setting(settings, "COMPRESS_ERRORS"),
            codings=_codings(settings, "COMPRESS_ALGORITHM", border),
            streaming_codings=_codings(settings, "COMPRESS_ALGORITHM_STREAMING", border),
            conditional_endpoints=read_setting(
                settings, "COMPRESS_STREAMING_ENDPOINT_CONDITIONAL"
            ),
            cache_backend=read_setting(settings, "COMPRESS_CACHE_BACKEND"),
            cache_key=read_setting(settings, "COMPRESS_CACHE_KEY"),
            predicate=read_setting(settings, "COMPRESS_PREDICATE"),
            flush_seconds=read_setting(settings, "COMPRESS_STREAM_FLUSH_MS"),
            server_timing=read_setting(settings, "COMPRESS_SERVER_TIMING"),
            not_acceptable=read_setting(settings, "COMPRESS_NOT_ACCEPTABLE"),
            **_live_fields(settings),
        )

    def with_live(self, settings: Mapping[str, Any]) -> Config:
        """Return a copy with the settings of :data:`LIVE_KEYS` read again.

        :raises ConfigurationError: a value is not usable; the message names the key.

        .. versionadded:: 0.1
        """
        return replace(self, **_live_fields(settings))


class LiveConfig:
    """Follows the settings that may change at run time, at the cost of one comparison.

    :param settings: the application's configuration.
    :raises ConfigurationError: a value is not usable; the message names the key.

    .. versionadded:: 0.1
    """

    __slots__ = ("_current", "_settings")

    def __init__(self, settings: MutableMapping[str, Any]) -> None:
        for key, near in unknown_keys(settings).items():
            # No warning of the module warnings: without any set-up Python prints both, but this
            # goes where an application sends its messages, and no filter that makes errors of
            # warnings stops an application because of a key that belongs to something else.
            hint = f"; did you mean {near}?" if near else ""
            _log.warning("%s is no setting of pyfastgz and does nothing%s", key, hint)
        for key, value in DEFAULTS.items():
            settings.setdefault(key, copy(value))
        self._settings = settings
        # Lists, because applications append to them.
        in_effect = {
            key: copy(settings[key]) if isinstance(settings[key], list) else settings[key]
            for key in DEFAULTS
        }
        # One attribute holds all, so that every thread sees what belongs together.
        self._current = (_live_values(settings), in_effect, Config.from_mapping(settings))

    @property
    def in_effect(self) -> Mapping[str, Any]:
        """Every setting as it is in effect: the last usable value of those that may change.

        .. versionadded:: 0.1
        """
        self.current()
        return self._current[1]

    def current(self) -> Config:
        """Return the configuration as it is now.

        A change to an unusable value is logged once and must not fail every request: that
        setting keeps its last usable value, as does one that was deleted. The others go on
        following their changes.

        .. versionadded:: 0.1
        """
        seen, in_effect, config = self._current
        try:
            values = _live_values(self._settings)
        except KeyError:
            values = tuple(self._settings.get(key, _DELETED) for key in LIVE_KEYS)
        if not _is_same(values, seen):
            in_effect = {**in_effect, **_usable_changes(values, seen)}
            config = config.with_live(in_effect)
            self._current = (values, in_effect, config)
        return config


_DELETED = object()


def _is_same(value: Any, other: Any) -> bool:
    try:
        return bool(value == other)
    except Exception:
        # Nobody knows what an application puts in; an array is compared item by item.
        return False


def _usable_changes(values: Iterable[Any], seen: Iterable[Any]) -> dict[str, Any]:
    """Return the live settings that were changed to usable values; log the unusable ones."""
    changes = {}
    for key, value, previous in zip(LIVE_KEYS, values, seen, strict=True):
        if value is previous or value is _DELETED or _is_same(value, previous):
            continue
        try:
            read_setting({key: value}, key)
        except ConfigurationError as error:
            _log.error("a changed setting is ignored: %s", error)
        else:
            changes[key] = value
    return changes


def unknown_keys(settings: Mapping[str, Any]) -> dict[str, str | None]:
    """Return every key that begins like a setting and is none, with the nearest that is one.

    .. versionadded:: 0.1
    """
    unknown = {}
    for key in settings:
        if isinstance(key, str) and key.startswith("COMPRESS_") and key not in SETTINGS:
            near = get_close_matches(key.upper(), SETTINGS, n=1, cutoff=0.8)
            unknown[key] = near[0] if near else None
    return unknown


_live_values: Callable[[Mapping[str, Any]], tuple[Any, ...]] = itemgetter(*LIVE_KEYS)


def _live_fields(settings: Mapping[str, Any]) -> dict[str, Any]:
    levels = {coding: read_setting(settings, key) for coding, key in _LEVEL_KEYS.items()}
    return {
        "levels": MappingProxyType(levels),
        "brotli": BrotliSettings(
            mode=read_setting(settings, "COMPRESS_BR_MODE"),
            window=read_setting(settings, "COMPRESS_BR_WINDOW"),
            block=read_setting(settings, "COMPRESS_BR_BLOCK"),
        ),
        "min_size": read_setting(settings, "COMPRESS_MIN_SIZE"),
        "streams": read_setting(settings, "COMPRESS_STREAMS"),
        "evaluate_conditional": read_setting(settings, "COMPRESS_EVALUATE_CONDITIONAL_REQUEST"),
    }


def _codings(settings: Mapping[str, Any], key: str, border: int) -> tuple[str, ...]:
    """Return codings in their order, in two orders for bodies below and from ``border`` on."""
    codings: tuple[str, ...] = read_setting(settings, key)
    if codings == AUTO:
        return CodingsBySize(installed(AUTO_SHORT), installed(AUTO_LONG), border)
    return codings


def read_setting(settings: Mapping[str, Any], key: str) -> Any:
    """Return what stands for the value of a setting.

    :raises ConfigurationError: the value is not usable; the message names the key.

    .. versionadded:: 0.1
    """
    return SETTINGS[key].kind.checked(key, settings[key])
