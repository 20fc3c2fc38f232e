"""Generates load on a server of this machine and measures it: with wrk, or without.

``python -m tools.kit.load PORT PATH ACCEPT_ENCODING SECONDS CONNECTIONS`` is the generator in
Python, for machines without wrk. It takes more of the processor than wrk does, so the shares
that it measures are nearer to 1 than they are.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from statistics import quantiles
from time import perf_counter

from .client import TIMEOUT_SECONDS

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


class LoadError(Exception):
    """A server did not answer every request as it should."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did under load."""

    requests_per_second: float  # answers a second
    p99_ms: float  # the time that 99 of 100 answers took at most, in milliseconds
    requests: int  # how many were answered


Generator = Callable[[int, str, str, int, int], Load]
"""Takes a port, a path, an Accept-Encoding, seconds and connections; raises LoadError."""


def find_generator() -> tuple[str, Generator]:
    """Return the best generator there is, and its name."""
    return ("wrk", run_wrk) if shutil.which("wrk") else ("Python", run_python)


def run_wrk(port: int, path: str, accept_encoding: str, seconds: int, connections: int) -> Load:
    """Generate load with wrk."""
    options = ["--threads=1", f"--connections={connections}", f"--duration={seconds}s"]
    # It counts as an error what takes longer than that: 2 seconds, if it is not told.
    options.append(f"--timeout={TIMEOUT_SECONDS:.0f}s")
    options += ["--latency", "--header", f"Accept-Encoding: {accept_encoding}"]
    return parse_wrk(_output_of(["wrk", *options, f"http://127.0.0.1:{port}{path}"]))


def parse_wrk(output: str) -> Load:
    """Return the figures in what wrk prints.

    :raises LoadError: it tells of errors, or of nothing.
    """
    rate = re.search(r"^Requests/sec:\s+([\d.]+)$", output, re.MULTILINE)
    p99 = re.search(r"^\s+99%\s+([\d.]+)([a-z]+)$", output, re.MULTILINE)
    count = re.search(r"^\s+(\d+) requests in ", output, re.MULTILINE)
    if not (rate and p99 and count) or re.search(r"Non-2xx|Socket errors", output):
        raise LoadError(f"wrk prints:\n{output}")
    return Load(float(rate[1]), float(p99[1]) * _UNITS[p99[2]], int(count[1]))


def run_python(
    port: int, path: str, accept_encoding: str, seconds: int, connections: int
) -> Load:
    """Generate load with a process of this module."""
    arguments = [str(port), path, accept_encoding, str(seconds), str(connections)]
    return Load(**json.loads(_output_of([sys.executable, "-m", "tools.kit.load", *arguments])))


def _output_of(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LoadError(f"{command[0]} ended with status {done.returncode}:\n{done.stderr}")
    return done.stdout


def _generate(port: int, path: str, accept_encoding: str, deadline: float) -> list[float]:
    """Send one request after the other, one at least; return how many seconds each took."""
    seconds: list[float] = []
    with closing(HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)) as connection:
        while (start := perf_counter()) < deadline or not seconds:
            connection.request("GET", path, headers={"Accept-Encoding": accept_encoding})
            with closing(connection.getresponse()) as response:
                response.read()
                if response.status != 200:
                    raise LoadError(f"{path} is answered with status {response.status}")
            seconds.append(perf_counter() - start)
    return seconds


def _main(port: int, path: str, accept_encoding: str, seconds: int, connections: int) -> Load:
    start = perf_counter()
    job = partial(_generate, port, path, accept_encoding, start + seconds)
    with ThreadPoolExecutor(connections) as pool:
        jobs = [pool.submit(job) for _ in range(connections)]
        times = [took for job in jobs for took in job.result()]
    p99 = quantiles(times, n=100)[98] if len(times) > 1 else times[0]
    return Load(len(times) / (perf_counter() - start), 1000 * p99, len(times))


if __name__ == "__main__":
    port, path, accept_encoding, *numbers = sys.argv[1:]
    print(json.dumps(asdict(_main(int(port), path, accept_encoding, *map(int, numbers)))))
