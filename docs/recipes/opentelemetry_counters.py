"""The counts of one process, for OpenTelemetry: pip install opentelemetry-api."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator

from flask import Flask
from opentelemetry.metrics import CallbackOptions
from opentelemetry.metrics import Observation
from opentelemetry.metrics import get_meter

from pyfastgz import Compress

app = Flask(__name__)
compress = Compress(app)


def observe(field: str) -> Callable[[CallbackOptions], Iterator[Observation]]:
    """Return what observes one field of the counts, by coding."""

    def callback(options: CallbackOptions) -> Iterator[Observation]:
        for coding, sums in compress.stats().as_dict()["codings"].items():
            yield Observation(sums[field], {"coding": coding})

    return callback


def observe_skipped(options: CallbackOptions) -> Iterator[Observation]:
    """Observe how many responses were not compressed, by reason."""
    for reason, count in compress.stats().as_dict()["skipped"].items():
        yield Observation(count, {"reason": reason})


def observe_store(options: CallbackOptions) -> Iterator[Observation]:
    """Observe how often a body was kept, and how often it was not."""
    store = compress.stats().store
    yield Observation(store.hits, {"result": "hit"})
    yield Observation(store.misses, {"result": "miss"})


meter = get_meter("pyfastgz")
meter.create_observable_counter(
    "fastgz.responses", [observe("responses")], "{response}", "Responses that were compressed."
)
meter.create_observable_counter(
    "fastgz.in", [observe("in_nbytes")], "By", "Bytes before compression."
)
meter.create_observable_counter(
    "fastgz.out", [observe("out_nbytes")], "By", "Bytes after compression."
)
meter.create_observable_counter(
    "fastgz.time", [observe("seconds")], "s", "Seconds that encoders took."
)
meter.create_observable_counter(
    "fastgz.skipped", [observe_skipped], "{response}", "Responses left as they are."
)
meter.create_observable_counter(
    "fastgz.store", [observe_store], "{body}", "Bodies that the store was asked for."
)
