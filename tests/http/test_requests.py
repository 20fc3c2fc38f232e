"""Which codings of a request's body are undone, and what is answered if they cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz.http.negotiation import MAX_HEADER_LENGTH
from pyfastgz.http.requests import MAX_CODINGS
from pyfastgz.http.requests import TOO_LARGE
from pyfastgz.http.requests import Refusal
from pyfastgz.http.requests import is_coded
from pyfastgz.http.requests import plan_decoding

ALL = ("zstd", "br", "gzip", "deflate")


def plan(value: str, nbytes: int | None = None) -> tuple[str, ...] | Refusal:
    return plan_decoding(value, nbytes, ALL, 1000)


def status(value: str, nbytes: int | None = None) -> int | None:
    planned = plan(value, nbytes)
    return planned.status if isinstance(planned, Refusal) else None


@pytest.mark.parametrize("value", [None, "", " ", ",", "identity", "Identity, identity", "\t,"])
def test_without_a_coding_there_is_nothing_to_undo(value: str | None) -> None:
    assert not is_coded(value)
    assert value is None or plan(value) == ()


@pytest.mark.parametrize("coding", ALL)
def test_a_coding_is_undone_however_it_is_spelt(coding: str) -> None:
    for value in (coding, coding.upper(), f" {coding}\t", f", {coding},", f"identity,{coding}"):
        assert is_coded(value)
        assert plan(value) == (coding,)


@pytest.mark.parametrize("value", ["x-gzip", "X-GZip"])
def test_x_gzip_is_gzip(value: str) -> None:
    assert plan(value) == ("gzip",)


def test_the_last_coding_is_undone_first() -> None:
    assert plan("gzip, br") == ("br", "gzip")
    assert plan("gzip,zstd") == ("zstd", "gzip")
    assert plan("zstd,zstd") == ("zstd", "zstd")


def test_no_more_than_two_are_undone() -> None:
    assert MAX_CODINGS == 2
    assert status("gzip, gzip, gzip") == 415
    assert status(", ".join(["gzip"] * 100)) == 415
    # What stands for nothing does not count.
    assert plan("identity, gzip,, identity, br") == ("br", "gzip")


@pytest.mark.parametrize("value", ["br, br", "br, zstd", "zstd, identity, br"])
def test_two_large_windows_are_refused(value: str) -> None:
    assert status(value) == 415


@pytest.mark.parametrize("coding", ALL)
def test_any_coding_goes_with_one_that_has_a_small_window(coding: str) -> None:
    for small in ("gzip", "deflate"):
        assert plan(f"{coding}, {small}") == (small, coding)
        assert plan(f"{small}, {coding}") == (coding, small)


@pytest.mark.parametrize(
    "value",
    [
        "lzma",
        "gzip, lzma",
        "lzma, gzip",
        "aws-chunked",
        "gzip;q=1",
        "gzip br",
        "*",
        "dcz",
        "x-br",
    ],
)
def test_another_coding_is_refused_by_those_that_are_known(value: str) -> None:
    planned = plan(value)
    assert isinstance(planned, Refusal)
    assert planned.status == 415
    assert planned.fields == (("Accept-Encoding", "zstd, br, gzip, deflate"),)


def test_what_is_not_installed_is_another_coding() -> None:
    planned = plan_decoding("br", None, ("gzip",), 1000)
    assert isinstance(planned, Refusal)
    assert planned.fields == (("Accept-Encoding", "gzip"),)


def test_a_body_that_is_sent_longer_than_it_may_be_is_too_large() -> None:
    assert plan("gzip", 1000) == ("gzip",)
    assert plan("gzip", 1001) == TOO_LARGE
    # Not for a coding that nobody knows.
    assert status("lzma", 1001) == 415


def test_of_a_long_field_nothing_is_believed() -> None:
    for filling in (",", " ", "identity,"):
        value = "gzip," + filling * MAX_HEADER_LENGTH
        assert status(value) == 415
        # It is not even looked at, whether there is anything in it.
        assert status(filling * (MAX_HEADER_LENGTH + 1)) == 415
        assert is_coded(filling * (MAX_HEADER_LENGTH + 1))


@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_any_field_is_survived(value: str) -> None:
    planned = plan(value)
    if isinstance(planned, Refusal):
        assert planned.status == 415
        assert is_coded(value)
    else:
        assert set(planned) <= set(ALL)
        assert bool(planned) == is_coded(value)
