"""The benchmarks: ``python -m bench --help`` lists them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from . import corpus as corpora
from . import regress as regression
from . import report as reports
from . import results
from . import streams as stream_runs
from .corpus.manifest import HALVES
from .corpus.manifest import SIZE_CLASSES
from .encoders import run as encoder_run
from .encoders.peers import load_points
from .hook import calls
from .hook import server as servers
from .hook.application import CASES
from .results import Run
from .streams import pages as stream_pages

SECTIONS = {section.name: section for section in reports.SECTIONS}
FOLDER = click.Path(path_type=Path, file_okay=False)
AT_LEAST_1 = click.IntRange(min=1)

to_file = click.option(
    "--json",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the results there, beside those that it has.",
)


def some(name: str, choices: list[str], default: list[str]) -> Callable[..., Any]:
    """Return an option that can be given several times."""
    return click.option(
        name, "some", type=click.Choice(choices), multiple=True, default=default
    )


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """Yield what shows on a terminal which share of something is done."""
    shown = sys.stderr.isatty()

    def report(what: str, share: float) -> None:
        if shown:
            bar = "#" * round(30 * share)
            print(f"\r{what:12} [{bar:30}] {share:4.0%}", end="", file=sys.stderr, flush=True)

    yield report
    if shown:
        print("\r\x1b[K", end="", file=sys.stderr)


def finish(name: str, run: Run[Any], path: Path | None) -> None:
    """Print what a run of the report says, and write it down if that is wanted."""
    if path:
        results.write({name: run}, path)
    click.echo(reports.as_text(SECTIONS[name].describe(run)))


@click.group()
def main() -> None:
    """Run benchmarks, and make the report of what they measured."""


@main.command()
@click.option("--quick", is_flag=True, help="Take fewer rounds.")
@click.option("--out", type=FOLDER, default=reports.ROOT / "build" / "bench", show_default=True)
@some("--part", list(SECTIONS), list(SECTIONS))
def run(quick: bool, out: Path, some: tuple[str, ...]) -> None:
    """Run the benchmarks of the report; write results.json, REPORT.md and charts."""
    path = out.resolve() / "results.json"
    for number, name in enumerate(some, 1):
        section = SECTIONS[name]
        click.echo(f"{number}/{len(some)} {section.heading}", err=True)
        options = section.quick_options if quick else section.options
        # A process of its own, so that no benchmark finds the memory as another left it.
        command = [sys.executable, "-m", "bench", name, "--json", str(path), *options]
        subprocess.run(command, cwd=reports.ROOT, stdout=subprocess.DEVNULL, check=True)
    (out / "REPORT.md").write_text(reports.make_report(reports.read_runs(path)), "utf-8")
    reports.draw_charts(out / "charts", path)
    click.echo(f"Written: {out}/REPORT.md, {out}/results.json and {out}/charts.", err=True)


@main.command()
@click.option("--check", is_flag=True, help="Write nothing, tell what differs.")
def report(check: bool) -> None:
    """Make REPORT.md, README's tables and its chart out of the committed results."""
    for path, text in reports.made_files().items():
        if not check:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            raise click.ClickException(
                f"{path.name} does not say what bench/results.json does: python -m bench report"
            )


@main.command()
@click.option("--half", type=click.Choice(HALVES), help="Use one half of the corpus.")
@click.option("--rounds", type=AT_LEAST_1, help="As many as some minutes allow, if not given.")
@click.option(
    "--seconds", default=encoder_run.SECONDS, help="Those minutes.", show_default=True
)
@some("--class", list(SIZE_CLASSES), list(SIZE_CLASSES))
@to_file
def encoders(
    half: str | None,
    rounds: int | None,
    seconds: float,
    some: tuple[str, ...],
    path: Path | None,
) -> None:
    """Compare encoders over the corpus: speed and ratio, by size class."""
    points, remarks = load_points()
    for remark in remarks:
        click.echo(remark, err=True)
    documents = [d for d in corpora.load(half) if d.size_class in some]
    with progress() as shown:
        measured = encoder_run.run(
            documents, points, half=half, rounds=rounds, seconds=seconds, report=shown
        )
    finish("encoders", measured, path)


@main.command()
@click.option("--rounds", type=AT_LEAST_1, default=calls.ROUNDS, show_default=True)
@some("--case", list(CASES), list(CASES))
@to_file
def hook(rounds: int, some: tuple[str, ...], path: Path | None) -> None:
    """Measure what hooks add to a request: Flask-Compress's and ours."""
    with progress() as shown:
        measured = calls.run(some, rounds=rounds, report=shown)
    finish("hook", measured, path)


@main.command()
@click.option("--rounds", type=AT_LEAST_1, default=servers.ROUNDS, show_default=True)
@click.option("--seconds", type=AT_LEAST_1, default=servers.SECONDS, show_default=True)
@some("--case", list(CASES), servers.DEFAULT_CASES)
@to_file
def server(rounds: int, seconds: int, some: tuple[str, ...], path: Path | None) -> None:
    """Measure what gunicorn answers in a second, with wrk if it is installed."""
    with progress() as shown:
        measured = servers.run(some, rounds=rounds, seconds=seconds, report=shown)
    finish("server", measured, path)


@main.command()
@click.option("--streams", "count", type=AT_LEAST_1, default=10_000, show_default=True)
@click.option("--rounds", type=AT_LEAST_1, default=25, show_default=True)
@to_file
def streams(count: int, rounds: int, path: Path | None) -> None:
    """Compare what open streams take: memory, flushes, threads."""
    with progress() as shown:
        runs = stream_runs.run(count, rounds, report=shown)
    if path:
        results.write({f"stream {name}": one for name, one in runs.items() if one.rows}, path)
    click.echo(reports.as_text(stream_runs.describe(runs)))


@main.command()
def pages() -> None:
    """Tell what flushes cost pages that a template yields: the table of docs/streaming.md."""
    click.echo(stream_pages.describe().as_markdown())


@main.command()
@click.argument("base")
@click.argument("new", default="HEAD")
def regress(base: str, new: str) -> None:
    """Compare two commits, and fail where NEW (what is checked out) is slower."""
    try:
        with progress() as shown:
            compared = regression.run(base, new, report=shown)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    click.echo(regression.describe(compared).as_text())
    if slower := regression.find_slower(compared):
        where = ", ".join(f"{job.name} {job.argument} {job.size_class}" for job in slower)
        raise click.ClickException(f"over {100 * (regression.LIMIT - 1):.0f} % slower: {where}")


@main.command()
@click.option("--export", type=FOLDER, help="Write plain files there.")
def corpus(export: Path | None) -> None:
    """Tell what the corpus consists of."""
    documents = corpora.load()
    if export:
        corpora.export(documents, export)
    click.echo(corpora.describe(documents).as_text())


if __name__ == "__main__":
    main(prog_name="python -m bench")
