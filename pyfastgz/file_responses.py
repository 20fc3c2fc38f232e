"""Responses that are files, with coded forms in their places: made now, kept, or ready."""

from __future__ import annotations

from functools import partial
from io import FileIO
from typing import TYPE_CHECKING
from typing import Any

from flask import Response
from werkzeug.wsgi import wrap_file

from .files import FilePieces
from .files import open_file_of
from .files import read_at_once
from .http.answers import Answer
from .http.steps import Plan
from .outcome import SKIPPED
from .outcome import Outcome
from .responses import Kind
from .responses import applied
from .responses import copied
from .responses import with_body
from .store.files import identity_of

if TYPE_CHECKING:
    from .engine import Engine


def sent_coded(
    response: Response, plan: Plan, kind: Kind, engine: Engine, environ: dict[str, Any]
) -> tuple[Response, Outcome]:
    """Return a response with the file coded as a whole, and what became of it.

    If its coded form is kept, it is not read.

    :param environ: that of the request.
    """
    known: Any = plan.exchange.file
    file = open_file_of(response.response, environ)
    answer, coded, outcome = engine.code_file(plan, partial(read_at_once, file, known))
    if answer.coding is None:
        return applied(response, answer, kind), outcome
    return with_body(response, answer.edits, kind, coded), outcome


def sent_ready(
    response: Response, plan: Plan, kind: Kind, file: FileIO, environ: dict[str, Any]
) -> tuple[Response, Outcome]:
    """Return a response with a form that lies ready as its body, and what became of it.

    The server gets it as it gets any file, so that it can be sent without being read.

    :param file: the form, opened; it is closed with the response.
    :param environ: that of the request.
    """
    answer: Answer = plan.answer()
    if answer.reason is not None:
        file.close()
        return applied(response, answer, kind), SKIPPED[answer.reason]
    source: Any = response.response
    body: Any = []
    nbytes = plan.exchange.ready[plan.coding].nbytes
    outcome = Outcome(plan.coding, None)
    if plan.exchange.method == "HEAD":
        file.close()
    elif answer.part is not None:
        known = identity_of(file.fileno())
        assert known is not None
        body = FilePieces(file, file, known, *answer.part)
    else:
        body = wrap_file(environ, file)
        outcome = Outcome(plan.coding, None, plan.exchange.nbytes or 0, nbytes)
    source.close()
    attributes = {
        "response": body,
        "direct_passthrough": True,
        "automatically_set_content_length": False,
    }
    sent = copied(response, answer.edits, kind, attributes)
    if answer.status is not None:
        sent.status_code = answer.status
    return sent, outcome
