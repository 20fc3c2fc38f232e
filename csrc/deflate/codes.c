/*
 * The codes of a dynamic block, and how its header tells them: the lengths of
 * both codes are one sequence, which is run-length coded, with a third code for
 * lengths and runs, whose lengths come first.
 */
#include "codes.h"

/* RFC 1951, section 3.2.7: the alphabet of code lengths, and how the lengths
 * of its own code are ordered and limited. */
#define PRECODE_NSYMS 19
#define PRECODE_MAX_NBITS 7
#define PRECODE_COPY_PREVIOUS 16 /* 3 to 6 times, 2 extra bits */
#define PRECODE_ZEROS_SHORT 17   /* 3 to 10 times, 3 extra bits */
#define PRECODE_ZEROS_LONG 18    /* 11 to 138 times, 7 extra bits */

static const uint8_t precode_order[PRECODE_NSYMS] = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
static const uint8_t precode_extra_nbits[PRECODE_NSYMS] = {
    [PRECODE_COPY_PREVIOUS] = 2,
    [PRECODE_ZEROS_SHORT] = 3,
    [PRECODE_ZEROS_LONG] = 7,
};

/*
 * The least limit on the lengths of literal/length codes.  A lower one, for
 * even shorter blocks, costs them more in codes than it saves in header.
 */
#define LITLEN_MIN_MAX_NBITS 6

/* The most bits that one of the runs takes. */
#define RUN_MAX_NBITS (PRECODE_MAX_NBITS + 7)

/* Room for the lengths of both codes, and for what is read beyond them. */
#define LENGTHS_NBYTES 328

/*
 * Which of 64 lengths are followed by another one; the first is the lowest bit.
 * Reads one length more.
 */
static uint64_t find_ends(const uint8_t *lengths)
{
    uint64_t ends = 0;

    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t const differences =
            fgz_load_le64(lengths + i) ^ fgz_load_le64(lengths + i + 1);
        /* All are below 128, so that no sum carries into the next byte; the
         * product gathers the highest bits of the bytes in the highest byte. */
        uint64_t const is_end =
            (differences + 0x7f7f7f7f7f7f7f7f) >> 7 & 0x0101010101010101;

        ends |= is_end * 0x0102040810204080 >> 56 << i;
    }
    return ends;
}

/*
 * Code count lengths of one kind, at least 1; next is where.
 *
 * Lengths other than 0 come once by themselves, then as a copy of the previous
 * one; and what is too short for any of the three symbols of repetition is
 * said one by one.  Which case it is has no pattern, so all cases take the same
 * way, but for those longer than one symbol says.
 *
 * @return where the next goes; up to two beyond may have been written to.
 */
FGZ_INLINE uint16_t *put_run(uint16_t *next, uint32_t *precode_freqs,
                             uint8_t length, unsigned count)
{
    unsigned const nleading = length != 0;
    unsigned const max_count = length != 0 ? 6 : 138;
    unsigned rest = count - nleading;
    unsigned sym, min_count;

    *next = length;
    next += nleading;
    for (; FGZ_UNLIKELY(rest > max_count); rest -= max_count) {
        sym = length != 0 ? PRECODE_COPY_PREVIOUS : PRECODE_ZEROS_LONG;
        min_count = length != 0 ? 3 : 11;
        *next++ = (uint16_t)(sym | (max_count - min_count) << 5);
        precode_freqs[sym]++;
    }
    sym = rest < 11 ? PRECODE_ZEROS_SHORT : PRECODE_ZEROS_LONG;
    min_count = rest < 11 ? 3 : 11;
    sym = length != 0 ? PRECODE_COPY_PREVIOUS : sym;
    {
        unsigned const is_repeated = rest >= 3;
        unsigned const nsingle = is_repeated ? 0 : rest;

        next[0] =
            (uint16_t)(is_repeated ? sym | (rest - min_count) << 5 : length);
        next[1] = length;
        precode_freqs[length] += nleading + nsingle;
        precode_freqs[sym] += is_repeated;
        return next + is_repeated + nsingle;
    }
}

/* Run-length code the lengths of both codes, which are one sequence. */
static void find_runs(fgz_dynamic_codes *codes, uint32_t *precode_freqs)
{
    uint8_t lengths[LENGTHS_NBYTES];
    unsigned const count = codes->litlen_count + codes->distance_count;
    uint16_t *next = codes->runs;
    unsigned begin = 0;

    memcpy(lengths, codes->litlen.lengths, codes->litlen_count);
    memcpy(lengths + codes->litlen_count, codes->distance.lengths,
           codes->distance_count);
    /* One that no code has ends the last run, and has no end itself. */
    memset(lengths + count, FGZ_HUFFMAN_MAX_NBITS + 1, sizeof(lengths) - count);
    for (unsigned i = 0; i < count; i += 64)
        for (uint64_t ends = find_ends(lengths + i); ends != 0;
             ends &= ends - 1) {
            unsigned const end = i + fgz_lowest_bit64(ends) + 1;

            next = put_run(next, precode_freqs, lengths[begin], end - begin);
            begin = end;
        }
    codes->run_count = (unsigned)(next - codes->runs);
}

/* One more than the last symbol that has a code, but at least min_count. */
static unsigned count_lengths(const fgz_huffman_code *code, unsigned min_count)
{
    unsigned const count = code->used[code->used_count - 1] + 1u;

    return count < min_count ? min_count : count;
}

