"""The settings of an application as they are at the moment, however it changes them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from functools import partial
from typing import Any
from typing import TypeGuard

DELETED = object()
"""The value of a setting that was deleted."""


class _Items:
    """The items of what looks its values up in a way of its own, to be compared as a set."""

    __slots__ = ("_settings",)

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def __ge__(self, items: Iterable[tuple[str, Any]]) -> bool:
        settings = self._settings
        return all(is_same(settings[key], value) for key, value in items)


def items_of(settings: Mapping[str, Any]) -> Any:
    """Return the items of the settings, as they are whenever they are compared."""
    # Looking up each key in a subclass of dict takes longer than this comparison, which does
    # not see what the subclass does in its __getitem__.
    return dict.items(settings) if _looks_up_as_dict(settings) else _Items(settings)


def _looks_up_as_dict(settings: Mapping[str, Any]) -> TypeGuard[dict[str, Any]]:
    return isinstance(settings, dict) and type(settings).__getitem__ is dict.__getitem__


def reader_of(settings: Mapping[str, Any]) -> Callable[[str], Any]:
    """Return what looks up a setting, as fast as that can be done."""
    return settings.get if _looks_up_as_dict(settings) else partial(value_of, settings)


def value_of(settings: Mapping[str, Any], key: str) -> Any:
    """Return the value of a setting, or :data:`DELETED`."""
    try:
        return settings[key]
    except KeyError:
        return DELETED


def is_same(value: Any, other: Any) -> bool:
    """Tell whether two values are equal; nobody knows what an application puts in."""
    try:
        return value is other or bool(value == other)
    except Exception:
        return False
