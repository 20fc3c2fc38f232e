"""What is known of each coding, and that coding needs no Flask."""

from __future__ import annotations

import pytest

import pyfastgz
from pyfastgz.coding import CODINGS
from pyfastgz.coding import FINISH
from pyfastgz.coding import available_codings
from pyfastgz.coding import coding_named
from pyfastgz.coding.br import BrotliSettings


@pytest.mark.parametrize("name", CODINGS)
def test_the_default_level_is_one_of_the_levels(name: str) -> None:
    coding = coding_named(name)
    assert coding.name == name
    assert coding.default_level in coding.levels
    assert coding.is_available is (name in available_codings())


@pytest.mark.parametrize("name", available_codings())
def test_files_are_coded_at_a_level_that_makes_them_small(name: str) -> None:
    coding = CODINGS[name]
    assert coding.default_level < coding.file_level <= coding.levels[-1]
    body = b"".join(b"%d %d\n" % (number, number * number) for number in range(9000))
    sizes = [
        len(pyfastgz.compress(body, name, level=level))
        for level in (coding.default_level, coding.file_level)
    ]
    assert sizes[1] < sizes[0]


@pytest.mark.parametrize("column", ["short_rank", "long_rank"])
def test_ranks_are_an_order_of_all(column: str) -> None:
    ranks = sorted(getattr(coding, column) for coding in CODINGS.values())
    assert ranks == list(range(1, len(CODINGS) + 1))


def test_suffixes_tell_codings_apart() -> None:
    suffixes = [coding.suffix for coding in CODINGS.values() if coding.suffix]
    assert sorted(suffixes) == [".br", ".gz", ".zst"]


@pytest.mark.parametrize("name", available_codings())
def test_rows_code_as_the_functions_do(name: str) -> None:
    coding = coding_named(name)
    body = b"<li>lamp</li>" * 100
    level = coding.default_level
    assert coding.bodies(level) is coding.bodies(level)
    whole = coding.bodies(level).compress(body, BrotliSettings())
    assert whole == pyfastgz.compress(body, name) == pyfastgz.compress(body, name, level=level)
    for small in (False, True):
        assert coding.streams(level, small) is coding.streams(level, small)
        stream = coding.streams(level, small).open(len(body), BrotliSettings())
        coded = stream.call(FINISH, body)
        stream.close()
        assert coded == pyfastgz.Encoder(name, size=len(body), small=small).finish(body)


def test_every_public_name_is_there_and_listed() -> None:
    for name in pyfastgz.__all__:
        assert getattr(pyfastgz, name) is not None
    assert set(pyfastgz.__all__) <= set(dir(pyfastgz))
    with pytest.raises(AttributeError, match="module 'pyfastgz' has no attribute 'Zipper'"):
        pyfastgz.Zipper  # noqa: B018
