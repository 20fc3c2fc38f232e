"""The command ``info``: what is done in an application, and why."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version
from shutil import get_terminal_size
from textwrap import wrap
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import click
from flask import Flask
from flask import Response
from flask import current_app
from flask import request
from flask import request_finished
from flask import request_started
from flask.cli import with_appcontext
from werkzeug.test import TestResponse

from ..budget import LAST
from ..budget import SECONDS
from ..budget import Budget
from ..coding import available_codings
from ..coding import core
from ..engine import Engine
from ..extension import EXTENSION
from ..handling import WISHES
from ..http.dictionaries import CODING as DICTIONARY_CODING
from ..http.dictionaries import available
from ..http.fields import is_of_events
from ..http.patterns import matches
from ..outcome import Outcome
from ..outcome import response_compressed
from ..policy.table import SETTINGS
from ..policy.table import unknown_keys
from ..store.dictionaries import Dictionaries
from ..store.dictionary_index import Entry
from ..store.dictionary_index import by_age

_ENOUGH_NBYTES = 1 << 20

# The least width of a wrapped value, wherever the terminal ends.
_MIN_WRAPPED = 20

_NOT_FLASK = "WSGI middleware around the application"


@click.command("info")
@click.argument("url", required=False)
@click.option(
    "--accept-encoding",
    default="gzip, deflate, br, zstd",
    show_default=True,
    help="What the client accepts.",
)
@click.option("--method", default="GET", show_default=True, help="The request method.")
@with_appcontext
def info_command(url: str | None, accept_encoding: str, method: str) -> None:
    """Show versions, instruction sets and the configuration in effect.

    With a URL, such as /products?page=2, ask the application for it, and show what becomes of
    the response.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    _show("Versions", _versions())
    if EXTENSION not in app.extensions:
        raise click.ClickException(f"{app.name!r} does not use pyfastgz: call Compress(app)")
    engine: Engine = app.extensions[EXTENSION]
    _show("Codings", _codings(engine))
    _show("Configuration (* is not the default)", _configuration(app.config, engine))
    if url is not None:
        effect, nbytes = _effect(app, url, accept_encoding, method)
        _show(f"{method} {url}", effect)
        if engine.transports is not None:
            dictionaries = _dictionaries_for(url, engine.transports.dictionaries)
            for entry in dictionaries:
                fields = {"Available-Dictionary": available(entry.sha256)}
                accepts = f"{accept_encoding}, {DICTIONARY_CODING}"
                effect, less_nbytes = _effect(app, url, accepts, method, fields)
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


def _effect(
    app: Flask,
    url: str,
    accept_encoding: str,
    method: str,
    fields: Mapping[str, str] = MappingProxyType({}),
) -> tuple[dict[str, str], int]:
    """Ask an application for a URL, and return what became of the response, and its length.

    :param fields: more of the request.
    """
    outcomes: list[Outcome] = []
    stages: list[str] = []

    def note(sender: Flask, *, response: Response, outcome: Outcome) -> None:
        outcomes.append(outcome)

    def note_start(sender: Flask, **extra: Any) -> None:
        stages.append("started")

    def note_finish(sender: Flask, **extra: Any) -> None:
        stages.append("finished")
        if WISHES in vars(request._get_current_object()):  # type: ignore[attr-defined]
            stages.append("asked")

    headers = {"Accept-Encoding": accept_encoding, **fields}
    with (
        response_compressed.connected_to(note, app),
        request_started.connected_to(note_start, app),
        request_finished.connected_to(note_finish, app),
    ):
        answer = app.test_client().open(url, method=method, headers=headers)
        nbytes, is_whole = _read(answer)
        # What becomes of a stream is told when it is closed.
        answer.close()
    effect = {**headers, "status": answer.status}
    for name in ("Content-Type", "Content-Encoding", "Content-Length", "Vary", "ETag"):
        effect[name] = answer.headers.get(name, "-")
    effect["bytes on the wire"] = str(nbytes) if is_whole else f"{nbytes} and more"
    if not outcomes:
        effect["effect"] = f"not looked at: {_why_not(app.extensions[EXTENSION], stages)}"
        return effect, nbytes
    outcome = outcomes[-1]
    if outcome.reason is not None:
        effect["effect"] = f"not compressed: {outcome.reason.value} ({outcome.reason.name})"
    elif outcome.out_nbytes:
        ratio = outcome.in_nbytes / outcome.out_nbytes
        made = "kept" if outcome.kept else f"in {outcome.seconds * 1000:.2f} ms"
        effect["effect"] = (
            f"{outcome.coding}, {outcome.in_nbytes} to {outcome.out_nbytes} bytes "
            f"({ratio:.1f}x), {made}"
        )
    else:
        effect["effect"] = f"{outcome.coding}, without a body"
    return effect, nbytes


def _why_not(engine: Engine, stages: list[str]) -> str:
    """Return why nothing was told of a response, by how far its request got."""
    if "started" not in stages:
        return f"{_NOT_FLASK}, such as a mounted application, has answered"
    if engine.hook is None:
        return "COMPRESS_MIMETYPES and COMPRESS_EXTRA_MIMETYPES are empty"
    if "finished" not in stages:
        return "a function that runs after the request failed, as the log says"
    if not (engine.settings.last.register or "asked" in stages):
        return "COMPRESS_REGISTER is off, and the view does not have compressed()"
    return f"the hook failed, as the log says, or {_NOT_FLASK} did not close the response"


def _read(answer: TestResponse) -> tuple[int, bool]:
    """Read a body, but no stream of events, and no more than is needed to see the effect.

    :return: how many bytes were read, and whether that is all.
    """
    nbytes = 0
    for chunk in answer.iter_encoded():
        nbytes += len(chunk)
        if nbytes >= _ENOUGH_NBYTES or is_of_events(answer.mimetype or ""):
            return nbytes, False
    return nbytes, True


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
