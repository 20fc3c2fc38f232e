"""Has all workers of a server answer the same request: each waits until the others have it.

So no test depends on which worker the system happens to choose.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from flask import Response
from flask import request

from tools.kit.client import Answer
from tools.kit.client import fetch
from tools.kit.events import PATIENCE_SECONDS
from tools.kit.server import Command
from tools.kit.server import gunicorn_command

WORKERS = 3

_TOGETHER = "X-Together"
_WORKER = "X-Worker"


def serve_with_workers(application: str) -> Command:
    """Return the command of a server whose workers answer one request at a time each."""
    return gunicorn_command(application, worker_class="sync", workers=WORKERS)


def prepare(app: Flask) -> None:
    """Have an application answer so, in a process that forks its workers later."""
    others = multiprocessing.get_context("fork").Barrier(WORKERS)

    @app.before_request
    def wait() -> None:
        if _TOGETHER in request.headers:
            others.wait(PATIENCE_SECONDS)

    @app.after_request
    def sign(response: Response) -> Response:
        response.headers[_WORKER] = str(os.getpid())
        return response


def fetch_from_all(port: int, path: str, fields: Mapping[str, str]) -> dict[str | None, Answer]:
    """Return what each worker answers, by worker."""

    def ask(_: int) -> Answer:
        return fetch(port, path, fields={**fields, _TOGETHER: "yes"})

    with ThreadPoolExecutor(WORKERS) as pool:
        answers = {answer.field(_WORKER): answer for answer in pool.map(ask, range(WORKERS))}
    assert len(answers) == WORKERS
    return answers
