"""What it takes to guess a token by the lengths of pages, without noise and with it.

The page is the demo's search, which shows a token beside what is looked for. Three attackers
try it: the published one; one that takes the mean of many tries; and one that knows all there
is to know but the token and the key. What the last two need is counted with lengths that were
measured and noise that is drawn, for it would take days otherwise.
"""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from math import exp
from math import log
from statistics import fmean
from statistics import median
from statistics import pvariance
from typing import NamedTuple

import pyfastgz
from pyfastgz.length_noise import derived_key
from pyfastgz.length_noise import letters
from tools.kit.breach import HEXADECIMAL
from tools.kit.breach import attack
from tools.kit.documents.content import make_token
from tools.kit.shop.application import create_app
from tools.kit.tables import Table

KNOWN = "csrf_token="
WINDOWS = {"gzip": 13, "br": 9, "zstd": 15}
"""How much of what is known the published attack puts before a guess: what found most."""

NOISES = (0, 16, 64, 256, 1024)
SESSIONS = 20

# How often each digit is tried to know how long pages are with it.
_TRIES = 200

_PLACE = "what-is-looked-for"
_KEY = derived_key("a secret of the benchmark", "")


class Page:
    """The page of a session, as an attacker sees it: by its length.

    :param noise: how many letters at most.
    """

    def __init__(self, session: str, coding: str = "gzip", noise: int = 0) -> None:
        client = create_app(compress=False).test_client(use_cookies=False)
        cookie = {"Cookie": f"session={session}"}
        with client.get(f"/search?q={_PLACE}", headers=cookie) as response:
            self._parts = response.get_data(as_text=True).split(_PLACE)
        self._coding, self._noise = coding, noise
        self.token = make_token(session)

    def length(self, text: str) -> int:
        """Return how many bytes the page takes if a text is looked for."""
        body = text.join(self._parts).encode()
        coded = pyfastgz.compress(body, self._coding)
        return len(coded) + len(letters(_KEY, coded, self._noise))


# ---- The published attack ----


class Tried(NamedTuple):
    """What came of the published attack on several tokens.

    :param whole: how many were found.
    :param right: how many digits were, before the first that was not, on average.
    :param requests: how many requests each took, on average.
    """

    whole: int
    right: float
    requests: float


def publish(coding: str, noise: int, sessions: int = SESSIONS) -> Tried:
    """Attack the tokens of several sessions."""
    pages = [Page(f"victim-{number}", coding, noise) for number in range(sessions)]
    # With noise a lead says little, so that every guess has all its tries.
    lead = 3 + 100 * noise
    guesses = [
        attack(
            page.length, KNOWN, len(page.token), window=WINDOWS[coding], lead=lead, seed=seed
        )
        for seed, page in enumerate(pages)
    ]
    right = [one.right(page.token) for one, page in zip(guesses, pages, strict=True)]
    whole = sum(one.text == page.token for one, page in zip(guesses, pages, strict=True))
    return Tried(whole, fmean(right), fmean(one.requests for one in guesses))


# ---- Attacks on noise: one digit ----


class Digit(NamedTuple):
    """How long the pages are with each guess of one digit of a token.

    :param right: which guess is right.
    :param lengths: by guess, of the page with the guess, what follows it varied.
    :param saved: by guess, how much less that is than in another order of the same characters.
    """

    right: int
    lengths: Sequence[Sequence[int]]
    saved: Sequence[Sequence[int]]


def look_at(session: str, chooser: random.Random, tries: int = _TRIES) -> Digit:
    """Measure a digit of a token."""
    page = Page(session)
    at = chooser.randrange(1, len(page.token) - 1)
    before = f"{KNOWN}{page.token[:at]}"[-WINDOWS["gzip"] :]
    lengths, saved = [], []
    for guess in HEXADECIMAL:
        hits, misses = [], []
        for _ in range(tries):
            # The other digits follow, so that every guess has the same characters.
            others = [digit for digit in HEXADECIMAL if digit != guess]
            chooser.shuffle(others)
            first, *filler = chooser.sample(string.ascii_uppercase, len(HEXADECIMAL))
            rest = "".join(map("".join, zip(filler, others, strict=True)))
            hits.append(page.length(f"{before}{guess}{first}{rest}"))
            misses.append(page.length(f"{before}{first}{guess}{rest}"))
        lengths.append(hits)
        saved.append([miss - hit for hit, miss in zip(hits, misses, strict=True)])
    return Digit(HEXADECIMAL.index(page.token[at]), lengths, saved)


class Found(NamedTuple):
    """Whether a digit was found, and by how many requests."""

    is_right: bool
    requests: int


