"""The fields that the documentation shows are those that are sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask import Response

from pyfastgz import Compress

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


@pytest.fixture(scope="module")
def timings() -> set[str]:
    """Return every Server-Timing field of an application, with an N for each number."""
    app = Flask(__name__)
    app.config["COMPRESS_SERVER_TIMING"] = True
    Compress(app)
    app.add_url_rule("/page", "page", lambda: "<p>the same again and again</p>" * 100)
    app.add_url_rule("/tiny", "tiny", lambda: "tiny")
    app.add_url_rule("/image", "image", lambda: Response(b"x" * 900, mimetype="image/png"))
    app.add_url_rule(
        "/stream", "stream", lambda: Response(iter(["a", "b"]), mimetype="text/plain")
    )
    client = app.test_client()
    sent = set()
    # What comes for the third time was kept.
    for path in ("/page", "/tiny", "/image", "/stream") * 3:
        for coding in ("gzip", "deflate", "zstd", "br", "identity"):
            response = client.get(path, headers={"Accept-Encoding": coding}, buffered=True)
            sent.add(NUMBER.sub("N", f"Server-Timing: {response.headers['Server-Timing']}"))
    return sent


def shown_timings() -> list[str]:
    texts = "\n".join(page.read_text() for page in PAGES)
    return re.findall(r"Server-Timing: fastgz[^`\n]*", texts)


def test_some_timings_are_shown() -> None:
    assert len(shown_timings()) >= 3


@pytest.mark.parametrize("shown", sorted(set(shown_timings())))
def test_timings(shown: str, timings: set[str]) -> None:
    assert NUMBER.sub("N", shown) in timings


def test_the_answer_of_the_quick_start() -> None:
    page = (ROOT / "docs" / "quickstart.md").read_text()
    application = re.search(r"```\{testcode\}\n(.*?)```", page, re.DOTALL)
    exchange = re.search(
        r'\$ curl .*--head.* --header "Accept-Encoding: ([^"]+)" http://127\.0\.0\.1:5000(\S+)\n'
        r"HTTP/1\.1 (.*)\n((?:[\w-]+: .*\n)+)",
        page,
    )
    assert application
    assert exchange
    names: dict[str, Flask] = {"__name__": "__main__"}  # type: ignore[dict-item]
    exec(application[1], names)
    accepted, path, status, fields = exchange.groups()
    answer = names["app"].test_client().head(path, headers={"Accept-Encoding": accepted})
    assert answer.status == status
    sent = [f"{name}: {value}" for name, value in answer.headers]
    assert [line for line in sent if line in fields.splitlines()] == fields.splitlines()
