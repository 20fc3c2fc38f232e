"""Folders with files, and what may be said of any of them after a run."""

from __future__ import annotations

import os
import random
from pathlib import Path

from decoders import check

from pyfastgz.disk import digest_of
from pyfastgz.policy import Policy
from pyfastgz.static.examine import Options
from pyfastgz.static.make import make
from pyfastgz.static.manifest import read_manifest
from pyfastgz.static.report import Progress
from pyfastgz.static.report import Report
from pyfastgz.static.tree import Choice

POLICY = Policy.from_mapping({})
WORDS = [f"word{number}" for number in range(300)]

State = dict[str, tuple[int, int, int, bytes]]


def text(seed: int, nbytes: int = 3000) -> bytes:
    """Return so many bytes that become half as many, or fewer, in any coding."""
    chooser = random.Random(seed)
    words = " ".join(chooser.choices(WORDS, k=nbytes // 4 + 2))
    return words.encode()[:nbytes]


def noise(seed: int, nbytes: int = 3000) -> bytes:
    """Return so many bytes that do not become fewer."""
    return random.Random(seed).randbytes(nbytes)


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def options(
    *codings: str,
    adopt: bool = False,
    exclude: tuple[str, ...] = (),
    jobs: int = 2,
    **settings: object,
) -> Options:
    """Return what the command makes of settings, with codings that are quick."""
    policy = Policy.from_mapping({f"COMPRESS_{key.upper()}": settings[key] for key in settings})
    choice = Choice(policy, policy.min_size, exclude)
    return Options(choice, codings or ("zstd", "gzip"), jobs, adopt)


def run(folder: Path, *codings: str, **wishes: object) -> Report:
    """Make siblings, and check that all that can be said of any folder is true of this one."""
    report = make(str(folder), options(*codings, **wishes), Progress())  # type: ignore[arg-type]
    check_folder(folder)
    return report


def names_below(folder: Path) -> set[str]:
    """Return the paths of all files below a folder, links among them."""
    return {
        os.path.relpath(os.path.join(place, name), folder)
        for place, _, names in os.walk(folder)
        for name in names
    }


def check_folder(folder: Path) -> None:
    """Assert that the manifest is right, its siblings decode, and nothing is half-written."""
    assert not [name for name in names_below(folder) if "pyfastgz-tmp" in name]
    manifest = read_manifest(folder)
    for path, source in manifest.files.items() if manifest else ():
        content = (folder / path).read_bytes()
        status = (folder / path).stat()
        assert (len(content), digest_of(content)) == (source.nbytes, source.sha256), path
        assert status.st_mtime_ns == source.mtime_ns
        for coding, sibling in source.siblings.items():
            place = (folder / path).parent / sibling.name
            coded = place.read_bytes()
            assert (len(coded), digest_of(coded)) == (sibling.nbytes, sibling.sha256), place
            check(coding, coded, content)
            assert len(coded) <= 0.95 * len(content)
            assert place.stat().st_mtime_ns == status.st_mtime_ns
            assert place.stat().st_mode & 0o777 == status.st_mode & 0o777


def state_of(folder: Path) -> State:
    """Return everything about all files below a folder: what is the same was not touched."""
    found = {}
    for name in names_below(folder):
        status = os.lstat(folder / name)
        content = (folder / name).read_bytes() if (folder / name).is_file() else b""
        found[name] = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, content)
    return found
