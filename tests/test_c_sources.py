"""How the C files of the core hang together: who includes whom, and how each begins."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSRC = Path(__file__).resolve().parents[1] / "csrc"
# Which parts a part may include, itself or by way of others: so each can be read, tested and
# replaced alone.
MAY_INCLUDE: dict[str, set[str]] = {
    "checksum": set(),
    "deflate": {"entropy", "parse"},
    "entropy": set(),
    "libzstd": {"entropy", "parse", "zstd"},
    "parse": set(),
    "zstd": {"entropy", "parse"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def core_files(csrc: Path) -> list[Path]:
    """Return the files of the core, without the programs that test it."""
    return sorted(
        path for path in csrc.glob("**/*.[ch]") if path.relative_to(csrc).parts[0] != "test"
    )


def part_of(csrc: Path, path: Path) -> str:
    """Return the folder that a file is in, or its own name without its suffix."""
    return path.relative_to(csrc).with_suffix("").parts[0]


def included(csrc: Path, path: Path) -> list[Path]:
    """Return the files of the core that a file includes itself."""
    names = [match[1] for match in INCLUDE.finditer(path.read_text("utf-8")) if match[1]]
    found = []
    for name in names:
        candidates = [(folder / name).resolve() for folder in (path.parent, csrc)]
        existing = [candidate for candidate in candidates if candidate.is_file()]
        assert existing, f"{path} includes {name}, which is not there"
        found.append(existing[0])
    return found


def reached(csrc: Path, path: Path) -> set[Path]:
    """Return the files of the core that a file includes, itself or by way of others."""
    seen: set[Path] = set()
    waiting = [path]
    while waiting:
        new = set(included(csrc, waiting.pop())) - seen
        seen |= new
        waiting += new
    return seen


def is_forbidden(part: str, other: str) -> bool:
    """Return whether a part may not include another."""
    allowed = MAY_INCLUDE.get(part)
    return allowed is not None and other in MAY_INCLUDE and other not in {part, *allowed}


def forbidden_includes(csrc: Path) -> list[tuple[str, str]]:
    """Return each file of a part with each file of another part that it includes."""
    return [
        (str(path.relative_to(csrc)), str(other.relative_to(csrc)))
        for path in core_files(csrc)
        for other in sorted(reached(csrc, path))
        if is_forbidden(part_of(csrc, path), part_of(csrc, other))
    ]


def test_the_parts_are_there() -> None:
    found = {part_of(CSRC, path) for path in core_files(CSRC)}
    assert found.issuperset(MAY_INCLUDE)


def test_parts_include_what_they_may() -> None:
    assert forbidden_includes(CSRC) == []


@pytest.mark.parametrize(
    ("path", "line", "other"),
    [
        ("libzstd.c", '#include "deflate/deflate.h"', "deflate/deflate.h"),
        ("deflate/window.c", '#  include "../checksum/checksum.h"', "checksum/checksum.h"),
        ("checksum/crc32.c", '#include "shared.h"', "deflate/deflate.h"),
        ("deflate/window.c", '#include "libzstd.h"', "libzstd.h"),
        ("parse/staged.c", '#include "../deflate/deflate.h"', "deflate/deflate.h"),
        ("zstd/writer.c", '#include "../deflate/deflate.h"', "deflate/deflate.h"),
        ("deflate/window.c", '#include "../zstd/writer.h"', "zstd/writer.h"),
    ],
)
def test_an_include_that_is_not_allowed_is_found(
    tmp_path: Path, path: str, line: str, other: str
) -> None:
    csrc = tmp_path.resolve()
    (csrc / "deflate").mkdir()
    (csrc / "checksum").mkdir()
    (csrc / "parse").mkdir()
    (csrc / "zstd").mkdir()
    headers = {"deflate/deflate.h": "", "checksum/checksum.h": "", "libzstd.h": ""}
    headers["zstd/writer.h"] = ""
    headers["shared.h"] = '#include "deflate/deflate.h"\n'
    for name, text in {**headers, path: f"{line}\n"}.items():
        (csrc / name).write_text(text, "utf-8")
    assert forbidden_includes(csrc) == [(path, other)]


def test_libzstd_is_known_to_its_adapters_and_what_prepares_dictionaries_alone() -> None:
    users = {
        part_of(CSRC, path)
        for path in core_files(CSRC)
        for match in INCLUDE.finditer(path.read_text("utf-8"))
        if match[2] is not None and match[2].startswith(("zstd", "zdict"))
    }
    assert users == {"decoder", "dictionary", "libzstd"}


def test_nothing_of_the_core_includes_its_tests() -> None:
    for path in core_files(CSRC):
        assert not [other for other in reached(CSRC, path) if part_of(CSRC, other) == "test"]


@pytest.mark.parametrize(
    "name", [str(path.relative_to(CSRC)) for path in sorted(CSRC.glob("**/*.[ch]"))]
)
def test_every_file_opens_with_what_it_does(name: str) -> None:
    """A header by its name, because it is read where it is included."""
    opening = re.match(r"/\*(.*?)\*/", (CSRC / name).read_text("utf-8"), re.DOTALL)
    assert opening is not None
    words = opening[1].replace("\n *", "\n").split()
    assert len(words) >= 10
    if name.endswith(".h"):
        assert words[:2] == [Path(name).name, "-"]
