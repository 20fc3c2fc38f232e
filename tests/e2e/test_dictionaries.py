"""Compression dictionaries (RFC 9842) in Chromium, and through nginx as a caching proxy."""

from __future__ import annotations

import hashlib
import json
import os
import random
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from pyfastgz import Encoder
from pyfastgz.http.dictionaries import PATH
from pyfastgz.http.dictionaries import available
from pyfastgz.http.patterns import checked_match
from pyfastgz.http.patterns import match_of
from pyfastgz.static.manifest import Manifest
from pyfastgz.static.manifest import Source
from pyfastgz.static.manifest import write_manifest
from pyfastgz.store.dictionary_folder import About
from pyfastgz.store.dictionary_folder import opened
from tests.e2e.chromium import CHROMIUM
from tests.e2e.chromium import exchanges
from tests.e2e.chromium import record_of
from tests.e2e.devtools import Tab
from tests.e2e.devtools import browsing
from tests.e2e.dictionary_application import EVENTS
from tests.e2e.dictionary_application import make_items
from tests.e2e.dictionary_application import make_layout
from tests.e2e.dictionary_application import make_page
from tests.e2e.dictionary_application import make_products
from tests.e2e.dictionary_application import make_script
from tests.e2e.nginx import NGINX
from tests.e2e.nginx import nginx_command
from tools.kit.client import Answer
from tools.kit.client import fetch
from tools.kit.decoders import decode
from tools.kit.server import gunicorn_command
from tools.kit.server import serving

in_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
behind_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

PATIENCE_SECONDS = 60.0

SCRIPTS = {1: "app.3f2a9c1b.js", 2: "app.77d0e4a2.js"}
PAGES = About("pages", "shop", "/pages/*", ("document",))
API = About("pages", "api", "/api/*", ())
STREAM = About("pages", "events", "/events/*", ())


class Site(NamedTuple):
    """A server, and its folder of dictionaries."""

    port: int
    folder: str

    def url(self, path: str) -> str:
        # To this name Chromium offers all codings, and it uses dictionaries.
        return f"http://localhost:{self.port}{path}"

    def exchanges(self, path: str) -> list[dict[str, Any]]:
        """Return what the application was asked and has answered under a path."""
        return exchanges(record_of(self.port, "exchanges"), path)

    def put(self, content: str, about: About) -> str:
        """Put a dictionary into the folder; return its hash when the server has it."""
        with opened(self.folder, nobody_waits) as work:
            sha256 = work.put(content.encode(), about).sha256
        until(lambda: self._has(sha256), "the server looks into its folder")
        return sha256

    def drop(self, sha256: str) -> None:
        """Take a dictionary out of the folder; return when the server has it no more."""
        with opened(self.folder, nobody_waits) as work:
            work.drop([sha256])
        until(lambda: not self._has(sha256), "the server looks into its folder")

    def _has(self, sha256: str) -> bool:
        return fetch(self.port, f"{PATH}{sha256}").status == 200


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def nobody_waits() -> None:
    pytest.fail("the folder is in use")


@contextmanager
def serve(tmp_path: Path) -> Iterator[Site]:
    """Serve a site with two versions of a script, and no other dictionaries."""
    folder, static = tmp_path / "dictionaries", tmp_path / "static"
    static.mkdir()
    sources = {}
    with opened(str(folder), nobody_waits) as work:
        for version, name in SCRIPTS.items():
            content = make_script(version).encode()
            (static / name).write_bytes(content)
            entry = work.put(content, About("file", "/static/app.*.js"))
            mtime_ns = os.stat(static / name).st_mtime_ns
            sources[name] = Source(len(content), mtime_ns, entry.sha256, {})
    write_manifest(static, Manifest(sources))
    application = (
        f"tests.e2e.dictionary_application:create_app({str(folder)!r}, {str(static)!r})"
    )
    with serving(gunicorn_command(application)) as port:
        yield Site(port, str(folder))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serve(tmp_path) as site:
        yield site


