"""Runs the benchmarks one after the other and writes one report.

``python -m bench`` compares encoders over the half of the corpus that ours was not tuned on,
what hooks add to a request, and what a server answers in a second. It writes ``REPORT.md``,
``REPORT.html`` and, into ``results``, every figure as JSON and the charts. Each benchmark can
be run alone and has more options: ``python -m bench.pareto --help``, ``bench.bench_hook``,
``bench.bench_server``; ``bench.bench_streams`` is not part of the report.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .machine import describe_machine
from .report import TITLE
from .report import as_page
from .report import tidy

_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Part:
    """One benchmark of the report."""

    name: str
    """Of its files."""
    heading: str
    """Of its section."""
    text: str
    """What its section begins with."""
    module: str
    """What runs it."""
    options: tuple[str, ...] = ()
    """Its options in a run that takes its time."""
    quick_options: tuple[str, ...] = ()
    """Its options in a quick run."""


PARTS = (
    Part(
        "pareto",
        "Encoders",
        "Speed and ratio of every encoder at every level, over files of one size class of the"
        " corpus: pages, API answers, scripts, style sheets, source maps, drawings and fonts"
        " out of pinned PyPI packages. Every encoder codes one document before any codes the"
        " next, and decodes what it made.",
        "bench.pareto",
        ("--half", "held-back", "--seconds", "240"),
        ("--half", "held-back", "--rounds", "2"),
    ),
    Part(
        "hook",
        "The hook",
        "What it costs a request that there is an `after_request` hook: the same Flask"
        " application without one, with Flask-Compress and with pyfastgz, each with the"
        " defaults but for the order of codings for streams. Objects become JSON in the view,"
        " pages are ready to be sent.",
        "bench.bench_hook",
        (),
        ("--rounds", "30"),
    ),
    Part(
        "server",
        "A server under load",
        "The same applications under gunicorn on the loopback interface.",
        "bench.bench_server",
        (),
        ("--rounds", "1", "--seconds", "1"),
    ),
)
"""The benchmarks of the report, in its order."""


def run(part: Part, folder: Path, *, quick: bool) -> str:
    """Run a benchmark, which writes its figures and its chart; return its section.

    :param folder: of the report.
    :raises subprocess.CalledProcessError: it failed; what it says of that is shown.
    """
    results = folder / "results" / part.name
    files = ["--json", f"{results}.json", "--svg", f"{results}.svg"]
    options = part.quick_options if quick else part.options
    # A process of its own, so that no benchmark finds the memory as another left it.
    done = subprocess.run(
        [sys.executable, "-m", part.module, "--markdown", *files, *options],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    picture = f"![{part.heading}](results/{part.name}.svg)"
    return f"## {part.heading}\n\n{part.text}\n\n{picture}\n\n{tidy(done.stdout)}"


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmarks.

    :param arguments: the command line; None for the one of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="take fewer rounds")
    parser.add_argument(
        "--out",
        type=Path,
        default=_ROOT / "build" / "bench",
        metavar="FOLDER",
        help="for the report; default build/bench",
    )
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=[part.name for part in PARTS],
        default=[part.name for part in PARTS],
        metavar="PART",
        help="some of: pareto, hook, server",
    )
    options = parser.parse_args(arguments)
    folder: Path = options.out.resolve()
    (folder / "results").mkdir(parents=True, exist_ok=True)

    parts = [part for part in PARTS if part.name in options.parts]
    sections = []
    for number, part in enumerate(parts, 1):
        print(f"{number}/{len(parts)} {part.heading}", file=sys.stderr, flush=True)
        sections.append(run(part, folder, quick=options.quick))
    how = (
        "make bench-quick`: its few rounds show the order, no more"
        if options.quick
        else "make bench`"
    )
    head = (
        f"{TITLE}\n\nWritten by `{how}. Read the ratios: they were measured in turns on one"
        f" machine, and hold better elsewhere than times do.\n\n"
        f"Machine:\n\n{', '.join(describe_machine().values())}.\n"
    )
    report = "\n".join([head, *sections])
    (folder / "REPORT.md").write_text(report, "utf-8")
    (folder / "REPORT.html").write_text(as_page(report, folder), "utf-8")
    print(f"Written: {folder / 'REPORT.md'} and {folder / 'REPORT.html'}.", file=sys.stderr)


if __name__ == "__main__":
    main()
