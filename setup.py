"""What pyproject.toml cannot say: the compiled module, its ABI, and what archives carry."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory

from setuptools import setup
from setuptools.command.build import build
from setuptools.command.sdist import sdist

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tools.zstd_pin import FETCHED
from tools.zstd_pin import ROOT
from tools.zstd_pin import check
from tools.zstd_pin import read_pin

# The stable ABI does not cover free-threaded builds before 3.15.
free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


class Build(build):
    """One in a folder of its own.

    setuptools takes what it finds in ``build`` for new as long as no source file is newer: what
    was compiled with another libzstd, compiler or flags, and modules that are no more.
    """

    def initialize_options(self) -> None:
        """Set the folder that ``--build-base`` may change."""
        super().initialize_options()
        self._folder = TemporaryDirectory(prefix="pyfastgz-")
        self.build_base = self._folder.name


class SourceDistribution(sdist):
    """One that carries libzstd, so that it builds without a network."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Lay out what goes into the archive."""
        check(FETCHED)
        fetched = FETCHED.relative_to(ROOT)
        carried = [str(fetched / name) for name in read_pin().files]
        super().make_release_tree(base_dir, files + carried)
        check(Path(base_dir, fetched))


setup(
    cmdclass={"build": Build, "sdist": SourceDistribution},
    cffi_modules=["csrc/ffi_build.py:make_ffi"],
    options={} if free_threaded else {"bdist_wheel": {"py_limited_api": "cp310"}},
)
