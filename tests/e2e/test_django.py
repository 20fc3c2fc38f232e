"""A site of Django behind real servers: what clients get is what they get without it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.django_application import CHUNKS
from tests.e2e.django_application import FOLDER
from tests.e2e.django_application import PAGE
from tools.kit.client import Answer
from tools.kit.client import fetch
from tools.kit.client import opened
from tools.kit.decoders import CODINGS
from tools.kit.decoders import decode
from tools.kit.decoders import make_decoder
from tools.kit.documents.content import make_events
from tools.kit.events import COUNT
from tools.kit.lockstep import follow_events
from tools.kit.server import Command
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.server import waitress_command

APPLICATION = "tests.e2e.django_application:create_app()"
COMMANDS: dict[str, Command] = {
    "gthread": gunicorn_command(APPLICATION),
    "sync": gunicorn_command(APPLICATION, worker_class="sync", workers=2),
    "waitress": waitress_command(APPLICATION),
}
STYLE = b"".join(b".lamp%d { height: %dpx }\n" % (n, n * n) for n in range(2000))
WITH_IDENTITY = (*CODINGS, "identity")
WHOLE = {
    "page": PAGE,
    "pieces": PAGE + b"<p>and more",
    "data": json.dumps({"chunks": [chunk.decode() for chunk in CHUNKS]}).encode(),
    "stream": PAGE,
    "bytes-file": PAGE,
    "file/style.css": STYLE,
    "conditional": PAGE,
    "tagged": PAGE,
}
"""Every body, by path."""


@pytest.fixture(scope="module", params=COMMANDS, name="port")
def serve(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("files")
    (folder / "style.css").write_bytes(STYLE)
    (folder / "long.css").write_bytes(STYLE * 100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER, str(folder))
        with serving(COMMANDS[request.param]) as port:
            yield port


def get(
    port: int, path: str, coding: str = "gzip", method: str = "GET", **fields: str
) -> Answer:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return fetch(port, path, method=method, fields={"Accept-Encoding": coding, **named})


def body_of(answer: Answer) -> bytes:
    length = answer.field("Content-Length")
    assert length is None or int(length) == len(answer.body)
    return decode(answer.field("Content-Encoding"), answer.body)


@pytest.mark.parametrize("path", WHOLE)
def test_every_kind_of_response(port: int, path: str) -> None:
    plain = get(port, f"/plain/{path}")
    assert plain.body == WHOLE[path]
    for coding in WITH_IDENTITY:
        name = f"{path}-{coding}".replace("/", "-")
        answer = get(port, f"/coded/{path}?{name}", coding)
        assert answer.field("Content-Encoding") == (None if coding == "identity" else coding)
        assert answer.field("Vary") == "Accept-Encoding"
        assert body_of(answer) == WHOLE[path]
        for field in ("Content-Type", "Content-Disposition", "Last-Modified"):
            assert answer.field(field) == plain.field(field)
        assert get(port, f"/plain/closed/{name}").body == b"1"


def test_what_is_there_has_a_length(port: int) -> None:
    for path in ("page", "pieces", "data", "file/style.css", "conditional"):
        assert get(port, f"/coded/{path}").field("Content-Length") is not None


def test_a_long_file_is_streamed(port: int) -> None:
    for coding in WITH_IDENTITY:
        answer = get(port, f"/coded/file/long.css?long-{coding}", coding)
        assert body_of(answer) == STYLE * 100
        assert get(port, f"/plain/closed/long-{coding}").body == b"1"


@pytest.mark.parametrize("coding", WITH_IDENTITY)
def test_events_in_lock_step(port: int, coding: str) -> None:
    answer = follow_events(port, coding)
    assert answer.field("Content-Encoding") == (None if coding == "identity" else coding)
    assert body_of(answer) == b"".join(make_events(COUNT))


def test_head(port: int) -> None:
    for path in WHOLE:
        head, full = get(port, f"/coded/{path}", method="HEAD"), get(port, f"/coded/{path}")
        assert (head.status, head.body) == (200, b"")
        for name in ("Content-Encoding", "Vary", "ETag", "Content-Type"):
            # Django makes tags for GET alone.
            if (path, name) != ("conditional", "ETag"):
                assert head.field(name) == full.field(name), (path, name)
        assert head.field("Content-Length") in {None, full.field("Content-Length")}


@pytest.mark.parametrize("path", ["conditional", "tagged"])
def test_conditions(port: int, path: str) -> None:
    """Django compares its own tag, and the client gets the one that it was sent."""
    for coding in WITH_IDENTITY:
        fresh = get(port, f"/coded/{path}", coding)
        tag = str(fresh.field("ETag"))
        assert tag.endswith(f':{coding}"') == (coding != "identity")
        again = get(port, f"/coded/{path}?again-{path}-{coding}", coding, If_None_Match=tag)
        assert (again.status, again.body, again.field("ETag")) == (304, b"", tag)
        assert again.field("Vary") == "Accept-Encoding"
        for name in ("Content-Encoding", "Content-Length"):
            assert again.field(name) is None
        assert get(port, f"/plain/closed/again-{path}-{coding}").body == b"1"
        assert get(port, f"/coded/{path}", coding, If_None_Match='"other"').status == 200
    if path == "tagged":
        date = str(fresh.field("Last-Modified"))
        assert get(port, f"/coded/{path}", If_Modified_Since=date).status == 304
        assert get(port, f"/coded/{path}", If_Match='"tagged:gzip"').status == 200
        assert get(port, f"/coded/{path}", If_Match='"other"').status == 412


def test_a_304_by_hand(port: int) -> None:
    again = get(port, "/coded/not-modified", If_None_Match='"by-hand:gzip"')
    assert (again.status, again.body) == (304, b"")
    assert again.field("ETag") == '"by-hand:gzip"'


def test_middleware_of_django_that_compresses_is_left_alone(port: int) -> None:
    for path in ("gzip", "gzip-stream", "gzip-conditional"):
        answer = get(port, f"/coded/{path}", "gzip, zstd")
        assert answer.field("Content-Encoding") == "gzip"
        assert body_of(answer) == PAGE
        # It knows no other coding.
        answer = get(port, f"/coded/{path}", "zstd")
        assert (answer.field("Content-Encoding"), body_of(answer)) == ("zstd", PAGE)


def test_a_view_has_its_own_way(port: int) -> None:
    answer = get(port, "/coded/secret")
    assert (answer.field("Content-Encoding"), answer.body) == (None, PAGE)
    answer = get(port, "/coded/own", "gzip, deflate")
    assert (answer.field("Content-Encoding"), body_of(answer)) == ("deflate", PAGE)


def test_a_range_is_of_the_whole(port: int) -> None:
    """Django knows no ranges; it says so by sending all."""
    answer = get(port, "/coded/file/style.css", Range="bytes=0-99")
    assert (answer.status, body_of(answer)) == (200, STYLE)


def test_a_view_that_raises_is_an_error_page(port: int) -> None:
    plain, coded = get(port, "/plain/raises"), get(port, "/coded/raises")
    assert (coded.status, coded.body) == (plain.status, plain.body)
    assert coded.status == 500


def test_a_stream_that_raises_is_no_whole_body(port: int) -> None:
    decoder, decoded = make_decoder("gzip"), b""
    with opened(port, "/coded/failing?failed", fields={"Accept-Encoding": "gzip"}) as response:

        def read_all() -> None:
            nonlocal decoded
            while piece := response.read1():
                decoded += decoder.feed(piece)

        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            read_all()
    assert not decoder.at_end()
    assert PAGE.startswith(decoded)
    assert get(port, "/plain/closed/failed").body == b"1"
