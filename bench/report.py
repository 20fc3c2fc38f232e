"""The report: what results say as Markdown, charts, and what README quotes.

What stands below a title line (one that ends in a colon) is a block. README quotes one, between
``<!-- bench: TITLE -->`` and ``<!-- end -->``: a ratio of each benchmark. All else is told here
alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from tools.kit.tables import Table

from . import results
from . import served
from .doors import calls as door_calls
from .doors import latency
from .doors import server as door_server
from .doors.asgi import STARLETTE_COMPRESS
from .doors.cases import AGAIN
from .doors.cases import ALWAYS_NEW
from .encoders import run as encoders
from .encoders import tables as encoder_tables
from .hook import calls
from .hook import memory
from .hook import server
from .hook.application import OURS
from .hook.application import RIVAL
from .results import Run
from .static import run as static

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "bench" / "REPORT.md"
README = ROOT / "README.md"
README_CHART, README_CLASS = ROOT / "bench" / "chart.svg", "16-128K"

_QUOTED = re.compile(r"(<!-- bench: (.+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_INTRODUCTION = """# What the benchmarks measured

Written by `make bench`. Read the ratios: they were measured in turns on one machine, and hold \
better elsewhere than times do. The charts are in the documentation.

Machine:
"""


@dataclass(frozen=True, slots=True)
class Ratios:
    """Figures of a benchmark that are short enough to be quoted; less is better."""

    what: str  # what they are of, and how many of what there are
    of: Callable[[Run[Any]], list[float]]  # returns them


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark of the report."""

    name: str  # of its run and of its command
    heading: str
    text: str  # what its section begins with
    row: type[Any]  # the class of its rows
    describe: Callable[[Run[Any]], Iterator[Table | str]]  # yields its tables and texts
    ratios: tuple[Ratios, ...] = ()
    draw: Callable[[Run[Any]], str] | None = None  # returns its chart, if it has one
    options: tuple[str, ...] = ()  # of its command, in a run that takes its time
    quick_options: tuple[str, ...] = ()  # of its command, in a quick run


# matplotlib is imported where it draws: processes that measure import this module, too.


def _draw_encoders(run: Run[encoders.Row]) -> str:
    from .charts import draw_scores  # noqa: PLC0415

    *_, versions = encoder_tables.describe(run)
    return draw_scores(encoders.scores(run), str(versions))


def _draw_hook(run: Run[calls.Row]) -> str:
    from .charts import draw_bars  # noqa: PLC0415

    took = {
        case: (us[RIVAL], calls.anew(us)) for case, us in calls.added(run.rows, "WSGI").items()
    }
    for case, us in calls.kept(run.rows, "WSGI").items():
        took[f"{case}, coded before"] = us[RIVAL], us[OURS]
    groups = {
        # On a noisy machine a hook may seem to take less than nothing.
        case: {RIVAL: max(rival, 0.1), OURS: max(ours, 0.1)}
        for case, (rival, ours) in took.items()
    }
    title, label = "What a hook adds to a request", "µs, logarithmic (lower is better)"
    return draw_bars(title, groups, label, "log")


def _draw_doors(run: Run[door_calls.Row]) -> str:
    from .charts import draw_bars  # noqa: PLC0415

    groups = {
        ", ".join(place[1:4]): {name: max(us[name], 0.1) for name in (STARLETTE_COMPRESS, OURS)}
        for place, us in door_calls.own(run.rows, STARLETTE_COMPRESS).items()
    }
    title, label = (
        "What ASGI middleware adds to a response",
        "µs, logarithmic (lower is better)",
    )
    return draw_bars(title, groups, label, "log")


def _draw_server(run: Run[served.Row]) -> str:
    from .charts import draw_bars  # noqa: PLC0415

    groups: dict[str, dict[str, float]] = {}
    for row in run.rows:
        if row.extension in {RIVAL, OURS}:
            groups.setdefault(row.case, {})[row.extension] = row.cpu_kept
    title = "Processor time without a hook, by that with it"
    return draw_bars(title, groups, "what was coded before is kept (higher is better)")


