"""Forks again and again while other threads encode, and has each child encode too.

``python -m tests.e2e.fork_while_encoding CHILDREN`` exits 0 if every body of every process was
right, and says otherwise what was not.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from functools import partial

from flask import Flask
from flask import Response

from pyfastgz import Compress
from pyfastgz import Encoder
from pyfastgz import compress
from tools.kit.decoders import CODINGS
from tools.kit.decoders import decode
from tools.kit.documents.prose import Writer

PATIENCE_SECONDS = 60
"""How long a child may take before it is taken for hung, and killed."""

_PAGE = Writer("page").paragraph(30).encode()
BODIES = (_PAGE, 20 * _PAGE)
"""A short body, and one that does not count as short."""


def create_app() -> Flask:
    """Return an application without templates: Jinja has a lock that forks do not free."""
    app = Flask(__name__)
    Compress(app)

    @app.get("/page")
    def page() -> bytes:
        return _PAGE

    @app.get("/tiny")
    def tiny() -> bytes:
        return _PAGE[:10]

    @app.get("/stream")
    def stream() -> Response:
        return Response(iter([_PAGE]), mimetype="text/plain")

    return app


def encode(app: Flask) -> None:
    """Encode in every way, and compare."""
    client = app.test_client()
    for coding in CODINGS:
        for body in BODIES:
            assert decode(coding, compress(body, coding)) == body
            for small in (False, True):
                with Encoder(coding, small=small) as encoder:
                    parts = [encoder.write(body), encoder.flush(body), encoder.finish(body)]
                assert decode(coding, b"".join(parts)) == 3 * body
        for path, wanted in (("/page", _PAGE), ("/tiny", _PAGE[:10]), ("/stream", _PAGE)):
            with client.get(path, headers={"Accept-Encoding": coding}) as response:
                assert decode(response.content_encoding, response.data) == wanted


def run_child(app: Flask) -> None:
    """Encode and end the process."""
    # Only a lock that nobody will release takes so long.
    signal.alarm(PATIENCE_SECONDS)
    try:
        encode(app)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main(children: int) -> int:
    """Return the exit status."""
    app = create_app()
    # Imports have locks, too, that a fork does not free; here is the last of them.
    encode(app)
    stop = threading.Event()
    failed = []

    def run(work: Callable[[], object]) -> None:
        try:
            while not stop.is_set():
                work()
        except BaseException:
            traceback.print_exc()
            failed.append(threading.current_thread().name)

    # The more often threads take turns, the more of them are amid something at a fork.
    sys.setswitchinterval(1e-5)
    jobs = [partial(encode, app)] * 3 + [Compress(app).stats] * 2
    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for number in range(children):
        child = os.fork()
        if child == 0:
            run_child(app)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != 0:
            failed.append(f"child {number}, with status {status}")
            break
    stop.set()
    for thread in threads:
        thread.join()
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
