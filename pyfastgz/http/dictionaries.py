"""Compression dictionary transport (RFC 9842): which dictionary a response may be coded with.

A client that has stored a response as a dictionary names its hash in Available-Dictionary. The
hash alone is proof that both have the same bytes. Whatever is in doubt is no dictionary: the
response is then what it would be without.
"""

from __future__ import annotations

import re
from base64 import b64decode
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from typing import Protocol

from .fields import has_directive
from .fields import seconds_of_directive

CODING = "dcz"
"""The content coding: a zstd frame that refers to a dictionary (RFC 9842 section 5)."""

BASE = "zstd"
"""The coding that stands for it where codings and levels are chosen."""

PATH = "/_compress/dictionary/"
"""Below this path, dictionaries made of pages are served, by the SHA-256 of their bytes."""

LINKING = frozenset({"text/html", "application/xhtml+xml"})
"""The media types of documents: browsers heed the links of nothing else."""

MARK_LENGTH = 8
"""So many digits of the hash of its dictionary tell a coded form in its entity tag."""

# Chromium takes no response with one of these for a dictionary.
_ALWAYS_ASKED_FOR = ("no-store", "no-cache", "must-revalidate")

# The words of Fetch's metadata that say more than nothing.
_SITES = frozenset({None, "same-origin", "same-site", "cross-site", "none"})
_MODES = frozenset({None, "navigate", "same-origin", "cors", "no-cors"})
_NO_WORD = "?"

# A structured field with one byte sequence, of 32 bytes (RFC 9651 section 3.3.5). What has
# parameters, or a second member from a second line, is in doubt.
_AVAILABLE = re.compile(r"[ \t]*:([A-Za-z0-9+/]{43}=):[ \t]*", re.ASCII)
_MAX_AVAILABLE_LENGTH = 64


class Known(Protocol):
    """A dictionary that this server has."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of its bytes, in lower-case hexadecimal digits."""
        ...


class Asked(NamedTuple):
    """What a request says that matters for a dictionary; None for a field that is absent.

    :param available: Available-Dictionary.
    :param site: Sec-Fetch-Site.
    :param mode: Sec-Fetch-Mode.
    :param origin: Origin.
    """

    available: str | None = None
    site: str | None = None
    mode: str | None = None
    origin: str | None = None

    def usual(self) -> Asked:
        """Return the same with no words but those of Fetch, of which others allow nothing."""
        site, mode = self.site, self.mode
        if site in _SITES and mode in _MODES:
            return self
        return self._replace(
            site=site if site in _SITES else _NO_WORD,
            mode=mode if mode in _MODES else _NO_WORD,
        )

    def told(self, *, may_read: bool) -> Asked:
        """Return the same of all who name the dictionary, and may read the response or not."""
        word = None if may_read else _NO_WORD
        return Asked(self.available, word, word)


NOTHING_ASKED = Asked()
"""What nearly every request says."""


class Transport(NamedTuple):
    """What dictionaries have to do with an exchange, where an application has any.

    :param dictionary: the one that the response may be coded with, None for none.
    :param link: where the client may get others, if it is a document: the value of a Link
        field; None for none.
    :param own: that the response is a dictionary itself: the value of Use-As-Dictionary; None
        if it is none.
    :param is_version: the dictionary is a version of the file that the response is.
    """

    dictionary: Known | None = None
    link: str | None = None
    own: str | None = None
    is_version: bool = False


NO_TRANSPORT = Transport()
"""That of nearly every exchange of an application that has dictionaries."""


def announced(available: str) -> str | None:
    """Return the SHA-256 that Available-Dictionary names, in hexadecimal digits; None in doubt.

    RFC 9842 section 2.2.
    """
    return _announced(available) if len(available) <= _MAX_AVAILABLE_LENGTH else None


@lru_cache(maxsize=256)
def _announced(available: str) -> str | None:
    found = _AVAILABLE.fullmatch(available)
    return b64decode(found[1]).hex() if found else None


def available(sha256: str) -> str:
    """Return the value of Available-Dictionary that names a hash in hexadecimal digits."""
    return f":{b64encode(bytes.fromhex(sha256)).decode()}:"


def usable(asked: Asked, known: Mapping[str, Known], fields: Mapping[str, str]) -> Known | None:
    """Return the dictionary that a client has for a response, None if there is none to be used.

    :param known: the dictionaries of the server, by their hashes.
    :param fields: the response's field values by lower-case name.
    """
    if asked.available is None:
        return None
    dictionary = known.get(announced(asked.available) or "")
    return dictionary if dictionary is not None and may_read(asked, fields) else None


def depends_on_origin(asked: Asked) -> bool:
    """Tell whether a response may be read depends on what it says of origins."""
    return may_read(asked, {"access-control-allow-origin": "*"}) and not may_read(asked, {})


def may_read(asked: Asked, fields: Mapping[str, str]) -> bool:
    """Tell whether the client's page may read the response (RFC 9842 section 9.3.3).

    Of one that it may not, the length would tell whether it is like the dictionary.

    :param fields: the response's field values by lower-case name.
    """
    _, site, mode, origin = asked
    if site is None and mode is None:
        # No browser, or an old one: nobody but the client itself sees the length.
        return True
    if site == "same-origin" or mode in {"navigate", "same-origin"}:
        return True
    allowed = fields.get("access-control-allow-origin")
    return mode == "cors" and origin is not None and allowed in {"*", origin}


def use_as_dictionary(match: str, destinations: tuple[str, ...] = ()) -> str:
    """Return the value of Use-As-Dictionary (RFC 9842 section 2.1).

    :param match: the URL pattern of the responses that the dictionary is for, in printable
        ASCII.
    :param destinations: of which requests, in the words of Fetch; all if there are none.
    """
    value = f"match={_quoted(match)}"
    if destinations:
        value += f", match-dest=({' '.join(map(_quoted, destinations))})"
    return value


def link_to(path: str) -> str:
    """Return the value of a Link field that has the browser fetch a dictionary when idle.

    RFC 9842 section 3.

    :param path: where it is served, in the characters of a URL.
    """
    return f'<{path}>; rel="compression-dictionary"'


def _quoted(text: str) -> str:
    """Return a string of a structured field (RFC 9651 section 3.3.3)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def is_kept_fresh(fields: Mapping[str, str]) -> bool:
    """Tell whether a client keeps a response fresh for a while, so that it is a dictionary.

    RFC 9842 section 2.2.1: a dictionary is one as long as it is fresh, or may be used stale.

    :param fields: the response's field values by lower-case name.
    """
    cache_control = fields.get("cache-control")
    if cache_control is None:
        return "expires" in fields
    if any(has_directive(cache_control, name) for name in _ALWAYS_ASKED_FOR):
        return False
    # It may be stale for so long (RFC 5861 section 3).
    if seconds_of_directive(cache_control, "stale-while-revalidate"):
        return True
    max_age = seconds_of_directive(cache_control, "max-age")
    return "expires" in fields if max_age is None else max_age > 0
