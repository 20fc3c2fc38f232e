"""Whether what an application hands over can be called as the extension will call it."""

from __future__ import annotations

import inspect
from typing import Any


def accepts(function: Any, count: int) -> bool:
    """Tell whether something can be called with so many positional arguments.

    What counts is the function itself, not one that it wraps and whose signature it shows: a
    decorator may add or take away arguments. A function that hides its signature, as some that
    are written in C do, gets the benefit of the doubt.
    """
    if not callable(function):
        return False
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def is_async(function: Any) -> bool:
    """Tell whether a call returns a coroutine, which counts as true and which nobody awaits."""
    call = getattr(function, "__call__", None)  # noqa: B004
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def signature_of(function: Any) -> str:
    """Return the parameters of a function in parentheses, for a message."""
    try:
        return str(inspect.signature(function, follow_wrapped=False))
    except (TypeError, ValueError):
        return "(...)"
