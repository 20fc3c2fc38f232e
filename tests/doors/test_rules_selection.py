"""Which responses are coded at all, and which stay as they are (R12 to R19)."""

from __future__ import annotations

import random
from collections.abc import Callable
from collections.abc import Iterator

import pytest
from asking import CODINGS
from asking import Answer
from asking import Site
from described import Asked
from described import Reply

Serve = Callable[..., Site]
BODY = "<p>Der Jäger ✓ aus Kurpfalz.</p>" * 100
NOISE = random.Random(1).randbytes(5000)


def check_untouched(answer: Answer, reply: Reply, *, varies: bool = False) -> None:
    """Check that an answer is as it would be without us."""
    assert answer.status == reply.status
    for name, value in reply.lines():
        assert answer.field(name) == value
    if "Content-Encoding" not in dict(reply.lines()):
        assert answer.coding is None
    assert answer.lines("Vary") == (["Accept-Encoding"] if varies else [])
    body = reply.body
    assert answer.read() == (body.encode() if isinstance(body, str) else body)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_methods(serve: Serve, method: str) -> None:
    answer = serve(BODY).get(method=method)
    assert answer.coding == "gzip"
    assert answer.body() == BODY.encode()


@pytest.mark.parametrize("status", [200, 201, 202, 203, 207])
def test_successes_are_coded(serve: Serve, status: int) -> None:
    answer = serve(Reply(BODY, status)).get()
    assert (answer.status, answer.coding) == (status, "gzip")
    assert answer.body() == BODY.encode()


@pytest.mark.sees("odd")
@pytest.mark.parametrize(
    ("status", "fields", "coded"),
    [
        (200, {"Content-Range": "users 0-299/10000"}, True),
        (200, {"Content-Range": "items 0-24/*"}, True),
        (200, {"Content-Range": "bytes 0-9/10"}, False),
        (200, {"Content-Range": " Bytes 0-9/10"}, False),
        (206, {"Content-Range": "bytes 0-9/10"}, False),
        (206, {"Content-Range": "users 0-299/10000"}, False),
        (206, {}, False),
    ],
)
@pytest.mark.parametrize("streamed", [True, False])
def test_r12_parts_keep_their_bytes(
    serve: Serve, status: int, fields: dict[str, str], coded: bool, streamed: bool
) -> None:
    fields = {**fields, "ETag": '"t"'}

    def respond(asked: Asked) -> Reply:
        return Reply(iter([BODY]) if streamed else BODY, status, fields)

    answer = serve(respond).get(Range="bytes=0-9")
    assert answer.status == status
    assert answer.coding == ("gzip" if coded else None)
    assert answer.tag == ('"t:gzip"' if coded else '"t"')
    told = fields.get("Content-Range")
    assert answer.field("Content-Range") in {told, told and told.strip()}
    assert answer.field("Vary") == "Accept-Encoding"
    assert answer.body() == BODY.encode()


@pytest.mark.sees("odd")
@pytest.mark.parametrize("status", [100, 102, 103, 204, 205, 304])
@pytest.mark.parametrize("accept", ["gzip", "gzip, identity;q=0"])
def test_r13_statuses_without_a_body(serve: Serve, status: int, accept: str) -> None:
    answer = serve(Reply(b"", status, {"ETag": '"t"'}), min_size=0, errors=True).get(
        accept=accept
    )
    assert (answer.status, answer.coding) == (status, None)
    assert answer.read() == b""


@pytest.mark.parametrize("status", [204, 304])
def test_r13_a_body_that_is_given_all_the_same(serve: Serve, status: int) -> None:
    answer = serve(Reply(BODY, status)).get()
    assert (answer.status, answer.coding) == (status, None)
    assert answer.field("Content-Length") in {None, "0"}
    assert answer.read() == b""


@pytest.mark.parametrize("status", [301, 302, 400, 403, 404, 405, 422, 500, 503])
def test_r13_errors_and_redirections_stay(serve: Serve, status: int) -> None:
    reply = Reply(BODY, status, {"ETag": '"t"'})
    check_untouched(serve(reply).get(), reply)


@pytest.mark.parametrize("status", [400, 403, 404, 422, 500, 503])
@pytest.mark.parametrize("errors", [True, False])
def test_errors_are_coded_if_that_is_wanted(serve: Serve, status: int, errors: bool) -> None:
    site = serve(Reply(BODY, status), errors=errors, not_acceptable=True)
    answer = site.get()
    assert answer.status == status
    assert answer.coding == ("gzip" if errors else None)
    assert answer.field("Vary") == ("Accept-Encoding" if errors else None)
    assert answer.body() == BODY.encode()
    refused = site.get(accept="identity;q=0, lzma")
    assert refused.status == status
    assert refused.body() == BODY.encode()


@pytest.mark.parametrize("coding", ["gzip", "br", "x-mine", "identity", "gzip, br", ""])
@pytest.mark.parametrize("accept", ["gzip", "zstd", None, "*;q=0"])
def test_r14_what_is_coded_already(serve: Serve, coding: str, accept: str | None) -> None:
    reply = Reply(BODY, fields={"Content-Encoding": coding, "ETag": '"t"'})
    check_untouched(serve(reply, not_acceptable=True).get(accept=accept), reply)


