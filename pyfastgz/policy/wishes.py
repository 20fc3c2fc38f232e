"""What single views and blueprints ask for, apart from the rest of their application."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from contextlib import suppress

from ..coding import KNOWN_CODINGS
from ..coding import checked_level
from ..coding import is_integer
from ..errors import ConfigurationError
from ..http.exchange import NO_WISHES
from ..http.exchange import Wishes
from .kinds import CODINGS_BY_NAME
from .kinds import INSTALLED
from .kinds import LETTERS
from .kinds import installed

EXEMPT = Wishes(exempt=True)
"""Never to be coded."""


def checked_wishes(
    level: int | Mapping[str, int] | None,
    codings: str | Iterable[str] | None,
    length_noise: int | None,
) -> Wishes:
    """Return what a view asks for, after checking it.

    :param level: of every coding, or by coding.
    :param codings: one name, names with commas between them, or several names.
    :param length_noise: how many letters of noise at most.
    :raises TypeError: a level is no integer.
    :raises ConfigurationError: a coding is unknown, or none of those named is installed, or
        there is no such noise.
    :raises ValueError: a coding has no such level.
    """
    if level is None and codings is None and length_noise is None:
        return NO_WISHES
    if length_noise is not None:
        length_noise = LETTERS.checked("length_noise", length_noise)
    wanted = names = None
    if codings is not None:
        wanted = CODINGS_BY_NAME.checked("codings", codings)
        names = INSTALLED.checked("codings", ", ".join(wanted))
    if level is None:
        return Wishes(codings=names, length_noise=length_noise)
    if isinstance(level, Mapping):
        levels = {str(name).lower(): number for name, number in level.items()}
        for name in levels:
            if name not in KNOWN_CODINGS:
                known = ", ".join(KNOWN_CODINGS)
                raise ConfigurationError(
                    f"level is {level!r}; its keys must be among {known}, unlike {name!r}"
                )
    elif is_integer(level):
        names_of_all: tuple[str, ...] = wanted or KNOWN_CODINGS
        levels = dict.fromkeys(names_of_all, level)
    else:
        raise TypeError(
            f"level must be an int, or a dict with an int by coding, not {level!r}"
            f"{_hint(level)}"
        )
    for name, number in levels.items():
        if not is_integer(number):
            raise TypeError(f"the level of {name} must be an int, not {number!r}")
        levels[name] = checked_level(name, number)
    levels = {name: levels[name] for name in installed(levels)}
    return Wishes(codings=names, levels=levels, length_noise=length_noise)


def asked_after(before: Wishes | None, wishes: Wishes) -> Wishes:
    """Return what is asked for where something was asked before, as for a blueprint.

    It takes the place of that, but for noise: that protects, and who says nothing of it does
    not mean to end it.
    """
    if before is None or before.length_noise is None or wishes.length_noise is not None:
        return wishes
    return wishes._replace(length_noise=before.length_noise)


def _hint(level: object) -> str:
    """Return what to say to somebody who took the first parameter for the codings."""
    with suppress(ValueError):
        if CODINGS_BY_NAME.read(level):
            return f"; did you mean codings={level!r}?"
    return ""
