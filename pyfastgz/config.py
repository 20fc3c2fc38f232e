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
from operator import itemgetter
from types import MappingProxyType
from typing import Any
from typing import NoReturn

from .brotli import LEVELS as BROTLI_LEVELS
from .brotli import BrotliSettings
from .cache import CacheBackend
from .encoder import available_codings
from .encoder import level_range
from .errors import ConfigurationError
from .http.fields import media_type
from .http.fields import tokens
from .http.negotiation import CodingsBySize

_log = logging.getLogger("pyfastgz")

KNOWN_CODINGS = ("zstd", "br", "gzip", "deflate")
"""Every coding that a configuration may name, whether or not it is installed.

.. versionadded:: 0.1
"""

AUTO_SHORT = ("gzip", "br", "zstd", "deflate")
"""The order that ``"auto"`` stands for, for bodies below ``COMPRESS_AUTO_SIZE`` bytes.

.. versionadded:: 0.1
"""

AUTO_LONG = ("zstd", "gzip", "br", "deflate")
"""The order that ``"auto"`` stands for, for all other bodies and for streams.

.. versionadded:: 0.1
"""

_LEVEL_KEYS = {
    "gzip": "COMPRESS_LEVEL",
    "deflate": "COMPRESS_DEFLATE_LEVEL",
    "br": "COMPRESS_BR_LEVEL",
    "zstd": "COMPRESS_ZSTD_LEVEL",
}

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "COMPRESS_MIMETYPES": [
            "text/html",
            "text/css",
            "text/plain",
            "text/xml",
            "text/x-component",
            "text/javascript",
            "application/x-javascript",
            "application/javascript",
            "application/json",
            "application/manifest+json",
            "application/vnd.api+json",
            "application/xml",
            "application/xhtml+xml",
            "application/rss+xml",
            "application/atom+xml",
            "application/vnd.ms-fontobject",
            "application/x-font-ttf",
            "application/x-font-opentype",
            "application/x-font-truetype",
            "image/svg+xml",
            "image/x-icon",
            "image/vnd.microsoft.icon",
            "font/ttf",
            "font/eot",
            "font/otf",
            "font/opentype",
        ],
        "COMPRESS_LEVEL": 6,
        "COMPRESS_BR_LEVEL": 4,
        "COMPRESS_BR_MODE": 0,
        "COMPRESS_BR_WINDOW": 22,
        "COMPRESS_BR_BLOCK": 0,
        "COMPRESS_ZSTD_LEVEL": 3,
        "COMPRESS_DEFLATE_LEVEL": -1,
        "COMPRESS_MIN_SIZE": 500,
        "COMPRESS_CACHE_KEY": None,
        "COMPRESS_CACHE_BACKEND": None,
        "COMPRESS_REGISTER": True,
        "COMPRESS_STREAMS": True,
        "COMPRESS_ALGORITHM": ["zstd", "br", "gzip", "deflate"],
        "COMPRESS_ALGORITHM_STREAMING": ["zstd", "br", "deflate", "gzip"],
        "COMPRESS_EVALUATE_CONDITIONAL_REQUEST": True,
        "COMPRESS_STREAMING_ENDPOINT_CONDITIONAL": ["static"],
        # What follows, Flask-Compress does not have.
        "COMPRESS_PREDICATE": None,
        "COMPRESS_AUTO_SIZE": 16 * 1024,
        "COMPRESS_STREAM_FLUSH_MS": 20,
        "COMPRESS_SERVER_TIMING": False,
        "COMPRESS_NOT_ACCEPTABLE": False,
    }
)
"""Every setting with its default.

.. versionadded:: 0.1
"""

