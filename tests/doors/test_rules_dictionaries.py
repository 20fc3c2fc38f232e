"""Compression dictionaries (RFC 9842): R11 and R60 to R72, through every door."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Semaphore
from typing import Any

import pytest
import zstandard
from asking import Answer
from asking import Site
from described import Asked
from described import Door
from described import Reply
from flask import Flask
from sources import PATIENCE_SECONDS

from pyfastgz import Compress
from pyfastgz import Dictionary
from pyfastgz import compress
from pyfastgz.http.dictionaries import available
from pyfastgz.static.manifest import Manifest
from pyfastgz.static.manifest import SiblingFile
from pyfastgz.static.manifest import Source
from pyfastgz.static.manifest import write_manifest
from pyfastgz.store.dictionary_folder import About
from pyfastgz.store.dictionary_folder import opened

Serve = Callable[..., Site]

CHROMIUM = "gzip, deflate, br, zstd, dcb, dcz"
VARY = "Accept-Encoding, Available-Dictionary"
HEADER = bytes.fromhex("5e2a4d1820000000")
LAYOUT = "".join(
    f'<div class="c{n}"><a href="/{n * 37 % 91}">{n * n}</a></div>\n' for n in range(200)
)
PAGE = LAYOUT + "<p>What is on this page alone</p>\n"
SCRIPT = b"".join(b"function f%d() { return %d; }\n" % (n, n * n) for n in range(900))
NEXT = SCRIPT.replace(b"f77()", b"f77b()")


def nobody_waits() -> None:
    pytest.fail("the folder is in use")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


HASH = sha256(LAYOUT.encode())
HAS = {"Available_Dictionary": available(HASH)}


@pytest.fixture(autouse=True)
def _nothing_is_too_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test has just written counts as old, and is looked at again each time."""
    monkeypatch.setattr("pyfastgz.store.files.SETTLED_NS", -(10**9))
    monkeypatch.setattr("pyfastgz.static.siblings.LOOK_SECONDS", 0.0)
    monkeypatch.setattr("pyfastgz.store.dictionaries.LOOK_SECONDS", 0.0)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A folder with a dictionary for pages."""
    path = str(tmp_path / "dictionaries")
    with opened(path, nobody_waits) as work:
        work.put(LAYOUT.encode(), About("pages", "site", "/*", ("document",)))
    return path


@pytest.fixture
def site(serve: Serve, folder: str) -> Site:
    return served(serve, folder, lambda asked: Reply(PAGE))


def served(
    serve: Serve, folder: str, respond: Callable[[Asked], Reply], **settings: Any
) -> Site:
    return serve(respond, dictionaries=folder, **settings)


def body_of(answer: Answer, dictionary: str | bytes = LAYOUT) -> bytes:
    """Return the body of an answer in dcz, after checking what it is."""
    data = dictionary.encode() if isinstance(dictionary, str) else dictionary
    assert answer.coding == "dcz"
    raw = answer.read()
    length = answer.field("Content-Length")
    assert length is None or int(length) == len(raw)
    return decoded(raw, data)


def decoded(raw: bytes, dictionary: bytes) -> bytes:
    assert raw[:40] == HEADER + bytes.fromhex(sha256(dictionary))
    known = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    decoder = zstandard.ZstdDecompressor(dict_data=known, max_window_size=1 << 23)
    body = decoder.decompressobj()
    whole = body.decompress(raw[40:])
    assert body.eof
    assert body.unused_data == b""
    return whole


def test_r62_a_client_that_has_the_dictionary_gets_the_difference(site: Site) -> None:
    plain = site.get(accept=CHROMIUM)
    assert plain.coding == "zstd"
    for _ in range(4):  # new, seen before, kept, looked up
        answer = site.get(accept=CHROMIUM, **HAS)
        assert len(answer_bytes := answer.read()) < 200
        assert decoded(answer_bytes, LAYOUT.encode()) == PAGE.encode()
    assert site.get(accept=CHROMIUM).coding == "zstd"


def test_r90_noise_follows_from_the_difference(serve: Serve, folder: str) -> None:
    site = served(
        serve, folder, lambda asked: Reply(PAGE), length_noise=1024, length_noise_key="a secret"
    )
    numbers = []
    for fields in (HAS, {}):
        answers = [site.get(accept=CHROMIUM, **fields) for _ in range(4)]
        assert {answer.coding for answer in answers} == {"dcz" if fields else "zstd"}
        noise = [answer.field("X-Noise") for answer in answers]
        assert len(set(noise)) == 4
        (number,) = {len(letters or "") for letters in noise}
        numbers.append(number)
    assert numbers[0] != numbers[1]


@pytest.mark.parametrize(
    "accept",
    ["gzip, deflate, br, zstd", "*", "gzip, dcb", "gzip, dcz;q=0", "gzip, dcz;q=a", None],
)
def test_r11_r62_only_a_client_that_names_the_coding(site: Site, accept: str | None) -> None:
    answer = site.get(accept=accept, **HAS)
    assert answer.coding != "dcz"
    assert answer.body() == PAGE.encode()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Available_Dictionary": ""},
        {"Available_Dictionary": available(HASH)[:-1]},
        {"Available_Dictionary": available(HASH).replace(":", '"')},
        {"Available_Dictionary": available(sha256(b"another"))},
        {"Available_Dictionary": [available(HASH), available(HASH)]},
        {"Available_Dictionary": f"{available(HASH)}, {available(HASH)}"},
        {"Available_Dictionary": f"{available(HASH)};a"},
        {"Available_Dictionary": ":" * 4000},
        {"Dictionary_ID": '"site"'},
        {"Dictionary_ID": HASH, "Available_Dictionary": available(sha256(b"another"))},
    ],
)
def test_r60_r61_only_a_hash_that_is_known_names_a_dictionary(
    site: Site, fields: dict[str, str]
) -> None:
    answer = site.get(accept=CHROMIUM, **fields)
    assert answer.coding == "zstd"
    assert answer.field("Vary") == VARY
    assert answer.body() == PAGE.encode()


@pytest.mark.parametrize(
    ("fields", "allowed", "coding"),
    [
        ({}, None, "dcz"),
        ({"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Mode": "cors"}, None, "dcz"),
        ({"Sec_Fetch_Site": "none", "Sec_Fetch_Mode": "navigate"}, None, "dcz"),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}, None, "dcz"),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}, "*", "zstd"),
        ({"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "no-cors"}, None, "zstd"),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "cors"}, "*", "zstd"),
        (
            {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "cors", "Origin": "o"},
            None,
            "zstd",
        ),
        (
            {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "cors", "Origin": "o"},
            "p",
            "zstd",
        ),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "cors", "Origin": "o"}, "o", "dcz"),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "cors", "Origin": "o"}, "*", "dcz"),
        ({"Sec_Fetch_Site": ["same-origin", "same-origin"]}, None, "zstd"),
        ({"Sec_Fetch_Mode": "no-cors"}, None, "zstd"),
    ],
)
def test_r63_only_where_the_client_may_read_the_response(
    serve: Serve,
    folder: str,
    fields: dict[str, str],
    allowed: str | None,
    coding: str,
) -> None:
    for etag in (None, '"a"'):
        own = {"Access-Control-Allow-Origin": allowed, "ETag": etag}
        lines = {name: value for name, value in own.items() if value is not None}
        site = served(serve, folder, partial(page_with, lines))
        for _ in range(3):
            assert site.get(accept=CHROMIUM, **HAS, **fields).coding == coding


def page_with(fields: dict[str, str], asked: Asked) -> Reply:
    return Reply(PAGE, fields=fields)


def test_r64_all_answers_say_what_they_follow_from(serve: Serve, folder: str) -> None:
    def respond(asked: Asked) -> Reply:
        status = {"/gone": 404, "/none": 204}.get(asked.path, 200)
        kind = "image/png" if asked.path == "/picture" else "text/html"
        body = (
            iter([PAGE])
            if asked.path == "/stream"
            else PAGE[: 9 if asked.path == "/short" else None]
        )
        fields = {"ETag": '"a"', "Vary": "Cookie"} if asked.path == "/tagged" else {}
        return Reply(body if status != 204 else b"", status, fields, kind)

    site = served(serve, folder, respond, not_acceptable=True)
    for path in ("/", "/stream", "/short", "/tagged"):
        own = "Cookie, " if path == "/tagged" else ""
        for method in ("GET", "HEAD"):
            for accept in (CHROMIUM, "gzip", None, "identity;q=0"):
                for fields in (
                    {},
                    HAS,
                    {"If_None_Match": '"a"'},
                    {"If_None_Match": '"a:gzip"'},
                ):
                    answer = site.get(path, accept, method, **fields)
                    vary = f"{own}{VARY}"
                    assert answer.field("Vary") == vary, (path, method, accept, fields)
    for path in ("/gone", "/none", "/picture"):
        assert site.get(path, CHROMIUM, **HAS).field("Vary") is None


def test_r65_each_dictionary_has_its_tag(serve: Serve, folder: str) -> None:
    site = served(serve, folder, lambda asked: Reply(PAGE, fields={"ETag": '"a"'}))
    tag = f'"a:dcz-{HASH[:8]}"'
    answer = site.get(accept=CHROMIUM, **HAS)
    assert answer.tag == tag
    assert body_of(answer) == PAGE.encode()
    again = site.get(accept=CHROMIUM, **HAS, If_None_Match=tag)
    assert (again.status, again.tag, again.coding) == (304, tag, None)
    assert again.field("Vary") == VARY
    assert again.body() == b""
    for other in ('"a:dcz-00000000"', '"a:zstd"', '"a"', '"a:dcz"'):
        assert site.get(accept=CHROMIUM, **HAS, If_None_Match=other).status == 200
    # Without the dictionary it is another representation.
    assert site.get(accept=CHROMIUM, If_None_Match=tag).status == 200
    assert site.get(accept=CHROMIUM, **HAS, Range="bytes=0-9", If_Range=tag).status == 200


def test_r32_r45_the_application_sees_its_own_tag(serve: Serve, folder: str) -> None:
    seen = []

    def respond(asked: Asked) -> Reply:
        seen.append(asked.fields.get("if-match"))
        return Reply(PAGE, fields={"ETag": '"a"'})

    site = served(serve, folder, respond)
    site.get(accept=CHROMIUM, method="PUT", If_Match=f'"a:dcz-{HASH[:8]}"').read()
    assert seen == ['"a"']


def test_r66_a_stale_dictionary_is_noticed(site: Site) -> None:
    raw = site.get(accept=CHROMIUM, **HAS).read()
    stale = LAYOUT.replace("c77", "c78").encode()
    known = zstandard.ZstdCompressionDict(stale, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    with pytest.raises(zstandard.ZstdError):
        zstandard.ZstdDecompressor(dict_data=known).decompressobj().decompress(raw[40:])


@pytest.mark.parametrize("store_bytes", [0, 1 << 20])
def test_r67_only_if_it_is_smaller(serve: Serve, folder: str, store_bytes: int) -> None:
    other = "".join(chr(0x4E00 + n * n % 9973) for n in range(900))
    bodies = {"/": PAGE, "/other": other, "/same": "a" * 1000}
    site = served(
        serve, folder, lambda asked: Reply(bodies[asked.path]), store_bytes=store_bytes
    )
    for path in ("/other", "/same"):
        for _ in range(4):
            answer = site.get(path, CHROMIUM, **HAS)
            assert answer.coding == "zstd"
            assert answer.field("Vary") == VARY
            assert answer.body() == bodies[path].encode()
    assert site.get("/", CHROMIUM, **HAS).coding == "dcz"


@pytest.mark.parametrize("store_bytes", [0, 1 << 20])
def test_r31_r67_who_has_what_is_sent_keeps_it(
    serve: Serve, folder: str, store_bytes: int
) -> None:
    body = "".join(chr(0x4E00 + n * n % 9973) for n in range(900))
    site = served(
        serve,
        folder,
        lambda asked: Reply(body, fields={"ETag": '"a"'}),
        store_bytes=store_bytes,
    )
    for _ in range(3):
        assert (answer := site.get(accept=CHROMIUM, **HAS)).tag == '"a:zstd"'
        assert answer.body() == body.encode()
        for listed in ('"a:zstd"', 'W/"a:zstd"', '"b", "a:zstd"'):
            again = site.get(accept=CHROMIUM, **HAS, If_None_Match=listed)
            assert (again.status, again.tag, again.body()) == (304, '"a:zstd"', b"")
        assert site.get(accept=CHROMIUM, **HAS, If_None_Match='"a"').coding == "zstd"
        assert site.get(accept=CHROMIUM, **HAS, If_Match='"a:zstd"').coding == "zstd"
        assert site.get(accept=CHROMIUM, **HAS, If_Match='"b"').status == 412


@pytest.mark.parametrize("not_acceptable", [False, True])
def test_r10_r67_what_the_client_does_not_take_is_not_smaller(
    serve: Serve, folder: str, not_acceptable: bool
) -> None:
    noise = random.Random(1).randbytes(1000)
    site = served(
        serve, folder, lambda asked: Reply(noise), not_acceptable=not_acceptable, store_bytes=0
    )
    assert body_of(site.get(accept="dcz, identity;q=0", **HAS)) == noise
    assert site.get(accept="dcz", **HAS).coding is None


@pytest.mark.parametrize("coding", ["zstd", "br"])
def test_r67_a_body_is_coded_once_where_what_is_saved_is_known(
    folder: str, coding: str
) -> None:
    """The store tells how often a body was coded."""
    layout = "".join(f"<li>{n * n * 7919 % 10_007}</li>\n" for n in range(200, 320))
    other = "".join(chr(0x4E00 + n * n % 9973) for n in range(900))
    bodies = {
        "/much": LAYOUT[:3000] + layout,
        "/short": LAYOUT[:700] + layout[:300],
        "/nothing": layout,
        "/other": other,
    }
    app = Flask(__name__)
    app.config["COMPRESS_DICTIONARIES"] = folder
    app.config["COMPRESS_ALGORITHM"] = [coding, "zstd"]
    app.add_url_rule("/<name>", view_func=lambda name: bodies[f"/{name}"])
    compress = Compress(app)
    ncodings = {"/much": 1 if coding == "zstd" else 2, "/short": 2, "/nothing": 1, "/other": 1}
    misses = 0
    for path, expected in ncodings.items():
        answer = app.test_client().get(
            path,
            headers={"Accept-Encoding": CHROMIUM, "Available-Dictionary": available(HASH)},
        )
        if path in {"/much", "/short"}:
            assert decoded(answer.data, LAYOUT.encode()) == bodies[path].encode()
        else:
            assert answer.headers["Content-Encoding"] == coding
        now = compress.stats().store.misses
        assert (path, now - misses) == (path, expected)
        misses = now


@pytest.mark.parametrize("spoil", ["remove", "damage"])
def test_r68_without_its_bytes_there_is_no_dictionary(
    serve: Serve, folder: str, spoil: str, caplog: pytest.LogCaptureFixture
) -> None:
    def respond(asked: Asked) -> Reply:
        return Reply(iter([PAGE]) if asked.path == "/stream" else PAGE)

    site = served(serve, folder, respond)
    path = Path(folder) / HASH
    if spoil == "remove":
        path.unlink()
    else:
        path.write_bytes(LAYOUT.replace("c77", "c78").encode())
    with caplog.at_level(logging.ERROR, "pyfastgz"):
        for _ in range(3):
            for page in ("/", "/stream"):
                answer = site.get(page, CHROMIUM, **HAS)
                assert answer.coding == "zstd"
                assert answer.body() == PAGE.encode()
    assert [HASH in record.getMessage() for record in caplog.records] == [True]
    caplog.clear()


def test_r70_pages_link_to_their_dictionary_until_the_client_has_it(
    serve: Serve, folder: str
) -> None:
    own = {"Link": "</a.css>; rel=preload"}
    site = served(
        serve, folder, lambda asked: Reply(PAGE, fields=own if asked.path == "/own" else {})
    )
    link = link_of(LAYOUT)
    for accept in (CHROMIUM, None):
        for _ in range(3):
            assert site.get(accept=accept).lines("Link") == [link]
            assert site.get(accept=accept, **HAS).lines("Link") == []
    assert ", ".join(site.get("/own").lines("Link")) == f"{own['Link']}, {link}"


def link_of(dictionary: str) -> str:
    place = f"/_compress/dictionary/{sha256(dictionary.encode())}"
    return f'<{place}>; rel="compression-dictionary"'


def test_r70_of_several_a_document_links_to_the_best_of_each_kind(
    serve: Serve, tmp_path: Path
) -> None:
    folder = str(tmp_path / "several")
    rows = [
        ("every page", About("pages", "site", "/*", ("document",))),
        ("every page, older", About("pages", "site", "/*", ("document",))),
        ("the shop's", About("pages", "shop", "/shop/*", ("document",))),
        ("data", About("pages", "data", "/api/*")),
        ("styles", About("pages", "styles", "/css/*", ("style",))),
        ("frames", About("pages", "frames", "/ads/*", ("iframe",))),
    ]
    with opened(folder, nobody_waits) as work:
        for text, about in rows:
            work.put(text.encode(), about)

    def respond(asked: Asked) -> Reply:
        kind = "application/json" if asked.path.startswith("/api") else "text/html"
        return Reply(PAGE, content_type=kind)

    site = served(serve, folder, respond)
    pages = {
        "/": ["every page, older", "data", "styles"],
        "/shop/1": ["the shop's", "data", "styles"],
        "/ads/1": ["every page, older", "frames", "data", "styles"],
        "/api/1": [],
    }
    for path, texts in pages.items():
        for accept in (CHROMIUM, None):
            found = ", ".join(site.get(path, accept).lines("Link"))
            assert sorted(found.split(", ")) == sorted(map(link_of, texts)) or not texts
            assert bool(found) is bool(texts)
    has = {"Available_Dictionary": available(sha256(b"the shop's"))}
    found = site.get("/shop/2", CHROMIUM, **has).lines("Link")[0]
    assert found.split(", ") == [link_of("data"), link_of("styles")]


def test_r71_the_dictionary_is_served(site: Site) -> None:
    for accept in (CHROMIUM, None):
        answer = site.get(f"/_compress/dictionary/{HASH}", accept)
        assert answer.status == 200
        assert answer.field("Use-As-Dictionary") == 'match="/*", match-dest=("document")'
        assert "immutable" in str(answer.field("Cache-Control"))
        assert answer.lines("Link") == []
        assert answer.body() == LAYOUT.encode()
    for name in ("", HASH[:-1], HASH.upper(), "0" * 64, "..%2findex.json", "index.json"):
        assert site.get(f"/_compress/dictionary/{name}").body() != LAYOUT.encode()


def test_r35_messages_come_one_by_one_with_a_dictionary(serve: Serve, folder: str) -> None:
    was_decoded = Semaphore(0)
    late = []

    def messages() -> Any:
        for n in range(20):
            yield LAYOUT[n * 300 : n * 300 + 300]
            if not was_decoded.acquire(timeout=PATIENCE_SECONDS):
                late.append(n)

    site = served(
        serve,
        folder,
        lambda asked: Reply(messages(), content_type="text/event-stream"),
        extra_mimetypes=["text/event-stream"],
    )
    answer = site.get(accept=CHROMIUM, **HAS)
    assert answer.coding == "dcz"
    known = zstandard.ZstdCompressionDict(
        LAYOUT.encode(), dict_type=zstandard.DICT_TYPE_RAWCONTENT
    )
    decoder = zstandard.ZstdDecompressor(dict_data=known).decompressobj()
    raw, body, count = b"", b"", 0
    while piece := answer.more():
        # The first 40 bytes are no part of the frame.
        seen = max(len(raw), 40)
        raw += piece
        body += decoder.decompress(raw[seen:])
        while len(body) >= 300 * (count + 1):
            count += 1
            was_decoded.release()
    assert body == LAYOUT[: 300 * 20].encode()
    assert len(raw) < 1000
    assert late == []


# ---- Files ----


def script_site(
    serve: Serve,
    folder: str,
    root: Path,
    name: str = "app.js",
    cache: str = "max-age=60",
    **settings: Any,
) -> Site:
    return served(
        serve,
        folder,
        lambda asked: Reply(
            root / name,
            fields={"Cache-Control": cache},
            content_type="text/javascript",
            conditional=True,
        ),
        **settings,
    )


def put_versions(folder: str, root: Path, *versions: bytes, name: str = "app.js") -> None:
    """Put versions of a file into the folder, and the last into a tree with a manifest."""
    root.mkdir(exist_ok=True)
    path = root / name
    path.write_bytes(versions[-1])
    with opened(folder, nobody_waits) as work:
        for version in versions:
            work.put(version, About("file", "/app.js"))
    nbytes, mtime_ns = len(versions[-1]), os.stat(path).st_mtime_ns
    source = Source(nbytes, mtime_ns, sha256(versions[-1]), {})
    write_manifest(root, Manifest({name: source}))


@pytest.fixture
def script(serve: Serve, folder: str, tmp_path: Path) -> Site:
    put_versions(folder, tmp_path / "static", SCRIPT, NEXT)
    return script_site(serve, folder, tmp_path / "static")


@pytest.mark.sees("files")
def test_r69_a_version_of_a_file_is_a_dictionary_of_the_next(script: Site) -> None:
    plain = script.get("/app.js", CHROMIUM)
    assert plain.field("Use-As-Dictionary") == 'match="/app.js"'
    assert plain.field("Vary") == VARY
    for _ in range(3):
        answer = script.get("/app.js", CHROMIUM, Available_Dictionary=available(sha256(SCRIPT)))
        assert answer.field("Use-As-Dictionary") == 'match="/app.js"'
        raw = answer.read()
        assert len(raw) < 200
        assert decoded(raw, SCRIPT) == NEXT
    hashed = script.get("/app.3f2a9c1b.js", CHROMIUM)
    assert hashed.field("Use-As-Dictionary") == 'match="/app.*.js"'
    again = script.get("/app.js", CHROMIUM)
    assert again.field("Use-As-Dictionary") == 'match="/app.js"'


@pytest.mark.parametrize("cache", ["no-cache", "no-store, max-age=60", "max-age=0"])
def test_r69_only_if_clients_may_keep_it(
    serve: Serve, folder: str, tmp_path: Path, cache: str
) -> None:
    put_versions(folder, tmp_path / "static", SCRIPT)
    site = script_site(serve, folder, tmp_path / "static", cache=cache)
    assert site.get("/app.js", CHROMIUM).field("Use-As-Dictionary") is None


def test_r69_only_what_is_kept_is_one(serve: Serve, folder: str, tmp_path: Path) -> None:
    root = tmp_path / "static"
    put_versions(folder, root, SCRIPT, NEXT)
    (root / "app.js").write_bytes(NEXT * 2)
    site = script_site(serve, folder, root)
    assert site.get("/app.js", CHROMIUM).field("Use-As-Dictionary") is None
    (root / "other.js").write_bytes(NEXT)
    other = script_site(serve, folder, root, "other.js")
    assert other.get("/other.js", CHROMIUM).field("Use-As-Dictionary") is None


@pytest.mark.sees("files")
def test_r30_r65_a_file_that_the_client_has_is_not_sent_again(script: Site) -> None:
    has = {"Available_Dictionary": available(sha256(SCRIPT))}
    answer = script.get("/app.js", CHROMIUM, **has)
    assert str(answer.tag).endswith(f':dcz-{sha256(SCRIPT)[:8]}"')
    again = script.get("/app.js", CHROMIUM, **has, If_None_Match=str(answer.tag))
    assert (again.status, again.tag) == (304, answer.tag)
    assert again.field("Use-As-Dictionary") is None


def test_r26_head_says_what_get_would(script: Site, door: Door) -> None:
    has = {"Available_Dictionary": available(sha256(SCRIPT))}
    answer = script.get("/app.js", CHROMIUM, "HEAD", **has)
    assert answer.coding == "dcz"
    if "stripped" in door.sees:
        assert answer.field("Use-As-Dictionary") == 'match="/app.js"'
    assert answer.body() == b""


def test_r24_ranges_are_of_what_is_sent(script: Site) -> None:
    has = {"Available_Dictionary": available(sha256(SCRIPT))}
    answer = script.get("/app.js", CHROMIUM, **has, Range="bytes=0-9")
    # A client that may hold bytes without a coding gets a part of those, and no dictionary.
    assert answer.status in {200, 206}
    if answer.status == 206:
        assert answer.coding is None
        assert answer.read() == NEXT[:10]
        assert answer.field("Use-As-Dictionary") is None
    else:
        assert body_of(answer, SCRIPT) == NEXT


@pytest.mark.sees("files")
def test_r72_a_difference_is_sent_if_it_lies_ready(
    serve: Serve, folder: str, tmp_path: Path
) -> None:
    root = tmp_path / "static"
    put_versions(folder, root, SCRIPT, NEXT)
    ready = compress(NEXT, "dcz", level=19, dictionary=Dictionary(SCRIPT))
    with opened(folder, nobody_waits) as work:
        work.put_difference((sha256(NEXT), sha256(SCRIPT)), ready)
    site = script_site(serve, folder, root)
    has = {"Available_Dictionary": available(sha256(SCRIPT))}
    for _ in range(3):
        answer = site.get("/app.js", CHROMIUM, **has)
        assert str(answer.tag).endswith(f':dcz-{sha256(ready)[:8]}"')
        assert answer.read() == ready
    # One that is damaged is made anew.
    damaged = next(Path(folder).glob("*.dcz"))
    damaged.write_bytes(ready[:-1] + b"x")
    answer = site.get("/app.js", CHROMIUM, **has)
    assert str(answer.tag).endswith(f':dcz-{sha256(SCRIPT)[:8]}"')
    assert body_of(answer, SCRIPT) == NEXT
    # So it is if the file is another now.
    (root / "app.js").write_bytes(SCRIPT.replace(b"f78()", b"f78b()"))
    answer = site.get("/app.js", CHROMIUM, **has)
    assert body_of(answer, SCRIPT) == SCRIPT.replace(b"f78()", b"f78b()")


@pytest.mark.sees("files")
@pytest.mark.parametrize("is_ready", [False, True])
def test_r31_r67_a_sibling_that_is_smaller_is_sent_and_kept(
    serve: Serve, folder: str, tmp_path: Path, is_ready: bool, door: Door
) -> None:
    root = tmp_path / "static"
    noise = [random.Random(n).randbytes(2000).hex().encode() for n in range(2)]
    put_versions(folder, root, *noise)
    sibling = compress(noise[1], "zstd", level=19)
    put_sibling(root, noise[1], sibling)
    if is_ready:
        longer = compress(noise[1], "dcz", level=1, dictionary=Dictionary(noise[0]))
        with opened(folder, nobody_waits) as work:
            work.put_difference((sha256(noise[1]), sha256(noise[0])), longer)
    site = script_site(serve, folder, root)
    has = {"Available_Dictionary": available(sha256(noise[0]))}
    for _ in range(3):
        for method in ("GET", "HEAD") if is_ready and "stripped" in door.sees else ("GET",):
            answer = site.get("/app.js", CHROMIUM, method, **has)
            assert (answer.coding, answer.read()) == (
                "zstd",
                sibling if method == "GET" else b"",
            )
        tag = str(answer.tag)
        assert tag.endswith(f':zstd-{sha256(sibling)[:8]}"')
        again = site.get("/app.js", CHROMIUM, **has, If_None_Match=tag)
        assert (again.status, again.tag) == (304, tag)
        assert site.get("/app.js", CHROMIUM, **has, If_None_Match='"x"').coding == "zstd"


@pytest.mark.sees("files")
def test_r67_a_file_that_is_streamed_has_versions_of_itself_alone(
    serve: Serve, folder: str, tmp_path: Path, door: Door
) -> None:
    root = tmp_path / "static"
    put_versions(folder, root, SCRIPT, NEXT)
    sibling = compress(NEXT, "zstd", level=19)
    put_sibling(root, NEXT, sibling)
    site = script_site(serve, folder, root, store_bytes=0)
    for method in ("GET", "HEAD") if "stripped" in door.sees else ("GET",):
        answer = site.get("/app.js", CHROMIUM, method, **HAS)
        assert answer.field("Content-Length") == str(len(sibling))
        assert answer.coding == "zstd"
    answer = site.get("/app.js", CHROMIUM, Available_Dictionary=available(sha256(SCRIPT)))
    assert answer.field("Content-Length") is None
    raw = answer.read()
    assert len(raw) < 200
    assert decoded(raw, SCRIPT) == NEXT


def put_sibling(root: Path, content: bytes, sibling: bytes) -> None:
    """Put a sibling in zstd beside a file of :func:`put_versions`."""
    path = root / "app.js"
    (root / "app.js.zst").write_bytes(sibling)
    files = {"zstd": SiblingFile("app.js.zst", len(sibling), sha256(sibling))}
    source = Source(len(content), os.stat(path).st_mtime_ns, sha256(content), files)
    write_manifest(root, Manifest({"app.js": source}))


def test_r68_r50_a_folder_that_is_damaged_is_an_error_at_the_start(
    serve: Serve, folder: str
) -> None:
    index = Path(folder) / "index.json"
    index.write_text(json.dumps({"version": 1}))
    with pytest.raises(Exception, match=r"(?i)^(COMPRESS_)?DICTIONARIES: .*index\.json"):
        served(serve, folder, lambda asked: Reply(PAGE))
