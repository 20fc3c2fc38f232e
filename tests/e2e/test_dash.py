"""Dash: an application whose pages, bundles and callbacks other people's code serves.

Every answer is compared with what Dash says in a server without compression.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.chromium import CHROMIUM
from tests.e2e.chromium import exchanges
from tests.e2e.chromium import visit
from tests.e2e.dash_application import CHOICES
from tests.e2e.dash_application import make_report
from tools.kit.checks import Resource
from tools.kit.checks import check_body
from tools.kit.checks import check_fields
from tools.kit.checks import check_not_modified
from tools.kit.client import TIMEOUT_SECONDS
from tools.kit.client import Answer
from tools.kit.client import fetch
from tools.kit.decoders import decode
from tools.kit.server import gunicorn_command
from tools.kit.server import serving

APPLICATION = "tests.e2e.dash_application:create_app"
MIN_SIZE = 500
UNFINGERPRINTED = "/_dash-component-suites/dash/dcc/async-graph.js"
"""A bundle that Dash gives an ETag; those that its page names have a version in their name."""


@pytest.fixture(scope="module", name="server")
def serve() -> Iterator[int]:
    with serving(gunicorn_command(f"{APPLICATION}()")) as port:
        yield port


@pytest.fixture(scope="module", name="plain")
def fetch_all() -> dict[str, Answer]:
    """Return what Dash says without compression, by path."""
    with serving(gunicorn_command(f"{APPLICATION}(compress=False)")) as port:
        page = fetch(port, "/").body.decode()
        named = re.findall(r'(?:src|href)="(/[^"]+)"', page)
        paths = ["/_dash-layout", "/_dash-dependencies", UNFINGERPRINTED, *named]
        answers = {path: fetch(port, path) for path in paths}
    assert sum(path.partition("?")[0].endswith(".js") for path in answers) >= 8
    assert sum(path.partition("?")[0].endswith(".css") for path in answers) == 1
    assert all(answer.status == 200 for answer in answers.values())
    return answers


def test_every_page_and_bundle(server: int, plain: dict[str, Answer], coding: str) -> None:
    for path, expected in plain.items():
        answer = fetch(server, path, fields={"Accept-Encoding": coding})
        large = len(expected.body) >= MIN_SIZE
        resource = Resource(label="Dash", path=path, coded=large, tagged=False)
        check_fields(answer, resource, coding)
        check_body(answer, resource, coding, expected.body)
        for name in ("Content-Type", "Cache-Control", "Last-Modified"):
            assert answer.field(name) == expected.field(name), (path, name)


def test_without_accept_encoding(server: int, plain: dict[str, Answer]) -> None:
    for path, expected in plain.items():
        answer = fetch(server, path)
        resource = Resource(label="Dash", path=path, tagged=False)
        check_fields(answer, resource, "identity")
        assert answer.body == expected.body
        assert answer.field("ETag") == expected.field("ETag")


def test_conditional_requests(server: int, plain: dict[str, Answer], coding: str) -> None:
    """Of an asset, which is a file of a blueprint, and of a bundle."""
    tagged = [path for path, answer in plain.items() if answer.field("ETag")]
    assert UNFINGERPRINTED in tagged
    assert any(path.startswith("/assets/") for path in tagged)
    for path in tagged:
        fields = {"Accept-Encoding": coding}
        fresh = fetch(server, path, fields=fields)
        tag = fresh.field("ETag") or ""
        assert tag.endswith(f':{coding}"')
        again = fetch(server, path, fields={**fields, "If-None-Match": tag})
        check_not_modified(again, fresh, Resource(label="Dash", path=path), coding)


def test_page(server: int, coding: str) -> None:
    """It has a signature of its own each time, so it is compared without that."""

    def without_signature(body: bytes) -> bytes:
        text, replaced = re.subn(rb'"end_id":"[^"]+"', b"", body)
        assert replaced <= 1
        return text

    expected = fetch(server, "/")
    answer = fetch(server, "/", fields={"Accept-Encoding": coding})
    check_fields(answer, Resource(label="Dash", path="/", tagged=False), coding)
    body = decode(coding, answer.body)
    assert without_signature(body) == without_signature(expected.body)


def test_callback(server: int, coding: str) -> None:
    for choice in CHOICES[:20]:
        answer = httpx.post(
            f"http://127.0.0.1:{server}/_dash-update-component",
            headers={"Accept-Encoding": coding},
            json={
                "output": "report.children",
                "outputs": {"id": "report", "property": "children"},
                "inputs": [{"id": "choice", "property": "value", "value": choice}],
                "changedPropIds": ["choice.value"],
            },
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )
        assert answer.headers["Content-Encoding"] == coding
        assert answer.json()["response"] == {"report": {"children": make_report(choice)}}


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_chromium_runs_the_page(coding: str) -> None:
    """What it got from one callback, it sends to the next."""
    with serving(gunicorn_command(f"{APPLICATION}(codings={coding!r})")) as port:
        record = visit(port, "/", until="received")
    assert record["received"][0] == make_report(CHOICES[7])
    for path in ("/", "/_dash-layout", "/_dash-dependencies"):
        exchange = exchanges(record, path)[-1]
        assert (exchange["status"], exchange["coding"]) == (200, coding)
    suites = [e for e in record["exchanges"] if e["path"].startswith("/_dash-component-suites")]
    assert len(suites) >= 5
    assert {exchange["coding"] for exchange in suites} == {coding}
    callback = exchanges(record, "/_dash-update-component")[0]
    assert (callback["status"], callback["coding"]) == (200, coding)