LIVE_KEYS = (
    *_LEVEL_KEYS.values(),
    "COMPRESS_BR_MODE",
    "COMPRESS_BR_WINDOW",
    "COMPRESS_BR_BLOCK",
    "COMPRESS_MIN_SIZE",
    "COMPRESS_STREAMS",
    "COMPRESS_EVALUATE_CONDITIONAL_REQUEST",
)
"""The settings that may be changed in ``app.config`` while the application runs.

.. versionadded:: 0.1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of one application, validated.

    :param register: whether every response of the application is looked at.
    :param mimetypes: media types to code, in lower case, some perhaps with a ``*``.
    :param codings: enabled codings that are installed, in order of preference.
    :param streaming_codings: the same for streamed responses.
    :param conditional_endpoints: endpoints whose streamed responses may become a 304.
    :param cache_backend: builds the cache of coded bodies.
    :param cache_key: names the coded body of a request in the cache.
    :param predicate: tells of a request and a response whether it may be coded.
    :param flush_seconds: how old the last flush of a stream may be when a chunk arrives.
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
        border = _size(settings, "COMPRESS_AUTO_SIZE")
        return cls(
            register=_flag(settings, "COMPRESS_REGISTER"),
            mimetypes=_mimetypes(settings, "COMPRESS_MIMETYPES"),
            codings=_codings(settings, "COMPRESS_ALGORITHM", border),
            streaming_codings=_codings(settings, "COMPRESS_ALGORITHM_STREAMING", border),
            conditional_endpoints=frozenset(
                _names(settings, "COMPRESS_STREAMING_ENDPOINT_CONDITIONAL")
            ),
            cache_backend=_callable(settings, "COMPRESS_CACHE_BACKEND"),
            cache_key=_callable(settings, "COMPRESS_CACHE_KEY"),
            predicate=_callable(settings, "COMPRESS_PREDICATE"),
            flush_seconds=_milliseconds(settings, "COMPRESS_STREAM_FLUSH_MS") / 1000,
            server_timing=_flag(settings, "COMPRESS_SERVER_TIMING"),
            not_acceptable=_flag(settings, "COMPRESS_NOT_ACCEPTABLE"),
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
        for key, value in DEFAULTS.items():
            settings.setdefault(key, copy(value))
        self._settings = settings
        # One attribute holds both, so that every thread sees a pair that belongs together.
        self._current = (_live_values(settings), Config.from_mapping(settings))

    def current(self) -> Config:
        """Return the configuration as it is now.

        An unusable change is logged once and ignored: it must not fail every request.

        .. versionadded:: 0.1
        """
        seen, config = self._current
        try:
            values = _live_values(self._settings)
        except KeyError:
            # A setting that was deleted keeps its last value.
            return config
        if values != seen:
            try:
                config = config.with_live(self._settings)
            except ConfigurationError as error:
                _log.error("a changed setting is ignored: %s", error)
            self._current = (values, config)
        return config


_live_values = itemgetter(*LIVE_KEYS)


def _live_fields(settings: Mapping[str, Any]) -> dict[str, Any]:
    levels = {
        coding: _number(settings, key, BROTLI_LEVELS if coding == "br" else level_range(coding))
        for coding, key in _LEVEL_KEYS.items()
    }
    return {
        "levels": MappingProxyType(levels),
        "brotli": BrotliSettings(
            mode=_number(settings, "COMPRESS_BR_MODE", range(3)),
            window=_number(settings, "COMPRESS_BR_WINDOW", range(10, 25)),
            block=_number(settings, "COMPRESS_BR_BLOCK", (0, *range(16, 25))),
        ),
        "min_size": _size(settings, "COMPRESS_MIN_SIZE"),
        "streams": _flag(settings, "COMPRESS_STREAMS"),
        "evaluate_conditional": _flag(settings, "COMPRESS_EVALUATE_CONDITIONAL_REQUEST"),
    }


def _flag(settings: Mapping[str, Any], key: str) -> bool:
    value = settings[key]
    # No strings: an environment variable holds "False", which is true.
    if value is True or value is False or (type(value) is int and value in (0, 1)):
        return bool(value)
    _refuse(key, value, "True or False")


def _number(settings: Mapping[str, Any], key: str, allowed: range | tuple[int, ...]) -> int:
    value = settings[key]
    if _is_integer(value) and value in allowed:
        return int(value)
    if isinstance(allowed, range):
        _refuse(key, value, f"an integer from {allowed[0]} to {allowed[-1]}")
    _refuse(key, value, f"one of {', '.join(map(str, allowed))}")


def _size(settings: Mapping[str, Any], key: str) -> int:
    value = settings[key]
    if _is_integer(value) and value >= 0:
        return int(value)
    _refuse(key, value, "a number of bytes, 0 or more")


def _is_integer(value: object) -> bool:
    # The modes of brotlicffi are an IntEnum. Flags are integers too, but not meant as such.
    return isinstance(value, int) and not isinstance(value, bool)


def _milliseconds(settings: Mapping[str, Any], key: str) -> float:
    value: float = settings[key]
    # Not a number is not at least 0; infinity is, and means never.
    if type(value) in {int, float} and value >= 0:
        return value
    _refuse(key, value, "a number of milliseconds, 0 or more")


def _callable(settings: Mapping[str, Any], key: str) -> Callable[..., Any] | None:
    value: Callable[..., Any] | None = settings[key]
    if value is None or callable(value):
        return value
    _refuse(key, value, "None or something to call")


def _names(settings: Mapping[str, Any], key: str) -> list[str]:
    value = settings[key]
    if isinstance(value, str):
        return tokens(value)
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray):
        names = list(value)
        if all(isinstance(name, str) for name in names):
            return names
    _refuse(key, value, "a list of strings, or one string with commas")


def _mimetypes(settings: Mapping[str, Any], key: str) -> frozenset[str]:
    mimetypes = frozenset(media_type(name) for name in _names(settings, key))
    for mimetype in mimetypes:
        kind, slash, subtype = mimetype.partition("/")
        if not (kind and slash and subtype):
            _refuse(key, settings[key], f"media types such as 'text/html', unlike {mimetype!r}")
    return mimetypes


def _codings(settings: Mapping[str, Any], key: str, border: int) -> tuple[str, ...]:
    """Return the codings that are named and installed, each once, in their order.

    ``"auto"`` names them all, in an order that depends on whether a body has ``border`` bytes.
    ``br`` needs an optional package and is left out quietly, because the defaults name it; but
    not if nothing else is named, because then nothing would ever be coded.
    """
    names = [name.strip().lower() for name in _names(settings, key)]
    if names == ["auto"]:
        return CodingsBySize(_installed(AUTO_SHORT), _installed(AUTO_LONG), border)
    for name in names:
        if name not in KNOWN_CODINGS:
            known = ", ".join(KNOWN_CODINGS)
            _refuse(key, settings[key], f"'auto', or names among {known}, unlike {name!r}")
    installed = _installed(names)
    if names and not installed:
        _refuse(key, settings[key], "a coding that is installed: pip install pyfastgz[br]")
    return installed


def _installed(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name in available_codings()))


def _refuse(key: str, value: object, wanted: str) -> NoReturn:
    raise ConfigurationError(f"{key} is {value!r}; it must be {wanted}")
