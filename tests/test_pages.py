"""What pages have in common, as a dictionary."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz.pages import WAYS
from pyfastgz.pages import Page
from pyfastgz.pages import Way
from pyfastgz.pages import all_of_them
from pyfastgz.pages import best_way
from pyfastgz.pages import page_of
from pyfastgz.pages import shared
from pyfastgz.pages import shared_and_one

WORDS = [f"word{number}".encode() for number in range(500)]
HEAD = b"<head>\n<title>the shop of everything</title>\n<meta name=viewport content=width>\n"
FOOT = b"<footer>\n<p>imprint and privacy</p>\n<p>everything is for sale here</p>\n</footer>\n"


def text(seed: object, count: int = 60) -> bytes:
    chooser = random.Random(str(seed))
    return b"<p>" + b" ".join(chooser.choices(WORDS, k=count)) + b"</p>\n"


def noise(seed: int) -> bytes:
    return b"<p>" + random.Random(seed).randbytes(1000).hex().encode() + b"</p>\n"


def pages_of(*bodies: bytes) -> list[Page]:
    return [page_of(body, body) for body in bodies]


def coded_nbytes(bodies: Sequence[bytes], dictionary: bytes) -> int:
    """Return what bodies take with a dictionary, of which deflate looks at the last 32 KB."""
    total = 0
    for body in bodies:
        coder = zlib.compressobj(9, zdict=dictionary)
        total += len(coder.compress(body) + coder.flush())
    return total


@given(st.binary(max_size=2000))
def test_the_pieces_of_a_page_are_the_page(body: bytes) -> None:
    page = page_of(body, body)
    assert b"".join(page.pieces) == body
    assert all(page.is_lasting)
    assert b"" not in page.pieces


def test_what_differs_between_two_answers_is_in_no_dictionary() -> None:
    bodies = []
    for number in range(5):
        tokens = [f"secret-{number}-{again}-of-one-visitor-alone" for again in "ab"]
        bodies.append(
            tuple(
                HEAD
                + f'<script nonce="{token}">go();</script>'.encode()
                + text("middle")
                + f'{{"csrf":"{token}","items":[1,2,3]}}'.encode()
                + FOOT
                for token in tokens
            )
        )
    pages = [page_of(*pair) for pair in bodies]
    for way in WAYS.values():
        dictionary = way(pages, 100_000)
        assert b"secret" not in dictionary
        assert HEAD in dictionary
        assert text("middle") in dictionary
        assert FOOT in dictionary


def test_what_is_shared_stays_in_its_order_and_is_there_once() -> None:
    bodies = [HEAD + text(number) + text("menu") + FOOT for number in range(4)]
    dictionary = shared(pages_of(*bodies), 100_000)
    # The tag at which each of them begins is shared, too.
    assert dictionary.replace(b"<p>", b"") == (HEAD + text("menu") + FOOT).replace(b"<p>", b"")
    assert shared_and_one(pages_of(*bodies), 100_000) == bodies[0]
    everything = all_of_them(pages_of(*bodies), 100_000)
    assert everything.endswith(bodies[0])
    assert all(everything.count(part) == 1 for part in (HEAD, text("menu"), FOOT))
    assert all(everything.count(text(number)) == 1 for number in range(4))


def test_what_most_pages_have_comes_last() -> None:
    some = text("some")
    bodies = [HEAD + (some if number < 2 else b"") + text(number) for number in range(8)]
    dictionary = shared(pages_of(*bodies), 100_000)
    assert dictionary.replace(b"<p>", b"") == (some + HEAD).replace(b"<p>", b"")
    # And that is what is left when there is no room.
    assert shared(pages_of(*bodies), 20) in HEAD + b"<p>"


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@given(
    st.lists(st.lists(st.integers(0, 12), max_size=20), min_size=1, max_size=6),
    st.integers(1, 4000),
)
def test_a_dictionary_is_made_of_pages_and_has_no_more_bytes_than_it_may(
    way: Way, numbers: list[list[int]], max_nbytes: int
) -> None:
    parts = [text(number, 12) for number in range(13)]
    bodies = [b"".join(parts[number] for number in page) for page in numbers]
    dictionary = way(pages_of(*bodies), max_nbytes)
    assert len(dictionary) <= max_nbytes
    # But for one that may be cut, whole pieces of the pages and nothing else, each once.
    lines = dictionary.replace(b"<p>", b"").splitlines(keepends=True)
    assert {*lines[1:]} <= {part.replace(b"<p>", b"") for part in parts}
    assert len(lines) == len({*lines})


def test_the_best_way_is_that_which_makes_other_pages_smallest() -> None:
    # Pages of one layout have that in common, and nothing else.
    menu = b"".join(text(f"menu {number}") for number in range(9))
    layout = [HEAD + menu + noise(number) + FOOT for number in range(9)]
    rest, held = layout[:6], layout[6:]
    way = best_way(pages_of(*rest), 32_000, lambda data: coded_nbytes(held, data))
    assert way == "what they share"
    # Here each page is made of a few out of many parts that no two of the others need have.
    chooser = random.Random(3)
    mixed = [b"".join(text(part) for part in chooser.sample(range(40), 4)) for _ in range(24)]
    rest, held = mixed[:18], mixed[18:]
    way = best_way(pages_of(*rest), 32_000, lambda data: coded_nbytes(held, data))
    sizes = {
        name: coded_nbytes(held, build(pages_of(*rest), 32_000)) for name, build in WAYS.items()
    }
    assert sizes[way] <= min(sizes.values()) * 1.03


def test_pages_with_nothing_in_common_have_a_way_too() -> None:
    bodies = [text(number) for number in range(3)]
    assert shared(pages_of(*bodies), 1000) == b""
    assert best_way(pages_of(*bodies), 1000, len) in WAYS
