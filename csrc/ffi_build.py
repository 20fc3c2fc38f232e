"""The cffi builder: compiles the core into the module ``pyfastgz._core``.

The declarations come from the part of ``fastgz.h`` between its two cffi lines, so the header is
the one source of truth. libzstd comes from one of two places:

- ``PYFASTGZ_ZSTD=system``: the library that pkg-config knows as libzstd;
- ``PYFASTGZ_ZSTD=fetched``: the sources that ``tools/fetch_zstd.py`` put into ``build/zstd``,
  compiled in and hidden. They must be those that ``tools/zstd.txt`` pins.

Unset, it is the fetched one if it is there, and else the system's.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from cffi import FFI

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.zstd_pin import FETCHED
from tools.zstd_pin import ROOT
from tools.zstd_pin import check

CSRC = ROOT / "csrc"
FOLDERS = ("checksum", "deflate", "entropy", "parse", "python", "zstd")

# What Python's headers do not declare is not in the stable ABI; old compilers let it pass.
WARNINGS = ["-Wall", "-Werror=implicit-function-declaration"]
OPTIMISATION = ["-O3", "-g0", "-fvisibility=hidden"]
HARDENING = ["-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]
LINK_HARDENING = ["-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"]
# Windows exports what is marked, and nothing else; the rest of the hardening is the default.
MSVC_OPTIMISATION = ["/O2"]
MSVC_HARDENING = ["/guard:cf"]
# Without these libzstd marks its functions as exported, whatever the default visibility.
HIDDEN_ZSTD = [("ZSTDLIB_VISIBLE", ""), ("ZDICTLIB_VISIBLE", ""), ("ZSTDERRORLIB_VISIBLE", "")]
# Python's own kind of functions, beside cffi's: what makes the module lets them be added to it.
PYTHON = ("FGZ_PYTHON", "1")
PREAMBLE = """
#include "fastgz.h"
#include "python/calls.h"
#define _cffi_init(...) fgz_add_calls(_cffi_init(__VA_ARGS__))
"""
# libzstd.c may use more of the libzstd that is compiled in than its stable part.
COMPILED_IN = ("FGZ_ZSTD_COMPILED_IN", "1")

_INSTALL = "install its development package, so that `pkg-config libzstd` works"
_FETCH = "run `python tools/fetch_zstd.py` in a checkout of pyfastgz to build a pinned copy in"

# By PYFASTGZ_ZSTD: only what helps with that.
NO_ZSTD = {
    "": f"libzstd not found: {_INSTALL}, or {_FETCH}.",
    "system": f"libzstd not found: {_INSTALL}.",
    "fetched": f"libzstd was not fetched: {_FETCH}.",
}


def pkg_config(option: str) -> list[str] | None:
    """Return what pkg-config says of libzstd, None if it knows none."""
    try:
        answer = subprocess.run(
            ["pkg-config", option, "libzstd"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return shlex.split(answer.stdout)


class Flags(NamedTuple):
    """What goes on the command lines of the compiler and the linker."""

    compiler: list[str]
    linker: list[str]


def platform_flags(platform: str) -> Flags:
    """Return the flags for the compiler that builds Python modules on the platform."""
    if platform == "win32":
        return Flags([*MSVC_OPTIMISATION, *MSVC_HARDENING], MSVC_HARDENING)
    compiler = [*WARNINGS, *OPTIMISATION, *HARDENING]
    # Apple's linker has no such options: what they ask for is always on.
    return Flags(compiler, [] if platform == "darwin" else LINK_HARDENING)


class Zstd(NamedTuple):
    """What brings libzstd in."""

    sources: list[str]
    include_dirs: list[str]
    macros: list[tuple[str, str]]
    flags: Flags


def find_zstd() -> Zstd:
    """Return the libzstd to build with."""
    choice = os.environ.get("PYFASTGZ_ZSTD", "")
    if choice not in {"", "system", "fetched"}:
        raise SystemExit(f"PYFASTGZ_ZSTD must be 'system' or 'fetched', not {choice!r}")
    if choice != "system" and FETCHED.exists():
        check(FETCHED)
        source = os.path.relpath(FETCHED / "zstd.c", ROOT)
        macros = [*HIDDEN_ZSTD, COMPILED_IN]
        return Zstd([source], [os.path.relpath(FETCHED, ROOT)], macros, Flags([], []))
    compiler = pkg_config("--cflags")
    linker = pkg_config("--libs")
    if choice == "fetched" or compiler is None or linker is None:
        raise SystemExit(NO_ZSTD[choice])
    return Zstd([], [], [], Flags(compiler, linker))


def declarations() -> str:
    """Return the part of the public header that cffi parses."""
    header = (CSRC / "fastgz.h").read_text(encoding="utf-8")
    return header.split("/* cffi: begin */")[1].split("/* cffi: end */")[0]


def sources() -> list[str]:
    """Return the core's C files, relative to the root as setuptools wants them."""
    folders = (CSRC, *(CSRC / name for name in FOLDERS))
    paths = [path for folder in folders for path in folder.glob("*.c")]
    return sorted(os.path.relpath(path, ROOT) for path in paths)


def make_ffi() -> FFI:
    """Return the builder that setup.py names in ``cffi_modules``."""
    zstd = find_zstd()
    flags = platform_flags(sys.platform)
    ffi = FFI()
    ffi.cdef(declarations())
    ffi.set_source(
        "pyfastgz._core",
        PREAMBLE,
        sources=sources() + zstd.sources,
        include_dirs=[os.path.relpath(CSRC, ROOT), *zstd.include_dirs],
        define_macros=[*zstd.macros, PYTHON],
        depends=[os.path.relpath(path, ROOT) for path in CSRC.glob("**/*.h")],
        extra_compile_args=flags.compiler + zstd.flags.compiler,
        extra_link_args=flags.linker + zstd.flags.linker,
    )
    return ffi


if __name__ == "__main__":
    make_ffi().compile(verbose=True)
