"""The benchmark of streams: what it feeds, what it checks, what it concludes."""

from __future__ import annotations

import pytest

from bench.bench_streams import DEFAULT_STREAM
from bench.bench_streams import REFERENCE
from bench.bench_streams import SMALL_STREAM
from bench.bench_streams import judge_flushes
from bench.bench_streams import judge_memory
from bench.bench_streams import judge_speedups
from bench.stream_coders import Coder
from bench.stream_coders import check
from bench.stream_coders import coders
from bench.stream_events import make_events
from bench.stream_flush import Cost
from bench.stream_flush import measure_costs
from bench.stream_memory import Memory
from bench.stream_memory import measure_memory
from bench.stream_pages import CODINGS
from bench.stream_pages import make_pages
from bench.stream_pages import measure_cost
from bench.stream_threads import Speedup


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
    costs = measure_costs(
        list(everyone.values()), make_events(20, 100), flushed=flushed, rounds=2
    )
    assert [cost.name for cost in costs] == list(everyone)
    assert all(0 < cost.min_ns <= cost.median_ns and cost.nbytes > 0 for cost in costs)


@pytest.mark.parametrize("coder", coders().values(), ids=lambda coder: coder.name)
def test_a_stream_of_something_else_is_found(coder: Coder) -> None:
    stream = coder.open()
    coded = stream.flush(b"one") + stream.write(b"two") + stream.finish()
    check(coder, coded, b"onetwo")
    with pytest.raises(ValueError, match=f"does not survive {coder.name}"):
        check(coder, coded, b"onetwothree")


def test_memory_is_measured_in_another_process() -> None:
    memory = measure_memory(SMALL_STREAM, 30)
    assert (memory.name, memory.streams) == (SMALL_STREAM, 30)
    assert memory.ten_events_nbytes > 1000


def test_verdicts() -> None:
    def memory(name: str, kb: int) -> Memory:
        return Memory(name, 10, 0.0, kb * 1024.0)

    met = judge_memory([memory(SMALL_STREAM, 64), memory(DEFAULT_STREAM, 257)])
    assert [verdict.is_met for verdict in met] == [True, False]

    def cost(name: str, ns: float, nbytes: float) -> Cost:
        return Cost(name, ns, ns, nbytes)

    costs = [
        cost(REFERENCE, 900, 20),
        cost(SMALL_STREAM, 300, 21),
        cost(DEFAULT_STREAM, 301, 19),
    ]
    assert [v.is_met for v in judge_flushes(costs)] == [True, False, False, True]

    speedups = [
        Speedup("pyfastgz gzip 6", "< 1.5K", 1.79),
        Speedup("pyfastgz gzip 6", "> 1M", 1.99),
        Speedup("pyfastgz zstd 3", "> 1M", 1.8),
        Speedup("gzip 6", "> 1M", 1.0),
    ]
    assert [v.is_met for v in judge_speedups(speedups)] == [False, True]


@pytest.mark.parametrize("coding", CODINGS)
def test_a_page_in_many_pieces_is_not_flushed_at_each(coding: str) -> None:
    """What the budget is for; its cost is what it was chosen by."""
    for pieces in make_pages():
        cost = measure_cost(pieces, coding)
        assert cost.never_nbytes <= cost.tag_nbytes <= cost.budget_nbytes <= cost.every_nbytes
        assert cost.budget_nbytes - cost.never_nbytes < 150 + 0.1 * cost.never_nbytes
        if len(pieces) > 50:
            assert cost.every_nbytes > 1.3 * cost.never_nbytes
