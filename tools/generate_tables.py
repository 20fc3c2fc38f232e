"""Write the constant tables of the C core from their definitions in the RFCs.

``python tools/generate_tables.py`` writes them; ``--check`` compares instead, and exits 1 with
the name of the first file that is out of date.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

CSRC = Path(__file__).resolve().parent.parent / "csrc"
DEFLATE_OPENING = """\
/*
 * The constants of RFC 1951 that tables.h declares: which symbol a length has,
 * what a symbol covers, the static code as the writer looks it up; and the
 * logarithms with which split.c reckons.
 *
 * Written by tools/generate_tables.py, which has where each comes from; do not
 * edit.
 */
"""
ZSTD_OPENING = """\
/*
 * The constants of RFC 8878 that constants.h declares: the codes of lengths, and
 * the predefined distributions with their tables.
 *
 * Written by tools/generate_tables.py, which has where each comes from; do not
 * edit.
 */
"""
LOGARITHMS_OPENING = """\
/*
 * The logarithms that logarithms.h declares.
 *
 * Written by tools/generate_tables.py; do not edit.
 */
"""
CRC32_OPENING = """\
/*
 * crc32_tables.h - the constants of crc32.c and crc32_fold.h: the remainders of
 * bytes, for the portable way, and the powers of x by which registers are
 * folded
 *
 * Written by tools/generate_tables.py, which divides polynomials; do not edit.
 */
