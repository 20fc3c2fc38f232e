"""What single views and blueprints ask for, apart from the rest of their application."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import NamedTuple

from .encoder import available_codings
from .encoder import level_range
from .http.fields import tokens

ENVIRON_KEY = "pyfastgz.view"
"""Where the WSGI environment of a request holds the :class:`ViewOptions` of its view.

.. versionadded:: 0.1
"""


class ViewOptions(NamedTuple):
    """What a view asks for.

    :param exempt: its responses are never coded.
    :param codings: the codings to choose from, in order of preference; None for the
        application's.
    :param levels: by coding, its level where it is not the application's.

    .. versionadded:: 0.1
    """

    exempt: bool = False
    codings: tuple[str, ...] | None = None
    levels: Mapping[str, int] = {}


EXEMPT = ViewOptions(exempt=True)
"""What a view asks for that must not be coded.

.. versionadded:: 0.1
"""


def view_options(
    level: int | Mapping[str, int] | None, codings: str | Iterable[str] | None
) -> ViewOptions:
    """Validate what a view asks for.

    :param level: of every coding, or by coding.
    :param codings: one name, names with commas between them, or several names.
    :raises TypeError: a level is no integer.
    :raises ValueError: a coding is unknown or not installed, or has no such level.

    .. versionadded:: 0.1
    """
    names = None
    if codings is not None:
        listed = tokens(codings) if isinstance(codings, str) else codings
        names = tuple(dict.fromkeys(name.lower() for name in listed))
    for name in names or ():
        level_range(name)
    if level is None:
        return ViewOptions(codings=names)
    if isinstance(level, Mapping):
        levels = dict(level)
    else:
        levels = dict.fromkeys(names or available_codings(), level)
    for name, wanted in levels.items():
        allowed = level_range(name)
        if type(wanted) is not int:
            raise TypeError(f"level must be an int, not {wanted!r}")
        if wanted not in allowed:
            raise ValueError(
                f"level {wanted} of {name} is not in {allowed[0]} to {allowed[-1]}"
            )
    return ViewOptions(codings=names, levels=levels)