@pytest.fixture
def tab() -> Iterator[Tab]:
    with browsing() as tab:
        yield tab


def until(condition: Callable[[], Any], what: str) -> Any:
    """Return what a condition is when it is met."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        met = condition()
        if met:
            return met
        time.sleep(0.1)
    pytest.fail(f"in vain: {what}")


def start(site: Site, tab: Tab, *sha256: str, script: str = "") -> None:
    """Go to a page that links to dictionaries, or loads a script."""
    query = [("dictionary", f"{PATH}{each}") for each in sha256]
    if script:
        query.append(("script", script))
    tab.go(site.url(f"/?{urlencode(query)}"))


def learn(site: Site, tab: Tab, sha256: str, pattern: str) -> None:
    """Wait until Chromium offers a dictionary for what a pattern matches."""
    numbers = count()

    def is_offered() -> bool:
        # There is nothing, so that nothing is in the browser's cache afterwards.
        path = pattern.replace("*", f"nothing-{next(numbers)}")
        tab.fetch(path)
        return bool(site.exchanges(path)[-1]["available"] == available(sha256))

    until(is_offered, f"Chromium has no dictionary for {pattern}")


def chromiums(exchanges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those that the test itself has not asked for."""
    return [exchange for exchange in exchanges if exchange["accepted"]]


def received(tab: Tab, kind: str, path: str = "") -> tuple[int, int]:
    """Return how long the body of the last response was for the browser: coded, and decoded."""
    entry = (
        f"performance.getEntriesByType({kind!r})"
        f".filter((entry) => new URL(entry.name).pathname.endsWith({path!r})).at(-1)"
    )
    coded, decoded = tab.run(f"[({entry}).encodedBodySize, ({entry}).decodedBodySize]")
    return coded, decoded


# ---- Chromium ----


@in_chromium
def test_r69_the_next_version_of_a_script(site: Site, tab: Tab) -> None:
    first, second = (f"/static/{name}" for name in SCRIPTS.values())
    old = fetch(site.port, first)
    assert old.field("Use-As-Dictionary") == 'match="/static/app.*.js"'
    sha256 = sha256_of(make_script(1))
    start(site, tab, script=first)
    assert tab.run("[version, item98(5)]") == [1, 5 * (98 * 98 + 1)]
    (plain,) = chromiums(site.exchanges(first))
    assert (plain["coding"], plain["available"]) == ("zstd", None)
    learn(site, tab, sha256, "/static/app.*.js")

    start(site, tab, script=second)
    assert tab.run("[version, item98(5), item99(5)]") == [2, 5 * 98 * 98, 5 * (99 * 99 + 1)]
    (exchange,) = site.exchanges(second)
    assert exchange["accepted"] == "gzip, deflate, br, zstd, dcb, dcz"
    assert exchange["available"] == available(sha256)
    assert exchange["coding"] == "dcz"
    assert exchange["nbytes"] * 5 < plain["nbytes"]
    size = len(make_script(2).encode())
    assert received(tab, "resource", second) == (exchange["nbytes"], size)
    # What is in its cache now, byte for byte.
    text = tab.fetch(second, cache="only-if-cached", mode="same-origin")
    assert text == make_script(2)
    print(f"a script of {size} bytes: zstd {plain['nbytes']}, dcz {exchange['nbytes']}")


def visit_page(site: Site, tab: Tab, number: int) -> dict[str, Any]:
    """Go to a page, check what is shown, and return what the application answered."""
    tab.go(site.url(f"/pages/{number}"))
    check_page(tab, number)
    exchange = site.exchanges(f"/pages/{number}")[-1]
    size = len(make_page(number).encode())
    assert received(tab, "navigation") == (exchange["nbytes"], size)
    return exchange


def check_page(tab: Tab, number: int) -> None:
    items = tab.run('[...document.querySelectorAll("li")].map((item) => item.textContent)')
    assert items == make_items(number)
    assert tab.run('document.querySelectorAll("nav").length') == make_page(number).count(
        "<nav>"
    )


