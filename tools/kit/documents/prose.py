"""Prose that reads like prose to a compressor: many words, few of them often, no line twice."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import accumulate

from . import vocabulary as words


class Writer:
    """Writes text; one seed always gives the same text.

    :param seed: what the text depends on, such as the page that it is for.
    """

    def __init__(self, seed: str) -> None:
        # Python seeds from a text in the same way in every process and version.
        self.random = random.Random(seed)
        self._ranked: dict[int, tuple[list[str], list[float]]] = {}

    def choose(self, choices: Sequence[str]) -> str:
        """Return one word of a list in the vocabulary; each text prefers some of them."""
        ranked = self._ranked.get(id(choices))
        if ranked is None:
            # Zipf's law, flattened: the hundredth word is a ninth as frequent as the first.
            weights = [1 / (rank + 12) for rank in range(len(choices))]
            shuffled = self.random.sample(choices, len(choices))
            ranked = self._ranked[id(choices)] = (shuffled, list(accumulate(weights)))
        return self.random.choices(ranked[0], cum_weights=ranked[1])[0]

    def person(self) -> str:
        """Return a first and a last name."""
        return f"{self.random.choice(words.FIRST_NAMES)} {self.random.choice(words.LAST_NAMES)}"

    def title(self) -> str:
        """Return a headline of three to six words."""
        noun, other = self.choose(words.NOUNS), self.choose(words.NOUNS)
        shapes = (
            f"the {self.choose(words.ADJECTIVES)} {noun}",
            f"{noun} and {other}",
            f"a {noun} {self.choose(words.PREPOSITIONS)} the {other}",
            f"how the {noun} {self.choose(words.PAST_VERBS)} the {other}",
        )
        return self.random.choice(shapes).capitalize()

    def noun_phrase(self) -> str:
        """Return a noun with an article and, half the time, an adjective."""
        article = self.random.choice(("the", "the", "the", "its", "every", "their", "this"))
        if self.random.random() < 0.5:
            return f"{article} {self.choose(words.ADJECTIVES)} {self.choose(words.NOUNS)}"
        return f"{article} {self.choose(words.NOUNS)}"

    def clause(self) -> str:
        """Return subject, verb and object, and what else there is to say."""
        parts = [self.noun_phrase(), self.choose(words.PAST_VERBS), self.noun_phrase()]
        chance = self.random.random()
        if chance < 0.3:
            parts.insert(1, self.choose(words.ADVERBS))
        elif chance < 0.7:
            parts += [self.choose(words.PREPOSITIONS), self.noun_phrase()]
        elif chance < 0.8:
            parts.append(f"in {self.random.randint(1780, 2024)}")
        elif chance < 0.88:
            parts.append(f"in {self.choose(words.TOWNS)}")
        return " ".join(parts)

    def sentence(self) -> str:
        """Return one to three clauses."""
        text = self.clause()
        while self.random.random() < 0.4:
            text += f", {self.choose(words.CONNECTIVES)} {self.clause()}"
        if self.random.random() < 0.08:
            text += f", as {self.person()} wrote"
        return f"{text[0].upper()}{text[1:]}."

    def paragraph(self, count: int = 5) -> str:
        """Return as many sentences."""
        return " ".join(self.sentence() for _ in range(count))
