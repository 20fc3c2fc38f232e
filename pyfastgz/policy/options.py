"""The settings as options of middleware: in lower case, without ``COMPRESS_``."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from .kinds import PREFIX
from .table import KEYS
from .table import SETTINGS

# What only Flask has: decorators, endpoints.
_OF_FLASK = ("register", "streaming_endpoint_conditional")

OPTIONS: Mapping[str, str] = MappingProxyType(
    {name: key for name, key in KEYS.items() if name not in _OF_FLASK}
)
"""The key of each setting that middleware has, by the name of its option."""

_ELSEWHERE = {
    "brotli_quality": "br_level",
    "compresslevel": "level",
    "exclude_content_types": "mimetypes",
    "gzip_level": "level",
}
"""What options of other middleware are here, where the nearest name is none or another."""


def settings_from(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that options stand for.

    :raises ConfigurationError: a value is not usable; the message names the option.
    :raises TypeError: there is no such option; the message names the nearest that is one.
    """
    settings = {}
    for name, value in options.items():
        key = OPTIONS.get(name)
        if key is None:
            likely = name.lower().removeprefix(PREFIX.lower())
            near = get_close_matches(likely, OPTIONS, n=1, cutoff=0.6)
            meant = _ELSEWHERE.get(likely) or next(iter(near), None)
            if likely in _OF_FLASK:
                hint = "; it is a setting of Flask's alone"
            else:
                hint = f"; did you mean {meant}?" if meant else ""
            raise TypeError(f"CompressMiddleware has no option {name}{hint}")
        SETTINGS[key].kind.checked(name, value)
        settings[key] = value
    return settings
