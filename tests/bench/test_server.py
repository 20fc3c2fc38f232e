"""The benchmark of a server: the load, what is made of it, and the verdicts."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import results
from bench import worker
from bench.__main__ import main
from bench.hook.application import EVERYBODY
from bench.hook.application import FILES
from bench.hook.application import NONE
from bench.hook.application import OURS
from bench.hook.application import RIVAL
from bench.hook.application import SIBLINGS
from bench.hook.application import STATIC
from bench.hook.application import STATIC_WITH_SIBLINGS
from bench.hook.application import STORELESS
from bench.hook.application import Case
from bench.hook.application import mount
from bench.hook.application import write_files
from bench.hook.server import ALL_CASES
from bench.hook.server import check
from bench.hook.server import cpu_by_none
from bench.hook.server import cpu_by_rival
from bench.hook.server import judge
from bench.results import Run
from bench.served import Row
from bench.served import summarise
from bench.worker import Connection
from tools.kit.client import fetch
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
    assert load.requests_per_second > 0
    assert load.p99_ms > 0
    assert load.requests > 1


@pytest.mark.parametrize("generate", [run_python, find_generator()[1]])
def test_load_on_what_is_not_there(port: int, generate: Generator) -> None:
    with pytest.raises(LoadError):
        generate(port, "/nothing", "gzip", 1, 2)


@pytest.fixture(scope="module")
def worker_port() -> Iterator[int]:
    write_files()
    with serving(gunicorn_command("bench.hook.application:create_worker()")) as port:
        yield port


@pytest.mark.parametrize("case", ALL_CASES.values(), ids=lambda case: case.name)
def test_a_worker_codes_for_every_extension_as_the_case_says(
    worker_port: int, case: Case
) -> None:
    check(worker_port, case, {e: f"{mount(e)}/{case.kind}" for e in case.contenders})


def test_another_coding_is_found(worker_port: int) -> None:
    case = ALL_CASES["2 KB JSON, gzip"]
    with pytest.raises(ValueError, match=f"{OURS} answers 2 KB JSON, gzip with None"):
        check(worker_port, case, {OURS: f"{mount(NONE)}/{case.kind}"})


def test_a_file_that_was_not_coded_ahead_of_time_is_found(worker_port: int) -> None:
    case = FILES["100 KB script, gzip"]
    with pytest.raises(
        ValueError, match=r"does not answer 100 KB script, gzip with app\.js\.gz"
    ):
        check(worker_port, case, {SIBLINGS: f"{mount(OURS)}/{case.kind}"})


@pytest.mark.parametrize(("name", "nbytes"), [("app.js", 100_000), ("site.css", 5_000)])
def test_files_are_as_long_as_their_cases_say(name: str, nbytes: int) -> None:
    write_files()
    assert 0.9 * nbytes < (STATIC / name).stat().st_size < 1.1 * nbytes


def test_files_that_are_there_are_left_alone() -> None:
    def times() -> dict[Path, int]:
        folders = (STATIC, STATIC_WITH_SIBLINGS)
        return {path: path.stat().st_mtime_ns for of in folders for path in of.iterdir()}

    write_files()
    before = times()
    assert {path.name for path in before} >= {"app.js", "site.css", "app.js.gz", "site.css.zst"}
    write_files()
    assert times() == before


@pytest.mark.parametrize("path", ["/json-12k/1", "/streamed/1", "/static/app.js"])
def test_a_connection_reads_one_response_after_the_other(worker_port: int, path: str) -> None:
    """With the length in the fields, and in chunks."""
    expected = fetch(worker_port, f"{mount(NONE)}{path}").body
    with closing(Connection(worker_port)) as connection:
        for _ in range(3):
            assert connection.get(f"{mount(NONE)}{path}", "identity") == expected
            coded = connection.get(f"{mount(OURS)}{path}", "gzip")
            assert gzip.decompress(coded) == expected


def test_a_connection_refuses_what_is_no_success(worker_port: int) -> None:
    with closing(Connection(worker_port)) as connection, pytest.raises(LoadError, match="404"):
        connection.get(f"{mount(NONE)}/nothing", "gzip")


def test_the_processor_is_measured_by_contender(worker_port: int) -> None:
    paths = {"short": f"{mount(NONE)}/tiny/1", "long": f"{mount(RIVAL)}/html/1"}
    us = worker.measure(worker_port, paths, "gzip", 8, 0.1)
    assert list(us) == ["short", "long"]
    assert len(us["short"]) == len(us["long"]) >= 10


def test_shares_are_of_pairs_of_all_measurements() -> None:
    measured = [{NONE: [10.0, 20.0], RIVAL: [20.0, 40.0], OURS: [10.0, 25.0]}]
    measured.append({NONE: [30.0], OURS: [10.0]})
    found = worker.shares(measured, NONE)
    assert found[RIVAL] == (0.5, 0)
    assert found[OURS].median == 1  # of 1, 0.8 and 3
    assert found[NONE] == (1, 0)


def test_a_round_is_compared_with_itself() -> None:
    """The machine was half as fast in the second round, for everybody."""
    loads = {
        NONE: [Load(1000, 1, 100), Load(500, 2, 100), Load(1000, 3, 100)],
        RIVAL: [Load(600, 3, 100), Load(300, 6, 100), Load(700, 3, 100)],
        OURS: [Load(930, 2, 100), Load(465, 4, 100), Load(900, 9, 100)],
    }
    cpu = [{NONE: [500.0, 1000.0], RIVAL: [1000.0, 2000.0], OURS: [625.0, 1250.0]}]
    throughputs = {row.extension: row for row in summarise("2 KB JSON, gzip", NONE, loads, cpu)}
    assert throughputs[NONE].kept == 1
    assert throughputs[RIVAL].kept == pytest.approx(0.6)
    assert throughputs[OURS].kept == pytest.approx(0.93)
    assert throughputs[OURS].kept_error == pytest.approx(0.015)  # of 0.93, 0.93 and 0.9
    assert throughputs[OURS].requests_per_second == 900
    assert throughputs[OURS].p99_ms == 4
    assert throughputs[OURS].cpu_us == 937.5
    assert throughputs[OURS].cpu_kept == 0.8
    assert throughputs[OURS].cpu_error == 0


def test_verdicts() -> None:
    def rows(case: str, extension: str, rate: float, us: float) -> list[Row]:
        loads = {NONE: [Load(100, 1, 100)], extension: [Load(rate, 1, 100)]}
        return summarise(case, NONE, loads, [{NONE: [97.0], extension: [us]}])

    measured = [
        *rows("2 KB JSON, gzip", STORELESS, 93, 200),
        *rows("12 KB JSON, gzip", STORELESS, 92, 200),
        *rows("12 KB JSON, zstd", STORELESS, 10, 200),
        *rows("182 KB HTML, gzip", STORELESS, 50, 200),
    ]
    assert [v.reached for v in judge(measured)] == ["must", "missed", "must"]
    measured = [
        *rows("2 KB JSON, gzip", OURS, 10, 100),
        *rows("12 KB JSON, zstd", OURS, 10, 101),
        *rows("no acceptable coding", OURS, 10, 101),
        *rows("5 KB style sheet, gzip", OURS, 97, 99),
        *rows("100 KB script, gzip", OURS, 96, 99),
        *rows("100 KB script, gzip", SIBLINGS, 97, 101),
    ]
    reached = [v.reached for v in judge(measured)]
    assert reached[:5] == ["must", "missed", "must", "must", "missed"]
    assert reached[5:] == ["must", "missed", "must"]
    assert cpu_by_none(Run({}, measured))[0] == pytest.approx(100 / 97, rel=1e-3)


def test_figures_are_written_down(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    options = ["server", "--rounds", "1", "--cpu-seconds", "1", "--case", "2 KB JSON, gzip"]
    result = CliRunner().invoke(main, [*options, "--json", str(file)], catch_exceptions=False)
    measured = results.read("server", Row, file)
    assert [row.extension for row in measured.rows] == list(EVERYBODY)
    assert measured.how["seconds"] == 1
    assert all(0 < (row.cpu_us or 0) < 1e6 for row in measured.rows)
    assert "processor a request" in result.output
    assert len(cpu_by_rival(measured)) == 1
    assert "2 KB JSON, gzip" in result.output
