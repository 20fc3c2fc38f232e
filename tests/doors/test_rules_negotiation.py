"""Which coding a response has, and what caches are told of it (R1 to R11, R20, R21)."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from asking import CODINGS
from asking import Site
from described import Asked
from described import Reply
from sources import Source

Serve = Callable[..., Site]
BODY = "<p>negotiated</p>\n" * 100
NOTHING = "identity;q=0, lzma"


@pytest.fixture
def page(serve: Serve) -> Site:
    return serve(BODY)


@pytest.mark.parametrize("coding", CODINGS)
def test_r5_the_coding_that_is_asked_for(page: Site, coding: str) -> None:
    answer = page.get(accept=coding)
    assert answer.status == 200
    assert answer.coding == coding
    assert answer.field("Vary") == "Accept-Encoding"
    assert answer.field("Content-Type") == "text/html; charset=utf-8"
    assert answer.body() == BODY.encode()


def check_identity(site: Site, accept: str | None) -> None:
    answer = site.get(accept=accept)
    assert (answer.status, answer.coding) == (200, None)
    assert answer.field("Vary") == "Accept-Encoding"
    assert answer.field("Content-Length") == str(len(BODY))
    assert answer.body() == BODY.encode()


def test_r1_r20_without_accept_encoding(page: Site) -> None:
    check_identity(page, None)


@pytest.mark.parametrize("accept", ["", " ", ",", " , ,"])
def test_r2_r20_an_empty_value(page: Site, accept: str) -> None:
    check_identity(page, accept)


@pytest.mark.parametrize("zero", ["0", "0.0", "0.000"])
def test_r3_a_refused_coding(page: Site, zero: str) -> None:
    check_identity(page, f"gzip;q={zero}")
    check_identity(page, f"gzip;q={zero}, gzip")
    for accept in (f"zstd;q={zero}, *", f"*, zstd;q={zero}"):
        assert page.get(accept=accept).coding == "br"


def test_r4_the_wildcard_covers_what_is_not_listed(page: Site) -> None:
    assert page.get(accept="*").coding == "zstd"
    assert page.get(accept="zstd;q=0, br;q=0, gzip;q=0, *").coding == "deflate"
    assert page.get(accept="*;q=0, gzip").coding == "gzip"
    check_identity(page, "zstd;q=0, br;q=0, gzip;q=0, deflate;q=0, *")


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip,deflate", "gzip"),
        ("deflate, br;q=0.999, gzip;q=0.5", "deflate"),
        ("gzip;q=0.5, br;q=0.5", "br"),
        ("compress, sdch", None),
        # Of java, curl's --compressed with and without br, and an old robot.
        ("gzip, x-gzip, deflate", "gzip"),
        ("deflate, gzip, br, zstd", "zstd"),
        ("gzip;q=1.0, identity; q=0.5, *;q=0", "gzip"),
    ],
)
def test_r5_the_highest_weight_then_the_servers_order(
    page: Site, accept: str, coding: str | None
) -> None:
    assert page.get(accept=accept).coding == coding


def test_r5_the_servers_order_may_be_set(serve: Serve) -> None:
    site = serve(BODY, algorithm=["deflate", "gzip"])
    assert site.get(accept="gzip, deflate, zstd").coding == "deflate"
    check_identity(site, "zstd")


def test_r5_streams_have_an_order_of_their_own(serve: Serve) -> None:
    def respond(asked: Asked) -> Reply:
        return Reply(BODY if asked.path == "/whole" else iter([BODY]))

    site = serve(respond, algorithm="gzip", algorithm_streaming="deflate, br")
    assert site.get("/", "gzip, br, deflate").coding == "deflate"
    assert site.get("/", "gzip").coding is None
    assert site.get("/whole", "gzip, br, deflate").coding == "gzip"


@pytest.mark.parametrize("codings", ["deflate", ["deflate", "zstd"]])
def test_r5_a_view_may_have_codings_of_its_own(serve: Serve, codings: object) -> None:
    site = serve(BODY, own_codings=codings, algorithm="gzip, br")
    assert site.get(accept="gzip, deflate, zstd, br").coding == "deflate"
    check_identity(site, "gzip, br")


@pytest.mark.parametrize(
    "accept",
    [
        "gzip;q=0.5,br;q=1",
        "GZIP;Q=0.5, BR",
        "gzip ;q=0.5 ,\tbr",
        ",, gzip;\tq=0.5,, br ,",
        "br;q=1, , gzip;q=0.50",
    ],
)
def test_r6_spelling_does_not_matter(page: Site, accept: str) -> None:
    assert page.get(accept=accept).coding == "br"


def test_r6_repeated_lines_are_one_list(page: Site) -> None:
    lines = ["gzip;q=0.5", "br;q=0.8, zstd;q=0"]
    assert page.get(accept=None, Accept_Encoding=lines).coding == "br"


@pytest.mark.parametrize("weight", ["", "x", "-1", "nan", "1e3", '"1"', "2", "1.1"])
def test_r7_a_malformed_weight_is_no_consent(page: Site, weight: str) -> None:
    check_identity(page, f"gzip;q={weight}")
    check_identity(page, f"*;q={weight}")
    assert page.get(accept=f"gzip;q={weight}, br;q=0.1").coding == "br"


@pytest.mark.parametrize("accept", ["\xff\xfe", ";", ";q=1", "=", "gzip;;;q==", "\t", "gz ip"])
def test_r7_whatever_is_sent_is_survived(page: Site, accept: str) -> None:
    answer = page.get(accept=accept)
    assert answer.status == 200
    assert answer.body() == BODY.encode()


@pytest.mark.parametrize("accept", ["x-gzip", "X-GZip;q=0.3, br;q=0.2"])
def test_r8_x_gzip_is_gzip(page: Site, accept: str) -> None:
    answer = page.get(accept=accept)
    assert answer.coding == "gzip"
    assert answer.body() == BODY.encode()
    check_identity(page, "x-gzip;q=0")


@pytest.mark.parametrize(
    "accept", ["identity", "identity;q=1, br;q=0.5", "identity;q=0.8, *;q=0.5", "identity, *"]
)
def test_r9_r20_identity_with_the_higher_weight(page: Site, accept: str) -> None:
    check_identity(page, accept)


@pytest.mark.parametrize("accept", ["gzip, identity", "identity;q=0.5, gzip;q=0.5"])
def test_r9_a_coding_wins_a_tie(page: Site, accept: str) -> None:
    assert page.get(accept=accept).coding == "gzip"


def test_r10_refused_identity_overrides_the_minimum_size(serve: Serve) -> None:
    site = serve("tiny")
    for accept in ("gzip, identity;q=0", "gzip, *;q=0"):
        answer = site.get(accept=accept)
        assert answer.coding == "gzip"
        assert answer.body() == b"tiny"
    assert site.get().coding is None


@pytest.mark.parametrize("accept", ["compress, *;q=0", "*;q=0", NOTHING, "identity;q=0"])
@pytest.mark.parametrize("body", [BODY, "tiny"])
def test_r10_nothing_acceptable_is_identity(serve: Serve, body: str, accept: str) -> None:
    answer = serve(body).get(accept=accept)
    assert (answer.status, answer.coding) == (200, None)
    assert answer.field("Vary") == "Accept-Encoding"
    assert answer.body() == body.encode()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_r10_r20_nothing_acceptable_is_a_406_if_that_is_configured(
    serve: Serve, method: str
) -> None:
    fields = {
        "ETag": '"tag"',
        "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT",
        "Content-Language": "en",
        "Content-Digest": "sha-256=:AA==:",
        "Vary": "Cookie",
        "Access-Control-Allow-Origin": "*",
    }
    site = serve(Reply(BODY, fields=fields), not_acceptable=True)
    answer = site.get(accept=NOTHING, method=method)
    assert answer.status == 406
    names = {name for name, _ in answer.all_fields()}
    assert names == {"content-type", "content-length", "vary", "access-control-allow-origin"}
    assert answer.field("Vary") == "Cookie, Accept-Encoding"
    assert (answer.field("Content-Type") or "").startswith("text/plain")
    body = answer.body()
    assert b"negotiated" not in body
    assert (b"accepts neither" in body) is (method != "HEAD")
    # Whoever accepts something gets it.
    assert site.get(accept="*;q=0, gzip").coding == "gzip"
    for accept in ("lzma", None):
        assert site.get(accept=accept).status == 200


@pytest.mark.parametrize(
    "reply",
    [
        Reply(BODY, 404),
        Reply(BODY, content_type="image/png"),
        Reply(BODY, fields={"Content-Encoding": "x-mine"}),
        Reply(BODY, fields={"Cache-Control": "no-transform"}),
    ],
)
def test_r10_what_is_never_coded_is_never_a_406(serve: Serve, reply: Reply) -> None:
    answer = serve(reply, not_acceptable=True).get(accept=NOTHING)
    assert answer.status == reply.status
    assert answer.read() == BODY.encode()


@pytest.mark.sees("streams")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_r10_r38_a_stream_that_is_refused_is_closed_and_never_read(
    serve: Serve, method: str
) -> None:
    source = Source(AssertionError("nobody may see this"))
    answer = serve(Reply(source), not_acceptable=True).get(accept=NOTHING, method=method)
    assert answer.status == 406
    assert (b"accepts neither" in answer.body()) is (method == "GET")
    assert (source.pulled, source.closed) == (0, 1)


def test_r11_the_wildcard_is_no_dictionary_coding(page: Site) -> None:
    for accept in ("*", "dcb, dcz, *;q=0.5", "*, zstd;q=0, br;q=0, gzip;q=0"):
        answer = page.get(accept=accept, Available_Dictionary=f":{'A' * 43}=:")
        assert answer.coding in CODINGS
        assert answer.body() == BODY.encode()


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("br;q=0.001, *", "br"),
        ("*", "gzip"),
        ("identity;q=1, br;q=0.5, *;q=0", None),
        ("*;q=0", None),
    ],
)
def test_c4_a_coding_that_is_named_beats_the_wildcard(
    serve: Serve, accept: str, coding: str | None
) -> None:
    assert serve(BODY, algorithm="gzip, br, deflate").get(accept=accept).coding == coding


def test_auto_chooses_by_size(serve: Serve) -> None:
    def respond(asked: Asked) -> Reply:
        kind, _, nbytes = asked.path[1:].partition("/")
        count = int(nbytes)
        bodies = {
            "whole": "x" * count,
            "list": ["x" * (count - 1), b"x"],
            "text": ["é" * (count // 2), "x" * (count % 2)],
            "stream": iter([BODY]),
        }
        return Reply(bodies[kind])

    site = serve(respond, algorithm="auto", algorithm_streaming="auto")
    for kind in ("whole", "list", "text"):
        assert site.get(f"/{kind}/16383", "gzip, zstd").coding == "gzip"
        assert site.get(f"/{kind}/16384", "gzip, zstd").coding == "zstd"
        # What the client likes better goes first.
        assert site.get(f"/{kind}/16384", "gzip, zstd;q=0.9").coding == "gzip"
    assert site.get("/stream/1", "gzip, zstd").coding == "zstd"


def test_the_border_of_auto_may_be_moved(serve: Serve) -> None:
    assert serve(BODY, algorithm="auto").get(accept="gzip, zstd").coding == "gzip"
    site = serve(BODY, algorithm="auto", auto_size=1000)
    assert site.get(accept="gzip, zstd").coding == "zstd"


# ---- Vary ----


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], "Accept-Encoding"),
        (["Cookie"], "Cookie, Accept-Encoding"),
        (["Cookie", "Origin"], "Cookie, Origin, Accept-Encoding"),
        (["Cookie", "Accept-Encoding"], "Cookie, Accept-Encoding"),
        (["X-Accept-Encoding"], "X-Accept-Encoding, Accept-Encoding"),
        (["accept-encoding"], "accept-encoding"),
        (["Origin,Accept-Encoding"], "Origin, Accept-Encoding"),
        (["Accept-Encoding", "Accept-Encoding"], "Accept-Encoding"),
        (["*"], "*"),
        (["Cookie", "*"], "*"),
        (["Cookie", "cookie"], "Cookie, Accept-Encoding"),
    ],
)
@pytest.mark.parametrize("accept", ["gzip", None, "gzip;q=0", "identity"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_r21_vary_lines(
    serve: Serve, lines: list[str], expected: str, accept: str | None, method: str
) -> None:
    site = serve(Reply(BODY, fields=[("Vary", line) for line in lines]))
    assert ", ".join(site.get(accept=accept, method=method).lines("Vary")) == expected


@pytest.mark.parametrize("accept", [*CODINGS, None])
def test_r20_streams_vary(serve: Serve, accept: str | None) -> None:
    answer = serve(lambda asked: Reply(iter([BODY]))).get(accept=accept)
    assert answer.field("Vary") == "Accept-Encoding"
    assert answer.body() == BODY.encode()


@pytest.mark.parametrize("body", ["tiny", random.Random(1).randbytes(600)])
def test_r20_what_is_too_small_or_does_not_shrink_varies(
    serve: Serve, body: str | bytes
) -> None:
    # A client that refuses identity gets it coded.
    answer = serve(body).get()
    assert (answer.coding, answer.field("Vary")) == (None, "Accept-Encoding")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(BODY, content_type="image/png"),
        Reply(BODY, content_type=None),
        Reply(BODY, 404),
        Reply("", 302, {"Location": "/other"}),
        Reply(BODY, fields={"Content-Encoding": "x-mine"}),
        Reply(BODY, fields={"Cache-Control": "no-transform"}),
        Reply(b"", 204),
    ],
)
@pytest.mark.parametrize("accept", ["gzip", None])
def test_r20_what_is_never_coded_does_not_vary(
    serve: Serve, reply: Reply, accept: str | None
) -> None:
    assert serve(reply).get(accept=accept).lines("Vary") == []


@pytest.mark.parametrize("accept", ["gzip", None])
def test_r20_what_a_predicate_does_not_want_varies(serve: Serve, accept: str | None) -> None:
    site = serve(BODY, wanted=lambda asked: asked.path == "/wanted")
    assert site.get("/wanted", accept).coding == accept
    answer = site.get("/", accept)
    assert answer.coding is None
    assert answer.field("Vary") == "Accept-Encoding"
    assert answer.body() == BODY.encode()


@pytest.mark.parametrize("accept", ["gzip", None])
def test_r20_what_is_exempt_does_not_vary(serve: Serve, accept: str | None) -> None:
    answer = serve(BODY, exempt=True).get(accept=accept)
    assert (answer.coding, answer.lines("Vary")) == (None, [])
    assert answer.body() == BODY.encode()
