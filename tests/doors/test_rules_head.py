"""HEAD answers with the fields of GET, but those known only by making the content (R26)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from asking import CODINGS
from asking import Answer
from asking import Site
from described import Asked
from described import Reply
from sources import Source

Serve = Callable[..., Site]
BODY = "<p>head</p>\n" * 100
TAGGED = {"ETag": '"t"', "Accept-Ranges": "bytes", "Cache-Control": "max-age=60"}


def without_length(answer: Answer) -> list[tuple[str, str]]:
    return [line for line in answer.all_fields() if line[0] != "content-length"]


@pytest.mark.parametrize("body", [BODY, "tiny", "", [BODY, BODY]])
@pytest.mark.parametrize("accept", [*CODINGS, None, "gzip;q=0", "gzip, identity;q=0"])
def test_r26_a_whole_body(serve: Serve, body: str, accept: str | None) -> None:
    site = serve(Reply(body, fields=TAGGED))
    head, full = site.get(accept=accept, method="HEAD"), site.get(accept=accept)
    assert head.status == full.status
    assert head.all_fields() == full.all_fields()
    assert head.read() == b""


@pytest.mark.parametrize("min_size", [0, 500])
@pytest.mark.parametrize("accept", [*CODINGS, None])
def test_r26_an_application_that_leaves_out_the_body(
    serve: Serve, min_size: int, accept: str | None
) -> None:
    def respond(asked: Asked) -> Reply:
        body = "" if asked.method == "HEAD" else BODY
        return Reply(body, fields={**TAGGED, "Content-Length": str(len(BODY))})

    site = serve(respond, min_size=min_size)
    head, full = site.get(accept=accept, method="HEAD"), site.get(accept=accept)
    if accept is not None:
        assert head.field("Content-Length") is None
    assert without_length(head) == without_length(full)
    assert head.read() == b""


@pytest.mark.parametrize("accept", [*CODINGS, None])
@pytest.mark.parametrize("declared", [True, False])
def test_r26_r38_a_stream_is_closed_and_never_read(
    serve: Serve, accept: str | None, declared: bool
) -> None:
    fields = {**TAGGED, "Content-Length": "900"} if declared else TAGGED
    source = Source("a" * 900)
    site = serve(
        lambda asked: Reply(
            source if asked.method == "HEAD" else iter(["a" * 900]), fields=fields
        )
    )
    head = site.get(accept=accept, method="HEAD")
    assert head.read() == b""
    assert (source.pulled, source.closed) == (0, 1)
    full = site.get(accept=accept)
    assert without_length(head) == without_length(full)
    assert head.coding == accept
    assert head.tag == ('"t"' if accept is None else f'"t:{accept}"')


@pytest.mark.parametrize("accept", [*CODINGS, None])
@pytest.mark.parametrize("conditional", [True, False])
def test_r26_a_file(
    serve: Serve, tmp_path: Path, accept: str | None, conditional: bool
) -> None:
    (tmp_path / "page.html").write_text(BODY)
    site = serve(lambda asked: Reply(tmp_path / "page.html", conditional=conditional))
    head, full = site.get(accept=accept, method="HEAD"), site.get(accept=accept)
    # How long it is coded only reading it tells.
    expected = [
        line for line in full.all_fields() if accept is None or line[0] != "content-length"
    ]
    assert head.all_fields() == expected
    assert head.read() == b""
    assert full.body() == BODY.encode()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(BODY, 404),
        Reply(BODY, content_type="image/png"),
        Reply(BODY, fields={"Content-Encoding": "x-mine"}),
        Reply(BODY, fields={"Cache-Control": "no-transform"}),
    ],
)
def test_r26_what_is_never_coded(serve: Serve, reply: Reply) -> None:
    site = serve(reply)
    head, full = site.get(method="HEAD"), site.get()
    assert (head.status, head.all_fields()) == (full.status, full.all_fields())
    assert head.read() == b""
