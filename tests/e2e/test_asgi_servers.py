"""The ASGI middleware in every server: what clients get is what they get without it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.asgi_application import FOLDER
from tests.e2e.asgi_application import LONG
from tests.e2e.asgi_application import PAGE
from tests.e2e.asgi_servers import SERVERS
from tests.e2e.asgi_servers import serving_asgi
from tests.e2e.asgi_servers import skip_without
from tests.e2e.long_fields import check_survived
from tools.kit.client import TIMEOUT_SECONDS
from tools.kit.client import fetch
from tools.kit.decoders import CODINGS
from tools.kit.decoders import decode
from tools.kit.documents.content import make_events
from tools.kit.events import COUNT
from tools.kit.lockstep import follow_events

APPLICATION = "tests.e2e.asgi_application:app"
CURL = shutil.which("curl")


@pytest.fixture(scope="module", params=SERVERS, name="server")
def name_server(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    skip_without(name)
    return name


@pytest.fixture(scope="module", name="port")
def serve(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "page.html").write_bytes(PAGE)
    # What has changed a moment ago has a tag that may change.
    os.utime(folder / "page.html", (10**9, 10**9))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER, str(folder))
        with serving_asgi(server, APPLICATION) as port:
            yield port


@pytest.fixture(params=["HTTP/1.1", "HTTP/2"], name="client")
def connect(request: pytest.FixtureRequest, server: str, port: int) -> Iterator[httpx.Client]:
    is_newer = request.param == "HTTP/2"
    if is_newer and server not in {"hypercorn", "granian"}:
        pytest.skip("the server has no HTTP/2 without TLS")
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        http1=not is_newer,
        http2=is_newer,
        timeout=TIMEOUT_SECONDS,
    ) as client:
        yield client


def get(client: httpx.Client, path: str, accept: str, **fields: str) -> tuple[Any, bytes]:
    """Return a response, and its body as it is on the wire."""
    headers = {"Accept-Encoding": accept}
    headers |= {name.replace("_", "-"): value for name, value in fields.items()}
    with client.stream("GET", path, headers=headers) as response:
        return response, b"".join(response.iter_raw())


@pytest.mark.parametrize("path", ["/page", "/long", "/stream", "/file", "/static/page.html"])
@pytest.mark.parametrize("where", ["/coded", "/between"])
def test_bodies(client: httpx.Client, path: str, where: str) -> None:
    plain, expected = get(client, f"/plain{path}", "gzip")
    assert expected == (LONG if path == "/long" else PAGE)
    assert "content-encoding" not in plain.headers
    for accept in (*CODINGS, "identity"):
        response, raw = get(client, f"{where}{path}", accept)
        coding = response.headers.get("content-encoding")
        assert coding == (None if accept == "identity" else accept)
        assert decode(coding, raw) == expected
        assert int(response.headers.get("content-length", len(raw))) == len(raw)
        assert response.headers["content-type"] == plain.headers["content-type"]
        # The client's own decoders.
        again = client.get(f"{where}{path}", headers={"Accept-Encoding": accept})
        assert again.content == expected


def test_conditions_of_static_files(client: httpx.Client) -> None:
    for accept in (*CODINGS, "identity"):
        fresh, _ = get(client, "/coded/static/page.html", accept)
        tag = fresh.headers["etag"]
        again, raw = get(client, "/coded/static/page.html", accept, If_None_Match=tag)
        assert (again.status_code, raw, again.headers["etag"]) == (304, b"", tag)
        assert "content-encoding" not in again.headers
        other, _ = get(client, "/coded/static/page.html", accept, If_None_Match='"other"')
        assert other.status_code == 200


def test_ranges_of_files(client: httpx.Client) -> None:
    part, raw = get(client, "/coded/file", "identity", Range="bytes=10-99")
    assert (part.status_code, raw) == (206, PAGE[10:100])


def test_what_raises_is_the_servers_error(port: int) -> None:
    # A connection each: uvicorn ends it after an exception.
    plain = fetch(port, "/plain/raises", fields={"Accept-Encoding": "gzip"})
    coded = fetch(port, "/coded/raises", fields={"Accept-Encoding": "gzip"})
    assert plain.status == coded.status == 500
    assert decode(coded.field("Content-Encoding"), coded.body) == plain.body


@pytest.mark.parametrize("coding", [*CODINGS, "identity"])
def test_events_in_lock_step(port: int, coding: str) -> None:
    answer = follow_events(port, coding)
    assert answer.field("Content-Encoding") == (None if coding == "identity" else coding)
    assert decode(answer.field("Content-Encoding"), answer.body) == b"".join(make_events(COUNT))


def test_r46_r50_fields_that_are_long(port: int) -> None:
    check_survived(port, "/coded/page", PAGE)


@pytest.mark.skipif(CURL is None, reason="curl is not installed")
def test_curl(port: int) -> None:
    for path, expected in (("/page", PAGE), ("/long", LONG), ("/stream", PAGE)):
        url = f"http://127.0.0.1:{port}/coded{path}"
        options = ("--silent", "--show-error", "--fail", "--compressed", "--max-time", "60")
        done = subprocess.run([str(CURL), *options, url], check=True, stdout=subprocess.PIPE)
        assert done.stdout == expected
