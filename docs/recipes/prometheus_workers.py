"""The counts of all workers together, for Prometheus: set PROMETHEUS_MULTIPROC_DIR."""

from __future__ import annotations

from typing import Any

from flask import Flask
from prometheus_client import CollectorRegistry
from prometheus_client import Counter
from prometheus_client import make_wsgi_app
from prometheus_client.multiprocess import MultiProcessCollector
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from pyfastgz import Compress
from pyfastgz import Outcome
from pyfastgz import response_compressed

app = Flask(__name__)
compress = Compress(app)

RESPONSES = Counter("fastgz_responses", "Responses that were compressed.", ["coding"])
IN_BYTES = Counter("fastgz_in_bytes", "Bytes before compression.", ["coding"])
OUT_BYTES = Counter("fastgz_out_bytes", "Bytes after compression.", ["coding"])
SECONDS = Counter("fastgz_seconds", "Seconds that encoders took.", ["coding"])
KEPT = Counter("fastgz_kept_responses", "Those compressed before.", ["coding"])
SKIPPED = Counter("fastgz_skipped_responses", "Responses left as they are.", ["reason"])


def count(sender: Flask, *, outcome: Outcome, **_: Any) -> None:
    """Count one outcome."""
    if outcome.reason is not None:
        SKIPPED.labels(outcome.reason.name.lower()).inc()
        return
    RESPONSES.labels(outcome.coding).inc()
    IN_BYTES.labels(outcome.coding).inc(outcome.in_nbytes)
    OUT_BYTES.labels(outcome.coding).inc(outcome.out_nbytes)
    SECONDS.labels(outcome.coding).inc(outcome.seconds)
    KEPT.labels(outcome.coding).inc(outcome.kept)


response_compressed.connect(count, app)

registry = CollectorRegistry()
MultiProcessCollector(registry)
app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/metrics": make_wsgi_app(registry)})
