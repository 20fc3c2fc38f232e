"""The command ``static``: coded siblings of files, made ahead of time."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING
from typing import Any

import click

from ..coding import CODINGS
from ..disk import fault_of
from ..errors import ManifestError
from ..policy import Policy
from ..static.examine import Options
from ..static.make import check
from ..static.make import make
from ..static.remove import clean
from ..static.report import Progress
from ..static.report import Report
from ..static.report import shown
from ..static.tree import Choice
from ..static.versions import Keeping
from .application import engine_of
from .application import in_application
from .dictionaries import check_is_outside
from .dictionaries import folder_of
from .dictionaries import folder_option
from .dictionaries import keep_files
from .dictionaries import keep_option
from .dictionaries import served_by
from .showing import Bar
from .showing import say
from .showing import show_report

if TYPE_CHECKING:
    from flask import Flask

Work = Callable[[str, Progress], Report]

_HELP = f"""Code files ahead of time: make app.js.zst, app.js.br and app.js.gz beside app.js.

Each FOLDER gets a manifest, .pyfastgz.json, which says what was made of what. Only what it
names is ever sent instead of a file, changed or removed. What is up to date, by content, stays
as it is. Levels are the highest: zstd {CODINGS["zstd"].file_level}, br
{CODINGS["br"].file_level}, gzip {CODINGS["gzip"].file_level}. A sibling that saves less than
5 % is not made.

With a folder of dictionaries each file is also kept there, for the version that comes after
it: who has the older one then gets the difference, which takes a few hundred bytes. --clean
leaves that folder alone.

Files are chosen by media type and size, as for responses. Names that begin with a dot are
left out, except .well-known, and so are links to folders.

"""

_OF_APPLICATION = """Without FOLDER: the static folders of the application and its
blueprints. The application's settings decide: COMPRESS_MIMETYPES, COMPRESS_MIN_SIZE, and
COMPRESS_ALGORITHM_STREAMING, which is for files too.

"""

_OF_FOLDERS = """With an application (--app or FLASK_APP), or without FOLDER, its settings
decide, and its static folders are meant. Otherwise the default settings decide.

