"""What the values of settings may be, and what stands for them in the policy."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from collections.abc import Iterable
from typing import Any
from typing import NamedTuple

from ..callables import accepts
from ..callables import is_async
from ..callables import signature_of
from ..coding import CODINGS
from ..coding import KNOWN_CODINGS
from ..coding import available_codings
from ..coding import checked_level
from ..coding import is_integer
from ..errors import ConfigurationError
from ..http.fields import media_type
from ..http.fields import tokens

PREFIX = "COMPRESS_"
"""How the keys of settings begin."""

AUTO = ("auto",)
"""Stands for all codings, in an order that depends on the size of the body."""


class Kind(NamedTuple):
    """The values that settings may have.

    :param wanted: what they are, to follow the words "it must be".
    :param read: returns what stands for a value in the configuration. Raises
        :exc:`ValueError` for a value that is not one, with a text to use instead of ``wanted``
        if it has one.
    :param is_secret: whether nobody is to see them.
    """

    wanted: str
    read: Callable[[Any], Any]
    is_secret: bool = False

    def shown(self, value: Any) -> str:
        """Return what may be shown of a value."""
        return f"a secret {type(value).__name__}" if self.is_secret and value else repr(value)

    def checked(self, name: str, value: Any) -> Any:
        """Return what stands for a value.

        :param name: what the value was given for.
        :raises ConfigurationError: it is not usable; the message has the name.
        """
        try:
            return self.read(value)
        except ValueError as error:
            wanted = str(error) or self.wanted
            if isinstance(value, str):
                wanted += self._hint(name, value)
            shown = self.shown(value)
            raise ConfigurationError(f"{name} is {shown}; it must be {wanted}") from None

    def _hint(self, name: str, text: str) -> str:
        """Return what to do about the text of a usable value, such as ``"6"``, if it is."""
        is_lower = self._is_json_of_one(text)
        if not is_lower and not self._is_json_of_one(text.lower()):
            return ""
        if not name.startswith(PREFIX):
            return ", not a string"
        if is_lower:
            return (
                ", not a string: app.config.from_prefixed_env() reads what is JSON out of the "
                "environment, such as true, false, numbers and lists"
            )
        return (
            f", not a string: write {text.lower()}, in lower case as in JSON, and "
            "app.config.from_prefixed_env() reads it out of the environment"
        )

    def _is_json_of_one(self, text: str) -> bool:
        try:
            self.read(json.loads(text))
        except (ValueError, RecursionError):
            return False
        return True


def _flag(value: object) -> bool:
    # No strings: an environment variable holds "False", which is true.
    if value is True or value is False or (type(value) is int and value in (0, 1)):
        return bool(value)
    raise ValueError


def _size(value: object) -> int:
    if is_integer(value) and value >= 0:
        return int(value)
    raise ValueError


def _size_or_none(value: object) -> int | None:
    if value is None:
        return None
    if is_integer(value) and value > 0:
        return int(value)
    raise ValueError


def _ratio(value: Any) -> float:
    # Infinity is one, and limits nothing.
    if type(value) in {int, float} and value >= 1:
        return float(value)
    raise ValueError


def _milliseconds(value: Any) -> float:
    # Not a number is not at least 0; infinity is, and means never.
    if type(value) in {int, float} and value >= 0:
        return float(value)
    raise ValueError


def _cores(value: Any) -> float | None:
    if value is None:
        return None
    if type(value) in {int, float} and 0 < value <= (os.cpu_count() or 1):
        return float(value)
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


def _folder(value: Any) -> str | None:
    if value is None:
        return None
    try:
        path = os.fspath(value)
    except TypeError:
        raise ValueError from None
    # An empty one would be the root path itself.
    if not isinstance(path, str) or not path or "\0" in path:
        raise ValueError
    return path


def _key(value: object) -> bytes | None:
    key = value.encode() if isinstance(value, str) else value
    if key is None or (isinstance(key, bytes) and key):
        return key
    raise ValueError


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
                raise ValueError(f"{ENDPOINTS.wanted}; if {name!r} is one, write a list")
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
    """Return the codings of these that are installed, each once."""
    return tuple(dict.fromkeys(name for name in names if name in available_codings()))


def number(allowed: range, *others: int) -> Kind:
    """Return the kind of integers in a range, and some others."""

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
"""Content codings, whether or not they are installed."""

INSTALLED = Kind(_CODINGS_WANTED, _codings)
"""Content codings, of which ``br`` is left out if it is not installed and not alone."""


def level(coding: str) -> Kind:
    """Return the kind of levels of a coding."""
    wanted = number(CODINGS[coding].levels).wanted

    def read(value: Any) -> int:
        if value is None:
            raise ValueError
        try:
            return checked_level(coding, value)
        except (TypeError, ValueError):
            raise ValueError from None

    return Kind(wanted, read)


FLAG = Kind("True or False", _flag)
SIZE = Kind("a whole number of bytes, 0 or more", _size)
SIZE_OR_NONE = Kind("None or a whole number of bytes, 1 or more", _size_or_none)
RATIO = Kind("a number, 1 or more", _ratio)
MILLISECONDS = Kind("a number of milliseconds, 0 or more", _milliseconds)
CORES = Kind(
    "None or a number of processor cores above 0, and not above those that there are", _cores
)
PREDICATE = _function("the request and the response", 2)
KEY_FUNCTION = _function("the request", 1)
FOLDER = Kind("None or the path of a folder, a string or a pathlib.Path", _folder)
KEY = Kind("None, or a string or bytes that are not empty", _key, is_secret=True)
LETTERS = number(range(1025))
FACTORY = _function("no arguments that returns the cache, such as lambda: cache", 0)
ENDPOINTS = Kind("a list of strings, or one string with commas", _endpoints)
MIMETYPES = Kind("a list of media types, or one string with commas", _mimetypes)
CODINGS_OR_AUTO = Kind(f"'auto' alone, or {INSTALLED.wanted}", _codings_or_auto)
