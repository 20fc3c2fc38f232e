"""A site of Django behind ASGI servers: what clients get is what they get without it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest

from tests.e2e.asgi_servers import serving_asgi
from tests.e2e.asgi_servers import skip_without
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

APPLICATION = "tests.e2e.django_asgi_application:app"
STYLE = b"".join(b".lamp%d { height: %dpx }\n" % (n, n * n) for n in range(6000))
WHOLE = {
    "page": PAGE,
    "async-page": PAGE,
    "stream": PAGE,
    "async-stream": PAGE,
    "file/style.css": STYLE,
    "bytes-file": PAGE,
    "tagged": PAGE,
}
"""Every body, by path."""


@pytest.fixture(scope="module", params=["uvicorn", "daphne"], name="server")
def name_server(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    skip_without(name)
    return name


@pytest.fixture(scope="module", name="port")
def serve(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "style.css").write_bytes(STYLE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER, str(folder))
        with serving_asgi(server, APPLICATION) as port:
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
    assert (plain.body, plain.field("Content-Encoding")) == (WHOLE[path], None)
    for coding in (*CODINGS, "identity"):
        answer = get(port, f"/coded/{path}", coding)
        assert answer.field("Content-Encoding") == (None if coding == "identity" else coding)
        assert answer.field("Vary") == "Accept-Encoding"
        assert body_of(answer) == WHOLE[path]
        for field in ("Content-Type", "Content-Disposition", "Last-Modified"):
            assert answer.field(field) == plain.field(field)
    head = get(port, f"/coded/{path}", method="HEAD")
    assert (head.status, head.body, head.field("Content-Encoding")) == (200, b"", "gzip")


def test_conditions(port: int) -> None:
    for coding in (*CODINGS, "identity"):
        tag = str(get(port, "/coded/tagged", coding).field("ETag"))
        assert tag.endswith(f':{coding}"') == (coding != "identity")
        again = get(port, "/coded/tagged", coding, If_None_Match=tag)
        assert (again.status, again.body, again.field("ETag")) == (304, b"", tag)
        assert get(port, "/coded/tagged", coding, If_None_Match='"other"').status == 200


@pytest.mark.parametrize("coding", [*CODINGS, "identity"])
def test_events_in_lock_step(port: int, coding: str) -> None:
    answer = follow_events(port, coding)
    assert answer.field("Content-Encoding") == (None if coding == "identity" else coding)
    assert body_of(answer) == b"".join(make_events(COUNT))


@pytest.mark.parametrize("coding", CODINGS)
def test_a_client_that_leaves_ends_the_stream(port: int, coding: str) -> None:
    channel = f"left-{coding}"
    with opened(port, f"/events/{channel}", fields={"Accept-Encoding": coding}) as response:
        assert response.getheader("Content-Encoding") == coding
        assert response.read1() != b""
    assert get(port, f"/ended/{channel}").status == 200


def test_what_raises_is_the_servers_error(port: int) -> None:
    plain, coded = get(port, "/plain/raises"), get(port, "/coded/raises")
    assert coded.status == plain.status == 500
    assert body_of(coded) == plain.body


def test_a_stream_that_raises_is_no_whole_body(server: str, port: int) -> None:
    if server == "daphne":
        pytest.skip("daphne leaves the connection open, with the middleware or without")
    decoder, decoded = make_decoder("gzip"), b""
    with opened(port, "/coded/failing", fields={"Accept-Encoding": "gzip"}) as response:

        def read_all() -> None:
            nonlocal decoded
            while piece := response.read1():
                decoded += decoder.feed(piece)

        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            read_all()
    assert not decoder.at_end()
    assert PAGE.startswith(decoded)


def test_a_view_may_be_exempt(port: int) -> None:
    answer = get(port, "/coded/secret")
    assert (answer.field("Content-Encoding"), answer.body) == (None, PAGE)
