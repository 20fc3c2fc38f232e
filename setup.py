"""What pyproject.toml cannot say: the compiled module, its ABI, and what archives carry."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from setuptools import setup
from setuptools.command.sdist import sdist

PIN = Path("tools/zstd.txt")
FETCHED = Path("build/zstd")
CARRIED = ("zstd.c", "zstd.h", "zstd_errors.h", "LICENSE", "pin.txt")
NOT_FETCHED = "the archive carries libzstd: run `python tools/fetch_zstd.py` first"

# The stable ABI does not cover free-threaded builds before 3.15.
free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


class SourceDistribution(sdist):
    """One that carries libzstd, so that it builds without a network."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Lay out what goes into the archive."""
        stamp = FETCHED / "pin.txt"
        if not stamp.exists() or stamp.read_text() != PIN.read_text():
            raise SystemExit(NOT_FETCHED)
        carried = [str(FETCHED / name) for name in CARRIED]
        super().make_release_tree(base_dir, files + carried)


setup(
    cmdclass={"sdist": SourceDistribution},
    cffi_modules=["csrc/ffi_build.py:make_ffi"],
    options={} if free_threaded else {"bdist_wheel": {"py_limited_api": "cp310"}},
)