"""

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

LOG2_256THS = [round(256 * math.log2(max(n, 1))) for n in range(257)]

# RFC 8878, section 3.1.1.3.2.1.1: extra bits of the codes of literals lengths, of which the
# first is for 0, and of match lengths, for 3.
LITERALS_LENGTH_EXTRA_NBITS = [0] * 16 + [1, 1, 1, 1, 2, 2, 3, 3, 4, *range(6, 17)]
MATCH_LENGTH_EXTRA_NBITS = [0] * 32 + [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, *range(7, 17)]

# RFC 8878, section 3.1.1.3.2.2: predefined distributions of literals lengths, offsets and match
# lengths, in the order of the tables of a block; -1 is a probability of less than 1.
PREDEFINED = [
    [4, 3] + [2] * 11 + [1] * 3 + [2] * 9 + [3, 2] + [1] * 5 + [-1] * 4,
    [1] * 6 + [2] * 3 + [1] * 15 + [-1] * 5,
    [1, 4, 3] + [2] * 6 + [1] * 37 + [-1] * 7,
]

# RFC 1952, section 8: the generator of CRC-32, lowest degree in the highest bit.
CRC32_REVERSED_POLYNOMIAL = 0xEDB88320


def rows(values: list[str], per_line: int) -> str:
    """Return C initialisers, per_line of them on a line."""
    lines = [values[i : i + per_line] for i in range(0, len(values), per_line)]
    return "".join(f"    {', '.join(line)},\n" for line in lines)


def length_index(length: int) -> int:
    """Return the index among the length symbols of a match length in bytes."""
    return max(i for i, (base, _) in enumerate(LENGTHS) if base <= length)


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


def entry(bits: int, code_nbits: int, nbits: int) -> str:
    """Return an entry of an emission table, as block.h defines it."""
    return f"0x{nbits | code_nbits << 6 | bits << 11:08x}"


def static_first_entries() -> list[str]:
    """Return the entries of literals, then of match lengths from 3 on, in the static code."""
    codes = canonical_codes(STATIC_LITLEN_NBITS)
    entries = [entry(codes[sym], n, n) for sym, n in enumerate(STATIC_LITLEN_NBITS[:256])]
    for length in range(3, 259):
        index = length_index(length)
        base, extra_nbits = LENGTHS[index]
        n = STATIC_LITLEN_NBITS[257 + index]
        bits = codes[257 + index] | (length - base) << n
        entries.append(entry(bits, n, n + extra_nbits))
    return entries


def static_second_entries() -> list[str]:
    """Return the entries of distances, two that write nothing, and literals."""
    codes = canonical_codes(STATIC_DISTANCE_NBITS)
    return [
        *(
            entry(codes[sym], n, n + DISTANCE_EXTRA_NBITS[sym])
            for sym, n in enumerate(STATIC_DISTANCE_NBITS)
        ),
        *[entry(0, 0, 0)] * 2,
        *static_first_entries()[:256],
    ]


def logarithms() -> str:
    """Return csrc/entropy/logarithms.c."""
    return (
        LOGARITHMS_OPENING
        + '#include "logarithms.h"\n'
        + "\nconst uint16_t fgz_log2_256ths[257] = {\n"
        + rows([str(value) for value in LOG2_256THS], 12)
        + "};\n"
    )


def deflate_tables() -> str:
    """Return csrc/deflate/tables.c."""
    length_syms = [257 + length_index(length) for length in range(3, 259)]
    end_of_block = entry(0, STATIC_LITLEN_NBITS[256], STATIC_LITLEN_NBITS[256])
    return (
        DEFLATE_OPENING
        + '#include "tables.h"\n\n#include "block.h"\n'
        + "\nconst uint16_t fgz_length_syms[256] = {\n"
        + rows([str(sym) for sym in length_syms], 12)
        + "};\n\nconst uint8_t fgz_length_bases[29] = {\n"
        + rows([str(base - 3) for base, _ in LENGTHS], 15)
        + "};\n\nconst uint8_t fgz_length_extra_nbits[29] = {\n"
        + rows([str(extra) for _, extra in LENGTHS], 15)
        + "};\n\nconst uint8_t fgz_distance_extra_nbits[30] = {\n"
        + rows([str(n) for n in DISTANCE_EXTRA_NBITS], 15)
        # Symbols 286 and 287 take part in the static code but never occur.
        + "};\n\nconst uint8_t fgz_static_litlen_lengths[288] = {\n"
        + rows([str(n) for n in STATIC_LITLEN_NBITS], 24)
        + "};\n\nconst fgz_emission fgz_static_emission = {\n    {\n"
        + rows(static_first_entries(), 6)
        + "    },\n    {\n"
        + rows(static_second_entries(), 6)
        + f"    }},\n    {end_of_block}\n}};\n"
        + "\nconst uint32_t fgz_weights_256ths[64] = {\n"
        + rows([str(n * LOG2_256THS[n]) for n in range(64)], 12)
        + "};\n"
    )


def codes_of_lengths(extra_nbits: list[int], count: int) -> list[int]:
    """Return the codes of the first count lengths."""
    codes: list[int] = []
    for code, nbits in enumerate(extra_nbits):
        codes += [code] * (1 << nbits)
        if len(codes) >= count:
            break
    return codes[:count]


def spread(distribution: list[int]) -> list[int]:
    """Return the symbol of each state (RFC 8878, section 4.1.1)."""
    size = sum(map(abs, distribution))
    rare = [symbol for symbol, cells in enumerate(distribution) if cells == -1]
    symbols = [0] * (size - len(rare)) + rare[::-1]
    position = 0
    for symbol, cells in enumerate(distribution):
        for _ in range(cells):
            symbols[position] = symbol
            position = (position + (size >> 1) + (size >> 3) + 3) % size
            while position >= size - len(rare):
                position = (position + (size >> 1) + (size >> 3) + 3) % size
    return symbols


def fse_table(distribution: list[int]) -> str:
    """Return the initialiser of a table, as fse.h defines it."""
    symbols = spread(distribution)
    size = len(symbols)
    entries: list[str] = []
    states: list[str] = []
    for symbol, cells in enumerate(map(abs, distribution)):
        nbits = size.bit_length() - cells.bit_length()
        bias = (nbits << 16) - (cells << nbits)
        entries.append(f"{{{bias}, {(len(states) - cells) % 2**32}u}}")
        states += [str(size + state) for state, its in enumerate(symbols) if its == symbol]
    return (
        f"    {{{size.bit_length() - 1},\n     {{\n{rows(entries, 4)}     }},\n     {{\n"
        f"{rows(states, 16)}     }}}},\n"
    )


def zstd_tables() -> str:
    """Return csrc/zstd/constants.c."""
    return (
        ZSTD_OPENING
        + '#include "constants.h"\n'
        + "\nconst uint8_t fgz_literals_length_codes[64] = {\n"
        + rows([str(code) for code in codes_of_lengths(LITERALS_LENGTH_EXTRA_NBITS, 64)], 16)
        + "};\n\nconst uint8_t fgz_match_length_codes[128] = {\n"
        + rows([str(code) for code in codes_of_lengths(MATCH_LENGTH_EXTRA_NBITS, 128)], 16)
        + "};\n\nconst uint8_t fgz_literals_length_extra_nbits[36] = {\n"
        + rows([str(nbits) for nbits in LITERALS_LENGTH_EXTRA_NBITS], 18)
        + "};\n\nconst uint8_t fgz_match_length_extra_nbits[53] = {\n"
        + rows([str(nbits) for nbits in MATCH_LENGTH_EXTRA_NBITS], 18)
        + "};\n\nconst fgz_fse_distribution fgz_predefined_distributions[3] = {\n"
        + "".join(
            f"    {{{len(spread(cells)).bit_length() - 1},\n     {len(cells)},\n     {{\n"
            f"{rows([str(abs(n)) for n in cells], 18)}     }}}},\n"
            for cells in PREDEFINED
        )
        + "};\n\nconst fgz_fse_table fgz_predefined_tables[3] = {\n"
        + "".join(map(fse_table, PREDEFINED))
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


# The same generator lowest degree first, with its leading term, for division.
CRC32_GENERATOR = 1 << 32 | int(f"{CRC32_REVERSED_POLYNOMIAL:032b}"[::-1], 2)

# How many bits of message one step of folding moves a register over.
CRC32_FOLD_NBITS = (512, 384, 256, 128)


def divide(dividend: int, divisor: int) -> tuple[int, int]:
    """Divide polynomials over GF(2), bit i being the factor of x^i: quotient, remainder."""
    quotient = 0
    while (excess := dividend.bit_length() - divisor.bit_length()) >= 0:
        quotient |= 1 << excess
        dividend ^= divisor << excess
    return quotient, dividend


def crc32_power(exponent: int) -> int:
    """Return x^exponent modulo the CRC-32 generator."""
    return divide(1 << exponent, CRC32_GENERATOR)[1]


def reversed_word(polynomial: int) -> str:
    """Return a polynomial of degree 63 or less as a 64-bit word whose bit 63 is x^0."""
    return f"0x{int(f'{polynomial:064b}'[::-1], 2):016x}ull"


def crc32_constants() -> str:
    """Return the constants of crc32_fold.h, which says where they come from."""
    text = "\n/* x^(n+63) and x^(n-1) modulo the generator, to fold over n bits. */\n"
    for nbits in CRC32_FOLD_NBITS:
        first, second = crc32_power(nbits + 63), crc32_power(nbits - 1)
        text += f"#define CRC32_FOLD_{nbits}_FIRST {reversed_word(first)}\n"
        text += f"#define CRC32_FOLD_{nbits}_SECOND {reversed_word(second)}\n"
    finish = reversed_word(crc32_power(96) << 31)
    quotient = reversed_word(divide(1 << 95, CRC32_GENERATOR)[0])
    generator = reversed_word(CRC32_GENERATOR << 31)
    return (
        text
        + "\n/* (x^96 modulo the generator) * x^31. */\n"
        + f"#define CRC32_FINISH {finish}\n"
        + "\n/* x^95 divided by the generator, and the generator * x^31. */\n"
        + f"#define CRC32_QUOTIENT {quotient}\n"
        + f"#define CRC32_GENERATOR {generator}\n"
    )


def crc32_tables() -> str:
    """Return csrc/checksum/crc32_tables.h."""
    text = CRC32_OPENING + "\nstatic const uint32_t crc32_slices[8][256] = {\n"
    for table in crc32_slices():
        text += "    {\n" + rows([f"0x{value:08x}" for value in table], 6) + "    },\n"
    return text + "};\n" + crc32_constants()


def main() -> int:
    """Write the tables, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    for path, text in (
        (CSRC / "deflate" / "tables.c", deflate_tables()),
        (CSRC / "entropy" / "logarithms.c", logarithms()),
        (CSRC / "zstd" / "constants.c", zstd_tables()),
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
