"""What is sent: coded bytes, and fields that are true of them (R22 to R25, R28, R37, R43)."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asking import CODINGS
from asking import Site
from asking import decoded
from decoders import check
from described import Asked
from described import Chunk
from described import Reply

Serve = Callable[..., Site]
BODY = "<p>Der Jäger ✓ aus Kurpfalz.</p>\n" * 100
STALE = ("Accept-Ranges", "Content-MD5", "Content-Digest", "Repr-Digest", "Digest")
WINDOW_NBYTES = 1 << 23


def plain_bytes(pieces: Any) -> bytes:
    return b"".join(p.encode() if isinstance(p, str) else bytes(p) for p in pieces)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_r22_r23_r37_a_whole_body(serve: Serve, coding: str, method: str) -> None:
    answer = serve(BODY).get(accept=coding, method=method)
    assert answer.lines("Content-Encoding") == [coding]
    raw = answer.read()
    # One member, frame or stream, and nothing behind it; "deflate" is the zlib format.
    check(coding, raw, BODY.encode())
    assert answer.lines("Content-Length") == [str(len(raw))]
    assert len(raw) < len(BODY.encode()) // 4


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("declared", [None, "length"])
def test_r22_r23_r37_a_stream(serve: Serve, coding: str, declared: str | None) -> None:
    body = 9 * BODY.encode()
    fields = {} if declared is None else {"Content-Length": str(len(body))}
    site = serve(lambda asked: Reply((BODY for _ in range(9)), fields=fields))
    answer = site.get(accept=coding)
    assert answer.lines("Content-Encoding") == [coding]
    assert answer.lines("Content-Length") == []
    check(coding, answer.read(), body)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize(
    "body",
    [
        ["<p>", "ä" * 300, "</p>"],
        ("x" * 400, "y" * 400),
        [b"x" * 400, b"", "", b"y" * 400],
        [b"x" * 400, bytearray(b"y" * 400), memoryview(b"z" * 400)],
        ["x", b"y" * 900],
    ],
)
def test_r22_bodies_in_pieces(serve: Serve, coding: str, body: list[Chunk]) -> None:
    answer = serve(Reply(body)).get(accept=coding)
    raw = answer.read()
    assert answer.field("Content-Length") == str(len(raw))
    check(coding, raw, plain_bytes(body))


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("nbytes", [1, 1_000, 70_000, 3_000_000])
def test_r22_bodies_of_all_lengths(serve: Serve, coding: str, nbytes: int) -> None:
    chooser = random.Random(nbytes)
    body = b"".join(b"row %d\n" % chooser.randrange(999) for _ in range(nbytes // 6 + 1))
    answer = serve(body, min_size=0).get(accept=f"{coding}, identity;q=0")
    raw = answer.read()
    assert answer.field("Content-Length") == str(len(raw))
    check(coding, raw, body)


@pytest.mark.parametrize(
    "length", ["9999", "10", "many", "", "-1", "1e3", "9" * 18, "1" * 4301, " 600 ", "\u0663"]
)
def test_r22_r49_a_whole_body_has_its_length_whatever_was_declared(
    serve: Serve, length: str
) -> None:
    answer = serve(Reply(BODY, fields={"Content-Length": length})).get()
    assert answer.coding == "gzip"
    raw = answer.read()
    assert answer.field("Content-Length") == str(len(raw))
    assert decoded("gzip", raw) == BODY.encode()


@pytest.mark.parametrize(
    "length", ["600", "many", "", "-1", "1e3", "1" * 4301, " 600 ", "\u0663"]
)
def test_r22_r49_a_stream_of_which_less_or_nothing_was_declared(
    serve: Serve, length: str
) -> None:
    """Or nothing that is a length."""
    fields = {"Content-Length": length}
    answer = serve(lambda asked: Reply(iter([BODY]), fields=fields)).get()
    assert answer.coding == "gzip"
    assert answer.body() == BODY.encode()


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("streamed", [True, False])
def test_r24_r25_fields_that_become_untrue_are_dropped(
    serve: Serve, coding: str, streamed: bool
) -> None:
    kept = {"Unencoded-Digest": "v", "X-Other": "v", "Content-Disposition": "inline"}
    fields = {**dict.fromkeys(STALE, "v"), **kept}
    site = serve(lambda asked: Reply(iter([BODY]) if streamed else BODY, fields=fields))
    coded = site.get(accept=coding)
    assert coded.coding == coding
    assert [name for name in STALE if coded.lines(name)] == []
    assert {name: coded.field(name) for name in kept} == kept
    identity = site.get(accept="identity")
    assert {name: identity.field(name) for name in fields} == fields


def test_all_other_lines_stay_as_they_are(serve: Serve) -> None:
    lines = [
        ("Set-Cookie", "a=1, b"),
        ("Set-Cookie", "c=2; Expires=Thu, 01 Jan 2026 00:00:00 GMT"),
        ("x-lower", "1"),
        ("Link", "</a>; rel=preload"),
        ("Link", "</b>; rel=preload"),
        ("Server-Timing", "db;dur=3"),
        ("WWW-Authenticate", "Basic"),
    ]
    for body in (BODY, "tiny"):
        answer = serve(Reply(body, fields=lines)).get()
        # HTTP/2 has no capital letters, nor has ASGI.
        lower = [(name.lower(), value) for name, value in lines]
        sent = [(name.lower(), value) for name, value in answer.headers]
        assert [line for line in sent if line in lower] == lower


@pytest.mark.parametrize("coding", CODINGS)
def test_r28_the_same_body_gives_the_same_bytes(serve: Serve, coding: str) -> None:
    site = serve(Reply(BODY, fields={"ETag": '"t"'}))
    assert site.get(accept=coding).read() == site.get(accept=coding).read()


@pytest.mark.parametrize("coding", CODINGS)
def test_r28_a_strong_tag_has_the_same_bytes_however_the_view_yields(
    serve: Serve, page: str, coding: str
) -> None:
    def respond(asked: Asked) -> Reply:
        step = int(asked.path[1:])
        chunks = (page[at : at + step] for at in range(0, len(page), step))
        return Reply(chunks, fields={"ETag": '"t"'})

    site = serve(respond)
    answers = [site.get(f"/{step}", coding) for step in (10, 1000, 1024, 5000, 10**6)]
    assert {answer.tag for answer in answers} == {f'"t:{coding}"'}
    first, *others = (answer.read() for answer in answers)
    assert others == [first] * 4


@pytest.mark.parametrize("coding", CODINGS)
def test_r28_a_file_has_the_same_bytes_every_time(
    serve: Serve, page: str, tmp_path: Path, coding: str
) -> None:
    (tmp_path / "page.html").write_text(page)
    site = serve(lambda asked: Reply(tmp_path / "page.html", conditional=True))
    first, second = (site.get(accept=coding) for _ in range(2))
    assert first.tag == second.tag
    raw = first.read()
    assert raw == second.read()
    check(coding, raw, page.encode())


# ---- zstd ----


def zstd_header(frame: bytes) -> tuple[int, int | None]:
    """Return a frame's window and content size in bytes (RFC 8878 section 3.1.1.1)."""
    assert frame[:4] == b"\x28\xb5\x2f\xfd"
    descriptor = frame[4]
    is_single = bool(descriptor & 0x20)
    start = (5 if is_single else 6) + (0, 1, 2, 4)[descriptor & 3]
    field_nbytes = (1 if is_single else 0, 2, 4, 8)[descriptor >> 6]
    size = None
    if field_nbytes:
        size = int.from_bytes(frame[start : start + field_nbytes], "little")
        size += 256 if field_nbytes == 2 else 0
    if is_single:
        assert size is not None
        return size, size
    base = 1 << (10 + (frame[5] >> 3))
    return base + base // 8 * (frame[5] & 7), size


@pytest.mark.parametrize("level", [-5, 1, 3, 19, 22])
def test_r43_the_window_of_zstd_is_one_that_browsers_have(serve: Serve, level: int) -> None:
    """With a match that only a larger one would reach."""
    far = random.Random("far").randbytes(4000)
    body = far + bytes(WINDOW_NBYTES + 500_000) + far

    def respond(asked: Asked) -> Reply:
        chunks = (body[at : at + 1_000_000] for at in range(0, len(body), 1_000_000))
        return Reply(body if asked.path == "/whole" else chunks)

    site = serve(respond, zstd_level=level)
    for path in ("/whole", "/stream"):
        raw = site.get(path, "zstd").read()
        window_nbytes, _ = zstd_header(raw)
        assert window_nbytes <= WINDOW_NBYTES
        check("zstd", raw, body)


@pytest.mark.parametrize("nbytes", [1, 255, 256, 1_000, 65_791, 65_792, 2_000_000])
def test_r44_whole_zstd_bodies_declare_their_size(serve: Serve, nbytes: int) -> None:
    raw = serve(b"z" * nbytes).get(accept="zstd, identity;q=0").read()
    assert zstd_header(raw)[1] == nbytes
