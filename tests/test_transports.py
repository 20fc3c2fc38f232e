"""What is remembered of requests that name dictionaries: nothing that clients make long."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from pyfastgz import Compress
from pyfastgz.extension import engine_of
from pyfastgz.http.dictionaries import Asked
from pyfastgz.http.dictionaries import available
from pyfastgz.http.plain import PlainPlans
from pyfastgz.store.dictionary_folder import About
from pyfastgz.store.dictionary_folder import opened
from pyfastgz.transports import Transports

LONG = "x" * 60_000


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    folder = str(tmp_path / "dictionaries")
    with opened(folder, lambda: pytest.fail("the folder is in use")) as work:
        work.put(b"<p>what all pages have</p>" * 9, About("pages", "site", "/*"))
    app = Flask(__name__)
    app.config["COMPRESS_DICTIONARIES"] = folder
    Compress(app)
    return app


@pytest.fixture
def transports(app: Flask) -> Transports:
    engine = engine_of(app)
    assert engine is not None
    assert engine.transports is not None
    return engine.transports


@pytest.fixture
def named(transports: Transports) -> str:
    (sha256,) = transports.dictionaries.entries
    return available(sha256)


def nbytes_in(value: Any) -> int:
    """Return the bytes of the texts in a container."""
    if isinstance(value, dict):
        return sum(nbytes_in(key) + nbytes_in(each) for key, each in value.items())
    if isinstance(value, tuple):
        return sum(map(nbytes_in, value))
    return sys.getsizeof(value) if isinstance(value, str) else 0


def odd_requests(named: str) -> Iterator[tuple[str, Asked]]:
    for n in range(50):
        odd = f"{n}{LONG}"
        yield f"/{odd}", Asked()
        yield f"/{n}", Asked(odd)
        yield f"/{n}", Asked(named, odd)
        yield f"/{n}", Asked(named, "same-origin", odd)
        yield f"/{n}", Asked(named, "same-origin", "navigate", odd)
        yield f"/{n}", Asked(named, odd, odd, odd)
        yield f"/{n}", Asked(named, "cross-site", "cors", odd)


def test_r50_what_is_remembered_is_short(
    app: Flask, transports: Transports, named: str
) -> None:
    engine = engine_of(app)
    assert engine is not None
    base = PlainPlans(engine.settings.last)
    for path, asked in odd_requests(named):
        transports.of("", path, asked, {})
        transports.plain_plans("", path, asked, base)
    for remembered in (transports.at_root, transports._plans, transports._offers):
        assert nbytes_in(remembered) < 100_000
        assert len(remembered) <= 200


def test_r50_and_not_much(app: Flask, transports: Transports, named: str) -> None:
    engine = engine_of(app)
    assert engine is not None
    base = PlainPlans(engine.settings.last)
    for n in range(10_000):
        transports.plain_plans("", f"/{n}", Asked(), base)
        transports.plain_plans("", f"/{n}", Asked(named, "same-origin"), base)
    assert len(transports.at_root) <= 4096
    assert len(transports._offers) <= 4096
    assert len(transports._plans) <= 256


@pytest.mark.parametrize("site", ["same-origin", None, LONG, "Same-Origin"])
def test_r63_words_that_nobody_knows_allow_nothing(
    app: Flask, transports: Transports, named: str, site: str | None
) -> None:
    engine = engine_of(app)
    assert engine is not None
    base = PlainPlans(engine.settings.last)
    for _ in range(2):
        plans = transports.plain_plans("", "/", Asked(named, site), base)
        assert plans is not None
        assert plans.transport is not None
        is_allowed = site in {"same-origin", None}
        assert (plans.transport.dictionary is not None) is is_allowed
