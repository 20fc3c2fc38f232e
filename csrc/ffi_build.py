"""The cffi builder: compiles the core into the module ``pyfastgz._core``.

The declarations come from the part of ``fastgz.h`` between its two cffi lines, so the header is
the one source of truth. libzstd comes from one of two places:

- ``PYFASTGZ_ZSTD=system``: the library that pkg-config knows as libzstd;
- ``PYFASTGZ_ZSTD=fetched``: the sources that ``tools/fetch_zstd.py`` put into ``build/zstd``,
  compiled in and hidden.

Unset, it is the fetched one if it is there, and else the system's.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from cffi import FFI

ROOT = Path(__file__).resolve().parent.parent
CSRC = ROOT / "csrc"
FETCHED = ROOT / "build" / "zstd"

WARNINGS = ["-Wall"]
OPTIMISATION = ["-O3", "-g0", "-fvisibility=hidden"]
HARDENING = ["-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]
LINK_HARDENING = ["-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"]
# Without these libzstd marks its functions as exported, whatever the default visibility.
HIDDEN_ZSTD = ["-DZSTDLIB_VISIBLE=", "-DZDICTLIB_VISIBLE=", "-DZSTDERRORLIB_VISIBLE="]

NO_ZSTD = (
    "libzstd not found: install its development package, so that `pkg-config libzstd` works,"
    " or run `python tools/fetch_zstd.py` in a checkout of pyfastgz to build a pinned copy in."
)


def pkg_config(option: str) -> list[str] | None:
    """Return what pkg-config says of libzstd, None if it knows none."""
    try:
        answer = subprocess.run(
            ["pkg-config", option, "libzstd"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return shlex.split(answer.stdout)


def zstd_options() -> dict[str, list[str]]:
    """Return the compiler and linker options that bring libzstd in."""
    choice = os.environ.get("PYFASTGZ_ZSTD", "")
    if choice not in {"", "system", "fetched"}:
        raise SystemExit(f"PYFASTGZ_ZSTD must be 'system' or 'fetched', not {choice!r}")
    if choice != "system" and (FETCHED / "zstd.c").exists():
        source = os.path.relpath(FETCHED / "zstd.c", ROOT)
        return {"sources": [source], "compile": [f"-I{FETCHED}", *HIDDEN_ZSTD], "link": []}
    compile_options = pkg_config("--cflags")
    link_options = pkg_config("--libs")
    if choice == "fetched" or compile_options is None or link_options is None:
        raise SystemExit(NO_ZSTD)
    return {"sources": [], "compile": compile_options, "link": link_options}


def declarations() -> str:
    """Return the part of the public header that cffi parses."""
    header = (CSRC / "fastgz.h").read_text()
    return header.split("/* cffi: begin */")[1].split("/* cffi: end */")[0]


def sources() -> list[str]:
    """Return the core's C files, relative to the root as setuptools wants them."""
    paths = [*CSRC.glob("*.c"), *CSRC.glob("deflate/*.c"), *CSRC.glob("checksum/*.c")]
    return sorted(os.path.relpath(path, ROOT) for path in paths)


def make_ffi() -> FFI:
    """Return the builder that setup.py names in ``cffi_modules``."""
    zstd = zstd_options()
    ffi = FFI()
    ffi.cdef(declarations())
    ffi.set_source(
        "pyfastgz._core",
        '#include "fastgz.h"',
        sources=sources() + zstd["sources"],
        include_dirs=[os.path.relpath(CSRC, ROOT)],
        depends=[os.path.relpath(path, ROOT) for path in CSRC.glob("**/*.h")],
        extra_compile_args=[*WARNINGS, *OPTIMISATION, *HARDENING, *zstd["compile"]],
        extra_link_args=[*LINK_HARDENING, *zstd["link"]],
    )
    return ffi


if __name__ == "__main__":
    make_ffi().compile(verbose=True)