/*
 * How long literal/length codes may be.
 *
 * A symbol that occurs once in n deserves log2(n) bits.  With one bit less the
 * rare ones share a few lengths, which the header says in fewer bits than they
 * cost: -0.6 % of a body below 1.5 KB, -0.3 % below 4, -0.15 % below 16 and
 * nothing above 128 KB, at levels 1, 3, 6 and 9.  Another bit less is worse
 * everywhere.  Where so many symbols occur that they would fill more than 3/4
 * of the codes of that length, what is frequent would have to give.
 */
static unsigned limit_litlen(const fgz_huffman_tree *tree)
{
    uint32_t const nsyms = tree->total | 2u << LITLEN_MIN_MAX_NBITS;
    unsigned max_nbits = fgz_highest_bit32(nsyms) - 1;

    if (max_nbits > FGZ_LITLEN_MAX_NBITS)
        max_nbits = FGZ_LITLEN_MAX_NBITS;
    while (4 * tree->used_count > 3u << max_nbits)
        max_nbits++;
    return max_nbits;
}

uint64_t fgz_codes_build(fgz_dynamic_codes *codes, const fgz_histogram *freqs)
{
    uint32_t precode_freqs[PRECODE_NSYMS] = {0};
    const uint8_t *const precode_lengths = codes->precode.lengths;
    fgz_huffman_tree tree;
    uint64_t cost_nbits;

    fgz_huffman_grow(&tree, freqs->litlen, FGZ_LITLEN_NSYMS);
    fgz_huffman_assign(&codes->litlen, &tree, FGZ_LITLEN_NSYMS,
                       limit_litlen(&tree));
    fgz_huffman_build(&codes->distance, freqs->distance, FGZ_DISTANCE_NSYMS,
                      FGZ_DISTANCE_MAX_NBITS);
    codes->litlen_count = count_lengths(&codes->litlen, FGZ_FIRST_LENGTH_SYM);
    codes->distance_count = count_lengths(&codes->distance, 1);

    find_runs(codes, precode_freqs);
    fgz_huffman_build(&codes->precode, precode_freqs, PRECODE_NSYMS,
                      PRECODE_MAX_NBITS);
    codes->precode_count = PRECODE_NSYMS;
    while (codes->precode_count > 4 &&
           precode_lengths[precode_order[codes->precode_count - 1]] == 0)
        codes->precode_count--;

    cost_nbits = 5 + 5 + 4 + 3 * codes->precode_count;
    for (unsigned sym = 0; sym < PRECODE_NSYMS; sym++)
        cost_nbits += (uint64_t)precode_freqs[sym] *
                      (precode_lengths[sym] + precode_extra_nbits[sym]);
    return cost_nbits;
}

/* has_slack says that 8 bytes beyond the description may be overwritten. */
FGZ_INLINE void put_with(fgz_bitwriter *FGZ_RESTRICT out,
                         const fgz_dynamic_codes *FGZ_RESTRICT codes,
                         bool has_slack)
{
    const fgz_huffman_code *const precode = &codes->precode;
    void (*const flush)(fgz_bitwriter *) =
        has_slack ? fgz_bits_flush_fast : fgz_bits_flush;
    unsigned const lengths_nbits = 3 * codes->precode_count;
    unsigned const head_nbits = lengths_nbits < 30 ? lengths_nbits : 30;
    fgz_bitwriter writer = *out;
    uint32_t entries[PRECODE_NSYMS];
    uint64_t lengths = 0;

    fgz_bits_put(&writer, codes->litlen_count - 257, 5);
    fgz_bits_put(&writer, codes->distance_count - 1, 5);
    fgz_bits_put(&writer, codes->precode_count - 4, 4);
    for (unsigned k = codes->precode_count; k-- > 0;)
        lengths = lengths << 3 | precode->lengths[precode_order[k]];
    fgz_bits_put(&writer, lengths & ((1u << 30) - 1), head_nbits);
    flush(&writer);
    fgz_bits_put(&writer, lengths >> 30, lengths_nbits - head_nbits);
    flush(&writer);

    /* The code, its length, and that with the extra bits. */
    for (unsigned sym = 0; sym < PRECODE_NSYMS; sym++)
        entries[sym] =
            precode->codes[sym] | (uint32_t)precode->lengths[sym] << 16 |
            ((uint32_t)precode->lengths[sym] + precode_extra_nbits[sym]) << 24;
    for (unsigned i = 0; i < codes->run_count; i++) {
        unsigned const run = codes->runs[i];
        uint32_t const entry = entries[run & 31];

        fgz_bits_put(&writer, (entry & 0xffff) | run >> 5 << (entry >> 16 & 15),
                     entry >> 24);
        /* Four of them fit. */
        if (!has_slack || i % 4 == 3)
            flush(&writer);
    }
    flush(&writer);
    *out = writer;
}

void fgz_codes_put(fgz_bitwriter *out, const fgz_dynamic_codes *codes)
{
    uint64_t const max_nbits =
        5 + 5 + 4 + 3 * PRECODE_NSYMS + RUN_MAX_NBITS * codes->run_count;

    if (fgz_bits_avail(out) >= max_nbits + 64)
        put_with(out, codes, true);
    else
        put_with(out, codes, false);
}
