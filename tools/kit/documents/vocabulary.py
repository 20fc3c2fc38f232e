"""The words that the demo's prose is made of."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "words"


def _read(name: str) -> list[str]:
    return (_FOLDER / f"{name}.txt").read_text(encoding="ascii").split()


NOUNS = _read("nouns")
ADJECTIVES = _read("adjectives")
PAST_VERBS = _read("past_verbs")
ADVERBS = _read("adverbs")
PREPOSITIONS = _read("prepositions")
CONNECTIVES = _read("connectives")
FIRST_NAMES = _read("first_names")
LAST_NAMES = _read("last_names")
TOWNS = _read("towns")
MATERIALS = _read("materials")
