"""What the demonstration serves: the same realistic data in every run."""

from __future__ import annotations

import random
from typing import Any

_SYLLABLES = "ba co de fi lo ma ne po ra si ta vu ster ling mor den wick ton al er in on".split()
_COMMON = (
    "the of and to a in is that it was for on are with as at be this have from or one had by"
    " but not what all were when we there can an your which their said if do will each about"
).split()
_COLOURS = ("black", "white", "red", "navy", "olive", "sand", "rust", "teal")


class Writer:
    """Makes up names, prose and records, always the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._words = [self._made_up_word() for _ in range(1500)]

    def _made_up_word(self) -> str:
        return "".join(self._random.choices(_SYLLABLES, k=self._random.randint(1, 3)))

    def sentence(self) -> str:
        """Return a sentence of 6 to 18 words, common and rare ones mixed as in prose."""
        words = [
            self._random.choice(_COMMON)
            if self._random.random() < 0.5
            # Squaring makes the first words of the list frequent and the last ones rare.
            else self._words[int(self._random.random() ** 2 * len(self._words))]
            for _ in range(self._random.randint(6, 18))
        ]
        return " ".join(words).capitalize() + "."

    def paragraph(self) -> str:
        """Return 3 to 7 sentences."""
        return " ".join(self.sentence() for _ in range(self._random.randint(3, 7)))

    def product(self, number: int) -> dict[str, Any]:
        """Return a record such as a shop's API has."""
        name = f"{self._made_up_word()} {self._made_up_word()}".title()
        return {
            "id": 100_000 + number * 37,
            "name": name,
            "slug": name.lower().replace(" ", "-"),
            "price": {"amount": round(self._random.uniform(3, 900), 2), "currency": "EUR"},
            "colours": self._random.sample(_COLOURS, self._random.randint(1, 4)),
            "stock": self._random.randrange(500),
            "rating": round(self._random.uniform(1, 5), 1),
            "available": self._random.random() < 0.8,
            "description": self.sentence(),
        }

    def products(self, count: int) -> list[dict[str, Any]]:
        """Return count records."""
        return [self.product(number) for number in range(count)]

    def chart(self, npoints: int) -> str:
        """Return an SVG line chart of a random walk."""
        y = 200.0
        points = []
        for x in range(npoints):
            y += self._random.uniform(-9, 9)
            points.append(f"{x * 4},{y:.1f}")
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {npoints * 4} 400">\n'
            f'<polyline fill="none" stroke="#246" points="{" ".join(points)}"/>\n</svg>\n'
        )

    def noise(self, nbytes: int) -> bytes:
        """Return bytes that do not compress."""
        return self._random.randbytes(nbytes)
