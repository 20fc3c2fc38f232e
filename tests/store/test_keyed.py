from __future__ import annotations

import logging
from typing import Any

import pytest

from pyfastgz import DictCache
from pyfastgz.store.keyed import code_through
from pyfastgz.store.keyed import entry_name
from pyfastgz.store.keyed import key_of


class Coder:
    """Codes by reversing, and counts."""

    calls = 0

    def __call__(self, body: bytes) -> tuple[bytes, float]:
        self.calls += 1
        return body[::-1], 0.5


def test_a_hit_is_not_coded_again() -> None:
    cache, coder = DictCache(), Coder()
    assert code_through(cache, "k", b"abc", coder)[0] == b"cba"
    assert code_through(cache, "k", b"abc", coder)[0] == b"cba"
    assert coder.calls == 1
    assert cache.get("k") == b"cba"


def test_the_seconds_are_those_of_the_coder_alone() -> None:
    cache, coder = DictCache(), Coder()
    assert code_through(cache, "k", b"abc", coder) == (b"cba", 0.5)
    assert code_through(cache, "k", b"abc", coder) == (b"cba", 0.0)


def test_a_hit_needs_the_same_parameters() -> None:
    cache, coder = DictCache(), Coder()
    for parameters in ("6", "9", "9", "6"):
        code_through(cache, "k", b"abc", coder, parameters)
    assert coder.calls == 3
    assert sorted(cache.data) == ["k", "k;seal"]


def test_names() -> None:
    assert entry_name("gzip", "/page", None) == "gzip;/page"
    assert entry_name("gzip", "/page", 9) == "gzip;/page;level=9"


def test_the_key_of_a_request() -> None:
    assert key_of(lambda request: f"/{request}", 7) == "/7"
    assert key_of(lambda request: "", 7) == ""


def fail(request: Any) -> str:
    raise KeyError("as it should")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (fail, "KeyError: 'as it should'"),
        (lambda request: None, "returned None, no string"),
        (lambda request: 7, "returned 7, no string"),
        (lambda request: b"/page", "returned b'/page', no string"),
    ],
)
def test_a_key_of_no_use_is_logged(
    caplog: pytest.LogCaptureFixture, function: Any, message: str
) -> None:
    assert key_of(function, 7) is None
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert message in caplog.text


def test_r52_a_hit_needs_the_same_body() -> None:
    cache, coder = DictCache(), Coder()
    code_through(cache, "k", b"abc", coder)
    assert code_through(cache, "k", b"xyz", coder)[0] == b"zyx"
    assert code_through(cache, "k", b"xyz", coder)[0] == b"zyx"
    assert coder.calls == 2


def test_r52_a_value_that_somebody_else_wrote_is_no_hit() -> None:
    cache, coder = DictCache(), Coder()
    code_through(cache, "k", b"abc", coder)
    cache.set("k", b"other")
    assert code_through(cache, "k", b"abc", coder)[0] == b"cba"
    assert cache.get("k") == b"cba"


def test_r52_writes_of_two_bodies_that_interleave_are_no_hit() -> None:
    first, second, mixed, coder = DictCache(), DictCache(), DictCache(), Coder()
    code_through(first, "k", b"abc", coder)
    code_through(second, "k", b"xyz", coder)
    mixed.set("k", first.data["k"])
    for key in second.data.keys() - {"k"}:
        mixed.set(key, second.data[key])
    assert code_through(mixed, "k", b"xyz", coder)[0] == b"zyx"
    assert code_through(mixed, "k", b"abc", coder)[0] == b"cba"


@pytest.mark.parametrize("value", ["text", 7, bytearray(b"cba")])
def test_a_value_of_another_type_is_no_hit(value: Any) -> None:
    cache, coder = DictCache(), Coder()
    code_through(cache, "k", b"abc", coder)
    cache.set("k", value)
    coded, _ = code_through(cache, "k", b"abc", coder)
    assert (type(coded), coded) == (bytes, b"cba")
    assert coder.calls == 2


class Broken(DictCache):
    def get(self, key: str) -> bytes | None:
        raise OSError("down")

    def set(self, key: str, value: bytes) -> None:
        raise OSError("down")


def test_a_cache_that_fails_is_logged_and_does_no_other_harm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, logger="pyfastgz"):
        assert code_through(Broken(), "k", b"abc", Coder())[0] == b"cba"
    assert len(caplog.records) == 2


def test_an_error_of_the_coder_propagates_and_nothing_is_kept() -> None:
    def fail(body: bytes) -> tuple[bytes, float]:
        raise MemoryError

    cache = DictCache()
    with pytest.raises(MemoryError):
        code_through(cache, "k", b"abc", fail)
    assert cache.data == {}
