"""The benchmarks of middleware behind uvicorn: who is asked, and what is concluded."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bench import results
from bench.__main__ import main
from bench.doors import asking
from bench.doors import big
from bench.doors import latency
from bench.doors import server
from bench.doors.asgi import BROTLI_ASGI
from bench.doors.asgi import STARLETTE
from bench.doors.asgi import STARLETTE_COMPRESS
from bench.doors.cases import Case
from bench.doors.contenders import NONE
from bench.doors.contenders import OURS
from bench.doors.latency import IDLE
from bench.doors.latency import READY
from bench.doors.mounted import ENDS_WITH
from bench.doors.mounted import mount
from bench.doors.mounted import uvicorn_command
from bench.results import Run
from bench.served import Row
from bench.worker import Connection
from tools.kit.client import fetch
from tools.kit.load import LoadError
from tools.kit.server import serving

ROW = latency.Row("5 MB in one piece, gzip", OURS, 0.3, 0.9, 4.0, 0.5, 0.1, 1.5, 0.2, 60.0)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    command = uvicorn_command("bench.doors.asgi:create_app")
    with serving(command, ends_with=ENDS_WITH) as port:
        yield port


@pytest.fixture(scope="module")
def big_port() -> Iterator[int]:
    with serving(uvicorn_command("bench.doors.big:create_app"), ends_with=ENDS_WITH) as port:
        yield port


@pytest.mark.parametrize("case", server.CASES.values(), ids=lambda case: case.response)
def test_a_server_codes_for_all_as_the_case_says(port: int, case: Case) -> None:
    server.check(port, case)


def test_another_coding_is_found(port: int) -> None:
    case = server.CASES["2 KB JSON, gzip, again"]
    with pytest.raises(ValueError, match="pyfastgz answers ASGI, 2 KB JSON, zstd, again"):
        server.check(port, replace(case, coding="zstd"))


def test_the_processor_is_told(port: int) -> None:
    with closing(Connection(port)) as connection:
        told = [float(connection.get("/cpu", "identity"))]
        for _ in range(100):
            connection.get(f"{mount(STARLETTE)}/json-12k", "gzip")
        told.append(float(connection.get("/cpu", "identity")))
    assert told == sorted({*told})


@pytest.mark.parametrize("case", latency.CASES.values(), ids=lambda case: case.name)
def test_long_answers_are_coded_as_the_case_says(big_port: int, case: latency.Case) -> None:
    latency.check(big_port, case)


def test_long_answers_are_long_and_others_each_time(big_port: int) -> None:
    whole, again, stream = (
        fetch(big_port, f"{mount(NONE)}{big.PATHS[how]}")
        for how in (big.WHOLE, big.WHOLE, big.STREAM)
    )
    assert 4.9e6 < len(whole.body) < 5.1e6
    assert {len(answer.body) for answer in (whole, again, stream)} == {len(whole.body)}
    assert len({answer.body for answer in (whole, again, stream)}) == 3
    assert whole.field("Content-Length")
    assert stream.field("Content-Length") is None
    ready = fetch(big_port, f"{mount(NONE)}{big.ready_path(big.STREAM, 'gzip')}")
    assert len(gzip.decompress(ready.body)) == len(whole.body)


def test_who_is_compared() -> None:
    cases = latency.CASES
    base = [IDLE, READY, NONE, OURS]
    assert list(cases["5 MB in one piece, gzip"].paths) == [
        *base,
        STARLETTE,
        STARLETTE_COMPRESS,
        BROTLI_ASGI,
    ]
    assert list(cases["5 MB in one piece, zstd"].paths) == [*base, STARLETTE_COMPRESS]


def answer(content: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)


def asked(respond: Any, seconds: float) -> list[float]:
    """Return what :func:`asking.ask` measures of a server."""

    async def run() -> list[float]:
        writers: list[asyncio.StreamWriter] = []

        async def responding(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            writers.append(writer)
            await respond(reader, writer)

        async with await asyncio.start_server(responding, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            try:
                return await asking.ask(port, "/", seconds, 1)
            finally:
                # Some may have been accepted just now, and nobody waits for what is not sent.
                await asyncio.sleep(0.05)
                for writer in writers:
                    writer.transport.abort()
                await asyncio.sleep(0.05)

    return asyncio.run(run())


def test_requests_do_not_wait_for_answers() -> None:
    """Nothing is answered before there are five."""
    count, enough = 0, asyncio.Event()

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        while not reader.at_eof():
            if await reader.readline() == b"\r\n":
                count += 1
                if count == 5:
                    enough.set()
                await enough.wait()
                # In parts, as servers send it.
                content = answer(b"ready")
                for part in (content[:9], content[9:-3], content[-3:]):
                    writer.write(part)
                    await asyncio.sleep(0)

    took = asked(respond, 0.1)
    assert len(took) == count
    assert all(ms > 0 for ms in took)


def test_what_is_no_success_is_refused() -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    with pytest.raises(LoadError, match="503"):
        asked(respond, 0.01)


def test_another_coding_of_a_long_answer_is_found(
    big_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency, "ready_path", lambda how, coding: big.PATHS[how])
    with pytest.raises(ValueError, match="coded beforehand answers 5 MB in one piece, gzip"):
        latency.check(big_port, latency.CASES["5 MB in one piece, gzip"])


def test_a_round_is_compared_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine was half as fast in the second round, for everybody."""
    ms = {IDLE: 1.0, READY: 2.0, NONE: 4.0, OURS: 3.0, STARLETTE_COMPRESS: 80.0}

    def turn_of(port: int, path: str | None, coding: str, small: str, seconds: float) -> Any:
        of = {place: name for name, place in case.paths.items()}[path]
        assert small == f"{mount(of if of in {OURS, STARLETTE_COMPRESS} else NONE)}{big.SMALL}"
        rounds = iter([1, 2, 1])

        def turn(number: int) -> tuple[list[float], list[float]]:
            slow = next(rounds)
            # One in a hundred takes long.
            return [slow * ms[of] / 10] * 98 + [slow * ms[of]] * 2, [50.0] if path else []

        return turn

    monkeypatch.setattr(latency, "turn_of", turn_of)
    case = latency.CASES["5 MB in one piece, zstd"]
    rows = {row.beside: row for row in latency.measure(0, case, 3, 1)}
    assert list(rows) == list(ms)
    ours = rows[OURS]
    assert (ours.p50_ms, ours.p99_ms, ours.most_ms) == pytest.approx((0.3, 3.0, 6.0))
    assert (ours.by_plain, ours.plain_error) == pytest.approx((0.75, 0))
    assert (ours.by_ready, ours.ready_error) == pytest.approx((1.5, 0))
    assert (rows[IDLE].by_ready, rows[IDLE].long_ms, ours.long_ms) == (0.5, 0, 50)


