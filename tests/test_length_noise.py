"""The letters of noise: how many there are, and what they take in HTTP/2 and HTTP/3."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hpack import Encoder
from hpack.huffman_constants import REQUEST_CODES_LENGTH

from pyfastgz import ConfigurationError
from pyfastgz.length_noise import derived_key
from pyfastgz.length_noise import letters

KEY = derived_key("a secret", "KEY")
BODY = b"a coded body"


def test_as_many_letters_for_the_same_body_and_key() -> None:
    assert len({len(letters(KEY, BODY, 1024)) for _ in range(100)}) == 1
    assert len({len(letters(KEY, BODY + bytes([byte]), 1024)) for byte in range(100)}) > 80
    assert len({len(letters(derived_key(str(n), "KEY"), BODY, 1024)) for n in range(100)}) > 80


@pytest.mark.parametrize("most", [1, 16, 64, 1024])
def test_any_number_is_as_likely(most: int) -> None:
    """The mean, and both ends: whoever averages, or looks for the shortest, finds no more."""
    tries = 40 * (most + 1)
    numbers = [len(letters(KEY, b"%d" % number, most)) for number in range(tries)]
    deviation = (most * (most + 2) / 12 / tries) ** 0.5
    assert abs(sum(numbers) / tries - most / 2) < 4 * deviation
    assert (min(numbers), max(numbers)) == (0, most)
    # Of each there are 40, give or take.
    assert all(10 <= numbers.count(number) <= 75 for number in range(most + 1))


def test_the_key_is_not_the_secret() -> None:
    assert derived_key("lamp", "KEY") == derived_key(b"lamp", "")
    assert b"lamp" not in derived_key("lamp", "KEY")


@pytest.mark.parametrize("secret", [None, "", b""])
def test_there_is_no_key_without_a_secret(secret: str | bytes | None) -> None:
    with pytest.raises(ConfigurationError, match="length noise needs a secret: set KEY"):
        derived_key(secret, "KEY")


def test_every_letter_takes_seven_bits_in_http_2() -> None:
    seen = {letter for number in range(100) for letter in letters(KEY, b"%d" % number, 1024)}
    assert len(seen) == 31
    assert {REQUEST_CODES_LENGTH[ord(letter)] for letter in seen} == {7}


def sizes(value_of: Callable[[], str]) -> list[int]:
    """How many bytes the fields take of responses that follow each other on a connection.

    They are not many: later an encoder drops the oldest lines that it knows, which shows too.
    """
    encoder = Encoder()
    fixed = [(":status", "200"), ("content-encoding", "gzip"), ("content-length", "1000")]
    return [len(encoder.encode([*fixed, ("x-noise", value_of())])) for _ in range(30)]


@pytest.mark.parametrize("body", [b"0", b"1", b"2", b"4"])
def test_a_response_that_is_repeated_takes_as_much_each_time(body: bytes) -> None:
    count = len(letters(KEY, body, 64))
    # Of few letters there are so few that some come again.
    assert count > 3
    # The first on a connection brings the names of its fields.
    _, *later = sizes(lambda: letters(KEY, body, 64))
    # One byte for each of three lines, and for the name and the length of the fourth.
    assert set(later) == {3 + 1 + 1 + -(-7 * count // 8)}


def test_the_same_letters_again_would_tell_how_many_there_are() -> None:
    """That is why they are new each time."""
    value = letters(KEY, b"0", 64)
    first, *later = sizes(lambda: value)
    assert set(later) == {4}
    assert first - 4 > len(value) * 7 // 8
