"""A set that tells when it changes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from collections.abc import Iterable
from typing import Any
from typing import TypeVar

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _telling(method: _Method) -> _Method:
    """Return a method of sets that tells when it has been called."""

    @functools.wraps(method)
    def call(self: WatchedSet, /, *args: Any) -> Any:
        try:
            return method(self, *args)
        finally:
            self._tell(self)

    return call  # type: ignore[return-value]


class WatchedSet(set[str]):
    """A set for others to change, by any of its methods and operators. Copies are plain sets.

    :param tell: called with the set after each call that may have changed it.
    """

    __slots__ = ("_tell",)

    def __init__(self, items: Iterable[str], tell: Callable[[WatchedSet], object]) -> None:
        super().__init__(items)
        self._tell = tell

    def __reduce__(self) -> Any:
        """Return how to make a copy."""
        return set, (list(self),)

    add = _telling(set.add)
    clear = _telling(set.clear)
    difference_update = _telling(set.difference_update)
    discard = _telling(set.discard)
    intersection_update = _telling(set.intersection_update)
    pop = _telling(set.pop)
    remove = _telling(set.remove)
    symmetric_difference_update = _telling(set.symmetric_difference_update)
    update = _telling(set.update)
    __iand__ = _telling(set.__iand__)
    __ior__ = _telling(set.__ior__)
    __isub__ = _telling(set.__isub__)
    __ixor__ = _telling(set.__ixor__)
