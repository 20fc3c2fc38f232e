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
 * A limit on literal/length codes below the format's 15 lets four of them pass
 * through the bit writer together; it costs less than 0.001 % of the output.
 */
#define LITLEN_MAX_NBITS 14

static void add_run(fgz_dynamic_codes *codes, uint32_t *precode_freqs,
                    unsigned sym, unsigned extra)
{
    precode_freqs[sym]++;
    codes->runs[codes->run_count++] = (uint16_t)(sym | extra << 5);
}

/* Run-length code the lengths of both codes, which are one sequence. */
static void find_runs(fgz_dynamic_codes *codes, uint32_t *precode_freqs)
{
    uint8_t lengths[FGZ_LITLEN_NSYMS + FGZ_DISTANCE_NSYMS];
    unsigned const count = codes->litlen_count + codes->distance_count;
    unsigned i = 0;

    memcpy(lengths, codes->litlen.lengths, codes->litlen_count);
    memcpy(lengths + codes->litlen_count, codes->distance.lengths,
           codes->distance_count);
    codes->run_count = 0;
    while (i < count) {
        uint8_t const length = lengths[i];
        unsigned end = i + 1;

        while (end < count && lengths[end] == length)
            end++;
        if (length == 0) {
            while (end - i >= 11) {
                unsigned const n = end - i < 138 ? end - i : 138;
                add_run(codes, precode_freqs, PRECODE_ZEROS_LONG, n - 11);
                i += n;
            }
            if (end - i >= 3) {
                add_run(codes, precode_freqs, PRECODE_ZEROS_SHORT, end - i - 3);
                i = end;
            }
        } else {
            add_run(codes, precode_freqs, length, 0);
            i++;
            while (end - i >= 3) {
                unsigned const n = end - i < 6 ? end - i : 6;
                add_run(codes, precode_freqs, PRECODE_COPY_PREVIOUS, n - 3);
                i += n;
            }
        }
        for (; i < end; i++)
            add_run(codes, precode_freqs, length, 0);
    }
}

/* One more than the last symbol that has a code, but at least min_count. */
static unsigned count_lengths(const fgz_huffman_code *code, unsigned min_count)
{
    unsigned const count = code->used[code->used_count - 1] + 1u;

    return count < min_count ? min_count : count;
}

uint64_t fgz_codes_build(fgz_dynamic_codes *codes, const fgz_histogram *freqs)
{
    uint32_t precode_freqs[PRECODE_NSYMS] = {0};
    const uint8_t *const precode_lengths = codes->precode.lengths;
    uint64_t cost_nbits;

    fgz_huffman_build(&codes->litlen, freqs->litlen, FGZ_LITLEN_NSYMS,
                      LITLEN_MAX_NBITS);
    fgz_huffman_build(&codes->distance, freqs->distance, FGZ_DISTANCE_NSYMS,
                      FGZ_HUFFMAN_MAX_NBITS);
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

void fgz_codes_put(fgz_bitwriter *out, const fgz_dynamic_codes *codes)
{
    const fgz_huffman_code *const precode = &codes->precode;

    fgz_bits_put(out, codes->litlen_count - 257, 5);
    fgz_bits_put(out, codes->distance_count - 1, 5);
    fgz_bits_put(out, codes->precode_count - 4, 4);
    fgz_bits_flush(out);
    for (unsigned i = 0; i < codes->precode_count; i++) {
        fgz_bits_put(out, precode->lengths[precode_order[i]], 3);
        fgz_bits_flush(out);
    }
    for (unsigned i = 0; i < codes->run_count; i++) {
        unsigned const sym = codes->runs[i] & 31;

        fgz_bits_put(out, precode->codes[sym], precode->lengths[sym]);
        fgz_bits_put(out, codes->runs[i] >> 5, precode_extra_nbits[sym]);
        fgz_bits_flush(out);
    }
}