"""

_EXIT = "Exit status: 0; 1 if something failed, or --check found something; 2 for wrong usage."


def _codings(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[str, ...] | None:
    """Return the codings that are named, None if none are."""
    if value is None:
        return None
    known = [row.name for row in CODINGS.values() if row.suffix]
    names = [name.strip().lower() for name in value.split(",") if name.strip()]
    if not names:
        raise click.BadParameter("no coding is named.")
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(known)}.")
        if not CODINGS[name].is_available:
            raise click.BadParameter(f'{name} needs a package: pip install "pyfastgz[{name}]"')
    return tuple(dict.fromkeys(names))


_PARAMETERS = (
    click.argument(
        "folders",
        metavar="[FOLDER]...",
        nargs=-1,
        type=click.Path(exists=True, file_okay=False),
    ),
    click.option(
        "--codings",
        metavar="NAMES",
        callback=_codings,
        help="Which, with commas: zstd,br,gzip. Siblings in others that the manifest names are "
        "removed. [default: those in use]",
    ),
    click.option(
        "--exclude",
        metavar="GLOB",
        multiple=True,
        help="Leave out files and folders of this name, or with a slash in it, of this path "
        "below FOLDER. May be repeated.",
    ),
    click.option(
        "--jobs",
        metavar="N",
        type=click.IntRange(min=1),
        help="Code in so many threads. [default: one for each processor]",
    ),
    click.option(
        "--adopt",
        is_flag=True,
        help="Take siblings that something else has made, if they decode to their files.",
    ),
    click.option(
        "--check",
        "is_check",
        is_flag=True,
        help="Change nothing; name what is missing, damaged or out of date.",
    ),
    click.option(
        "--clean",
        "is_clean",
        is_flag=True,
        help="Remove what was made, and the manifest.",
    ),
    folder_option,
    keep_option,
    click.option(
        "--max-bytes",
        metavar="N",
        type=click.IntRange(min=0),
        default=64 * 1024 * 1024,
        show_default=True,
        help="Keep so many bytes of dictionaries of files; the oldest are dropped.",
    ),
    click.option(
        "--differences",
        is_flag=True,
        help="Code files with their older versions now, at the highest level, and not only "
        "when they are asked for.",
    ),
)


def _command(text: str, function: Callable[..., None]) -> click.Command:
    """Return the command, in one of its two ways."""
    for parameter in reversed(_PARAMETERS):
        function = parameter(function)
    return click.command("static", help=_HELP + text + _EXIT)(function)


@in_application("static without FOLDER")
def _work_in_application(app: Flask, /, folders: tuple[str, ...], **options: Any) -> None:
    policy = engine_of(app).settings.current()
    _work_on(folders or _folders_of(app), policy, app, **options)


@click.pass_obj
def _work_anywhere(script: Any, /, folders: tuple[str, ...], **options: Any) -> None:
    if folders and script is None:
        _work_on(folders, Policy.from_mapping({}), None, **options)
    else:
        _work_in_application(folders, **options)


def _folders_of(app: Flask) -> list[str]:
    """Return the static folders of an application and its blueprints, those that are there.

    :raises UsageError: none is there.
    """
    named = [app.static_folder, *(each.static_folder for each in app.iter_blueprints())]
    folders = [folder for folder in named if folder is not None and os.path.isdir(folder)]
    if not folders:
        raise click.UsageError(f"{app.name!r} has no static folder: name a FOLDER")
    return folders


def _work_on(
    folders: Iterable[str],
    policy: Policy,
    app: Flask | None,
    *,
    codings: tuple[str, ...] | None,
    exclude: tuple[str, ...],
    jobs: int | None,
    adopt: bool,
    is_check: bool,
    is_clean: bool,
    dictionaries: str | None,
    keep: int,
    max_bytes: int,
    differences: bool,
) -> None:
    """Do what the command is for, in one folder after the other."""
    if adopt + is_check + is_clean > 1:
        raise click.UsageError("--adopt, --check and --clean do not go together")
    kept_in = folder_of(app, policy, dictionaries)
    if differences and kept_in is None:
        raise click.UsageError(
            "--differences are of dictionaries: set COMPRESS_DICTIONARIES, or give "
            "--dictionaries FOLDER"
        )
    if codings is None:
        # Those in which files are sent.
        codings = tuple(name for name in policy.algorithm_streaming if CODINGS[name].suffix)
        if not codings and not is_clean:
            raise click.UsageError(
                "no coding in use has files: name some in COMPRESS_ALGORITHM_STREAMING"
            )
    folders = _apart(folders)
    if kept_in is not None:
        check_is_outside(kept_in, folders)
    if not policy.streams:
        say("COMPRESS_STREAMS is off: the application sends files as they are.", is_error=True)
    options = Options(
        Choice(policy, policy.min_size, exclude), codings, jobs or _nprocessors(), adopt
    )
    verb = "cleaned" if is_clean else "checked" if is_check else "made"

    def work(folder: str, progress: Progress) -> Report:
        if is_clean:
            return clean(folder, options.choice, progress)
        return (check if is_check else make)(folder, options, progress)

    results = [_show(folder, work, verb) for folder in folders]
    is_well = all(results)
    if kept_in is not None and not is_clean:
        if is_well or is_check:
            keeping = Keeping(kept_in, keep, max_bytes, differences, options.jobs)
            is_well &= keep_files(served_by(app, folders), keeping, is_check=is_check)
        else:
            say(f"{shown(kept_in)}: left as it is, because of what failed", is_error=True)
    if not is_well:
        sys.exit(1)


def _show(folder: str, work: Work, verb: str) -> bool:
    """Work on a folder, show what became of it, and tell whether all is well."""
    with closing(Bar(folder)) as bar:
        try:
            report = work(folder, bar)
        except ManifestError as error:
            bar.close()
            say(f"failed: {error}", is_error=True)
            say(
                "Without it, a run with --adopt takes what is there.",
                is_error=True,
            )
            return False
        except OSError as error:
            bar.close()
            say(f"failed: {folder}: {fault_of(error)}", is_error=True)
            return False
    show_report(folder, report, verb, bar.seconds)
    return not (report.faults or report.stale)


def _apart(folders: Iterable[str]) -> list[str]:
    """Return folders, each once, and those inside others before these.

    So the inner one has a manifest of its own when the outer one is looked at, which leaves it
    to that.
    """
    by_place: dict[str, str] = {}
    for folder in folders:
        by_place.setdefault(os.path.realpath(folder), folder)
    places = sorted(by_place, key=lambda place: place.count(os.sep), reverse=True)
    return [by_place[place] for place in places]


def _nprocessors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


static_command = _command(_OF_APPLICATION, _work_in_application)
"""The command of ``flask compress``."""

folders_command = _command(_OF_FOLDERS, _work_anywhere)
"""That of ``python -m pyfastgz``, which needs no application."""
