"""The streams of many random cases, coded under sanitizers and decoded by others."""

from __future__ import annotations

import random
import struct
import subprocess
from pathlib import Path

import decoders

FGZ_CODINGS = {"gzip": 1, "deflate": 2, "zstd": 4}
WRITE, FLUSH, FINISH, WHOLE = range(4)
NCASES = 600


def make_body(rng: random.Random) -> bytes:
    """Return up to 200 KB of noise, runs, copies and words."""
    body = bytearray()
    nbytes = int(2 ** rng.uniform(0, 17.6))
    style = rng.randrange(4)
    while len(body) < nbytes:
        kind = style if style < 3 else rng.randrange(3)
        if kind == 0 or not body:
            body += rng.randbytes(rng.randrange(1, 200))
        elif kind == 1:
            start = rng.randrange(len(body))
            body += body[start : start + rng.randrange(3, 600)]
        else:
            body += rng.choice([b"<td>", b"</td>", b"0.", b" class=", b"\n", b"e", b"aaaa"])
    return bytes(body[:nbytes])


def test_replay(build_folder: Path) -> None:
    rng = random.Random(2026)
    cases = []
    stream = b""
    for _ in range(NCASES):
        coding = rng.choice(list(FGZ_CODINGS))
        level = rng.randrange(1, 13) if coding == "zstd" else rng.randrange(-1, 10)
        body = make_body(rng)
        calls = []
        start = 0
        while start < len(body) and rng.random() < 0.95:
            end = start + int(2 ** rng.uniform(0, 16))
            calls.append((rng.choice([WRITE, WRITE, FLUSH]), body[start:end]))
            start = end
        calls.append((FINISH, body[start:]))
        whole = make_body(rng)
        calls.append((WHOLE, whole))
        stream += struct.pack("<iii", FGZ_CODINGS[coding], level, len(calls))
        for verb, data in calls:
            stream += struct.pack("<ii", verb, len(data)) + data
        cases.append((coding, calls, body, whole))

    result = subprocess.run(
        [build_folder / "replay"], input=stream, capture_output=True, check=False
    )
    assert result.returncode == 0, result.stderr.decode()
    answers = memoryview(result.stdout)
    for coding, calls, body, whole in cases:
        coded = []
        for _ in calls:
            (nbytes,) = struct.unpack_from("<i", answers)
            coded.append(bytes(answers[4 : 4 + nbytes]))
            answers = answers[4 + nbytes :]
        decoders.check(coding, b"".join(coded[:-1]), body)
        decoders.check(coding, coded[-1], whole)
    assert len(answers) == 0
