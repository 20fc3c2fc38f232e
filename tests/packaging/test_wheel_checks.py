"""What make wheels checks of a module: each check finds the fault that it is there for."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.wheels.check import WheelError
from tools.wheels.check import check_module
from tools.wheels.targets import AARCH64
from tools.wheels.targets import X86_64
from tools.wheels.targets import Target

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64" or shutil.which("readelf") is None,
    reason="needs x86-64 and readelf, from the Debian package binutils",
)

SOURCE = """
#include <math.h>
extern double volatile x;
__attribute__((visibility("hidden"))) double volatile x;
void *PyInit__core(void) { x = sin(x); return 0; }
"""
LEAK = "int ZSTD_versionNumber(void) { return 0; }\n"
HARDENED = ["-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack", "-Wl,--as-needed"]


def build(folder: Path, source: str, *options: str) -> Path:
    (folder / "core.c").write_text(source)
    module = folder / "_core.abi3.so"
    command = ["cc", "-shared", "-fPIC", "core.c", "-o", str(module), *options]
    subprocess.run(command, cwd=folder, check=True)
    return module


def test_a_module_as_it_should_be(tmp_path: Path) -> None:
    check_module(build(tmp_path, SOURCE.replace("sin(x)", "x"), *HARDENED), X86_64)


@pytest.mark.parametrize(
    ("source", "options", "target", "complaint"),
    [
        (SOURCE + LEAK, HARDENED, X86_64, "exports"),
        (SOURCE, [*HARDENED, "-lm"], X86_64, "needs"),
        (SOURCE, [*HARDENED, "-Wl,-rpath,/opt"], X86_64, "path for libraries"),
        (SOURCE, [*HARDENED, "-Wl,-z,lazy"], X86_64, "at once"),
        (SOURCE, [*HARDENED, "-Wl,-z,norelro"], X86_64, "read-only"),
        (SOURCE, [*HARDENED, "-Wl,-z,execstack"], X86_64, "executable stack"),
        (SOURCE, HARDENED, AARCH64, "not for aarch64"),
    ],
)
def test_a_fault_is_found(
    tmp_path: Path, source: str, options: list[str], target: Target, complaint: str
) -> None:
    with pytest.raises(WheelError, match=complaint):
        check_module(build(tmp_path, source, *options), target)
