"""Fetch the pinned libzstd source into ``build/zstd``, for builds that compile it in.

pip downloads the package that ``tools/zstd.txt`` pins and checks its hash; the amalgamated
source, its two headers and its licence are taken out of it. Nothing is done when they are there
already.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIN = ROOT / "tools" / "zstd.txt"
FETCHED = ROOT / "build" / "zstd"
MEMBERS = ("zstd.h", "zstd_errors.h", "LICENSE", "zstd.c")


def pip_download(folder: Path) -> Path:
    """Download the pinned source distribution into folder and return its path."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += [
        "--no-binary=:all:",
        "--require-hashes",
        f"--requirement={PIN}",
        f"--dest={folder}",
    ]
    subprocess.run(command, check=True)
    (archive,) = folder.glob("*.tar.gz")
    return archive


def extract(archive: Path) -> None:
    """Write the wanted members of the archive's ``zstd`` folder into FETCHED."""
    FETCHED.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        folder = tar.getnames()[0].split("/")[0]
        # zstd.c comes last: the build takes its presence to mean that all is here.
        for name in MEMBERS:
            member = tar.extractfile(f"{folder}/zstd/{name}")
            if member is None:
                raise SystemExit(f"{archive.name} has no zstd/{name}")
            (FETCHED / name).write_bytes(member.read())


def stamp_is_current(stamp: Path) -> bool:
    """Tell whether the fetched source is the pinned one."""
    return (
        (FETCHED / MEMBERS[-1]).exists()
        and stamp.exists()
        and stamp.read_text() == PIN.read_text()
    )


def main() -> None:
    """Fetch, unless the pinned source is already there."""
    stamp = FETCHED / "pin.txt"
    if stamp_is_current(stamp):
        return
    with tempfile.TemporaryDirectory() as folder:
        extract(pip_download(Path(folder)))
    stamp.write_text(PIN.read_text())


if __name__ == "__main__":
    main()
