"""Write the seeds of the fuzz corpus: one small file a case, for each target here.

``python csrc/test/fuzz/make_corpus.py`` writes them; ``--check`` compares instead, and exits 1
with the name of the first file that is not as it should be. Inputs that a fuzzer found go
beside the seeds, under names that begin with ``found-``; this script leaves those alone.

How an input is read is said in fuzz.h and at the head of each target.
"""

from __future__ import annotations

import argparse
import struct
import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"

CODINGS = ("gzip", "zlib", "raw", "zstd", "dcz")
ZSTDS = ("zstd", "dcz")
NOISE, ONE_BYTE, TWO_SYMBOLS, TEXT, COPIES, TURNS = range(6)


def u16(number: int) -> bytes:
    """Return two bytes, the low one first."""
    return struct.pack("<H", number)


# ---- The steps of a body ----


def literally(data: bytes) -> bytes:
    """Return the steps that say data itself."""
    pieces = [data[i : i + 64] for i in range(0, len(data), 64)]
    return b"".join(bytes([len(piece) - 1 << 2]) + piece for piece in pieces)


def copy(n: int, distance: int) -> bytes:
    """Return the step that copies n * n + 3 bytes from so far back."""
    return bytes([n << 2 | 1]) + u16(distance - 1)


def run(n: int, value: int) -> bytes:
    """Return the step that says n * 32 + 1 times a value."""
    return bytes([n << 2 | 2, value])


def fill(kind: int, nbytes: int, seed: int) -> bytes:
    """Return the step that fills nbytes with input of one kind."""
    return bytes([kind << 2 | 3]) + u16(nbytes) + bytes([seed])


PAGE = (
    b'<!doctype html><html lang="en"><title>Prices</title><table class="wide">'
    b'<tr><td class="name">Apples<td class="price">1.20<tr><td class="name">Pears'
    b'<td class="price">1.35<tr><td class="name">Plums<td class="price">2.05</table>'
)
EVENTS = b"".join(
    b'id: %d\ndata: {"price": %d.5, "open": true}\n\n' % (i, i) for i in range(12)
)

STEPS = {
    "empty": b"",
    "one-byte": literally(b"x"),
    "nine-bytes": literally(b"aaaabaaab"),
    "page": literally(PAGE),
    "page-twice": literally(PAGE) + copy(15, len(PAGE)),
    "events": literally(EVENTS),
    "short-noise": fill(NOISE, 300, 7),
    "noise": fill(NOISE, 20000, 1),
    "text": fill(TEXT, 30000, 2),
    "two-symbols": fill(TWO_SYMBOLS, 9000, 3),
    "zeros": run(63, 0) * 40,
    "copies": fill(COPIES, 50000, 4),
    "turns": fill(TURNS, 60000, 5),
    "farthest-match": fill(NOISE, 32768, 6) + copy(16, 32768) + copy(16, 32769),
    "largest-stored-block": fill(NOISE, 65535, 8) + literally(b"!"),
    "positions-come-round": fill(TEXT, 65535, 9) + fill(COPIES, 65535, 1) + fill(TEXT, 9000, 9),
    "window-moves": fill(NOISE, 50000, 1) + fill(TEXT, 60000, 2) + fill(COPIES, 65535, 3),
    "periods": b"".join(literally(b"abcdefg"[:n]) + copy(20, n) for n in range(1, 8)),
}

# These say that they are small; a first byte that divides by 4 lets a body be large.
SMALL = {"empty", "one-byte", "nine-bytes", "page", "page-twice", "events", "short-noise"}
BODIES = {name: bytes([name in SMALL]) + steps for name, steps in STEPS.items()}


# ---- The targets ----


def heads() -> Iterator[tuple[str, bytes]]:
    """Yield a name and the first two bytes for each coding, level and size of encoder."""
    for index, coding in enumerate(CODINGS):
        levels = (-5, 0, 1, 3, 6, 9) if coding in ZSTDS else range(-1, 13)
        for level in levels:
            first = level + 5 if coding in ZSTDS else level + 1
            yield f"{coding}{level:+}", bytes([index, first])
    for level in (1, 2, 3, 6, 9, 12):
        yield f"gzip{level:+}-small", bytes([0, 128 + level + 1])


def roundtrip() -> Iterator[tuple[str, bytes]]:
    """Yield cases with as much room as it takes, a little less, and anything."""
    bodies = cycle(BODIES.items())
    rooms = cycle([(0, 0), (1, 0), (1, 7), (2, 100), (2, 20000)])
    for head_name, head in heads():
        body_name, body = next(bodies)
        kind, room = next(rooms)
        yield f"{head_name}-{body_name}", head + bytes([kind]) + u16(room) + body


WRITE, FLUSH = range(2)
CALLS = {
    "no-call": [],
    "flush-first": [(FLUSH, 0), (WRITE, 50), (FLUSH, 0), (FLUSH, 0)],
    "events": [(FLUSH, 45)] * 12,
    "flush-at-end": [(WRITE, 65535), (WRITE, 65535), (WRITE, 65535), (FLUSH, 65535)],
    "large-writes": [(WRITE, 30000)] * 7,
    "odd-writes": [(WRITE, 1), (WRITE, 9), (FLUSH, 4000), (WRITE, 0), (WRITE, 33000)],
    "end-of-window": [(WRITE, 65300), (FLUSH, 0), (WRITE, 300), (FLUSH, 9)],
    "full-window": [(WRITE, 65535), (FLUSH, 1), (FLUSH, 1), (FLUSH, 32767), (FLUSH, 258)],
    "small-full-window": [(WRITE, 12287), (FLUSH, 1), (FLUSH, 4096), (WRITE, 4095), (FLUSH, 2)],
}


