"""Fetch the pinned libzstd source into ``build/zstd``, for builds that compile it in.

``python tools/fetch_zstd.py`` takes the archive that ``tools/zstd.txt`` pins from the package
index that pip is configured to use; ``python tools/fetch_zstd.py ARCHIVE`` takes a file that is
there already, for machines without a network. The hash of the archive is checked before it is
opened, and that of each file before it is written. Nothing in the archive is run. Nothing is
done when the pinned files are there.
"""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.package_index import Unavailable
from tools.package_index import fetch
from tools.zstd_pin import FETCHED
from tools.zstd_pin import Pin
from tools.zstd_pin import differences
from tools.zstd_pin import read_pin
from tools.zstd_pin import sha256_of


def read_archive(pin: Pin, arguments: list[str]) -> bytes:
    """Return the archive, from the file that is named or from the index."""
    if not arguments:
        try:
            return fetch(pin.archive, pin.archive_sha256)
        except Unavailable as error:
            raise SystemExit(
                f"{error}\nWith a copy from elsewhere:"
                f" `python tools/fetch_zstd.py FOLDER/{pin.archive}`."
            ) from None
    (name,) = arguments
    content = Path(name).read_bytes()
    if sha256_of(content) != pin.archive_sha256:
        raise SystemExit(f"{name} is not the archive that tools/zstd.txt pins")
    return content


def extract(archive: bytes, pin: Pin) -> dict[str, bytes]:
    """Return the pinned files of the archive by name."""
    top = pin.archive.removesuffix(".tar.gz")
    contents = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for name, sha256 in pin.files.items():
            member = tar.extractfile(f"{top}/zstd/{name}")
            contents[name] = member.read() if member else b""
            if sha256_of(contents[name]) != sha256:
                raise SystemExit(f"{pin.archive} has another zstd/{name} than is pinned")
    return contents


def main() -> None:
    """Fetch, unless the pinned source is already there."""
    if not list(differences(FETCHED)):
        return
    pin = read_pin()
    contents = extract(read_archive(pin, sys.argv[1:]), pin)
    # Complete or not there at all, whenever this is interrupted.
    fresh = FETCHED.with_name("zstd.new")
    for folder in (fresh, FETCHED):
        shutil.rmtree(folder, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, content in contents.items():
        (fresh / name).write_bytes(content)
    fresh.rename(FETCHED)


if __name__ == "__main__":
    main()
