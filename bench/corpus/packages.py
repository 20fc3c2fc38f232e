"""The packages the corpus is taken from: pinned universal wheels, checked by their hashes."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

REQUIREMENTS_PATH = Path(__file__).with_name("packages.txt")
"""The packages, one requirement with its hash a line."""

_REQUIREMENT = re.compile(r"^([\w.-]+)==\S+ --hash=sha256:([0-9a-f]{64})$", re.MULTILINE)


class CorpusUnavailableError(RuntimeError):
    """The packages are not in the cache and cannot be downloaded."""


def cache_dir() -> Path:
    """Return the folder that keeps downloads: FASTGZ_CORPUS_DIR, or one in the user's cache."""
    if directory := os.environ.get("FASTGZ_CORPUS_DIR"):
        return Path(directory)
    user_cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(user_cache, "pyfastgz", "corpus")


def fetch_wheels() -> dict[str, Path]:
    """Return the wheel of every package by name, after downloading those that are missing.

    :raises CorpusUnavailableError: pip cannot download them.
    """
    digests = dict(_REQUIREMENT.findall(REQUIREMENTS_PATH.read_text("utf-8")))
    directory = cache_dir() / "wheels"
    directory.mkdir(parents=True, exist_ok=True)
    paths = _wheels_by_digest(directory)
    if not paths.keys() >= set(digests.values()):
        _download(directory)
        paths = _wheels_by_digest(directory)
    return {name: paths[digest] for name, digest in digests.items()}


def read_member(wheel: Path, member: str) -> bytes:
    """Return a file of a wheel; one that was gzipped before it was packed, decompressed."""
    with zipfile.ZipFile(wheel) as archive:
        body = archive.read(member)
    return gzip.decompress(body) if member.endswith(".gz") else body


def _wheels_by_digest(directory: Path) -> dict[str, Path]:
    wheels = directory.glob("*.whl")
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in wheels}


def _download(directory: Path) -> None:
    # The files are read, never installed, so the platform and the version of this interpreter
    # must not decide which wheels there are: all are universal.
    target = ["--platform", "any", "--python-version", "3.13", "--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *target]
    command += ["--require-hashes", "-r", str(REQUIREMENTS_PATH), "-d", str(directory)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise CorpusUnavailableError(f"the corpus cannot be downloaded:\n{result.stderr}")
