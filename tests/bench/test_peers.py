from __future__ import annotations

import pkgutil

import pytest

from bench.encoders import peers
from bench.encoders.leads import OUR_ZSTD
from bench.encoders.leads import OURS
from bench.encoders.peers import OUR_LEVELS
from bench.encoders.peers import Point
from bench.encoders.peers import load_points

POINTS, REMARKS = load_points()
BODY = b"".join(b'<li id="item-%d">Number %d</li>\n' % (i, i * i) for i in range(40))


def without(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    def resolve(name: str) -> object:
        if name.partition(".")[0] in packages:
            raise ModuleNotFoundError(name)
        return pkgutil.resolve_name(name)

    monkeypatch.setattr(peers, "resolve_name", resolve)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_every_point_makes_what_another_decodes(point: Point) -> None:
    coded = bytes(point.encode(BODY))
    assert len(coded) < len(BODY)
    assert bytes(point.decode(coded)) == BODY
    assert point.version


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_codings_are_what_they_are_called(point: Point) -> None:
    magic = {"deflate": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}.get(point.coding, b"")
    assert bytes(point.encode(BODY)).startswith(magic)


def test_nothing_is_left_out_where_all_is_installed() -> None:
    assert REMARKS == []


def test_names_are_unique_and_families_stand_together() -> None:
    assert len({point.name for point in POINTS}) == len(POINTS)
    families = [point.family for point in POINTS]
    assert families == sorted(families, key=families.index)


def test_ours_have_all_levels() -> None:
    ours = [(point.family, point.level) for point in POINTS]
    wanted = [(family, level) for family in (OURS, OUR_ZSTD) for level in OUR_LEVELS[family]]
    assert ours[: len(wanted)] == wanted


def test_a_missing_package_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "isal", "cramjam")
    points, remarks = load_points()
    left_out = {point.name for point in POINTS} - {point.name for point in points}
    assert left_out == {p.name for p in POINTS if p.family.startswith(("isal", "cramjam"))}
    assert remarks == [
        "isal is left out: isal is not installed",
        "cramjam is left out: cramjam is not installed",
        "cramjam zstd is left out: cramjam is not installed",
    ]


def test_the_standard_library_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    packages = ("backports", "brotli", "compression", "cramjam", "deflate", "isal", "zlib_ng")
    without(monkeypatch, *packages, "zopfli", "zstandard")
    points, remarks = load_points()
    assert {point.family for point in points} == {OURS, "zlib", "gzip"}
    assert "pyfastgz zstd is left out: nothing installed decodes zstd" in remarks
