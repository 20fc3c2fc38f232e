"""Siblings are made, kept, renewed and removed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from trees import check_folder
from trees import names_below
from trees import noise
from trees import options
from trees import run
from trees import state_of
from trees import text
from trees import write

from pyfastgz.coding import CODINGS
from pyfastgz.coding import available_codings
from pyfastgz.static import examine
from pyfastgz.static.make import check
from pyfastgz.static.make import make
from pyfastgz.static.manifest import read_manifest
from pyfastgz.static.remove import clean
from pyfastgz.static.report import Progress
from pyfastgz.static.report import Report

EVERY = tuple(name for name in available_codings() if CODINGS[name].suffix)


def looked_at(folder: Path, *codings: str, **wishes: object) -> Report:
    """What ``--check`` says; it changes nothing."""
    before = state_of(folder)
    report = check(str(folder), options(*codings, **wishes), Progress())  # type: ignore[arg-type]
    assert state_of(folder) == before
    return report


def cleaned(folder: Path) -> Report:
    return clean(str(folder), options().choice, Progress())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "app.js", text(1))
    write(tmp_path / "css" / "site.css", text(2))
    write(tmp_path / "noise.txt", noise(3))
    return tmp_path


def test_siblings_are_made(folder: Path) -> None:
    report = run(folder, *EVERY)
    expected = {"app.js", "css/site.css", "noise.txt", ".pyfastgz.json"}
    for coding in EVERY:
        expected |= {name + CODINGS[coding].suffix for name in ("app.js", "css/site.css")}
        total = report.totals[coding]
        assert (total.count, total.made, total.source_nbytes) == (2, 2, 6000)
        paths = [
            folder / f"{name}{CODINGS[coding].suffix}" for name in ("app.js", "css/site.css")
        ]
        assert total.nbytes == sum(path.stat().st_size for path in paths)
    assert names_below(folder) == expected
    assert (report.count, report.nbytes) == (3, 9000)
    assert report.notes == report.stale == report.faults == []
    manifest = read_manifest(folder)
    assert manifest is not None
    assert manifest.files["noise.txt"].siblings == {}
    assert set(manifest.files["noise.txt"].not_worth) == set(EVERY)


def test_a_second_run_touches_nothing(folder: Path) -> None:
    run(folder, *EVERY)
    before = state_of(folder)
    report = run(folder, *EVERY)
    assert state_of(folder) == before
    assert {total.made for total in report.totals.values()} == {0}
    assert looked_at(folder, *EVERY).stale == []


def test_the_bytes_are_the_same_every_time(folder: Path) -> None:
    contents = []
    for jobs in (1, 7):
        run(folder, *EVERY, jobs=jobs)
        contents.append({name: (folder / name).read_bytes() for name in names_below(folder)})
        cleaned(folder)
    assert contents[0] == contents[1]


def test_a_file_that_changed(folder: Path) -> None:
    run(folder, "gzip", "zstd")
    before = state_of(folder)
    write(folder / "app.js", text(9, 2500))
    said = looked_at(folder, "gzip", "zstd").stale
    assert "app.js.gz: older than its file" in said
    report = run(folder, "gzip", "zstd")
    assert [total.made for total in report.totals.values()] == [1, 1]
    after = state_of(folder)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"app.js", "app.js.gz", "app.js.zst", ".pyfastgz.json"}


def test_a_change_that_time_and_size_do_not_show(folder: Path) -> None:
    run(folder, "gzip")
    status = (folder / "app.js").stat()
    write(folder / "app.js", text(9))
    os.utime(folder / "app.js", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert looked_at(folder, "gzip").stale == ["app.js.gz: older than its file"]
    assert run(folder, "gzip").totals["gzip"].made == 1


def test_a_new_time_alone_codes_nothing(folder: Path) -> None:
    """As after a checkout: every file has the time of that."""
    run(folder, "gzip")
    for name in names_below(folder) - {".pyfastgz.json"}:
        os.utime(folder / name, ns=(1, 1_700_000_000_123_456_789))
    assert "app.js: its time is not the one of its siblings" in looked_at(folder, "gzip").stale
    inode = (folder / "app.js.gz").stat().st_ino
    report = run(folder, "gzip")
    assert report.totals["gzip"].made == 0
    assert (folder / "app.js.gz").stat().st_ino == inode
    assert looked_at(folder, "gzip").stale == []


def test_times_that_lost_their_fraction_are_the_same(folder: Path) -> None:
    """As in layers of images."""
    run(folder, "gzip")
    for name in names_below(folder):
        seconds = int((folder / name).stat().st_mtime)
        os.utime(folder / name, (seconds, seconds))
    before = state_of(folder)
    assert looked_at(folder, "gzip").stale == []
    make(str(folder), options("gzip"), Progress())
    assert state_of(folder) == before


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (Path.unlink, "missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\1"), "damaged"),
        (lambda path: path.write_bytes(b""), "damaged"),
    ],
)
def test_a_sibling_that_was_damaged_is_made_again(
    folder: Path, damage: Callable[[Path], object], says: str
) -> None:
    run(folder, "gzip", "zstd")
    damage(folder / "app.js.gz")
    assert looked_at(folder, "gzip", "zstd").stale == [f"app.js.gz: {says}"]
    report = run(folder, "gzip", "zstd")
    assert [total.made for total in report.totals.values()] == [1, 0]


def test_times_and_permissions_of_siblings_are_mended(folder: Path) -> None:
    run(folder, "gzip")
    os.utime(folder / "app.js.gz", (5, 5))
    (folder / "css" / "site.css.gz").chmod(0o600)
    assert run(folder, "gzip").totals["gzip"].made == 0


def test_siblings_may_be_read_by_whoever_may_read_the_file(folder: Path) -> None:
    """Whatever the umask: servers are other users than those that deploy."""
    modes = {"app.js": 0o644, "css/site.css": 0o640, "noise.txt": 0o600}
    before = os.umask(0o077)
    try:
        for name, mode in modes.items():
            (folder / name).chmod(mode)
        run(folder, "gzip")
    finally:
        os.umask(before)
    assert (folder / "app.js.gz").stat().st_mode & 0o777 == 0o644
    assert (folder / "css" / "site.css.gz").stat().st_mode & 0o777 == 0o640
    mode = folder.stat().st_mode & 0o066 | 0o600
    assert (folder / ".pyfastgz.json").stat().st_mode & 0o777 == mode


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may")
def test_siblings_have_the_owner_of_their_file(folder: Path) -> None:
    os.chown(folder / "app.js", 12345, 23456)
    (folder / "app.js").chmod(0o600)
    run(folder, "gzip")
    status = (folder / "app.js.gz").stat()
    assert (status.st_uid, status.st_gid) == (12345, 23456)


def test_a_file_that_may_not_be_written_has_siblings_that_are_renewed(folder: Path) -> None:
    (folder / "app.js").chmod(0o444)
    run(folder, "gzip")
    (folder / "app.js").chmod(0o644)
    write(folder / "app.js", text(9))
    (folder / "app.js").chmod(0o444)
    assert run(folder, "gzip").totals["gzip"].made == 1


def test_siblings_of_what_is_gone_are_removed(folder: Path) -> None:
    """Builds put a digest into names: each leaves a generation of files behind."""
    run(folder, "gzip", "zstd")
    (folder / "app.js").rename(folder / "app.0123.js")
    assert "app.js: is gone" in looked_at(folder, "gzip", "zstd").stale
    report = run(folder, "gzip", "zstd")
    assert report.notes == ["app.js: is gone, its siblings are removed"]
    assert not {"app.js.gz", "app.js.zst"} & names_below(folder)
    assert {"app.0123.js.gz", "app.0123.js.zst"} <= names_below(folder)


def test_a_folder_that_is_gone(folder: Path) -> None:
    run(folder, "gzip")
    for name in os.listdir(folder / "css"):
        (folder / "css" / name).unlink()
    (folder / "css").rmdir()
    report = run(folder, "gzip")
    assert report.notes == ["css/site.css: is gone, its siblings are removed"]
    assert not report.faults


def test_what_took_the_place_of_a_sibling_is_left_alone(folder: Path) -> None:
    run(folder, "gzip")
    (folder / "app.js").unlink()
    write(folder / "app.js.gz", b"somebody's own")
    report = run(folder, "gzip")
    assert "app.js.gz: left alone, it is not what the manifest says" in report.notes
    assert (folder / "app.js.gz").read_bytes() == b"somebody's own"


@pytest.mark.parametrize("work", [cleaned, lambda folder: run(folder, "gzip")])
def test_nothing_is_removed_through_a_link(
    tmp_path: Path, work: Callable[[Path], Report]
) -> None:
    folder = tmp_path / "static"
    write(folder / "css" / "site.css", text(2))
    run(folder, "gzip")
    (folder / "css").rename(tmp_path / "elsewhere")
    (folder / "css").symlink_to(tmp_path / "elsewhere")
    report = work(folder)
    assert len(report.notes) == 1
    assert not report.faults
    assert names_below(tmp_path / "elsewhere") == {"site.css", "site.css.gz"}


def test_what_is_not_asked_for_any_more_is_removed(folder: Path) -> None:
    run(folder, "gzip", "zstd")
    assert "app.js.zst: not asked for any more" in looked_at(folder, "gzip").stale
    run(folder, "gzip")
    assert {name for name in names_below(folder) if name.endswith(".zst")} == set()
    run(folder, "gzip", exclude=("css",))
    assert not (folder / "css" / "site.css.gz").exists()
    assert "app.js: is not to have siblings any more" in looked_at(folder, mimetypes=[]).stale
    run(folder, mimetypes=[])
    assert names_below(folder) == {"app.js", "css/site.css", "noise.txt", ".pyfastgz.json"}


def test_what_only_another_machine_can_make_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """br needs a package, which an image that serves may not have."""
    if "br" not in EVERY:
        pytest.skip("no brotli package is installed")
    run(folder, "gzip", "br")
    without = {**CODINGS, "br": CODINGS["br"]._replace(is_available=False)}
    monkeypatch.setattr(examine, "CODINGS", without)
    before = state_of(folder)
    run(folder, "gzip")
    assert state_of(folder) == before
    write(folder / "app.js", text(7))
    run(folder, "gzip")
    assert not (folder / "app.js.br").exists()
    assert (folder / "css" / "site.css.br").exists()


def test_a_coding_more_is_made(folder: Path) -> None:
    run(folder, "gzip")
    before = state_of(folder)
    report = run(folder, "gzip", "zstd")
    assert [total.made for total in report.totals.values()] == [0, 2]
    after = state_of(folder)
    assert before.items() - after.items() == {(".pyfastgz.json", before[".pyfastgz.json"])}


def test_a_sibling_that_is_not_worth_it_any_more_is_removed(folder: Path) -> None:
    run(folder, "gzip", "zstd")
    write(folder / "app.js", noise(5))
    run(folder, "gzip", "zstd")
    assert not {"app.js.gz", "app.js.zst"} & names_below(folder)


@pytest.mark.parametrize("coding", EVERY)
def test_a_sibling_saves_5_percent_or_is_not_made(tmp_path: Path, coding: str) -> None:
    for percent in range(1, 12):
        # What repeats is nearly all that is saved.
        content = noise(percent, 100_000 - 1000 * percent) + bytes(1000 * percent)
        write(tmp_path / f"{percent}.txt", content)
    run(tmp_path, coding)
    made = {int(name.split(".")[0]) for name in names_below(tmp_path) if ".txt." in name}
    # What the container takes may be the difference.
    assert made in ({5, 6, 7, 8, 9, 10, 11}, {6, 7, 8, 9, 10, 11})


def test_empty_files_and_an_empty_folder(tmp_path: Path) -> None:
    assert run(tmp_path, *EVERY).count == 0
    assert names_below(tmp_path) == set()
    assert looked_at(tmp_path).stale == []
    write(tmp_path / "empty.js", b"")
    assert run(tmp_path, *EVERY, min_size=0).count == 1
    assert names_below(tmp_path) == {"empty.js", ".pyfastgz.json"}


def test_a_file_without_manifest_is_stale(folder: Path) -> None:
    assert looked_at(folder).stale == ["there is no manifest: siblings were never made here"]


def test_a_file_that_is_new_is_stale(folder: Path) -> None:
    run(folder, "gzip")
    write(folder / "new.js", text(5))
    assert looked_at(folder, "gzip").stale == ["new.js.gz: missing"]


def test_clean_leaves_what_was_there(folder: Path) -> None:
    before = state_of(folder)
    run(folder, *EVERY)
    report = cleaned(folder)
    assert state_of(folder) == before
    assert report.totals["gzip"].count == 2
    assert cleaned(folder).notes == ["there is no manifest: nothing was made here"]


def test_clean_leaves_what_is_not_what_the_manifest_says(folder: Path) -> None:
    run(folder, "gzip")
    write(folder / "app.js.gz", b"somebody's own")
    report = cleaned(folder)
    assert report.notes == ["app.js.gz: left alone, it is not what the manifest says"]
    assert names_below(folder) == {"app.js", "app.js.gz", "css/site.css", "noise.txt"}


def test_a_thousand_files_that_did_not_change(tmp_path: Path) -> None:
    for number in range(1000):
        write(tmp_path / f"{number % 10}" / f"{number}.js", text(number, 1000))
    run(tmp_path, "gzip")
    before = state_of(tmp_path)
    run(tmp_path, "gzip")
    assert state_of(tmp_path) == before


def test_zstd_of_more_than_8_mb_has_a_window_that_browsers_take(tmp_path: Path) -> None:
    """R43: `check_folder` decodes with that window."""
    write(tmp_path / "big.txt", text(1, 100_000) * 90)
    report = run(tmp_path, "zstd")
    assert report.totals["zstd"].count == 1


CHANGES = st.sampled_from(["new", "edit", "remove", "touch", "damage", "lose", "chmod"])


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            CHANGES, st.sampled_from(["a.js", "d/b.css", "d/e/c.html"]), st.integers(0, 2**20)
        ),
        max_size=8,
    ),
    st.integers(1, 3),
)
def test_whatever_happens_between_runs(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, str, int]], every: int
) -> None:
    """A run after any changes leaves the folder as a first run would."""
    folder = tmp_path_factory.mktemp("tree")
    for step, (change, name, seed) in enumerate(changes):
        path = folder / name
        sibling = path.with_name(f"{path.name}.gz")
        if change in {"new", "edit"} or not path.exists():
            write(path, (noise if seed % 4 == 0 else text)(seed, seed % 3000))
        elif change == "remove":
            path.unlink()
        elif change == "touch":
            os.utime(path, ns=(seed, seed * 1_000_003))
        elif change == "chmod":
            path.chmod(0o600 | seed & 0o077)
        elif sibling.exists():
            if change == "damage":
                sibling.write_bytes(sibling.read_bytes()[: seed % 50])
            else:
                sibling.unlink()
        if step % every == 0:
            run(folder, "gzip", "zstd")
    report = run(folder, "gzip", "zstd")
    assert not report.faults
    assert looked_at(folder, "gzip", "zstd").stale == []
    names = names_below(folder)
    cleaned(folder)
    run(folder, "gzip", "zstd")
    assert names_below(folder) | {".pyfastgz.json"} == names | {".pyfastgz.json"}
    check_folder(folder)
