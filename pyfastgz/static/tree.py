"""The files of a folder that may have coded siblings."""

from __future__ import annotations

import mimetypes
import os
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from fnmatch import fnmatchcase
from typing import NamedTuple

from ..coding import CODINGS
from ..disk import fault_of
from ..disk import is_temporary
from ..http.eligibility import Selection
from ..http.eligibility import skip_reason
from .manifest import NAME

# Some tools spell the one of zstd out.
OTHER_SUFFIXES = {"zstd": (".zstd",)}
"""The suffixes that files in a coding may have beside the usual one."""

_SUFFIXES = tuple(
    suffix
    for coding in CODINGS.values()
    if coding.suffix
    for suffix in (coding.suffix, *OTHER_SUFFIXES.get(coding.name, ()))
)

# RFC 8615: what is for everybody to find.
_VISIBLE = ".well-known"


class Choice(NamedTuple):
    """Which files are to have siblings.

    :param selection: what the server's settings say of media types.
    :param min_nbytes: the least size of a file.
    :param exclude: patterns of paths. ``*`` and ``?`` stand for any characters. One without a
        slash is that of a name in any folder, and one of a folder is that of all in it.
    """

    selection: Selection
    min_nbytes: int
    exclude: Sequence[str] = ()


@dataclass(slots=True)
class Tree:
    """What was found in a folder; all paths are relative, with slashes.

    :param sources: the files that are to have siblings, with their sizes in bytes.
    :param leftovers: temporary files.
    :param left_out: how many files are not to have siblings, by reason.
    :param closed: folders in which nothing was looked at, and why: links, and those that have
        a manifest of their own.
    :param faults: what is wrong with files and folders that cannot be looked at.
    """

    sources: dict[str, int] = field(default_factory=dict)
    leftovers: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    closed: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def has_closed(self, path: str) -> bool:
        """Tell whether a path leads through a folder in which nothing was looked at."""
        return any(path.startswith(f"{folder}/") for folder in self.closed)

    def has_failed(self, path: str) -> bool:
        """Tell whether a path, or a folder that it leads through, could not be looked at."""
        return path in self.faults or any(
            not folder or path.startswith(f"{folder}/") for folder in self.faults
        )


def is_coded_type(name: str, selection: Selection) -> bool:
    """Tell whether a file of this name is coded when it is sent.

    Its media type is guessed as Flask does when it sends a file, and judged as the hook does.
    """
    media_type, encoding = mimetypes.guess_type(name)
    fields = {"content-type": media_type or "application/octet-stream"}
    if encoding is not None:
        fields["content-encoding"] = encoding
    return skip_reason(200, fields, selection) is None


def excluded_by(path: str, patterns: Sequence[str]) -> bool:
    """Tell whether one of the patterns of :class:`Choice` fits a path, or the end of it."""
    name = path.rpartition("/")[2]
    for pattern in patterns:
        plain = pattern.removeprefix("./").strip("/").removeprefix("**/")
        is_of_name = "/" not in plain and not pattern.startswith("/")
        if fnmatchcase(name if is_of_name else path, plain):
            return True
    return False


def look_through(root: str, choice: Choice) -> Tree:
    """Find the files below a folder that are to have siblings.

    Left out are names that begin with a dot, except ``.well-known``, and what lies beside a
    file of the same name without the suffix of a coding. Links to files count as files,
    wherever they lead: they are served as such. Links to folders are not followed, because
    siblings would be written to places that somebody else looks after.
    """
    tree = Tree()
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            tree.faults[folder] = fault_of(error)
            continue
        names = {entry.name for entry in entries}
        if folder and NAME in names:
            tree.closed[folder] = "has a manifest of its own"
            continue
        below = []
        for entry in entries:
            name = entry.name
            path = f"{folder}/{name}" if folder else name
            if is_temporary(name):
                tree.leftovers.append(path)
            elif (name.startswith(".") and name != _VISIBLE) or _is_sibling(name, names):
                continue
            elif _is_folder(entry):
                if not excluded_by(path, choice.exclude):
                    if _is_link(entry):
                        tree.closed[path] = "is a link to a folder"
                    else:
                        below.append(path)
            else:
                _look_at(tree, path, entry, choice)
        folders += reversed(below)
    return tree


def _look_at(tree: Tree, path: str, entry: os.DirEntry[str], choice: Choice) -> None:
    """Note what becomes of a file."""
    if not is_coded_type(entry.name, choice.selection):
        tree.left_out["of other media types"] += 1
        return
    if excluded_by(path, choice.exclude):
        tree.left_out["excluded"] += 1
        return
    try:
        status = entry.stat()
    except OSError as error:
        tree.faults[path] = fault_of(error)
        return
    if not stat.S_ISREG(status.st_mode):
        tree.faults[path] = "it is not a regular file"
    elif status.st_size < choice.min_nbytes:
        tree.left_out[f"below {choice.min_nbytes} bytes"] += 1
    else:
        tree.sources[path] = status.st_size


def _is_sibling(name: str, names: set[str]) -> bool:
    """Tell whether a file lies beside its source, whoever has made it."""
    return any(name.endswith(suffix) and name[: -len(suffix)] in names for suffix in _SUFFIXES)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # Such as a link to itself.
        return False


def _is_link(entry: os.DirEntry[str]) -> bool:
    # Windows has a kind of its own, and Python 3.12 what tells of it.
    return entry.is_symlink() or getattr(entry, "is_junction", bool)()
