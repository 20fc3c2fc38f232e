"""What becomes of the response to one request. To import this takes Flask."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask import Flask
from flask import Response
from flask import request
from flask import request_finished
from flask import request_started
from werkzeug.test import TestResponse

from ..engine import Engine
from ..flask.handling import WISHES
from ..http.fields import is_of_events
from ..outcome import Outcome
from ..outcome import response_compressed
from .application import engine_of

_ENOUGH_NBYTES = 1 << 20

_NOT_FLASK = "WSGI middleware around the application"


def effect_of(
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
        effect["effect"] = f"not looked at: {_why_not(engine_of(app), stages)}"
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
