"""nginx as a caching proxy: the right variant for everybody, and nothing coded twice."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.e2e.nginx import NGINX
from tests.e2e.nginx import nginx_command
from tests.e2e.proxied_application import make_text
from tools.kit.checks import Resource
from tools.kit.checks import check_body
from tools.kit.checks import check_fields
from tools.kit.checks import check_not_modified
from tools.kit.client import TIMEOUT_SECONDS
from tools.kit.client import Answer
from tools.kit.client import fetch
from tools.kit.decoders import CODINGS
from tools.kit.decoders import decode
from tools.kit.documents.content import make_events
from tools.kit.events import COUNT
from tools.kit.lockstep import follow_events
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.shop.resources import RESOURCES
from tools.kit.tour import EVENTS

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

WITH_IDENTITY = ("identity", *CODINGS)

ASKED = {
    **{coding: coding for coding in WITH_IDENTITY},
    "gzip, deflate, br, zstd": "zstd",
    "br;q=0, gzip;q=0.5, identity;q=0.1": "gzip",
    "gzip;q=0": "identity",
    None: "identity",
}
"""What clients send as Accept-Encoding, and the coding that they should get."""

PAGE = Resource(label="table", path="/ledger")
STREAM = Resource(label="streamed", path="/ledger/live", tagged=False)
FILE = Resource(label="CSS", path="/static/site.css")
CHANGING = Resource(label="text", path="/changing")
PLAIN = Resource(label="text", path="/untransformed", coded=False, varies=False)

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one.path)


@pytest.fixture(scope="module", name="behind")
def serve() -> Iterator[int]:
    """Yield the port of the application's own server."""
    with serving(gunicorn_command("tests.e2e.proxied_application:create_app()")) as port:
        yield port