def visit_pages(
    site: Site, tab: Tab, numbers: Iterator[int], sha256: str, others: set[str | None]
) -> dict[str, Any]:
    """Go from page to page until Chromium has a dictionary; return the exchange then.

    :param others: what it may have before.
    """

    def next_one() -> dict[str, Any] | None:
        exchange = visit_page(site, tab, next(numbers))
        if exchange["available"] == available(sha256):
            return exchange
        assert exchange["available"] in others
        return None

    exchange: dict[str, Any] = until(next_one, "Chromium fetches the dictionary")
    return exchange


@in_chromium
def test_r70_r71_the_second_page_is_a_difference(site: Site, tab: Tab) -> None:
    sha256 = site.put(make_layout(), PAGES)
    numbers = count()
    first = visit_page(site, tab, next(numbers))
    assert (first["coding"], first["available"]) == ("zstd", None)
    exchange = visit_pages(site, tab, numbers, sha256, {None})
    assert exchange["coding"] == "dcz"
    assert exchange["nbytes"] * 2 < first["nbytes"]
    # It was fetched because the pages link to it.
    assert len(chromiums(site.exchanges(f"{PATH}{sha256}"))) == 1
    # What links to it no more is not fetched again.
    visit_page(site, tab, next(numbers))
    assert len(chromiums(site.exchanges(f"{PATH}{sha256}"))) == 1
    print(
        f"a page of {len(make_page(0).encode())} bytes: zstd {first['nbytes']}, "
        f"dcz {exchange['nbytes']}"
    )


@in_chromium
@pytest.mark.parametrize(
    "given", [r"/api/a\:b/*", r"/api/\:\:*\:", r"/api/a\(1\)\+*", r"/api/$1/\(*\)"]
)
def test_r71_what_means_something_else_in_patterns_may_mean_itself(
    site: Site, tab: Tab, given: str
) -> None:
    pattern = checked_match(given)
    sha256 = site.put(make_products(0), About("pages", "odd", pattern))
    start(site, tab, sha256)
    learn(site, tab, sha256, given.replace("\\", ""))


@in_chromium
def test_r71_patterns_of_paths_are_those_of_the_browser(site: Site, tab: Tab) -> None:
    start(site, tab)
    chooser = random.Random(9842)
    parts = [*"ab019-_.~!$&'()*+,;=:@ ^{}<>`\"é☃", "::", ":*", ".3f2a9c1b.", "/a:b/"]
    paths = ["/" + "".join(chooser.choices(parts, k=chooser.randrange(9))) for _ in range(2000)]
    # A browser changes others before it asks for them.
    paths = [path for path in paths if path.strip() == path and "/." not in path]
    known = [(path, match) for path in paths if (match := match_of(path)) is not None]
    assert len(known) > 1000
    wrong = tab.run(
        f"{json.dumps(known)}.filter(([path, match]) => {{"
        " try {"
        "  const url = new URL(location.origin + path.replaceAll('^', '%5E'));"
        "  const pattern = new URLPattern(match, location.href);"
        "  return !pattern.test(url) || !pattern.test(url + '?a=1') || pattern.hasRegExpGroups;"
        " } catch (error) { return true; }"
        "})"
    )
    assert wrong == []


@in_chromium
def test_r65_a_page_that_the_browser_has_is_not_sent_again(site: Site, tab: Tab) -> None:
    sha256 = site.put(make_layout(), PAGES)
    exchange = visit_pages(site, tab, count(), sha256, {None})
    for _ in range(2):
        tab.reload()
        number = int(exchange["path"].rpartition("/")[2])
        check_page(tab, number)
        again = site.exchanges(exchange["path"])[-1]
        assert again["condition"] == exchange["tag"]
        assert exchange["tag"].endswith(f':dcz-{sha256[:8]}"')
        assert (again["status"], again["coding"], again["nbytes"]) == (304, None, 0)
        assert again["tag"] == exchange["tag"]


