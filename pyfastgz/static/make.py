"""Makes the coded siblings of the files of a folder, or tells what is not as it should be."""

from __future__ import annotations

from ..disk import alone_in
from .examine import Options
from .journal import recover
from .manifest import Manifest
from .manifest import read_manifest
from .manifest import sibling_path
from .remove import remove_leftovers
from .remove import why_orphaned
from .report import Progress
from .report import Report
from .report import shown
from .run import Run
from .tree import Tree
from .tree import look_through


def make(root: str, options: Options, progress: Progress) -> Report:
    """Make the siblings of the files of a folder, and its manifest.

    Whatever is up to date, by content, stays as it is. What fails is reported and does not keep
    the rest from being done; what was done is recorded also when it is interrupted.

    :raises ManifestError: the manifest is not usable; nothing was done.
    :raises OSError: the folder cannot be opened.
    """
    with alone_in(root, progress.wait) as is_alone:
        recorded = read_manifest(root) or Manifest({})
        old = recover(root, recorded)
        tree = _look_through(root, options, old)
        report = _report_of(tree)
        remove_leftovers(root, tree.leftovers if is_alone else [], report)
        run = Run(root, options, old, tree, report=report, progress=progress)
        try:
            run.work()
            run.remove_orphans()
        finally:
            run.record(recorded)
    run.count()
    return report


def check(root: str, options: Options, progress: Progress) -> Report:
    """Tell what :func:`make` would change in a folder. Changes nothing.

    :raises ManifestError: the manifest is not usable.
    """
    old = read_manifest(root)
    tree = _look_through(root, options, old or Manifest({}))
    report = _report_of(tree)
    if old is None:
        if tree.sources:
            report.stale.append("there is no manifest: siblings were never made here")
        return report
    run = Run(root, options, old, tree, report=report, progress=progress)
    run.work(is_dry=True)
    for path, _ in run.orphans():
        report.stale.append(f"{shown(path)}: {why_orphaned(root, path)}")
    run.count()
    return report


def _look_through(root: str, options: Options, old: Manifest) -> Tree:
    """Find the files that are to have siblings, and are none that were made for others."""
    tree = look_through(root, options.choice)
    for path, source in old.files.items():
        for sibling in source.siblings.values():
            tree.sources.pop(sibling_path(path, sibling.name), None)
    return tree


def _report_of(tree: Tree) -> Report:
    return Report(
        count=len(tree.sources),
        nbytes=sum(tree.sources.values()),
        left_out=tree.left_out,
        notes=[f"{shown(path)}: left out, it {why}" for path, why in tree.closed.items()],
        faults=[f"{shown(path) or '.'}: {fault}" for path, fault in tree.faults.items()],
    )