def test_r14_a_compressed_download_keeps_its_coding(serve: Serve) -> None:
    """A file that was compressed before, as views send them that have such files."""
    stream = Reply([NOISE], fields={"Content-Encoding": "gzip"}, content_type="text/css")
    answer = serve(stream).get()
    assert answer.coding == "gzip"
    assert answer.read() == NOISE


@pytest.mark.parametrize("accept", ["gzip", "zstd", "identity", None, "gzip, identity"])
def test_r14_identity_is_never_named(serve: Serve, accept: str | None) -> None:
    for body in (BODY, "tiny", NOISE):
        assert serve(body).get(accept=accept).coding != "identity"


@pytest.mark.parametrize(
    "value", ["no-transform", "public, No-Transform", "max-age=1 ,no-transform,"]
)
@pytest.mark.parametrize("accept", ["gzip", "gzip, identity;q=0", None])
def test_r15_no_transform(serve: Serve, value: str, accept: str | None) -> None:
    reply = Reply(
        BODY, fields={"Cache-Control": value, "ETag": '"t"', "Accept-Ranges": "bytes"}
    )
    check_untouched(serve(reply).get(accept=accept), reply)


def test_r15_no_transform_in_a_line_of_its_own(serve: Serve) -> None:
    lines = [("Cache-Control", "public"), ("Cache-Control", "no-transform")]
    answer = serve(Reply(BODY, fields=lines)).get()
    assert answer.coding is None
    assert answer.lines("Cache-Control") == ["public", "no-transform"]
    assert answer.read() == BODY.encode()


@pytest.mark.parametrize("value", ["public", "x-no-transform", 'a="no-transform"', ""])
def test_r15_only_the_token_counts(serve: Serve, value: str) -> None:
    assert serve(Reply(BODY, fields={"Cache-Control": value})).get().coding == "gzip"


@pytest.mark.parametrize(
    ("kind", "coded"),
    [
        ("text/html", True),
        ("Text/HTML;x=y", True),
        ("TEXT/HTML ; charset=utf-8", True),
        ("application/json", True),
        ("image/svg+xml", True),
        ("application/manifest+json", True),
        ("font/ttf", True),
        ("image/png", False),
        ("application/octet-stream", False),
        ("video/mp4", False),
        ("font/woff2", False),
        ("application/zip", False),
        ("text/htmlx", False),
        ("text", False),
        ("", False),
    ],
)
def test_r16_media_types(serve: Serve, kind: str, coded: bool) -> None:
    reply = Reply(BODY, content_type=kind, fields={"ETag": '"t"', "Accept-Ranges": "bytes"})
    answer = serve(reply).get()
    assert (answer.coding == "gzip") is coded
    if not coded:
        check_untouched(answer, reply)


def test_r16_no_media_type(serve: Serve) -> None:
    reply = Reply(BODY, content_type=None)
    check_untouched(serve(reply).get(), reply)


def test_r16_media_types_with_wildcards(serve: Serve) -> None:
    def respond(asked: Asked) -> Reply:
        return Reply(BODY, content_type=asked.path[1:])

    site = serve(respond, mimetypes=["text/*", "application/*+json"])
    for kind in ("text/html", "text/x-anything", "application/geo+json"):
        assert site.get(f"/{kind}").coding == "gzip"
    for kind in ("application/json", "image/png"):
        assert site.get(f"/{kind}").coding is None


def test_r16_media_types_may_be_added(serve: Serve) -> None:
    def respond(asked: Asked) -> Reply:
        return Reply(BODY, content_type=asked.path[1:])

    site = serve(respond, extra_mimetypes="Application/*+JSON, text/csv")
    for kind in ("problem+json", "vnd.api+json", "ld+json", "json"):
        assert site.get(f"/application/{kind}").coding == "gzip"
    assert site.get("/text/csv").coding == "gzip"
    assert site.get("/application/octet-stream").coding is None


@pytest.mark.parametrize("name", ["X-Sendfile", "X-Accel-Redirect"])
@pytest.mark.parametrize("body", [BODY, ""])
def test_r17_another_server_sends_the_body(serve: Serve, name: str, body: str) -> None:
    reply = Reply(body, fields={name: "/file", "ETag": '"t"', "Accept-Ranges": "bytes"})
    check_untouched(serve(reply, min_size=0).get(accept="gzip, identity;q=0"), reply)


@pytest.mark.parametrize("coding", CODINGS)
def test_r18_a_body_that_does_not_shrink(serve: Serve, coding: str) -> None:
    reply = Reply(
        NOISE,
        fields={"ETag": '"t"', "Accept-Ranges": "bytes"},
        content_type="text/plain",
    )
    answer = serve(reply).get(accept=coding)
    assert answer.field("Content-Length") == "5000"
    check_untouched(answer, reply, varies=True)