def average(digit: Digit, noise: int, chooser: random.Random) -> Found:
    """Try every guess again and again, until the mean of one stands out.

    The noise of the tries of a guess is drawn at once, as the sum that it comes to.
    """
    # Of two answers, each of which has noise.
    added = 2 * noise * (noise + 2) / 12
    of_guesses = [(fmean(saved), pvariance(saved) + added) for saved in digit.saved]
    sums, tries = [0.0] * len(of_guesses), 0
    while True:
        more = tries or 8
        for guess, (mean, variance) in enumerate(of_guesses):
            sums[guess] += chooser.gauss(mean * more, (variance * more) ** 0.5)
        tries += more
        first, second, *_ = sorted(sums, reverse=True)
        deviation = (2 * fmean(variance for _, variance in of_guesses) * tries) ** 0.5
        if first - second > 4 * deviation or tries > 1 << 40:
            is_right = sums.index(first) == digit.right
            return Found(is_right, 2 * tries * len(of_guesses))


class Knowledge:
    """What an attacker knows of lengths who has looked at pages of his own.

    :param own: digits of tokens of his own.
    :param noise: how many letters the pages have at most, which is no secret.
    """

    def __init__(self, own: Sequence[Digit], noise: int) -> None:
        wrong, right, middles = [], [], []
        for digit in own:
            others = [each for at, each in enumerate(digit.lengths) if at != digit.right]
            middle = round(fmean(length for each in others for length in each))
            middles.append(middle)
            wrong += [length - middle for each in others for length in each]
            right += [length - middle for length in digit.lengths[digit.right]]
        self.middles = range(min(middles) - 8, max(middles) + 9)
        """What the pages of a victim may be about as long as."""
        self._least = min(wrong + right) - 1
        count = max(wrong + right) + 2 - self._least
        self._wrong = self._logarithms(wrong, count, noise)
        self._right = self._logarithms(right, count, noise)

    def _logarithms(self, lengths: list[int], count: int, noise: int) -> list[float]:
        """Return the logarithm of how likely each length is with noise."""
        likely = [1e-6] * count
        for length in lengths:
            likely[length - self._least] += 1 / len(lengths)
        sums = [0.0]
        for share in likely + [0.0] * noise:
            sums.append(sums[-1] + share)
        return [
            log((sums[at + 1] - sums[max(0, at - noise)]) / (noise + 1) + 1e-9)
            for at in range(count + noise)
        ]

    def likelihoods(self, length: int) -> list[tuple[float, float]]:
        """Return for every middle how likely a length is for a wrong guess, and for the right
        one: logarithms."""
        pairs = []
        for middle in self.middles:
            at = length - middle - self._least
            if 0 <= at < len(self._wrong):
                pairs.append((self._wrong[at], self._right[at]))
            else:
                pairs.append((log(1e-9), log(1e-9)))
        return pairs


def weigh(digit: Digit, noise: int, known: Knowledge, chooser: random.Random) -> Found:
    """Try guesses, the likely ones more often, until one is right with 99 % (Bayes)."""
    guesses = range(len(digit.lengths))
    middles = range(len(known.middles))
    of_all = [0.0 for _ in middles]
    of_guess = [[0.0 for _ in middles] for _ in guesses]
    belief = [1 / len(guesses) for _ in guesses]
    requests = 0
    while max(belief) < 0.99 and requests < 1_000_000:
        at_once = 1 + noise // 8
        for guess in chooser.choices(guesses, [share + 0.02 for share in belief], k=at_once):
            length = chooser.choice(digit.lengths[guess]) + chooser.randint(0, noise)
            for middle, (wrong, right) in enumerate(known.likelihoods(length)):
                of_all[middle] += wrong
                of_guess[guess][middle] += right - wrong
        requests += at_once
        top = max(of_all[m] + of_guess[g][m] for g in guesses for m in middles)
        belief = [sum(exp(of_all[m] + of_guess[g][m] - top) for m in middles) for g in guesses]
        belief = [share / sum(belief) for share in belief]
    return Found(belief.index(max(belief)) == digit.right, requests)


# ---- What is told ----


def describe(sessions: int = SESSIONS, noises: Sequence[int] = NOISES) -> list[Table]:
    """Return the tables of docs/security.md."""
    published = Table(
        "The published attack on tokens of 32 digits",
        ["Coding", "Noise"],
        ["Whole tokens", "Digits", "Requests"],
    )
    for coding in WINDOWS:
        for noise in (0, 16, 64):
            tried = publish(coding, noise, sessions)
            cells = [f"{tried.whole} of {sessions}", f"{tried.right:.1f}"]
            published.add(coding, str(noise), *cells, f"{tried.requests:,.0f}")
    chooser = random.Random(1)
    own = [look_at(f"own-{number}", chooser) for number in range(sessions)]
    victims = [look_at(f"victim-{number}", chooser) for number in range(sessions)]
    careful = Table(
        "Requests for one digit, the median",
        ["Noise"],
        ["By the mean", "Right", "By all that is known", "Right"],
    )
    for noise in noises:
        known = Knowledge(own, noise)
        cells = []
        for found in (
            [average(digit, noise, chooser) for digit in victims],
            [weigh(digit, noise, known, chooser) for digit in victims],
        ):
            cells.append(f"{median(one.requests for one in found):,.0f}")
            cells.append(f"{sum(one.is_right for one in found)} of {sessions}")
        careful.add(str(noise), *cells)
    return [published, careful]
