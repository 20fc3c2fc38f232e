"""Every ``COMPRESS_*`` setting: what it is for, its default, and what it may be.

The reference in the documentation is made of this table, and so are the messages about bad
values. :mod:`pyfastgz.config` makes one object of what an application has set.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from typing import NamedTuple

from .callables import accepts
from .callables import is_async
from .callables import signature_of
from .coding import CODINGS
from .coding import KNOWN_CODINGS
from .coding import available_codings
from .coding import checked_level
from .coding import is_integer
from .errors import ConfigurationError
from .http.fields import media_type
from .http.fields import tokens

AUTO = ("auto",)
"""Stands for all codings, in an order that depends on the size of the body.

.. versionadded:: 0.1
"""

AUTO_SHORT = tuple(sorted(CODINGS, key=lambda name: CODINGS[name].short_rank))
"""The order that ``"auto"`` stands for, for bodies below ``COMPRESS_AUTO_SIZE`` bytes.

.. versionadded:: 0.1
"""

AUTO_LONG = tuple(sorted(CODINGS, key=lambda name: CODINGS[name].long_rank))
"""The order that ``"auto"`` stands for, for all other bodies and for streams.

.. versionadded:: 0.1
"""


class Kind(NamedTuple):
    """The values that settings may have.

    :param wanted: what they are, to follow the words "it must be".
    :param read: returns what stands for a value in the configuration. Raises
        :exc:`ValueError` for a value that is not one, with a text to use instead of ``wanted``
        if it has one.

    .. versionadded:: 0.1
    """

    wanted: str
    read: Callable[[Any], Any]

    def checked(self, name: str, value: Any) -> Any:
        """Return what stands for a value.

        :param name: what the value was given for.
        :raises ConfigurationError: it is not usable; the message has the name.

        .. versionadded:: 0.1
        """
        try:
            return self.read(value)
        except ValueError as error:
            wanted = str(error) or self.wanted
            if isinstance(value, str):
                wanted += self._hint(value)
            raise ConfigurationError(f"{name} is {value!r}; it must be {wanted}") from None

    def _hint(self, text: str) -> str:
        """Return what to do about the text of a usable value, such as ``"6"``, if it is."""
        if self._is_json_of_one(text):
            return (
                ", not a string: app.config.from_prefixed_env() reads what is JSON out of the "
                "environment, such as true, false, numbers and lists"
            )
        if self._is_json_of_one(text.lower()):
            return (
                f", not a string: write {text.lower()}, in lower case as in JSON, and "
                "app.config.from_prefixed_env() reads it out of the environment"
            )
        return ""

    def _is_json_of_one(self, text: str) -> bool:
        try:
            self.read(json.loads(text))
        except (ValueError, RecursionError):
            return False
        return True


class Topic(enum.Enum):
    """What settings are about; the value is a heading.

    .. versionadded:: 0.1
    """

    SELECTION = "Which responses are compressed"
    CODINGS = "Codings and levels"
    STREAMS = "Streams"
    CONDITIONS = "Conditional requests"
    CACHE = "A cache of compressed bodies"
    OBSERVING = "What is told"


class Setting(NamedTuple):
    """One setting.

    :param topic: what it is about.
    :param default: its value in an application that says nothing.
    :param kind: what it may be.
    :param description: what it is for, in Markdown.
    :param is_live: whether a change takes effect while the application runs.
    :param is_new: whether Flask-Compress does not have it.

    .. versionadded:: 0.1
    """

    topic: Topic
    default: Any
    kind: Kind
    description: str
    is_live: bool = False
    is_new: bool = False


# ---- What values may be ----


def _flag(value: object) -> bool:
    # No strings: an environment variable holds "False", which is true.
    if value is True or value is False or (type(value) is int and value in (0, 1)):
        return bool(value)
    raise ValueError


def _size(value: object) -> int:
    if is_integer(value) and value >= 0:
        return int(value)
    raise ValueError


def _seconds(value: Any) -> float:
    # Not a number is not at least 0; infinity is, and means never.
    if type(value) in {int, float} and value >= 0:
        return float(value) / 1000
    raise ValueError


def _function(of: str, count: int) -> Kind:
    """Return the kind of a function that is called with so many positional arguments."""
    wanted = f"None or a function of {of}"

    def read(value: Any) -> Callable[..., Any] | None:
        if value is None:
            return None
        if not callable(value):
            raise ValueError
        if is_async(value):
            raise ValueError(f"{wanted}, and not async")
        if not accepts(value, count):
            raise ValueError(f"{wanted}; this one takes {signature_of(value)}")
        function: Callable[..., Any] = value
        return function

    return Kind(wanted, read)


def _names(value: object) -> list[str]:
    if isinstance(value, str):
        return tokens(value)
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray):
        names = list(value)
        if all(isinstance(name, str) for name in names):
            return names
    raise ValueError


def _endpoints(value: object) -> frozenset[str]:
    names = frozenset(_names(value))
    if isinstance(value, str):
        for name in names:
            # Nothing keeps such a name from being one, but it is hardly what is meant.
            if re.search(r"[\s;]", name):
                raise ValueError(f"{_ENDPOINTS.wanted}; if {name!r} is one, write a list")
    return names


# A name and perhaps parameters (RFC 9110 section 8.3.1).
_TOKEN = r"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
_MEDIA_TYPE = re.compile(rf"\s*{_TOKEN}/{_TOKEN}(\s*;\s*({_TOKEN}=({_TOKEN}|\"[^\"]*\"))?)*\s*")


def _mimetypes(value: object) -> frozenset[str]:
    names = _names(value)
    for name in names:
        if not _MEDIA_TYPE.fullmatch(name):
            raise ValueError(
                "media types such as 'text/html', each an item of a list, or in one string "
                f"with commas between them, unlike {name!r}"
            )
    return frozenset(map(media_type, names))


def _known_codings(value: object) -> tuple[str, ...]:
    """Return the codings that are named, in their order, whether or not they are installed."""
    names = _lower(value)
    for name in names:
        if name not in KNOWN_CODINGS:
            raise ValueError(f"{_CODINGS_WANTED}, unlike {name!r}")
    return tuple(names)


def _codings(value: object) -> tuple[str, ...]:
    """Return the codings that are named and installed, each once, in their order.

    ``br`` needs an optional package and is left out quietly, because the defaults name it; but
    not if nothing else is named, because then nothing would ever be coded.
    """
    names = _known_codings(value)
    codings = installed(names)
    if names and not codings:
        raise ValueError('a coding that is installed: pip install "pyfastgz[br]"')
    return codings


def _codings_or_auto(value: object) -> tuple[str, ...]:
    names = _lower(value)
    if names == list(AUTO):
        return AUTO
    if AUTO[0] in names:
        raise ValueError
    return _codings(names)


def _lower(value: object) -> list[str]:
    return [name.strip().lower() for name in _names(value)]


def installed(names: Iterable[str]) -> tuple[str, ...]:
    """Return the codings of these that are installed, each once.

    .. versionadded:: 0.1
    """
    return tuple(dict.fromkeys(name for name in names if name in available_codings()))


def _number(allowed: range, *others: int) -> Kind:
    def read(value: object) -> int:
        if is_integer(value) and (value in allowed or value in others):
            return int(value)
        raise ValueError

    span = f"an integer from {allowed[0]} to {allowed[-1]}"
    return Kind(", or ".join([span, *map(str, others)]), read)


_CODINGS_WANTED = (
    f"a list of codings, or one string with commas, among {', '.join(KNOWN_CODINGS)}"
)

CODINGS_BY_NAME = Kind(_CODINGS_WANTED, _known_codings)
"""Content codings, whether or not they are installed.