SECTIONS = (
    Section(
        "encoders",
        "Encoders",
        "Speed and ratio of every encoder at every level, over files of one size class of the"
        " corpus: pages, API answers, scripts, style sheets, source maps, drawings and fonts"
        " out of pinned PyPI packages. Every encoder codes one document before any codes the"
        " next, and decodes what it made.",
        encoders.Row,
        encoder_tables.describe,
        (
            Ratios(
                "time of gzip's level 6, by that of Python's `gzip` at the same size"
                " ({} size classes)",
                encoder_tables.times_by_gzip,
            ),
        ),
        _draw_encoders,
        ("--half", "held-back", "--seconds", "240"),
        ("--half", "held-back", "--rounds", "2"),
    ),
    Section(
        "hook",
        "The hook",
        "What it costs a request that there is an `after_request` hook: the same Flask"
        " application without one, with Flask-Compress and with pyfastgz, each with the"
        " defaults but for the order of codings for streams. Objects become JSON in the view,"
        " pages are ready to be sent.",
        calls.Row,
        calls.describe,
        (
            Ratios(
                "time that the hook adds to a request, by what Flask-Compress adds ({} cases)",
                calls.times_by_rival,
            ),
            Ratios(
                "the same for bodies that were coded before ({} cases)",
                calls.kept_times_by_rival,
            ),
        ),
        _draw_hook,
        quick_options=("--rounds", "30"),
    ),
    Section(
        "server",
        "A server under load",
        "The same applications in a worker of gunicorn, over the loopback interface.",
        served.Row,
        server.describe,
        (
            Ratios(
                "a worker's processor time for what was coded before, by that without a hook"
                " ({} cases)",
                server.cpu_by_none,
            ),
            Ratios("the same, by that with Flask-Compress ({} cases)", server.cpu_by_rival),
        ),
        _draw_server,
        quick_options=("--rounds", "1", "--cpu-seconds", "1"),
    ),
    Section(
        "doors",
        "Middleware",
        "What it costs a response that there is middleware around an application, called as a"
        " server calls it. A body is always new, or one that was sent before. Middleware that"
        " has levels is there at its own, which differ, and at equal ones.",
        door_calls.Row,
        door_calls.describe,
        (
            Ratios(
                "time that ASGI middleware adds to a response that is always new, by what"
                " starlette-compress adds ({} cases)",
                partial(door_calls.times_by, STARLETTE_COMPRESS, ALWAYS_NEW),
            ),
            Ratios(
                "the same for one that was sent before ({} cases)",
                partial(door_calls.times_by, STARLETTE_COMPRESS, AGAIN),
            ),
        ),
        _draw_doors,
        quick_options=("--rounds", "5"),
    ),
    Section(
        "doors-server",
        "Middleware under load",
        "The same ASGI applications in one process of uvicorn, over the loopback interface, all"
        " at their own levels.",
        served.Row,
        door_server.describe,
        (
            Ratios(
                "uvicorn's processor time, by that with starlette-compress ({} cases)",
                partial(door_server.cpu_by, STARLETTE_COMPRESS),
            ),
        ),
        quick_options=("--rounds", "1", "--cpu-seconds", "1"),
    ),
    Section(
        "doors-latency",
        "Small answers beside long ones",
        "How long uvicorn takes to send 20 bytes, while another client asks for 5 MB of JSON"
        " five times a second, always another. Beside middleware stand the same long answers"
        " as they are, such as were coded beforehand, where the coding alone is missing, and"
        " none at all.",
        latency.Row,
        latency.describe,
        (
            Ratios(
                "99th percentile of small answers while long ones are coded, by that while they"
                " are sent as they are ({} cases)",
                latency.p99_by_plain,
            ),
        ),
        quick_options=("--rounds", "1", "--seconds", "1"),
    ),
    Section(
        "static",
        "Files coded ahead of time",
        "Commands that make coded files beside those of a site, each with its defaults, on the"
        " same trees out of PyPI packages; then once more, when nothing has changed.",
        static.Row,
        static.describe,
        (
            Ratios(
                "bytes of files coded ahead of time, by whitenoise's ({} trees and codings)",
                static.nbytes_by_whitenoise,
            ),
            Ratios(
                "processor time to find them unchanged, by whitenoise's ({} trees)",
                static.unchanged_by_whitenoise,
            ),
        ),
        quick_options=("--tree", "Django's admin"),
    ),
    Section(
        "memory",
        "The memory of kept bodies",
        "A process that sends 100,000 different bodies of 1 to 16 KB, each twice, which is when"
        " a body is kept; with the default bound.",
        memory.Row,
        memory.describe,
        quick_options=("--bodies", "10000"),
    ),
)
"""The benchmarks of the report, in its order."""


