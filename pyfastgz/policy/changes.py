"""Settings that change while an application runs: which have, and what is wrong with some."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError
from ..http.negotiation import CodingsBySize
from .kinds import AUTO
from .lookup import DELETED
from .lookup import is_same
from .lookup import value_of
from .table import LIVE_KEYS
from .table import NAMES
from .table import read_setting


def live_values(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that may change while the application runs, as they are now."""
    return {key: value_of(settings, key) for key in LIVE_KEYS}


def usable_changes(
    values: Mapping[str, Any], seen: Mapping[str, Any]
) -> tuple[dict[str, Any], list[ConfigurationError]]:
    """Return by name what was changed to usable values, and what is wrong with the others."""
    changes = {}
    errors = []
    for key, value in values.items():
        if value is DELETED or is_same(value, seen[key]):
            continue
        try:
            changes[NAMES[key]] = read_setting(values, key)
        except ConfigurationError as error:
            errors.append(error)
    return changes, errors


def as_set(value: Any) -> Any:
    """Return a value of the policy as one of ``app.config``."""
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, CodingsBySize):
        return AUTO[0]
    return list(value) if isinstance(value, tuple) else value
