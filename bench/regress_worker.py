"""One of the two sides of :mod:`bench.regress`: times the package of one commit, turn by turn.

Run as a script, with the folder of that commit on the module path; it imports nothing else of
the project. The first line of its input names a file of bodies by size class; each further line
is a job, and is answered with a line of JSON: the nanoseconds of each body, and the sum of the
coded bytes, which is 0 for the hook.

Older commits keep no coded bodies, and know no setting for it. So it is turned off where bodies
are coded, and there is a hook with it on besides, which is compared with itself where both have
it.
"""

from __future__ import annotations

import gc
import json
import logging
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns

from flask import Flask
from flask import Response
from werkzeug.test import create_environ
from werkzeug.test import run_wsgi_app

import pyfastgz

HOOK, KEEPING_HOOK = "hook", "keeping hook"
"""The names of jobs that send bodies through an application instead of an encoder."""

_HOOK_CALLS = 20


def _hook(accept_encoding: str, *, keeps: bool) -> Callable[[bytes], bytes]:
    app = Flask(__name__)
    if not keeps:
        app.config["COMPRESS_STORE_BYTES"] = 0
    pyfastgz.Compress(app)
    app.add_url_rule("/", view_func=lambda: Response(app.config["BODY"], mimetype="text/html"))
    environ = create_environ("/", headers={"Accept-Encoding": accept_encoding})

    def send(body: bytes) -> bytes:
        app.config["BODY"] = body
        for _ in range(_HOOK_CALLS):
            run_wsgi_app(app, environ)
        return b""

    return send


def _main() -> None:
    bodies = pickle.loads(Path(sys.stdin.readline().rstrip("\n")).read_bytes())
    # Of a commit that does not know the setting it is no news that it does not.
    logging.disable(logging.WARNING)
    hooks = {
        (name, accept): _hook(accept, keeps=name == KEEPING_HOOK)
        for name in (HOOK, KEEPING_HOOK)
        for accept in ("gzip", "identity")
    }
    gc.collect()
    gc.disable()
    for line in sys.stdin:
        size_class, name, argument = json.loads(line)
        hook = hooks.get((name, argument))
        calls, times, nbytes = (_HOOK_CALLS if hook else 1), [], 0
        for body in bodies[size_class]:
            start = perf_counter_ns()
            coded = hook(body) if hook else pyfastgz.compress(body, name, level=argument)
            times.append((perf_counter_ns() - start) // calls)
            nbytes += len(coded)
        print(json.dumps([times, nbytes]), flush=True)


if __name__ == "__main__":
    _main()