@pytest.mark.parametrize("nbytes", range(1, 30))
def test_r18_tiny_bodies_never_grow(serve: Serve, nbytes: int) -> None:
    for coding in CODINGS:
        answer = serve("x" * nbytes, min_size=0).get(accept=coding)
        assert len(answer.read()) <= nbytes


@pytest.mark.parametrize("coding", CODINGS)
def test_r18_but_not_if_identity_is_refused(serve: Serve, coding: str) -> None:
    answer = serve(Reply(NOISE, content_type="text/plain")).get(
        accept=f"{coding}, identity;q=0"
    )
    assert answer.coding == coding
    assert answer.body() == NOISE


@pytest.mark.sees("odd")
@pytest.mark.parametrize(
    ("method", "status", "fields"),
    [
        ("GET", 200, {"Upgrade": "websocket"}),
        ("GET", 101, {"Upgrade": "websocket"}),
        ("GET", 426, {"Upgrade": "HTTP/2.0"}),
        ("CONNECT", 200, {}),
    ],
)
def test_r19_connections_that_become_something_else(
    serve: Serve, method: str, status: int, fields: dict[str, str]
) -> None:
    reply = Reply(b"" if status == 101 else BODY, status, {**fields, "ETag": '"t"'})
    check_untouched(serve(reply, errors=True).get(method=method), reply)


# ---- Sizes ----


@pytest.mark.parametrize(("nbytes", "coded"), [(499, False), (500, True)])
def test_minimum_size(serve: Serve, nbytes: int, coded: bool) -> None:
    for body in ("x" * nbytes, ["x"] * nbytes, [b"x", "x" * (nbytes - 1)]):
        answer = serve(Reply(body)).get()
        assert (answer.coding is not None) is coded
        assert answer.field("Vary") == "Accept-Encoding"
        assert answer.body() == b"x" * nbytes


def test_the_minimum_size_is_one_of_bytes(serve: Serve) -> None:
    assert serve("é" * 249).get().coding is None
    assert serve("é" * 250).get().coding == "gzip"


def test_a_stream_of_a_known_small_length(serve: Serve) -> None:
    site = serve(lambda asked: Reply(iter(["tiny"]), fields={"Content-Length": "4"}))
    answer = site.get()
    assert (answer.coding, answer.field("Vary")) == (None, "Accept-Encoding")
    assert answer.body() == b"tiny"
    answer = site.get(accept="gzip, identity;q=0")
    assert answer.coding == "gzip"
    assert answer.body() == b"tiny"


@pytest.mark.parametrize("accept", ["gzip", "gzip, identity;q=0"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize("body", ["", b"", [], [b"", ""]])
def test_empty_bodies_are_not_coded(
    serve: Serve, body: str | bytes | list[str], accept: str, method: str
) -> None:
    site = serve(Reply(body, fields={"ETag": '"t"'}), min_size=0)
    answer = site.get(accept=accept, method=method)
    assert (answer.status, answer.coding, answer.tag) == (200, None, '"t"')
    assert answer.read() == b""


def test_streams_may_be_left_alone(serve: Serve) -> None:
    def respond(asked: Asked) -> Reply:
        chunks: Iterator[str] = iter(["a" * 900])
        return Reply(chunks if asked.path == "/" else BODY, fields={"ETag": '"t"'})

    site = serve(respond, streams=False)
    check_untouched(site.get(), Reply("a" * 900, fields={"ETag": '"t"'}))
    assert site.get("/whole").coding == "gzip"


# ---- Wishes ----


@pytest.mark.parametrize("accept", ["gzip", "gzip, identity;q=0", "identity;q=0"])
def test_what_is_exempt_is_untouched(serve: Serve, accept: str) -> None:
    """As for a page that has a secret beside what a client sent (the BREACH attack)."""
    reply = Reply(BODY, fields={"ETag": '"t"', "Accept-Ranges": "bytes"})
    check_untouched(serve(reply, exempt=True, not_acceptable=True).get(accept=accept), reply)
    streamed = serve(lambda asked: Reply(iter([BODY])), exempt=True).get(accept=accept)
    check_untouched(streamed, Reply(BODY))


def test_a_predicate_says_which_are_wanted(serve: Serve) -> None:
    def respond(asked: Asked) -> Reply:
        fields = {"ETag": '"t"', "Accept-Ranges": "bytes"}
        return Reply(iter([BODY]) if "stream" in asked.query else BODY, fields=fields)

    site = serve(respond, wanted=lambda asked: "cookie" not in asked.fields)
    for path in ("/", "/?stream"):
        assert site.get(path).coding == "gzip"
        answer = site.get(path, Cookie="session=1")
        plain = Reply(BODY, fields={"ETag": '"t"', "Accept-Ranges": "bytes"})
        check_untouched(answer, plain, varies=True)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_view_may_have_a_level_of_its_own(serve: Serve, coding: str) -> None:
    chooser = random.Random(3)
    words = [f"word{number}" for number in range(300)]
    body = " ".join(chooser.choices(words, k=3000))
    sizes = []
    for level in (1, 9):
        answer = serve(body, own_level={coding: level}).get(accept=coding)
        raw = answer.read()
        sizes.append(len(raw))
    assert sizes[1] < sizes[0]
