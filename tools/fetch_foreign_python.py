"""Print the path of a CPython for a foreign processor, and fetch it if need be.

``python tools/fetch_foreign_python.py aarch64`` takes Debian's python3 and what it depends on
from the package archive that this machine uses, for the other processor, and unpacks them into
``build/python-aarch64``. Nothing is installed and no root is needed. An emulator runs it:
``qemu-aarch64 -L build/python-aarch64 PATH``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).resolve().parent.parent / "build"
DEBIAN_NAMES = {"aarch64": "arm64"}
SOURCES = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))


def apt_options(folder: Path, architecture: str) -> list[str]:
    """Return what makes apt work in a folder as if on a new machine of the architecture."""
    (source, *_) = [path for path in SOURCES if path.exists()]
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "cache" / "archives" / "partial").mkdir(parents=True)
    (folder / "status").touch()
    settings = {
        "APT::Architecture": DEBIAN_NAMES[architecture],
        "APT::Architectures": DEBIAN_NAMES[architecture],
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "true",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::SourceList": source,
        "Dir::Etc::SourceParts": os.devnull,
        "Dir::State::Lists": folder / "lists",
        "Dir::State::Status": folder / "status",
    }
    return [f"-o{name}={value}" for name, value in settings.items()]


def fetch(root: Path, architecture: str) -> None:
    """Fill the root with CPython and the libraries it needs."""
    folder = root.with_name(f"{root.name}.apt")
    shutil.rmtree(folder, ignore_errors=True)
    apt = ["apt-get", "--quiet", "--quiet", *apt_options(folder, architecture)]
    for command in (["update"], ["install", "--yes", "--download-only", "python3"]):
        subprocess.run([*apt, *command], check=True, stdout=subprocess.DEVNULL)
    for package in (folder / "cache" / "archives").glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", package, root], check=True)
    shutil.rmtree(folder)


def main() -> None:
    """Print the path, or say why there is none."""
    (architecture,) = sys.argv[1:]
    root = BUILD / f"python-{architecture}"
    python = root / "usr" / "bin" / "python3"
    if not python.exists():
        try:
            fetch(root, architecture)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            sys.exit(f"no CPython for {architecture}: Debian's could not be fetched ({error})")
    print(python.resolve())


if __name__ == "__main__":
    main()
