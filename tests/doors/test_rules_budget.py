"""The CPU budget: R100 to R105, through every door."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from asking import CODINGS
from asking import Answer
from asking import Site
from asking import decoded
from asking import decoded_part
from described import Asked
from described import Door
from described import Reply
from purse import STEPS
from purse import Purse
from sources import Source

from pyfastgz import Dictionary
from pyfastgz import compress
from pyfastgz.http.dictionaries import available
from pyfastgz.static.manifest import Manifest
from pyfastgz.static.manifest import SiblingFile
from pyfastgz.static.manifest import Source as SourceFile
from pyfastgz.static.manifest import write_manifest
from pyfastgz.store.dictionary_folder import About
from pyfastgz.store.dictionary_folder import opened

Serve = Callable[..., Site]

LEVELS = {
    "gzip": (6, 4, 2, 1, None),
    "deflate": (-1, 4, 2, 1, None),
    "zstd": (3, 2, 1, 1, None),
    "br": (4, 2, 1, 0, None),
}
WORDS = [f"word{number}" for number in range(300)]
LONG = 200_000
"""Above this ASGI's door codes in a thread, and files are streamed."""


def page_of(name: str, nbytes: int = 8000) -> bytes:
    """Return a page that is like no other, and of which each level makes something else."""
    chooser = random.Random(name)
    lines = (f"<p>{' '.join(chooser.choices(WORDS, k=9))}</p>\n" for _ in range(nbytes // 60))
    return f"{name}\n{''.join(lines)}".encode()


PAGE = page_of("page")


@pytest.fixture
def purse() -> Purse:
    return Purse()


@pytest.fixture
def budgeted(serve: Serve, purse: Purse) -> Serve:
    """Return what serves an application with a budget whose time is the purse's."""

    def open_site(answers: Any, **options: Any) -> Site:
        return serve(answers, cpu_budget=0.5, prepare=purse.prepare, **options)

    return open_site


@pytest.fixture
def pages(budgeted: Serve) -> Site:
    """Serve pages that never came before: each URL has its own."""
    return budgeted(lambda asked: Reply(page_of(asked.query)))


# ---- Steps ----


@pytest.mark.parametrize("coding", CODINGS)
def test_r100_levels_go_down_step_by_step_and_up_again(
    pages: Site, purse: Purse, coding: str
) -> None:
    for number, step in enumerate([*STEPS, *reversed(STEPS)]):
        purse.reach(step)
        body = page_of(name := f"{number}")
        level = LEVELS[coding][step]
        answer = pages.get(f"/?{name}", coding)
        if level is None:
            assert (answer.coding, answer.read()) == (None, body)
        else:
            assert (answer.coding, answer.read()) == (coding, coded(body, coding, level))
    assert purse.responses() == (2, 2, 2, 2, 2)


def coded(body: bytes, coding: str, level: int) -> bytes:
    ends = {compress(body, coding, level=LEVELS[coding][step]) for step in (0, 3)}
    # Otherwise a test would tell nothing.
    assert len(ends) == 2
    return compress(body, coding, level=level)


@pytest.mark.parametrize("nbytes", [8000, LONG])
def test_r100_what_coding_takes_is_taken_out(
    budgeted: Serve, purse: Purse, nbytes: int
) -> None:
    site = budgeted(lambda asked: Reply(page_of(asked.query, nbytes)), store_bytes=0)
    # A quarter of the bucket.
    purse.cost = purse.most / 4
    found = [site.get(f"/?{number}").coding for number in range(6)]
    assert found == ["gzip"] * 4 + [None] * 2
    assert purse.seconds() == purse.most
    assert purse.responses() == (1, 1, 1, 1, 2)
    # And what is there after a second and a half is for one that is the fastest.
    purse.now += 1.5
    answers = [site.get(f"/?late{number}") for number in range(2)]
    assert [answer.coding for answer in answers] == ["gzip", None]
    assert answers[0].read() == compress(page_of("late0", nbytes), level=1)


def test_r100_a_step_is_left_only_when_there_is_more_than_where_it_began(
    pages: Site, purse: Purse
) -> None:
    purse.reach(4)
    # An eighth of the bucket takes a second.
    for number, coding in enumerate([None, None, "gzip"]):
        assert pages.get(f"/?{number}").coding == coding
        purse.now += 0.5
    purse.take(purse.most / 8)
    assert pages.get("/?last").read() == compress(page_of("last"), level=1)


def test_r100_what_was_taken_too_much_is_waited_for(pages: Site, purse: Purse) -> None:
    purse.take(purse.most * 3)
    purse.now += 16
    assert pages.get("/?0").coding is None
    purse.now += 1
    assert pages.get("/?1").coding == "gzip"


@pytest.mark.parametrize(
    ("own_level", "levels"),
    [(9, (9, 6, 3, 1)), (2, (2, 1, 1, 1)), (1, (1,) * 4), (0, (0,) * 4), (12, (12, 8, 4, 1))],
)
def test_r100_a_view_goes_down_from_its_own_level(
    budgeted: Serve, purse: Purse, own_level: int, levels: tuple[int, ...]
) -> None:
    site = budgeted(Reply(PAGE), own_level={"gzip": own_level}, store_bytes=0, min_size=1)
    for step, level in enumerate(levels):
        purse.reach(step)
        answer = site.get(accept="gzip, identity;q=0" if level == 0 else "gzip")
        assert answer.read() == compress(PAGE, level=level)


def test_r100_codings_that_depend_on_size_go_down_too(budgeted: Serve, purse: Purse) -> None:
    bodies = {"/short": PAGE, "/long": page_of("long", LONG)}
    site = budgeted(lambda asked: Reply(bodies[asked.path]), algorithm="auto", auto_size=50_000)
    purse.reach(3)
    everything = "gzip, deflate, br, zstd"
    assert site.get("/short", everything).read() == compress(PAGE, "gzip", level=1)
    assert site.get("/long", everything).read() == compress(bodies["/long"], "zstd", level=1)
    purse.reach(4)
    for path, body in bodies.items():
        answer = site.get(path, everything, Cache_Control="no-cache")
        assert answer.body() == body


# ---- Tags ----


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("cache_control", ["no-store", "max-age=60"])
def test_r101_a_strong_tag_has_one_level_or_no_coding(
    budgeted: Serve, purse: Purse, coding: str, cache_control: str
) -> None:
    def respond(asked: Asked) -> Reply:
        fields = {"ETag": f'"{asked.query}"', "Cache-Control": cache_control}
        return Reply(page_of(asked.query), fields=fields)

    site = budgeted(respond)
    level = LEVELS[coding][0]
    assert level is not None
    for step in STEPS:
        purse.reach(step)
        answer = site.get(f"/?{step}", coding)
        if step < 4:
            assert answer.tag == f'"{step}:{coding}"'
            assert answer.read() == coded(page_of(f"{step}"), coding, level)
        else:
            assert (answer.coding, answer.tag) == (None, f'"{step}"')
            assert answer.read() == page_of(f"{step}")


@pytest.mark.parametrize("fields", [{"ETag": 'W/"a"'}, {"Last-Modified": "now"}, {}])
def test_r101_without_one_levels_go_down(
    budgeted: Serve, purse: Purse, fields: dict[str, str]
) -> None:
    site = budgeted(Reply(PAGE, fields=fields))
    purse.reach(2)
    answer = site.get()
    assert answer.tag == fields.get("ETag")
    assert answer.read() == compress(PAGE, level=2)


def test_r101_no_kept_body_of_another_level_is_sent_under_a_strong_tag(
    budgeted: Serve, purse: Purse
) -> None:
    site = budgeted(
        lambda asked: Reply(PAGE, fields={"ETag": '"a"'} if asked.query else {}),
    )
    purse.reach(3)
    for _ in range(3):
        assert site.get().read() == compress(PAGE, level=1)
    assert purse.engine.stats().store.hits == 1
    purse.reach(4)
    plain = site.get("/?tagged")
    assert (plain.tag, plain.coding, plain.read()) == ('"a"', None, PAGE)
    purse.reach(3)
    tagged = site.get("/?tagged")
    assert (tagged.tag, tagged.read()) == ('"a:gzip"', compress(PAGE, level=6))
    purse.reach(4)
    kept = site.get("/?tagged")
    assert (kept.tag, kept.read()) == ('"a:gzip"', compress(PAGE, level=6))
    # Now that there is a better one it is for all.
    assert site.get().read() == compress(PAGE, level=6)


# ---- What is kept ----


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("fields", [{}, {"ETag": '"a"'}, {"ETag": 'W/"a"'}])
def test_r102_what_is_kept_is_always_sent(
    budgeted: Serve, purse: Purse, coding: str, fields: dict[str, str]
) -> None:
    site = budgeted(Reply(PAGE, fields=fields))
    purse.cost = 0.001
    first, _ = [site.get(accept=coding) for _ in range(2)]
    taken, counts = purse.seconds(), purse.responses()
    assert taken == pytest.approx(0.002)
    for step in [*STEPS, *reversed(STEPS)]:
        purse.reach(step)
        taken = purse.seconds()
        answer = site.get(accept=coding)
        assert answer.all_fields() == first.all_fields()
        assert answer.read() == compress(PAGE, coding)
        assert (purse.seconds(), purse.responses()) == (taken, counts)


def test_r102_once_levels_are_up_again_a_lower_one_is_not_sent(
    budgeted: Serve, purse: Purse
) -> None:
    site = budgeted(Reply(PAGE))
    purse.reach(2)
    for _ in range(3):
        assert site.get().read() == compress(PAGE, level=2)
    # While levels are low any will do.
    for step in (3, 4, 3, 2, 1):
        purse.reach(step)
        assert site.get().read() == compress(PAGE, level=2)
    low = purse.engine.stats().store
    purse.reach(0)
    for _ in range(2):
        assert site.get().read() == compress(PAGE, level=6)
    high = purse.engine.stats().store
    assert (low.entries, high.entries) == (1, 1)
    # The other one takes no room any more.
    assert high.nbytes - low.nbytes == len(compress(PAGE)) - len(compress(PAGE, level=2))
    purse.reach(4)
    assert site.get().read() == compress(PAGE, level=6)


@pytest.mark.sees("files")
def test_r102_files_are_kept_in_the_same_way(
    budgeted: Serve,
    purse: Purse,
    tmp_path: Path,
    door: Door,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pyfastgz.store.files.SETTLED_NS", -(10**9))
    path = tmp_path / "page.html"
    path.write_bytes(PAGE)
    site = budgeted(lambda asked: Reply(path, fields={"ETag": 'W/"a"'}))

    def get() -> Answer:
        full, head = site.get(), site.get(method="HEAD")
        if "stripped" in door.sees:
            assert head.coding == full.coding
            assert without_length(head) == without_length(full)
        # Otherwise nobody knows whether the file is kept.
        assert head.field("Content-Length") in {
            None,
            None if head.coding else full.field("Content-Length"),
        }
        return full

    purse.reach(4)
    assert get().body() == PAGE
    for step in (3, 4, 3, 2, 1):
        purse.reach(step)
        assert get().read() == compress(PAGE, level=1)
    for step in (0, 1, 2, 3, 4):
        purse.reach(step)
        assert get().read() == compress(PAGE, level=6)
    assert purse.responses() == (1, 0, 0, 1, 1)
    assert purse.engine.stats().store.entries == 1


@pytest.mark.sees("files")
@pytest.mark.parametrize("store_bytes", [0, 1 << 20])
def test_r102_a_file_with_a_strong_tag_has_one_level(
    budgeted: Serve,
    purse: Purse,
    tmp_path: Path,
    store_bytes: int,
) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(PAGE)
    site = budgeted(lambda asked: Reply(path, conditional=True), store_bytes=store_bytes)
    tags = []
    for step in STEPS:
        purse.reach(step)
        answer = site.get()
        tags.append(answer.tag)
        if step < 4:
            assert answer.coding == "gzip"
            assert answer.body() == PAGE
            raw = site.get().read()
            assert raw == (compress(PAGE, level=6) if store_bytes else site.get().read())
        elif store_bytes == 0:
            assert (answer.coding, answer.read()) == (None, PAGE)
            assert answer.tag is not None
            assert tags[0] == f'{answer.tag[:-1]}:gzip"'
    assert len(set(tags[:4])) == 1


# ---- What is not coded for want of time ----


def bodies() -> dict[str, Callable[[], Any]]:
    return {
        "whole": lambda: PAGE,
        "parts": lambda: [PAGE, PAGE],
        "long": lambda: page_of("long", LONG),
        "stream": lambda: iter([PAGE, PAGE]),
    }


@pytest.mark.parametrize("kind", bodies())
@pytest.mark.parametrize("fields", [{}, {"ETag": '"a"'}, {"ETag": 'W/"a"', "Vary": "Cookie"}])
def test_r103_it_varies_and_head_has_the_fields_of_get(
    budgeted: Serve, purse: Purse, kind: str, fields: dict[str, str]
) -> None:
    make = bodies()[kind]
    site = budgeted(lambda asked: Reply(make(), fields=fields), store_bytes=0)
    for step in STEPS:
        purse.reach(step)
        full, head = site.get(), site.get(method="HEAD")
        assert full.coding == (None if step == 4 else "gzip")
        vary = full.field("Vary")
        assert vary is not None
        assert "Accept-Encoding" in vary
        assert ("Cookie" in vary) == ("Vary" in fields)
        assert without_length(head) == without_length(full)
        assert head.field("Content-Length") in {None, full.field("Content-Length")}
        whole = make()
        expected = whole if isinstance(whole, bytes) else b"".join(whole)
        assert full.body() == expected
        assert head.read() == b""


def without_length(answer: Answer) -> list[tuple[str, str]]:
    return [line for line in answer.all_fields() if line[0] != "content-length"]


@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("path", ["/", "/stream"])
def test_r103_a_copy_that_a_client_has_is_still_current(
    budgeted: Serve, purse: Purse, conditional: bool, path: str
) -> None:
    def respond(asked: Asked) -> Reply:
        fields = {"ETag": '"a"', "Cache-Control": "max-age=60"}
        body: Any = iter([PAGE]) if asked.path == "/stream" and not conditional else PAGE
        return Reply(body, fields=fields, conditional=conditional)

    site = budgeted(respond)
    purse.reach(4)
    for listed in ('"a:gzip"', '"x", "a:gzip"'):
        answer = site.get(path, If_None_Match=listed)
        if path == "/" or conditional:
            assert (answer.status, answer.tag) == (304, '"a:gzip"')
            assert (answer.field("Vary"), answer.coding) == ("Accept-Encoding", None)
            assert answer.read() == b""
    plain = site.get(path)
    assert plain.body() == PAGE
    if path == "/" or conditional:
        again = site.get(path, If_None_Match=plain.tag or "")
        assert (again.status, again.tag) == (304, plain.tag)
        assert again.field("Vary") == plain.field("Vary")


def test_r103_other_conditions_are_judged_by_the_tag_that_is_sent(
    budgeted: Serve, purse: Purse
) -> None:
    site = budgeted(Reply(PAGE, fields={"ETag": '"a"'}), store_bytes=0)
    purse.reach(3)
    assert site.get(If_Match='"a:gzip"').status == 200
    purse.reach(4)
    for tag, status in (('"a"', 200), ('"a:gzip"', 412), ("*", 200)):
        answer = site.get(If_Match=tag)
        assert (answer.status, answer.field("Vary")) == (status, "Accept-Encoding")


def test_r103_a_range_of_bytes_without_a_coding_is_not_for_who_has_coded_ones(
    budgeted: Serve, purse: Purse, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(PAGE)
    site = budgeted(lambda asked: Reply(path, conditional=True), store_bytes=0)
    tag = site.get().tag
    assert tag is not None
    assert tag.endswith(':gzip"')
    purse.reach(4)
    plain = site.get()
    assert plain.coding is None
    for held in (tag, plain.field("Last-Modified") or ""):
        answer = site.get(Range="bytes=5-9", If_Range=held)
        assert (answer.status, answer.coding, answer.body()) == (200, None, PAGE)
    part = site.get(Range="bytes=5-9", If_Range=plain.tag or "")
    assert (part.status, part.coding, part.read()) == (206, None, PAGE[5:10])


# ---- Streams ----


def test_r104_a_stream_keeps_the_level_with_which_it_began(
    budgeted: Serve, serve: Serve, purse: Purse
) -> None:
    def respond(asked: Asked) -> Reply:
        return Reply(iter([PAGE] * 3))

    site = budgeted(respond, stream_flush_ms=float("inf"))
    for step, level in enumerate((6, 4, 2, 1)):
        purse.reach(step)
        stream = site.get()
        raw = stream.more()
        purse.reach(4)
        raw += stream.read()
        alone = serve(respond, level=level, stream_flush_ms=float("inf"))
        assert raw == alone.get().read()
        purse.reach(0)
    purse.reach(4)
    last = site.get()
    assert (last.coding, last.field("Vary")) == (None, "Accept-Encoding")
    assert last.read() == PAGE * 3
    assert purse.responses() == (1, 1, 1, 1, 1)


@pytest.mark.parametrize("nbytes", [300, LONG])
def test_r104_what_a_stream_takes_counts_as_it_goes(
    budgeted: Serve, purse: Purse, nbytes: int
) -> None:
    chunk = page_of("chunk", nbytes)
    source = Source(*[chunk] * 4, in_step=True)
    site = budgeted(
        lambda asked: Reply(source, content_type="text/event-stream"),
        extra_mimetypes="text/event-stream",
    )
    purse.cost = purse.most / 100
    stream = site.get()
    raw, seconds = b"", []
    while piece := stream.more():
        raw += piece
        if decoded_part(stream.coding, raw) == chunk * source.pulled:
            seconds.append(purse.seconds())
            source.acknowledge()
    assert decoded("gzip", raw) == chunk * 4
    # And once more for the end.
    assert len(seconds) in {4, 5}
    assert all(before < after for before, after in pairwise(seconds))


def test_r104_a_stream_with_a_strong_tag_keeps_its_bytes(budgeted: Serve, purse: Purse) -> None:
    def chunks() -> Iterator[bytes]:
        yield from [PAGE] * 3

    site = budgeted(lambda asked: Reply(chunks(), fields={"ETag": '"a"'}))
    found = set()
    for step in STEPS:
        purse.reach(step)
        answer = site.get()
        found.add((answer.tag, answer.coding, answer.read()))
    assert len(found) == 2
    assert ('"a"', None, PAGE * 3) in found


# ---- Who takes nothing else ----


@pytest.mark.parametrize("coding", CODINGS)
def test_r105_who_refuses_a_body_without_a_coding_gets_it_at_the_last_step(
    budgeted: Serve, purse: Purse, coding: str
) -> None:
    site = budgeted(
        lambda asked: Reply(
            page_of(asked.query),
            fields={"ETag": '"a"'} if asked.path == "/tagged" else {},
        ),
        store_bytes=0,
    )
    accept = f"{coding}, identity;q=0"
    highest, *_, fastest, _ = LEVELS[coding]
    assert highest is not None
    assert fastest is not None
    purse.reach(3)
    assert site.get("/?a", accept).read() == coded(page_of("a"), coding, fastest)
    tagged = site.get("/tagged?a", accept)
    assert (tagged.tag, tagged.read()) == (
        f'"a:{coding}"',
        coded(page_of("a"), coding, highest),
    )
    purse.reach(4)
    taken = purse.seconds()
    for path, tag in (("/?a", None), ("/tagged?a", '"a"')):
        answer = site.get(path, accept)
        assert (answer.coding, answer.tag, answer.read()) == (None, tag, page_of("a"))
    assert purse.seconds() == taken


# ---- Dictionaries ----

LAYOUT = "".join(
    f'<div class="c{n}"><a href="/{n * 37 % 91}">{n}</a></div>\n' for n in range(200)
)
CHROMIUM = "gzip, deflate, br, zstd, dcb, dcz"
HAS = {"Available_Dictionary": available(hashlib.sha256(LAYOUT.encode()).hexdigest())}


def nobody_waits() -> None:
    pytest.fail("the folder is in use")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a folder with a dictionary for pages."""
    monkeypatch.setattr("pyfastgz.store.files.SETTLED_NS", -(10**9))
    monkeypatch.setattr("pyfastgz.static.siblings.LOOK_SECONDS", 0.0)
    monkeypatch.setattr("pyfastgz.store.dictionaries.LOOK_SECONDS", 0.0)
    path = str(tmp_path / "dictionaries")
    with opened(path, nobody_waits) as work:
        work.put(LAYOUT.encode(), About("pages", "site", "/*", ("document",)))
    return path


@pytest.mark.parametrize("etag", [None, '"a"'])
def test_r100_r101_r102_bodies_with_a_dictionary(
    budgeted: Serve, purse: Purse, folder: str, etag: str | None
) -> None:
    dictionary = Dictionary(LAYOUT.encode())

    def body_of(query: str) -> bytes:
        return f"{LAYOUT}<p>{query}, which is on this page alone</p>\n".encode()

    def respond(asked: Asked) -> Reply:
        return Reply(body_of(asked.query), fields={} if etag is None else {"ETag": etag})

    site = budgeted(respond, dictionaries=folder, zstd_level=9)
    levels = [9, 6, 3, 1] if etag is None else [9] * 4
    for step, level in enumerate(levels):
        purse.reach(step)
        body = body_of(f"step{step}")
        for _ in range(4):  # new, seen before, kept, looked up
            answer = site.get(f"/?step{step}", CHROMIUM, **HAS)
            assert answer.field("Vary") == "Accept-Encoding, Available-Dictionary"
            assert answer.read() == compress(body, "dcz", level=level, dictionary=dictionary)
    counts = purse.responses()
    purse.reach(4)
    for step, level in enumerate(levels):
        kept = site.get(f"/?step{step}", CHROMIUM, **HAS)
        body = body_of(f"step{step}")
        assert kept.read() == compress(body, "dcz", level=level, dictionary=dictionary)
    assert purse.responses() == counts == (2, 2, 2, 2, 0)
    plain = site.get("/?late", CHROMIUM, **HAS)
    assert (plain.coding, plain.tag, plain.read()) == (None, etag, body_of("late"))
    assert plain.field("Vary") == "Accept-Encoding, Available-Dictionary"
    # Both ways of coding it were one response.
    assert purse.responses() == (2, 2, 2, 2, 1)


def test_r102_without_the_dictionary_it_may_be_kept(
    budgeted: Serve, purse: Purse, folder: str
) -> None:
    page = f"{LAYOUT}<p>What is on this page alone</p>\n"
    site = budgeted(Reply(page), dictionaries=folder)
    for _ in range(2):
        site.get(accept=CHROMIUM).read()
    purse.reach(4)
    answer = site.get(accept=CHROMIUM, **HAS)
    assert (answer.coding, answer.body()) == ("zstd", page.encode())


@pytest.mark.sees("files")
def test_r102_what_lies_ready_is_always_sent(
    budgeted: Serve, purse: Purse, folder: str, tmp_path: Path, door: Door
) -> None:
    script = b"".join(b"function f%d() { return %d; }\n" % (n, n * n) for n in range(900))
    after = script.replace(b"f77()", b"f77b()")
    hashes = [hashlib.sha256(each).hexdigest() for each in (script, after)]
    ready = compress(after, "dcz", level=19, dictionary=Dictionary(script))
    sibling = compress(after, "br", level=11)
    root = tmp_path / "static"
    root.mkdir()
    path = root / "app.js"
    path.write_bytes(after)
    (root / "app.js.br").write_bytes(sibling)
    files = {"br": SiblingFile("app.js.br", len(sibling), hashlib.sha256(sibling).hexdigest())}
    source = SourceFile(len(after), path.stat().st_mtime_ns, hashes[1], files)
    write_manifest(root, Manifest({"app.js": source}))
    with opened(folder, nobody_waits) as work:
        for content in (script, after):
            work.put(content, About("file", "/static/app.js"))
        work.put_difference((hashes[1], hashes[0]), ready)
    site = budgeted(
        lambda asked: Reply(path, content_type="text/javascript", conditional=True),
        dictionaries=folder,
    )
    purse.reach(4)
    for method in ("GET", "HEAD") if "stripped" in door.sees else ("GET",):
        answer = site.get("/app.js", "br, gzip", method)
        assert (answer.coding, answer.field("Content-Length")) == ("br", f"{len(sibling)}")
        has = {"Available_Dictionary": available(hashes[0])}
        answer = site.get("/app.js", CHROMIUM, method, **has)
        assert answer.coding == "dcz"
        assert answer.read() == (ready if method == "GET" else b"")
        plain = site.get("/app.js", "gzip", method)
        assert (plain.coding, plain.field("Content-Length")) == (None, f"{len(after)}")
        assert plain.body() == (after if method == "GET" else b"")


@pytest.mark.sees("files")
@pytest.mark.parametrize("store_bytes", [0, 1 << 20])
def test_r100_files_with_a_dictionary(  # noqa: PLR0917
    budgeted: Serve, purse: Purse, folder: str, tmp_path: Path, door: Door, store_bytes: int
) -> None:
    script = b"".join(b"function f%d() { return %d; }\n" % (n, n * n) for n in range(900))
    after = script.replace(b"f77()", b"f77b()")
    path = tmp_path / "app.js"
    path.write_bytes(after)
    with opened(folder, nobody_waits) as work:
        for content in (script, after):
            work.put(content, About("file", "/static/app.js"))
    site = budgeted(
        lambda asked: Reply(path, content_type="text/javascript", fields={"ETag": 'W/"a"'}),
        dictionaries=folder,
        store_bytes=store_bytes,
        zstd_level=9,
    )
    has = {"Available_Dictionary": available(hashlib.sha256(script).hexdigest())}

    def get() -> Answer:
        answer = site.get("/app.js", CHROMIUM, **has)
        if "stripped" in door.sees:
            head = site.get("/app.js", CHROMIUM, "HEAD", **has)
            assert without_length(head) == without_length(answer)
        return answer

    purse.reach(4)
    plain = get()
    assert (plain.coding, plain.body()) == (None, after)
    purse.reach(3)
    low = get()
    assert low.coding == "dcz"
    raw = low.read()
    if store_bytes:
        assert raw == compress(after, "dcz", level=1, dictionary=Dictionary(script))
        purse.reach(4)
        assert get().read() == raw
        purse.reach(0)
        high = get().read()
        assert high == compress(after, "dcz", level=9, dictionary=Dictionary(script))
        purse.reach(4)
        assert get().read() == high