@in_chromium
def test_json_with_a_dictionary(site: Site, tab: Tab) -> None:
    start(site, tab)
    assert tab.fetch("/api/products/10") == make_products(10)
    (plain,) = site.exchanges("/api/products/10")
    assert plain["coding"] == "zstd"

    # Only what a document links to is fetched.
    sha256 = site.put(make_products(0), API)
    start(site, tab, sha256)
    learn(site, tab, sha256, "/api/*")
    # 12 of 30 are known.
    assert tab.fetch("/api/products/18") == make_products(18)
    (exchange,) = site.exchanges("/api/products/18")
    assert (exchange["coding"], exchange["available"]) == ("dcz", available(sha256))
    assert exchange["nbytes"] * 4 < plain["nbytes"] * 3
    size = len(make_products(18).encode())
    assert received(tab, "resource", "/18") == (exchange["nbytes"], size)
    # Out of the browser's cache.
    assert tab.fetch("/api/products/18") == make_products(18)
    assert len(site.exchanges("/api/products/18")) == 1
    # Documents may go on linking to it: that is in the cache, too.
    start(site, tab, sha256)
    learn(site, tab, sha256, "/api/*")
    assert len(chromiums(site.exchanges(f"{PATH}{sha256}"))) == 1
    # It is not for what it does not match.
    visit_page(site, tab, 1)
    assert site.exchanges("/pages/1")[-1]["available"] is None


@in_chromium
def test_r65_what_the_browser_keeps_outlives_dictionaries(site: Site, tab: Tab) -> None:
    path = "/api/products/2"

    def get(cache: str = "default") -> list[dict[str, Any]]:
        assert tab.fetch(path, cache=cache) == make_products(2)
        return site.exchanges(path)

    start(site, tab)
    assert [each["coding"] for each in get()] == ["zstd"]
    old = site.put(make_products(0), API)
    start(site, tab, old)
    learn(site, tab, old, "/api/*")
    assert len(get()) == 1
    first = get("reload")[-1]
    assert first["tag"].endswith(f':dcz-{old[:8]}"')

    new = site.put(make_products(1), API)
    start(site, tab, new)
    learn(site, tab, new, "/api/*")
    # Fresh, though the dictionary that it was made with is gone.
    assert len(get()) == 2
    # To the server, what is made with the new one is something else.
    second = get("no-cache")[-1]
    assert second["condition"] == first["tag"]
    assert (second["status"], second["coding"]) == (200, "dcz")
    assert second["tag"].endswith(f':dcz-{new[:8]}"')
    third = get("no-cache")[-1]
    assert third["condition"] == second["tag"]
    assert (third["status"], third["tag"]) == (304, second["tag"])


@in_chromium
def test_r35_events_with_a_dictionary_arrive_one_by_one(site: Site, tab: Tab) -> None:
    """Each in the page's script before the next one is made."""
    sha256 = site.put(make_products(0), STREAM)
    start(site, tab, sha256)
    learn(site, tab, sha256, "/events/*")
    tab.go(site.url("/events"))

    def are_over() -> dict[str, Any] | None:
        record = record_of(site.port, "events_are_over")
        return record if record["events_are_over"] else None

    record = until(are_over, "Chromium gets all events")
    assert record["received"] == EVENTS
    (stream,) = site.exchanges("/events/stream")
    assert (stream["coding"], stream["available"]) == ("dcz", available(sha256))
    with Encoder("zstd") as encoder:
        events = [f"id: {number}\ndata: {data}\n\n" for number, data in enumerate(EVENTS)]
        plain = b"".join(encoder.flush(event.encode()) for event in events)
    assert stream["nbytes"] * 4 < len(plain)
    print(f"events of {len(''.join(events))} bytes: zstd {len(plain)}, dcz {stream['nbytes']}")


