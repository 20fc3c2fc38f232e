"""Compares pyfastgz with Python's gzip over the corpus: level 6 in time and size, all in size.

``python -m bench.bench_gzip6`` prints, for each size class, the time and the size of
``pyfastgz.compress(body, "gzip", level=6)`` against ``gzip.compress(body, 6)``; ``--levels``
prints the size of every level against zlib's.
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import platform
import zlib
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING

from rich.box import MARKDOWN
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

import pyfastgz

from .corpus import Document
from .corpus import load
from .corpus_manifest import HALVES
from .corpus_manifest import SIZE_CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable

LEVELS = range(1, 10)
"""The levels both encoders have, but for level 0, which stores."""

_CLASS_HEADINGS = (
    "documents",
    "mean bytes",
    "pyfastgz µs",
    "zlib µs",
    "speed ratio",
    "pyfastgz ratio",
    "zlib ratio",
    "size difference",
)


@dataclass(slots=True)
class Result:
    """What an encoder made of a document."""

    nbytes: int
    """The length of the output in bytes."""
    ns: float = float("inf")
    """The time of one call in nanoseconds: the minimum over the rounds."""


def encode_ours(body: bytes, level: int = 6) -> bytes:
    """Return the gzip form by pyfastgz."""
    return pyfastgz.compress(body, "gzip", level=level)


def encode_zlib(body: bytes, level: int = 6) -> bytes:
    """Return the gzip form by Python's own gzip module."""
    return gzip.compress(body, level)


_ENCODERS = (encode_ours, encode_zlib)


def measure(documents: list[Document], rounds: int) -> list[tuple[Result, ...]]:
    """Return, for each document, our result and zlib's.

    A round codes every document once with each encoder in turn; the first one changes between
    rounds. Calls on one document are not repeated within a round: branch predictors learn a
    short document by heart, which no server sees.

    :raises ValueError: an output does not decode to its document.
    """
    results = [
        tuple(Result(_checked_nbytes(document, encode)) for encode in _ENCODERS)
        for document in documents
    ]
    for number in range(rounds):
        order = (0, 1) if number % 2 else (1, 0)
        for document, pair in zip(documents, results, strict=True):
            for i in order:
                pair[i].ns = min(pair[i].ns, _time(_ENCODERS[i], document.body))
    return results


def level_sizes(documents: list[Document], level: int) -> tuple[int, int]:
    """Return the summed sizes in bytes of a level over the documents: ours and zlib's."""
    return (
        sum(len(encode_ours(document.body, level)) for document in documents),
        sum(len(encode_zlib(document.body, level)) for document in documents),
    )


def _checked_nbytes(document: Document, encode: Callable[[bytes], bytes]) -> int:
    coded = encode(document.body)
    if gzip.decompress(coded) != document.body:
        raise ValueError(f"{document.name} does not survive {encode.__name__}")
    return len(coded)


def _time(encode: Callable[[bytes], bytes], body: bytes) -> int:
    start = perf_counter_ns()
    encode(body)
    return perf_counter_ns() - start


def _compare_classes(documents: list[Document], rounds: int) -> Table:
    table = Table(title="gzip level 6, per size class")
    table.add_column("size", no_wrap=True)
    for heading in _CLASS_HEADINGS:
        table.add_column(heading, justify="right")
    results = measure(documents, rounds)
    for size_class in SIZE_CLASSES:
        members = [
            (document, pair)
            for document, pair in zip(documents, results, strict=True)
            if document.size_class == size_class
        ]
        in_nbytes = sum(len(document.body) for document, _ in members)
        our_ns, zlib_ns = (sum(pair[i].ns for _, pair in members) for i in (0, 1))
        our_nbytes, zlib_nbytes = (sum(pair[i].nbytes for _, pair in members) for i in (0, 1))
        table.add_row(
            size_class,
            str(len(members)),
            f"{in_nbytes / len(members):,.0f}",
            f"{our_ns / len(members) / 1000:,.1f}",
            f"{zlib_ns / len(members) / 1000:,.1f}",
            f"{zlib_ns / our_ns:.2f} x",
            f"{in_nbytes / our_nbytes:.3f}",
            f"{in_nbytes / zlib_nbytes:.3f}",
            f"{100 * (our_nbytes / zlib_nbytes - 1):+.2f} %",
        )
    return table


def _compare_levels(documents: list[Document]) -> Table:
    table = Table(title="Summed sizes in bytes, per level")
    for heading in ("level", "pyfastgz", "zlib", "size difference"):
        table.add_column(heading, justify="right")
    for level in LEVELS:
        ours, zlibs = level_sizes(documents, level)
        table.add_row(
            str(level), f"{ours:,}", f"{zlibs:,}", f"{100 * (ours / zlibs - 1):+.2f} %"
        )
    return table


def _circumstances() -> str:
    return ", ".join(
        [
            _cpu_name(),
            f"Python {platform.python_version()}",
            f"zlib {zlib.ZLIB_RUNTIME_VERSION}",
            f"pyfastgz {pyfastgz.__version__}",
            datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        ]
    )


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.bench_gzip6", description=__doc__)
    parser.add_argument("--levels", action="store_true", help="compare the sizes of all levels")
    parser.add_argument("--half", choices=HALVES, help="use one half of the corpus")
    parser.add_argument("--rounds", type=int, default=25, metavar="N", help="default 25")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    arguments = parser.parse_args()
    documents = load(arguments.half)
    if arguments.levels:
        table = _compare_levels(documents)
    else:
        table = _compare_classes(documents, arguments.rounds)
    console = Console()
    table.box = SIMPLE
    if arguments.markdown:
        console = Console(width=200)
        table.box = MARKDOWN
        table.title = None
    console.print(table)
    print(f"Corpus: {arguments.half or 'both halves'}. {_circumstances()}.")


if __name__ == "__main__":
    _main()
