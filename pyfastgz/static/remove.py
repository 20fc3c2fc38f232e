"""Removes siblings, but nothing that anybody else may have put in their place."""

from __future__ import annotations

import os

from ..disk import alone_in
from ..disk import digest_of
from ..disk import read_regular
from .journal import Journal
from .journal import recover
from .manifest import NAME
from .manifest import Manifest
from .manifest import SiblingFile
from .manifest import read_manifest
from .manifest import sibling_path
from .manifest import write_manifest
from .report import Progress
from .report import Report
from .report import Total
from .report import noting
from .report import shown
from .tree import Choice
from .tree import look_through


def clean(root: str, choice: Choice, progress: Progress) -> Report:
    """Remove what was made in a folder: siblings, the manifest, and what was left unfinished.

    A sibling that is not what the manifest says is left alone, and named.

    :raises ManifestError: the manifest is not usable; nothing was done.
    :raises OSError: the folder cannot be opened.
    """
    report = Report()
    with alone_in(root, progress.wait) as is_alone:
        recorded = read_manifest(root)
        manifest = recover(root, recorded or Manifest({}))
        remove_leftovers(root, look_through(root, choice).leftovers if is_alone else [], report)
        if recorded is None and not manifest.files:
            report.notes.append("there is no manifest: nothing was made here")
            return report
        kept = {}
        for path, source in manifest.files.items():
            for coding, sibling in source.siblings.items():
                nfaults = len(report.faults)
                if remove_sibling(root, path, sibling, report, report.faults):
                    total = report.totals.setdefault(coding, Total())
                    total.count += 1
                    total.nbytes += sibling.nbytes
                elif len(report.faults) > nfaults:
                    kept[path] = source
        with noting(report.faults, NAME):
            if kept:
                write_manifest(root, Manifest(kept))
            elif recorded is not None:
                os.unlink(os.path.join(root, NAME))
            Journal(root).remove()
    return report


def remove_leftovers(root: str, leftovers: list[str], report: Report) -> None:
    """Remove the temporary files of processes that were killed."""
    for path in leftovers:
        with noting(report.faults, path):
            os.unlink(os.path.join(root, path))


def remove_sibling(
    root: str, path: str, sibling: SiblingFile, report: Report, faults: list[str]
) -> bool:
    """Remove the sibling of a file if it is what the manifest says, and lies in the folder.

    :param path: of the file, relative to the folder.
    :param report: gets a note if something else is there.
    :param faults: get what fails.
    :return: whether it is not there any more.
    """
    place = sibling_path(path, sibling.name)
    with noting(faults, place):
        if _remove_own(root, place, sibling):
            return True
        report.notes.append(f"{shown(place)}: left alone, it is not what the manifest says")
    return False


def _remove_own(root: str, path: str, sibling: SiblingFile) -> bool:
    """Do what :func:`remove_sibling` does.

    :raises OSError: it cannot be removed.
    """
    place = os.path.join(root, path)
    try:
        content, _ = read_regular(place, sibling.nbytes)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    # The manifest may be older than a link on the way.
    folder = os.path.realpath(os.path.dirname(place))
    inside = os.path.join(os.path.realpath(root), "")
    if digest_of(content) != sibling.sha256 or not os.path.join(folder, "").startswith(inside):
        return False
    os.unlink(place)
    return True


def why_orphaned(root: str, path: str) -> str:
    """Return why a file that the manifest names is not to have siblings."""
    is_there = os.path.lexists(os.path.join(root, path))
    return "is not to have siblings any more" if is_there else "is gone"
