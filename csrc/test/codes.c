/*
 * The description of codes says exactly these codes, takes as many bits as
 * promised, whatever room is behind it, and the harder one looks for codes the
 * less they take.
 */
#define _DEFAULT_SOURCE
#include "guard.h"
#include "inflate.h"
#include "test.h"

#include "../deflate/codes.h"

/* A final dynamic block's header, RFC 1951 section 3.2.3. */
#define BLOCK_HEADER 5
#define BLOCK_HEADER_NBITS 3

static test_inflater inflater;

/* That the inflater has each code, and all of them have a place. */
static void check_code(const inflate_code *known, const fgz_huffman_code *code,
                       unsigned max_nbits)
{
    for (unsigned i = 0; i < code->used_count; i++) {
        unsigned const sym = code->used[i];
        unsigned const nbits = code->lengths[sym];

        CHECK(nbits >= 1 && nbits <= max_nbits);
        CHECK(known->entries[code->codes[sym]].sym == sym);
        CHECK(known->entries[code->codes[sym]].nbits == nbits);
    }
}

/*
 * Write an empty block with the codes at the end of guarded memory, with
 * slack_nbytes of room behind it, and have it read.
 *
 * @return what description and symbols take, in bits.
 */
static uint64_t check_codes(unsigned effort, const fgz_histogram *freqs,
                            uint8_t *end, size_t slack_nbytes)
{
    static fgz_dynamic_codes codes;
    uint64_t const header_nbits = effort > 0 ?
                                      fgz_codes_search(&codes, freqs, effort) :
                                      fgz_codes_build(&codes, freqs);
    unsigned const end_nbits = codes.litlen.lengths[FGZ_END_OF_BLOCK];
    size_t const nbytes =
        (size_t)(BLOCK_HEADER_NBITS + header_nbits + end_nbits + 7) / 8;
    uint8_t *const begin = end - slack_nbytes - nbytes;
    fgz_bitwriter writer = {0, 0, begin, end};
    uint64_t cost_nbits = header_nbits;

    fgz_bits_put(&writer, BLOCK_HEADER, BLOCK_HEADER_NBITS);
    fgz_codes_put(&writer, &codes);
    CHECK((uint64_t)(writer.next - begin) * 8 + writer.nbits ==
          BLOCK_HEADER_NBITS + header_nbits);
    fgz_bits_put(&writer, codes.litlen.codes[FGZ_END_OF_BLOCK], end_nbits);
    fgz_bits_align(&writer);

    test_inflate_begin(&inflater, NULL, 0);
    CHECK(test_inflate(&inflater, begin, nbytes) == INFLATE_DONE);
    CHECK(test_inflate_in_nbytes(&inflater) == nbytes);
    check_code(&inflater.litlen, &codes.litlen, FGZ_LITLEN_MAX_NBITS);
    check_code(&inflater.distance, &codes.distance, FGZ_DISTANCE_MAX_NBITS);
    for (unsigned sym = 0; sym < FGZ_LITLEN_NSYMS; sym++) {
        CHECK(freqs->litlen[sym] == 0 || codes.litlen.lengths[sym] > 0);
        cost_nbits += (uint64_t)freqs->litlen[sym] * codes.litlen.lengths[sym];
    }
    for (unsigned sym = 0; sym < FGZ_DISTANCE_NSYMS; sym++) {
        CHECK(freqs->distance[sym] == 0 || codes.distance.lengths[sym] > 0);
        cost_nbits +=
            (uint64_t)freqs->distance[sym] * codes.distance.lengths[sym];
    }
    return cost_nbits;
}

static void check_histogram(fgz_histogram *freqs, uint8_t *end)
{
    uint64_t least_nbits = UINT64_MAX;

    freqs->litlen[FGZ_END_OF_BLOCK] = 1;
    for (unsigned effort = 0; effort <= FGZ_CODES_MAX_EFFORT; effort++) {
        uint64_t const nbits = check_codes(effort, freqs, end, 0);

        CHECK(check_codes(effort, freqs, end, 4096) == nbits);
        CHECK(nbits <= least_nbits);
        least_nbits = nbits;
    }
}

/* Frequencies of symbols in runs, of which some do not occur and some are
 * alike. */
static void fill_runs(uint32_t *freqs, unsigned nsyms, uint32_t *state)
{
    unsigned const max_run = 1 + test_random(state) % 200;
    unsigned const skew = test_random(state) % 14;

    for (unsigned sym = 0; sym < nsyms;) {
        unsigned run = 1 + test_random(state) % max_run;
        uint32_t const freq =
            test_random(state) % 3 == 0 ?
                0 :
                test_random(state) &
                    ((1u << (test_random(state) % (skew + 1))) - 1);

        for (; run > 0 && sym < nsyms; run--)
            freqs[sym++] = freq;
    }
}

TEST_MAIN
{
    uint8_t *const end = test_guarded_end();
    fgz_histogram freqs = {{0}, {0}};
    uint32_t state = 5;

    check_histogram(&freqs, end);
    for (unsigned round = 0; round < 500; round++) {
        fill_runs(freqs.litlen, FGZ_LITLEN_NSYMS, &state);
        fill_runs(freqs.distance, FGZ_DISTANCE_NSYMS, &state);
        check_histogram(&freqs, end);
    }
    /* As many symbols as there are, and no two alike: no runs, or few. */
    for (unsigned sym = 0; sym < FGZ_LITLEN_NSYMS; sym++)
        freqs.litlen[sym] = 1 + sym % 2 * 100;
    for (unsigned sym = 0; sym < FGZ_DISTANCE_NSYMS; sym++)
        freqs.distance[sym] = 1 + sym % 2 * 100;
    check_histogram(&freqs, end);
    /* Fibonacci numbers make the deepest trees. */
    memset(&freqs, 0, sizeof(freqs));
    freqs.litlen[0] = freqs.litlen[1] = 1;
    for (unsigned sym = 2; sym < 28; sym++)
        freqs.litlen[sym] = freqs.litlen[sym - 1] + freqs.litlen[sym - 2];
    memcpy(freqs.distance, freqs.litlen, sizeof(freqs.distance));
    check_histogram(&freqs, end);
    /* Distances of one kind alone. */
    for (unsigned sym = 0; sym < FGZ_DISTANCE_NSYMS; sym++) {
        memset(freqs.distance, 0, sizeof(freqs.distance));
        freqs.distance[sym] = 9;
        check_histogram(&freqs, end);
    }
    return 0;
}
