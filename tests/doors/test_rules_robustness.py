"""Whatever an application answers or is set to, and whoever asks meanwhile (R49 to R52)."""

from __future__ import annotations

import gc
import itertools
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from typing import NamedTuple

import pytest
from asking import CODINGS
from asking import Site
from described import Asked
from described import Reply
from hypothesis import HealthCheck
from hypothesis import event
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from sources import PATIENCE_SECONDS
from sources import Source
from sources import follow

from pyfastgz import ConfigurationError
from pyfastgz import DictCache

Serve = Callable[..., Site]
BODY = "<p>whatever an application answers</p>\n" * 100
DATES = ("Thu, 01 Jan 2026 00:00:00 GMT", "Fri, 02 Jan 2026 00:00:00 GMT", "then", "", "0")
EVENTS = "text/event-stream"


def plain_bytes(pieces: list[Any]) -> bytes:
    return b"".join(p.encode() if isinstance(p, str) else bytes(p) for p in pieces)


# ---- Anything ----


@pytest.mark.sees("odd")
@pytest.mark.parametrize("status", [199, 299, 306, 399, 499, 599, 600, 999])
@pytest.mark.parametrize("errors", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_r49_odd_statuses(serve: Serve, status: int, errors: bool, method: str) -> None:
    answer = serve(Reply(BODY, status), errors=errors).get(method=method)
    assert answer.status == status
    sent = answer.body() if status >= 200 else answer.read()
    assert sent == (b"" if method == "HEAD" or status < 200 else BODY.encode())


@pytest.mark.parametrize(
    "lines",
    [
        [("Vary", "")],
        [("Vary", ", ,")],
        [("ETag", '"a"'), ("ETag", '"b"')],
        [("ETag", "")],
        [("Last-Modified", "")],
        [("Content-Range", "")],
        [("Cache-Control", "")],
        [("Accept-Ranges", ""), ("Accept-Ranges", "none")],
        [("X-Latin", "\xe9\xff")],
        [("x" * 500, "y" * 5000)],
        [("Cache-Control", ", ".join(f"a{number}=1" for number in range(3000)))],
        [("Vary", ", ".join(f"a{number}" for number in range(3000)))],
    ],
    ids=range(12),
)
@pytest.mark.parametrize("streamed", [True, False])
def test_r49_odd_fields(serve: Serve, lines: list[tuple[str, str]], streamed: bool) -> None:
    site = serve(lambda asked: Reply(iter([BODY]) if streamed else BODY, fields=lines))
    for accept in ("gzip", None):
        for condition in ({}, {"If_None_Match": '"x"'}, {"If_Modified_Since": DATES[0]}):
            answer = site.get(accept=accept, **condition)
            assert (answer.status, answer.coding) == (200, accept)
            assert answer.body() == BODY.encode()


@pytest.mark.parametrize("body", [BODY, [BODY, BODY.encode()], ["tiny"], []])
def test_r49_a_reply_that_is_given_again_and_again(serve: Serve, body: Any) -> None:
    reply = Reply(body, fields={"ETag": '"t"', "Vary": "Cookie"})
    before = repr(reply)
    site = serve(reply)
    plain = plain_bytes(body if isinstance(body, list) else [body])
    first: dict[Any, Any] = {}
    for _ in range(3):
        for accept in ("gzip", None, "br", "zstd", "*;q=0"):
            for condition in ({}, {"If_None_Match": '"t:gzip"'}, {"If_None_Match": '"t"'}):
                answer = site.get(accept=accept, **condition)
                assert answer.body() == (b"" if answer.status == 304 else plain)
                seen = answer.status, answer.all_fields()
                assert first.setdefault((accept, str(condition)), seen) == seen
    assert repr(reply) == before


latin = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=30)
tags = st.sampled_from(
    ['"t"', 'W/"t"', "t", '"t:gzip"', '"t:br"', '"t:zstd"', 'W/"t:gzip"', '""', '"', "*", ""]
)
tag_lists = st.one_of(tags, st.lists(tags, max_size=4).map(", ".join), latin)
dates = st.sampled_from(DATES) | latin
codings = st.sampled_from(["gzip", "x-gzip", "deflate", "br", "zstd", "identity", "*", "lzma"])
weights = st.sampled_from(["", ";q=0", ";q=1", ";q=0.5", "; q=0.001", ";q=x", ";Q=1.0", ";"])
accepts = st.lists(st.tuples(codings, weights).map("".join), max_size=5).map(", ".join)
usual_accepts = st.sampled_from([*CODINGS, ", ".join(CODINGS)])
request_fields = st.fixed_dictionaries(
    {"Accept_Encoding": usual_accepts | usual_accepts | accepts | latin},
    optional={
        "If_Match": tag_lists,
        "If_None_Match": tag_lists,
        "If_Modified_Since": dates,
        "If_Unmodified_Since": dates,
        "If_Range": tags | dates,
        "Range": st.sampled_from(["bytes=0-9", "bytes=5-", "bytes=-5", "x=1", ""]),
    },
)
response_lines = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["ETag", "etag"]), tags | latin),
        st.tuples(st.just("Last-Modified"), dates),
        st.tuples(st.just("Vary"), st.sampled_from(["*", "Cookie", "accept-encoding", ", ,"])),
        st.tuples(st.just("Content-Encoding"), st.sampled_from(["gzip", "identity", ""])),
        st.tuples(st.just("Content-Range"), st.sampled_from(["bytes 0-9/10", "rows 1-2/*"])),
        st.tuples(st.just("Cache-Control"), st.sampled_from(["no-transform", "max-age=1"])),
        st.tuples(st.sampled_from(["Accept-Ranges", "Digest", "Content-MD5"]), latin),
        st.tuples(st.sampled_from(["X-Sendfile", "Upgrade", "Server-Timing"]), latin),
        st.tuples(st.from_regex(r"X-[A-Za-z]{1,12}", fullmatch=True), latin),
    ),
    max_size=3,
    unique_by=lambda line: line[0].lower(),
)
pieces = st.one_of(
    st.sampled_from([b"<p>page</p>" * 200, b"<p>bytes</p>" * 6000, b"data: 1\n\n" * 90]),
    st.binary(max_size=40),
    st.binary(min_size=600, max_size=700),
)
configurations = st.fixed_dictionaries(
    {},
    optional={
        "errors": st.booleans(),
        "evaluate_conditional_request": st.booleans(),
        "min_size": st.sampled_from([0, 1, 500, 5000]),
        "not_acceptable": st.booleans(),
        "streams": st.booleans(),
        "algorithm": st.sampled_from(["auto", "gzip", "br, gzip", "zstd, deflate"]),
        "extra_mimetypes": st.just([EVENTS]),
    },
)


