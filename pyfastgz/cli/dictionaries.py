"""What commands have in common that keep dictionaries in a folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING

import click

from ..disk import fault_of
from ..errors import FastgzError
from ..policy import Policy
from ..static.report import shown
from ..static.versions import Keeping
from ..static.versions import Served
from ..static.versions import check_versions
from ..static.versions import keep_versions
from .showing import Bar
from .showing import say
from .showing import show_versions

if TYPE_CHECKING:
    from flask import Flask

folder_option = click.option(
    "--dictionaries",
    metavar="FOLDER",
    type=click.Path(file_okay=False),
    help="Where dictionaries are. [default: COMPRESS_DICTIONARIES]",
)
keep_option = click.option(
    "--keep",
    metavar="N",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Keep so many dictionaries of a name.",
)


def folder_of(app: Flask | None, policy: Policy, named: str | None) -> str | None:
    """Return the folder of dictionaries, None if there is none.

    :param named: by an option, relative to where the process is.
    """
    if named is not None or policy.dictionaries is None:
        return named
    return os.path.join("" if app is None else app.root_path, policy.dictionaries)


def check_is_outside(kept_in: str, folders: Iterable[str]) -> None:
    """Check that a folder of dictionaries is in none that is served.

    :raises UsageError: it is.
    """
    place = os.path.join(os.path.realpath(kept_in), "")
    for folder in folders:
        if place.startswith(os.path.join(os.path.realpath(folder), "")):
            raise click.UsageError(
                f"the folder of dictionaries {shown(kept_in)} is inside of {shown(folder)}, "
                "which is served"
            )


def served_by(app: Flask | None, folders: Iterable[str]) -> list[Served]:
    """Return folders with the paths of their URLs, a guess for those of nobody."""
    prefixes = {} if app is None else _prefixes(app)
    return [
        Served(folder, prefixes.get(place, f"/{os.path.basename(place)}".rstrip("/")))
        for folder, place in ((each, os.path.realpath(each)) for each in folders)
    ]


def _prefixes(app: Flask) -> dict[str, str]:
    """Return the paths of the URLs of static folders by their places."""
    prefixes = {}
    for name, scaffold in (("", app), *app.blueprints.items()):
        if scaffold.static_folder is None:
            continue
        endpoint = f"{name}.static" if name else "static"
        for rule in app.url_map.iter_rules():
            if rule.endpoint == endpoint:
                prefix = rule.rule.rpartition("/<path:filename>")[0]
                prefixes[os.path.realpath(scaffold.static_folder)] = prefix
    return prefixes


def keep_files(served: list[Served], keeping: Keeping, *, is_check: bool) -> bool:
    """Keep the versions of files, show what became of it, and tell whether all is well."""
    with closing(Bar(keeping.folder)) as bar:
        try:
            if is_check:
                report = check_versions(served, keeping)
            else:
                report = keep_versions(served, keeping, bar)
        except (FastgzError, OSError) as error:
            bar.close()
            say_failed(keeping.folder, error)
            return False
    show_versions(keeping.folder, report, is_check=is_check, seconds=bar.seconds)
    return not (report.faults or report.stale)


def say_failed(folder: str, error: Exception) -> None:
    """Say what is wrong with a folder of dictionaries, and what to do about it."""
    if isinstance(error, FastgzError):
        say(f"failed: {error}", is_error=True)
        say("If the index is removed, the folder begins anew.", is_error=True)
    else:
        say(f"failed: {shown(folder)}: {fault_of(error)}", is_error=True)


def fail(folder: str, error: Exception) -> None:
    """Say what is wrong with a folder of dictionaries, and end."""
    say_failed(folder, error)
    sys.exit(1)
