"""Write the constant tables of the C core from their definitions in the RFCs.

``python tools/generate_tables.py`` writes them; ``--check`` compares instead, and exits 1 with
the name of the first file that is out of date.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

CSRC = Path(__file__).resolve().parent.parent / "csrc"
NOTICE = "/* Written by tools/generate_tables.py; do not edit. */\n"

# RFC 1951, section 3.2.5: (first length, extra bits) of length symbols 257 to 285.
LENGTHS = [(3 + i, 0) for i in range(8)]
for extra in range(1, 6):
    LENGTHS += [(3 + (4 << extra) + (i << extra), extra) for i in range(4)]
LENGTHS.append((258, 0))

# RFC 1951, section 3.2.5: extra bits of distance symbols 0 to 29.
DISTANCE_EXTRA_NBITS = [0, 0, 0, 0] + [n for n in range(1, 14) for _ in range(2)]

# RFC 1951, section 3.2.6.
STATIC_LITLEN_NBITS = [8] * 144 + [9] * 112 + [7] * 24 + [8] * 8
STATIC_DISTANCE_NBITS = [5] * 30

# RFC 1952, section 8: the generator of CRC-32, lowest degree in the highest bit.
CRC32_REVERSED_POLYNOMIAL = 0xEDB88320


def rows(values: list[str], per_line: int) -> str:
    """Return C initialisers, per_line of them on a line."""
    lines = [values[i : i + per_line] for i in range(0, len(values), per_line)]
    return "".join(f"    {', '.join(line)},\n" for line in lines)


def length_token(length: int) -> int:
    """Return the token bits of a match length in bytes: symbol, and extra bits from bit 14."""
    index = max(i for i, (base, _) in enumerate(LENGTHS) if base <= length)
    return (257 + index) | (length - LENGTHS[index][0]) << 14


def canonical_codes(nbits: list[int]) -> list[int]:
    """Return the canonical codes for these lengths, bit-reversed (RFC 1951, section 3.2.2)."""
    codes = [0] * len(nbits)
    code = 0
    for length in range(1, max(nbits) + 1):
        for symbol, n in enumerate(nbits):
            if n == length:
                codes[symbol] = int(f"{code:0{n}b}"[::-1], 2)
                code += 1
        code <<= 1
    return codes


def emission_entries(nbits: list[int], extra_nbits: list[int], padded: int) -> list[str]:
    """Return emission entries as huffman.h defines them, and zeros up to padded of them."""
    entries = [
        code | n << 16 | extra << 24
        for code, n, extra in zip(canonical_codes(nbits), nbits, extra_nbits, strict=True)
    ]
    return [f"0x{entry:08x}" for entry in entries + [0] * (padded - len(entries))]


def deflate_tables() -> str:
    """Return csrc/deflate/tables.c."""
    tokens = [f"0x{length_token(length) if length >= 3 else 0:05x}" for length in range(259)]
    length_extra = [extra for _, extra in LENGTHS]
    # Symbols 286 and 287 take part in the static code but never occur.
    litlen = emission_entries(
        STATIC_LITLEN_NBITS, [0] * 257 + length_extra + [0, 0], len(STATIC_LITLEN_NBITS)
    )
    # Static distance codes are 5 bits wide for 32 symbols; 30 and 31 never occur.
    distance = emission_entries(STATIC_DISTANCE_NBITS, DISTANCE_EXTRA_NBITS, 32)
    return (
        NOTICE
        + '#include "tables.h"\n'
        + "\nconst uint32_t fgz_length_tokens[259] = {\n"
        + rows(tokens, 8)
        + "};\n\nconst uint8_t fgz_length_extra_nbits[29] = {\n"
        + rows([str(n) for n in length_extra], 15)
        + "};\n\nconst uint8_t fgz_distance_extra_nbits[30] = {\n"
        + rows([str(n) for n in DISTANCE_EXTRA_NBITS], 15)
        + "};\n\nconst uint32_t fgz_static_litlen_entries[288] = {\n"
        + rows(litlen, 6)
        + "};\n\nconst uint32_t fgz_static_distance_entries[32] = {\n"
        + rows(distance, 6)
        + "};\n"
    )


def crc32_slices() -> list[list[int]]:
    """Return eight tables: the CRC of byte b with 0 to 7 zero bytes after it."""
    table = []
    for byte in range(256):
        remainder = byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (CRC32_REVERSED_POLYNOMIAL if remainder & 1 else 0)
        table.append(remainder)
    slices = [table]
    for _ in range(7):
        slices.append([table[value & 0xFF] ^ value >> 8 for value in slices[-1]])
    return slices


def crc32_power(exponent: int) -> int:
    """Return x^exponent mod the CRC-32 generator as a bit-reversed 64-bit word."""
    remainder = 0x80000000  # x^0 in a bit-reversed 32-bit word
    for _ in range(exponent):
        remainder = remainder >> 1 ^ (CRC32_REVERSED_POLYNOMIAL if remainder & 1 else 0)
    return remainder << 32


def crc32_tables() -> str:
    """Return csrc/checksum/crc32_tables.h."""
    text = NOTICE + "\nstatic const uint32_t crc32_slices[8][256] = {\n"
    for table in crc32_slices():
        text += "    {\n" + rows([f"0x{value:08x}" for value in table], 6) + "    },\n"
    text += "};\n\n/* x^(n+63) and x^(n-1) modulo the generator, for a distance of n bits. */\n"
    for distance in (512, 128):
        first, second = crc32_power(distance + 63), crc32_power(distance - 1)
        text += f"#define CRC32_FOLD_{distance}_FIRST 0x{first:016x}ull\n"
        text += f"#define CRC32_FOLD_{distance}_SECOND 0x{second:016x}ull\n"
    return text


def main() -> int:
    """Write the tables, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    for path, text in (
        (CSRC / "deflate" / "tables.c", deflate_tables()),
        (CSRC / "checksum" / "crc32_tables.h", crc32_tables()),
    ):
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path.name} is out of date: run {Path(__file__).name}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
