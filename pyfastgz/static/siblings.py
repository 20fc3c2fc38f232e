"""Coded siblings of files, found while these are sent."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from collections.abc import Mapping
from io import FileIO
from time import monotonic
from typing import Any
from typing import NamedTuple

from ..disk import state_in
from ..errors import ManifestError
from ..store.files import FileId
from ..store.sibling import Sibling
from ..store.sibling import open_sibling
from .manifest import NAME
from .manifest import Manifest
from .manifest import Source
from .manifest import fits
from .manifest import read_manifest

_log = logging.getLogger("pyfastgz")

LOOK_SECONDS = 1.0
"""How long what was found in a folder holds."""

_MAX_KNOWN = 4096

# No file's state.
_UNREADABLE = (0,)


NO_SIBLINGS: Mapping[str, Sibling] = {}
"""Those of nearly every file."""


class _Loaded(NamedTuple):
    """What there is of a manifest in one folder.

    :param until: when to look again.
    :param state: of the manifest's file; None if there is none.
    :param manifest: None if there is none, or a damaged one.
    """

    until: float
    state: tuple[int, ...] | None
    manifest: Manifest | None


class _Place(NamedTuple):
    """Which manifest the files of a folder are in.

    :param until: when to look again.
    :param root: the folder that has the manifest.
    :param prefix: the way from there, with a slash at its end; empty in the folder itself.
    :param manifest: None if there is none.
    """

    until: float
    root: str = ""
    prefix: str = ""
    manifest: Manifest | None = None


class _Found(NamedTuple):
    """What was found of a file.

    :param until: when to look again.
    :param source: as what the file is known.
    :param folder: where its siblings are: the folder of the manifest, and the way from there.
    :param listed: what the manifest says of it; None if nothing.
    :param every: its siblings.
    :param usable: those of them that could be opened, as far as it was tried.
    """

    until: float
    source: FileId
    folder: tuple[str, str]
    listed: Source | None
    every: Mapping[str, Sibling] = NO_SIBLINGS
    usable: Mapping[str, Sibling] = NO_SIBLINGS


class Siblings:
    """Finds coded siblings. Safe for concurrent use, and takes no lock for that.

    Threads that look for the same thing at the same time may find it twice, and then the
    last one's holds. When too much is remembered, all is forgotten and found again.

    :param clock: seconds since some fixed point.
    """

    __slots__ = ("_clock", "_found", "_loaded", "_places")

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._found: dict[str, _Found] = {}
        self._places: dict[str, _Place] = {}
        self._loaded: dict[str, _Loaded] = {}

    def of_file(self, file: Any, known: FileId) -> Mapping[str, Sibling]:
        """Return the siblings of an open file by their codings, as :meth:`find` does.

        :param known: as what it is known.
        """
        # One that was opened by a descriptor has that for a name.
        path = file.name
        return self.find(path, known) if type(path) is str else NO_SIBLINGS

    def find(self, path: str, source: FileId) -> Mapping[str, Sibling]:
        """Return the siblings of a file by their codings, as far as the manifest says.

        The manifest is that of the nearest folder that has one, on the way up from the file.
        :meth:`opened` then tells whether it is true.

        :param path: the file, as it was opened.
        :param source: as what it is known.
        """
        return self._find(path, source).usable

    def digest_of(self, file: Any, known: FileId) -> str | None:
        """Return the SHA-256 of an open file in hexadecimal digits, as the manifest has it.

        None if that is about another, or there is none. The bytes are not looked at.

        :param known: as what it is known.
        """
        path = file.name
        listed = self._find(path, known).listed if type(path) is str else None
        if listed is None or not fits(listed, known.nbytes, known.mtime_ns):
            return None
        return listed.sha256

    def _find(self, path: str, source: FileId) -> _Found:
        now = self._clock()
        found = self._found.get(path)
        if found is None or found.source != source or found.until <= now:
            found = self._look(path, source, found, now)
        return found

    def opened(self, sibling: Sibling, source: Any) -> FileIO | None:
        """Return a sibling, opened, None if its bytes or the file's are not those they were.

        :param source: the file, which is opened too, and stands at its beginning.
        """
        file = open_sibling(sibling, source)
        if file is None:
            self._refuse(sibling)
        return file

    def _refuse(self, sibling: Sibling) -> None:
        """Leave a sibling out until somebody looks again."""
        found = self._found.get(sibling.source_path)
        if found is not None and found.every.get(sibling.coding) is sibling:
            usable = {key: each for key, each in found.usable.items() if each is not sibling}
            self._found[sibling.source_path] = found._replace(usable=usable)

    def _look(self, path: str, source: FileId, found: _Found | None, now: float) -> _Found:
        folder, name = os.path.split(path)
        place = self._place(folder, now)
        at = place.root, place.prefix
        manifest = place.manifest
        listed = None if manifest is None else manifest.files.get(place.prefix + name)
        # Other entries may be many, and do not matter.
        if found is not None and found[1:4] == (source, at, listed):
            # What was found out about the bytes still holds.
            found = found._replace(until=place.until, usable=found.every)
        else:
            every = _siblings(at, listed, path, source)
            found = _Found(place.until, source, at, listed, every, every)
        _remember(self._found, path, found)
        return found

    def _place(self, folder: str, now: float) -> _Place:
        """Return which manifest the files of a folder are in."""
        place = self._places.get(folder)
        if place is None or place.until <= now:
            place = self._nearest(os.path.realpath(folder), now)
            _remember(self._places, folder, place)
        return place

    def _nearest(self, folder: str, now: float) -> _Place:
        until, at = now + LOOK_SECONDS, folder
        while True:
            loaded = self._load(at, now)
            if loaded.state is not None:
                below = os.path.relpath(folder, at).replace(os.sep, "/")
                prefix = "" if below == "." else f"{below}/"
                return _Place(until, at, prefix, loaded.manifest)
            above = os.path.dirname(at)
            if above == at:
                return _Place(until)
            at = above

    def _load(self, folder: str, now: float) -> _Loaded:
        """Return what there is of a manifest in a folder itself."""
        loaded = self._loaded.get(folder)
        if loaded is None or loaded.until <= now:
            state = _state_of(os.path.join(folder, NAME))
            if loaded is not None and loaded.state == state:
                loaded = loaded._replace(until=now + LOOK_SECONDS)
            else:
                manifest = None
                if state is not None:
                    try:
                        manifest = read_manifest(folder)
                    except ManifestError as error:
                        if isinstance(error.__cause__, OSError):
                            # It may be readable the next time.
                            state = _UNREADABLE
                        if loaded is None or loaded.state is not _UNREADABLE:
                            _log.error("%s; no siblings of the files there are used", error)
                loaded = _Loaded(now + LOOK_SECONDS, state, manifest)
            _remember(self._loaded, folder, loaded)
        return loaded


def _remember(known: dict[str, Any], key: str, value: Any) -> None:
    if len(known) >= _MAX_KNOWN and key not in known:
        known.clear()
    known[key] = value


def _state_of(path: str) -> tuple[int, ...] | None:
    """Return what changes with a file, None if there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return state_in(status)


def _siblings(
    at: tuple[str, str], listed: Source | None, path: str, source: FileId
) -> Mapping[str, Sibling]:
    """Return the siblings that a manifest lists for a file, none if it is about another."""
    if listed is None or not fits(listed, source.nbytes, source.mtime_ns):
        return NO_SIBLINGS
    root, prefix = at
    folder = os.path.join(root, *prefix.split("/"))
    return {
        coding: Sibling(
            os.path.join(folder, file.name),
            root,
            path,
            coding,
            file.nbytes,
            file.sha256,
            listed.sha256,
        )
        for coding, file in listed.siblings.items()
        if file.nbytes < source.nbytes
    }
