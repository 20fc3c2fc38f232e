"""What there is of a file's siblings, and what is to be done about them. Changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from typing import NamedTuple

from ..coding import CODINGS
from ..disk import TooLargeError
from ..disk import digest_of
from ..disk import is_like
from ..disk import read_regular
from .adopt import NotAdoptableError
from .adopt import check_sibling
from .manifest import SiblingFile
from .manifest import Source
from .manifest import fits
from .manifest import sibling_path
from .report import shown
from .tree import OTHER_SUFFIXES
from .tree import Choice

_NOT_WORTH = "it saves less than 5 %"


class Options(NamedTuple):
    """How siblings are to be.

    :param choice: which files are to have them.
    :param codings: in which codings.
    :param jobs: how many threads code.
    :param adopt: whether those that somebody else has made are taken.
    """

    choice: Choice
    codings: tuple[str, ...]
    jobs: int = 1
    adopt: bool = False


@dataclass(slots=True)
class Job:
    """A file, and what is to be done about its siblings.

    :param path: of the file, relative to the folder, with slashes.
    :param content: what is in it.
    :param status: what is known of it.
    :param source: what the manifest should say of it, with the siblings that may stay.
    :param old: what the manifest says; None if nothing.
    :param to_make: the names of siblings that are to be made, by coding.
    :param adopted: codings in which there is a sibling that somebody else has made.
    :param to_settle: the names of siblings whose time and permissions are not the file's.
    :param stale: what is not as it should be, for people.
    :param notes: what else is to be told.
    :param faults: what has failed.
    """

    path: str
    content: bytes
    status: os.stat_result
    source: Source
    old: Source | None
    to_make: dict[str, str] = field(default_factory=dict)
    adopted: list[str] = field(default_factory=list)
    to_settle: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_unchanged(self) -> bool:
        """Whether the file is, by its content, the one that the manifest means."""
        return self.old is not None and self.old.sha256 == self.source.sha256

    def beside(self, name: str) -> str:
        """Return the path of a sibling, relative to the folder."""
        return sibling_path(self.path, name)


def examine(root: str, path: str, old: Source | None, options: Options) -> Job:
    """Return what is to be done about a file.

    :param root: the folder.
    :param path: of the file, relative to it, with slashes.
    :param old: what the manifest says of it; None if nothing.
    :raises OSError: it cannot be read.
    """
    content, status = read_regular(os.path.join(root, path))
    source = Source(len(content), status.st_mtime_ns, digest_of(content), {})
    job = Job(path, content, status, source, old)
    if old is not None and job.is_unchanged:
        job.source = source._replace(not_worth=old.not_worth)
        if fits(old, source.nbytes, source.mtime_ns):
            # The time may be less exact than it was, but it is the same.
            job.source = job.source._replace(mtime_ns=old.mtime_ns)
        else:
            job.stale.append(f"{shown(path)}: its time is not the one of its siblings")
    siblings = {}
    for coding in options.codings:
        known = old.siblings.get(coding) if old is not None else None
        found = _own(root, job, coding, known, options.adopt)
        if found is not None:
            siblings[coding] = found
    for coding, sibling in old.siblings.items() if old is not None else ():
        if coding in options.codings:
            continue
        if job.is_unchanged and not CODINGS[coding].is_available:
            # Where it was made, there was a package that there is not here.
            siblings[coding] = sibling
        else:
            job.stale.append(f"{shown(job.beside(sibling.name))}: not asked for any more")
    job.source = job.source._replace(siblings=siblings)
    return job


def _own(
    root: str, job: Job, coding: str, known: SiblingFile | None, adopt: bool
) -> SiblingFile | None:
    """Return the sibling in a coding if it may stay; otherwise note what is to be done."""
    if known is None:
        if job.is_unchanged and coding in job.source.not_worth:
            return None
        return _foreign(root, job, coding, adopt)
    where = shown(job.beside(known.name))
    max_nbytes = max(known.nbytes, len(job.content))
    try:
        coded, status = read_regular(os.path.join(root, job.beside(known.name)), max_nbytes)
    except FileNotFoundError:
        job.stale.append(f"{where}: missing")
    except OSError:
        job.stale.append(f"{where}: damaged")
    else:
        is_as_said = digest_of(coded) == known.sha256
        if is_as_said and job.is_unchanged:
            if not is_like(status, job.status):
                job.to_settle.append(known.name)
            return known
        if adopt and not is_as_said and _problem(coding, coded, job.content) is None:
            return _take(job, coding, known.name, coded, status)
        job.stale.append(f"{where}: {'older than its file' if is_as_said else 'damaged'}")
    job.to_make[coding] = known.name
    return None


def _foreign(root: str, job: Job, coding: str, adopt: bool) -> SiblingFile | None:
    """Do what :func:`_own` does where the manifest names no sibling."""
    name = job.path.rpartition("/")[2]
    usual, *others = (name + suffix for suffix in _suffixes(coding))
    is_free = not os.path.lexists(os.path.join(root, job.beside(usual)))
    for candidate in (usual, *others) if adopt else ():
        path = os.path.join(root, job.beside(candidate))
        if not os.path.lexists(path):
            continue
        try:
            coded, status = read_regular(path, len(job.content))
            problem = _problem(coding, coded, job.content)
        except TooLargeError:
            problem = _NOT_WORTH
        except OSError as error:
            problem = str(error)
        else:
            if problem is None:
                return _take(job, coding, candidate, coded, status)
        job.notes.append(f"{shown(job.beside(candidate))}: not adopted: {problem}")
    if is_free:
        job.stale.append(f"{shown(job.beside(usual))}: missing")
        job.to_make[coding] = usual
    elif not adopt:
        where = shown(job.beside(usual))
        job.notes.append(f"{where}: left alone, it is not of this program (see --adopt)")
    return None


def _take(
    job: Job, coding: str, name: str, coded: bytes, status: os.stat_result
) -> SiblingFile:
    if not is_like(status, job.status):
        job.to_settle.append(name)
    job.adopted.append(coding)
    return SiblingFile(name, len(coded), digest_of(coded))


def _problem(coding: str, coded: bytes, content: bytes) -> str | None:
    """Return why a file cannot be taken as the coded form of another one, None if it can."""
    if not is_worth(len(coded), len(content)):
        return _NOT_WORTH
    try:
        check_sibling(coding, coded, content)
    except NotAdoptableError as error:
        return str(error)
    return None


def _suffixes(coding: str) -> Iterable[str]:
    return CODINGS[coding].suffix, *OTHER_SUFFIXES.get(coding, ())


def is_worth(out_nbytes: int, in_nbytes: int) -> bool:
    """Tell whether a coded form is 5 % smaller than what it is made of, or more."""
    return out_nbytes * 100 <= in_nbytes * 95
