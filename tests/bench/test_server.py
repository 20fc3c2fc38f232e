"""The benchmark of a server: the load, what is made of it, and the verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import results
from bench.__main__ import main
from bench.hook.application import EXTENSIONS
from bench.hook.application import NONE
from bench.hook.application import OURS
from bench.hook.application import RIVAL
from bench.hook.server import Row
from bench.hook.server import judge
from bench.hook.server import summarise
from tools.kit.load import Generator
from tools.kit.load import Load
from tools.kit.load import LoadError
from tools.kit.load import find_generator
from tools.kit.load import parse_wrk
from tools.kit.load import run_python
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
    with serving(gunicorn_command(f"bench.hook.application:create_app({OURS!r})")) as port:
        yield port


@pytest.mark.parametrize(
    ("p99", "milliseconds"), [("900.00us", 0.9), ("15.25ms", 15.25), ("1.50s", 1500.0)]
)
def test_what_wrk_prints(p99: str, milliseconds: float) -> None:
    load = parse_wrk(WRK.format(p99=p99, errors=""))
    assert load.requests_per_second == 3208.91
    assert load.p99_ms == pytest.approx(milliseconds)
    assert load.requests == 3241


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
    assert load.requests > 1


@pytest.mark.parametrize("generate", [run_python, find_generator()[1]])
def test_load_on_what_is_not_there(port: int, generate: Generator) -> None:
    with pytest.raises(LoadError):
        generate(port, "/nothing", "gzip", 1, 2)


def test_a_round_is_compared_with_itself() -> None:
    """The machine was half as fast in the second round, for everybody."""
    loads = {
        NONE: [(Load(1000, 1, 100), 0.1), (Load(500, 2, 100), 0.1), (Load(1000, 3, 100), 0.1)],
        RIVAL: [(Load(600, 3, 100), 0.1), (Load(300, 6, 100), 0.1), (Load(700, 3, 100), 0.1)],
        OURS: [(Load(930, 2, 100), 0.1), (Load(465, 4, 100), 0.1), (Load(900, 9, 100), 0.1)],
    }
    throughputs = {row.extension: row for row in summarise("2 KB JSON, gzip", loads)}
    assert throughputs[NONE].kept == 1
    assert throughputs[RIVAL].kept == pytest.approx(0.6)
    assert throughputs[OURS].kept == pytest.approx(0.93)
    assert throughputs[OURS].requests_per_second == 900
    assert throughputs[OURS].p99_ms == 4
    assert throughputs[OURS].cpu_us == 1000


def test_verdicts() -> None:
    def rows(case: str, rate: float) -> list[Row]:
        loads = {NONE: [(Load(100, 1, 100), 0.1)], OURS: [(Load(rate, 1, 100), 0.1)]}
        return summarise(case, loads)

    throughputs = [
        *rows("2 KB JSON, gzip", 93),
        *rows("12 KB JSON, gzip", 92),
        *rows("12 KB JSON, zstd", 10),
        *rows("182 KB HTML, gzip", 50),
    ]
    assert [v.reached for v in judge(throughputs)] == ["must", "missed", "must"]


def test_figures_are_written_down(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    options = ["server", "--rounds", "1", "--seconds", "1", "--case", "2 KB JSON, gzip"]
    result = CliRunner().invoke(main, [*options, "--json", str(file)], catch_exceptions=False)
    measured = results.read("server", Row, file)
    assert [row.extension for row in measured.rows] == list(EXTENSIONS)
    assert measured.how["seconds"] == 1
    assert all(0 < (row.cpu_us or 0) < 1e6 for row in measured.rows)
    assert "processor a request" in result.output
    assert "2 KB JSON, gzip" in result.output
