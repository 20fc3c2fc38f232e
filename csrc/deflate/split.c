/*
 * Says from the counts of symbols alone what a block would take, and whether
 * two blocks would take less than one.
 *
 * Shannon's entropy stands for the cost of a code, which is never built for the
 * question; its logarithms are looked up.
 */
#include "split.h"

#include "../entropy/logarithms.h"

/*
 * What two codes must save over one to be worth the header of the second, in
 * bits.  A dynamic header takes 45 to 85 bytes.  Lower splits where that is
 * not won back; higher keeps together what is different.
 */
#define SPLIT_MIN_GAIN_NBITS 440

/*
 * 256 times the binary logarithm, rounded: exact to 1/256 for what is below
 * 256, and within 0.006 above, where only the 8 highest bits are looked at.
 */
static uint32_t log2_256ths(uint32_t value)
{
    unsigned const nbits = fgz_highest_bit32(value | 255) - 7;

    return 256 * nbits + fgz_log2_256ths[value >> nbits];
}

/* 256 f log2(f); most symbols are rare, and then it is in a table. */
FGZ_INLINE uint64_t weight_256ths(uint32_t freq)
{
    return FGZ_LIKELY(freq < 64) ? fgz_weights_256ths[freq] :
                                   (uint64_t)freq * log2_256ths(freq);
}

/*
 * Shannon's entropy, times the count of symbols: a symbol that makes up f of
 * sum takes log2(sum / f) bits, so all take
 *
 *     sum * log2(sum) - the sum of f * log2(f) over the symbols.
 */
fgz_entropy fgz_split_entropy(const fgz_histogram *freqs)
{
    uint32_t nliterals = 0;
    uint32_t nlitlens = 0;
    uint32_t ndistances = 0;
    uint64_t literal_weights = 0;
    uint64_t weights = 0;

    for (unsigned sym = 0; sym < FGZ_END_OF_BLOCK; sym++) {
        uint32_t const freq = freqs->litlen[sym];

        nliterals += freq;
        literal_weights += weight_256ths(freq);
    }
    nlitlens = nliterals;
    for (unsigned sym = FGZ_END_OF_BLOCK; sym < FGZ_LITLEN_NSYMS; sym++) {
        uint32_t const freq = freqs->litlen[sym];

        nlitlens += freq;
        weights += weight_256ths(freq);
    }
    for (unsigned sym = 0; sym < FGZ_DISTANCE_NSYMS; sym++) {
        uint32_t const freq = freqs->distance[sym];

        ndistances += freq;
        weights += weight_256ths(freq);
    }
    return (fgz_entropy){
        (uint64_t)nlitlens * log2_256ths(nlitlens) +
            (uint64_t)ndistances * log2_256ths(ndistances) - literal_weights -
            weights,
        nliterals == 0 ?
            0 :
            (log2_256ths(nlitlens) - (unsigned)(literal_weights / nliterals)) /
                256};
}

void fgz_split_subtract(fgz_histogram *into, const fgz_histogram *less)
{
    for (unsigned sym = 0; sym < FGZ_LITLEN_NSYMS; sym++)
        into->litlen[sym] -= less->litlen[sym];
    for (unsigned sym = 0; sym < FGZ_DISTANCE_NSYMS; sym++)
        into->distance[sym] -= less->distance[sym];
    into->litlen[FGZ_END_OF_BLOCK] = 1;
}

bool fgz_split_is_gain(const fgz_entropy *all, const fgz_entropy *former,
                       const fgz_entropy *latter)
{
    return all->cost >
           former->cost + latter->cost + 256 * (uint64_t)SPLIT_MIN_GAIN_NBITS;
}