def test_verdicts() -> None:
    rows = [ROW, replace(ROW, by_plain=1.51, by_ready=1.0), replace(ROW, beside=STARLETTE)]
    assert [verdict.reached for verdict in latency.judge(rows)] == [
        "must",
        "must",
        "missed",
        "must",
    ]


def test_ratios_are_of_the_same_cases() -> None:
    us = {NONE: 20.0, OURS: 50.0, STARLETTE_COMPRESS: 100.0}
    cases = ("2 KB JSON, gzip, again", "36 bytes")
    rows = [
        Row(case, name, 1, 1, 1, 0, took, 1, 0) for case in cases for name, took in us.items()
    ]
    rows.append(Row("2 KB JSON, zstd, again", OURS, 1, 1, 1, 0, 40, 1, 0))
    assert server.cpu_by(STARLETTE_COMPRESS, Run({}, rows)) == [0.5]
    small = [ROW, replace(ROW, beside=STARLETTE, by_plain=9.0)]
    assert latency.p99_by_plain(Run({}, small)) == [ROW.by_plain]


def test_figures_of_a_server_are_written_down(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    case = server.CASES["2 KB JSON, zstd, again"]
    options = ["doors-server", "--rounds", "1", "--cpu-seconds", "1", "--case", case.response]
    result = CliRunner().invoke(main, [*options, "--json", str(file)], catch_exceptions=False)
    measured = results.read("doors-server", Row, file)
    assert [row.extension for row in measured.rows] == case.contenders
    assert measured.how["seconds"] == 1
    assert "that without middleware by it" in result.output


def test_figures_of_small_answers_are_written_down(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    case = latency.CASES["5 MB in one piece, zstd"]
    options = ["doors-latency", "--rounds", "1", "--seconds", "1", "--case", case.name]
    result = CliRunner().invoke(main, [*options, "--json", str(file)], catch_exceptions=False)
    rows = {row.beside: row for row in results.read("doors-latency", latency.Row, file).rows}
    assert list(rows) == list(case.paths)
    assert all(0 < row.p50_ms <= row.p99_ms for row in rows.values())
    assert (rows[IDLE].long_ms, rows[READY].by_ready, rows[NONE].by_plain) == (0, 1, 1)
    assert rows[OURS].long_ms > 0
    assert "p99 of small answers by that beside uncoded ones" in result.output


def test_tables_have_every_figure() -> None:
    how = {"machine": "here", "rounds": 1, "seconds": 1, "versions": {}}
    table, *_ = latency.describe(Run(how, [ROW]))
    assert not isinstance(table, str)
    figures = ["0.30", "0.90", "4.00", "0.50", "0.10", "1.50", "0.20", "60"]
    assert table.rows == [[ROW.case, OURS, *figures]]
