"""What is in a wheel: its metadata, its licences and its module."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from email import message_from_bytes
from pathlib import Path

from .steps import ROOT
from .steps import run
from .targets import Target

LICENCES = {
    "LICENSE": "LICENSE",
    "licenses/libdivsufsort-lite.txt": "licenses/libdivsufsort-lite.txt",
    "licenses/zstd.txt": "build/zstd/LICENSE",
}
NOT_SHIPPED = re.compile(r"(^|/)(tests?|csrc|build|tools|bench|docs)/|\.(c|h|pyc)$")


class WheelError(Exception):
    """A wheel has something wrong, which the message names."""


def check(condition: bool, message: str) -> None:
    """Raise WheelError with the message unless the condition holds."""
    if not condition:
        raise WheelError(message)


def check_wheel(wheel: Path, target: Target) -> None:
    """Check all that can be seen without running it."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        check_files(names)
        (info,) = {name.split("/")[0] for name in names if ".dist-info/" in name}
        check_metadata(archive, info)
        check_tags(archive.read(f"{info}/WHEEL"), wheel)
        (module,) = (name for name in names if re.fullmatch(r"pyfastgz/_core\..+\.so", name))
        with tempfile.TemporaryDirectory() as folder:
            check_module(Path(archive.extract(module, folder)), target)


def check_files(names: list[str]) -> None:
    """Check that all of the package is there, and nothing that is not for users."""
    package = {
        path.relative_to(ROOT).as_posix()
        for pattern in ("**/*.py", "**/*.pyi", "py.typed")
        for path in (ROOT / "pyfastgz").glob(pattern)
    }
    missing = package - set(names)
    check(not missing, f"missing: {sorted(missing)}")
    needless = [name for name in names if NOT_SHIPPED.search(name)]
    check(not needless, f"not to be shipped: {needless}")


def check_metadata(archive: zipfile.ZipFile, info: str) -> None:
    """Check that each licence is named, and that its text is there."""
    metadata = message_from_bytes(archive.read(f"{info}/METADATA"))
    check(
        metadata["License-Expression"] == "MIT AND BSD-3-Clause",
        f"License-Expression is {metadata['License-Expression']}",
    )
    named = set(metadata.get_all("License-File", []))
    check(named == set(LICENCES), f"License-File has {sorted(named)}")
    for name, original in LICENCES.items():
        text = archive.read(f"{info}/licenses/{name}")
        check(text == (ROOT / original).read_bytes(), f"{name} is not {original}")


def check_tags(content: bytes, wheel: Path) -> None:
    """Check that the tags inside are those of the wheel's name."""
    inside = set(message_from_bytes(content).get_all("Tag", []))
    python, abi, platforms = wheel.stem.split("-")[-3:]
    outside = {f"{python}-{abi}-{platform}" for platform in platforms.split(".")}
    check(inside == outside, f"tags {sorted(inside)} in {wheel.name}")


def readelf(module: Path, *options: str) -> str:
    """Return what readelf says of a module."""
    command = ["readelf", "--wide", *options, str(module)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def check_module(module: Path, target: Target) -> None:
    """Check the processor, the exported symbols, the libraries and the hardening."""
    header = readelf(module, "--file-header")
    check(target.machine_in_elf in header, f"not for {target.machine}:\n{header}")

    exported = [
        columns[7]
        for columns in map(str.split, readelf(module, "--dyn-syms").splitlines())
        if len(columns) > 7 and columns[4] in {"GLOBAL", "WEAK"} and columns[6] != "UND"
    ]
    check(exported == ["PyInit__core"], f"exports {exported}")

    dynamic = readelf(module, "--dynamic")
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic))
    check(needed <= target.libraries, f"needs {sorted(needed)}")
    check("RUNPATH" not in dynamic and "RPATH" not in dynamic, "has a path for libraries")
    check("BIND_NOW" in dynamic, "does not bind all symbols at once")

    segments = readelf(module, "--segments")
    check("GNU_RELRO" in segments, "has no segment that becomes read-only")
    (stack,) = re.findall(r"GNU_STACK.* (R[W ][E ]) ", segments)
    check("E" not in stack, "has an executable stack")


def audit_abi(wheel: Path) -> str:
    """Have abi3audit check that the wheel keeps to the stable ABI, and return what it says."""
    command = [sys.executable, "-m", "abi3audit", "--strict", "--summary", wheel]
    return run(command, cwd=wheel.parent)
