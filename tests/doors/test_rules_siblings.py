"""Coded siblings of files, sent as files of their own (R28, R30, R33, R38, R47, R53 to R56)."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from asking import Answer
from asking import Site
from asking import decoded
from described import Asked
from described import Door
from described import Reply

from pyfastgz import compress
from pyfastgz.static.manifest import NAME
from pyfastgz.static.manifest import Manifest
from pyfastgz.static.manifest import SiblingFile
from pyfastgz.static.manifest import Source
from pyfastgz.static.manifest import write_manifest

Serve = Callable[..., Site]
SCRIPT = b"".join(b"function f%d() { return %d; }\n" % (n, n * n) for n in range(900))
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
DATE_SECONDS = 1_767_225_600
SUFFIXES = {"zstd": ".zst", "br": ".br", "gzip": ".gz"}
LEVELS = {"zstd": 19, "br": 11, "gzip": 9}


@cache
def at_its_highest_level(content: bytes, coding: str) -> bytes:
    return compress(content, coding, level=LEVELS[coding])


CODED = {coding: at_its_highest_level(SCRIPT, coding) for coding in SUFFIXES}
NBYTES = len(CODED["gzip"])
RANGE = {"Range": "bytes=5-9"}


@pytest.fixture(autouse=True)
def _nothing_is_too_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test has just written counts as old, and is looked at again each time."""
    monkeypatch.setattr("pyfastgz.store.files.SETTLED_NS", -(10**9))
    monkeypatch.setattr("pyfastgz.static.siblings.LOOK_SECONDS", 0.0)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def prepare(root: Path, name: str = "app.js", *codings: str, content: bytes = SCRIPT) -> Path:
    """Write a file, its siblings, and a manifest that has them and no others."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (DATE_SECONDS, DATE_SECONDS))
    siblings = {}
    for coding in codings or SUFFIXES:
        coded = at_its_highest_level(content, coding)
        sibling = Path(f"{path}{SUFFIXES[coding]}")
        sibling.write_bytes(coded)
        siblings[coding] = SiblingFile(sibling.name, len(coded), sha256(coded))
    source = Source(len(content), DATE_SECONDS * 10**9, sha256(content), siblings)
    write_manifest(root, Manifest({name: source}))
    return path


pytestmark = pytest.mark.sees("files")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return prepare(tmp_path / "static")


@pytest.fixture
def site(serve: Serve, path: Path) -> Site:
    return serve_file(serve, path)


def serve_file(serve: Serve, path: Path, **settings: Any) -> Site:
    return serve(
        lambda asked: Reply(path, content_type="text/javascript", conditional=True), **settings
    )


def check_ready(answer: Answer, coding: str = "gzip") -> None:
    coded = CODED[coding]
    assert (answer.status, answer.coding) == (200, coding)
    assert answer.field("Content-Length") == str(len(coded))
    assert answer.read() == coded


def check_made(answer: Answer, coding: str = "gzip", content: bytes = SCRIPT) -> None:
    """Check that an answer was coded here and now."""
    assert (answer.status, answer.coding) == (200, coding)
    assert answer.field("Accept-Ranges") is None
    raw = answer.read()
    assert raw == compress(content, coding)
    assert decoded(coding, raw) == content


def tag_of(site: Site, accept: str | None = "gzip") -> str:
    tag = site.get(accept=accept).tag
    assert tag is not None
    return tag


@pytest.mark.parametrize("coding", SUFFIXES)
def test_r53_a_sibling_is_sent_as_a_file(site: Site, coding: str) -> None:
    plain = site.get(accept=None)
    assert plain.read() == SCRIPT
    for _ in range(2):
        answer = site.get(accept=coding)
        check_ready(answer, coding)
        same = ("Content-Type", "Last-Modified", "Cache-Control", "Vary")
        for name in same:
            assert answer.field(name) == plain.field(name)
    assert answer.field("Last-Modified") == DATE
    assert answer.field("Accept-Ranges") == "bytes"


def test_r28_its_tag_is_not_that_of_other_bytes(site: Site, path: Path) -> None:
    """A copy that was coded here and now may have other bytes, and be cut off in the middle."""
    assert tag_of(site, None).endswith('"')
    ready = tag_of(site)
    assert ready == f'{tag_of(site, None)[:-1]}:gzip-{sha256(CODED["gzip"])[:8]}"'
    (path.parent / NAME).unlink()
    made = tag_of(site)
    assert made == f'{tag_of(site, None)[:-1]}:gzip"'
    prepare(path.parent)
    answer = site.get(If_Range=made, **RANGE)
    check_ready(answer)
    assert answer.tag == ready


# ---- Which coding ----


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip, zstd, br", "gzip"),
        ("zstd;q=0.9, br;q=0.9, gzip;q=0.9", "gzip"),
        ("gzip;q=0.5, deflate;q=0.5", "gzip"),
        ("*", "gzip"),
    ],
)
def test_r54_of_codings_that_are_liked_equally_one_that_lies_ready_wins(
    serve: Serve, tmp_path: Path, accept: str, coding: str
) -> None:
    site = serve_file(serve, prepare(tmp_path, "app.js", "gzip"))
    check_ready(site.get(accept=accept), coding)


def test_r92_a_sibling_has_no_noise(serve: Serve, path: Path) -> None:
    answer = serve_file(serve, path, length_noise=64, length_noise_key="a secret").get()
    assert answer.field("X-Noise") is None
    check_ready(answer)


def test_r93_no_sibling_is_sent_where_the_view_asks_for_noise(serve: Serve, path: Path) -> None:
    site = serve_file(serve, path, own_length_noise=64, length_noise_key="a secret")
    answer = site.get()
    assert (answer.coding, answer.field("X-Noise")) == (None, None)
    assert answer.read() == SCRIPT


def test_r54_what_the_client_likes_better_wins(serve: Serve, tmp_path: Path) -> None:
    site = serve_file(serve, prepare(tmp_path, "app.js", "gzip"))
    check_made(site.get(accept="gzip;q=0.9, zstd"), "zstd")
    assert site.get(accept="identity, gzip;q=0.9").coding is None
    assert site.get(accept="gzip;q=0").coding is None


@pytest.mark.parametrize("order", [["br", "gzip", "zstd"], ["gzip", "br"], ["zstd", "br"]])
def test_r5_of_several_the_servers_order_decides(
    serve: Serve, path: Path, order: list[str]
) -> None:
    site = serve_file(serve, path, algorithm_streaming=order)
    check_ready(site.get(accept="gzip, br, zstd"), order[0])


def test_what_an_application_switches_off_stays_off(serve: Serve, path: Path) -> None:
    assert serve_file(serve, path, streams=False).get().coding is None
    assert serve_file(serve, path, mimetypes=["text/html"]).get().coding is None
    assert serve_file(serve, path, algorithm_streaming=["zstd"]).get().coding is None
    assert serve_file(serve, path, min_size=10**6).get().coding is None


def test_r10_identity_is_refused(site: Site) -> None:
    check_ready(site.get(accept="gzip, identity;q=0"))


# ---- Conditions ----


def skip_unless_seen(door: Door, method: str) -> None:
    """Skip what needs the file behind an answer to HEAD, if the framework takes it away."""
    if method == "HEAD" and "stripped" not in door.sees:
        pytest.skip("the file is not to be seen")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_r30_r48_a_copy_of_a_sibling_is_current(site: Site, method: str, door: Door) -> None:
    tag = tag_of(site)
    every = [{"If_None_Match": tag}, {"If_None_Match": f'"x", W/{tag}'}]
    if "parts" in door.sees:
        every.append({"If_None_Match": tag, **RANGE})
    if "stripped" in door.sees:
        # Which file it is nobody knows of a 304 that a framework makes.
        every += [{"If_None_Match": "*"}, {"If_Modified_Since": DATE}]
    skip_unless_seen(door, method)
    for fields in every:
        answer = site.get(method=method, **fields)
        assert (answer.status, answer.tag) == (304, tag), fields
        assert answer.field("Vary") == "Accept-Encoding"
        assert answer.field("Content-Encoding") is None
        assert answer.read() == b""


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_r30_a_copy_of_another_sibling_is_not_current(
    site: Site, path: Path, method: str, door: Door
) -> None:
    """Though its file has the same size and time, as after a build that sets times."""
    skip_unless_seen(door, method)
    old = tag_of(site)
    prepare(path.parent, content=SCRIPT.replace(b"return", b"RETURN"))
    new = tag_of(site)
    assert old != new
    assert old.rpartition(":")[0] == new.rpartition(":")[0]
    for listed in (old, f"W/{old}", f'"x", {old}', f'{old[:-9]}00000000"', tag_of(site, "br")):
        answer = site.get(method=method, If_None_Match=listed, If_Modified_Since=DATE)
        assert (answer.status, answer.tag) == (200, new), listed
    answer = site.get(method=method, If_None_Match=f"{old}, {new}")
    assert (answer.status, answer.tag) == (304, new)


def test_r30_a_copy_of_what_no_longer_lies_ready_is_not_current(site: Site, path: Path) -> None:
    ready = tag_of(site)
    (path.parent / NAME).unlink()
    check_made(site.get(If_None_Match=ready))
    made = tag_of(site)
    assert site.get(If_None_Match=f"{ready}, {made}").tag == made
    # What was made here and now is of what the application's tag says.
    prepare(path.parent)
    answer = site.get(If_None_Match=made)
    assert (answer.status, answer.tag) == (304, made)


def test_r31_r32_other_conditions(site: Site) -> None:
    tag, plain = tag_of(site), tag_of(site, None)
    check_ready(site.get(If_None_Match=tag_of(site, "br")))
    check_ready(site.get(If_None_Match='"x"'))
    check_ready(site.get(If_Match=tag))
    check_ready(site.get(If_Match="*"))
    check_ready(site.get(If_Unmodified_Since=DATE))
    for fields in ({"If_Match": '"x"'}, {"If_Match": plain}):
        assert site.get(**fields).status == 412
    assert site.get(If_Unmodified_Since="Wed, 01 Jan 2025 00:00:00 GMT").status == 412


def test_c5_conditions_are_left_to_the_application(serve: Serve, path: Path) -> None:
    site = serve_file(serve, path, evaluate_conditional_request=False)
    check_ready(site.get(If_None_Match=tag_of(site)))


def test_r49_conditions_and_ranges_that_a_view_declines_stay_declined(
    serve: Serve, path: Path
) -> None:
    site = serve(lambda asked: Reply(path, content_type="text/javascript"))
    answer = site.get(If_None_Match=tag_of(site), **RANGE)
    assert answer.field("Accept-Ranges") is None
    check_ready(answer)


def test_r26_head_has_all_fields(site: Site, door: Door) -> None:
    skip_unless_seen(door, "HEAD")
    for fields in ({}, RANGE):
        head = site.get(method="HEAD", **fields)
        assert head.all_fields() == site.get().all_fields()
        assert head.read() == b""


# ---- Ranges ----


def check_part(answer: Answer, start: int, stop: int) -> None:
    coded = CODED["gzip"]
    assert (answer.status, answer.coding) == (206, "gzip")
    assert answer.field("Content-Range") == f"bytes {start}-{stop - 1}/{len(coded)}"
    assert answer.field("Content-Length") == str(stop - start)
    assert answer.field("Vary") == "Accept-Encoding"
    assert answer.field("Accept-Ranges") == "bytes"
    assert answer.field("Content-Type") == "text/javascript; charset=utf-8"
    assert answer.read() == coded[start:stop]


@pytest.mark.sees("parts")
@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=-1", NBYTES - 1, NBYTES),
        ("bytes=-5", NBYTES - 5, NBYTES),
        ("bytes=100-", 100, NBYTES),
        (f"bytes={NBYTES - 1}-", NBYTES - 1, NBYTES),
        ("bytes=0-", 0, NBYTES),
        (f"bytes=0-{NBYTES * 2}", 0, NBYTES),
        (f"bytes=-{NBYTES * 2}", 0, NBYTES),
    ],
)
def test_r55_a_range_is_one_of_the_coded_bytes(
    site: Site, asked: str, start: int, stop: int
) -> None:
    tag = tag_of(site)
    for fields in ({}, {"If_Range": tag}, {"If_Match": tag}, {"If_None_Match": '"x"'}):
        answer = site.get(Range=asked, **fields)
        assert answer.tag == tag
        check_part(answer, start, stop)


def test_r55_a_download_that_is_taken_up_again(site: Site) -> None:
    first = site.get()
    there = first.more()[:1000]
    first.close()
    assert first.tag is not None
    rest = site.get(Range=f"bytes={len(there)}-", If_Range=first.tag)
    assert rest.status == 206
    assert there + rest.read() == CODED["gzip"]


@pytest.mark.sees("parts")
def test_r55_in_pieces(site: Site) -> None:
    pieces = [site.get(Range=f"bytes={at}-{at + 999}").read() for at in range(0, NBYTES, 1000)]
    assert b"".join(pieces) == CODED["gzip"]


@pytest.mark.sees("parts")
def test_r55_a_range_that_is_not_there(site: Site) -> None:
    for asked in (f"bytes={NBYTES}-", f"bytes={NBYTES}-{NBYTES}"):
        answer = site.get(Range=asked)
        assert answer.status == 416
        assert answer.field("Content-Range") == f"bytes */{NBYTES}"
        assert answer.field("Vary") == "Accept-Encoding"
        assert answer.coding is None
        assert answer.tag is None
        assert answer.field("Content-Length") == str(len(answer.read()))


@pytest.mark.sees("parts")
def test_r55_other_fields_stay_beside_a_range(serve: Serve, path: Path) -> None:
    """Without them a page of another origin cannot read the answer."""
    fields = {"Access-Control-Allow-Origin": "*", "X-Mine": "1"}
    site = serve(
        lambda asked: Reply(
            path, fields=fields, content_type="text/javascript", conditional=True
        )
    )
    for asked, status in (("bytes=0-0", 206), (f"bytes={NBYTES}-", 416)):
        answer = site.get(Range=asked)
        assert answer.status == status
        assert answer.field("Access-Control-Allow-Origin") == "*"
        assert answer.field("X-Mine") == "1"


@pytest.mark.parametrize(
    "condition",
    [
        {"If_Range": '"x"'},
        {"If_Range": DATE},
        {"If_Range": "weak"},
        {"If_Range": "of another coding"},
        {"If_Range": "without its mark"},
        {"If_Unmodified_Since": DATE},
    ],
    ids=str,
)
def test_r33_r47_no_range_for_a_client_that_may_hold_other_bytes(
    site: Site, condition: dict[str, str]
) -> None:
    tag = tag_of(site)
    named = {
        "weak": f"W/{tag}",
        "of another coding": tag_of(site, "br"),
        "without its mark": tag.rpartition("-")[0] + '"',
    }
    fields = {name: named.get(value, value) for name, value in condition.items()}
    check_ready(site.get(**fields, **RANGE))


@pytest.mark.parametrize("name", ["If_Range", "If_Match"])
def test_r47_a_range_for_a_client_that_holds_identity_bytes(site: Site, name: str) -> None:
    plain = tag_of(site, None)
    answer = site.get(**{name: plain}, **RANGE)
    assert (answer.status, answer.coding, answer.tag) == (206, None, plain)
    assert answer.field("Content-Range") == f"bytes 5-9/{len(SCRIPT)}"
    assert answer.read() == SCRIPT[5:10]


@pytest.mark.parametrize("accept", [None, "identity", "gzip;q=0"])
def test_r12_a_range_without_a_coding(site: Site, accept: str | None) -> None:
    answer = site.get(accept=accept, **RANGE)
    assert (answer.status, answer.coding) == (206, None)
    assert answer.read() == SCRIPT[5:10]


@pytest.mark.parametrize(
    "value", ["", "bytes", "bytes=9-5", "bytes=a-b", "rows=1-2", "bytes=0-1,3-4", "bytes=-0"]
)
def test_r46_any_range_is_survived(site: Site, value: str) -> None:
    answer = site.get(Range=value)
    assert answer.status in {200, 206, 416}
    if answer.status == 200:
        check_ready(answer)


# ---- What must not be used ----


def coded_otherwise(path: Path) -> None:
    other = compress(b"something else\n" * 1000)
    Path(f"{path}.gz").write_bytes(other)


def same_size(path: Path) -> None:
    sibling = Path(f"{path}.gz")
    times = sibling.stat()
    content = bytearray(sibling.read_bytes())
    content[100] ^= 1
    sibling.write_bytes(content)
    os.utime(sibling, ns=(times.st_atime_ns, times.st_mtime_ns))


def truncated(path: Path) -> None:
    os.truncate(f"{path}.gz", 100)


def gone(path: Path) -> None:
    Path(f"{path}.gz").unlink()


def a_folder(path: Path) -> None:
    gone(path)
    Path(f"{path}.gz").mkdir()


def a_pipe(path: Path) -> None:
    gone(path)
    os.mkfifo(f"{path}.gz")


def a_link_out_of_the_folder(path: Path) -> None:
    outside = path.parent.with_name("outside.gz")
    shutil.move(f"{path}.gz", outside)
    Path(f"{path}.gz").symlink_to(outside)


def a_link_to_nothing(path: Path) -> None:
    gone(path)
    Path(f"{path}.gz").symlink_to("nothing.gz")


def a_link_to_itself(path: Path) -> None:
    gone(path)
    Path(f"{path}.gz").symlink_to(f"{path.name}.gz")


SPOILED = [
    coded_otherwise,
    same_size,
    truncated,
    gone,
    a_folder,
    a_pipe,
    a_link_out_of_the_folder,
    a_link_to_nothing,
    a_link_to_itself,
]


@pytest.mark.parametrize("spoil", SPOILED)
@pytest.mark.parametrize("when", ["before", "after", "kept"])
def test_r56_a_sibling_that_is_not_what_it_was_is_not_used(
    site: Site, path: Path, spoil: Callable[[Path], None], when: str, door: Door
) -> None:
    # From the second time on, its bytes are kept.
    for _ in range({"before": 0, "after": 1, "kept": 3}[when]):
        check_ready(site.get())
    spoil(path)
    for _ in range(2):
        check_made(site.get())
        # The others are as they were.
        check_ready(site.get(accept="br"), "br")
        check_ready(site.get(accept="gzip, br"), "br")
    if "parts" in door.sees:
        check_made(site.get(**RANGE))


def test_r56_one_that_is_there_again_is_used_again(site: Site, path: Path) -> None:
    content = Path(f"{path}.gz").read_bytes()
    gone(path)
    check_made(site.get())
    Path(f"{path}.gz").write_bytes(content)
    check_ready(site.get())


@pytest.mark.parametrize("keep", ["nothing", "size", "size and time"])
def test_r56_siblings_of_a_file_that_was_edited_are_not_used(
    site: Site, path: Path, keep: str
) -> None:
    """Some build systems give all files one time, and a version number keeps its length."""
    check_ready(site.get())
    content = SCRIPT.replace(b"f1", b"g1") + b"more" * (keep == "nothing")
    path.write_bytes(content)
    if keep == "size and time":
        os.utime(path, (DATE_SECONDS, DATE_SECONDS))
    for _ in range(2):
        check_made(site.get(), content=content)
    prepare(path.parent, content=content)
    answer = site.get()
    assert answer.field("Accept-Ranges") == "bytes"
    assert answer.body() == content


def test_r56_a_download_that_looks_like_a_sibling_is_none(serve: Serve, tmp_path: Path) -> None:
    path = prepare(tmp_path, "data.csv", "zstd")
    Path(f"{path}.gz").write_bytes(compress(b"last year's data\n" * 1000))
    check_made(serve_file(serve, path).get())


def test_r56_without_a_manifest_nothing_is_a_sibling(site: Site, path: Path) -> None:
    (path.parent / NAME).unlink()
    check_made(site.get())


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 2, "files": {}}', b"\xff", b"[]"])
def test_r56_a_damaged_manifest_is_told_once(
    serve: Serve, path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    # Not the fixture's site, at the end of which no error may have been logged.
    (path.parent / NAME).write_bytes(content)
    site = serve_file(serve, path)
    for _ in range(3):
        check_made(site.get())
    told = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert len(told) == 1
    assert NAME in told[0].getMessage()
    caplog.clear()


def test_r56_what_has_changed_a_moment_ago_is_not_used_yet(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyfastgz.store.files.SETTLED_NS", 10**12)
    check_made(site.get())
    monkeypatch.setattr("pyfastgz.store.files.SETTLED_NS", -(10**9))
    check_ready(site.get())


# ---- Where files are ----


def test_a_manifest_that_is_made_while_the_application_runs(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "app.js").write_bytes(SCRIPT)
    site = serve_file(serve, tmp_path / "app.js")
    check_made(site.get())
    prepare(tmp_path)
    check_ready(site.get())


@pytest.mark.parametrize(
    "name", ["app.js", "js/app.js", "js/a/b/c/d/app.js", "j s/\u00e4pp.js"]
)
def test_the_manifest_of_a_folder_above(serve: Serve, tmp_path: Path, name: str) -> None:
    check_ready(serve_file(serve, prepare(tmp_path, name)).get())


def test_the_nearest_manifest_holds(serve: Serve, tmp_path: Path) -> None:
    path = prepare(tmp_path, "js/app.js")
    write_manifest(path.parent, Manifest({}))
    check_made(serve_file(serve, path).get())


def test_a_folder_by_another_way(serve: Serve, tmp_path: Path) -> None:
    """As Flask writes a folder beside the package, and as releases are switched."""
    path = prepare(tmp_path / "releases" / "1", "js/app.js")
    (tmp_path / "current").symlink_to(tmp_path / "releases" / "1")
    (tmp_path / "package").mkdir()
    for way in (
        "current/js/app.js",
        "package/../releases/1/js/app.js",
        "current/js/../js/app.js",
    ):
        check_ready(serve_file(serve, tmp_path / way).get())
    other = prepare(tmp_path / "releases" / "2", "js/app.js", content=SCRIPT + b"//")
    site = serve_file(serve, tmp_path / "current/js/app.js")
    check_ready(site.get())
    (tmp_path / "current").unlink()
    (tmp_path / "current").symlink_to(tmp_path / "releases" / "2")
    answer = site.get()
    assert answer.field("Content-Length") == str(Path(f"{other}.gz").stat().st_size)
    assert answer.body() == SCRIPT + b"//"
    assert path.exists()


def test_links_within_the_folder_are_followed(serve: Serve, tmp_path: Path) -> None:
    """As Kubernetes mounts a ConfigMap: every name is a link, and the data is switched."""
    prepare(tmp_path / "..data")
    root = tmp_path
    for each in ("app.js", "app.js.gz", NAME):
        (root / each).symlink_to(Path("..data") / each)
    check_ready(serve_file(serve, root / "app.js").get())


def test_a_relative_path(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    check_ready(serve_file(serve, Path("app.js").absolute()).get())


def test_a_manifest_that_leads_out_of_its_folder(
    serve: Serve, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.move(f"{path}.gz", path.parent.with_name("app.js.gz"))
    place = path.parent / NAME
    document = json.loads(place.read_text())
    document["files"]["app.js"]["siblings"]["gzip"]["name"] = "../app.js.gz"
    place.write_text(json.dumps(document))
    site = serve_file(serve, path)
    check_made(site.get())
    caplog.clear()


def test_what_a_view_asks_for_holds(serve: Serve, path: Path) -> None:
    def respond(asked: Asked) -> Reply:
        return Reply(path, content_type="text/javascript", conditional=True)

    assert serve(respond, exempt=True).get().coding is None
    check_ready(serve(respond, own_codings=["gzip"]).get(accept="br, gzip"))


def test_r15_no_transform_holds(serve: Serve, path: Path) -> None:
    fields = {"Cache-Control": "no-transform"}
    reply = Reply(path, fields=fields, content_type="text/javascript", conditional=True)
    answer = serve(lambda asked: reply).get()
    assert answer.coding is None
    assert answer.read() == SCRIPT
