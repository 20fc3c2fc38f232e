"""The attacks on lengths: what they measure is what is sent, and noise makes them longer."""

from __future__ import annotations

import random

import pytest

from bench.lengths import WINDOWS
from bench.lengths import Digit
from bench.lengths import Knowledge
from bench.lengths import Page
from bench.lengths import average
from bench.lengths import look_at
from bench.lengths import publish
from bench.lengths import weigh
from pyfastgz import Compress
from tools.kit.breach import HEXADECIMAL
from tools.kit.shop.application import create_app


def make_digit(chooser: random.Random, gain: int = 1) -> Digit:
    """Return a digit with which pages are as long as they are, give or take two bytes."""
    right = chooser.randrange(16)
    lengths = [
        [1000 + chooser.randint(-2, 2) - (gain if guess == right else 0) for _ in range(100)]
        for guess in range(16)
    ]
    saved = [
        [chooser.randint(-1, 1) + (gain if guess == right else 0) for _ in range(100)]
        for guess in range(16)
    ]
    return Digit(right, lengths, saved)


@pytest.mark.parametrize("coding", WINDOWS)
def test_the_length_is_that_of_what_the_application_sends(coding: str) -> None:
    app = create_app()
    app.secret_key = "any"
    compress, find = Compress(), app.view_functions["find"]
    app.view_functions["find"] = compress.compressed(length_noise=64)(find)
    response = app.test_client(use_cookies=False).get(
        "/search?q=lamp",
        headers={"Cookie": "session=victim", "Accept-Encoding": coding},
    )
    assert 0 <= Page("victim", coding, 64).length("lamp") - len(response.data) <= 64
    assert Page("victim", coding).length("lamp") == len(response.data)
    assert Page("victim", coding).token in app.test_client(use_cookies=False).get(
        "/search", headers={"Cookie": "session=victim", "Accept-Encoding": "gzip;q=0"}
    ).get_data(as_text=True)


def test_the_published_attack_finds_a_token_without_noise() -> None:
    tried = publish("gzip", 0, sessions=1)
    assert (tried.whole, tried.right) == (1, 32)
    assert tried.requests < 10_000


def test_a_digit_is_looked_at_with_every_guess() -> None:
    digit = look_at("victim", random.Random(1), tries=60)
    assert len(digit.lengths) == len(digit.saved) == len(HEXADECIMAL)
    # On average it saves most of a byte.
    means = [sum(each) / len(each) for each in digit.saved]
    assert means.index(max(means)) == digit.right
    assert 0.3 < max(means) < 3


@pytest.mark.parametrize("noise", [0, 8, 32])
def test_both_attackers_find_digits_whatever_the_noise(noise: int) -> None:
    chooser = random.Random(noise)
    known = Knowledge([make_digit(chooser) for _ in range(10)], noise)
    digits = [make_digit(chooser) for _ in range(10)]
    assert all(average(digit, noise, chooser).is_right for digit in digits)
    assert sum(weigh(digit, noise, known, chooser).is_right for digit in digits) >= 8


def test_noise_makes_them_longer() -> None:
    """As it grows for one, and as its square for the other."""
    chooser = random.Random(3)
    own, digits = ([make_digit(chooser) for _ in range(12)] for _ in range(2))
    weighed, averaged = [], []
    for noise in (8, 32):
        known = Knowledge(own, noise)
        weighed.append(sum(weigh(digit, noise, known, chooser).requests for digit in digits))
        averaged.append(sum(average(digit, noise, chooser).requests for digit in digits))
    assert 2 < weighed[1] / weighed[0] < 8
    assert 8 < averaged[1] / averaged[0] < 32
