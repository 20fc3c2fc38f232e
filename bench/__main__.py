"""The benchmarks: ``python -m bench --help`` lists them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any
from typing import TypeVar

import click

from tools.kit.tables import Table

from . import corpus as corpora
from . import lengths as guessed_lengths
from . import regress as regression
from . import report as reports
from . import results
from .budget import run as budgets
from .corpus import HALVES
from .corpus import SIZE_CLASSES
from .doors import calls as door_calls
from .doors import latency as latencies
from .doors import server as door_servers
from .doors.cases import CASES as DOOR_CASES
from .encoders import run as encoder_run
from .encoders import tables as encoder_tables
from .encoders.peers import load_points
from .hook import calls
from .hook import memory as memories
from .hook import server as servers
from .hook.application import CASES
from .static import run as static_runs
from .static.trees import TREES
from .streams import pages as stream_pages
from .streams import run as stream_runs
from .verdicts import verdict_table

_T = TypeVar("_T")

SECTIONS = {section.name: section for section in reports.SECTIONS}
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)

to_file = click.option("--json", "path", type=FILE, help="Write the results there, too.")


def number(name: str, default: int) -> Callable[..., Any]:
    """Return a decorator: a command gets an option for a number from 1 on."""
    return click.option(name, type=click.IntRange(min=1), default=default, show_default=True)


def some(name: str, choices: Iterable[str], default: Iterable[str]) -> Callable[..., Any]:
    """Return an option that can be given several times."""
    values = click.Choice(list(choices))
    return click.option(name, "some", type=values, multiple=True, default=list(default))


def with_progress(measure: Callable[..., _T]) -> _T:
    """Measure something, and show on a terminal which share of it is done."""
    if not sys.stderr.isatty():
        return measure()

    def report(what: str, share: float) -> None:
        bar = "#" * round(30 * share)
        print(f"\r{what:12} [{bar:30}] {share:4.0%}", end="", file=sys.stderr, flush=True)

    measured = measure(report=report)
    print("\r\x1b[K", end="", file=sys.stderr)
    return measured


def show(parts: Iterable[Table | str]) -> None:
    """Print tables and texts."""
    for part in parts:
        click.echo(f"{part if isinstance(part, str) else part.as_text()}\n")


def measure(name: str, path: Path | None, run: Callable[..., results.Run[Any]]) -> None:
    """Run a benchmark of the report, print what it says, and write it down if wanted."""
    measured = with_progress(run)
    if path:
        results.write({name: measured}, path)
    show(SECTIONS[name].describe(measured))


@click.group()
def main() -> None:
    """Run benchmarks, and make the report of what they measured."""


@main.command()
@click.option("--quick", is_flag=True, help="Take fewer rounds.")
@click.option("--out", type=FOLDER, default=reports.ROOT / "build" / "bench", show_default=True)
@some("--part", SECTIONS, SECTIONS)
def run(quick: bool, out: Path, some: tuple[str, ...]) -> None:
    """Run the benchmarks of the report; write results.json, REPORT.md and charts."""
    path = out.resolve() / "results.json"
    for part, name in enumerate(some, 1):
        section = SECTIONS[name]
        click.echo(f"{part}/{len(some)} {section.heading}", err=True)
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
    """Make REPORT.md, README's ratios and its chart out of the committed results.

    Print what is reached of the encoder's targets.
    """
    for path, text in reports.made_files().items():
        if not check:
            path.write_text(text, "utf-8")
        elif not reports.is_current(path, text):
            said = f"{path.name} does not say what bench/results.json does"
            raise click.ClickException(f"{said}: python -m bench report")
    show([verdict_table(encoder_tables.judge(reports.read_runs()["encoders"]))])


@main.command()
@click.option("--half", type=click.Choice(HALVES), help="Use one half of the corpus.")
@click.option("--rounds", type=click.IntRange(min=1), help="Default: as many as minutes allow.")
@click.option(
    "--seconds", default=encoder_run.SECONDS, help="Those minutes.", show_default=True
)
@some("--class", SIZE_CLASSES, SIZE_CLASSES)
@to_file
def encoders(
    half: str | None, some: tuple[str, ...], path: Path | None, **options: Any
) -> None:
    """Compare encoders over the corpus: speed and ratio, by size class."""
    points, remarks = load_points()
    for remark in remarks:
        click.echo(remark, err=True)
    documents = [document for document in corpora.load(half) if document.size_class in some]
    job = partial(encoder_run.run, documents, points, half=half, **options)
    measure("encoders", path, job)


@main.command()
@number("--rounds", calls.ROUNDS)
@some("--case", CASES, CASES)
@to_file
def hook(some: tuple[str, ...], path: Path | None, **options: Any) -> None:
    """Measure what hooks add to a request: Flask-Compress's and ours."""
    measure("hook", path, partial(calls.run, some, **options))


