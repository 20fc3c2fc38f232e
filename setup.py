"""What pyproject.toml cannot say: the compiled module, and one wheel for CPython >= 3.10."""

from __future__ import annotations

import sysconfig

from setuptools import setup

# The stable ABI does not cover free-threaded builds before 3.15.
free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

setup(
    cffi_modules=["csrc/ffi_build.py:make_ffi"],
    options={} if free_threaded else {"bdist_wheel": {"py_limited_api": "cp310"}},
)
