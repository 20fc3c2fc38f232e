"""What is told of the work on a folder: while it goes on, and afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field

from ..disk import fault_of


@dataclass(slots=True)
class Total:
    """The siblings in one coding.

    :param count: how many there are.
    :param nbytes: what they have together.
    :param source_nbytes: what the files have that they are made of.
    :param made: how many of them were made.
    :param adopted: how many were taken that somebody else had made.
    """

    count: int = 0
    nbytes: int = 0
    source_nbytes: int = 0
    made: int = 0
    adopted: int = 0


@dataclass(slots=True)
class Report:
    """What became of a folder.

    :param count: how many files are to have siblings.
    :param nbytes: what they have together.
    :param totals: their siblings by coding.
    :param left_out: how many files are not to have siblings, by reason.
    :param notes: what is to be told.
    :param stale: what is not as it should be, and was not to be changed.
    :param faults: what has failed.
    """

    count: int = 0
    nbytes: int = 0
    totals: dict[str, Total] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Progress:
    """Is told how far it is; this one does nothing with it."""

    def wait(self) -> None:
        """Note that another process works in the folder, and has to end first."""

    def start(self, nbytes: int) -> None:
        """Note how many bytes are to be looked at."""

    def advance(self, nbytes: int) -> None:
        """Note that so many more are done."""


def shown(path: str) -> str:
    """Return a path for people: on one line, without what a terminal would obey."""
    return path if path.isprintable() else ascii(path)


@contextmanager
def noting(faults: list[str], path: str) -> Iterator[None]:
    """Note whatever is raised, as what has failed at a path."""
    try:
        yield
    except Exception as error:
        faults.append(f"{shown(path)}: {fault_of(error)}")
