"""What is looked up is what is planned: the short way of plain exchanges against the long one.

``MADE_UP_RESPONSES=100000 pytest tests/doors/test_plain.py`` tries as many as that.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from collections.abc import Iterator
from math import inf
from typing import Any
from typing import NamedTuple

import pytest
from flask import Config
from flask import Flask
from flask import Response
from flask import request
from hypothesis import event
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from made_up import DATES
from made_up import METHODS
from made_up import Recipe
from made_up import Sent
from made_up import ask
from made_up import configurations
from made_up import make_app
from made_up import pieces
from made_up import recipes
from made_up import request_fields
from made_up import usual_accepts
from werkzeug.datastructures import Headers

from pyfastgz import Compress
from pyfastgz import Outcome
from pyfastgz import SkipReason
from pyfastgz import response_compressed

Get = Callable[..., Any]
EXAMPLES = int(os.environ.get("MADE_UP_RESPONSES", "1000"))
BODY = "<p>looked up</p>\n" * 100

# What is plain but for one thing or two is where the ways could part.
SPOILERS = [
    ("Accept-Ranges", "bytes"),
    ("Cache-Control", "no-transform"),
    ("Content-Encoding", "gzip"),
    ("Content-Length", "5"),
    ("Content-Range", "bytes 0-9/10"),
    ("Content-Type", "image/png"),
    ("Content-Type", "text/html"),
    ("Digest", "of the page"),
    ("ETag", '"t"'),
    ("ETag", '"t:gzip"'),
    ("Last-Modified", DATES[0]),
    ("Set-Cookie", "a=b"),
    ("Upgrade", "other"),
    ("Vary", "Cookie"),
    ("X-Accel-Redirect", "/file"),
    ("X-Sendfile", "/file"),
]
CONDITIONS = [
    {},
    {"If-Match": '"t"'},
    {"If-Match": "*"},
    {"If-None-Match": '"t"'},
    {"If-None-Match": '"t:gzip"'},
    {"If-Modified-Since": DATES[1]},
    {"If-Unmodified-Since": DATES[0]},
    {"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"},
    {"If-Range": '"t"', "Range": "bytes=0-9"},
]


class LongWay(Compress):
    """Has a hook of its own, so that nothing is looked up."""

    def after_request(self, response: Response | None) -> Response:
        return super().after_request(response)


class Seen(NamedTuple):
    """What became of one request."""

    sent: tuple[int, list[tuple[str, str]], bytes] | None
    outcomes: list[Outcome]


class Lines(Response):
    """Makes bytes of its chunks in a way of its own."""

    def iter_encoded(self) -> Iterator[bytes]:
        for item in super().iter_encoded():
            yield item
            yield b"\n"


class Signed(Response):
    """Sends its body in a way of its own."""

    def get_app_iter(self, environ: Any) -> Iterator[bytes]:
        yield from super().get_app_iter(environ)
        yield b"signed"


def plays(
    compress: Compress, recipe: Recipe, asked: list[tuple[str, dict[str, str]]], app: Flask
) -> list[Seen]:
    """Return what an application answers, one request after the other."""
    outcomes: list[Outcome] = []

    def receive(sender: Flask, response: Response, outcome: Outcome) -> None:
        outcomes.append(outcome._replace(seconds=0.0))

    compress.init_app(app)
    seen = []
    with response_compressed.connected_to(receive, sender=app):
        for method, fields in asked:
            outcomes.clear()
            seen.append(Seen(timeless(ask(app, method, fields)), [*outcomes]))
    return seen


def timeless(sent: Sent | None) -> tuple[int, list[tuple[str, str]], bytes] | None:
    """Return what was sent without what tells when, and how long it took."""
    if sent is None:
        return None
    lines = [
        (name, re.sub(r"dur=[0-9.]+", "dur=", value))
        for name, value in sent.headers
        if name.lower() != "date"
    ]
    return sent.status, lines, sent.body


plain_recipes = st.builds(
    Recipe,
    shape=st.sampled_from(["list", "bytes"]),
    pieces=st.lists(pieces, min_size=1, max_size=1),
    headers=st.just("Headers"),
    fields=st.lists(st.sampled_from(SPOILERS), max_size=2),
    status=st.sampled_from([200, 200, 200, 200, 201, 206, 304, 404]),
    passthrough=st.booleans(),
    conditional=st.just(False),
    has_ranges=st.just(False),
)
plain_requests = st.fixed_dictionaries(
    {"Accept-Encoding": usual_accepts | st.sampled_from(["*;q=0", "identity;q=0", "gzip;q=0"])},
    optional={
        "If-Modified-Since": st.sampled_from(DATES[:2]),
        "If-None-Match": st.sampled_from(['"t"', '"t:gzip"']),
    },
)
plain_configurations = st.fixed_dictionaries(
    {}, optional={"COMPRESS_NOT_ACCEPTABLE": st.booleans(), "COMPRESS_ERRORS": st.booleans()}
)
kinds = st.sampled_from([Response, Response, Response, Lines, Signed])
predicates = st.sampled_from([None, None, None, lambda *_: True, lambda *_: False])
wishes = st.sampled_from(
    [
        lambda compress: lambda view: view,
        lambda compress: lambda view: view,
        lambda compress: compress.exempt,
        lambda compress: compress.compressed(level=1, codings="br, gzip"),
    ]
)


@settings(max_examples=EXAMPLES)
@given(
    plain_recipes | recipes,
    st.lists(
        st.tuples(st.just("GET") | st.sampled_from(METHODS), plain_requests | request_fields),
        min_size=1,
        max_size=4,
    ),
    st.tuples(plain_configurations | configurations, predicates),
    st.tuples(kinds, wishes),
)
def test_what_is_looked_up_is_what_is_planned(
    recipe: Recipe,
    asked: list[tuple[str, dict[str, str]]],
    configuration: tuple[dict[str, Any], Any],
    view: tuple[type[Response], Callable[[Compress], Callable[[Any], Any]]],
) -> None:
    # What one request teaches, the next one finds.
    asked += asked
    ways: list[Compress] = [Compress(), LongWay()]
    seen = []
    for compress in ways:
        app = make_app(recipe)
        app.response_class, mark = view
        app.view_functions = {
            name: mark(compress)(function) for name, function in app.view_functions.items()
        }
        app.config.update(configuration[0], COMPRESS_PREDICATE=configuration[1])
        # When streams are flushed must not depend on how busy the machine is.
        app.config["COMPRESS_STREAM_FLUSH_MS"] = inf
        seen.append(plays(compress, recipe, asked, app))
    assert seen[0] == seen[1]
    for one in seen[0]:
        event(str(one.outcomes and (one.outcomes[0].coding or one.outcomes[0].reason)))
    stats = [compress.stats() for compress in ways]
    assert stats[0].skipped == stats[1].skipped
    assert stats[0].codings.keys() == stats[1].codings.keys()
    for coding, sums in stats[0].codings.items():
        assert sums[:3] == stats[1].codings[coding][:3]


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"COMPRESS_ERRORS": True, "COMPRESS_NOT_ACCEPTABLE": True},
        {"COMPRESS_ALGORITHM": "auto", "COMPRESS_AUTO_SIZE": len(BODY) + 1},
        {"COMPRESS_SERVER_TIMING": True},
    ],
    ids=str,
)
def test_one_thing_that_is_not_plain(configuration: dict[str, Any]) -> None:
    spoiled = [[], *([one] for one in SPOILERS)]
    validators = [one for one in SPOILERS if one[0] in {"ETag", "Last-Modified"}]
    spoiled += [[one, other] for one in SPOILERS for other in validators]
    asked = [
        ("GET", {"Accept-Encoding": accept, **condition})
        for accept in ("gzip", "*;q=0", "identity, gzip;q=0")
        for condition in CONDITIONS
    ]
    made: tuple[int, list[tuple[str, str]]] = 200, []
    ways: list[Compress] = [Compress(), LongWay()]
    apps = []
    for compress in ways:
        app = Flask("spoiled")
        app.config.update(configuration)
        app.add_url_rule("/", view_func=lambda: Response(BODY, made[0], Headers(made[1])))
        compress.init_app(app)
        apps.append(app)
    for status in (200, 304, 404):
        for fields in spoiled:
            made = status, [("Content-Type", "text/html"), *fields]
            for method, conditions in asked:
                sent = [timeless(ask(app, method, conditions)) for app in apps]
                assert sent[0] == sent[1], (made, conditions)
    assert ways[0].stats().skipped == ways[1].stats().skipped


@pytest.mark.parametrize("kind", [Compress, LongWay])
def test_lines_of_content_type_count_together(
    app: Flask, get: Get, kind: type[Compress]
) -> None:
    app.config["COMPRESS_MIMETYPES"] = ["text/x"]
    kind(app)

    @app.get("/<first>/<second>")
    def view(first: str, second: str) -> Response:
        response = Response(BODY, mimetype=f"{first}/x; q=1")
        response.headers.add("Content-Type", f"{second}/x")
        return response

    for _ in range(2):
        assert get("/text/image").field("Content-Encoding") == "gzip"
        assert get("/image/text").field("Content-Encoding") is None


@pytest.mark.parametrize("kind", [Compress, LongWay])
def test_what_was_looked_at_by_hand_is_counted_once(
    app: Flask, get: Get, kind: type[Compress]
) -> None:
    app.config["COMPRESS_MIMETYPES"] = ["text/html"]
    app.config["COMPRESS_NOT_ACCEPTABLE"] = True
    compress = kind(app)
    app.add_url_rule("/", view_func=lambda: compress.after_request(Response(BODY)))
    for count in (1, 2):
        # The refusal is of a type that is not compressed.
        assert get(accept="*;q=0").status == 406
        assert compress.stats().skipped == {SkipReason.NOT_ACCEPTABLE: count}


@pytest.mark.parametrize("kind", [Compress, LongWay])
def test_r34_tags_of_what_is_never_compressed_are_remembered(
    app: Flask, get: Get, kind: type[Compress]
) -> None:
    kind(app)

    @app.get("/")
    def picture() -> Response:
        response = Response(BODY, mimetype="image/png", headers={"ETag": '"t:gzip"'})
        response.make_conditional(request)
        return response

    assert get().field("ETag") == '"t:gzip"'
    assert get(If_None_Match='"t:gzip"').status == 304


@pytest.mark.parametrize("kind", [Compress, LongWay])
def test_r48_a_304_for_what_is_never_compressed_has_the_tag_that_was_sent(
    app: Flask, get: Get, kind: type[Compress]
) -> None:
    kind(app)
    app.add_url_rule("/", view_func=lambda: Response(status=304, mimetype="image/png"))
    assert get(If_None_Match='"t:gzip"').field("ETag") == '"t:gzip"'


class Tenants(Config):
    """Looks into the settings of a tenant first."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.tenant: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        return self.tenant[key] if key in self.tenant else super().__getitem__(key)


@pytest.mark.parametrize("kind", [Compress, LongWay])
def test_c2_a_setting_that_is_looked_up_elsewhere_is_followed(
    get: Get, kind: type[Compress]
) -> None:
    class Shop(Flask):
        config_class: type[Config] = Tenants

    app = Shop(__name__)
    assert isinstance(app.config, Tenants)
    tenant = app.config.tenant
    kind(app)
    app.add_url_rule("/", view_func=lambda: BODY[:300])
    for min_size in (301, 300, 301, 0):
        tenant["COMPRESS_MIN_SIZE"] = min_size
        for _ in range(2):
            exchange = get(to=app)
            assert (exchange.field("Content-Encoding") == "gzip") is (min_size <= 300)
    tenant.clear()
    assert get(to=app).field("Content-Encoding") is None