def read_runs(path: Path = results.PATH) -> dict[str, Run[Any]]:
    """Return the runs of a file that the report tells of, by name."""
    names = results.names(path)
    return {s.name: results.read(s.name, s.row, path) for s in SECTIONS if s.name in names}


def compare(runs: dict[str, Run[Any]]) -> Table:
    """Return the ratios of each benchmark, short enough to be quoted."""
    table = Table("In short", ["pyfastgz"], ["least", "median", "most"])
    for section in SECTIONS:
        for ratios in section.ratios if section.name in runs else ():
            values = ratios.of(runs[section.name])
            figures = [f"{of(values):.2f}" for of in (min, median, max)] if values else []
            table.add(ratios.what.format(len(values)), *figures)
    return table


def make_report(runs: dict[str, Run[Any]]) -> str:
    """Return the text of REPORT.md: ratios, then a section for each benchmark that was run."""
    parts = [_INTRODUCTION.rstrip()]
    parts += dict.fromkeys(f"{run.how['machine']}." for run in runs.values())
    parts.append(compare(runs).as_markdown())
    for section in SECTIONS:
        if section.name in runs:
            parts += [f"## {section.heading}", section.text]
            for part in section.describe(runs[section.name]):
                parts.append(part if isinstance(part, str) else part.as_markdown())
    return "\n\n".join(parts) + "\n"


def blocks(report: str) -> dict[str, str]:
    """Return the texts of a report by the title line above each, without its colon."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in report.splitlines():
        if line.startswith("#"):
            current = []
        elif line.endswith(":") and not line.startswith("|"):
            current = found.setdefault(line[:-1], [])
        else:
            current.append(line)
    return {title: "\n".join(lines).strip() for title, lines in found.items()}


def with_figures(text: str, report: str) -> str:
    """Return a text with the figures of a report.

    :raises ValueError: the text quotes nothing, or what the report does not have.
    """
    known = blocks(report)

    def replace(match: re.Match[str]) -> str:
        if match[2] not in known:
            raise ValueError(f"the report has no block {match[2]!r}")
        return f"{match[1]}\n{known[match[2]]}\n\n{match[4]}"

    text, count = _QUOTED.subn(replace, text)
    if not count:
        raise ValueError("nothing is quoted: <!-- bench: TITLE --> ... <!-- end --> is missing")
    return text


def draw_charts(folder: Path, path: Path = results.PATH) -> None:
    """Draw the chart of every run of a file into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    runs = read_runs(path)
    for section in SECTIONS:
        if section.draw and section.name in runs:
            svg = section.draw(runs[section.name])
            (folder / f"{section.name}.svg").write_text(svg, "utf-8")


def made_files() -> dict[Path, str]:
    """Return what is made out of the committed results, by path."""
    from .charts import draw_scores  # noqa: PLC0415

    runs = read_runs()
    report = make_report(runs)
    scores = encoders.scores(runs["encoders"])[README_CLASS]
    chart = draw_scores({README_CLASS: scores}, runs["encoders"].how["machine"])
    readme = with_figures(README.read_text("utf-8"), report)
    return {REPORT: report, README: readme, README_CHART: chart}


def is_current(path: Path, text: str) -> bool:
    """Return whether a file says what was made for it.

    A chart is another text with another version of matplotlib: it has to be made of the same.
    """
    from .charts import digest_of  # noqa: PLC0415

    if not path.exists():
        return False
    found = path.read_text("utf-8")
    return digest_of(found) == digest_of(text) if path.suffix == ".svg" else found == text
