"""From the checkout to a source distribution, and from that to wheels."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from pathlib import Path

from .steps import ROOT
from .steps import WORK
from .steps import run
from .targets import Target

WHEELS = WORK / "wheels"


def build_sdist() -> Path:
    """Build the source distribution and return its path."""
    run([sys.executable, "tools/fetch_zstd.py"], cwd=ROOT)
    run([sys.executable, "-m", "build", "--sdist", "--outdir", WORK, "."], cwd=ROOT)
    (sdist,) = WORK.glob("*.tar.gz")
    return sdist


def build_wheel(sdist: Path, target: Target, python: Path = Path(sys.executable)) -> Path:
    """Build a wheel from the source distribution, have it tagged, and return its path.

    The folder is fresh, and so is the environment with what the build requires.
    """
    folder = WORK / f"{target.tag}-{python.parents[1].name}"
    shutil.unpack_archive(sdist, folder / "sources")
    (sources,) = (folder / "sources").iterdir()
    headers = copy_machine_header(folder / "include", target)
    environment = target.compiler() | {"CFLAGS": f"-I{headers}", "PYFASTGZ_ZSTD": "fetched"}
    # The tag has to be told: the interpreter is the one of this machine.
    option = f"-C--build-option=--plat-name=linux_{target.machine}"
    command = [python, "-m", "pip", "wheel", "--no-deps", option, "--wheel-dir", folder, "."]
    run(command, cwd=sources, environment=environment)
    (wheel,) = folder.glob("*.whl")
    if target.is_musl:
        wheel = name_musl(wheel, target)
    return repair(wheel, target)


def copy_machine_header(folder: Path, target: Target) -> Path:
    """Return the folder, with the part of Debian's ``pyconfig.h`` that is not in its place.

    Debian's headers choose it by processor, have but this machine's, and keep it where zig does
    not look. It says the same for all processors with 64 bits and the lowest byte first.
    """
    header = Path(sysconfig.get_config_h_filename())
    version = header.parent.name
    machine = sysconfig.get_config_var("MULTIARCH") or ""
    machine_header = header.parents[1] / machine / version / header.name
    place = folder / f"{target.machine}-linux-gnu" / version
    place.mkdir(parents=True)
    if machine_header.exists():
        shutil.copy(machine_header, place)
    return folder


def name_musl(wheel: Path, target: Target) -> Path:
    """Have the wheel's module need musl by the name that it has on musl's systems.

    Zig's linker calls it libc.so, which auditwheel takes for nobody's.
    """
    folder = wheel.parent / "musl"
    run([sys.executable, "-m", "wheel", "unpack", "--dest", folder, wheel], cwd=wheel.parent)
    (unpacked,) = folder.iterdir()
    (module,) = unpacked.glob("pyfastgz/_core*.so")
    (library,) = target.libraries
    run(["patchelf", "--replace-needed", "libc.so", library, module], cwd=folder)
    run([sys.executable, "-m", "wheel", "pack", "--dest-dir", folder, unpacked], cwd=folder)
    (packed,) = folder.glob("*.whl")
    return packed


def repair(wheel: Path, target: Target) -> Path:
    """Have auditwheel judge and tag the wheel, and return the path of the tagged one."""
    before = set(WHEELS.glob("*.whl"))
    # auditwheel finds the tags of other systems, but cannot be asked for them.
    wanted = ["--plat", target.tag, "--only-plat"] if target.is_native else []
    command = [
        sys.executable,
        "-m",
        "auditwheel",
        "repair",
        *wanted,
        "--wheel-dir",
        WHEELS,
        wheel,
    ]
    run(command, cwd=wheel.parent)
    (repaired,) = set(WHEELS.glob("*.whl")) - before
    if target.tag not in repaired.name:
        raise SystemExit(f"auditwheel made {repaired.name}, which is not for {target.tag}")
    return repaired
