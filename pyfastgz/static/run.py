"""The work on the files of a folder, by several threads."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait
from typing import Any

from ..coding import CODINGS
from ..coding.encoder import compress
from ..disk import digest_of
from ..disk import make_like
from ..disk import write_whole
from .examine import Job
from .examine import Options
from .examine import examine
from .examine import is_worth
from .journal import Journal
from .manifest import NAME
from .manifest import Manifest
from .manifest import SiblingFile
from .manifest import Source
from .manifest import write_manifest
from .remove import remove_sibling
from .remove import why_orphaned
from .report import Progress
from .report import Report
from .report import Total
from .report import noting
from .report import shown
from .tree import Tree

# So many files for each thread are read and not yet done with, and so many bytes for all of
# them, unless it is a single file.
_FILES_PER_THREAD = 4
_MAX_OPEN_NBYTES = 64 * 1024 * 1024


class Run:
    """The work on one folder, and what the manifest should say meanwhile."""

    def __init__(
        self,
        root: str,
        options: Options,
        old: Manifest,
        tree: Tree,
        *,
        report: Report,
        progress: Progress,
    ) -> None:
        self._root = root
        self._options = options
        self._old = old
        self._tree = tree
        self._report = report
        self._progress = progress
        self._journal = Journal(root)
        self._made: Counter[str] = Counter()
        self._adopted: Counter[str] = Counter()
        # What has been read, and is not done with.
        self._jobs: dict[str, Job] = {}
        self._examining: dict[Future[Job], str] = {}
        self._coding: dict[Future[SiblingFile | None], tuple[Job, str]] = {}
        self.entries = dict(old.files)
        """What the manifest should say."""

    def work(self, *, is_dry: bool = False) -> None:
        """Examine every file, the largest first, and make what it lacks unless it is dry."""
        sizes = self._tree.sources
        self._progress.start(self._report.nbytes)
        queue = sorted(sizes, key=lambda path: (sizes[path], path))
        executor = ThreadPoolExecutor(self._options.jobs)
        try:
            while queue or self._examining or self._coding:
                while queue and self._has_room(sizes[queue[-1]]):
                    path = queue.pop()
                    old = self._old.files.get(path)
                    future = executor.submit(examine, self._root, path, old, self._options)
                    self._examining[future] = path
                pending: list[Future[Any]] = [*self._examining]
                pending += self._coding
                wait(pending, return_when=FIRST_COMPLETED)
                for examined in [each for each in self._examining if each.done()]:
                    self._take_job(examined, executor, is_dry)
                for coded in [each for each in self._coding if each.done()]:
                    self._take_sibling(coded)
        finally:
            executor.shutdown(cancel_futures=True)
            # Something has come in between, Control-C perhaps.
            for coded in [each for each in self._coding if not each.cancelled()]:
                self._take_sibling(coded)
            for job in [*self._jobs.values()]:
                self._finish(job)

    def _has_room(self, nbytes: int) -> bool:
        """Tell whether a file of this size may be read before others are done with."""
        open_files = [*self._examining.values(), *self._jobs]
        open_nbytes = sum(map(self._tree.sources.__getitem__, open_files))
        return not open_files or (
            len(open_files) < self._options.jobs * _FILES_PER_THREAD
            and open_nbytes + nbytes <= _MAX_OPEN_NBYTES
        )

    def _take_job(
        self, future: Future[Job], executor: ThreadPoolExecutor, is_dry: bool
    ) -> None:
        """Go on with a file that has been examined."""
        path = self._examining.pop(future)
        with noting(self._report.faults, path):
            job = future.result()
            self._report.notes += job.notes
            if is_dry:
                self._report.stale += job.stale
                self._progress.advance(self._tree.sources[path])
                return
            self._adopted.update(job.adopted)
            self._jobs[path] = job
            for coding in job.to_make:
                each = executor.submit(_make_one, self._root, self._journal, job, coding)
                self._coding[each] = (job, coding)
            if not job.to_make:
                self._finish(job)
            return
        self._progress.advance(self._tree.sources[path])

    def _take_sibling(self, future: Future[SiblingFile | None]) -> None:
        """Go on with a file one of whose siblings has been made."""
        job, coding = self._coding.pop(future)
        name = job.to_make[coding]
        source = job.source
        with noting(job.faults, job.beside(name)):
            sibling = future.result()
            if sibling is None:
                tried = tuple(sorted({*source.not_worth, coding}))
                job.source = source._replace(not_worth=tried)
            else:
                siblings = {**source.siblings, coding: sibling}
                job.source = source._replace(siblings=siblings)
                self._made[coding] += 1
            del job.to_make[coding]
        if not any(job is other for other, _ in self._coding.values()):
            self._finish(job)

    def _finish(self, job: Job) -> None:
        """Do the rest for a file, and note what is to be recorded of it."""
        del self._jobs[job.path]
        for name in job.to_settle:
            with noting(job.faults, job.beside(name)):
                make_like(os.path.join(self._root, job.beside(name)), job.status)
        # What could not be made replaces nothing that is to be removed.
        if not job.to_make:
            for sibling in self._superseded(job):
                remove_sibling(self._root, job.path, sibling, self._report, job.faults)
        self._report.faults += job.faults
        old = job.old
        entry = job.source
        if old is not None and (job.faults or job.to_make):
            # Whatever it names is known as made here, to the next run too.
            siblings = {**old.siblings, **job.source.siblings}
            entry = job.source._replace(siblings=siblings) if job.is_unchanged else old
        self.entries[job.path] = entry
        self._progress.advance(self._tree.sources[job.path])

    def _superseded(self, job: Job) -> list[SiblingFile]:
        """Return the siblings that the manifest names and that are none any more."""
        if job.old is None:
            return []
        names = {sibling.name for sibling in job.source.siblings.values()}
        return [each for each in job.old.siblings.values() if each.name not in names]

    def orphans(self) -> Iterator[tuple[str, Source]]:
        """Return what the manifest names that is not to have siblings, such as what is gone."""
        for path, source in self._old.files.items():
            if path not in self._tree.sources and not self._tree.has_failed(path):
                yield path, source

    def remove_orphans(self) -> None:
        """Remove the siblings of such files, and forget these."""
        for path, source in self.orphans():
            faults: list[str] = []
            # What lies there belongs to others.
            if not self._tree.has_closed(path):
                for sibling in source.siblings.values():
                    remove_sibling(self._root, path, sibling, self._report, faults)
                if source.siblings:
                    why = why_orphaned(self._root, path)
                    self._report.notes.append(f"{shown(path)}: {why}, its siblings are removed")
            self._report.faults += faults
            if not faults:
                del self.entries[path]

    def record(self, recorded: Manifest) -> None:
        """Write the manifest if it says something else than what is recorded, and end."""
        self._journal.close()
        manifest = Manifest(self.entries)
        with noting(self._report.faults, NAME):
            if manifest != recorded:
                write_manifest(self._root, manifest)
            self._journal.remove()

    def count(self) -> None:
        """Sum up what the manifest says of the files that are there."""
        for coding in self._options.codings:
            total = self._report.totals[coding] = Total(
                made=self._made[coding], adopted=self._adopted[coding]
            )
            for path in self._tree.sources:
                source = self.entries.get(path)
                if source is not None and coding in source.siblings:
                    total.count += 1
                    total.nbytes += source.siblings[coding].nbytes
                    total.source_nbytes += source.nbytes


def _make_one(root: str, journal: Journal, job: Job, coding: str) -> SiblingFile | None:
    """Make a sibling and return what the manifest should say of it, None if it is not worth it.

    :raises OSError: it cannot be written.
    """
    coded = compress(job.content, coding, level=CODINGS[coding].file_level)
    if not is_worth(len(coded), len(job.content)):
        return None
    name = job.to_make[coding]
    sibling = SiblingFile(name, len(coded), digest_of(coded))
    source = job.source._replace(siblings={coding: sibling})

    def finish(temporary: str) -> None:
        make_like(temporary, job.status)
        journal.note(job.path, source)

    write_whole(os.path.join(root, job.beside(name)), coded, finish)
    return sibling
