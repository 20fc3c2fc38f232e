"""Print the path of an emulator for programs of a foreign processor, and fetch it if need be.

``python tools/fetch_qemu.py s390x`` looks for QEMU's user mode emulator on the PATH, then in
``build/qemu``. When it is in neither, and the system is Debian or one of its descendants, the
package is downloaded and the emulators are taken out of it; nothing is installed and no root is
needed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

FETCHED = Path(__file__).resolve().parent.parent / "build" / "qemu"
ARCHITECTURES = ("aarch64", "s390x")

# The first has the statically linked ones, until it became part of the second.
PACKAGES = ("qemu-user-static", "qemu-user")


def names(architecture: str) -> list[str]:
    """Return what an emulator for the architecture may be called."""
    return [f"qemu-{architecture}-static", f"qemu-{architecture}"]


def find(architecture: str) -> str | None:
    """Return the path of the emulator, None if there is none."""
    for name in names(architecture):
        path = shutil.which(name) or shutil.which(FETCHED / name)
        if path is not None:
            return path
    return None


def fetch(package: str) -> None:
    """Download the package, and put the emulators that are in it into FETCHED."""
    FETCHED.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["apt-get", "download", package], cwd=FETCHED, check=True, stdout=subprocess.DEVNULL
    )
    wanted = {name for architecture in ARCHITECTURES for name in names(architecture)}
    for archive in FETCHED.glob("*.deb"):
        unpacking = subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE
        )
        with unpacking, tarfile.open(fileobj=unpacking.stdout, mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                path = FETCHED / Path(member.name).name
                if content is not None and path.name in wanted:
                    path.write_bytes(content.read())
                    path.chmod(0o755)
        archive.unlink()


def main() -> None:
    """Print the path, or say what to install."""
    (architecture,) = sys.argv[1:]
    for package in PACKAGES:
        path = find(architecture)
        if path is not None:
            break
        try:
            fetch(package)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{package} could not be fetched: {error}", file=sys.stderr)
    path = find(architecture)
    if path is None:
        sys.exit(f"no emulator for {architecture}: install QEMU's, on Debian qemu-user-static")
    print(path)


if __name__ == "__main__":
    main()
