"""What is remembered of siblings, and for how long."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from pyfastgz import compress
from pyfastgz.errors import ManifestError
from pyfastgz.static import siblings as module
from pyfastgz.static.manifest import NAME
from pyfastgz.static.manifest import Manifest
from pyfastgz.static.manifest import SiblingFile
from pyfastgz.static.manifest import Source
from pyfastgz.static.manifest import read_manifest
from pyfastgz.static.manifest import write_manifest
from pyfastgz.static.siblings import LOOK_SECONDS
from pyfastgz.static.siblings import Siblings
from pyfastgz.store.files import FileId
from pyfastgz.store.files import identity

CONTENT = b"one line of many\n" * 500
CODED = compress(CONTENT)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def siblings(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Siblings:
    monkeypatch.setattr("pyfastgz.store.files.SETTLED_NS", -(10**9))
    return Siblings(clock)


def prepare(root: Path, *names: str) -> None:
    files = {}
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENT)
        Path(f"{path}.gz").write_bytes(CODED)
        sibling = SiblingFile(f"{path.name}.gz", len(CODED), digest(CODED))
        mtime_ns = path.stat().st_mtime_ns
        files[name] = Source(len(CONTENT), mtime_ns, digest(CONTENT), {"gzip": sibling})
    write_manifest(root, Manifest(files))


def known(path: Path) -> FileId:
    with path.open("rb") as file:
        found = identity(file)
    assert found is not None
    return found


def is_usable(siblings: Siblings, path: Path) -> bool:
    with path.open("rb") as source:
        sibling = siblings.find(str(path), known(path)).get("gzip")
        file = None if sibling is None else siblings.opened(sibling, source)
        if file is None:
            return False
        with file:
            assert file.read() == CODED
        # The file can still be sent.
        assert source.read() == CONTENT
    return True


def test_the_bytes_are_read_once(
    siblings: Siblings, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path, "a.txt")
    assert is_usable(siblings, tmp_path / "a.txt")
    monkeypatch.setattr("pyfastgz.store.sibling.sha256", None)
    for _ in range(3):
        clock.now += 2 * LOOK_SECONDS
        assert is_usable(siblings, tmp_path / "a.txt")


def test_nor_are_they_read_again_when_the_manifest_says_more_of_others(
    siblings: Siblings, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path, "a.txt")
    assert is_usable(siblings, tmp_path / "a.txt")
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    another = manifest.files["a.txt"]._replace(siblings={})
    write_manifest(tmp_path, Manifest({**manifest.files, "b.txt": another}))
    monkeypatch.setattr("pyfastgz.store.sibling.sha256", None)
    clock.now += 2 * LOOK_SECONDS
    assert is_usable(siblings, tmp_path / "a.txt")


def test_a_link_to_the_folder_may_lead_to_another_one(
    siblings: Siblings, clock: Clock, tmp_path: Path
) -> None:
    """With the same file in it, as deployments do that keep their files by hard links."""
    prepare(tmp_path / "1", "a.txt")
    (tmp_path / "2").mkdir()
    os.link(tmp_path / "1" / "a.txt", tmp_path / "2" / "a.txt")
    os.link(tmp_path / "1" / NAME, tmp_path / "2" / NAME)
    current = tmp_path / "current"
    current.symlink_to("1")
    assert is_usable(siblings, current / "a.txt")
    current.unlink()
    current.symlink_to("2")
    clock.now += 2 * LOOK_SECONDS
    assert not is_usable(siblings, current / "a.txt")
    os.link(tmp_path / "1" / "a.txt.gz", tmp_path / "2" / "a.txt.gz")
    clock.now += 2 * LOOK_SECONDS
    assert is_usable(siblings, current / "a.txt")


def test_wrong_bytes_are_read_once(
    siblings: Siblings, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path, "a.txt")
    (tmp_path / "a.txt.gz").write_bytes(bytes(len(CODED)))
    assert not is_usable(siblings, tmp_path / "a.txt")
    with monkeypatch.context() as patch:
        patch.setattr("pyfastgz.store.sibling.sha256", None)
        for _ in range(3):
            clock.now += 2 * LOOK_SECONDS
            assert not is_usable(siblings, tmp_path / "a.txt")
    (tmp_path / "a.txt.gz").write_bytes(CODED)
    clock.now += 2 * LOOK_SECONDS
    assert is_usable(siblings, tmp_path / "a.txt")


def test_a_folder_is_looked_at_once_in_a_while(
    siblings: Siblings, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path, "a.txt")
    path, file = str(tmp_path / "a.txt"), known(tmp_path / "a.txt")
    assert siblings.find(path, file)
    (tmp_path / NAME).unlink()
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", None)
        patch.setattr(os.path, "realpath", None)
        assert siblings.find(path, file)
    clock.now += 2 * LOOK_SECONDS
    assert not siblings.find(path, file)
    prepare(tmp_path, "a.txt")
    clock.now += 2 * LOOK_SECONDS
    assert siblings.find(path, known(tmp_path / "a.txt"))


def test_an_unchanged_manifest_is_read_once(
    siblings: Siblings, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path, "a.txt", "b/c.txt")
    assert is_usable(siblings, tmp_path / "a.txt")
    monkeypatch.setattr(module, "read_manifest", None)
    clock.now += 2 * LOOK_SECONDS
    assert is_usable(siblings, tmp_path / "a.txt")
    assert is_usable(siblings, tmp_path / "b" / "c.txt")


def test_an_unreadable_manifest_is_tried_again_and_told_once(
    siblings: Siblings,
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    prepare(tmp_path, "a.txt")

    def fail(folder: str) -> None:
        raise ManifestError("no more descriptors") from OSError()

    with monkeypatch.context() as patch:
        patch.setattr(module, "read_manifest", fail)
        for _ in range(3):
            assert not is_usable(siblings, tmp_path / "a.txt")
            clock.now += 2 * LOOK_SECONDS
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == [
        "no more descriptors; no siblings of the files there are used"
    ]
    assert is_usable(siblings, tmp_path / "a.txt")


def test_what_is_remembered_is_bounded(
    siblings: Siblings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_KNOWN", 10)
    names = [f"{number}/a.txt" for number in range(50)]
    prepare(tmp_path, *names)
    for name in names:
        assert is_usable(siblings, tmp_path / name)
    for known_ones in (siblings._found, siblings._places, siblings._loaded):
        assert len(known_ones) <= 10


def test_threads_look_at_the_same_time(
    siblings: Siblings, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_KNOWN", 3)
    names = [f"{number}/a.txt" for number in range(8)]
    prepare(tmp_path, *names)
    failed: list[str] = []

    def look() -> None:
        for _ in range(20):
            failed.extend(each for each in names if not is_usable(siblings, tmp_path / each))
            clock.now += 1.0

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_sibling_that_is_not_smaller_is_none(siblings: Siblings, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(CODED)
    (tmp_path / "a.txt.gz").write_bytes(CODED)
    sibling = SiblingFile("a.txt.gz", len(CODED), digest(CODED))
    mtime_ns = (tmp_path / "a.txt").stat().st_mtime_ns
    source = Source(len(CODED), mtime_ns, digest(CODED), {"gzip": sibling})
    write_manifest(tmp_path, Manifest({"a.txt": source}))
    assert not siblings.find(str(tmp_path / "a.txt"), known(tmp_path / "a.txt"))
