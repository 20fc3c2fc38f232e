"""Asks for a small answer again and again, and measures how long each takes.

``python -m bench.doors.asking PORT PATH SECONDS SEED`` is a process of its own, so that nothing
else has it wait. Requests are sent at times that do not depend on the answers, as those of many
clients: while one waits, others are sent, on connections of their own.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from random import Random
from time import perf_counter

from tools.kit.load import LoadError

INTERVAL_SECONDS = 0.005
"""The mean time between requests, which differ from it by up to a half."""

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def ask(port: int, path: str, seconds: float, seed: int) -> list[float]:
    """Return how many milliseconds each answer took.

    :param seconds: how long to go on.
    :param seed: of the times between requests.
    :raises tools.kit.load.LoadError: an answer is no 200.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
    opened: list[_Connection] = []
    idle: list[_Connection] = []

    async def one() -> float:
        start = perf_counter()
        if idle:
            connection = idle.pop()
        else:
            connection = await asyncio.open_connection("127.0.0.1", port)
            opened.append(connection)
        connection[1].write(request.encode("ascii"))
        await _read_answer(connection[0])
        elapsed = perf_counter() - start
        idle.append(connection)
        return 1000 * elapsed

    random, asked = Random(seed), []
    due = perf_counter()
    end = due + seconds
    try:
        while due < end:
            await asyncio.sleep(due - perf_counter())
            asked.append(asyncio.create_task(one()))
            due += random.uniform(0.5, 1.5) * INTERVAL_SECONDS
        return await asyncio.gather(*asked)
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        for _, writer in opened:
            writer.close()
        closed = (writer.wait_closed() for _, writer in opened)
        await asyncio.gather(*closed, return_exceptions=True)


async def _read_answer(reader: asyncio.StreamReader) -> None:
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).lower().splitlines()
    if not status.startswith(b"http/1.1 200 "):
        raise LoadError(f"a small request is answered with {status!r}")
    fields = dict(line.split(b": ", 1) for line in lines if line)
    await reader.readexactly(int(fields[b"content-length"]))


if __name__ == "__main__":
    port, path, seconds, seed = sys.argv[1:]
    # It would have answers wait here.
    gc.disable()
    print(json.dumps(asyncio.run(ask(int(port), path, float(seconds), int(seed)))))
