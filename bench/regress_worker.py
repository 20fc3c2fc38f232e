"""One of the two sides of :mod:`bench.regress`: times the package of one commit, turn by turn.

Run as a script, with the folder of that commit on the module path; it imports nothing else of
the project. The first line of its input names a file of bodies by size class; each further line
is a job, and is answered with a line of JSON.
"""

from __future__ import annotations

import gc
import json
import pickle
import sys
from pathlib import Path
from time import perf_counter_ns

from flask import Flask
from flask import Response
from werkzeug.test import create_environ
from werkzeug.test import run_wsgi_app

import pyfastgz

HOOK = "hook"
"""The name of a job that sends bodies through an application instead of an encoder."""

_HOOK_CALLS = 20


def time_encoder(bodies: list[bytes], coding: str, level: int) -> tuple[list[int], int]:
    """Return how many nanoseconds each body took, and the sum of the coded bytes."""
    times, nbytes = [], 0
    for body in bodies:
        start = perf_counter_ns()
        coded = pyfastgz.compress(body, coding, level=level)
        times.append(perf_counter_ns() - start)
        nbytes += len(coded)
    return times, nbytes


def time_hook(app: Flask, bodies: list[bytes], accept_encoding: str) -> list[int]:
    """Return how many nanoseconds a request for each body took."""
    times = []
    environ = create_environ("/", headers={"Accept-Encoding": accept_encoding})
    for body in bodies:
        app.config["BODY"] = body
        start = perf_counter_ns()
        for _ in range(_HOOK_CALLS):
            run_wsgi_app(app, environ)
        times.append((perf_counter_ns() - start) // _HOOK_CALLS)
    return times


def _make_app() -> Flask:
    app = Flask(__name__)
    pyfastgz.Compress(app)

    @app.get("/")
    def view() -> Response:
        return Response(app.config["BODY"], mimetype="text/html")

    return app


def _main() -> None:
    bodies = pickle.loads(Path(sys.stdin.readline().rstrip("\n")).read_bytes())
    app = _make_app()
    gc.collect()
    gc.disable()
    for line in sys.stdin:
        size_class, name, argument = json.loads(line)
        if name == HOOK:
            times, nbytes = time_hook(app, bodies[size_class], argument), 0
        else:
            times, nbytes = time_encoder(bodies[size_class], name, argument)
        print(json.dumps([times, nbytes]), flush=True)


if __name__ == "__main__":
    _main()