.. versionadded:: 0.1
"""

INSTALLED = Kind(_CODINGS_WANTED, _codings)
"""Content codings, of which ``br`` is left out if it is not installed and not alone.

.. versionadded:: 0.1
"""


def _level(coding: str) -> Kind:
    wanted = _number(CODINGS[coding].levels).wanted

    def read(value: Any) -> int:
        if value is None:
            raise ValueError
        try:
            return checked_level(coding, value)
        except (TypeError, ValueError):
            raise ValueError from None

    return Kind(wanted, read)


_FLAG = Kind("True or False", _flag)
_SIZE = Kind("a number of bytes, 0 or more", _size)
_MILLISECONDS = Kind("a number of milliseconds, 0 or more", _seconds)
_PREDICATE = _function("the request and the response", 2)
_KEY_FUNCTION = _function("the request", 1)
_FACTORY = _function("no arguments that returns the cache, such as lambda: cache", 0)
_ENDPOINTS = Kind("a list of strings, or one string with commas", _endpoints)
_MIMETYPES = Kind("a list of media types, or one string with commas", _mimetypes)
_CODINGS_OR_AUTO = Kind(f"'auto' alone, or {INSTALLED.wanted}", _codings_or_auto)

# ---- The settings ----

SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        "COMPRESS_REGISTER": Setting(
            Topic.SELECTION,
            True,
            _FLAG,
            "Whether every response of the application is looked at. If not, only those are "
            "whose view or blueprint has the decorator `compressed()`.",
        ),
        "COMPRESS_MIMETYPES": Setting(
            Topic.SELECTION,
            [
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
            _MIMETYPES,
            "The media types that are compressed, instead of the default ones: to add some, "
            "use `COMPRESS_EXTRA_MIMETYPES`. Letter case and parameters do not count. A `*` "
            "stands for anything but a slash: `text/*`, `application/*+json`. If both lists "
            "are empty, that is like `COMPRESS_REGISTER = False`.",
        ),
        "COMPRESS_EXTRA_MIMETYPES": Setting(
            Topic.SELECTION,
            [],
            _MIMETYPES,
            "Media types that are compressed beside those of `COMPRESS_MIMETYPES`. Recommended "
            "for whoever sends them: `application/*+json`, `text/csv`, `text/markdown`, "
            "`application/wasm`, and `text/event-stream`.",
            is_new=True,
        ),
        "COMPRESS_ERRORS": Setting(
            Topic.SELECTION,
            False,
            _FLAG,
            "Whether responses with a status of 400 to 599 are compressed like those with 200: "
            "for APIs whose errors are long, such as the lists that a validation makes.",
            is_new=True,
        ),
        "COMPRESS_MIN_SIZE": Setting(
            Topic.SELECTION,
            500,
            _SIZE,
            "Bodies below this many bytes are sent as they are, unless the client refuses "
            "that. A stream is measured by its `Content-Length`, if it has one.",
            is_live=True,
        ),
        "COMPRESS_PREDICATE": Setting(
            Topic.SELECTION,
            None,
            _PREDICATE,
            "Called with the request and the response. If it returns something false, the "
            "response is not compressed, but its `Vary` still says that it could be. If it "
            "raises, that is logged, and the response is not compressed either.",
            is_new=True,
        ),
        "COMPRESS_ALGORITHM": Setting(
            Topic.CODINGS,
            list(KNOWN_CODINGS),
            _CODINGS_OR_AUTO,
            "The codings in use. Their order decides between codings that the client likes "
            "equally. `br` counts only if a brotli package is installed "
            '(`pip install "pyfastgz[br]"`). `"auto"` stands for all, in an order that depends '
            "on the size of the body.",
        ),
        "COMPRESS_AUTO_SIZE": Setting(
            Topic.CODINGS,
            16 * 1024,
            _SIZE,
            f'From this many bytes on, `"auto"` means {", ".join(AUTO_LONG)}; below, '
            f"{', '.join(AUTO_SHORT)}. A stream of unknown length counts as long.",
            is_new=True,
        ),
        "COMPRESS_LEVEL": Setting(
            Topic.CODINGS,
            6,
            _level("gzip"),
            "The level of gzip: 0 stores, 1 is the fastest, 9 the smallest, -1 means 6.",
            is_live=True,
        ),
        "COMPRESS_DEFLATE_LEVEL": Setting(
            Topic.CODINGS,
            -1,
            _level("deflate"),
            "The level of deflate, as that of gzip.",
            is_live=True,
        ),
        "COMPRESS_ZSTD_LEVEL": Setting(
            Topic.CODINGS,
            3,
            _level("zstd"),
            "The level of zstd, as in libzstd: 0 means 3, negative ones are faster and larger.",
            is_live=True,
        ),
        "COMPRESS_BR_LEVEL": Setting(
            Topic.CODINGS,
            4,
            _level("br"),
            "The level of br: 0 is the fastest, 11 the smallest and slowest by far.",
            is_live=True,
        ),
        "COMPRESS_BR_MODE": Setting(
            Topic.CODINGS,
            0,
            _number(range(3)),
            "What br is told of its input: 0 nothing, 1 that it is UTF-8 text, 2 that it is a "
            "font in WOFF 2.",
            is_live=True,
        ),
        "COMPRESS_BR_WINDOW": Setting(
            Topic.CODINGS,
            22,
            _number(range(10, 25)),
            "How far br refers back, as a base-2 logarithm of bytes; 17 at most in streams.",
            is_live=True,
        ),
        "COMPRESS_BR_BLOCK": Setting(
            Topic.CODINGS,
            0,
            _number(range(16, 25), 0),
            "The largest block of br's input: base-2 logarithm of a number of bytes. With 0, "
            "br chooses.",
            is_live=True,
        ),
        "COMPRESS_NOT_ACCEPTABLE": Setting(
            Topic.CODINGS,
            False,
            _FLAG,
            "Whether a client that refuses `identity` and every coding in use gets a 406. "
            "Otherwise it gets the body as it is.",
            is_new=True,
        ),
        "COMPRESS_STREAMS": Setting(
            Topic.STREAMS,
            True,
            _FLAG,
            "Whether streamed responses, files among them, are compressed.",
            is_live=True,
        ),
        "COMPRESS_ALGORITHM_STREAMING": Setting(
            Topic.STREAMS,
            list(KNOWN_CODINGS),
            _CODINGS_OR_AUTO,
            "The same as `COMPRESS_ALGORITHM`, for streamed responses.",
        ),
        "COMPRESS_STREAM_FLUSH_MS": Setting(
            Topic.STREAMS,
            20,
            _MILLISECONDS,
            "In which time a stream may be flushed once more, in milliseconds. Eight flushes "
            "are there at first, so what comes no more often than that is sent at once, and "
            "only bursts of chunks are gathered. 0 flushes every chunk; with infinity none is "
            "flushed early, only each 64 KB. Event streams are flushed at every chunk whatever "
            "it says.",
            is_new=True,
        ),
        "COMPRESS_EVALUATE_CONDITIONAL_REQUEST": Setting(
            Topic.CONDITIONS,
            True,
            _FLAG,
            "Whether a compressed response to GET or HEAD may become a 304 or a 412, by its "
            "own `ETag` and `Last-Modified`.",
            is_live=True,
        ),
        "COMPRESS_STREAMING_ENDPOINT_CONDITIONAL": Setting(
            Topic.CONDITIONS,
            ["static"],
            _ENDPOINTS,
            "The endpoints for whose streamed responses that holds too. Files need not be "
            "named.",
        ),
        "COMPRESS_CACHE_BACKEND": Setting(
            Topic.CACHE,
            None,
            _FACTORY,
            "Called without arguments, returns the cache in which compressed bodies are kept: "
            "anything with `get(key)` and `set(key, value)`. For a cache that is there already "
            "write `lambda: cache`. Of use with `COMPRESS_CACHE_KEY`.",
        ),
        "COMPRESS_CACHE_KEY": Setting(
            Topic.CACHE,
            None,
            _KEY_FUNCTION,
            "Called with the request, returns a string that names its body in the cache: of a "
            "request for `/page` whose key is `page`, gzip is kept as `gzip;page`. A function "
            "that raises, or returns something else, is logged, and the cache is not used.",
        ),
        "COMPRESS_SERVER_TIMING": Setting(
            Topic.OBSERVING,
            False,
            _FLAG,
            "Whether every response has an entry in `Server-Timing` that tells what became of "
            "it. Sizes and times are then no secret.",
            is_new=True,
        ),
    }
)
"""Every setting by its key.

.. versionadded:: 0.1
"""
