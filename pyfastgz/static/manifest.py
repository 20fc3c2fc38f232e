"""The manifest of a folder: which coded siblings its files have, and of which bytes.

A folder whose files were coded ahead of time has one, ``.pyfastgz.json``. Without it nobody
could tell ``app.js.gz`` that was made of ``app.js`` from one that is a download of its own, or
a current one from a stale one. It is data from a disk: whoever reads it gets a checked value or
an error that says what is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

from ..coding import CODINGS
from ..documents import check_members
from ..documents import check_version
from ..documents import count_in
from ..documents import fault
from ..documents import is_name
from ..documents import read_document
from ..documents import sha256_in
from ..documents import time_in
from ..documents import write_document
from ..errors import ManifestError

NAME = ".pyfastgz.json"
"""The name of a folder's manifest."""

_VERSION = 1
_NS = 10**9


class SiblingFile(NamedTuple):
    """A coded form of a file, in the same folder.

    :param name: of the file, without a folder.
    :param nbytes: its size.
    :param sha256: of its bytes, in lower-case hexadecimal digits.
    """

    name: str
    nbytes: int
    sha256: str


class Source(NamedTuple):
    """A file, as it was when its siblings were made.

    :param nbytes: its size.
    :param mtime_ns: when it was modified, in nanoseconds since 1970.
    :param sha256: of its bytes, in lower-case hexadecimal digits.
    :param siblings: its coded forms by coding.
    :param not_worth: the codings that were tried, and made it too little smaller.
    """

    nbytes: int
    mtime_ns: int
    sha256: str
    siblings: Mapping[str, SiblingFile]
    not_worth: tuple[str, ...] = ()


class Manifest(NamedTuple):
    """What is known of the files of a folder.

    :param files: by path relative to the folder, with slashes.
    """

    files: Mapping[str, Source]


def fits(source: Source, nbytes: int, mtime_ns: int) -> bool:
    """Tell whether a file of this size and time is the one that siblings were made of.

    Image layers and archives cut the fraction of a second off, so if one of the times has none,
    the seconds decide.

    :param nbytes: the size of the file now.
    :param mtime_ns: when it was modified, in nanoseconds since 1970.
    """
    if source.nbytes != nbytes:
        return False
    known = source.mtime_ns
    return known == mtime_ns or (
        known // _NS == mtime_ns // _NS and (known % _NS == 0 or mtime_ns % _NS == 0)
    )


def sibling_path(path: str, name: str) -> str:
    """Return the path of the sibling with this name of the file with that path."""
    folder, slash, _ = path.rpartition("/")
    return f"{folder}{slash}{name}"


def read_manifest(folder: str | os.PathLike[str]) -> Manifest | None:
    """Return the manifest of a folder, None if it has none.

    :raises ManifestError: it cannot be read, is damaged, or is of a later version.
    """
    place = os.path.join(folder, NAME)
    if not os.path.lexists(place):
        return None
    return read_document(place, _manifest, ManifestError)


def write_manifest(folder: str | os.PathLike[str], manifest: Manifest) -> None:
    """Write the manifest of a folder: whoever looks sees the old one or the new one.

    Who may list the folder may read it, whatever the umask is: the server need not be the user
    that made the files. The same manifest is always the same bytes.

    :raises OSError: it cannot be written; what was there is as it was.
    """
    document = {
        "version": _VERSION,
        "files": {path: entry_of(source) for path, source in sorted(manifest.files.items())},
    }
    write_document(os.path.join(folder, NAME), document)


def entry_of(source: Source) -> dict[str, Any]:
    """Return what stands in the manifest for a file."""
    siblings = {
        coding: sibling._asdict() for coding, sibling in sorted(source.siblings.items())
    }
    return {
        **source._asdict(),
        "siblings": siblings,
        "not_worth": sorted(source.not_worth),
    }


def _manifest(document: Any) -> Manifest:
    """Return what a JSON document says.

    :raises DocumentError: it says nothing of use.
    """
    check_version(document, _VERSION, ("files",))
    files = document["files"]
    if not isinstance(files, dict):
        fault("files is not an object")
    sources = {path: source_of(path, entry) for path, entry in files.items()}
    seen = set(sources)
    for path, source in sources.items():
        for sibling in source.siblings.values():
            place = sibling_path(path, sibling.name)
            if place in seen:
                fault(f"{place!r} stands for two files")
            seen.add(place)
    return Manifest(sources)


def source_of(path: str, entry: Any) -> Source:
    """Return the file that an entry of the manifest stands for.

    :raises DocumentError: it stands for none; the message does not name the manifest.
    """
    parts = path.split("/")
    if not all(map(is_name, parts)):
        fault(f"{path!r} is not the path of a file below the folder")
    where = f"the entry of {path!r}"
    check_members(entry, ("nbytes", "mtime_ns", "sha256", "siblings"), where, ("not_worth",))
    if not isinstance(entry["siblings"], dict):
        fault(f"{where}: siblings is not an object")
    mtime_ns = time_in(entry, "mtime_ns", where)
    siblings = {
        coding: _sibling(coding, sibling, parts[-1], f"the entry of {path!r}, {coding}")
        for coding, sibling in entry["siblings"].items()
    }
    not_worth = entry.get("not_worth", [])
    if not isinstance(not_worth, list) or not all(map(_has_files, not_worth)):
        fault(f"{where}: not_worth is {not_worth!r}")
    return Source(
        count_in(entry, "nbytes", where),
        mtime_ns,
        sha256_in(entry, where),
        siblings,
        tuple(not_worth),
    )


def _sibling(coding: str, entry: Any, source_name: str, where: str) -> SiblingFile:
    if not _has_files(coding):
        fault(f"{where}: there are no files in this coding")
    check_members(entry, SiblingFile._fields, where)
    name = entry["name"]
    if not isinstance(name, str) or not is_name(name) or name == source_name:
        fault(f"{where}: {name!r} is not the name of a file beside it")
    return SiblingFile(name, count_in(entry, "nbytes", where), sha256_in(entry, where))


def _has_files(coding: object) -> bool:
    """Tell whether there is such a coding, and files are kept in it."""
    return isinstance(coding, str) and coding in CODINGS and bool(CODINGS[coding].suffix)