class Case(NamedTuple):
    """An application that is made up, and what is asked of it."""

    shape: str
    parts: list[bytes]
    status: int
    lines: list[tuple[str, str]]
    kind: str | None
    method: str
    fields: dict[str, str]
    configuration: dict[str, Any]

    def respond(self, asked: Asked) -> Reply:
        """Answer as the application does."""
        bodies = {
            "whole": b"".join(self.parts),
            "list": list(self.parts),
            "stream": iter(self.parts),
        }
        return Reply(bodies[self.shape], self.status, self.lines, content_type=self.kind)


cases = st.builds(
    Case,
    shape=st.sampled_from(["whole", "list", "stream"]),
    parts=st.lists(pieces, min_size=1, max_size=4) | st.just([]),
    status=st.just(200)
    | st.just(200)
    | st.sampled_from([201, 204, 205, 206, 301, 304, 404, 412, 500]),
    lines=response_lines,
    kind=st.just("text/html") | st.sampled_from(["TEXT/HTML;a=b", EVENTS, "image/png", None]),
    method=st.just("GET") | st.sampled_from(["HEAD", "POST", "PUT", "OPTIONS", "CONNECT"]),
    fields=request_fields,
    configuration=configurations,
)


@pytest.mark.sees("odd")
@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cases)
def test_r49_whatever_is_answered_to_whatever_is_asked(serve: Serve, case: Case) -> None:
    site = serve(case.respond, **case.configuration)
    answer = site.get(accept=None, method=case.method, **case.fields)
    event(f"{case.status} {answer.status} {answer.coding}")
    names = {name.lower() for name, _ in case.lines}
    is_coded_here = answer.coding is not None and "content-encoding" not in names
    body = answer.body() if is_coded_here else answer.read()
    if answer.status != case.status:
        assert 200 <= case.status < 300
        assert answer.status in {304, 406, 412}
        assert len(body) < 100
    elif case.method == "HEAD" or case.status in {204, 304}:
        assert body == b""
    else:
        assert body == b"".join(case.parts)
    if is_coded_here:
        assert answer.coding in CODINGS
        vary = ", ".join(answer.lines("Vary")).lower()
        assert "accept-encoding" in vary or "*" in vary
    for name, value in case.lines:
        if name.startswith("X-"):
            assert (answer.field(name) or "").strip() == value.strip()


# ---- Settings ----


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("level", 13),
        ("level", "6"),
        ("level", True),
        ("deflate_level", 13),
        ("br_level", 12),
        ("zstd_level", 23),
        ("min_size", -1),
        ("min_size", "500"),
        ("streams", "False"),
        ("algorithm", ["gzip", "lzma"]),
        ("algorithm", ["dcz"]),
        ("algorithm_streaming", ["gzip", "*"]),
        ("mimetypes", ["html"]),
        ("extra_mimetypes", "text/csv;text/markdown"),
        ("stream_flush_ms", -1),
        ("not_acceptable", 406),
        ("errors", "4xx"),
    ],
)
def test_r50_a_bad_setting_fails_at_the_start_and_is_named(
    serve: Serve, name: str, value: object
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        serve(BODY, **{name: value})
    assert name in str(caught.value).lower()
    assert repr(value) in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Accept_Encoding", "gzip, " + "x" * 50_000),
        ("Accept_Encoding", "gzip" + "," * 50_000),
        ("Accept_Encoding", ",".join(f"x{number};q=0.5" for number in range(4000))),
    ],
    ids=range(3),
)
def test_r50_of_an_oversized_field_nothing_is_believed(
    serve: Serve, name: str, value: str
) -> None:
    answer = serve(BODY).get(accept=None, **{name: value})
    assert (answer.status, answer.coding) == (200, None)
    assert answer.body() == BODY.encode()


