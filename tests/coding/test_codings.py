"""What is known of each coding, and that coding needs no Flask."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

import pyfastgz
from pyfastgz.coding import CODINGS
from pyfastgz.coding import FINISH
from pyfastgz.coding import KNOWN_CODINGS
from pyfastgz.coding import TAGGED_CODINGS
from pyfastgz.coding import Settings
from pyfastgz.coding import available_codings
from pyfastgz.coding import coding_named
from pyfastgz.coding import quick_nbytes
from pyfastgz.coding.br import BrotliSettings
from pyfastgz.coding.dictionary import Dictionary

DICTIONARY = Dictionary(b"<li>lamp</li><li>table</li>" * 40)


def settings_of(name: str) -> tuple[Settings, dict[str, Any]]:
    """What the row of a coding takes, and what the functions take for it."""
    if CODINGS[name].has_dictionary:
        return DICTIONARY, {"dictionary": DICTIONARY}
    return BrotliSettings(), {}


@pytest.mark.parametrize("name", CODINGS)
def test_the_default_level_is_one_of_the_levels(name: str) -> None:
    coding = coding_named(name)
    assert coding.name == name
    assert coding.default_level in coding.levels
    if not coding.has_dictionary:
        assert coding.is_available is (name in available_codings())


def test_what_has_a_dictionary_cannot_be_wished_for() -> None:
    assert [name for name in CODINGS if CODINGS[name].has_dictionary] == ["dcz"]
    assert "dcz" not in KNOWN_CODINGS + available_codings()
    assert (*KNOWN_CODINGS, "dcz") == TAGGED_CODINGS


@pytest.mark.parametrize("name", [*available_codings(), "dcz"])
def test_files_are_coded_at_a_level_that_makes_them_small(name: str) -> None:
    coding = CODINGS[name]
    _, more = settings_of(name)
    assert coding.default_level < coding.file_level <= coding.levels[-1]
    body = b"".join(b"%d %d\n" % (number, number * number) for number in range(9000))
    sizes = [
        len(pyfastgz.compress(body, name, level=level, **more))
        for level in (coding.default_level, coding.file_level)
    ]
    assert sizes[1] < sizes[0]


@pytest.mark.parametrize("name", CODINGS)
def test_a_higher_level_is_quick_for_no_more_bytes(name: str) -> None:
    levels = CODINGS[name].levels
    quick = [quick_nbytes(name, level) for level in levels]
    assert quick == sorted(quick, reverse=True)
    assert quick[0] > quick[-1]
    assert set(CODINGS[name].quick) <= set(levels)


@pytest.mark.parametrize("column", ["short_rank", "long_rank"])
def test_ranks_are_an_order_of_all(column: str) -> None:
    ranks = sorted(getattr(CODINGS[name], column) for name in KNOWN_CODINGS)
    assert ranks == list(range(1, len(KNOWN_CODINGS) + 1))


def test_suffixes_tell_codings_apart() -> None:
    suffixes = [coding.suffix for coding in CODINGS.values() if coding.suffix]
    assert sorted(suffixes) == [".br", ".gz", ".zst"]


@pytest.mark.parametrize("name", [*available_codings(), "dcz"])
def test_rows_code_as_the_functions_do(name: str) -> None:
    coding = coding_named(name)
    settings, more = settings_of(name)
    body = b"<li>lamp</li>" * 100
    level = coding.default_level
    assert coding.bodies(level) is coding.bodies(level)
    whole = coding.bodies(level).compress(body, settings)
    assert whole == pyfastgz.compress(body, name, **more)
    assert whole == pyfastgz.compress(body, name, level=level, **more)
    for small in (False, True):
        assert coding.streams(level, small) is coding.streams(level, small)
        stream = coding.streams(level, small).open(len(body), settings)
        coded = stream.call(FINISH, body)
        stream.close()
        encoder = pyfastgz.Encoder(name, size=len(body), small=small, **more)
        assert coded == encoder.finish(body)


def test_every_public_name_is_there_and_listed() -> None:
    # The wheel is tested without Flask, too, which Compress is for.
    missing = {"Compress"} if find_spec("flask") is None else set()
    for name in set(pyfastgz.__all__) - missing:
        assert getattr(pyfastgz, name) is not None
    assert set(pyfastgz.__all__) - set(dir(pyfastgz)) == missing
    with pytest.raises(AttributeError, match="module 'pyfastgz' has no attribute 'Zipper'"):
        pyfastgz.Zipper  # noqa: B018
