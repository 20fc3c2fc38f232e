"""Applications of Quart and FastAPI behind servers: clients get what they get without it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.e2e.asgi_servers import serving_asgi
from tests.e2e.frameworks_application import FOLDER
from tests.e2e.frameworks_application import PAGE
from tools.kit.client import Answer
from tools.kit.client import fetch
from tools.kit.decoders import CODINGS
from tools.kit.decoders import decode
from tools.kit.documents.content import make_events
from tools.kit.events import COUNT
from tools.kit.lockstep import follow_events

ALL = (*CODINGS, "identity")


class Framework(NamedTuple):
    """Where an application runs.

    :param paths: of what has a body, all of which can be compressed.
    :param tagged: those of them whose tags a client may send back.
    """

    server: str
    paths: list[str]
    tagged: list[str]


FRAMEWORKS = {
    "quart": Framework("hypercorn", ["page", "file", "stream"], ["file"]),
    "fastapi": Framework(
        "uvicorn",
        ["page", "file", "stream", "made-events", "static/page.html"],
        ["file", "static/page.html"],
    ),
}


@pytest.fixture(scope="module", params=FRAMEWORKS, name="framework")
def choose(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", name="port")
def serve(framework: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "page.html").write_text(PAGE)
    # What has changed a moment ago has a tag that may change.
    os.utime(folder / "page.html", (10**9, 10**9))
    application = f"tests.e2e.frameworks_application:{framework}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER, str(folder))
        with serving_asgi(FRAMEWORKS[framework].server, application) as port:
            yield port


def get(port: int, path: str, coding: str = "gzip", **fields: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return fetch(port, path, fields={"Accept-Encoding": coding, **named})


def body_of(answer: Answer) -> bytes:
    length = answer.field("Content-Length")
    assert length is None or int(length) == len(answer.body)
    return decode(answer.field("Content-Encoding"), answer.body)


def test_every_response_is_what_it_is_without(framework: str, port: int) -> None:
    for path in FRAMEWORKS[framework].paths:
        plain = get(port, f"/plain/{path}")
        assert (plain.status, plain.field("Content-Encoding")) == (200, None)
        for coding in ALL:
            answer = get(port, f"/coded/{path}", coding)
            sent = None if coding == "identity" else coding
            assert (answer.status, answer.field("Content-Encoding")) == (200, sent)
            assert body_of(answer) == plain.body
            assert "Accept-Encoding" in str(answer.field("Vary"))
            assert answer.field("Content-Type") == plain.field("Content-Type")
        head, plain_head = (
            fetch(port, f"/{which}/{path}", method="HEAD", fields={"Accept-Encoding": "gzip"})
            for which in ("coded", "plain")
        )
        # FastAPI's own routes do not know the method.
        assert head.status == plain_head.status
        if head.status == 200:
            assert (head.body, head.field("Content-Encoding")) == (b"", "gzip")
    missing = get(port, "/coded/none"), get(port, "/plain/none")
    assert missing[0].status == missing[1].status == 404
    assert missing[0].body == missing[1].body


def test_conditions(framework: str, port: int) -> None:
    for path in FRAMEWORKS[framework].tagged:
        for coding in ALL:
            tag = str(get(port, f"/coded/{path}", coding).field("ETag"))
            assert tag.endswith(f':{coding}"') == (coding != "identity")
            again = get(port, f"/coded/{path}", coding, If_None_Match=tag)
            assert (again.status, again.body) == (304, b"")
            assert again.field("ETag") == tag
            assert get(port, f"/coded/{path}", coding, If_None_Match='"x"').status == 200


def test_ranges_of_files(port: int) -> None:
    part = get(port, "/coded/file", "identity", Range="bytes=10-99")
    assert (part.status, part.body) == (206, PAGE.encode()[10:100])
    tag = str(get(port, "/coded/file").field("ETag"))
    whole = get(port, "/coded/file", Range="bytes=10-99", If_Range=tag)
    assert (whole.status, body_of(whole)) == (200, PAGE.encode())


@pytest.mark.parametrize("coding", ALL)
def test_events_in_lock_step(port: int, coding: str) -> None:
    answer = follow_events(port, coding)
    assert answer.field("Content-Encoding") == (None if coding == "identity" else coding)
    assert body_of(answer) == b"".join(make_events(COUNT))
