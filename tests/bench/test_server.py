"""The benchmark of a server: the load, what is made of it, and the verdicts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import bench_server
from bench.bench_server import judge
from bench.bench_server import summarise
from bench.hook_application import EXTENSIONS
from bench.hook_application import NONE
from bench.hook_application import OURS
from bench.hook_application import RIVAL
from bench.server_load import Generator
from bench.server_load import Load
from bench.server_load import LoadError
from bench.server_load import find_generator
from bench.server_load import parse_wrk
from bench.server_load import run_python
from tools.kit.server import gunicorn_command
from tools.kit.server import serving

WRK = """Running 1s test @ http://127.0.0.1:8000/tiny
  1 threads and 8 connections
  Latency Distribution
     50%    3.02ms
     99%  {p99}
  3241 requests in 1.01s, 1.20MB read
{errors}Requests/sec:   3208.91
Transfer/sec:      1.19MB
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(gunicorn_command(f"bench.hook_application:create_app({OURS!r})")) as port:
        yield port


@pytest.mark.parametrize(
    ("p99", "milliseconds"), [("900.00us", 0.9), ("15.25ms", 15.25), ("1.50s", 1500.0)]
)
def test_what_wrk_prints(p99: str, milliseconds: float) -> None:
    load = parse_wrk(WRK.format(p99=p99, errors=""))
    assert load.requests_per_second == 3208.91
    assert load.p99_ms == pytest.approx(milliseconds)


@pytest.mark.parametrize(
    "errors",
    [
        "  Non-2xx or 3xx responses: 7\n",
        "  Socket errors: connect 0, read 3, write 0, timeout 0\n",
    ],
)
def test_errors_that_wrk_prints(errors: str) -> None:
    with pytest.raises(LoadError, match=errors.strip()):
        parse_wrk(WRK.format(p99="1.00ms", errors=errors))


def test_wrk_that_says_nothing() -> None:
    with pytest.raises(LoadError):
        parse_wrk("unable to connect")


@pytest.mark.parametrize("generate", [run_python, find_generator()[1]])
def test_load(port: int, generate: Generator) -> None:
    load = generate(port, "/tiny", "gzip", 1, 2)
    assert load.requests_per_second > 1
    assert load.p99_ms > 0


@pytest.mark.parametrize("generate", [run_python, find_generator()[1]])
def test_load_on_what_is_not_there(port: int, generate: Generator) -> None:
    with pytest.raises(LoadError):
        generate(port, "/nothing", "gzip", 1, 2)


def test_a_round_is_compared_with_itself() -> None:
    """The machine was half as fast in the second round, for everybody."""
    rounds = [
        {NONE: Load(1000, 1), RIVAL: Load(600, 3), OURS: Load(930, 2)},
        {NONE: Load(500, 2), RIVAL: Load(300, 6), OURS: Load(465, 4)},
        {NONE: Load(1000, 3), RIVAL: Load(700, 3), OURS: Load(900, 9)},
    ]
    throughputs = {t.extension: t for t in summarise("2 KB JSON, gzip", rounds)}
    assert throughputs[NONE].kept == 1
    assert throughputs[RIVAL].kept == pytest.approx(0.6)
    assert throughputs[OURS].kept == pytest.approx(0.93)
    assert throughputs[OURS].requests_per_second == 900
    assert throughputs[OURS].p99_ms == 4


def test_verdicts() -> None:
    throughputs = [
        *summarise("2 KB JSON, gzip", [{NONE: Load(100, 1), OURS: Load(93, 1)}]),
        *summarise("12 KB JSON, gzip", [{NONE: Load(100, 1), OURS: Load(92, 1)}]),
        *summarise("12 KB JSON, zstd", [{NONE: Load(100, 1), OURS: Load(10, 1)}]),
        *summarise("182 KB HTML, gzip", [{NONE: Load(100, 1), OURS: Load(50, 1)}]),
    ]
    assert [verdict.is_met for verdict in judge(throughputs)] == [True, False, True]


def test_figures_are_written_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "new" / "server.json"
    options = ["--rounds", "1", "--seconds", "1", "--cases", "2 KB JSON, gzip"]
    bench_server.main([*options, "--json", str(file)])
    figures = json.loads(file.read_text("utf-8"))
    assert [t["extension"] for t in figures["throughputs"]] == list(EXTENSIONS)
    assert len(figures["verdicts"]) == 1
    assert "2 KB JSON, gzip" in capsys.readouterr().out
