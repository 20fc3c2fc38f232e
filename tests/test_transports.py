"""What is remembered of requests that name dictionaries: nothing that clients make long."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask

from pyfastgz import Compress
from pyfastgz.flask.extension import engine_of
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
    for remembered in transports._remembered[1:]:
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
    assert len(transports._remembered.offers) <= 4096
    assert len(transports._remembered.plans) <= 256


def test_r50_whatever_one_client_sends(app: Flask, transports: Transports, named: str) -> None:
    """A hash has many spellings, and what is planned for each may become long."""
    engine = engine_of(app)
    assert engine is not None
    base = PlainPlans(engine.settings.last)
    kept = {}
    for spaces in itertools.product(" \t", repeat=10):
        asked = Asked(f"{named}{''.join(spaces)}")
        plans = transports.plain_plans("", "/", asked, base)
        assert plans is not None
        assert plans.transport is not None
        assert plans.transport.dictionary is not None
        kept[id(plans)] = plans
    assert len(kept) == 1


def test_r50_plans_are_forgotten_wherever_they_are(
    app: Flask, transports: Transports, tmp_path: Path
) -> None:
    engine = engine_of(app)
    assert engine is not None
    with opened(str(tmp_path / "dictionaries"), lambda: None) as work:
        for n in range(1000):
            work.put(b"%d" % n, About("file", f"/{n}"))
    transports.until = 0.0
    transports.dictionaries._seen = transports.dictionaries._seen._replace(until=0.0)
    base = PlainPlans(engine.settings.last)
    for sha256 in transports.dictionaries.entries:
        transports.plain_plans("", "/", Asked(available(sha256)), base)
    assert 0 < len({*map(id, transports.at_root.values())}) <= 256


def test_r51_what_was_found_before_a_change_is_not_remembered_after_it(
    app: Flask, transports: Transports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread looks for what a page links to while the folder changes under it."""
    engine = engine_of(app)
    assert engine is not None
    base = PlainPlans(engine.settings.last)
    monkeypatch.setattr("pyfastgz.store.dictionaries.LOOK_SECONDS", 0.0)
    look = Transports._look

    def look_slowly(self: Transports, *arguments: Any) -> tuple[str, ...]:
        found = look(self, *arguments)
        monkeypatch.setattr(Transports, "_look", look)
        with opened(str(tmp_path / "dictionaries"), lambda: None) as work:
            work.drop([*work.entries])
        thread = Thread(target=transports.plain_plans, args=("", "/b", Asked(), base))
        thread.start()
        thread.join()
        return found

    transports.until = 0.0
    transports.dictionaries._seen = transports.dictionaries._seen._replace(until=0.0)
    monkeypatch.setattr(Transports, "_look", look_slowly)
    transports.plain_plans("", "/a", Asked(), base)
    for _ in range(2):
        plans = transports.plain_plans("", "/a", Asked(), base)
        assert plans is base
        assert transports.at_root.get("/a", base) is base


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
