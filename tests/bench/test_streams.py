"""The benchmark of streams: what it feeds, what it checks, what it concludes."""

from __future__ import annotations

import pytest

from bench.corpus import Document
from bench.streams import memory
from bench.streams import run as streams
from bench.streams import threads
from bench.streams.coders import Coder
from bench.streams.coders import Row
from bench.streams.coders import check
from bench.streams.coders import coders
from bench.streams.coders import measure_chunks
from bench.streams.memory import measure_memory
from bench.streams.pages import CODINGS
from bench.streams.pages import make_pages
from bench.streams.pages import measure_page
from bench.streams.run import DEFAULT_STREAM
from bench.streams.run import REFERENCE
from bench.streams.run import SMALL_STREAM
from bench.streams.run import judge_chunks
from bench.streams.run import judge_memory
from bench.streams.run import judge_threads
from tools.kit.documents.events import make_events
from tools.kit.tables import Table


@pytest.mark.parametrize("nbytes", [100, 101, 300, 1024])
def test_events_have_their_length_and_differ(nbytes: int) -> None:
    events = make_events(200, nbytes)
    assert {len(event) for event in events} == {nbytes}
    assert len(set(events)) == len(events)
    assert all(event.startswith(b"data: {") and event.endswith(b"}\n\n") for event in events)
    assert make_events(200, nbytes) == events


@pytest.mark.parametrize("flushed", [True, False])
def test_every_coder_is_measured(flushed: bool) -> None:
    everyone = coders()
    rows = measure_chunks(
        "events", list(everyone.values()), make_events(20, 100), flushed=flushed, rounds=2
    )
    assert [row.coder for row in rows] == list(everyone)
    assert all(0 < row.least_ns <= row.median_ns and row.nbytes > 0 for row in rows)


@pytest.mark.parametrize("coder", coders().values(), ids=lambda coder: coder.name)
def test_a_stream_of_something_else_is_found(coder: Coder) -> None:
    stream = coder.open()
    coded = stream.flush(b"one") + stream.write(b"two") + stream.finish()
    check(coder, coded, b"onetwo")
    with pytest.raises(ValueError, match=f"does not survive {coder.name}"):
        check(coder, coded, b"onetwothree")


def test_memory_is_measured_in_another_process() -> None:
    row = measure_memory(SMALL_STREAM, 30)
    assert (row.coder, row.streams) == (SMALL_STREAM, 30)
    assert row.ten_events_nbytes > 1000


def test_verdicts() -> None:
    def kb(name: str, kilobytes: int) -> memory.Row:
        return memory.Row(name, 10, 0.0, kilobytes * 1024.0)

    met = judge_memory([kb(SMALL_STREAM, 64), kb(DEFAULT_STREAM, 257)])
    assert [verdict.reached for verdict in met] == ["must", "missed"]

    def flush(name: str, ns: float, nbytes: float) -> Row:
        return Row("Flushed events of 100 bytes", name, ns, ns, nbytes)

    rows = [
        flush(REFERENCE, 600, 20),
        flush(SMALL_STREAM, 300, 21),
        flush(DEFAULT_STREAM, 301, 19),
    ]
    reached = [verdict.reached for verdict in judge_chunks(rows)]
    assert reached == ["must", "missed", "missed", "must"]

    gains = [
        threads.Row("pyfastgz gzip 6", "< 1.5K", 1.79),
        threads.Row("pyfastgz gzip 6", "> 1M", 1.99),
        threads.Row("pyfastgz zstd 3", "> 1M", 1.8),
        threads.Row("gzip 6", "> 1M", 1.0),
    ]
    assert [verdict.reached for verdict in judge_threads(gains)] == ["missed", "must"]


def test_a_run_fills_all_tables(
    documents: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    short = [d for d in documents if len(d.body) < 20_000]
    monkeypatch.setattr(streams, "load", lambda: short)
    monkeypatch.setattr(threads, "SIZE_CLASSES", ["< 1.5K"])
    monkeypatch.setattr(threads, "_MIN_ROUND_NBYTES", 0)
    runs = streams.run(10, 1)
    titles = [part.title for part in streams.describe(runs) if isinstance(part, Table)]
    assert len(titles) >= 6
    assert titles[-1] == "Targets"


@pytest.mark.parametrize("coding", CODINGS)
def test_a_page_in_many_pieces_is_not_flushed_at_each(coding: str) -> None:
    """What the budget is for; its cost is what it was chosen by."""
    for pieces in make_pages():
        cost = measure_page(pieces, coding)
        assert cost.never <= cost.tag <= cost.budget <= cost.every
        assert cost.budget - cost.never < 150 + 0.1 * cost.never
        if len(pieces) > 50:
            assert cost.every > 1.3 * cost.never
