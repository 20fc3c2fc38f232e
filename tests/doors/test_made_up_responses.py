"""Responses and requests that nobody would think of, each with and without the extension (R49).

``MADE_UP_RESPONSES=100000 pytest tests/doors/test_made_up_responses.py`` tries as many as that.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import event
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from made_up import METHODS
from made_up import Recipe
from made_up import Sent
from made_up import ask
from made_up import configurations
from made_up import make_app
from made_up import recipes
from made_up import request_fields

from pyfastgz import Compress
from pyfastgz.border import bordered
from pyfastgz.http.fields import OF_THE_REPRESENTATION
from pyfastgz.http.fields import whole_number

EXAMPLES = int(os.environ.get("MADE_UP_RESPONSES", "1000"))
OURS = OF_THE_REPRESENTATION | {
    "content-encoding",
    "content-range",
    "date",
    "server-timing",
    "vary",
}


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(recipes, st.tuples(st.sampled_from(METHODS), request_fields), configurations)
def test_r49_the_hook_never_raises_and_never_spoils_a_body(
    decode_body: Callable[[str, bytes], bytes],
    caplog: pytest.LogCaptureFixture,
    recipe: Recipe,
    asked: tuple[str, dict[str, str]],
    configuration: dict[str, Any],
) -> None:
    caplog.clear()
    method, fields = asked
    app = make_app(recipe)
    app.config.update(configuration)
    Compress(app)
    bare = make_app(recipe)
    unconditional = {name: fields[name] for name in fields.keys() & {"Accept-Encoding"}}
    whole = ask(bare, method, unconditional)
    # Of the extension it has the border alone, so that it sees the same conditions.
    bare.wsgi_app = bordered(bare.wsgi_app, lambda: app.extensions["pyfastgz"])  # type: ignore[method-assign,assignment]
    plain = ask(bare, method, fields)
    ours = ask(app, method, fields)
    for record in caplog.records:
        assert "could not be looked at" not in record.getMessage()
    if plain is None or whole is None:
        event("nobody can send it")
        return
    if ours is None:
        # R40: it ended before the length that was declared for it.
        lengths = [value for name, value in recipe.fields if name.lower() == "content-length"]
        nbytes = sum(map(len, recipe.pieces))
        assert any((whole_number(value) or 0) > nbytes for value in lengths)
        event("it broke off")
        return
    event(f"{plain.status} {ours.status} {ours.headers.get('Content-Encoding')}")
    check(recipe, method, (plain, whole), ours, decode_body)


def check(
    recipe: Recipe,
    method: str,
    without: tuple[Sent, Sent],
    ours: Sent,
    decode: Callable[[str, bytes], bytes],
) -> None:
    """Compare an answer with those of the same application without the extension.

    :param without: its answers to the same request, and to one without conditions and ranges.
    """
    plain, whole = without
    body = ours.body
    if ours.headers.get("Content-Encoding") != plain.headers.get("Content-Encoding"):
        coding = ours.headers["Content-Encoding"]
        assert coding in {"gzip", "deflate", "br", "zstd"}
        # The application's own lines may be several.
        vary = ", ".join(ours.headers.getlist("Vary")).lower()
        assert "accept-encoding" in vary or "*" in vary
        if method != "HEAD":
            length = ours.headers.get("Content-Length")
            assert length is None or int(length) == len(body)
            body = decode(coding, body)

    expected = plain
    if ours.status == plain.status:
        assert body == plain.body
        assert ours.headers.get("Content-Range") == plain.headers.get("Content-Range")
    elif ours.status in {304, 406, 412}:
        assert 200 <= whole.status < 300
        assert len(ours.body) < 100
        assert ours.status != 304 or ours.body == b""
    else:
        # The application took the conditions for others, or the range for one of these bytes.
        assert plain.status in {206, 304, 412, 416}
        # One that is a 304 whatever is asked has a body that it never shows.
        shown = whole.status != 304 or method == "HEAD"
        assert body == (whole.body if shown else recipe._replace(shape="bytes").body())
        assert ours.status == (200 if whole.status == 304 else whole.status)
        expected = whole

    kept = [line for line in expected.headers if line[0].lower() not in OURS]
    assert [line for line in ours.headers if line[0].lower() not in OURS] == kept