@pytest.fixture(scope="module")
def proxy(behind: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Yield the port of nginx."""
    with serving(nginx_command(behind, tmp_path_factory.mktemp("nginx"))) as port:
        yield port


def under(resource: Resource, *, prefix: str = "", query: str = "") -> Resource:
    """Return a resource as the proxy has it; each query makes an entry of its own."""
    return replace(resource, path=f"{prefix}{resource.path}?{query}")


def visit(
    port: int, resource: Resource, asked: str | None, body: bytes, **fields: str
) -> Answer:
    """Fetch a resource, and check that the client gets what it asked for."""
    sent = {name.replace("_", "-"): value for name, value in fields.items()}
    if asked is not None:
        sent["Accept-Encoding"] = asked
    answer = fetch(port, resource.path, fields=sent)
    check_fields(answer, resource, ASKED[asked])
    check_body(answer, resource, ASKED[asked], body)
    return answer


def cache_status(answer: Answer) -> str | None:
    return answer.field("X-Cache-Status")


# ---- Variants ----


@each_resource
def test_everybody_gets_the_right_variant(
    proxy: int, resource: Resource, bodies: dict[str, bytes]
) -> None:
    body = bodies[resource.path]
    resource = under(resource, query="variants")
    turns = 3 * list(ASKED)
    random.Random(resource.path).shuffle(turns)
    kept = set()
    for asked in turns:
        answer = visit(proxy, resource, asked, body)
        # What does not vary is kept once for all clients.
        variant = asked if resource.varies else None
        assert cache_status(answer) == ("HIT" if variant in kept else "MISS"), asked
        kept.add(variant)


def test_many_clients_at_once(proxy: int, bodies: dict[str, bytes]) -> None:
    jobs = 4 * [(resource, asked) for resource in RESOURCES for asked in ASKED]
    random.Random("clients").shuffle(jobs)

    def run(job: tuple[Resource, str | None]) -> str | None:
        resource, asked = job
        body = bodies[resource.path]
        return cache_status(visit(proxy, under(resource, query="many"), asked, body))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(run, jobs)) == {"HIT", "MISS"}


@pytest.mark.parametrize("coding", WITH_IDENTITY)
@pytest.mark.parametrize("resource", [PAGE, STREAM, FILE], ids=lambda one: one.path)
def test_head(proxy: int, resource: Resource, coding: str, bodies: dict[str, bytes]) -> None:
    """nginx asks for the whole to keep it, and the next client has that."""
    body = bodies[resource.path]
    resource = under(resource, query=f"head-{coding}")
    fields = {"Accept-Encoding": coding}
    head = fetch(proxy, resource.path, method="HEAD", fields=fields)
    assert (head.status, head.body, cache_status(head)) == (200, b"", "MISS")
    answer = visit(proxy, resource, coding, body)
    assert cache_status(answer) == "HIT"
    for name in ("Content-Type", "Content-Encoding", "Content-Length", "Vary", "ETag"):
        assert head.field(name) == answer.field(name), name


def test_no_transform_is_kept_once(proxy: int) -> None:
    body = make_text("untransformed").encode()
    answers = [visit(proxy, PLAIN, asked, body) for asked in ASKED]
    assert [cache_status(answer) for answer in answers] == ["MISS"] + ["HIT"] * (len(ASKED) - 1)
    assert {answer.field("Vary") for answer in answers} == {None}


# ---- Conditions and revalidation ----


@pytest.mark.parametrize("resource", [one for one in RESOURCES if one.tagged])
def test_conditions(proxy: int, resource: Resource, bodies: dict[str, bytes]) -> None:
    body = bodies[resource.path]
    resource = under(resource, query="conditions")
    fresh = {coding: visit(proxy, resource, coding, body) for coding in WITH_IDENTITY}
    tags = {coding: answer.field("ETag") or "" for coding, answer in fresh.items()}
    for coding in WITH_IDENTITY:
        fields = {"Accept-Encoding": coding}
        for condition in (tags[coding], f'"other", W/{tags[coding]}', ", ".join(tags.values())):
            answer = fetch(proxy, resource.path, fields={**fields, "If-None-Match": condition})
            check_not_modified(answer, fresh[coding], resource, coding)
            assert cache_status(answer) == "HIT"
        others = [tag for tag in tags.values() if tag != tags[coding]]
        assert bool(others) == resource.coded
        for tag in others:
            visit(proxy, resource, coding, body, If_None_Match=tag)


def visit_expired(proxy: int, resource: Resource, coding: str, body: bytes) -> Answer:
    """Fetch a resource again and again, until the answer is no longer the one that was kept."""
    give_up_at = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < give_up_at:
        answer = fetch(proxy, resource.path, fields={"Accept-Encoding": coding})
        if cache_status(answer) != "HIT":
            check_fields(answer, resource, coding)
            check_body(answer, resource, coding, body)
            return answer
        time.sleep(0.1)
    pytest.fail("what nginx keeps does not expire")


def test_expired_variants_are_revalidated(proxy: int, behind: int) -> None:
    resource = under(CHANGING, query="revalidated")
    old, new = make_text("old").encode(), make_text("new").encode()
    fetch(behind, "/changing?version=old", method="POST")
    fresh = {coding: visit(proxy, resource, coding, old) for coding in WITH_IDENTITY}
    for _ in range(2):
        for coding in WITH_IDENTITY:
            answer = visit_expired(proxy, resource, coding, old)
            assert cache_status(answer) == "REVALIDATED", coding
            assert answer.field("ETag") == fresh[coding].field("ETag")

    fetch(behind, "/changing?version=new", method="POST")
    for coding in WITH_IDENTITY:
        answer = visit_expired(proxy, resource, coding, new)
        assert cache_status(answer) == "EXPIRED", coding
        assert answer.field("ETag") != fresh[coding].field("ETag")


# ---- Ranges ----


@pytest.mark.parametrize("coding", WITH_IDENTITY)
def test_ranges_of_a_kept_page(proxy: int, coding: str, bodies: dict[str, bytes]) -> None:
    """nginx is told to cut them out of the variant; they fit together."""
    resource = under(PAGE, prefix="/ranges")
    whole = visit(proxy, resource, coding, bodies[PAGE.path])
    nbytes = len(whole.body)
    parts = []
    for first in range(0, nbytes, 5000):
        fields = {
            "Accept-Encoding": coding,
            "Range": f"bytes={first}-{first + 4999}",
            "If-Range": whole.field("ETag") or "",
        }
        answer = fetch(proxy, resource.path, fields=fields)
        last = min(first + 5000, nbytes) - 1
        assert answer.status == 206
        assert answer.field("Content-Range") == f"bytes {first}-{last}/{nbytes}"
        for name in ("Content-Encoding", "ETag", "Vary"):
            assert answer.field(name) == whole.field(name), name
        parts.append(answer.body)
    assert len(parts) > 1
    assert b"".join(parts) == whole.body

    for other in WITH_IDENTITY:
        tag = visit(proxy, resource, other, bodies[PAGE.path]).field("ETag") or ""
        if other != coding:
            body = bodies[PAGE.path]
            visit(proxy, resource, coding, body, Range="bytes=5000-", If_Range=tag)


@pytest.mark.parametrize("coding", WITH_IDENTITY)
def test_ranges_of_a_kept_file(proxy: int, coding: str, bodies: dict[str, bytes]) -> None:
    """A coded file has none; of one that is not coded nginx cuts them."""
    resource = under(FILE, query="ranges")
    body = bodies[FILE.path]
    fields = {"Accept-Encoding": coding, "Range": "bytes=100-199"}
    for status in ("MISS", "HIT", "HIT"):
        answer = fetch(proxy, resource.path, fields=fields)
        assert cache_status(answer) == status
        if coding == "identity":
            assert (answer.status, answer.body) == (206, body[100:200])
            assert answer.field("Content-Encoding") is None
        else:
            check_fields(answer, resource, coding)
            check_body(answer, resource, coding, body)
    # What was asked for first does not show.
    tag = visit(proxy, resource, coding, body).field("ETag")
    if coding != "identity":
        visit(proxy, resource, coding, body, Range="bytes=100-", If_Range=tag or "")


@pytest.mark.parametrize("coding", WITH_IDENTITY)
def test_ranges_that_pass(proxy: int, coding: str, bodies: dict[str, bytes]) -> None:
    """Without a cache the application cuts them, out of the file as it is."""
    resource = under(FILE, prefix="/uncached")
    fields = {"Accept-Encoding": coding, "Range": "bytes=100-199"}
    answer = fetch(proxy, resource.path, fields=fields)
    assert (answer.status, answer.body) == (206, bodies[FILE.path][100:200])
    assert answer.field("Content-Encoding") is None
    if coding != "identity":
        # But a client that has a part of the coded file must start again.
        tag = visit(proxy, resource, coding, bodies[FILE.path]).field("ETag")
        visit(
            proxy, resource, coding, bodies[FILE.path], Range="bytes=100-", If_Range=tag or ""
        )


# ---- Streams ----


@pytest.mark.parametrize("coding", WITH_IDENTITY)
def test_events_in_lock_step(proxy: int, coding: str) -> None:
    """With X-Accel-Buffering, nginx passes each on before the next is made."""
    answer = follow_events(proxy, coding)
    check_fields(answer, EVENTS, coding)
    check_body(answer, EVENTS, coding, b"".join(make_events(COUNT)))


@pytest.mark.parametrize("coding", WITH_IDENTITY)
def test_failing_stream_is_not_kept(proxy: int, coding: str) -> None:
    for _ in range(2):
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            fetch(proxy, f"/failing/nginx-{coding}", fields={"Accept-Encoding": coding})


# ---- nginx's own gzip ----


@pytest.mark.parametrize("asked", ASKED)
@each_resource
def test_nothing_is_coded_twice(
    proxy: int, behind: int, resource: Resource, asked: str | None, bodies: dict[str, bytes]
) -> None:
    """Where the extension codes, nginx does not; all else it may."""
    body = bodies[resource.path]
    inner, resource = resource, under(resource, prefix="/gzip")
    if resource.coded:
        for status in ("MISS", "HIT"):
            answer = visit(proxy, resource, asked, body)
            assert cache_status(answer) == status
            assert answer.field("ETag") == visit(behind, inner, asked, body).field("ETag")
        return
    fields = {} if asked is None else {"Accept-Encoding": asked}
    answer = fetch(proxy, resource.path, fields=fields)
    used = answer.field("Content-Encoding")
    assert used in {None, "gzip"}
    assert decode(used, answer.body) == body
