"""A store of bodies that are coded at lower levels for a while.

Each level is a form of its own. While levels are low any of them will do, the best first: it
costs nothing. Once there is one of a higher level those below are of no use any more.
"""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Iterable
from typing import Any

from ..coding import levels_down
from ..coding.core import fingerprint_of
from .bodies import BodyStore
from .bodies import Entry
from .bodies import Form
from .bodies import form_key


class SteppedStore(BodyStore):
    """Keeps coded bodies and files of each level until there is a higher one."""

    __slots__ = ()

    def kept_at(
        self, body: bytes, coding: str, levels: Iterable[int], settings: Any
    ) -> Form | None:
        """Return the coded form of a body at the first of some levels at which it is kept.

        If there is one a hit is counted; if not, nothing is.

        :param settings: as for :meth:`compress`, or what has the hash of the dictionary.
        """
        entry = self._entries.get((fingerprint_of(body), len(body)))
        if entry is None or entry.body != body:
            return None
        return self._form_at(entry, coding, levels, settings)

    def named_at(
        self, name: Hashable, coding: str, levels: Iterable[int], settings: Any
    ) -> Form | None:
        """Return the same of what has a name."""
        entry = self._entries.get(name)
        return None if entry is None else self._form_at(entry, coding, levels, settings)

    def _form_at(
        self, entry: Entry, coding: str, levels: Iterable[int], settings: Any
    ) -> Form | None:
        for level in levels:
            form = entry.forms.get(form_key(coding, level, settings))
            if form is not None:
                entry.used = self._count_hit()
                return form
        return None

    def keep(self, body: bytes, coding: str, level: int, settings: Any, coded: bytes) -> Form:
        """Return a coded form that came from elsewhere, and keep it.

        The body came before, then, to somebody else.
        """
        form, nbytes = Form(coded), len(body)
        if nbytes <= self._max_entry_nbytes:
            key = fingerprint_of(body), nbytes
            self._keep(key, body, form_key(coding, level, settings), form)
        return form

    def _keep(
        self, key: Hashable, body: bytes | None, parameters: Hashable, form: Form
    ) -> None:
        super()._keep(key, body, parameters, form)
        entry = self._entries.get(key)
        if isinstance(parameters, tuple) and entry and entry.forms.get(parameters) is form:
            coding, level, *settings = parameters
            lower = set(levels_down(coding, level)) - {level}
            self._drop(key, [(coding, each, *settings) for each in lower])
