"""The command ``info``: what is done in an application, and why."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import urlsplit

import click

from ..budget import LAST
from ..budget import SECONDS
from ..budget import Budget
from ..coding import available_codings
from ..coding import core
from ..engine import Engine
from ..flask.extra import has_flask
from ..http.dictionaries import CODING as DICTIONARY_CODING
from ..http.dictionaries import available
from ..http.patterns import matches
from ..policy.table import SETTINGS
from ..policy.table import unknown_keys
from ..store.dictionaries import Dictionaries
from ..store.dictionary_index import Entry
from ..store.dictionary_index import by_age
from .application import engine_of
from .application import in_application

if TYPE_CHECKING:
    from flask import Flask

# The least width of a wrapped value, wherever the terminal ends.
_MIN_WRAPPED = 20


@click.command("info")
@click.argument("url", required=False)
@click.option(
    "--accept-encoding",
    default="gzip, deflate, br, zstd",
    show_default=True,
    help="What the client accepts.",
)
@click.option("--method", default="GET", show_default=True, help="The request method.")
def info_command(url: str | None, accept_encoding: str, method: str) -> None:
    """Show versions, instruction sets and the configuration in effect.

    With a URL, such as /products?page=2, ask the application for it, and show what becomes of
    the response. Without Flask there are versions, instruction sets and codings alone.
    """
    _show("Versions", _versions())
    if url is None and not has_flask():
        _show("Codings", {"installed": ", ".join(available_codings())})
    else:
        _show_application(url, accept_encoding, method)


@in_application("info of an application")
def _show_application(app: Flask, url: str | None, accept_encoding: str, method: str) -> None:
    from .effect import effect_of  # noqa: PLC0415

    engine = engine_of(app)
    _show("Codings", _codings(engine))
    _show("Configuration (* is not the default)", _configuration(app.config, engine))
    if url is not None:
        effect, nbytes = effect_of(app, url, accept_encoding, method)
        _show(f"{method} {url}", effect)
        if engine.transports is not None:
            dictionaries = _dictionaries_for(url, engine.transports.dictionaries)
            for entry in dictionaries:
                fields = {"Available-Dictionary": available(entry.sha256)}
                accepts = f"{accept_encoding}, {DICTIONARY_CODING}"
                effect, less_nbytes = effect_of(app, url, accepts, method, fields)
                effect["saves"] = f"{nbytes - less_nbytes} bytes"
                _show(f"The same with {entry.kind} {entry.name}", effect)
            if not dictionaries:
                click.echo("  There is no dictionary for it.")
    _show("Kept in this process, which has just begun", _store(engine))
    if engine.budget is not None:
        _show("CPU budget of this process", _budget(engine, engine.budget))


def _versions() -> dict[str, str]:
    found = {"pyfastgz": version("pyfastgz"), **core.versions()}
    for package in ("brotli", "brotlicffi", "flask", "werkzeug"):
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _codings(engine: Engine) -> dict[str, str]:
    return {
        "installed": ", ".join(available_codings()),
        "in use": ", ".join(engine.settings.current().algorithm) or "none",
        "for streams": ", ".join(engine.settings.current().algorithm_streaming) or "none",
    }


def _store(engine: Engine) -> dict[str, str]:
    store = engine.stats().store
    return {
        "hits": f"{store.hits:,}",
        "misses": f"{store.misses:,}",
        "entries": f"{store.entries:,}",
        "bytes": f"{store.nbytes:,} of {engine.settings.last.store_bytes:,}",
    }


def _budget(engine: Engine, budget: Budget) -> dict[str, str]:
    policy, stats = engine.settings.current(), budget.stats()
    rows = {
        "cores": f"{stats.cores:g}",
        "left": f"{stats.left:.2f} of {stats.cores * SECONDS:.2f} seconds",
        "step": f"{stats.step} of {LAST}",
    }
    for coding in dict.fromkeys((*policy.algorithm, *policy.algorithm_streaming)):
        levels = map(str, policy.levels_down(coding, policy.levels[coding]))
        rows[f"{coding} by step"] = ", ".join((*levels, "none"))
    return rows


def _configuration(settings: Mapping[str, Any], engine: Engine) -> dict[str, str]:
    """Return every setting in effect, those that are not the default with a star."""
    rows = {}
    in_effect = engine.settings.in_effect
    for key, setting in SETTINGS.items():
        value = in_effect[key]
        remark = ""
        if key in engine.settings.assigned:
            remark = " (assigned to an attribute of Compress)"
        elif settings.get(key, value) != value:
            remark = (
                f" ({settings[key]!r} is not usable, and not in effect)"
                if setting.is_live
                else " (what it was changed to after Compress(app) is not in effect)"
            )
        is_default = setting.kind.read(value) == setting.kind.read(setting.default)
        rows[f"{' ' if is_default else '*'} {key}"] = f"{setting.kind.shown(value)}{remark}"
    for key, near in unknown_keys(settings).items():
        hint = f" (did you mean {near}?)" if near else ""
        rows[f"? {key}"] = f"is no setting and does nothing{hint}"
    return rows


def _dictionaries_for(url: str, dictionaries: Dictionaries) -> list[Entry]:
    """Return the dictionaries that a client may have for a URL, the newest last."""
    path = urlsplit(url).path
    entries = dictionaries.entries.values()
    found = [each for each in entries if matches(each.match or each.name, path)]
    return sorted(found, key=by_age)


def _show(title: str, rows: dict[str, str]) -> None:
    """Show rows below a title, long ones on several lines if that is a terminal."""
    click.secho(title, bold=True)
    width = max(map(len, rows))
    indent = " " * (width + 4)
    # Of a terminal, or as COLUMNS says; what goes elsewhere has a line for each row.
    columns = get_terminal_size((0, 0)).columns
    room = max(columns - len(indent), _MIN_WRAPPED)
    for name, value in rows.items():
        lines = [value]
        if columns:
            lines = wrap(value, room, break_long_words=False, break_on_hyphens=False)
        text = f"\n{indent}".join(lines)
        click.echo(f"  {name:{width}}  {text}")
