"""Ranges, and the files that they are mostly asked of (R12, R24, R33, R47, R49)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asking import CODINGS
from asking import Answer
from asking import Site
from described import Asked
from described import Reply

Serve = Callable[..., Site]
BODY = "<p>in ranges</p>\n" * 100
SCRIPT = b"function f() { return 1; }\n" * 2000
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
LATER = "Fri, 01 Jan 2027 00:00:00 GMT"
DATE_SECONDS = 1_767_225_600
BODIES = {"file": SCRIPT, "page": BODY.encode(), "pieces": BODY.encode(), "stream": SCRIPT}
RANGE = {"Range": "bytes=5-9"}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "app.js"
    path.write_bytes(SCRIPT)
    os.utime(path, (DATE_SECONDS, DATE_SECONDS))
    return path


@pytest.fixture
def ranged(serve: Serve, script: Path) -> Site:
    """A file, a body in memory and a stream, each of which the application has in ranges."""

    def respond(asked: Asked) -> Reply:
        kind = asked.path[1:]
        if kind == "file":
            return Reply(script, content_type="text/javascript", conditional=True)
        bodies: dict[str, Any] = {
            "page": BODY,
            "pieces": [BODY[:50], BODY[50:]],
            "stream": (SCRIPT[at : at + 1000] for at in range(0, len(SCRIPT), 1000)),
        }
        fields = {"ETag": '"tag"', "Last-Modified": DATE}
        return Reply(bodies[kind], fields=fields, conditional=True, nbytes=len(BODIES[kind]))

    return serve(respond)


def tag_of(site: Site, path: str, accept: str | None = "gzip") -> str:
    tag = site.get(path, accept).tag
    assert tag is not None
    return tag


def check_part(answer: Answer, whole: bytes, first: int = 5, last: int = 9) -> None:
    assert answer.status == 206
    assert answer.coding is None
    assert answer.field("Content-Range") == f"bytes {first}-{last}/{len(whole)}"
    assert answer.field("Content-Length") == str(last - first + 1)
    assert answer.field("Vary") == "Accept-Encoding"
    assert answer.read() == whole[first : last + 1]


def test_r24_a_range_of_what_is_coded_is_ignored(serve: Serve) -> None:
    for body in (BODY, [BODY]):
        site = serve(Reply(body, fields={"ETag": '"t"', "Accept-Ranges": "bytes"}))
        answer = site.get(**RANGE)
        assert (answer.status, answer.coding) == (200, "gzip")
        assert answer.field("Accept-Ranges") is None
        assert answer.field("Content-Range") is None
        assert answer.body() == BODY.encode()


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("coding", CODINGS)
def test_r24_r47_a_whole_response_is_coded_and_offers_no_ranges(
    ranged: Site, kind: str, coding: str
) -> None:
    answer = ranged.get(f"/{kind}", coding)
    assert answer.coding == coding
    assert answer.field("Accept-Ranges") is None
    assert answer.body() == BODIES[kind]
    # Werkzeug before 3.1 offers ranges only to those who ask for one.
    assert ranged.get(f"/{kind}", None, Range="bytes=0-").field("Accept-Ranges") == "bytes"


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize(
    ("asked", "first", "last"), [("bytes=5-9", 5, 9), ("bytes=0-0", 0, 0), ("bytes=-5", -5, -1)]
)
def test_r12_a_part_keeps_its_bytes_and_the_plain_tag(
    ranged: Site, kind: str, asked: str, first: int, last: int
) -> None:
    whole = BODIES[kind]
    plain = tag_of(ranged, f"/{kind}", None)
    for accept in ("gzip", "zstd, br", None):
        answer = ranged.get(f"/{kind}", accept, Range=asked)
        assert answer.tag == plain
        check_part(answer, whole, first % len(whole), last % len(whole))


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("coding", CODINGS)
def test_r33_if_range_with_our_suffix_is_a_full_200(
    ranged: Site, kind: str, coding: str
) -> None:
    tag = tag_of(ranged, f"/{kind}", coding)
    answer = ranged.get(f"/{kind}", coding, If_Range=tag, **RANGE)
    assert (answer.status, answer.tag) == (200, tag)
    assert answer.body() == BODIES[kind]


@pytest.mark.parametrize(
    "condition",
    [
        {"If_Range": DATE},
        {"If_Range": "coded"},
        {"If_Match": "coded"},
        {"If_Match": "coded and other"},
        {"If_Match": "coded", "If_Range": "plain"},
        {"If_Unmodified_Since": DATE},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("coding", CODINGS)
def test_r33_r47_no_range_for_a_client_that_may_hold_coded_bytes(
    ranged: Site, kind: str, coding: str, condition: dict[str, str]
) -> None:
    path = f"/{kind}"
    plain = tag_of(ranged, path, None)
    full = ranged.get(path, coding)
    tag = full.tag
    assert tag is not None
    assert tag.endswith(f':{coding}"')
    raw = full.read()
    named = {"coded": tag, "coded and other": f'"x", {tag}', "plain": plain}
    conditions = {name: named.get(value, value) for name, value in condition.items()}
    answer = ranged.get(path, coding, **RANGE, **conditions)
    assert answer.status == 200
    assert answer.field("Content-Range") is None
    assert answer.field("Accept-Ranges") is None
    assert answer.tag == tag
    # The same tag, the same bytes.
    assert answer.read() == raw


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize(
    ("accept", "condition"),
    [
        ("gzip", {}),
        ("gzip", {"If_Range": "plain"}),
        ("gzip", {"If_Match": "plain"}),
        ("gzip", {"If_Match": "*"}),
        ("gzip", {"If_Match": "plain", "If_Range": "plain"}),
        (None, {"If_Range": DATE}),
        ("identity", {"If_Unmodified_Since": DATE}),
    ],
    ids=str,
)
def test_r47_a_range_for_a_client_that_holds_identity_bytes(
    ranged: Site, kind: str, accept: str | None, condition: dict[str, str]
) -> None:
    path = f"/{kind}"
    plain = tag_of(ranged, path, None)
    conditions = {
        name: plain if value == "plain" else value for name, value in condition.items()
    }
    answer = ranged.get(path, accept, **RANGE, **conditions)
    assert answer.tag == plain
    check_part(answer, BODIES[kind])


@pytest.mark.parametrize("kind", BODIES)
def test_r47_a_download_that_is_taken_up_again(ranged: Site, kind: str) -> None:
    """As browsers and wget do it: what is there already, and the rest under its tag."""
    whole = BODIES[kind]
    for accept in (None, "gzip"):
        first = ranged.get(f"/{kind}", accept)
        there = first.more()[:10]
        assert first.tag is not None
        first.close()
        rest = ranged.get(f"/{kind}", accept, Range=f"bytes={len(there)}-", If_Range=first.tag)
        if rest.status == 206:
            assert rest.tag == first.tag
            assert there + rest.read() == whole
        else:
            assert rest.status == 200
            assert rest.body() == whole
        assert (rest.status == 206) is (accept is None)


@pytest.mark.parametrize("kind", BODIES)
def test_r47_no_range_of_identity_for_a_client_that_refuses_identity(
    ranged: Site, kind: str
) -> None:
    answer = ranged.get(f"/{kind}", "gzip, identity;q=0", **RANGE)
    assert answer.status == 200
    assert answer.body() == BODIES[kind]


def test_r47_a_weak_tag_is_no_reason_for_a_range(serve: Serve) -> None:
    site = serve(Reply(BODY, fields={"ETag": 'W/"tag"'}, conditional=True))
    answer = site.get(If_Range='W/"tag"', **RANGE)
    assert answer.status == 200
    assert answer.body() == BODY.encode()
    assert site.get(**RANGE).status == 206


@pytest.mark.parametrize("kind", BODIES)
def test_r47_a_304_or_412_comes_before_the_range(ranged: Site, kind: str) -> None:
    path = f"/{kind}"
    tag = tag_of(ranged, path)
    for condition in ({"If_Modified_Since": DATE}, {"If_None_Match": tag}):
        answer = ranged.get(path, **RANGE, **condition)
        assert (answer.status, answer.tag) == (304, tag)
    assert ranged.get(path, If_None_Match='"x"', **RANGE).status == 206
    # If-Match of a stream is looked at by nobody.
    if kind != "stream":
        assert ranged.get(path, If_Match='"x"', **RANGE).status == 412


@pytest.mark.parametrize("kind", BODIES)
def test_r47_a_range_of_coded_bytes_that_is_beyond_the_others(ranged: Site, kind: str) -> None:
    path = f"/{kind}"
    answer = ranged.get(path, Range="bytes=99999999-", If_Match=tag_of(ranged, path))
    assert answer.status == 200
    assert answer.body() == BODIES[kind]
    assert ranged.get(path, Range="bytes=99999999-").status == 416


def test_r47_ranges_of_what_is_too_small(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "small.js").write_bytes(b"small enough" * 20)
    site = serve(
        lambda asked: Reply(
            tmp_path / "small.js", content_type="text/javascript", conditional=True
        )
    )
    full = site.get()
    modified, tag = full.field("Last-Modified"), full.tag
    assert modified is not None
    assert tag is not None
    assert site.get(If_Range=tag, **RANGE).status == 206
    # Identity may have been refused before, and then it was coded.
    assert site.get(accept="gzip, identity;q=0").coding == "gzip"
    assert site.get(If_Range=modified, **RANGE).status == 200


@pytest.mark.parametrize("accept", [None, "gzip;q=0", "identity"])
@pytest.mark.parametrize("kind", BODIES)
def test_r47_no_range_beside_a_coded_tag_whatever_is_accepted_now(
    ranged: Site, kind: str, accept: str | None
) -> None:
    tag = tag_of(ranged, f"/{kind}")
    assert ranged.get(f"/{kind}", accept, If_Match=tag, **RANGE).status in {200, 412}


def test_r47_ranges_of_what_is_never_coded_stay(serve: Serve) -> None:
    fields = {"ETag": '"tag"', "Last-Modified": DATE}
    reply = Reply(BODY, fields=fields, content_type="image/png", conditional=True)
    answer = serve(reply).get(If_Range=DATE, **RANGE)
    assert (answer.status, answer.tag) == (206, '"tag"')
    assert answer.read() == BODY[5:10].encode()


@pytest.mark.parametrize(
    "value",
    ["", "bytes", "bytes=", "bytes=9-5", "bytes=a-b", "rows=1-2", "bytes=0-1,3-4", "\xff"],
)
@pytest.mark.parametrize("kind", BODIES)
def test_r46_any_range_is_survived(ranged: Site, kind: str, value: str) -> None:
    for condition in ({}, {"If_Range": DATE}, {"If_Match": tag_of(ranged, f"/{kind}")}):
        answer = ranged.get(f"/{kind}", Range=value, **condition)
        assert answer.status in {200, 206, 416}
        if answer.status == 200:
            assert answer.body() == BODIES[kind]


# ---- Files ----


@pytest.mark.sees("files")
@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("conditional", [True, False])
def test_r47_a_file(serve: Serve, script: Path, coding: str, conditional: bool) -> None:
    site = serve(
        lambda asked: Reply(script, content_type="text/javascript", conditional=conditional)
    )
    answer = site.get(accept=coding)
    assert answer.coding == coding
    # Unlike that of a stream, its length is known.
    assert answer.field("Content-Length") is not None
    assert answer.field("Vary") == "Accept-Encoding"
    assert answer.field("Last-Modified") == DATE
    assert answer.body() == SCRIPT
    plain = site.get(accept=None)
    assert plain.coding is None
    assert plain.field("Content-Length") == str(len(SCRIPT))
    assert plain.body() == SCRIPT


@pytest.mark.parametrize("condition", ["If_None_Match", "If_Modified_Since", "If_Match"])
@pytest.mark.parametrize("accept", ["gzip", None])
def test_r49_conditions_that_an_application_declines_stay_declined(
    serve: Serve, script: Path, condition: str, accept: str | None
) -> None:
    site = serve(lambda asked: Reply(script, content_type="text/javascript"))
    value = {
        "If_None_Match": tag_of(site, "/", accept),
        "If_Modified_Since": LATER,
        "If_Match": '"other"',
    }
    answer = site.get(accept=accept, **{condition: value[condition]})
    assert (answer.status, answer.coding) == (200, accept)
    assert answer.body() == SCRIPT


@pytest.mark.parametrize("accept", [*CODINGS, None])
def test_an_empty_file(serve: Serve, tmp_path: Path, accept: str | None) -> None:
    (tmp_path / "empty.css").touch()
    site = serve(lambda asked: Reply(tmp_path / "empty.css", content_type="text/css"))
    assert site.get(accept=accept).body() == b""