LONG_FIELDS = (
    "Accept_Encoding",
    "Available_Dictionary",
    "Content_Encoding",
    "Dictionary_ID",
    "If_Match",
    "If_Modified_Since",
    "If_None_Match",
    "If_Range",
    "If_Unmodified_Since",
    "Origin",
    "Range",
    "Sec_Fetch_Mode",
    "Sec_Fetch_Site",
)
NBYTES = 60_000
FILLINGS = (",", '"', '"a:gzip",', "W/", "gzip;q=0.", "bytes=0-1,", "\xff", "\t ", "9", ":A=")


@pytest.mark.parametrize("name", LONG_FIELDS)
def test_r46_r50_a_long_field(serve: Serve, name: str) -> None:
    """As long as servers take it."""
    site = serve(Reply(BODY, fields={"ETag": '"e"'}), decode_requests=True)
    for filling in FILLINGS:
        value = (filling * NBYTES)[:NBYTES]
        accept = None if name == "Accept_Encoding" else "gzip"
        answer = site.get(accept=accept, **{name: value})
        assert answer.status == 200
        assert answer.coding == accept
        assert answer.body() == BODY.encode()


# ---- Several at once ----


def test_r51_each_application_keeps_its_settings(serve: Serve) -> None:
    sites = {
        "gzip": serve(BODY, algorithm="gzip", level=1),
        "br": serve(BODY, algorithm="br, gzip"),
        "zstd": serve(BODY),
        None: serve(BODY, mimetypes=["text/css"]),
        "": serve(BODY, min_size=50_000),
    }
    for _ in range(3):
        for coding, site in sites.items():
            answer = site.get(accept="gzip, br, zstd")
            assert answer.coding == (coding or None)
            assert answer.body() == BODY.encode()
    assert len(sites["gzip"].get().read()) > len(sites["br"].get(accept="gzip").read())


def test_r51_r52_many_threads(serve: Serve) -> None:
    def respond(asked: Asked) -> Reply:
        body = f"<p>{asked.query}</p>\n" * 200
        chunks = (body[at : at + 97] for at in range(0, len(body), 97))
        return Reply(chunks if asked.path == "/stream" else body, fields={"ETag": '"t"'})

    site = serve(respond, cache_key=lambda asked: asked.query, cache_backend=DictCache)
    accepts = itertools.cycle((*CODINGS, None))
    plans = [(number, next(accepts)) for number in range(160)]

    def ask(plan: tuple[int, str | None]) -> None:
        number, accept = plan
        path = f"/{'stream' if number % 2 else ''}?{number % 7}"
        answer = site.get(path, accept)
        assert answer.coding == accept
        assert answer.body() == f"<p>{number % 7}</p>\n".encode() * 200

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, plans))


@pytest.mark.parametrize("coding", CODINGS)
def test_r52_streams_that_are_open_at_once_do_not_mix(serve: Serve, coding: str) -> None:
    sources = [Source(*(f"{name}{n}" for n in range(5)), in_step=True) for name in "abcdef"]

    def respond(asked: Asked) -> Reply:
        return Reply(sources[int(asked.query)], content_type=EVENTS)

    site = serve(respond, mimetypes=[EVENTS])
    answers = [(site.get(f"/?{number}", coding), "abcdef"[number]) for number in range(6)]
    random.Random(1).shuffle(answers)
    for answer, name in answers:
        chunks = [f"{name}{n}" for n in range(5)]
        assert answer.coding == coding
        follow(answer, sources["abcdef".index(name)], *chunks)


def test_r52_a_cached_body_never_stands_for_another(serve: Serve) -> None:
    names: list[str] = []

    class Noting(DictCache):
        def set(self, key: str, value: bytes) -> None:
            names.append(key)
            super().set(key, value)

    bodies = [BODY, BODY + "changed", BODY]
    current = iter(bodies * 2)
    site = serve(
        lambda asked: Reply(next(current)),
        cache_key=lambda asked: asked.path,
        cache_backend=Noting,
    )
    for accept in ("gzip", "br"):
        for body in bodies:
            answer = site.get("/page", accept)
            assert answer.coding == accept
            assert answer.body() == body.encode()
    assert names


def test_r52_nothing_keeps_a_body_alive(serve: Serve) -> None:
    class Marked(bytes):
        alive = 0

        def __new__(cls, data: bytes) -> Marked:
            cls.alive += 1
            return super().__new__(cls, data)

        def __del__(self) -> None:
            type(self).alive -= 1

    def respond(asked: Asked) -> Reply:
        body = [Marked(b"x" * 900)]
        return Reply(iter(body) if asked.path == "/stream" else body)

    site = serve(respond)
    for path in ("/", "/stream") * 5:
        assert site.get(path).body() == b"x" * 900
    site.close()
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    # A server may be a moment behind its client.
    while Marked.alive and time.monotonic() < give_up_at:
        gc.collect()
    assert Marked.alive == 0
