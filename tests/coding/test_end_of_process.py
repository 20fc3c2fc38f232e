"""The process ends while threads are inside the core, and while encoders are open."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

BEGIN = """
import atexit
import random
import sys
import threading

import pyfastgz
from pyfastgz.coding.stream import CodedStream
from pyfastgz.coding.stream import StreamCoder

sys.setswitchinterval(1e-5)
body = b"<li>lamp</li>" * 30_000
known = pyfastgz.Dictionary(body[:40_000])

def encoders():
    made = [pyfastgz.Encoder(coding) for coding in ("gzip", "deflate", "zstd")]
    made.append(pyfastgz.Encoder("dcz", dictionary=known))
    for encoder in made:
        encoder.flush(body)
    return made
"""

ENDS = {
    "threads": """
        started = threading.Semaphore(0)

        def code(number):
            numbers = random.Random(number)
            started.release()
            while True:
                pyfastgz.compress(body[: numbers.choice((900, 60_000, 390_000))], "zstd")
                pyfastgz.compress(body, "dcz", dictionary=known)
                for encoder in encoders():
                    encoder.finish()

        for number in range(4):
            threading.Thread(target=code, args=(number,), daemon=True).start()
        for number in range(4):
            started.acquire()
        """,
    "streams": """
        kept = encoders()
        sys.kept = encoders()
        in_circle = encoders()
        in_circle.append(in_circle)
        """,
    "responses": """
        kept = [CodedStream(iter([body] * 9), StreamCoder(encoder, flush_seconds=0))
                for encoder in encoders()]
        for each in kept:
            next(each)
        sys.kept = kept
        """,
    "at exit": """
        atexit.register(lambda kept=encoders(): [encoder.finish(body) for encoder in kept])
        """,
    "destructors": """
        class Late:
            def __init__(self):
                self.encoders = encoders()
                self.compress = pyfastgz.compress

            def __del__(self):
                for encoder in self.encoders:
                    encoder.finish(b"late" * 9000)
                self.compress(b"late" * 9000)

        kept = Late()
        """,
}


@pytest.mark.parametrize("end", ENDS)
def test_the_process_ends_as_it_should(end: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", BEGIN + dedent(ENDS[end])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""
    assert ended.returncode == 0
