"""RFC 9842's fields: which dictionary there is for a response, and what says that it is one."""

from __future__ import annotations

from base64 import b64encode
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz.http.dictionaries import Asked
from pyfastgz.http.dictionaries import announced
from pyfastgz.http.dictionaries import depends_on_origin
from pyfastgz.http.dictionaries import is_kept_fresh
from pyfastgz.http.dictionaries import link_to
from pyfastgz.http.dictionaries import may_read
from pyfastgz.http.dictionaries import usable
from pyfastgz.http.dictionaries import use_as_dictionary

DIGEST = bytes(range(200, 232))
HASH = DIGEST.hex()
AVAILABLE = f":{b64encode(DIGEST).decode()}:"


class Known(NamedTuple):
    sha256: str


KNOWN = {HASH: Known(HASH)}


@pytest.mark.parametrize("field", [AVAILABLE, f" {AVAILABLE}\t"])
def test_r60_available_dictionary_is_a_byte_sequence(field: str) -> None:
    assert announced(field) == HASH


@pytest.mark.parametrize(
    "field",
    [
        "",
        "::",
        AVAILABLE.strip(":"),
        AVAILABLE[1:],
        AVAILABLE[:-1],
        AVAILABLE[:-2] + ":",
        AVAILABLE.replace("=", ""),
        f'"{HASH}"',
        f":{HASH}:",
        f":{b64encode(DIGEST[:-1]).decode()}:",
        f":{b64encode(DIGEST * 2).decode()}:",
        f"{AVAILABLE};a=1",
        f"{AVAILABLE}, {AVAILABLE}",
        f"{AVAILABLE},",
        AVAILABLE.replace("y", "\u0443"),
        AVAILABLE.replace(":", ";"),
        AVAILABLE + "\n",
        " " * 70_000 + AVAILABLE,
    ],
)
def test_r60_what_is_in_doubt_names_none(field: str) -> None:
    assert announced(field) is None
    assert usable(Asked(field), KNOWN, {}) is None


@given(st.text(max_size=80))
def test_r60_any_field_is_survived(field: str) -> None:
    found = announced(field)
    assert found is None or len(found) == 64


def test_r61_only_a_hash_that_is_known_counts() -> None:
    assert usable(Asked(AVAILABLE), KNOWN, {}) is KNOWN[HASH]
    assert usable(Asked(AVAILABLE), {}, {}) is None
    assert usable(Asked(), KNOWN, {}) is None


ANY = {"access-control-allow-origin": "*"}
ITS = {"access-control-allow-origin": "https://a.example"}
BOTH = {"access-control-allow-origin": "https://a.example, *"}
ORIGIN = "https://a.example"


@pytest.mark.parametrize(
    ("site", "mode", "origin", "fields"),
    [
        (None, None, None, {}),
        ("same-origin", "cors", None, {}),
        ("same-origin", "no-cors", None, {}),
        ("none", "navigate", None, {}),
        ("cross-site", "navigate", None, {}),
        ("same-site", "same-origin", None, {}),
        ("cross-site", "cors", ORIGIN, ANY),
        ("same-site", "cors", ORIGIN, ITS),
        (None, "cors", ORIGIN, ITS),
    ],
)
def test_r63_who_may_read_the_response(
    site: str | None, mode: str | None, origin: str | None, fields: dict[str, str]
) -> None:
    assert may_read(Asked(AVAILABLE, site, mode, origin), fields)


@pytest.mark.parametrize(
    ("site", "mode", "origin", "fields"),
    [
        ("cross-site", "no-cors", None, ANY),
        ("same-site", "no-cors", ORIGIN, ANY),
        ("none", "no-cors", None, {}),
        ("none", None, None, {}),
        (None, "no-cors", None, {}),
        (None, "websocket", ORIGIN, ANY),
        ("cross-site", "cors", ORIGIN, {}),
        ("cross-site", "cors", None, ANY),
        ("cross-site", "cors", "https://b.example", ITS),
        ("cross-site", "cors", ORIGIN, BOTH),
        ("cross-site", "cors", f"{ORIGIN}, {ORIGIN}", ITS),
        ("same-origin, same-origin", None, None, {}),
        ("cross-site", "navigate, navigate", None, {}),
        ("", "", "", {"access-control-allow-origin": ""}),
    ],
)
def test_r63_who_may_not(
    site: str | None, mode: str | None, origin: str | None, fields: dict[str, str]
) -> None:
    asked = Asked(AVAILABLE, site, mode, origin)
    assert not may_read(asked, fields)
    assert usable(asked, KNOWN, fields) is None


def test_r63_only_requests_of_other_origins_depend_on_what_the_response_says() -> None:
    assert depends_on_origin(Asked(AVAILABLE, "cross-site", "cors", ORIGIN))
    assert not depends_on_origin(Asked(AVAILABLE, "same-origin", "cors", ORIGIN))
    assert not depends_on_origin(Asked(AVAILABLE, "cross-site", "no-cors", ORIGIN))
    assert not depends_on_origin(Asked())


@pytest.mark.parametrize(
    ("cache_control", "expires", "expected"),
    [
        (None, None, False),
        (None, "Thu, 01 Jan 2099 00:00:00 GMT", True),
        ("public", None, False),
        ("public", "Thu, 01 Jan 2099 00:00:00 GMT", True),
        ("max-age=60", None, True),
        ("public, Max-Age = 31536000, immutable", None, True),
        ("max-age=0, stale-while-revalidate=600", None, True),
        ("max-age=60, must-revalidate", None, False),
        ("stale-while-revalidate=0", None, False),
        ("max-age=0", "Thu, 01 Jan 2099 00:00:00 GMT", False),
        ("max-age=60, max-age=0", None, False),
        ("max-age=soon", None, False),
        ("s-maxage=60", None, False),
        ("no-cache, max-age=60", None, False),
        ("max-age=60, no-store", None, False),
        ('no-cache="set-cookie", max-age=60', None, False),
        ('private="max-age=60"', None, False),
    ],
)
def test_r69_only_what_stays_fresh_is_a_dictionary(
    cache_control: str | None, expires: str | None, expected: bool
) -> None:
    fields = {"cache-control": cache_control, "expires": expires}
    present = {name: value for name, value in fields.items() if value is not None}
    assert is_kept_fresh(present) is expected


def test_fields_of_a_dictionary() -> None:
    assert use_as_dictionary("/app.*.js") == 'match="/app.*.js"'
    assert use_as_dictionary('/a"\\(.js') == 'match="/a\\"\\\\(.js"'
    assert use_as_dictionary("/*", ("document", "frame")) == (
        'match="/*", match-dest=("document" "frame")'
    )
    assert link_to("/d/1") == '</d/1>; rel="compression-dictionary"'