def stream() -> Iterator[tuple[str, bytes]]:
    """Yield streams with every kind of total and of earlier work."""
    bodies = cycle(BODIES.items())
    calls = cycle(CALLS.items())
    for number, (head_name, head) in enumerate(heads()):
        body_name, body = next(bodies)
        calls_name, script = next(calls)
        # Now and then two steps at once, so that not always the same two meet.
        if number % 8 == 7:
            next(bodies)
        case = head + bytes([number % 3, number % 6]) + u16(number * number * 41 % 65536)
        case += bytes([len(script)]) + b"".join(bytes([verb]) + u16(n) for verb, n in script)
        yield f"{head_name}-{calls_name}-{body_name}", case + body


def bound() -> Iterator[tuple[str, bytes]]:
    """Yield cases for exact rooms, in pieces of different size."""
    bodies = cycle(reversed(BODIES.items()))
    for number, (head_name, head) in enumerate(heads()):
        body_name, body = next(bodies)
        case = head + u16(number * 17) + u16(number * 1009) + u16(number * number * 37 % 65536)
        yield f"{head_name}-{body_name}", case + bytes([number * 29 % 256]) + body


def sequences() -> Iterator[tuple[str, bytes]]:
    """Yield every body at some level, searched in some way, after some of it."""
    for number, (body_name, body) in enumerate(BODIES.items()):
        for level in (2, 3, 4):
            search = bytes([level - 1, number % 2, (number + level) % 3])
            yield f"{level}-{body_name}", search + u16(number * 4099 % 65536) + body


def dictionary() -> Iterator[tuple[str, bytes]]:
    """Yield every body with another one for a dictionary, whole and cut, small and not."""
    names = list(BODIES)
    for number, (body_name, body) in enumerate(BODIES.items()):
        for more in (0, 1, 5):
            name = names[(number + more) % len(names)]
            known = STEPS[name]
            head = bytes([number * 7 % 16 + 128 * (more % 2)]) + u16(number * 1009 % 65536)
            head += bytes([name in SMALL]) + u16(len(known)) + known
            yield f"{name}-{body_name}", head + body


MAGIC, SKIPPED = b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"


def frame(window: int, *blocks: bytes) -> bytes:
    """Return a zstd frame with a window descriptor, whose last block says so."""
    return MAGIC + bytes([0, window]) + b"".join(blocks)


def block(kind: int, nbytes: int, content: bytes, *, is_last: bool = True) -> bytes:
    """Return a block: 0 is raw, 1 a run of a byte, 2 compressed."""
    return (nbytes << 3 | kind << 1 | is_last).to_bytes(3, "little") + content


FRAMES = {
    "nothing": b"",
    "empty": frame(0, block(0, 0, b"")),
    "raw": frame(0, block(0, 5, b"words")),
    "run": frame(0x58, block(1, 100_000, b"r")),
    "bomb": frame(13 << 3, *[block(1, 1 << 17, b"r", is_last=False)] * 100, block(0, 0, b"")),
    "largest-window": frame(13 << 3, block(1, 9, b"r")),
    "larger-window": frame(13 << 3 | 1, block(1, 9, b"r")),
    "single": MAGIC + b"\x20\x05" + block(0, 5, b"words"),
    "short-of-its-length": MAGIC + b"\x20\x06" + block(0, 5, b"words"),
    "skipped": SKIPPED + b"\x03\0\0\0abc",
    "skipped-of-4-gb": SKIPPED + b"\xff\xff\xff\xffabc",
    "many": (SKIPPED + b"\0\0\0\0" + frame(0, block(0, 0, b""))) * 30,
    "many-blocks": frame(0, *[block(0, 1, b"x", is_last=False)] * 30, block(0, 0, b"")),
    "with-checksum": MAGIC + b"\x04\0" + block(0, 0, b"") + b"\x99\xe9\xd8\x51",
    "with-a-dictionary": MAGIC + b"\x01\0\x07" + block(0, 0, b""),
    "before-the-format": b"\x27\xb5\x2f\xfd" + bytes(20),
    "cut-in-the-magic": frame(0, block(0, 5, b"words")) + MAGIC[:3],
}


def decoder() -> Iterator[tuple[str, bytes]]:
    """Yield frames as they are, and every body coded at some level, perhaps damaged."""
    for number, (name, frames) in enumerate(FRAMES.items()):
        yield f"frames-{name}", bytes([0]) + u16(number % 4) + u16(number * 37) + frames
    for number, (body_name, body) in enumerate(BODIES.items()):
        for damage in (0, 1 + number * 2741):
            head = bytes([1 + number % 8]) + u16(number * 211) + u16(number * 4099 % 65536)
            name = f"{'damaged' if damage else 'coded'}-{body_name}"
            yield name, head + u16(damage % 65536) + body


TARGETS = {
    "roundtrip": roundtrip,
    "stream": stream,
    "bound": bound,
    "sequences": sequences,
    "dictionary": dictionary,
    "decoder": decoder,
}


def seeds() -> dict[Path, bytes]:
    """Return every seed by its path."""
    return {
        CORPUS / target / name: case
        for target, make in TARGETS.items()
        for name, case in make()
    }


def main() -> None:
    """Write the seeds, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args()
    expected = seeds()
    present = {path for path in CORPUS.glob("*/*") if not path.name.startswith("found-")}
    if options.check:
        for path in sorted(present | set(expected)):
            if path not in present or path.read_bytes() != expected.get(path):
                sys.exit(f"{path} is out of date: run python csrc/test/fuzz/make_corpus.py")
        return
    for path in present - set(expected):
        path.unlink()
    for path, case in expected.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(case)


if __name__ == "__main__":
    main()