@in_chromium
def test_a_newer_dictionary_takes_the_place_of_one(site: Site, tab: Tab) -> None:
    old = site.put(make_layout(1), PAGES)
    numbers = count()
    assert visit_pages(site, tab, numbers, old, {None})["coding"] == "dcz"

    new = site.put(make_layout(2), PAGES)
    # The one that the browser has is used as long as it has no other.
    exchange = visit_page(site, tab, next(numbers))
    assert (exchange["coding"], exchange["available"]) == ("dcz", available(old))
    assert visit_pages(site, tab, numbers, new, {available(old)})["coding"] == "dcz"


@in_chromium
def test_r61_a_dictionary_that_is_dropped_is_not_used(site: Site, tab: Tab) -> None:
    old = site.put(make_layout(1), PAGES)
    numbers = count()
    assert visit_pages(site, tab, numbers, old, {None})["coding"] == "dcz"

    site.drop(old)
    exchange = visit_page(site, tab, next(numbers))
    assert (exchange["coding"], exchange["available"]) == ("zstd", available(old))

    new = site.put(make_layout(2), PAGES)
    assert visit_pages(site, tab, numbers, new, {available(old)})["coding"] == "dcz"


# ---- nginx ----

CLIENT = "gzip, deflate, br, zstd, dcb, dcz"


class Client(NamedTuple):
    """Who asks, and what it can decode."""

    accept: str | None
    dictionary: str | None = None

    @property
    def fields(self) -> dict[str, str]:
        fields = {} if self.accept is None else {"Accept-Encoding": self.accept}
        if self.dictionary is not None:
            fields["Available-Dictionary"] = available(sha256_of(self.dictionary))
        return fields

    def visit(self, port: int, path: str, body: bytes, coding: str | None) -> Answer:
        """Fetch a resource, and check that this client can decode it."""
        answer = fetch(port, path, fields=self.fields)
        assert answer.status == 200
        assert answer.field("Content-Encoding") == coding
        assert answer.field("Vary") == "Accept-Encoding, Available-Dictionary"
        dictionary = None if self.dictionary is None else self.dictionary.encode()
        assert decode(coding, answer.body, dictionary) == body
        return answer


OLD, CURRENT = make_products(0), make_products(4)
CLIENTS = {
    Client(None): None,
    Client("gzip"): "gzip",
    Client("gzip, deflate, br, zstd"): "zstd",
    Client(CLIENT): "zstd",
    Client(CLIENT, OLD): "dcz",
    Client(CLIENT, CURRENT): "dcz",
    Client(CLIENT, "a dictionary that the server has never had"): "zstd",
}
"""The coding that each of them gets."""

BODY = make_products(2).encode()


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Yield a site with two dictionaries for what is at :func:`where`."""
    with serve(tmp_path_factory.mktemp("site")) as site:
        for dictionary in (OLD, CURRENT):
            site.put(dictionary, API)
        yield site


@pytest.fixture(scope="module")
def proxy(behind: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Yield the port of nginx, in front of it."""
    with serving(nginx_command(behind.port, tmp_path_factory.mktemp("nginx"))) as port:
        yield port


def where(query: str, prefix: str = "") -> str:
    """Return where the proxy has it; each query makes an entry of its own."""
    return f"{prefix}/api/products/2?{query}"


def cache_status(answer: Answer) -> str | None:
    return answer.field("X-Cache-Status")


@behind_nginx
def test_r64_everybody_gets_what_it_can_decode(behind: Site, proxy: int) -> None:
    path = where("variants")
    asked = len(behind.exchanges("/api/products/2"))
    for status in ("MISS", "HIT", "HIT"):
        for client, coding in CLIENTS.items():
            answer = client.visit(proxy, path, BODY, coding)
            assert cache_status(answer) == status, client
    # The application was asked once for each of them.
    assert len(behind.exchanges("/api/products/2")) == asked + len(CLIENTS)


@behind_nginx
def test_r64_who_comes_first_does_not_show(proxy: int) -> None:
    for first in CLIENTS:
        path = where(f"first-{[*CLIENTS].index(first)}")
        for client in (first, *CLIENTS):
            client.visit(proxy, path, BODY, CLIENTS[client])


