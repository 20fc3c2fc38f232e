"""What packages bring along to be served: real scripts, styles, pages and fonts."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from trees import check_folder
from trees import names_below
from trees import options
from trees import run
from trees import state_of

from pyfastgz.coding import CODINGS
from pyfastgz.coding import available_codings
from pyfastgz.static.make import check
from pyfastgz.static.manifest import read_manifest
from pyfastgz.static.remove import clean
from pyfastgz.static.report import Progress

EVERY = tuple(name for name in available_codings() if CODINGS[name].suffix)

# br takes seconds for a megabyte.
TREES = {
    "dash": ("dash", 150_000),
    "swagger": ("flask_swagger_ui/dist", 500_000),
    "sphinx": ("sphinx/themes", 150_000),
    "furo": ("furo/theme", 150_000),
}


@pytest.fixture(params=TREES)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a tree, but for what is very large, and for what an interpreter reads."""
    place, max_nbytes = TREES[request.param]
    package, _, below = place.partition("/")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{package} is not installed")
    source = Path(spec.origin).parent / below
    for path in source.rglob("*"):
        is_served = path.is_file() and not path.suffix.startswith(".py")
        if is_served and path.stat().st_size <= max_nbytes:
            target = tmp_path / "static" / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    return tmp_path / "static"


def test_from_nothing_to_nothing(folder: Path) -> None:
    before = state_of(folder)
    report = run(folder, *EVERY)
    assert report.count > 3
    assert not report.faults
    for coding in EVERY:
        total = report.totals[coding]
        assert total.made == total.count > 2
        assert total.nbytes < 0.5 * total.source_nbytes
    manifest = read_manifest(folder)
    assert manifest is not None
    assert len(manifest.files) == report.count
    made = {
        str(Path(path).parent / sibling.name)
        for path, source in manifest.files.items()
        for sibling in source.siblings.values()
    }
    assert names_below(folder) == before.keys() | made | {".pyfastgz.json"}

    first = state_of(folder)
    run(folder, *EVERY)
    assert check(str(folder), options(*EVERY), Progress()).stale == []
    assert state_of(folder) == first

    # As an image or an archive has it that was made of it.
    shutil.copytree(folder, folder.parent / "copy")
    check_folder(folder.parent / "copy")
    assert check(str(folder.parent / "copy"), options(*EVERY), Progress()).stale == []

    clean(str(folder), options().choice, Progress())
    assert state_of(folder) == before
