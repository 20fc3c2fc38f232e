from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

import pytest

from pyfastgz.http.eligibility import STILL_VARIES
from pyfastgz.http.eligibility import SkipReason
from pyfastgz.http.eligibility import skip_reason
from pyfastgz.http.eligibility import wildcard_pattern

MIMETYPES = frozenset({"text/html"})


class Selection(NamedTuple):
    """Which responses are candidates."""

    mimetypes: Collection[str] = MIMETYPES
    wildcards: re.Pattern[str] | None = None
    errors: bool = False


SELECTION = Selection()


def reason(
    status: int = 200,
    content_type: str | None = "text/html",
    **fields: str,
) -> SkipReason | None:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    if content_type is not None:
        named["content-type"] = content_type
    return skip_reason(status, named, SELECTION)


@pytest.mark.parametrize("status", [200, 201, 202, 203, 207])
def test_successes_are_candidates(status: int) -> None:
    assert reason(status) is None


def test_r12_parts_are_not() -> None:
    assert reason(206) is SkipReason.PARTIAL
    assert reason(200, content_range="bytes 0-1/2") is SkipReason.PARTIAL
    assert SkipReason.PARTIAL in STILL_VARIES


@pytest.mark.parametrize("status", [100, 102, 103, 204, 205])
def test_r13_statuses_without_a_body(status: int) -> None:
    assert reason(status) is SkipReason.NO_CONTENT


@pytest.mark.parametrize("content_type", ["text/html", None])
def test_r13_r20_304_is_left_but_varies(content_type: str | None) -> None:
    assert reason(304, content_type=content_type) is SkipReason.NOT_MODIFIED
    assert SkipReason.NOT_MODIFIED in STILL_VARIES


@pytest.mark.parametrize("status", [301, 302, 400, 404, 412, 416, 500, 503])
def test_only_successes_are_coded(status: int) -> None:
    assert reason(status) is SkipReason.STATUS


@pytest.mark.parametrize("coding", ["gzip", "br", "identity", ""])
def test_r14_content_encoding(coding: str) -> None:
    assert reason(content_encoding=coding) is SkipReason.ALREADY_CODED


@pytest.mark.parametrize(
    "value",
    ["no-transform", "public, No-Transform", "max-age=1 ,no-transform,", "no-transform,"],
)
def test_r15_no_transform(value: str) -> None:
    assert reason(cache_control=value) is SkipReason.NO_TRANSFORM


@pytest.mark.parametrize(
    "value", ["", "public", "x-no-transform", 'a="no-transform"', 'a="b, no-transform, c"']
)
def test_r15_only_the_directive_counts(value: str) -> None:
    assert reason(cache_control=value) is None


@pytest.mark.parametrize(
    "content_type", ["TEXT/HTML", "text/html;charset=x", "text/html ; a=b"]
)
def test_r16_media_type(content_type: str) -> None:
    assert reason(content_type=content_type) is None


@pytest.mark.parametrize("content_type", ["image/png", "text/htmlx", "", None, "text"])
def test_r16_other_media_types(content_type: str | None) -> None:
    assert reason(content_type=content_type) is SkipReason.MEDIA_TYPE


def test_r16_304_of_another_media_type_does_not_vary() -> None:
    assert reason(304, content_type="image/png") is SkipReason.MEDIA_TYPE


def test_r17_bodies_that_another_server_sends() -> None:
    assert reason(x_sendfile="/a") is SkipReason.SENT_BY_PROXY
    assert reason(x_accel_redirect="/a") is SkipReason.SENT_BY_PROXY


def test_r19_upgrades() -> None:
    assert reason(101) is SkipReason.UPGRADE
    assert reason(upgrade="websocket") is SkipReason.UPGRADE


@pytest.mark.parametrize("status", [206, 304])
def test_what_the_200_would_not_vary_on_does_not_vary(status: int) -> None:
    for fields in ({"cache_control": "no-transform"}, {"content_encoding": "br"}):
        assert reason(status, **fields) not in STILL_VARIES


@pytest.mark.parametrize(
    ("mimetypes", "matching", "others"),
    [
        (
            ["text/*"],
            ["text/html", "text/x-y"],
            ["text", "text/a/b", "xtext/a", "image/png"],
        ),
        (["application/*+json"], ["application/geo+json"], ["application/json", "text/a+json"]),
        (["text/*", "*/*+xml"], ["text/a", "image/svg+xml"], ["image/svg.xml", "font/ttf"]),
        (["*/*"], ["image/png"], ["*"]),
    ],
)
def test_wildcards(mimetypes: list[str], matching: list[str], others: list[str]) -> None:
    pattern = wildcard_pattern(mimetypes)

    def reason(content_type: str) -> SkipReason | None:
        fields = {"content-type": content_type}
        return skip_reason(200, fields, Selection(mimetypes, pattern))

    assert {reason(kind + "; charset=utf-8") for kind in matching} == {None}
    assert {reason(kind.upper()) for kind in matching} == {None}
    assert {reason(kind) for kind in others} == {SkipReason.MEDIA_TYPE}


def test_without_wildcards_there_is_no_pattern() -> None:
    assert wildcard_pattern({"text/html", "text/css"}) is None
