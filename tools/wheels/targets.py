"""What wheels are made for."""

from __future__ import annotations

import platform
import shlex
import sys
from dataclasses import dataclass

from .steps import ZIG_CACHE


@dataclass(frozen=True)
class Target:
    """What a wheel for Linux is built for: a processor and a C library."""

    zig: str
    """The triple that zig knows it by."""

    machine: str
    """The processor as platform tags name it."""

    tag: str
    """The platform tag, as auditwheel is to find it."""

    machine_in_elf: str
    """The processor as readelf names it."""

    libraries: frozenset[str]
    """All that a module may need besides the interpreter."""

    @property
    def is_native(self) -> bool:
        """Whether the wheel can be installed here."""
        return self.machine == platform.machine() and not self.is_musl

    @property
    def is_musl(self) -> bool:
        """Whether the C library is musl."""
        return self.tag.startswith("musllinux")

    def compiler(self) -> dict[str, str]:
        """Return the environment that makes setuptools compile for the target.

        Isolated, so that pip, which isolates the build, does not hide zig from its interpreter.
        """
        command = f"{shlex.quote(sys.executable)} -I -m ziglang cc -target {self.zig}"
        return {
            "CC": command,
            "LDSHARED": f"{command} -shared -s",
            "ZIG_GLOBAL_CACHE_DIR": str(ZIG_CACHE),
            "ZIG_LOCAL_CACHE_DIR": str(ZIG_CACHE),
        }


def manylinux(machine: str, machine_in_elf: str, *libraries: str) -> Target:
    """Return the target of the oldest glibc that pip installs wheels for."""
    return Target(
        f"{machine}-linux-gnu.2.17",
        machine,
        f"manylinux_2_17_{machine}",
        machine_in_elf,
        frozenset({"libc.so.6", "libpthread.so.0", *libraries}),
    )


X86_64 = manylinux("x86_64", "Advanced Micro Devices X86-64")
AARCH64 = manylinux("aarch64", "AArch64", "ld-linux-aarch64.so.1")
X86_64_MUSL = Target(
    "x86_64-linux-musl",
    "x86_64",
    "musllinux_1_2_x86_64",
    X86_64.machine_in_elf,
    frozenset({"libc.musl-x86_64.so.1"}),
)

TARGETS = (X86_64, AARCH64, X86_64_MUSL)
