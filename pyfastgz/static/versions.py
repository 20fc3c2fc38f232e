"""Versions of files, kept as dictionaries for the versions that come after them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import field
from typing import NamedTuple

from ..coding import CODINGS
from ..coding.dictionary import MAX_NBYTES
from ..coding.dictionary import Dictionary
from ..coding.encoder import compress
from ..disk import digest_of
from ..disk import read_regular
from ..http.patterns import match_of
from ..store.dictionary_folder import About
from ..store.dictionary_folder import DictionaryFolder
from ..store.dictionary_folder import choose_dropped
from ..store.dictionary_folder import opened
from ..store.dictionary_index import EMPTY
from ..store.dictionary_index import Entry
from ..store.dictionary_index import Pair
from ..store.dictionary_index import by_age
from ..store.dictionary_index import difference_name
from ..store.dictionary_index import read_index
from .manifest import read_manifest
from .report import Progress
from .report import noting
from .report import shown


class Served(NamedTuple):
    """A folder whose files are served.

    :param root: the folder.
    :param prefix: the path of its URL, without a slash at its end.
    """

    root: str
    prefix: str


class Keeping(NamedTuple):
    """How versions are kept.

    :param folder: of the dictionaries.
    :param keep: how many of a file, the newest one among them.
    :param max_nbytes: how many bytes all may have.
    :param differences: whether files are coded with the older ones of them.
    :param jobs: in how many threads.
    """

    folder: str
    keep: int
    max_nbytes: int
    differences: bool
    jobs: int


class Version(NamedTuple):
    """A file as it is now.

    :param path: where it is.
    :param name: the pattern of its URLs.
    :param sha256: of its bytes.
    :param best_nbytes: how many bytes it takes without a dictionary, as zstd if that is there.
    """

    path: str
    name: str
    sha256: str
    best_nbytes: int


@dataclass(slots=True)
class VersionsReport:
    """What became of the versions of files.

    :param files: how many files have one.
    :param kept: how many there are.
    :param nbytes: what these have together.
    :param added: how many were not there before, or not the newest.
    :param dropped: how many are not there any more.
    :param differences: how many differences there are, from all versions that files have now.
    :param made: how many of them were made.
    :param difference_nbytes: what they have together.
    :param best_nbytes: what the same files have without dictionaries.
    :param left_out: how many files have no version, by reason.
    :param notes: what is to be told.
    :param stale: what is not as it should be, and was not to be changed.
    :param faults: what has failed.
    """

    files: int = 0
    kept: int = 0
    nbytes: int = 0
    added: int = 0
    dropped: int = 0
    differences: int = 0
    made: int = 0
    difference_nbytes: int = 0
    best_nbytes: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def keep_versions(
    served: Iterable[Served], keeping: Keeping, progress: Progress
) -> VersionsReport:
    """Keep the files of folders, as their manifests name them, for the versions to come.

    :raises ConfigurationError: the folder of dictionaries is not usable; nothing was done.
    :raises OSError: it cannot be written to; what was there is as it was.
    :raises ManifestError: a manifest is not usable; nothing was done.
    """
    report = VersionsReport()
    versions = _versions(served, report)
    with opened(keeping.folder, progress.wait) as folder:
        report.notes += folder.notes
        current = _put(folder, versions, report)
        files = {key: each for key, each in folder.entries.items() if each.kind == "file"}
        dropped = choose_dropped(files, current, keeping.keep, keeping.max_nbytes)
        folder.drop(dropped)
        for sha256 in dropped:
            if sha256 in current:
                path = current.pop(sha256).path
                report.notes.append(f"{shown(path)}: not kept, all would be too much")
        report.dropped = len(dropped)
        _forget_old(folder, current)
        if keeping.differences:
            _make_differences(folder, current, keeping.jobs, report, progress)
        _count(folder, current, report)
    return report


def check_versions(served: Iterable[Served], keeping: Keeping) -> VersionsReport:
    """Tell which files :func:`keep_versions` would keep. Changes nothing.

    :raises ConfigurationError: the folder of dictionaries is not usable.
    :raises ManifestError: a manifest is not usable.
    """
    report = VersionsReport()
    known = (read_index(keeping.folder) or EMPTY).entries
    report.stale += [
        f"{shown(version.path)}: not kept as a dictionary"
        for sha256, version in _versions(served, report).items()
        if sha256 not in known
    ]
    return report


def _versions(served: Iterable[Served], report: VersionsReport) -> dict[str, Version]:
    """Return the files that may be dictionaries by their SHA-256.

    Of several with the same content it is the first one.

    :raises ManifestError: a manifest is not usable.
    """
    versions: dict[str, Version] = {}
    for root, prefix in served:
        manifest = read_manifest(root)
        for path, source in sorted(manifest.files.items()) if manifest else ():
            name = match_of(f"{prefix}/{path}")
            if source.nbytes > MAX_NBYTES:
                report.left_out[f"above {MAX_NBYTES:,} bytes"] += 1
            elif name is None:
                report.left_out["whose names do not say what they are versions of"] += 1
            elif source.nbytes:
                zstd = source.siblings.get("zstd")
                nbytes = source.nbytes if zstd is None else zstd.nbytes
                place = os.path.join(root, path)
                version = Version(place, name, source.sha256, nbytes)
                versions.setdefault(source.sha256, version)
    report.files = len(versions)
    return versions


def _put(
    folder: DictionaryFolder, versions: dict[str, Version], report: VersionsReport
) -> dict[str, Version]:
    """Put versions into the folder, those that are not the newest already.

    :return: those that are there now.
    :raises OSError: one cannot be written.
    """
    newest_other: dict[str, Entry] = {}
    for entry in sorted(folder.entries.values(), key=by_age):
        if entry.sha256 not in versions:
            newest_other[entry.name] = entry
    current = {}
    for sha256, version in versions.items():
        known = folder.entries.get(sha256)
        other = newest_other.get(version.name)
        if known is None or (other is not None and by_age(known) < by_age(other)):
            content = None
            with noting(report.faults, version.path):
                content = _content(version)
            if content is None:
                continue
            folder.put(content, About("file", version.name))
            report.added += 1
        current[sha256] = version
    return current


def _content(version: Version) -> bytes:
    """Return the bytes of a version.

    :raises OSError: they cannot be read, or are not those that they were.
    """
    content, _ = read_regular(version.path, MAX_NBYTES)
    if digest_of(content) != version.sha256:
        raise OSError("it has changed since its siblings were made: run this again")
    return content


def _forget_old(folder: DictionaryFolder, current: dict[str, Version]) -> None:
    """Forget differences of versions that are none of the files any more."""
    names = {version.name for version in current.values()}
    for pair in [*folder.differences]:
        if pair[0] not in current and folder.entries[pair[0]].name in names:
            del folder.differences[pair]


def _make_differences(
    folder: DictionaryFolder,
    current: dict[str, Version],
    jobs: int,
    report: VersionsReport,
    progress: Progress,
) -> None:
    """Code the files with their older versions, where that was not done yet."""
    by_name: dict[str, list[str]] = {}
    for entry in sorted(folder.entries.values(), key=by_age):
        if entry.kind == "file":
            by_name.setdefault(entry.name, []).append(entry.sha256)
    pairs = [
        (sha256, other)
        for sha256, version in current.items()
        for other in by_name[version.name]
        if other != sha256 and (sha256, other) not in folder.differences
    ]
    progress.start(sum(folder.entries[source].nbytes for source, _ in pairs))

    def make(pair: Pair) -> None:
        coded = _difference(folder.read, pair)
        is_worth = len(coded) < current[pair[0]].best_nbytes
        folder.put_difference(pair, coded if is_worth else None)

    with ThreadPoolExecutor(jobs) as executor:
        done = {pair: executor.submit(make, pair) for pair in pairs}
        try:
            for pair, future in done.items():
                with noting(report.faults, os.path.join(folder.path, difference_name(pair))):
                    future.result()
                    report.made += folder.differences[pair] is not None
                progress.advance(folder.entries[pair[0]].nbytes)
        finally:
            executor.shutdown(cancel_futures=True)


def _difference(read: Callable[[str], bytes], pair: Pair) -> bytes:
    """Return a version coded with another one.

    :raises OSError: one of them cannot be read.
    """
    content, other = map(read, pair)
    level = CODINGS["dcz"].file_level
    return compress(content, "dcz", level=level, dictionary=Dictionary(other))


def _count(
    folder: DictionaryFolder, current: dict[str, Version], report: VersionsReport
) -> None:
    files = [each for each in folder.entries.values() if each.kind == "file"]
    report.kept = len(files)
    report.nbytes = sum(each.nbytes for each in files)
    for pair, difference in folder.differences.items():
        if difference is not None and pair[0] in current:
            report.differences += 1
            report.difference_nbytes += difference.nbytes
            report.best_nbytes += current[pair[0]].best_nbytes