@behind_nginx
def test_r26_head_through_a_proxy(proxy: int) -> None:
    """nginx asks for the whole to keep it, and the next client has that."""
    path = where("head")
    for client, coding in CLIENTS.items():
        head = fetch(proxy, path, method="HEAD", fields=client.fields)
        assert (head.status, head.body, cache_status(head)) == (200, b"", "MISS")
        answer = client.visit(proxy, path, BODY, coding)
        assert cache_status(answer) == "HIT"
        for name in ("Content-Encoding", "Content-Length", "Vary", "ETag", "Link"):
            assert head.field(name) == answer.field(name), name
        uncached = fetch(proxy, where("head", "/uncached"), method="HEAD", fields=client.fields)
        assert (uncached.status, uncached.body) == (200, b"")
        for name in ("Content-Encoding", "Vary", "Link"):
            assert uncached.field(name) == answer.field(name), name


@behind_nginx
@pytest.mark.parametrize(("prefix", "status"), [("", "HIT"), ("/uncached", None)])
def test_r65_conditions_through_a_proxy(proxy: int, prefix: str, status: str | None) -> None:
    path = where("conditions", prefix)
    tags = {
        client: str(client.visit(proxy, path, BODY, coding).field("ETag"))
        for client, coding in CLIENTS.items()
    }
    # Without a coding, gzip, zstd, and each dictionary.
    assert len(set(tags.values())) == 5
    for client, coding in CLIENTS.items():
        for tag in set(tags.values()):
            answer = fetch(proxy, path, fields={**client.fields, "If-None-Match": tag})
            assert cache_status(answer) == status
            if tag == tags[client]:
                assert (answer.status, answer.body, answer.field("ETag")) == (304, b"", tag)
            else:
                assert (answer.status, answer.field("Content-Encoding")) == (200, coding)


@behind_nginx
def test_r24_ranges_through_a_proxy(proxy: int) -> None:
    """nginx is told to cut them out of the variant; they fit together."""
    path = where("ranges", "/ranges")
    tags = {}
    for client, coding in CLIENTS.items():
        whole = client.visit(proxy, path, BODY, coding)
        nbytes, tags[client] = len(whole.body), str(whole.field("ETag"))
        step = nbytes // 3 + 1
        parts = []
        for first in range(0, nbytes, step):
            part = {"Range": f"bytes={first}-{first + step - 1}", "If-Range": tags[client]}
            answer = fetch(proxy, path, fields={**client.fields, **part})
            assert (answer.status, answer.field("ETag")) == (206, tags[client])
            assert answer.field("Content-Encoding") == coding
            parts.append(answer.body)
        assert len(parts) == 3
        assert b"".join(parts) == whole.body
    for client, coding in CLIENTS.items():
        for tag in {*tags.values()} - {tags[client]}:
            part = {"Range": "bytes=100-", "If-Range": tag}
            answer = fetch(proxy, path, fields={**client.fields, **part})
            assert (answer.status, answer.field("Content-Encoding")) == (200, coding)


@behind_nginx
def test_r24_ranges_of_a_script_through_a_proxy(proxy: int) -> None:
    """A difference has none; without a cache the application cuts them out of the file."""
    path, body = f"/static/{SCRIPTS[2]}", make_script(2).encode()
    client = Client(CLIENT, make_script(1))
    ranged = {**client.fields, "Range": "bytes=100-199"}
    answer = fetch(proxy, f"/uncached{path}", fields=ranged)
    assert (answer.status, answer.body) == (206, body[100:200])
    assert answer.field("Content-Encoding") is None
    whole = client.visit(proxy, path, body, "dcz")
    tag = str(whole.field("ETag"))
    for prefix in ("", "/uncached"):
        answer = fetch(proxy, f"{prefix}{path}", fields={**ranged, "If-Range": tag})
        assert (answer.status, answer.body) == (200, whole.body)
