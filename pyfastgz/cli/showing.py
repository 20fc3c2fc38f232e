"""How commands show what they do."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import click

from ..static.report import Progress
from ..static.report import Report
from ..static.report import shown
from ..static.versions import VersionsReport

_MAX_LINES = 50


class Bar(Progress):
    """A bar on a terminal that shows how far it is, and nothing elsewhere.

    :param folder: in which the work is done.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._bar: Any = None
        self._start = perf_counter()
        self.seconds = 0.0
        """What it took, when it is closed."""

    def wait(self) -> None:
        """Say that another process works in the folder."""
        say(f"{shown(self._folder)}: waiting for another run to end", is_error=True)

    def start(self, nbytes: int) -> None:
        """Show the bar."""
        if sys.stderr.isatty():
            self._bar = click.progressbar(
                length=nbytes, label=shown(self._folder), file=sys.stderr
            )
            self._bar.render_progress()

    def advance(self, nbytes: int) -> None:
        """Show how far it is."""
        if self._bar is not None:
            self._bar.update(nbytes)

    def close(self) -> None:
        """Leave the bar as it is."""
        self.seconds = perf_counter() - self._start
        if self._bar is not None:
            self._bar.render_finish()
            self._bar = None


def say(text: str, *, is_error: bool = False) -> None:
    """Print a line, whatever the output can show."""
    stream = sys.stderr if is_error else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=is_error)


def show_report(folder: str, report: Report, verb: str, seconds: float) -> None:
    """Show what became of a folder.

    :param verb: what was done with siblings.
    :param seconds: what it took.
    """
    head = f"{shown(folder)}: "
    _lines([f"{head}{note}" for note in report.notes])
    _lines([f"{head}{stale}" for stale in report.stale])
    _lines([f"{head}failed: {fault}" for fault in report.faults], is_error=True)
    if verb != "cleaned":
        head += f"{report.count:,} files, {report.nbytes:,} bytes, "
    say(f"{head}{verb} in {seconds:.2f} s")
    headings = ["coding", "siblings", "bytes", "saved", verb, "adopted"]
    # What is removed has no file any more to be compared with, and a check makes nothing.
    is_adopting = any(total.adopted for total in report.totals.values())
    columns = {"cleaned": 3, "checked": 4}.get(verb, 5 + is_adopting)
    rows = [headings[:columns]]
    for coding, total in report.totals.items():
        saved = 1 - total.nbytes / total.source_nbytes if total.source_nbytes else 0.0
        row = [coding, f"{total.count:,}", f"{total.nbytes:,}", f"{saved:.1%}"]
        row += [f"{total.made:,}", f"{total.adopted:,}"]
        rows.append(row[:columns])
    if len(rows) > 1:
        show_table(rows)
    _left_out(report.left_out)


def show_versions(
    folder: str, report: VersionsReport, *, is_check: bool, seconds: float
) -> None:
    """Show what became of a folder of dictionaries.

    :param is_check: whether nothing was to be changed.
    :param seconds: what it took.
    """
    head = f"{shown(folder)}: "
    _lines([f"{head}{note}" for note in report.notes])
    _lines([f"{head}{stale}" for stale in report.stale])
    _lines([f"{head}failed: {fault}" for fault in report.faults], is_error=True)
    if is_check:
        say(f"{head}{report.files:,} files, checked in {seconds:.2f} s")
    else:
        say(
            f"{head}{report.kept:,} versions of {report.files:,} files, {report.nbytes:,} "
            f"bytes, {report.added:,} added, {report.dropped:,} dropped in {seconds:.2f} s"
        )
    if report.differences:
        saved = 1 - report.difference_nbytes / report.best_nbytes
        say(
            f"  {report.differences:,} differences, {report.difference_nbytes:,} bytes, "
            f"{saved:.1%} less than without, {report.made:,} made"
        )
    _left_out(report.left_out)


def _left_out(counts: Mapping[str, int]) -> None:
    if counts:
        shares = ", ".join(f"{count:,} {why}" for why, count in sorted(counts.items()))
        say(f"  left out: {shares}")


def _lines(lines: list[str], *, is_error: bool = False) -> None:
    """Show lines, unless there are very many."""
    for line in lines[:_MAX_LINES]:
        say(line, is_error=is_error)
    if len(lines) > _MAX_LINES:
        say(f"and {len(lines) - _MAX_LINES:,} more", is_error=is_error)


def show_table(rows: list[list[str]]) -> None:
    """Show rows below the first one, the words on the left and the numbers on the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        first, *others = (
            f"{cell:{'>' if index else '<'}{width}}"
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        say("  ".join((f"  {first}", *others)))
