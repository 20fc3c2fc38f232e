"""Noise that hides how long compressed bodies are (R90 to R94), through every door."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asking import CODINGS
from asking import Answer
from asking import Site
from described import Asked
from described import Reply

from pyfastgz import Compress
from pyfastgz import ConfigurationError
from pyfastgz import asgi
from pyfastgz import wsgi

Serve = Callable[..., Site]

KEY = "a secret"
OPTION = " set length_noise_key"
FILE = "<p>in a file</p>\n" * 100
TAGGED = {"ETag": '"t"', "Accept-Ranges": "bytes"}


def page(asked: Asked) -> str:
    """A body that has what the query says."""
    return f"<p>no results for {asked.query}</p>\n" * 50


def reflect(asked: Asked) -> Reply:
    return Reply(page(asked), fields=TAGGED)


@pytest.fixture(name="hidden")
def serve_hidden(serve: Serve) -> Serve:
    """Serve with noise in every response, unless told otherwise."""

    def open_site(answers: Any, **options: Any) -> Site:
        return serve(answers, **{"length_noise": 64, "length_noise_key": KEY, **options})

    return open_site


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text(FILE)
    return path


def noise(answer: Answer) -> str:
    value = answer.field("X-Noise")
    assert value is not None
    return value


def count(answer: Answer) -> int:
    """How many letters an answer has, which is read."""
    assert answer.coding is not None
    answer.body()
    return len(noise(answer))


@pytest.mark.parametrize("coding", CODINGS)
def test_r90_as_many_letters_for_the_same_bytes(hidden: Serve, coding: str) -> None:
    site = hidden(reflect)
    for query in ("lamps", "tables", "chairs"):
        counts = {
            count(site.get(f"{path}?{query}", coding, method))
            for path in ("/", "/other")
            for method in ("GET", "POST")
            for _ in range(4)  # new, seen before, kept
        }
        assert len(counts) == 1


def test_r90_every_number_of_letters_is_there_and_none_is_seldom(hidden: Serve) -> None:
    site = hidden(reflect, length_noise=3)
    counts = [count(site.get(f"/?{number}")) for number in range(200)]
    assert set(counts) == {0, 1, 2, 3}
    # Of 200 there are 50 of each, give or take four standard deviations.
    assert all(25 < counts.count(number) < 75 for number in range(4))


def test_r90_the_key_and_the_coding_make_a_difference(hidden: Serve) -> None:
    queries = [f"/?{number}" for number in range(20)]
    sites = [hidden(reflect, length_noise_key=key) for key in (KEY, KEY.encode(), "another")]
    one, as_bytes, another = ([count(site.get(query)) for query in queries] for site in sites)
    assert one == as_bytes
    assert one != another
    assert one != [count(sites[0].get(query, "zstd")) for query in queries]


def test_r90_kept_bodies_have_it_as_new_ones(hidden: Serve) -> None:
    kept, made = hidden(reflect), hidden(reflect, store_bytes=0)
    for query in ("/?a", "/?b", "/?c"):
        first = count(made.get(query))
        assert [count(kept.get(query)) for _ in range(4)] == [first] * 4


def test_r90_strong_tags_stay_strong(hidden: Serve) -> None:
    site = hidden(reflect)
    answers = [site.get() for _ in range(3)]
    assert {answer.tag for answer in answers} == {'"t:gzip"'}
    assert len({answer.read() for answer in answers}) == 1


def test_r90_vary_stays(hidden: Serve) -> None:
    assert hidden(reflect).get().field("Vary") == "Accept-Encoding"


def test_r90_a_field_of_the_application_is_replaced(hidden: Serve) -> None:
    reply = Reply(FILE, fields={"X-Noise": "of its own"})
    assert count(hidden(reply, length_noise=4).get()) <= 4


def test_r91_the_letters_are_new_each_time(hidden: Serve) -> None:
    site = hidden(reflect, length_noise=1024)
    answers = [site.get() for _ in range(5)]
    values = {noise(answer) for answer in answers}
    assert len(values) == 5
    assert all(value.isascii() and value.isalpha() for value in values)


@pytest.mark.parametrize(
    ("accept", "asked"),
    [
        (None, {}),
        ("gzip;q=0", {}),
        ("lzma, identity;q=0", {}),
        ("gzip", {"If_None_Match": '"t:gzip"'}),
        ("gzip", {"If_Match": '"other"'}),
    ],
)
def test_r92_what_is_not_compressed_has_none(
    hidden: Serve, accept: str | None, asked: dict[str, str]
) -> None:
    answer = hidden(reflect, not_acceptable=True).get(accept=accept, **asked)
    assert (answer.coding, answer.field("X-Noise")) == (None, None)


@pytest.mark.parametrize(
    ("reply", "settings"),
    [
        (Reply("short"), {}),
        (Reply(FILE, 404), {}),
        (Reply(FILE, content_type="image/png"), {}),
        (Reply(FILE, fields={"Cache-Control": "no-transform"}), {}),
        (Reply("".join(map(chr, range(32, 127))) * 2, fields=TAGGED), {"min_size": 191}),
    ],
)
def test_r92_what_is_left_alone_has_none(
    hidden: Serve, reply: Reply, settings: dict[str, Any]
) -> None:
    answer = hidden(reply, **settings).get()
    assert (answer.coding, answer.field("X-Noise")) == (None, None)


def test_r92_errors_that_are_compressed_have_it(hidden: Serve) -> None:
    count(hidden(Reply(FILE, 404), errors=True).get())


@pytest.mark.parametrize("asked", [{}, {"Range": "bytes=0-9"}])
def test_r92_parts_have_none(hidden: Serve, asked: dict[str, str]) -> None:
    reply = Reply(FILE[:10], 206, {"Content-Range": f"bytes 0-9/{len(FILE)}"})
    answer = hidden(reply).get(**asked)
    assert (answer.status, answer.coding, answer.field("X-Noise")) == (206, None, None)


def test_r92_head_has_as_much_as_get_or_none(hidden: Serve) -> None:
    site = hidden(reflect)
    for query in ("/?a", "/?b", "/?c"):
        head, full = site.get(query, method="HEAD"), site.get(query)
        letters = head.field("X-Noise")
        assert head.coding == full.coding == "gzip"
        assert letters is None or len(letters) == count(full)
        assert head.read() == b""


def test_r92_streams_have_none(hidden: Serve) -> None:
    answer = hidden(lambda asked: Reply(iter([FILE]))).get()
    assert (answer.coding, answer.field("X-Noise")) == ("gzip", None)
    assert answer.body() == FILE.encode()


@pytest.mark.sees("files")
def test_r92_files_have_none(hidden: Serve, path: Path) -> None:
    site = hidden(Reply(path, conditional=True))
    for _ in range(3):
        answer = site.get()
        assert (answer.coding, answer.field("X-Noise")) == ("gzip", None)
        assert answer.body() == FILE.encode()


@pytest.mark.parametrize("setting", [0, 2])
def test_r93_a_view_has_noise_of_its_own(serve: Serve, setting: int) -> None:
    site = serve(
        reflect, length_noise=setting, length_noise_key=KEY, own_length_noise=64, own_level=9
    )
    counts = {count(site.get(f"/?{number}")) for number in range(20)}
    assert 2 < max(counts) <= 64
    assert len(counts) > 5


def ask_thrice(compressed: Callable[..., None], place: Any) -> None:
    """Ask for noise, and then for what says nothing of it."""
    compressed(place, length_noise=64)
    compressed(place, level=9)
    compressed(place, codings="gzip")


def test_r93_noise_that_was_asked_for_stays_in_wsgi() -> None:
    environ: dict[str, Any] = {"wsgi.input": BytesIO()}
    ask_thrice(wsgi.compressed, environ)
    _, wishes = environ.values()
    assert (wishes.length_noise, wishes.codings) == (64, ("gzip",))
    wsgi.compressed(environ, length_noise=0)
    _, wishes = environ.values()
    assert (wishes.length_noise, wishes.codings) == (0, None)


def test_r93_noise_that_was_asked_for_stays_in_asgi() -> None:
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        ask_thrice(asgi.compressed, scope)
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": FILE.encode()})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/"}
    scope["headers"] = [(b"accept-encoding", b"zstd, gzip")]  # type: ignore[assignment]
    site = asgi.CompressMiddleware(app, length_noise_key=KEY)
    asyncio.run(site(scope, None, send))
    fields = dict(sent[0]["headers"])
    assert fields[b"content-encoding"] == b"gzip"
    assert len(fields[b"x-noise"]) <= 64


def test_r93_a_view_has_none_if_it_says_so(hidden: Serve) -> None:
    answer = hidden(reflect, own_length_noise=0).get()
    assert (answer.coding, answer.field("X-Noise")) == ("gzip", None)
    assert answer.body()


def test_r93_a_view_that_is_exempt_needs_none(hidden: Serve) -> None:
    answer = hidden(reflect, exempt=True).get()
    assert (answer.coding, answer.field("X-Noise")) == (None, None)


@pytest.mark.parametrize("accept", ["gzip", "zstd", None, "gzip, identity;q=0"])
def test_r93_a_stream_that_it_is_asked_for_is_not_compressed(
    serve: Serve, accept: str | None
) -> None:
    site = serve(lambda asked: Reply(iter([FILE])), own_length_noise=64, length_noise_key=KEY)
    answer = site.get(accept=accept)
    assert (answer.coding, answer.field("X-Noise")) == (None, None)
    assert answer.read() == FILE.encode()


@pytest.mark.sees("files")
@pytest.mark.parametrize("asked", [{}, {"Range": "bytes=0-9"}])
def test_r93_a_file_that_it_is_asked_for_is_not_compressed(
    serve: Serve, path: Path, asked: dict[str, str]
) -> None:
    site = serve(Reply(path, conditional=True), own_length_noise=64, length_noise_key=KEY)
    tag = site.get().tag
    assert tag is not None
    answer = site.get(**asked)
    assert (answer.coding, answer.field("X-Noise"), answer.tag) == (None, None, tag)
    assert answer.read() == FILE.encode()[: 10 if asked else None]
    assert site.get(If_None_Match=tag).status == 304


@pytest.mark.parametrize("wish", [-1, 1025, 1.5, "64", True])
def test_r93_a_view_must_ask_for_a_number_of_letters(wish: Any) -> None:
    for ask in (
        lambda: Compress().compressed(length_noise=wish),
        lambda: wsgi.compressed({}, length_noise=wish),
        lambda: asgi.compressed({}, length_noise=wish),
    ):
        with pytest.raises(ConfigurationError, match=r"length_noise is .* from 0 to 1024"):
            ask()


def test_r94_noise_for_all_needs_a_secret_at_the_start(serve: Serve) -> None:
    with pytest.raises(ConfigurationError, match="needs a secret") as failure:
        serve(reflect, length_noise=1)
    assert str(failure.value).endswith((" SECRET_KEY or COMPRESS_LENGTH_NOISE_KEY", OPTION))


def test_r94_without_a_secret_the_view_that_asks_is_not_compressed(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    site = serve(reflect, own_length_noise=64)
    for _ in range(3):
        answer = site.get("/?lamps")
        assert (answer.coding, answer.field("X-Noise")) == (None, None)
        assert answer.field("Vary") == "Accept-Encoding"
        assert answer.read() == page(Asked("GET", "/", "lamps", {}, bytes)).encode()
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info
    assert "length noise needs a secret" in str(record.exc_info[1])
    # The fixture would take it for a failure.
    caplog.clear()


@pytest.mark.parametrize("key", ["", b"", 5, ["a", "b"], bytearray(b"lamp")])
def test_r94_what_is_no_secret_is_not_shown(serve: Serve, key: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"(?i)length_noise_key is ") as failure:
        serve(reflect, length_noise=1, length_noise_key=key)
    assert "lamp" not in str(failure.value)