@main.command()
@number("--rounds", servers.ROUNDS)
@number("--seconds", servers.SECONDS)
@number("--cpu-seconds", servers.CPU_SECONDS)
@some("--case", servers.ALL_CASES, servers.ALL_CASES)
@to_file
def server(some: tuple[str, ...], path: Path | None, **options: Any) -> None:
    """Measure what gunicorn's worker takes a request, and what it answers in a second."""
    measure("server", path, partial(servers.run, some, **options))


@main.command("static")
@some("--tree", TREES, TREES)
@to_file
def static_files(some: tuple[str, ...], path: Path | None) -> None:
    """Compare what codes files ahead of time: time, and bytes by coding."""
    measure("static", path, partial(static_runs.run, some))


@main.command()
@number("--rounds", door_calls.ROUNDS)
@some("--case", DOOR_CASES, DOOR_CASES)
@to_file
def doors(some: tuple[str, ...], path: Path | None, **options: Any) -> None:
    """Measure what middleware adds to a response: that of others and ours."""
    measure("doors", path, partial(door_calls.run, some, **options))


@main.command("doors-server")
@number("--rounds", door_servers.ROUNDS)
@number("--seconds", door_servers.SECONDS)
@number("--cpu-seconds", door_servers.CPU_SECONDS)
@some("--case", door_servers.CASES, door_servers.CASES)
@to_file
def doors_server(some: tuple[str, ...], path: Path | None, **options: Any) -> None:
    """Measure what a request takes of uvicorn with middleware, and what it answers."""
    measure("doors-server", path, partial(door_servers.run, some, **options))


@main.command("doors-latency")
@number("--rounds", latencies.ROUNDS)
@number("--seconds", latencies.SECONDS)
@some("--case", latencies.CASES, latencies.CASES)
@to_file
def doors_latency(some: tuple[str, ...], path: Path | None, **options: Any) -> None:
    """Measure how long small answers of uvicorn take while long ones are coded."""
    measure("doors-latency", path, partial(latencies.run, some, **options))


@main.command()
@number("--bodies", memories.BODIES)
@to_file
def memory(path: Path | None, **options: Any) -> None:
    """Measure the memory that a process takes for the bodies it keeps."""
    measure("memory", path, partial(memories.run, **options))


@main.command()
@number("--streams", 10_000)
@number("--rounds", 25)
@to_file
def streams(path: Path | None, **options: Any) -> None:
    """Compare what open streams take: memory, flushes, threads."""
    runs = with_progress(partial(stream_runs.run, **options))
    if path:
        results.write({f"stream {name}": one for name, one in runs.items() if one.rows}, path)
    show(stream_runs.describe(runs))


@main.command()
@some("--coding", budgets.CODINGS, budgets.CODINGS)
@number("--rounds", budgets.ROUNDS)
@number("--seconds", budgets.SECONDS)
@to_file
def budget(some: tuple[str, ...], path: Path | None, **options: Any) -> None:
    """Measure what a CPU budget does for a server that is asked for too much (with wrk)."""
    measured = with_progress(partial(budgets.run, some, **options))
    if path:
        results.write({"budget": measured}, path)
    show(budgets.describe(measured))


@main.command()
def pages() -> None:
    """Tell what flushes cost pages that a template yields: the table of docs/streaming.md."""
    click.echo(stream_pages.describe().as_markdown())


@main.command()
@number("--sessions", guessed_lengths.SESSIONS)
def lengths(sessions: int) -> None:
    """Tell what guessing a token by lengths takes: the tables of docs/security.md."""
    for table in guessed_lengths.describe(sessions):
        click.echo(f"{table.as_markdown()}\n")


@main.command()
@click.argument("base")
@click.argument("new", default="HEAD")
def regress(base: str, new: str) -> None:
    """Compare two commits, and fail where NEW (what is checked out) is slower."""
    try:
        compared = with_progress(partial(regression.run, base, new))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    show([regression.describe(compared)])
    if slower := regression.find_slower(compared):
        where = ", ".join(f"{job.name} {job.argument} {job.size_class}" for job in slower)
        raise click.ClickException(f"over {100 * (regression.LIMIT - 1):.0f} % slower: {where}")


@main.command()
@click.option("--export", type=FOLDER, help="Write plain files there.")
def corpus(export: Path | None) -> None:
    """Count the documents of the corpus, by size class and kind."""
    documents = corpora.load()
    if export:
        corpora.export(documents, export)
    show([corpora.describe(documents)])


if __name__ == "__main__":
    main(prog_name="python -m bench")
