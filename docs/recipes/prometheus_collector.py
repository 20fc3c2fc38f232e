"""The counts of one process, for Prometheus: pip install prometheus-client."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from prometheus_client import REGISTRY
from prometheus_client import make_wsgi_app
from prometheus_client.core import CounterMetricFamily
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from pyfastgz import Compress

app = Flask(__name__)
compress = Compress(app)

COUNTERS = {
    "responses": ("fastgz_responses", "Responses that were compressed."),
    "in_nbytes": ("fastgz_in_bytes", "Bytes before compression."),
    "out_nbytes": ("fastgz_out_bytes", "Bytes after compression."),
    "seconds": ("fastgz_seconds", "Seconds that encoders took."),
}


class CompressCollector(Collector):
    """Reads the counts whenever Prometheus asks for them."""

    def collect(self) -> Iterator[Metric]:
        """Return each count by coding, by reason what was not compressed, and what is kept."""
        stats = compress.stats().as_dict()
        for field, (name, documentation) in COUNTERS.items():
            counter = CounterMetricFamily(name, documentation, labels=["coding"])
            for coding, sums in stats["codings"].items():
                counter.add_metric([coding], sums[field])
            yield counter
        skipped = CounterMetricFamily(
            "fastgz_skipped_responses", "Responses left as they are.", labels=["reason"]
        )
        for reason, count in stats["skipped"].items():
            skipped.add_metric([reason], count)
        yield skipped
        store = stats["store"]
        lookups = CounterMetricFamily(
            "fastgz_store_lookups", "Bodies that the store was asked for.", labels=["result"]
        )
        lookups.add_metric(["hit"], store["hits"])
        lookups.add_metric(["miss"], store["misses"])
        yield lookups
        yield GaugeMetricFamily("fastgz_store_bytes", "Bytes that it has.", store["nbytes"])


REGISTRY.register(CompressCollector())
app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/metrics": make_wsgi_app()})
