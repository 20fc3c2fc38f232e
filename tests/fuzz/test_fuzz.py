"""The fuzz corpus, given to each target without libFuzzer, under sanitizers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parents[2] / "csrc" / "test" / "fuzz"
TARGETS = sorted(path.stem for path in FUZZ.glob("*.c") if path.stem != "replay")

# Inputs made up beside the corpus, the same in every run.
NRANDOM = 150


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_and_some_random_inputs_pass(build_folder: Path, target: str) -> None:
    inputs = sorted((FUZZ / "corpus" / target).iterdir())
    assert len(inputs) > 30
    result = subprocess.run(
        [build_folder / "fuzz" / target, "-n", str(NRANDOM), *inputs],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_every_folder_of_the_corpus_has_a_target() -> None:
    assert sorted(path.name for path in (FUZZ / "corpus").iterdir()) == TARGETS


def test_the_corpus_is_small() -> None:
    assert sum(path.stat().st_size for path in FUZZ.glob("corpus/*/*")) < 200_000


def test_the_seeds_are_those_that_the_script_makes() -> None:
    subprocess.run([sys.executable, FUZZ / "make_corpus.py", "--check"], check=True)
