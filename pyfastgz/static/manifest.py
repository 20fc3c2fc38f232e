"""The manifest of a folder: which coded siblings its files have, and of which bytes.

A folder whose files were coded ahead of time has one, ``.pyfastgz.json``. Without it nobody
could tell ``app.js.gz`` that was made of ``app.js`` from one that is a download of its own, or
a current one from a stale one. It is data from a disk: whoever reads it gets a checked value or
an error that says what is wrong.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple
from typing import NoReturn

from ..coding import CODINGS
from ..coding import is_integer
from ..errors import ManifestError
from .disk import fault_of
from .disk import read_regular
from .disk import write_whole

NAME = ".pyfastgz.json"
"""The name of a folder's manifest."""

_VERSION = 1
_NS = 10**9

# What a file system counts in.
_MAX_INTEGER = 2**63 - 1

_SHA256 = re.compile("[0-9a-f]{64}")

# On Windows these lead out of a folder as a slash does.
_NOT_IN_NAMES = re.compile(r"[\0/\\:]" if os.name == "nt" else r"[\0/]")


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
    try:
        content, _ = read_regular(place)
        # What JSON cannot say in Unicode, names of other bytes, stands there escaped.
        document = json.loads(content.decode(), object_pairs_hook=_members)
        return _manifest(document)
    except OSError as error:
        raise ManifestError(f"{place}: {fault_of(error)}") from error
    except json.JSONDecodeError as error:
        raise ManifestError(f"{place} is damaged: {error}") from error
    except UnicodeDecodeError as error:
        raise ManifestError(f"{place} is damaged: it is not UTF-8") from error
    except RecursionError as error:
        raise ManifestError(f"{place} is damaged: it is nested too deeply") from error
    except ManifestError as error:
        raise ManifestError(f"{place} {error}") from None
    except ValueError as error:
        # A number of too many digits.
        raise ManifestError(f"{place} is damaged: {error}") from error


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
    mode = 0o600 | os.stat(folder).st_mode & 0o066

    def finish(temporary: str) -> None:
        # A sibling that a power failure damages is not used; a manifest has nothing above it.
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, mode)

    content = json.dumps(document, indent=1).encode() + b"\n"
    write_whole(os.path.join(folder, NAME), content, finish)


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


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of a JSON object.

    :raises ManifestError: one is there twice, so that nobody knows which holds.
    """
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                _fault(f"{name!r} is there twice")
            seen.add(name)
    return members


def _manifest(document: Any) -> Manifest:
    """Return what a JSON document says.

    :raises ManifestError: it says nothing of use.
    """
    if not isinstance(document, dict):
        _fault("it is not an object")
    version = document.get("version")
    if not is_integer(version) or version < 1:
        _fault(f"its version is {version!r}")
    if version > _VERSION:
        raise ManifestError(
            f"has version {version}, which a later version of pyfastgz wrote; this one reads "
            f"version {_VERSION}"
        )
    _have(document, ("version", "files"), "it")
    files = document["files"]
    if not isinstance(files, dict):
        _fault("files is not an object")
    sources = {path: source_of(path, entry) for path, entry in files.items()}
    seen = set(sources)
    for path, source in sources.items():
        for sibling in source.siblings.values():
            place = sibling_path(path, sibling.name)
            if place in seen:
                _fault(f"{place!r} stands for two files")
            seen.add(place)
    return Manifest(sources)


def source_of(path: str, entry: Any) -> Source:
    """Return the file that an entry of the manifest stands for.

    :raises ManifestError: it stands for none; the message does not name the manifest.
    """
    parts = path.split("/")
    if not all(map(_is_name, parts)):
        _fault(f"{path!r} is not the path of a file below the folder")
    where = f"the entry of {path!r}"
    _have(entry, ("nbytes", "mtime_ns", "sha256", "siblings"), where, ("not_worth",))
    if not isinstance(entry["siblings"], dict):
        _fault(f"{where}: siblings is not an object")
    mtime_ns = entry["mtime_ns"]
    if not is_integer(mtime_ns) or abs(mtime_ns) > _MAX_INTEGER:
        _fault(f"{where}: mtime_ns is {mtime_ns!r}")
    siblings = {
        coding: _sibling(coding, sibling, parts[-1], f"the entry of {path!r}, {coding}")
        for coding, sibling in entry["siblings"].items()
    }
    not_worth = entry.get("not_worth", [])
    if not isinstance(not_worth, list) or not all(map(_has_files, not_worth)):
        _fault(f"{where}: not_worth is {not_worth!r}")
    return Source(
        _nbytes(entry, where), mtime_ns, _sha256(entry, where), siblings, tuple(not_worth)
    )


def _sibling(coding: str, entry: Any, source_name: str, where: str) -> SiblingFile:
    if not _has_files(coding):
        _fault(f"{where}: there are no files in this coding")
    _have(entry, SiblingFile._fields, where)
    name = entry["name"]
    if not isinstance(name, str) or not _is_name(name) or name == source_name:
        _fault(f"{where}: {name!r} is not the name of a file beside it")
    return SiblingFile(name, _nbytes(entry, where), _sha256(entry, where))


def _has_files(coding: object) -> bool:
    """Tell whether there is such a coding, and files are kept in it."""
    return isinstance(coding, str) and coding in CODINGS and bool(CODINGS[coding].suffix)


def _is_name(name: str) -> bool:
    """Tell whether a text can name a file in a folder, and nothing outside."""
    return name not in {"", ".", ".."} and not _NOT_IN_NAMES.search(name)


def _nbytes(entry: Mapping[str, Any], where: str) -> int:
    nbytes = entry["nbytes"]
    if not is_integer(nbytes) or not 0 <= nbytes <= _MAX_INTEGER:
        _fault(f"{where}: nbytes is {nbytes!r}")
    return nbytes


def _sha256(entry: Mapping[str, Any], where: str) -> str:
    sha256 = entry["sha256"]
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        _fault(f"{where}: sha256 is {sha256!r}")
    return sha256


def _have(
    entry: Any, names: tuple[str, ...], where: str, more_names: tuple[str, ...] = ()
) -> None:
    """Check that an object has these members, perhaps some of the last, and no others."""
    if not isinstance(entry, dict):
        _fault(f"{where} is not an object")
    for name in names:
        if name not in entry:
            _fault(f"{where} has no {name}")
    for name in entry:
        if name not in names + more_names:
            _fault(f"{where} has {name!r}, which is unknown")


def _fault(what: str) -> NoReturn:
    raise ManifestError(f"is damaged: {what}")
