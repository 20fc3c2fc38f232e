"""The recipes that docs/observing.md includes, run as they stand, each in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
RECIPES = sorted((DOCS / "recipes").glob("*.py"))

# Pages that are compressed, one of them kept, one that is too small, and then what the recipe
# tells.
START = """
import sys
sys.path.insert(0, sys.argv[1])
from {recipe} import app
app.add_url_rule("/page", "page", lambda: "<p>the same again</p>" * 100)
app.add_url_rule("/tiny", "tiny", lambda: "tiny")
client = app.test_client()
for coding in ("gzip", "gzip", "gzip", "zstd"):
    client.get("/page", headers={{"Accept-Encoding": coding}})
client.get("/tiny", headers={{"Accept-Encoding": "gzip"}})
"""


def run(recipe: str, end: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", START.format(recipe=recipe) + end, str(DOCS / "recipes")],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def samples(text: str) -> dict[str, float]:
    """Read the counters of ours in the text format of Prometheus."""
    lines = [line for line in text.splitlines() if line.startswith("fastgz")]
    pairs = [line.rpartition(" ") for line in lines]
    return {name: float(value) for name, _, value in pairs if "_created" not in name}


PROMETHEUS = """
answer = client.get("/metrics")
assert answer.status_code == 200, answer.status
assert answer.content_type.startswith("text/plain; version="), answer.content_type
print(answer.text)
"""


def test_every_recipe_is_shown() -> None:
    page = (DOCS / "observing.md").read_text()
    assert RECIPES
    for recipe in RECIPES:
        assert f"{{literalinclude}} recipes/{recipe.name}\n" in page


def test_prometheus_collector() -> None:
    counted = samples(run("prometheus_collector", PROMETHEUS))
    assert counted['fastgz_responses_total{coding="gzip"}'] == 3
    assert counted['fastgz_responses_total{coding="zstd"}'] == 1
    assert counted['fastgz_in_bytes_total{coding="gzip"}'] == 3 * 2100
    assert 0 < counted['fastgz_out_bytes_total{coding="gzip"}'] < 3 * 200
    assert counted['fastgz_seconds_total{coding="gzip"}'] > 0
    assert counted['fastgz_skipped_responses_total{reason="too_small"}'] == 1
    assert counted['fastgz_store_lookups_total{result="hit"}'] == 1
    assert counted['fastgz_store_lookups_total{result="miss"}'] == 3
    assert counted["fastgz_store_bytes"] > 2100


@pytest.mark.parametrize("processes", [1, 3])
def test_prometheus_workers(tmp_path: Path, processes: int) -> None:
    for _ in range(processes):
        text = run("prometheus_workers", PROMETHEUS, PROMETHEUS_MULTIPROC_DIR=str(tmp_path))
    counted = samples(text)
    assert counted['fastgz_responses_total{coding="gzip"}'] == 3 * processes
    assert counted['fastgz_kept_responses_total{coding="gzip"}'] == processes
    assert counted['fastgz_kept_responses_total{coding="zstd"}'] == 0
    assert counted['fastgz_responses_total{coding="zstd"}'] == processes
    assert counted['fastgz_in_bytes_total{coding="zstd"}'] == 2100 * processes
    assert counted['fastgz_seconds_total{coding="zstd"}'] > 0
    assert counted['fastgz_skipped_responses_total{reason="too_small"}'] == processes


OPENTELEMETRY = """
import json
from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
reader = InMemoryMetricReader()
set_meter_provider(MeterProvider([reader]))
found = json.loads(reader.get_metrics_data().to_json())
print(json.dumps(found["resource_metrics"][0]["scope_metrics"][0]["metrics"]))
"""


def test_opentelemetry_counters() -> None:
    metrics = json.loads(run("opentelemetry_counters", OPENTELEMETRY))
    counted = {
        (metric["name"], *point["attributes"].values()): point["value"]
        for metric in metrics
        for point in metric["data"]["data_points"]
    }
    assert counted["fastgz.responses", "gzip"] == 3
    assert counted["fastgz.responses", "zstd"] == 1
    assert counted["fastgz.in", "gzip"] == 3 * 2100
    assert 0 < counted["fastgz.out", "gzip"] < 3 * 200
    assert counted["fastgz.time", "gzip"] > 0
    assert counted["fastgz.skipped", "too_small"] == 1
    assert counted["fastgz.store", "hit"] == 1
    assert counted["fastgz.store", "miss"] == 3
    units = {metric["name"]: metric["unit"] for metric in metrics}
    assert units["fastgz.in"] == units["fastgz.out"] == "By"
    assert all(metric["data"]["is_monotonic"] for metric in metrics)
